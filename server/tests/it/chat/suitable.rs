//! Which deployments of a model a call may go to: by tags, by what it shows the model, by its length, by other names.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{CHAT, ask};
use crate::kit::{FakeUpstream, TestApp};

fn ask_with(members: Value) -> Value {
    let mut body = ask("gpt");
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    body
}

/// Deployments of `gpt` with these lines among their parameters and their `model_info`.
async fn app(upstream: &FakeUpstream, settings: &str, deployments: &[(&str, &str, &str)]) -> TestApp {
    let entry = |(id, params, info): &(&str, &str, &str)| {
        let plain = upstream.deployment("gpt", id);
        let plain = plain.replace("      api_key:", &format!("      {params}\n      api_key:"));
        format!("{plain}      {info}\n")
    };
    let entries: String = deployments.iter().map(entry).collect();
    let yaml = format!("router_settings:\n  routing_strategy: simple-shuffle\n{settings}\nmodel_list:\n{entries}");
    TestApp::builder().config(&yaml).start().await
}

/// Who serves thirty such calls, and how often.
async fn served(app: &TestApp, body: &Value) -> BTreeMap<String, u32> {
    let mut served = BTreeMap::new();
    for _ in 0..30 {
        let answer = app.post(CHAT, body).expect_status(200).await;
        *served.entry(answer.header("x-litellm-model-id").to_owned()).or_default() += 1;
    }
    served
}

fn names(served: &BTreeMap<String, u32>) -> Vec<&str> {
    served.keys().map(String::as_str).collect()
}

#[tokio::test]
async fn a_call_goes_to_deployments_with_its_tags() {
    let upstream = FakeUpstream::start();
    let deployments =
        [("free", "tags: [free, eu]", ""), ("paid", "tags: [paid, eu]", ""), ("any", "tags: [default]", "")];
    let app = app(&upstream, "  enable_tag_filtering: true", &deployments).await;
    assert_eq!(names(&served(&app, &ask_with(json!({"tags": ["free"]}))).await), ["free"]);
    assert_eq!(names(&served(&app, &ask_with(json!({"metadata": {"tags": ["eu"]}}))).await), ["free", "paid"]);
    assert_eq!(names(&served(&app, &ask("gpt")).await), ["any"], "without tags");
    assert_eq!(names(&served(&app, &ask_with(json!({"tags": ["project-x"]}))).await), ["any"], "with tags of no one");
    let key = app.new_key(json!({"tags": ["paid"]})).await;
    let answer = app.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
    assert_eq!(answer.header("x-litellm-model-id"), "paid");
    app.settled().await;
}

#[tokio::test]
async fn a_providers_own_api_goes_to_deployments_with_the_calls_tags_too() {
    let upstream = FakeUpstream::start();
    let deployments = [("free", "tags: [free]", ""), ("paid", "tags: [paid]", "")];
    let app = app(&upstream, "  enable_tag_filtering: true", &deployments).await;
    let key = app.new_key(json!({"tags": ["free"]})).await;
    for _ in 0..10 {
        let answer = app.bearer(&key).post("/openai/v1/chat/completions", ask("gpt")).expect_status(200).await;
        assert_eq!(answer.header("x-litellm-model-id"), "free");
    }
    let nobody = app.new_key(json!({"tags": ["other"]})).await;
    app.bearer(&nobody).post("/openai/v1/chat/completions", ask("gpt")).expect_status(401).await;
    app.settled().await;
}

#[tokio::test]
async fn all_tags_can_be_asked_for_and_nobody_is_told_so() {
    let upstream = FakeUpstream::start();
    let settings = "  enable_tag_filtering: true\n  tag_filtering_match_any: false";
    let app = app(&upstream, settings, &[("one", "tags: [a, b]", ""), ("two", "tags: [b]", "")]).await;
    assert_eq!(names(&served(&app, &ask_with(json!({"tags": ["a", "b"]}))).await), ["one"]);
    let (kind, _, message) = app.post(CHAT, ask_with(json!({"tags": ["a", "c"]}))).expect_status(401).await.error();
    assert_eq!((&*kind, &*message), ("auth_error", "Not allowed to access model due to tags configuration"));
    app.settled().await;
}

#[tokio::test]
async fn tags_are_for_the_ledger_alone_where_no_deployment_has_any() {
    let upstream = FakeUpstream::start();
    let app = app(&upstream, "  enable_tag_filtering: true", &[("one", "weight: 1", "")]).await;
    assert_eq!(names(&served(&app, &ask_with(json!({"tags": ["project-x"]}))).await), ["one"]);
    app.settled().await;
}

#[tokio::test]
async fn a_prompt_goes_where_it_can_be_read() {
    let upstream = FakeUpstream::start();
    let deployments =
        [("short", "weight: 99", "max_input_tokens: 200"), ("long", "weight: 1", "max_input_tokens: 2000")];
    let app = app(&upstream, "  enable_pre_call_checks: true", &deployments).await;
    let prompt =
        |words: usize| json!({"model": "gpt", "messages": [{"role": "user", "content": "word ".repeat(words)}]});
    assert_eq!(names(&served(&app, &prompt(1000)).await), ["long"]);
    assert!(served(&app, &prompt(150)).await.contains_key("short"), "750 bytes, but 150 tokens");
    let error = app.post(CHAT, prompt(3000)).expect_status(400).await.value()["error"].clone();
    assert_eq!(error["code"], "context_length_exceeded");
    assert!(error["message"].as_str().unwrap().contains("more than 2000"), "{error}");
    app.settled().await;
}

