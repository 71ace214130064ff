//! `POST /v1/chat/completions`: what passes, what is refused, what is charged.

mod fallback;
mod faults;
mod hedged;
mod left;
mod refused;
mod rests;
mod retried;
mod streamed;
mod suitable;
mod tries;
mod wildcard;

use serde_json::json;

use crate::kit::{Behaviour, FakeUpstream, MASTER_KEY, TestApp};

pub(crate) const CHAT: &str = "/v1/chat/completions";

pub(crate) fn ask(model: &str) -> serde_json::Value {
    json!({"model": model, "messages": [{"role": "user", "content": "hi"}]})
}

#[tokio::test]
async fn an_answer_passes_through_priced_and_booked() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.new_key(json!({"key_alias": "app", "max_budget": 1.0, "user_id": "u1", "team_id": "t1"})).await;
    let answer = app.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;

    assert_eq!(answer.value()["an_unknown_field"].to_string(), r#"{"b":1,"a":2}"#, "unknown fields keep their order");
    assert_eq!(answer.header("x-litellm-response-cost"), "0.00005");
    assert_eq!(answer.header("x-litellm-key-spend"), "0.00005");
    assert_eq!(answer.header("x-litellm-model-id"), "one");
    assert_eq!(answer.header("x-litellm-key-max-budget"), "1");
    assert_eq!(answer.header("x-request-id"), "req-1");
    let sent = &upstream.received()[0];
    assert_eq!(sent.path, "/v1/chat/completions");
    assert_eq!(sent.authorization.as_deref(), Some("Bearer sk-upstream"));
    assert_eq!(sent.body, ask("gpt").to_string().replace("\"gpt\"", "\"gpt-upstream\""));

    let report = app.settled().await;
    assert_eq!((report.calls, report.spend.0), (1, 50_000));
    let info = app.get(&format!("/key/info?key={key}")).expect_status(200).await.value();
    assert_eq!(info["info"]["spend"], 0.00005);
    let call_id = answer.header("x-litellm-call-id");
    let logs = app.get(&format!("/spend/logs?request_id={call_id}")).expect_status(200).await.value();
    let log = &logs[0];
    assert_eq!(
        (&log["spend"], &log["prompt_tokens"], &log["completion_tokens"]),
        (&json!(0.00005), &json!(10), &json!(20))
    );
    assert_eq!((&log["user"], &log["team_id"], &log["status"]), (&json!("u1"), &json!("t1"), &json!("success")));
    assert_eq!(
        (&log["model_group"], &log["model"], &log["model_id"]),
        (&json!("gpt"), &json!("gpt-upstream"), &json!("one"))
    );
    assert_eq!(log["response_id"], "chatcmpl-1");
}

#[tokio::test]
async fn the_body_is_the_clients_but_for_the_models_name() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let body = r#"{"zz": [1, 2.50], "model":"gpt",  "messages":[{"role":"user","content":"\u00e9"}],"aa":{"y":null}}"#;
    app.post_text(CHAT, body).expect_status(200).await;
    assert_eq!(upstream.received()[0].body, body.replace("\"gpt\"", "\"gpt-upstream\""));
}

#[tokio::test]
async fn every_spelling_of_the_route_works() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    for path in ["/v1/chat/completions", "/chat/completions"] {
        app.post(path, ask("gpt")).expect_status(200).await;
    }
    for path in ["/openai/deployments/gpt/chat/completions?api-version=2024-02-01", "/engines/gpt/chat/completions"] {
        app.post(path, ask("another")).expect_status(200).await;
    }
    assert!(upstream.received().iter().all(|one| one.path == "/v1/chat/completions"));
    assert!(upstream.received()[2].body.contains("gpt-upstream"), "the path names the model");
}

#[tokio::test]
async fn a_key_may_come_in_any_of_its_headers() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    for name in ["x-litellm-api-key", "api-key", "x-api-key", "x-goog-api-key"] {
        app.nobody().with_header(name, MASTER_KEY).post(CHAT, ask("gpt")).expect_status(200).await;
    }
}

#[tokio::test]
async fn an_answer_without_usage_is_counted() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let body = json!({"choices": [{"message": {"role": "assistant", "content": "hello world"}}]}).to_string();
    upstream.then(Behaviour::Status(200, body, vec![]));
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    app.settled().await;
    let log = app.get("/spend/logs").expect_status(200).await.value()[0].clone();
    assert_eq!(log["completion_tokens"], 2);
    assert!(log["prompt_tokens"].as_i64().unwrap() > 3);
    assert_eq!(log["metadata"]["usage_source"], "counted");
}

