//! Secrets of callbacks as they are written back, and what the audit log says of them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::exporting;
use crate::chat::{CHAT, ask};
use crate::kit::{Receiver, TestApp};

const MASK: &str = "***REDACTED***";

async fn start() -> TestApp {
    exporting("{user_url_allowed_hosts: [127.0.0.1]}", "").start().await
}

fn langfuse(receiver: &Receiver, keys: (&str, &str), callback_type: &str) -> Value {
    json!({"callback_name": "langfuse", "callback_type": callback_type, "callback_vars": {
        "langfuse_public_key": keys.0, "langfuse_secret_key": keys.1, "langfuse_host": receiver.url(""),
    }})
}

async fn logging_of(app: &TestApp, key: &str) -> Value {
    let info = app.get(&format!("/key/info?key={key}")).expect_status(200).await.value();
    info["info"]["metadata"]["logging"].clone()
}

async fn set(app: &TestApp, key: &str, logging: &Value, status: u16) -> String {
    let body = json!({"key": key, "metadata": {"logging": logging}});
    app.post("/key/update", body).expect_status(status).await.body().to_owned()
}

#[tokio::test]
async fn two_tools_of_a_kind_keep_their_own_secrets() {
    let receiver = Receiver::start();
    let app = start().await;
    let (good, bad) = (("pk-good", "sk-good"), ("pk-bad", "sk-bad"));
    let own = json!([langfuse(&receiver, good, "success"), langfuse(&receiver, bad, "failure")]);
    let key = app.new_key(json!({"metadata": {"logging": own}})).await;
    let mut shown = logging_of(&app, &key).await;
    assert_eq!(shown[1]["callback_vars"]["langfuse_secret_key"], MASK);
    shown.as_array_mut().unwrap().reverse();
    set(&app, &key, &shown, 200).await;
    // Only the one that is gone can be the one with another type.
    shown[1]["callback_type"] = json!("success_and_failure");
    set(&app, &key, &shown, 200).await;
    app.bearer(&key).post(CHAT, ask("mock")).expect_status(200).await;
    app.bearer(&key).post(CHAT, ask("none-such")).expect_status(400).await;
    app.stop().await;
    let mut told: Vec<String> =
        receiver.told().iter().map(|told| told.header("authorization").unwrap().to_owned()).collect();
    told.sort();
    told.dedup();
    let mut expected =
        [good, bad].map(|(public, secret)| format!("Basic {}", STANDARD.encode(format!("{public}:{secret}"))));
    expected.sort();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn there_is_one_for_each_tool_and_kind_of_call() {
    let receiver = Receiver::start();
    let app = start().await;
    let one = |name: &str, kind: Value| json!({"callback_name": name, "callback_type": kind, "callback_vars": {}});
    let key = app.new_key(json!({})).await;
    for (first, second) in [
        (one("langfuse", json!("success")), one("langfuse", json!("success"))),
        (one("webhook", json!("failure")), one("generic_api", json!("failure"))),
        (one("otel", Value::Null), one("otel", json!("success_and_failure"))),
    ] {
        let answer = set(&app, &key, &json!([first, second]), 400).await;
        assert!(answer.contains("metadata.logging[1]"), "{answer}");
    }
    app.post("/team/new", json!({"team_id": "t"})).expect_status(200).await;
    let body = |name: &str, kind: &str| {
        let vars = json!({"generic_logger_endpoint": receiver.url("")});
        json!({"callback_name": name, "callback_type": kind, "callback_vars": vars})
    };
    app.post("/team/t/callback", body("webhook", "success")).expect_status(200).await;
    let answer = app.post("/team/t/callback", body("generic_api", "success")).expect_status(400).await;
    assert!(answer.body().contains("callback_name"), "{}", answer.body());
    app.post("/team/t/callback", body("generic_api", "failure")).expect_status(200).await;
}

/// What the last audit row says of the callbacks: before and after.
async fn audited(app: &TestApp) -> (Value, Value) {
    let rows = app.get("/audit").expect_status(200).await.value();
    let row = &rows["audit_logs"][0];
    let of = |name: &str| match &row[name] {
        Value::String(text) => serde_json::from_str::<Value>(text).unwrap()["metadata"]["logging"][0].clone(),
        other => other["metadata"]["logging"][0].clone(),
    };
    (of("before_value"), of("updated_values"))
}

#[tokio::test]
async fn the_audit_log_says_that_a_secret_changed_and_not_what_it_is() {
    let receiver = Receiver::start();
    let app = start().await;
    let key = app.new_key(json!({"metadata": {"logging": [langfuse(&receiver, ("pk", "sk-one"), "success")]}})).await;
    let mut shown = logging_of(&app, &key).await;
    assert_eq!(shown[0]["sealed"], Value::Null, "it is no matter of who reads the key");
    set(&app, &key, &json!([langfuse(&receiver, ("pk", "sk-two"), "success")]), 200).await;
    let (before, after) = audited(&app).await;
    assert_eq!(before["callback_vars"], after["callback_vars"]);
    assert!(after["sealed"][0].as_str().unwrap().starts_with("langfuse_secret_key "), "{after}");
    assert_ne!(before["sealed"], after["sealed"]);
    // What is shown is sent back: nothing changed but what did.
    shown[0]["callback_vars"]["langfuse_public_key"] = json!("pk-2");
    set(&app, &key, &shown, 200).await;
    let (before, after) = audited(&app).await;
    assert_eq!(before["sealed"], after["sealed"]);
    assert_ne!(before["callback_vars"], after["callback_vars"]);
    let rows = app.get("/audit").expect_status(200).await.body().to_owned();
    assert!(!rows.contains("sk-one") && !rows.contains("sk-two") && !rows.contains("sealed:"), "{rows}");
}
