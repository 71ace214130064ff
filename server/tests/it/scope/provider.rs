//! Limits of providers: while one has reached its own, others serve.

use serde_json::json;
use tollgate::counters::ScopeId;
use tollgate::db;

use super::{set_limits, small};
use crate::chat::CHAT;
use crate::kit::{Behaviour, FakeUpstream, TestApp};

/// Two deployments of `gpt`: one of OpenAI, and one of Mistral that is tried after it.
fn two_providers(upstream: &FakeUpstream, settings: &str) -> String {
    let first = upstream.deployment("gpt", "first").replace("api_key:", "order: 1\n      api_key:");
    let second = upstream.deployment("gpt", "second").replace("openai/", "mistral/");
    format!("{settings}model_list:\n{first}{}", second.replace("api_key:", "order: 2\n      api_key:"))
}

fn spent(app: &TestApp, provider: &str) -> Option<i64> {
    let scope = ScopeId { kind: "provider", id: provider.into() };
    app.app.counters.spent(&scope, None).map(|spent| spent.0)
}

#[tokio::test]
async fn calls_go_elsewhere_while_a_provider_has_reached_its_budget() {
    let upstream = FakeUpstream::start();
    let settings = "router_settings:\n  provider_budget_config:\n    openai: {budget_limit: 0.00013}\n    \
        mistral: {budget_limit: 0.00008}\n";
    let app = TestApp::builder().config(&two_providers(&upstream, settings)).start().await;
    let key = app.bearer(&app.new_key(json!({})).await);
    let mut served = Vec::new();
    for _ in 0..3 {
        let answer = key.post(CHAT, small()).expect_status(200).await;
        served.push(answer.header("x-litellm-model-id").to_owned());
        app.settled().await;
    }
    assert_eq!(served, ["first", "first", "second"]);
    // Only who serves a call is charged.
    assert_eq!((spent(&app, "openai"), spent(&app, "mistral")), (Some(100_000), Some(50_000)));
    for (provider, expected) in [("openai", 100_000), ("mistral", 50_000)] {
        let booked = db::budget_spend::spent(&app.app.db, "provider", provider, None).await.unwrap();
        assert_eq!(booked.0, expected, "{provider}");
    }
    let message = key.post(CHAT, small()).expect_status(400).await.error().2;
    assert!(message.starts_with("Budget has been exceeded! Provider=mistral "), "{message}");
}

#[tokio::test]
async fn only_calls_that_a_provider_serves_count_against_its_rate() {
    let upstream = FakeUpstream::start();
    let app = TestApp::builder().config(&two_providers(&upstream, "")).start().await;
    for provider in ["openai", "mistral"] {
        set_limits(&app, "provider", provider, |limit| limit.rpm_limit = Some(2)).await;
    }
    let key = app.bearer(&app.new_key(json!({})).await);
    for expected in ["first", "first", "second", "second"] {
        let answer = key.post(CHAT, small()).expect_status(200).await;
        assert_eq!(answer.header("x-litellm-model-id"), expected);
        app.settled().await;
    }
    let message = key.post(CHAT, small()).expect_status(429).await.error().2;
    assert!(message.starts_with("Rate limit exceeded for provider: mistral."), "{message}");
    // What lets one model no longer pass lets another: limits for single models of a provider.
    for provider in ["openai", "mistral"] {
        set_limits(&app, "provider", provider, |limit| {
            limit.model_limits = super::model("model_rpm_limit", json!(0));
        })
        .await;
    }
    let message = key.post(CHAT, small()).expect_status(429).await.error().2;
    assert!(message.contains("mistral, model gpt."), "{message}");
}

#[tokio::test]
async fn a_provider_that_fails_is_not_charged() {
    let upstream = FakeUpstream::start();
    let app = TestApp::builder().config(&two_providers(&upstream, "")).start().await;
    for provider in ["openai", "mistral"] {
        set_limits(&app, "provider", provider, |limit| limit.max_budget = Some(1_000_000)).await;
    }
    upstream.then(Behaviour::Status(500, "{}".to_owned(), vec![]));
    let key = app.bearer(&app.new_key(json!({})).await);
    let answer = key.post(CHAT, small()).expect_status(200).await;
    assert_eq!(answer.header("x-litellm-model-id"), "second");
    app.settled().await;
    assert_eq!((spent(&app, "openai"), spent(&app, "mistral")), (Some(0), Some(50_000)));
    upstream.then(Behaviour::Status(400, "{}".to_owned(), vec![]));
    key.post(CHAT, small()).expect_status(400).await;
    app.settled().await;
    assert_eq!((spent(&app, "openai"), spent(&app, "mistral")), (Some(0), Some(50_000)));
}