#[tokio::test]
async fn a_prompt_too_long_for_all_of_a_models_deployments_goes_to_what_stands_in() {
    let upstream = FakeUpstream::start();
    let short = upstream.deployment("gpt", "short") + "      max_input_tokens: 100\n";
    let long = upstream.deployment("long", "long");
    let settings = "router_settings:\n  enable_pre_call_checks: true\n  context_window_fallbacks: [{gpt: [long]}]\n";
    let app = TestApp::builder().config(&format!("{settings}model_list:\n{short}{long}")).start().await;
    let prompt = json!({"model": "gpt", "messages": [{"role": "user", "content": "word ".repeat(500)}]});
    let answer = app.post(CHAT, prompt).expect_status(200).await;
    assert_eq!(answer.header("x-litellm-model-id"), "long");
    assert_eq!(answer.header("x-litellm-attempted-fallbacks"), "1");
    app.settled().await;
    let log = app.get("/spend/logs").expect_status(200).await.value()[0].clone();
    assert_eq!((&log["model_group"], &log["metadata"]["original_model_group"]), (&json!("long"), &json!("gpt")));
    assert_eq!(log["metadata"]["attempts"][0]["model_group"], "gpt");
}

#[tokio::test]
async fn pictures_and_tools_go_to_models_that_take_them() {
    let upstream = FakeUpstream::start();
    let deployments = [
        ("blind", "weight: 99", "supports_vision: false"),
        ("seeing", "weight: 1", "supports_function_calling: false"),
    ];
    let app = app(&upstream, "  enable_pre_call_checks: true", &deployments).await;
    let picture = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}});
    let seen = json!({"model": "gpt", "messages": [{"role": "user", "content": [picture]}]});
    assert_eq!(names(&served(&app, &seen).await), ["seeing"]);
    let tools = json!({"tools": [{"type": "function", "function": {"name": "f"}}]});
    assert_eq!(names(&served(&app, &ask_with(tools)).await), ["blind"]);
    app.settled().await;
}

#[tokio::test]
async fn another_name_is_the_same_model_with_its_limits() {
    let upstream = FakeUpstream::start();
    let settings = "  model_group_alias: {gpt-4: gpt, secret: {model: gpt, hidden: true}}";
    let app = app(&upstream, settings, &[("one", "weight: 1", "")]).await;
    for name in ["gpt-4", "secret"] {
        let answer = app.post(CHAT, ask(name)).expect_status(200).await;
        assert_eq!(answer.header("x-litellm-model-group"), "gpt");
    }
    let listed = app.get("/v1/models").expect_status(200).await.value();
    let listed: Vec<_> = listed["data"].as_array().unwrap().iter().map(|model| model["id"].clone()).collect();
    assert_eq!(listed, ["gpt", "gpt-4"]);
    app.get("/v1/models/gpt-4").expect_status(200).await;

    let limited = app.new_key(json!({"models": ["gpt"], "model_max_budget": {"gpt": {"max_budget": 0.0}}})).await;
    app.bearer(&limited).post(CHAT, ask("gpt-4")).expect_status(400).await;
    let by_alias = app.new_key(json!({"models": ["gpt-4"]})).await;
    app.bearer(&by_alias).post(CHAT, ask("gpt-4")).expect_status(200).await;
    app.bearer(&by_alias).post(CHAT, ask("gpt")).expect_status(403).await;
    let other = app.new_key(json!({"models": ["other"]})).await;
    app.bearer(&other).post(CHAT, ask("gpt-4")).expect_status(403).await;
    let message = json!({"model": "gpt-4", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    app.post("/v1/messages", message).expect_status(200).await;
    app.settled().await;
    let log = app.get("/spend/logs").expect_status(200).await.value();
    let first = log.as_array().unwrap().iter().find(|row| row["metadata"]["requested_model"] == "secret").unwrap();
    assert_eq!(first["model_group"], "gpt");
}

#[tokio::test]
async fn a_customers_calls_stay_in_their_part_of_the_world() {
    let upstream = FakeUpstream::start();
    let deployments = [
        ("dublin", "region_name: eu-west-1", ""),
        ("london", "region_name: eu-west-2", ""),
        ("virginia", "region_name: eastus2", ""),
        ("somewhere", "weight: 1", ""),
    ];
    let app = app(&upstream, "", &deployments).await;
    app.post("/customer/new", json!({"user_id": "eu", "allowed_model_region": "eu"})).expect_status(200).await;
    app.post("/customer/new", json!({"user_id": "us", "allowed_model_region": "us"})).expect_status(200).await;
    assert_eq!(names(&served(&app, &ask_with(json!({"user": "eu"}))).await), ["dublin"]);
    assert_eq!(names(&served(&app, &ask_with(json!({"user": "us"}))).await), ["virginia"]);
    let wrong = json!({"user_id": "mars", "allowed_model_region": "mars"});
    app.post("/customer/new", wrong).expect_status(400).await;

    let elsewhere = TestApp::with_upstream(&upstream).await;
    elsewhere.post("/customer/new", json!({"user_id": "eu", "allowed_model_region": "eu"})).expect_status(200).await;
    let refused = elsewhere.post(CHAT, ask_with(json!({"user": "eu"}))).expect_status(403).await;
    assert_eq!(refused.error().1.as_deref(), Some("user"));
    elsewhere.settled().await;
    app.settled().await;
}
