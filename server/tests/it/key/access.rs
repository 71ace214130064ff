//! Who may do what with keys.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tollgate_openapi::key::KeyInfo;

use super::generate;
use crate::kit::TestApp;

#[tokio::test]
async fn nobody_and_strangers_are_refused() {
    let app = TestApp::start().await;
    let refused = app.nobody().get("/key/list").expect_status(401).await;
    assert_eq!(refused.header("x-content-type-options"), "nosniff");
    let (kind, _, message) = refused.error();
    assert_eq!(kind, "auth_error");
    assert!(message.ends_with("No api key passed in."), "{message}");
    let (kind, param, message) = app.bearer("sk-stranger").get("/key/list").expect_status(401).await.error();
    assert_eq!((kind.as_str(), param.as_deref()), ("token_not_found_in_db", Some("key")));
    assert_eq!(message, "Authentication Error, Invalid API key provided.");
    for malformed in ["Basic YTpi", crate::kit::MASTER_KEY] {
        let client = app.nobody().with_header("authorization", malformed);
        for path in ["/key/list", "/v1/models"] {
            let (kind, _, message) = client.get(path).expect_status(401).await.error();
            assert_eq!(kind, "auth_error");
            assert!(message.contains("Ensure Key has `Bearer ` prefix"), "{message}");
        }
        // What a proxy in front adds does not hide the key.
        for path in ["/key/list", "/v1/models"] {
            client.clone().with_header("x-api-key", crate::kit::MASTER_KEY).get(path).expect_status(200).await;
        }
    }
    // Nobody learns what a body must look like.
    app.nobody().post_text("/key/generate", "{").expect_status(401).await;
}

#[tokio::test]
async fn the_hash_of_a_key_is_no_key() {
    let app = TestApp::start().await;
    let made = generate(&app, json!({})).await;
    app.bearer(&made.view.token).get("/key/info").expect_status(401).await;
}

#[tokio::test]
async fn keys_travel_in_each_header_of_the_contract() {
    let app = TestApp::start().await;
    for header in ["x-litellm-api-key", "api-key", "x-api-key", "x-goog-api-key"] {
        app.nobody().with_header(header, crate::kit::MASTER_KEY).get("/key/list").expect_status(200).await;
    }
}

#[tokio::test]
async fn a_virtual_key_sees_itself_and_nothing_else() {
    let app = TestApp::start().await;
    let made = generate(&app, json!({"user_id": "ada"})).await;
    let other = generate(&app, json!({"user_id": "ada"})).await;
    let own = app.bearer(&made.key);
    let shown: KeyInfo = own.get("/key/info").expect_status(200).await.json();
    assert_eq!(shown.info.token, made.view.token);
    own.get(&format!("/key/info?key={}", made.key)).expect_status(200).await;

    // Whether another key exists is not told.
    own.get(&format!("/key/info?key={}", other.key)).expect_status(403).await;
    own.get("/key/info?key=sk-gone").expect_status(403).await;
    own.get("/key/list").expect_status(403).await;
    for (path, body) in [
        ("/key/generate", json!({})),
        ("/key/update", json!({"key": made.key, "max_budget": 1e6})),
        ("/key/block", json!({"key": other.key})),
        ("/key/unblock", json!({"key": made.key})),
        ("/key/delete", json!({"keys": [other.key]})),
        ("/key/update", json!({"key": "sk-gone"})),
        ("/key/delete", json!({"keys": ["sk-gone"]})),
    ] {
        own.post(path, body).expect_status(403).await;
    }
}

#[tokio::test]
async fn an_expired_key_says_when() {
    let app = TestApp::start().await;
    let made = generate(&app, json!({"duration": "1h"})).await;
    app.bearer(&made.key).get("/key/info").expect_status(200).await;
    app.advance(Duration::from_secs(3600));
    let (kind, param, message) = app.bearer(&made.key).get("/key/info").expect_status(401).await.error();
    assert_eq!((kind.as_str(), param), ("expired_key", Some(made.view.key_name)));
    assert_eq!(message, "Authentication Error - Expired Key. Key Expiry time 2026-11-21T13:00:00Z.");
}

#[tokio::test]
async fn other_methods_are_refused() {
    let app = TestApp::start().await;
    for (path, allowed) in [
        ("/key/generate", "POST"),
        ("/key/info", "GET, HEAD"),
        ("/session/new", "POST"),
        ("/v1/chat/completions", "POST"),
        ("/v1/models", "GET, HEAD"),
        ("/health/liveliness", "GET, HEAD"),
        ("/metrics", "GET, HEAD"),
    ] {
        let answer = app.call(Method::DELETE, path, None).expect_status(405).await;
        assert_eq!(answer.header("allow"), allowed, "{path}");
        assert_eq!(answer.error().0, "method_not_allowed");
    }
    // Whoever only wants to know whether it is there.
    let head = app.nobody().call(Method::HEAD, "/health/liveliness", None).expect_status(200).await;
    assert_eq!(head.body(), "");
    app.call(Method::HEAD, "/key/list", None).expect_status(200).await;
}

#[tokio::test]
async fn a_key_calls_only_the_routes_it_may() {
    let app = TestApp::start().await;
    for (fields, models, info) in [
        (json!({"key_type": "llm_api"}), 200, 403),
        (json!({"key_type": "management"}), 403, 200),
        (json!({"key_type": "read_only"}), 403, 200),
        (json!({"key_type": "default"}), 200, 200),
        (json!({"allowed_routes": ["/v1/models"]}), 200, 403),
        (json!({"allowed_routes": ["/v1/chat/*", "info_routes"]}), 403, 200),
    ] {
        let made = generate(&app, fields.clone()).await;
        let client = app.bearer(&made.key);
        client.get("/v1/models").expect_status(models).await;
        client.get("/key/info").expect_status(info).await;
    }
    let (_, param, _) = app.post("/key/generate", json!({"key_type": "root"})).expect_status(400).await.error();
    assert_eq!(param.as_deref(), Some("key_type"));
}
