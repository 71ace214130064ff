//! Limits of the gateway as a whole, which config.yaml sets.

use std::time::Duration;

use serde_json::{Value, json};

use super::small;
use crate::chat::CHAT;
use crate::kit::{FakeUpstream, TestApp};

/// A config.yaml with these limits of all calls together.
fn config(upstream: &FakeUpstream, limits: &str) -> String {
    format!("tollgate_settings:\n  gateway_limits: {{{limits}}}\nmodel_list:\n{}", upstream.deployment("gpt", "one"))
}

#[tokio::test]
async fn the_gateway_has_every_limit() {
    let upstream = FakeUpstream::start();
    for (limits, status, part) in [
        ("max_budget: 0.00008", 400, "Gateway=gateway Current cost: 0.00005, Max budget: 0.00008"),
        ("rpm_limit: 1", 429, "for gateway: gateway. Limit type: requests. Current limit: 1"),
        ("tpm_limit: 40", 429, "for gateway: gateway. Limit type: tokens. Current limit: 40"),
        ("model_max_budget: {gpt: {budget_limit: 0.00008, time_period: 1d}}", 400, "gateway, model gpt"),
        ("model_rpm_limit: {gpt: 1}", 429, "for gateway: gateway, model gpt"),
        ("model_tpm_limit: {g*: 40}", 429, "for gateway: gateway, model g*"),
    ] {
        let app = TestApp::builder().config(&config(&upstream, limits)).start().await;
        let (one, other) = (app.new_key(json!({})).await, app.new_key(json!({})).await);
        app.bearer(&one).post(CHAT, small()).expect_status(200).await;
        app.settled().await;
        let message = app.bearer(&other).post(CHAT, small()).expect_status(status).await.error().2;
        assert!(message.contains(part), "{limits}: {message}");
    }
}

#[tokio::test]
async fn calls_in_flight_are_limited_under_litellms_name_too() {
    let upstream = FakeUpstream::start();
    for limits in [
        "general_settings: {global_max_parallel_requests: 0}",
        "general_settings: {global_max_parallel_requests: 9}\ntollgate_settings: {gateway_limits: {max_parallel_requests: 0}}",
    ] {
        let yaml = format!("{limits}\nmodel_list:\n{}", upstream.deployment("gpt", "one"));
        let app = TestApp::builder().config(&yaml).start().await;
        let message = app.post(CHAT, small()).expect_status(429).await.error().2;
        assert!(message.contains("for gateway: gateway. Limit type: max_parallel_requests"), "{message}");
    }
}

#[tokio::test]
async fn a_soft_budget_of_the_gateway_is_noted() {
    let upstream = FakeUpstream::start();
    let app = TestApp::builder().config(&config(&upstream, "soft_budget: 0.00009")).start().await;
    for noted in [json!(null), json!(["gateway gateway"])] {
        let answer = app.post(CHAT, small()).expect_status(200).await;
        app.settled().await;
        let id = answer.header("x-litellm-call-id");
        let log = app.get(&format!("/spend/logs?request_id={id}")).expect_status(200).await.value()[0].clone();
        assert_eq!(log["metadata"]["soft_budget_exceeded"], noted);
    }
}

#[tokio::test]
async fn what_the_gateway_spent_goes_along_where_config_yaml_says_another_window() {
    let upstream = FakeUpstream::start();
    let with = |limits: &str| config(&upstream, limits);
    let app = TestApp::builder().config(&with("max_budget: 0.00008, budget_duration: 1d")).start().await;
    app.post(CHAT, small()).expect_status(200).await;
    app.settled().await;
    let home = app.stop().await.with_config(&with("max_budget: 0.00008, budget_duration: 1mo"));
    let app = home.start().await;
    let message = app.post(CHAT, small()).expect_status(400).await.error().2;
    assert!(message.contains("Current cost: 0.00005,") && message.contains("resets at 2026-12-01"), "{message}");
    // Without the limits nothing is refused, and with them again what was spent is known.
    let app = app.stop().await.with_config(&with("")).start().await;
    app.post(CHAT, small()).expect_status(200).await;
    app.settled().await;
    let app = app.stop().await.with_config(&with("max_budget: 0.00008, budget_duration: 1mo")).start().await;
    app.post(CHAT, small()).expect_status(400).await;
    app.advance(Duration::from_secs(10 * 24 * 3600));
    app.post(CHAT, small()).expect_status(200).await;
}

