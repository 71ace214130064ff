//! `/cache/*`: for administrators only, and in the audit chain.

use sea_orm::{EntityTrait, QueryOrder};
use serde_json::json;
use tollgate::db::audit::{Column, Entity};

use super::{CHAT, ask, is_hit, start};
use crate::kit::{FakeUpstream, TestApp};

#[tokio::test]
async fn a_ping_tries_the_cache() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local\nttl: 90\nnamespace: blue").await;
    let ping = app.get("/cache/ping").expect_status(200).await.value();
    let params = json!({"isolation": "organization", "mode": "default_on", "namespace": "blue",
        "supported_call_types": null, "ttl": 90.0});
    let expected = json!({"status": "healthy", "cache_type": "local", "ping_response": true,
        "set_cache_response": "success", "litellm_cache_params": params});
    assert_eq!(ping, expected);
    let off = TestApp::with_upstream(&upstream).await;
    let refused = off.get("/cache/ping").expect_status(503).await;
    assert!(refused.error().2.contains("The cache is off"), "{refused:?}");
}

#[tokio::test]
async fn answers_are_forgotten_by_their_keys_and_all_at_once() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local\nnamespace: blue").await;
    let first = app.post(CHAT, ask("Why?")).expect_status(200).await;
    let key = first.header("x-litellm-cache-key").to_owned();
    assert!(key.starts_with("blue:"), "{key}");
    assert!(!is_hit(&app, &ask("How?")).await);
    let deleted = app.post("/cache/delete", json!({"keys": [key, "unheard-of"]})).expect_status(200).await;
    assert_eq!(deleted.value(), json!({"status": "success", "deleted": 1}));
    assert!(!is_hit(&app, &ask("Why?")).await);
    assert!(is_hit(&app, &ask("How?")).await);
    let flushed = app.post("/cache/flushall", json!({})).expect_status(200).await;
    assert_eq!(flushed.value(), json!({"status": "success"}));
    assert!(!is_hit(&app, &ask("How?")).await);
    for wrong in [json!({}), json!({"keys": "all"}), json!({"keys": [], "all": true})] {
        app.post("/cache/delete", wrong).expect_status(422).await;
    }
    let rows = Entity::find().order_by_asc(Column::Id).all(&app.app.db).await.unwrap();
    let of_cache: Vec<_> = rows.iter().filter(|row| row.resource == "cache").collect();
    let said: Vec<_> = of_cache.iter().map(|row| (row.action.as_str(), row.resource_id.as_str())).collect();
    assert_eq!(said, [("deleted", "keys"), ("flushed", "all")]);
}

#[tokio::test]
async fn only_administrators_forget() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    let key = app.new_key(json!({})).await;
    let client = app.bearer(&key);
    client.get("/cache/ping").expect_status(403).await;
    client.post("/cache/flushall", json!({})).expect_status(403).await;
    client.post("/cache/delete", json!({"keys": ["a"]})).expect_status(403).await;
    app.nobody().post("/cache/flushall", json!({})).expect_status(401).await;
}
