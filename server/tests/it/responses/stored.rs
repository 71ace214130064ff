//! Responses that a provider keeps, and who may use them.

use reqwest::Method;
use serde_json::{Value, json};

use super::{RESPONSES, ask, native, native_deployment, response};
use crate::kit::{Behaviour, FakeUpstream, TestApp};

fn path(id: &str) -> String {
    format!("{RESPONSES}/{id}")
}

/// The id that `client` is told of a new response.
async fn make(client: &crate::kit::Client, upstream: &FakeUpstream) -> String {
    upstream.then(Behaviour::Status(200, response().to_string(), vec![]));
    let answer = client.post(RESPONSES, ask("gpt")).expect_status(200).await.value();
    answer["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn its_owner_reads_it_and_deletes_it() {
    let upstream = FakeUpstream::start();
    let app = native(&upstream).await;
    let client = app.bearer(&app.new_key(json!({})).await);
    let id = make(&client, &upstream).await;

    upstream.then(Behaviour::Status(200, response().to_string(), vec![]));
    let read = client.get(&format!("{}?include[]=x", path(&id))).expect_status(200).await.value();
    assert_eq!(read["id"], json!(id));
    let items = json!({ "object": "list", "data": [{ "id": "msg_2", "type": "message" }], "has_more": false });
    upstream.then(Behaviour::Status(200, items.to_string(), vec![]));
    let listed = client.get(&format!("{}/input_items?limit=1", path(&id))).expect_status(200).await.value();
    assert_eq!(listed, items);
    let deleted = json!({ "id": "resp_native", "object": "response", "deleted": true });
    upstream.then(Behaviour::Status(200, deleted.to_string(), vec![]));
    let told = client.call(Method::DELETE, &path(&id), None).expect_status(200).await.value();
    assert_eq!((&told["id"], &told["deleted"]), (&json!(id), &json!(true)));
    upstream.then(Behaviour::Status(200, response().to_string(), vec![]));
    client.call(Method::POST, &format!("{}/cancel", path(&id)), None).expect_status(200).await;
    let gone = json!({ "error": { "message": "gone", "type": "invalid_request_error", "param": null, "code": null } });
    upstream.then(Behaviour::Status(404, gone.to_string(), vec![]));
    assert_eq!(client.get(&path(&id)).expect_status(404).await.value(), gone);

    let calls: Vec<String> = upstream.received().into_iter().map(|call| call.path).collect();
    let kept = "/v1/responses/resp_native";
    let (items, cancel) = (format!("{kept}/input_items"), format!("{kept}/cancel"));
    assert_eq!(calls, ["/v1/responses", kept, &items, kept, &cancel, kept]);
    assert_eq!(upstream.received()[1].authorization.as_deref(), Some("Bearer sk-upstream"));
    assert_eq!(app.settled().await.calls, 1, "only what costs money is written down");
}

#[tokio::test]
async fn nobody_else_can_use_it() {
    let upstream = FakeUpstream::start();
    let app = native(&upstream).await;
    let client = app.bearer(&app.new_key(json!({})).await);
    let id = make(&client, &upstream).await;
    let other = app.bearer(&app.new_key(json!({})).await);
    let mut body = ask("gpt");
    body["previous_response_id"] = json!(id);
    for client in [&other, &*app] {
        client.get(&path(&id)).expect_status(404).await;
        client.call(Method::DELETE, &path(&id), None).expect_status(404).await;
        client.get(&format!("{}/input_items", path(&id))).expect_status(404).await;
        let (_, param, _) = client.post(RESPONSES, body.clone()).expect_status(400).await.error();
        assert_eq!(param.as_deref(), Some("previous_response_id"));
    }
    app.nobody().get(&path(&id)).expect_status(401).await;
    client.get(&path("resp_native")).expect_status(404).await;
    body["previous_response_id"] = json!("resp_native");
    client.post(RESPONSES, body).expect_status(400).await;
    assert_eq!(upstream.received().len(), 1);
}

#[tokio::test]
async fn keys_of_one_owner_share_it_while_they_may_use_the_model() {
    let upstream = FakeUpstream::start();
    let app = native(&upstream).await;
    let team = app.post("/team/new", json!({ "team_alias": "t" })).expect_status(200).await.value()["team_id"].clone();
    let first = app.bearer(&app.new_key(json!({ "team_id": team })).await);
    let second = app.bearer(&app.new_key(json!({ "team_id": team })).await);
    let id = make(&first, &upstream).await;
    upstream.then(Behaviour::Status(200, response().to_string(), vec![]));
    assert_eq!(second.get(&path(&id)).expect_status(200).await.value()["id"], json!(id));
    let narrow = app.bearer(&app.new_key(json!({ "team_id": team, "models": ["other"] })).await);
    narrow.get(&path(&id)).expect_status(403).await;
    let blocked = app.new_key(json!({ "team_id": team })).await;
    app.post("/key/block", json!({ "key": blocked })).expect_status(200).await;
    app.bearer(&blocked).get(&path(&id)).expect_status(401).await;
}

#[tokio::test]
async fn a_conversation_goes_on_where_it_is_kept() {
    let upstreams = [FakeUpstream::start(), FakeUpstream::start(), FakeUpstream::start()];
    let list: Vec<String> =
        upstreams.iter().enumerate().map(|(n, one)| native_deployment(one, "gpt", &format!("d{n}"))).collect();
    let app = TestApp::builder().config(&format!("model_list:\n{}", list.concat())).start().await;
    for one in &upstreams {
        for _ in 0..30 {
            one.then(Behaviour::Status(200, response().to_string(), vec![]));
        }
    }
    let first = app.post(RESPONSES, ask("gpt")).expect_status(200).await;
    let keeper: usize = first.header("x-litellm-model-id")[1..].parse().unwrap();
    let mut body = ask("gpt");
    body["previous_response_id"] = first.value()["id"].clone();
    for _ in 0..6 {
        let next = app.post(RESPONSES, body.clone()).expect_status(200).await;
        assert_eq!(next.header("x-litellm-model-id"), format!("d{keeper}"));
        body["previous_response_id"] = next.value()["id"].clone();
    }
    let calls = upstreams[keeper].received();
    assert_eq!(calls.len(), 7);
    assert_eq!(calls[6].json()["previous_response_id"], "resp_native");
    // What is kept is not seen here: the whole context of the model is reckoned with.
    let key = app.new_key(json!({ "max_budget": 0.01 })).await;
    let client = app.bearer(&key);
    let own = client.post(RESPONSES, ask("gpt")).expect_status(200).await.value()["id"].clone();
    body["previous_response_id"] = own;
    let refused: Value = client.post(RESPONSES, body).expect_status(400).await.value();
    assert!(refused["error"]["message"].as_str().unwrap().contains("Budget has been exceeded"), "{refused}");
}
