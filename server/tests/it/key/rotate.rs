//! A new secret for a key.

use std::time::Duration;

use serde_json::json;
use tollgate_openapi::key::{KeyCreated, KeyInfo};
use tollgate_openapi::money::NanoUsd;

use super::generate;
use crate::budget::small;
use crate::chat::CHAT;
use crate::kit::{FakeUpstream, TestApp};

async fn rotated(app: &TestApp, body: serde_json::Value) -> KeyCreated {
    app.post("/key/regenerate", body).expect_status(200).await.json()
}

#[tokio::test]
async fn a_key_keeps_its_id_spend_and_budget_with_a_new_secret() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let made = generate(&app, json!({"key_alias": "shop", "max_budget": 5, "budget_duration": "30d"})).await;
    app.bearer(&made.key).post(CHAT, small()).expect_status(200).await;
    app.settled().await;
    let before: KeyInfo = app.get(&format!("/key/info?key={}", made.key)).expect_status(200).await.json();
    assert!(before.info.spend > NanoUsd::ZERO);

    let new = rotated(&app, json!({"key": made.key, "max_budget": 6})).await;
    assert!(new.key != made.key && new.key.starts_with("sk-"));
    assert_eq!((&new.view.token, &new.token_id), (&made.view.token, &made.view.token));
    assert_eq!((new.view.spend, new.view.max_budget), (before.info.spend, Some(NanoUsd(6_000_000_000))));
    assert!(new.view.rotated_at.is_some() && new.view.grace_ends_at.is_none());
    assert_eq!(new.view.key_name, format!("sk-...{}", &new.key[new.key.len() - 4..]));

    // The old one stops at once, where it is known and where it is looked up.
    app.bearer(&made.key).post(CHAT, small()).expect_status(401).await;
    app.bearer(&made.key).get("/key/info").expect_status(401).await;
    app.bearer(&new.key).post(CHAT, small()).expect_status(200).await;
    app.settled().await;
    let after: KeyInfo = app.bearer(&new.key).get("/key/info").expect_status(200).await.json();
    assert_eq!(after.info.spend.0, before.info.spend.0 * 2, "one budget for both secrets");
    assert_eq!(after.info.total_spend, after.info.spend);
    for named in [&made.key, &new.key, &made.view.token] {
        let info: KeyInfo = app.get(&format!("/key/info?key={named}")).expect_status(200).await.json();
        assert_eq!(info.info.token, made.view.token);
        let calls = app.get(&format!("/spend/logs?api_key={named}")).expect_status(200).await.value();
        assert_eq!(calls.as_array().unwrap().len(), 2, "{named}");
    }
    let found = app.get(&format!("/key/list?search={}", new.key)).expect_status(200).await.value();
    assert_eq!(found["keys"], json!([made.view.token]));
}

#[tokio::test]
async fn the_old_secret_works_until_its_grace_ends_by_the_clock() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let node = app.beside().await;
    let made = generate(&app, json!({})).await;
    node.bearer(&made.key).post(CHAT, small()).expect_status(200).await;
    let new: KeyCreated = app
        .post(&format!("/key/{}/regenerate", made.view.token), json!({"grace_period": "1h"}))
        .expect_status(200)
        .await
        .json();
    let ends = new.view.grace_ends_at.unwrap();
    assert_eq!(ends, app.app.clock.now() + chrono::TimeDelta::hours(1));
    for app in [&app, &node] {
        app.bearer(&made.key).post(CHAT, small()).expect_status(200).await;
        app.bearer(&new.key).post(CHAT, small()).expect_status(200).await;
    }
    app.advance(Duration::from_secs(3600));
    // The other node hears of it within a second.
    let heard = async {
        while node.bearer(&made.key).post(CHAT, small()).send().await.status == 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), heard).await.expect("the other node was not told");
    for app in [&app, &node] {
        let refused = app.bearer(&made.key).post(CHAT, small()).expect_status(401).await.error();
        assert_eq!(refused.0, "expired_key");
        app.bearer(&made.key).get("/key/info").expect_status(401).await;
        app.bearer(&new.key).post(CHAT, small()).expect_status(200).await;
    }
    let shown: KeyInfo = app.get(&format!("/key/info?key={}", made.view.token)).expect_status(200).await.json();
    assert_eq!(shown.info.grace_ends_at, None);
}

