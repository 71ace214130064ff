//! Virtual keys.

mod access;
mod bad_input;
mod bounds;
mod list;
mod many;
mod rotate;
mod spend;

use std::time::Duration;

use serde_json::{Value, json};
use tollgate_openapi::key::{KeyCreated, KeyInfo, KeyView};

use crate::kit::TestApp;

async fn generate(app: &TestApp, body: Value) -> KeyCreated {
    app.post("/key/generate", body).expect_status(200).await.json()
}

async fn info(app: &TestApp, key: &str) -> KeyView {
    app.get(&format!("/key/info?key={key}")).expect_status(200).await.json::<KeyInfo>().info
}

#[tokio::test]
async fn a_key_is_made_and_shown_once() {
    let app = TestApp::start().await;
    let made = generate(
        &app,
        json!({
            "key_alias": "checkout", "models": ["gpt-4o"], "max_budget": 12.5, "soft_budget": 10,
            "budget_duration": "30d", "duration": "24h", "user_id": "ada", "team_id": "shop",
            "organization_id": "acme", "max_parallel_requests": 3, "rpm_limit": 60, "tpm_limit": 1000,
            "metadata": {"purpose": "tests", "n": 1.5}, "tags": ["prod"],
        }),
    )
    .await;
    assert!(tollgate::crypto::is_our_key(&made.key), "{}", made.key);
    assert_eq!(made.view.key_name, format!("sk-...{}", &made.key[made.key.len() - 4..]));
    assert_eq!(made.token_id, made.view.token);
    assert_eq!(made.view.expires.unwrap(), app.app.clock.now() + chrono::TimeDelta::days(1));
    assert_eq!(made.view.budget_reset_at.unwrap().to_string(), "2026-12-01 00:00:00 UTC");
    assert_eq!(made.view.created_by.as_deref(), Some("default_user_id"));
    assert_eq!(made.view.other["tags"], json!(["prod"]));

    let shown = info(&app, &made.key).await;
    assert_eq!(shown, made.view);
    assert_eq!(info(&app, &made.view.token).await, made.view);
    let text = serde_json::to_string(&shown).unwrap();
    assert!(!text.contains(&made.key), "{text}");
}

#[tokio::test]
async fn a_key_needs_nothing() {
    let app = TestApp::start().await;
    let made = generate(&app, json!({})).await;
    assert_eq!((made.view.max_budget, made.view.expires, made.view.blocked), (None, None, false));
    assert!(made.view.models.is_empty());
}

#[tokio::test]
async fn a_key_of_the_callers_choosing() {
    let app = TestApp::start().await;
    let body = json!({"key": "sk-my-very-own-key-1"});
    assert_eq!(generate(&app, body.clone()).await.key, "sk-my-very-own-key-1");
    let (kind, param, _) = app.post("/key/generate", body).expect_status(400).await.error();
    assert_eq!((kind.as_str(), param.as_deref()), ("bad_request_error", Some("key")));
    let master = json!({"key": crate::kit::MASTER_KEY});
    assert_eq!(app.post("/key/generate", master).expect_status(400).await.error().1.as_deref(), Some("key"));
}

#[tokio::test]
async fn an_alias_is_given_once_even_in_a_race() {
    let app = TestApp::start().await;
    let calls = (0..12).map(|_| app.post("/key/generate", json!({"key_alias": "only one"})).send());
    let answers = futures_util::future::join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(refused.status, 400);
        let (kind, param, message) = refused.error();
        assert_eq!((kind.as_str(), param.as_deref()), ("bad_request_error", Some("key_alias")));
        assert!(message.contains("'only one'"), "{message}");
    }
    let other = generate(&app, json!({"key_alias": "another"})).await;
    let renamed = app.post("/key/update", json!({"key": other.key, "key_alias": "only one"}));
    assert_eq!(renamed.expect_status(400).await.error().1.as_deref(), Some("key_alias"));
}

#[tokio::test]
async fn an_update_changes_what_is_sent_and_null_clears() {
    let app = TestApp::start().await;
    let made =
        generate(&app, json!({"key_alias": "a", "max_budget": 5, "rpm_limit": 6, "models": ["m"], "tags": ["x"]}))
            .await;
    app.advance(Duration::from_secs(60));
    let body = json!({"key": made.key, "key_alias": "b", "max_budget": null, "models": null, "duration": "1h", "tags": null, "guardrails": ["g"]});
    let answer = app.post("/key/update", body).expect_status(200).await;
    assert_eq!(answer.value()["key"], json!(made.key));
    let now = info(&app, &made.key).await;
    let expected = KeyView {
        key_alias: Some("b".to_owned()),
        max_budget: None,
        models: vec![],
        expires: Some(app.app.clock.now() + chrono::TimeDelta::hours(1)),
        updated_at: app.app.clock.now(),
        other: [("guardrails".to_owned(), json!(["g"]))].into(),
        ..made.view.clone()
    };
    assert_eq!(now, expected);

    // An alias names the key where there is no key; then it is no new alias.
    app.post("/key/update", json!({"key_alias": "b", "rpm_limit": 9})).expect_status(200).await;
    let now = info(&app, &made.key).await;
    assert_eq!((now.key_alias.as_deref(), now.rpm_limit), (Some("b"), Some(9)));
}

