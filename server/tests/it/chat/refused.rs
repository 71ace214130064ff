//! Refusals: status, type, field, and nothing sent to the provider.

use std::time::Duration;

use serde_json::json;

use super::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, TestApp};

#[tokio::test]
async fn a_call_without_a_good_key_is_refused() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let (kind, _, message) = app.nobody().post(CHAT, ask("gpt")).expect_status(401).await.error();
    assert_eq!((kind.as_str(), message.as_str()), ("auth_error", "Authentication Error, No api key passed in."));
    let (kind, param, _) = app.bearer("sk-nobody-knows-me").post(CHAT, ask("gpt")).expect_status(401).await.error();
    assert_eq!((kind.as_str(), param.as_deref()), ("token_not_found_in_db", Some("key")));
    assert!(upstream.received().is_empty());
}

#[tokio::test]
async fn blocking_deleting_and_expiry_are_in_force_at_once() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.new_key(json!({"duration": "1h"})).await;
    let client = app.bearer(&key);
    client.post(CHAT, ask("gpt")).expect_status(200).await;
    app.post("/key/block", json!({"key": key})).expect_status(200).await;
    let (kind, _, message) = client.post(CHAT, ask("gpt")).expect_status(401).await.error();
    assert_eq!((kind.as_str(), message.as_str()), ("auth_error", "Authentication Error, Key is blocked."));
    app.post("/key/unblock", json!({"key": key})).expect_status(200).await;
    client.post(CHAT, ask("gpt")).expect_status(200).await;

    app.advance(Duration::from_secs(3601));
    assert_eq!(client.post(CHAT, ask("gpt")).expect_status(401).await.error().0, "expired_key");
    app.post("/key/update", json!({"key": key, "duration": "1h"})).expect_status(200).await;
    client.post(CHAT, ask("gpt")).expect_status(200).await;
    app.post("/key/delete", json!({"keys": [key]})).expect_status(200).await;
    assert_eq!(client.post(CHAT, ask("gpt")).expect_status(401).await.error().0, "token_not_found_in_db");
}

#[tokio::test]
async fn a_model_outside_the_keys_list_is_refused_and_booked() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.new_key(json!({"models": ["other"]})).await;
    let answer = app.bearer(&key).post(CHAT, ask("gpt")).expect_status(403).await;
    let (kind, param, message) = answer.error();
    assert_eq!((kind.as_str(), param.as_deref()), ("key_model_access_denied", Some("model")));
    assert!(message.contains("'gpt'") && !message.contains("other"), "{message}");
    let models = app.bearer(&key).get("/v1/models").expect_status(200).await.value();
    assert_eq!(models["data"], json!([]));
    assert_eq!(app.settled().await.calls, 1);
    let log = app.get("/spend/logs").expect_status(200).await.value()[0].clone();
    assert_eq!((&log["status"], &log["status_code"], &log["spend"]), (&json!("failure"), &json!(403), &json!(0.0)));
    assert_eq!(log["metadata"]["error_type"], "key_model_access_denied");
}

#[tokio::test]
async fn bad_bodies_name_the_field() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    for (body, param) in [
        ("{", None),
        ("[1]", None),
        (r#"{"messages":[{"role":"user","content":"x"}]}"#, Some("model")),
        (r#"{"model":7,"messages":[{}]}"#, Some("model")),
        (r#"{"model":"nobody","messages":[{}]}"#, Some("model")),
        (r#"{"model":"gpt"}"#, Some("messages")),
        (r#"{"model":"gpt","messages":{}}"#, Some("messages")),
        (r#"{"model":"gpt","messages":[{}],"stream":"true"}"#, Some("stream")),
        (r#"{"model":"gpt","messages":[{}],"max_tokens":"many"}"#, Some("max_tokens")),
    ] {
        let (kind, found, message) = app.post_text(CHAT, body).expect_status(400).await.error();
        assert_eq!((kind.as_str(), found.as_deref()), ("invalid_request_error", param), "{body}: {message}");
    }
    assert!(upstream.received().is_empty());
}

#[tokio::test]
async fn a_body_or_head_over_the_limit_is_refused() {
    let upstream = FakeUpstream::start();
    let yaml =
        format!("general_settings:\n  max_request_size_mb: 0.001\nmodel_list:\n{}", upstream.deployment("gpt", "one"));
    let app = TestApp::builder().config(&yaml).start().await;
    let long = json!({"model": "gpt", "messages": [{"role": "user", "content": "x".repeat(2000)}]});
    app.post(CHAT, long).expect_status(413).await;
    let client = app.nobody().with_header("x-padding", &"x".repeat(70_000));
    client.post(CHAT, ask("gpt")).expect_status(431).await;
    assert!(upstream.received().is_empty());
}

#[tokio::test]
async fn a_providers_refusal_passes_with_status_body_and_request_id() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let body = r#"{"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#;
    upstream.then(Behaviour::Status(400, body.to_owned(), vec![("x-request-id", "req-9")]));
    let answer = app.post(CHAT, ask("gpt")).expect_status(400).await;
    assert_eq!(answer.value().to_string(), body);
    assert_eq!(answer.header("x-request-id"), "req-9");
    answer.header("x-litellm-call-id");

    upstream.then(Behaviour::Status(429, r#"{"detail":"slow down"}"#.to_owned(), vec![("retry-after", "7")]));
    let answer = app.post(CHAT, ask("gpt")).expect_status(429).await;
    assert_eq!((answer.error().2.as_str(), answer.header("retry-after")), ("slow down", "7"));
    let report = app.settled().await;
    assert_eq!((report.calls, report.spend.0), (2, 0));
}

#[tokio::test]
async fn models_are_listed_and_shown() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let list = app.get("/models").expect_status(200).await.value();
    assert_eq!((&list["object"], &list["data"][0]["id"]), (&json!("list"), &json!("gpt")));
    assert_eq!(app.get("/v1/models/gpt").expect_status(200).await.value()["id"], "gpt");
    assert_eq!(app.get("/v1/models/nobody").expect_status(404).await.error().1.as_deref(), Some("model"));
    app.nobody().get("/v1/models").expect_status(401).await;
}