#[tokio::test]
async fn another_rotation_ends_what_works_longer() {
    let app = TestApp::start().await;
    let one = generate(&app, json!({})).await;
    let two = rotated(&app, json!({"key": one.key, "grace_period": "7d"})).await;
    let three = rotated(&app, json!({"key": two.key, "grace_period": "1h"})).await;
    for key in [&one.key, &two.key, &three.key] {
        app.bearer(key).get("/key/info").expect_status(200).await;
    }
    app.advance(Duration::from_secs(3600));
    app.bearer(&one.key).get("/key/info").expect_status(401).await;
    app.bearer(&two.key).get("/key/info").expect_status(401).await;
    // Leaked: everything but the newest stops at once.
    let four = rotated(&app, json!({"key": three.key})).await;
    for key in [&one.key, &two.key, &three.key] {
        app.bearer(key).get("/key/info").expect_status(401).await;
        app.bearer(key).get("/v1/models").expect_status(401).await;
    }
    app.bearer(&four.key).get("/v1/models").expect_status(200).await;
    app.post("/key/delete", json!({"keys": [four.key]})).expect_status(200).await;
    app.bearer(&four.key).get("/v1/models").expect_status(401).await;
    app.bearer(&one.key).get("/v1/models").expect_status(401).await;
}

#[tokio::test]
async fn a_change_reaches_every_secret_of_a_key() {
    let app = TestApp::start().await;
    let made = generate(&app, json!({})).await;
    let new = rotated(&app, json!({"key": made.key, "grace_period": "1h"})).await;
    for key in [&made.key, &new.key] {
        app.bearer(key).get("/v1/models").expect_status(200).await;
    }
    app.post("/key/block", json!({"key": made.view.token})).expect_status(200).await;
    for key in [&made.key, &new.key] {
        app.bearer(key).get("/v1/models").expect_status(401).await;
    }
    app.post("/key/unblock", json!({"key": new.key})).expect_status(200).await;
    for key in [&made.key, &new.key] {
        app.bearer(key).get("/v1/models").expect_status(200).await;
    }
}

#[tokio::test]
async fn a_secret_of_ones_own_is_taken_once() {
    let app = TestApp::start().await;
    let made = generate(&app, json!({})).await;
    let other = generate(&app, json!({})).await;
    app.bearer("sk-chosen-by-somebody").get("/v1/models").expect_status(401).await;
    let new = rotated(&app, json!({"key": made.key, "new_key": "sk-chosen-by-somebody"})).await;
    assert_eq!(new.key, "sk-chosen-by-somebody");
    app.bearer("sk-chosen-by-somebody").get("/v1/models").expect_status(200).await;

    for (body, param) in [
        (json!({"key": other.key, "new_key": "sk-chosen-by-somebody"}), "new_key"),
        (json!({"key": other.key, "new_key": other.key}), "new_key"),
        (json!({"key": made.view.token, "new_key": made.key}), "new_key"),
        (json!({"key": other.key, "new_key": crate::kit::MASTER_KEY}), "new_key"),
        (json!({"key": other.key, "new_key": "short"}), "new_key"),
        (json!({"key": other.key, "grace_period": "soon"}), "grace_period"),
        (json!({"grace_period": "1h"}), "key"),
    ] {
        let (_, at, message) = app.post("/key/regenerate", body).expect_status(400).await.error();
        assert_eq!(at.as_deref(), Some(param), "{message}");
    }
    app.post("/key/generate", json!({"key": "sk-chosen-by-somebody"})).expect_status(400).await;
    app.post("/key/generate", json!({"key": made.key})).expect_status(400).await;
    app.post("/key/sk-gone/regenerate", json!({})).expect_status(404).await;
    let named = format!("/key/{}/regenerate", other.key);
    app.call(reqwest::Method::POST, &named, None).expect_status(200).await;
}

#[tokio::test]
async fn a_rotation_is_in_the_audit_log() {
    let app = TestApp::start().await;
    let made = generate(&app, json!({})).await;
    rotated(&app, json!({"key": made.key, "grace_period": "1h"})).await;
    let log = app.get("/audit?action=rotated").expect_status(200).await;
    let entry = log.value()["audit_logs"][0].clone();
    assert_eq!(entry["object_id"], json!(made.view.token));
    assert_eq!(entry["updated_values"]["grace_ends_at"], json!("2026-11-21T13:00:00+00:00"));
    assert!(entry["before_value"]["key_name"] != entry["updated_values"]["key_name"]);
    assert!(!log.body().contains(&made.key));
}