#[tokio::test]
async fn cached_and_reasoning_tokens_are_kept_apart() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let body = json!({"id": "c", "choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 10,
        "prompt_tokens_details": {"cached_tokens": 60}, "completion_tokens_details": {"reasoning_tokens": 4}}});
    upstream.then(Behaviour::Status(200, body.to_string(), vec![]));
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    app.settled().await;
    let log = app.get("/spend/logs").expect_status(200).await.value()[0].clone();
    assert_eq!((&log["cache_read_input_tokens"], &log["reasoning_tokens"]), (&json!(60), &json!(4)));
    assert_eq!(log["spend"], 0.00012, "without a price of its own a cached token costs what an input token costs");
}

#[tokio::test]
async fn what_the_providers_cache_saved_is_kept_at_the_prices_of_the_call() {
    let upstream = FakeUpstream::start();
    let prices = "cache_read_input_token_cost: 0.0000001\n      api_key:";
    let deployment = upstream.deployment("gpt", "one").replace("api_key:", prices);
    let app = TestApp::builder().config(&format!("model_list:\n{deployment}")).start().await;
    let body = json!({"id": "c", "choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 10,
        "prompt_tokens_details": {"cached_tokens": 60}}});
    upstream.then(Behaviour::Status(200, body.to_string(), vec![]));
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    app.settled().await;
    let log = app.get("/spend/logs").expect_status(200).await.value()[0].clone();
    // Sixty tokens at a tenth of the price.
    assert_eq!((&log["spend"], &log["saved_by_prompt_cache"]), (&json!(0.000_066), &json!(0.000_054)));
    for by in ["model", "key", "cost_center"] {
        let usage = app.get(&format!("/spend/usage?group_by={by}")).expect_status(200).await.value();
        assert_eq!(usage["total"]["saved_by_prompt_cache"], json!(0.000_054), "{by}");
        assert_eq!(usage["groups"][0]["saved_by_prompt_cache"], json!(0.000_054), "{by}");
    }
    let statement = app.get("/spend/statement").expect_status(200).await.value();
    assert_eq!(statement["usage"]["saved_by_prompt_cache"], json!(0.000_054));
    let file = app.get("/spend/export?format=jsonl&level=calls").expect_status(200).await.value();
    assert_eq!((&file["saved_by_cache"], &file["saved_by_prompt_cache"]), (&json!(0), &json!(0.000_054)));
}

#[tokio::test]
async fn the_demo_model_answers_by_itself() {
    let app = TestApp::start().await;
    let answer = app.post(CHAT, ask("demo")).expect_status(200).await.value();
    assert_eq!(answer["object"], "chat.completion");
    assert!(answer["usage"]["completion_tokens"].as_u64().unwrap() > 3);
    assert_eq!(app.settled().await.calls, 1);
}

#[tokio::test]
async fn a_deployments_max_tokens_stand_in_where_the_client_names_none() {
    let upstream = FakeUpstream::start();
    let deployment = upstream.deployment("gpt", "one").replace("api_key:", "max_tokens: 77\n      api_key:");
    let app = TestApp::builder().config(&format!("model_list:\n{deployment}")).start().await;
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    let mut asked = ask("gpt");
    asked["max_tokens"] = json!(5);
    app.post(CHAT, asked.clone()).expect_status(200).await;
    let sent = upstream.received();
    assert!(sent[0].body.contains(r#""max_completion_tokens":77"#), "{}", sent[0].body);
    assert_eq!(sent[1].body, asked.to_string().replace("\"gpt\"", "\"gpt-upstream\""));
}

#[tokio::test]
async fn names_that_clients_choose_are_cut() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let mut asked = ask("gpt");
    asked["user"] = json!("ü".repeat(10_000));
    app.post(CHAT, asked).expect_status(200).await;
    app.post(CHAT, ask(&"m".repeat(10_000))).expect_status(400).await;
    app.settled().await;
    let logs = app.get("/spend/logs").expect_status(200).await.value();
    let log = |status: &str| logs.as_array().unwrap().iter().find(|log| log["status"] == status).unwrap();
    assert_eq!(log("success")["end_user"].as_str().unwrap().len(), 254);
    // Every name has sums of its own: those that nobody serves share theirs.
    assert_eq!(log("failure")["model_group"], "unknown");
    assert_eq!(log("failure")["metadata"]["requested_model"], "m".repeat(255));
}