#[tokio::test]
async fn an_update_must_name_a_key_that_exists() {
    let app = TestApp::start().await;
    let (_, param, _) = app.post("/key/update", json!({"rpm_limit": 1})).expect_status(400).await.error();
    assert_eq!(param.as_deref(), Some("key"));
    let (kind, _, message) = app.post("/key/update", json!({"key": "sk-gone"})).expect_status(404).await.error();
    assert_eq!((kind.as_str(), message.as_str()), ("not_found_error", "Key not found."));
    app.post("/key/update", json!({"key_alias": "gone"})).expect_status(404).await;
    app.post("/key/block", json!({"key": "sk-gone"})).expect_status(404).await;
    let (_, _, message) = app.get("/key/info?key=sk-gone").expect_status(404).await.error();
    assert_eq!(message, "Key not found in database");
    app.get("/key/info").expect_status(400).await;
}

#[tokio::test]
async fn keys_are_deleted_all_or_none() {
    let app = TestApp::start().await;
    let a = generate(&app, json!({"key_alias": "a"})).await;
    let b = generate(&app, json!({"key_alias": "b"})).await;
    app.post("/key/delete", json!({"keys": [a.key, "sk-gone"]})).expect_status(400).await;
    info(&app, &a.key).await;
    app.post("/key/delete", json!({"keys": ["sk-gone"]})).expect_status(404).await;
    app.post("/key/delete", json!({})).expect_status(400).await;

    let body = json!({"keys": [a.key, a.view.token], "key_aliases": ["b"]});
    let deleted = app.post("/key/delete", body).expect_status(200).await.value();
    assert_eq!(deleted["deleted_keys"], json!([a.key, a.view.token, "b"]));
    app.get(&format!("/key/info?key={}", a.key)).expect_status(404).await;
    app.get(&format!("/key/info?key={}", b.key)).expect_status(404).await;
    // The alias is free again.
    generate(&app, json!({"key_alias": "a"})).await;
}

#[tokio::test]
async fn deletions_of_the_same_keys_at_once_do_not_get_stuck() {
    let app = TestApp::start().await;
    for _ in 0..5 {
        let mut keys = Vec::new();
        for _ in 0..20 {
            keys.push(generate(&app, json!({})).await.key);
        }
        let forwards = app.post("/key/delete", json!({"keys": keys})).send();
        keys.reverse();
        let backwards = app.post("/key/delete", json!({"keys": keys})).send();
        let (one, other) = futures_util::future::join(forwards, backwards).await;
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 404]);
    }
}

#[tokio::test]
async fn changes_of_different_fields_at_once_all_stay() {
    let app = TestApp::start().await;
    let made = generate(&app, json!({"key_alias": "busy"})).await;
    let fields =
        [("rpm_limit", json!(1)), ("tpm_limit", json!(2)), ("max_budget", json!(3.0)), ("models", json!(["m"]))];
    let update =
        |(field, value): &(&str, Value)| app.post("/key/update", json!({"key": made.key, *field: value})).send();
    for answer in futures_util::future::join_all(fields.iter().map(update)).await {
        assert_eq!(answer.status, 200);
    }
    let shown = serde_json::to_value(info(&app, &made.key).await).unwrap();
    for (field, value) in fields {
        assert_eq!(shown[field], value, "{field}");
    }
}

#[tokio::test]
async fn a_key_is_blocked_and_unblocked() {
    let app = TestApp::start().await;
    let made = generate(&app, json!({})).await;
    let shown: KeyView = app.post("/key/block", json!({"key": made.key})).expect_status(200).await.json();
    assert!(shown.blocked);
    let (kind, _, message) = app.bearer(&made.key).get("/key/info").expect_status(401).await.error();
    assert_eq!((kind.as_str(), message.as_str()), ("auth_error", "Authentication Error, Key is blocked."));
    let shown: KeyView = app.post("/key/unblock", json!({"key": made.view.token})).expect_status(200).await.json();
    assert!(!shown.blocked);
    app.bearer(&made.key).get("/key/info").expect_status(200).await;
}

#[tokio::test]
async fn every_mutation_is_announced_to_other_nodes() {
    let app = TestApp::start().await;
    let made = generate(&app, json!({})).await;
    app.post("/key/update", json!({"key": made.key, "rpm_limit": 1})).expect_status(200).await;
    app.post("/key/block", json!({"key": made.key})).expect_status(200).await;
    app.post("/key/delete", json!({"keys": [made.key]})).expect_status(200).await;
    let changes = tollgate::db::policy_change::since(&app.app.db, 0, 10).await.unwrap();
    assert_eq!(changes.len(), 4);
    assert!(changes.iter().all(|change| change.entity_kind == "key" && change.entity_id == made.view.token));
    let last = tollgate::db::policy_change::last_id(&app.app.db).await.unwrap();
    assert_eq!(changes.last().unwrap().id, last);
}
