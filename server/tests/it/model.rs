//! `GET /v1/model/info`.

use serde_json::json;

use crate::chat::{CHAT, ask};
use crate::kit::{FakeUpstream, TestApp};

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
