//! Caps of deployments, and calls that stick to one.

use std::time::Duration;

use serde_json::json;

use crate::chat::{CHAT, ask};
use crate::kit::{FakeUpstream, RedisServer, TestApp};

/// A deployment of `model` at `upstream` with this line among its parameters.
fn with(upstream: &FakeUpstream, model: &str, id: &str, line: &str) -> String {
    let plain = upstream.deployment(model, id);
    plain.replace("    model_info:", &format!("      {line}\n    model_info:"))
}

async fn app(settings: &str, models: &[String]) -> TestApp {
    let yaml = format!("router_settings:\n  num_retries: 0\n{settings}\nmodel_list:\n{}", models.concat());
    TestApp::builder().config(&yaml).start().await
}

#[tokio::test]
async fn a_deployment_that_has_had_its_requests_is_passed_over_and_all_of_them_refuse() {
    let upstream = FakeUpstream::start();
    let models = [with(&upstream, "gpt", "a", "rpm: 1"), with(&upstream, "gpt", "b", "rpm: 1")];
    let app = app("", &models).await;
    let one = app.post(CHAT, ask("gpt")).expect_status(200).await;
    let other = app.post(CHAT, ask("gpt")).expect_status(200).await;
    assert_ne!(one.header("x-litellm-model-id"), other.header("x-litellm-model-id"));
    let refused = app.post(CHAT, ask("gpt")).expect_status(429).await;
    let seconds: u64 = refused.header("retry-after").parse().unwrap();
    assert!((57..=63).contains(&seconds), "{seconds}");
    let message = refused.value()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("No deployments available for selected model, Try again in "), "{message}");
    assert_eq!(upstream.received().len(), 2);
    app.advance(Duration::from_secs(seconds));
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    assert_eq!(app.settled().await.spend.0, 150_000, "a refusal costs nothing");
}

#[tokio::test]
async fn where_a_model_is_full_another_stands_in() {
    let (upstream, other) = (FakeUpstream::start(), FakeUpstream::start());
    let models = [with(&upstream, "gpt", "a", "rpm: 1"), other.deployment("claude", "b")];
    let app = app("  fallbacks: [{gpt: [claude]}]", &models).await;
    for expected in ["a", "b"] {
        let answer = app.post(CHAT, ask("gpt")).expect_status(200).await;
        assert_eq!(answer.header("x-litellm-model-id"), expected);
    }
}

#[tokio::test]
async fn tokens_are_those_that_were_used() {
    let upstream = FakeUpstream::start();
    let app = app("", &[with(&upstream, "gpt", "a", "tpm: 100")]).await;
    // Each takes 30 or 40 tokens, though more were reckoned with at first.
    let mut served = 0;
    while app.post(CHAT, ask("gpt")).send().await.status == 200 {
        served += 1;
        app.settled().await;
        assert!(served < 10, "a cap refuses at some time");
    }
    assert!(served >= 2, "{served}");
    app.advance(Duration::from_secs(63));
    app.post(CHAT, ask("gpt")).expect_status(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn caps_are_one_for_all_nodes() {
    let (upstream, redis) = (FakeUpstream::start(), RedisServer::start().await);
    let yaml = format!("model_list:\n{}", with(&upstream, "gpt", "a", "rpm: 3"));
    let first = TestApp::builder().config(&yaml).redis(&redis).start().await;
    let second = first.beside().await;
    for node in [&first, &second, &first] {
        node.post(CHAT, ask("gpt")).expect_status(200).await;
    }
    for node in [&first, &second] {
        node.post(CHAT, ask("gpt")).expect_status(429).await;
    }
    assert_eq!(upstream.received().len(), 3);
}

#[tokio::test]
async fn calls_stick_to_a_deployment_by_a_header_or_by_their_user() {
    let upstream = FakeUpstream::start();
    let models = [with(&upstream, "gpt", "a", "weight: 1"), with(&upstream, "gpt", "b", "weight: 1")];
    let shuffle = "  routing_strategy: simple-shuffle\n  sticky_by: ";
    let by_header = app(&format!("{shuffle}header:x-session-id"), &models).await;
    let by_user = app(&format!("{shuffle}user"), &models).await;
    let mut used = std::collections::BTreeSet::new();
    for session in 0..12 {
        let session = format!("session-{session}");
        let mut ways = std::collections::BTreeSet::new();
        for _ in 0..4 {
            let client = by_header.bearer(crate::kit::MASTER_KEY).with_header("x-session-id", &session);
            let answer = client.post(CHAT, ask("gpt")).expect_status(200).await;
            ways.insert(answer.header("x-litellm-model-id").to_owned());
            let mut body = ask("gpt");
            body["user"] = json!(session);
            let answer = by_user.post(CHAT, body).expect_status(200).await;
            ways.insert(answer.header("x-litellm-model-id").to_owned());
        }
        assert_eq!(ways.len(), 1, "one way for one session, on every node: {ways:?}");
        used.extend(ways);
    }
    assert_eq!(used.len(), 2);
}