#[tokio::test]
async fn the_gateway_and_providers_are_attached_to_reusable_budgets() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let budget = json!({"budget_id": "shared", "max_budget": 0.00008, "budget_duration": "1d"});
    app.post("/budget/new", budget).expect_status(200).await;
    let model = upstream.deployment("gpt", "one");
    let yaml = format!(
        "tollgate_settings: {{gateway_limits: {{budget_id: shared, rpm_limit: 100}}}}\n\
         router_settings: {{provider_budget_config: {{openai: {{budget_id: shared, budget_limit: 5}}}}}}\nmodel_list:\n{model}"
    );
    let app = app.stop().await.with_config(&yaml).start().await;
    app.post(CHAT, small()).expect_status(200).await;
    app.settled().await;
    let message = app.post(CHAT, small()).expect_status(400).await.error().2;
    assert!(message.contains("Gateway=gateway Current cost: 0.00005, Max budget: 0.00008"), "{message}");
    let shown = app.post("/budget/info", json!({"budgets": ["shared"]})).expect_status(200).await.value();
    assert_eq!(shown[0]["attached_to"], json!({"gateway": 1, "provider": 1}));
    let budgets = app.get("/provider/budgets").expect_status(200).await.value();
    let openai = &budgets["providers"]["openai"];
    assert_eq!((&openai["budget_limit"], &openai["time_period"]), (&json!(5.0), &json!("1d")));
    assert_eq!(openai["spend"], json!(0.00005));
    assert_eq!(app.get("/global/spend").expect_status(200).await.value()["max_budget"], json!(0.00008));

    // A change of the budget is in force at once, and a new window of it is no forgiveness.
    let update = json!({"budget_id": "shared", "budget_duration": "1mo"});
    app.post("/budget/update", update).expect_status(200).await;
    let message = app.post(CHAT, small()).expect_status(400).await.error().2;
    assert!(message.contains("Current cost: 0.00005,") && message.contains("resets at 2026-12-01"), "{message}");
    app.post("/budget/update", json!({"budget_id": "shared", "max_budget": 1})).expect_status(200).await;
    app.post(CHAT, small()).expect_status(200).await;
}

#[tokio::test]
async fn a_budget_that_does_not_exist_keeps_the_gateway_from_starting() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let home = app.stop().await.with_config(&config(&upstream, "budget_id: nobody"));
    let error = home.try_start().await.err().expect("it does not start").to_string();
    assert!(error.contains("budget_id: there is no budget 'nobody'"), "{error}");
}

#[tokio::test]
async fn a_budget_that_does_not_exist_is_refused_where_a_setting_names_it() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let of_gateway = json!({"tollgate_settings": {"gateway_limits": {"budget_id": "nobody"}}});
    let of_provider = json!({"router_settings": {"provider_budget_config": {"openai": {"budget_id": "nobody"}}}});
    let paths = ["tollgate_settings.gateway_limits", "router_settings.provider_budget_config.openai"];
    for (update, path) in [of_gateway.clone(), of_provider].into_iter().zip(paths) {
        let (_, param, message) = app.post("/config/update", update).expect_status(400).await.error();
        assert_eq!((param.as_deref(), message), (Some(path), format!("{path}.budget_id: there is no budget 'nobody'")));
    }
    app.post("/budget/new", json!({"budget_id": "nobody", "max_budget": 0})).expect_status(200).await;
    app.post(CHAT, small()).expect_status(200).await;
    app.post("/config/update", of_gateway).expect_status(200).await;
    app.post(CHAT, small()).expect_status(400).await;
}

#[tokio::test]
async fn limits_of_the_gateway_and_of_providers_change_while_it_runs() {
    let upstream = FakeUpstream::start();
    let app = TestApp::builder().config(&config(&upstream, "max_budget: 0.00008")).start().await;
    let other = app.beside().await;
    app.post(CHAT, small()).expect_status(200).await;
    app.settled().await;
    app.post(CHAT, small()).expect_status(400).await;
    let gateway = |max: Value| json!({"tollgate_settings": {"gateway_limits": {"max_budget": max}}});
    app.post("/config/update", gateway(json!(1))).expect_status(200).await;
    app.post(CHAT, small()).expect_status(200).await;
    other.followed().await;
    other.post(CHAT, small()).expect_status(200).await;

    let provider = json!({"router_settings": {"provider_budget_config": {"openai": {"budget_limit": 0}}}});
    app.post("/config/update", provider).expect_status(200).await;
    let message = app.post(CHAT, small()).expect_status(400).await.error().2;
    assert!(message.contains("Provider=openai"), "{message}");
    app.post("/config/update", json!({"router_settings": {"provider_budget_config": null}})).expect_status(200).await;
    app.post(CHAT, small()).expect_status(200).await;
    // What the file says comes back, here and there.
    app.post("/config/update", gateway(Value::Null)).expect_status(200).await;
    other.followed().await;
    for node in [&app, &other] {
        let message = node.post(CHAT, small()).expect_status(400).await.error().2;
        assert!(message.contains("Gateway=gateway"), "{message}");
    }
}
