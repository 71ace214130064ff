//! `GET /v1/model/info`.

mod access_group;
mod manage;
mod nodes;
mod test_connection;

use serde_json::json;
use tollgate_openapi::session::UserRole;

use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, TestApp};
use crate::session::add_user;

#[tokio::test]
async fn deployments_show_prices_and_state_but_no_secret() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    let answer = app.get("/v1/model/info").expect_status(200).await;
    assert!(!answer.body().contains("sk-upstream"), "{}", answer.body());
    let one = answer.value()["data"][0].clone();
    assert_eq!(one["model_name"], "gpt");
    assert_eq!(one["model_info"]["input_cost_per_token"], 0.000001);
    assert_eq!((&one["state"]["status"], &one["state"]["requests"]), (&"available".into(), &1.into()));
    let none = app.get("/model/info?litellm_model_id=other").expect_status(200).await.value();
    assert_eq!(none["data"].as_array().unwrap().len(), 0);
    app.nobody().get("/v1/model/info").expect_status(401).await;
}

#[tokio::test]
async fn people_are_not_told_where_providers_are() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    for (name, role) in [("viewer", UserRole::ProxyAdminViewer), ("user", UserRole::InternalUser)] {
        add_user(&app, name, None, role, name).await;
    }
    for path in ["/v1/model/info", "/v2/model/info"] {
        let params = async |name: &str| {
            let person = app.sign_in(name, name).await;
            person.get(path).expect_status(200).await.value()["data"][0]["litellm_params"].clone()
        };
        assert_eq!(params("user").await, json!({"model": "openai/gpt-upstream"}));
        assert!(params("viewer").await["api_base"].is_string());
    }
}

#[tokio::test]
async fn a_key_sees_the_models_it_may_call_and_not_where_they_are() {
    let upstream = FakeUpstream::start();
    let yaml = format!("model_list:\n{}{}", upstream.deployment("gpt", "one"), upstream.deployment("claude", "two"));
    let app = TestApp::builder().config(&yaml).start().await;
    let key = app.bearer(&app.new_key(json!({"models": ["claude"]})).await);
    let answer = key.get("/v1/model/info").expect_status(200).await;
    let data = answer.value()["data"].as_array().unwrap().clone();
    assert_eq!(data.len(), 1, "{data:?}");
    assert_eq!((&data[0]["model_name"], &data[0]["model_info"]["id"]), (&json!("claude"), &json!("two")));
    assert_eq!(data[0]["litellm_params"], json!({"model": "openai/claude-upstream"}));
    // A probe of every deployment is a call nobody pays for.
    key.get("/health").expect_status(403).await;
}

#[tokio::test]
async fn a_price_of_the_configuration_is_laid_over_the_catalogs() {
    let yaml = "model_list:\n  - model_name: gpt\n    litellm_params:\n      model: openai/gpt-4o\n      \
        api_key: sk-x\n      api_base: https://user:hunter2@proxy.example/v1?key=hunter2\n    model_info:\n      \
        cache_read_input_token_cost: 0.000001\n";
    let app = TestApp::builder().config(yaml).start().await;
    let answer = app.get("/v1/model/info").expect_status(200).await;
    let info = &answer.value()["data"][0]["model_info"];
    assert_eq!(info["cache_read_input_token_cost"], 0.000001);
    assert_eq!(info["input_cost_per_token"], 0.0000025);
    assert!(!answer.body().contains("hunter2"), "{}", answer.body());
}

#[tokio::test]
async fn pages_of_deployments_are_searched_and_sorted() {
    let upstream = FakeUpstream::start();
    let names = ["b", "c", "a"];
    let list: String = names.iter().map(|name| upstream.deployment(name, &format!("id-{name}"))).collect();
    let app = TestApp::builder().config(&format!("model_list:\n{list}")).start().await;
    let page = async |query: &str| {
        let page = app.get(&format!("/v2/model/info{query}")).expect_status(200).await.value();
        let names = page["data"].as_array().unwrap().iter().map(|one| one["model_name"].as_str().unwrap().to_owned());
        (names.collect::<Vec<_>>().join(""), page["total_count"].as_u64().unwrap(), page["total_pages"].clone())
    };
    assert_eq!(page("").await, ("bca".to_owned(), 3, json!(1)));
    assert_eq!(page("?sortBy=model_name&size=2").await, ("ab".to_owned(), 3, json!(2)));
    assert_eq!(page("?sortBy=model_name&sortOrder=desc&size=2&page=2").await, ("a".to_owned(), 3, json!(2)));
    assert_eq!(page("?search=C-upstream").await, ("c".to_owned(), 1, json!(1)));
    assert_eq!(page("?modelId=id-a").await, ("a".to_owned(), 1, json!(1)));
    assert_eq!(page("?model=none").await, (String::new(), 0, json!(0)));
    assert_eq!(app.get("/v2/model/info?size=0").expect_status(422).await.problems(), ["query.size"]);
}

#[tokio::test]
async fn a_model_has_what_its_deployments_have_together() {
    let yaml = "model_list:\n  - {model_name: gpt, litellm_params: {model: openai/gpt-4o, api_key: sk-x, rpm: 5, tpm: 100}, \
        model_info: {access_groups: [beta]}}\n  - {model_name: gpt, litellm_params: {model: anthropic/claude-sonnet-4-5, \
        api_key: sk-x, rpm: 7}}\n  - {model_name: other, litellm_params: {model: openai/gpt-4o-mini, api_key: sk-x}}\n";
    let app = TestApp::builder().config(yaml).start().await;
    let answer = app.get("/model_group/info?model_group=gpt").expect_status(200).await.value();
    let groups = answer["data"].as_array().unwrap();
    assert_eq!(groups.len(), 1, "{answer}");
    let gpt = &groups[0];
    assert_eq!(gpt["providers"], json!(["openai", "anthropic"]));
    assert_eq!((&gpt["rpm"], &gpt["tpm"], &gpt["deployments"]), (&json!(12), &json!(100), &json!(2)));
    assert_eq!((&gpt["max_input_tokens"], &gpt["input_cost_per_token"]), (&json!(200_000), &json!(0.000003)));
    assert_eq!((&gpt["supports_vision"], &gpt["access_groups"]), (&json!(true), &json!(["beta"])));
    let key = app.bearer(&app.new_key(json!({"models": ["other"]})).await);
    let seen = key.get("/model_group/info").expect_status(200).await.value();
    assert_eq!(seen["data"].as_array().unwrap().len(), 1, "{seen}");
}

#[tokio::test]
async fn a_lone_deployment_that_fails_every_call_is_said_to_fail() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let status =
        async || app.get("/v1/model/info").expect_status(200).await.value()["data"][0]["state"]["status"].clone();
    for call in 1..=3 {
        upstream.then(Behaviour::Status(500, "{}".to_owned(), vec![]));
        let body = json!({"model": "gpt", "messages": [{"role": "user", "content": "x"}], "num_retries": 0});
        app.post(CHAT, body).expect_status(500).await;
        assert_eq!(status().await, if call < 3 { "available" } else { "failing" });
    }
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    assert_eq!(status().await, "available");
    // The next call would meet this refusal, too.
    upstream.then(Behaviour::Status(401, "{}".to_owned(), vec![]));
    app.post(CHAT, ask("gpt")).send().await;
    assert_eq!(status().await, "failing");
    app.settled().await;
}
