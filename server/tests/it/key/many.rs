//! Many keys at once, service accounts, names, spend that is set back, budgets that are higher for a while.

use std::time::Duration;

use serde_json::{Value, json};
use tollgate_openapi::key::{KeyAliases, KeyBulkDeleted, KeyBulkUpdated, KeyCreated, KeyView, KeysInfo};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::session::UserRole;

use super::generate;
use crate::budget::small;
use crate::chat::CHAT;
use crate::kit::{FakeUpstream, TestApp};
use crate::session::add_user;
use crate::team::new_team;

#[tokio::test]
async fn each_of_many_changes_succeeds_or_fails_by_itself() {
    let app = TestApp::start().await;
    let (one, two) = (generate(&app, json!({"key_alias": "one"})).await, generate(&app, json!({})).await);
    let body = json!({"keys": [
        {"key": one.key, "max_budget": 5},
        {"key": "sk-gone", "max_budget": 5},
        {"key": two.view.token, "max_budget": -1},
        {"key": two.view.token, "key_alias": "one"},
        {"key_alias": "one", "blocked": true},
        {"max_budget": 1},
        {"key": two.key, "max_budgets": 1},
    ]});
    let done: KeyBulkUpdated = app.post("/key/bulk_update", body).expect_status(200).await.json();
    assert_eq!((done.total_requested, done.successful_updates.len(), done.failed_updates.len()), (7, 2, 5));
    assert_eq!(done.successful_updates[0].key, one.key);
    assert_eq!(done.successful_updates[0].key_info.max_budget, Some(NanoUsd(5_000_000_000)));
    assert!(done.successful_updates[1].key_info.blocked);
    let params: Vec<_> = done.failed_updates.iter().map(|failed| failed.param.as_deref()).collect();
    assert_eq!(params, [None, Some("max_budget"), Some("key_alias"), Some("key"), None]);
    assert!(done.failed_updates.iter().all(|failed| !failed.failed_reason.is_empty()));
    let left: KeyView = serde_json::from_value(
        app.get(&format!("/key/info?key={}", two.key)).expect_status(200).await.value()["info"].clone(),
    )
    .unwrap();
    assert_eq!((left.max_budget, left.key_alias), (None, None));
    app.post("/key/bulk_update", json!({"keys": []})).expect_status(400).await;
    let many: Vec<Value> = (0..501).map(|_| json!({"key": one.key})).collect();
    app.post("/key/bulk_update", json!({"keys": many})).expect_status(400).await;
}

#[tokio::test]
async fn keys_of_a_team_are_changed_in_the_same_way() {
    let app = TestApp::start().await;
    add_user(&app, "lead", None, UserRole::InternalUser, "lead").await;
    add_user(&app, "member", None, UserRole::InternalUser, "member").await;
    new_team(&app, json!({"team_id": "t", "admins": ["lead"], "members": ["member"]})).await;
    new_team(&app, json!({"team_id": "other"})).await;
    let one = generate(&app, json!({"team_id": "t", "key_alias": "one"})).await;
    let two = generate(&app, json!({"team_id": "t", "user_id": "member"})).await;
    let foreign = generate(&app, json!({"team_id": "other"})).await;
    let (lead, member) = (app.sign_in("lead", "lead").await, app.sign_in("member", "member").await);
    let path = "/team/key/bulk_update";
    let body = |fields: Value| json!({"team_id": "t", "all_keys_in_team": true, "update_fields": fields});

    let done = lead.post(path, body(json!({"max_budget": 5, "rpm_limit": 9}))).expect_status(200).await.value();
    assert_eq!((&done["team_id"], &done["total_requested"]), (&json!("t"), &json!(2)));
    let changed: Vec<_> = done["successful_updates"].as_array().unwrap().iter().map(|one| &one["key_info"]).collect();
    assert_eq!(changed.len(), 2);
    assert!(changed.iter().all(|key| (&key["max_budget"], &key["rpm_limit"]) == (&json!(5.0), &json!(9))));

    let some =
        json!({"team_id": "t", "key_ids": [two.key, foreign.key, "sk-gone"], "update_fields": {"blocked": true}});
    let done = lead.post(path, some).expect_status(200).await.value();
    assert_eq!(
        (&done["total_requested"], &done["successful_updates"][0]["key_info"]["blocked"]),
        (&json!(3), &json!(true))
    );
    let failed: Vec<_> = done["failed_updates"].as_array().unwrap().iter().map(|one| &one["key"]).collect();
    assert_eq!(failed, [&json!(foreign.key), &json!("sk-gone")]);
    let shown: KeysInfo =
        app.post("/v2/key/info", json!({"keys": [one.key, foreign.key]})).expect_status(200).await.json();
    assert_eq!(shown.info.iter().map(|key| key.blocked).collect::<Vec<_>>(), [false, false]);

    for (fields, param) in [
        (json!({}), "update_fields"),
        (json!({"key_alias": "same"}), "update_fields.key_alias"),
        (json!({"team_id": "other"}), "update_fields.team_id"),
        (json!({"spend": 0}), "update_fields.spend"),
        (json!({"max_budget": -1}), "update_fields"),
        (json!({"budget_duration": "soon"}), "budget_duration"),
    ] {
        let refused = lead.post(path, body(fields.clone())).expect_status(400).await.value();
        assert_eq!(refused["error"]["param"], param, "{fields}");
    }
    let mut both = body(json!({"max_budget": 1}));
    both["key_ids"] = json!([one.key]);
    lead.post(path, both).expect_status(400).await;
    lead.post(path, json!({"team_id": "t", "update_fields": {"max_budget": 1}})).expect_status(400).await;
    let theirs = json!({"team_id": "other", "all_keys_in_team": true, "update_fields": {"max_budget": 1}});
    lead.post(path, theirs).expect_status(404).await;
    member.post(path, body(json!({"max_budget": 1}))).expect_status(403).await;
}

#[tokio::test]
async fn many_keys_are_shown_and_deleted_each_by_itself() {
    let app = TestApp::start().await;
    let (one, two) = (generate(&app, json!({})).await, generate(&app, json!({"user_id": "ada"})).await);
    let named = json!({"keys": [two.key, "sk-gone", one.view.token]});
    let shown: KeysInfo = app.post("/v2/key/info", named.clone()).expect_status(200).await.json();
    let tokens: Vec<_> = shown.info.iter().map(|key| key.token.as_str()).collect();
    assert_eq!((shown.key.len(), tokens), (3, vec![&*two.view.token, &*one.view.token]));
    app.post("/v2/key/info", json!({"keys": "sk-x"})).expect_status(422).await;

    add_user(&app, "ada", None, UserRole::InternalUser, "ada").await;
    let ada = app.sign_in("ada", "ada").await;
    let shown: KeysInfo = ada.post("/v2/key/info", named.clone()).expect_status(200).await.json();
    assert_eq!(shown.info.len(), 1, "what is not hers is not there");
    let gone: KeyBulkDeleted = ada.post("/key/bulk_delete", named.clone()).expect_status(200).await.json();
    assert_eq!((gone.total_requested, gone.successful_deletes), (3, vec![two.key.clone()]));
    let reasons: Vec<_> = gone.failed_deletes.iter().map(|failed| failed.failed_reason.as_str()).collect();
    assert_eq!(reasons, ["Key not found.", "Key not found."]);
    app.bearer(&one.key).get("/v1/models").expect_status(200).await;
    app.bearer(&one.key).post("/key/bulk_delete", named.clone()).expect_status(403).await;
    app.bearer(&one.key).post("/v2/key/info", named).expect_status(403).await;
}

#[tokio::test]
async fn a_service_account_belongs_to_its_team_alone() {
    let app = TestApp::start().await;
    new_team(&app, json!({"team_id": "t"})).await;
    let path = "/key/service-account/generate";
    let made: KeyCreated =
        app.post(path, json!({"team_id": "t", "key_alias": "robot"})).expect_status(200).await.json();
    assert_eq!((made.view.user_id, made.view.team_id.as_deref()), (None, Some("t")));
    for (body, param) in [(json!({}), "team_id"), (json!({"team_id": "t", "user_id": "ada"}), "user_id")] {
        assert_eq!(app.post(path, body).expect_status(400).await.error().1.as_deref(), Some(param));
    }
}

#[tokio::test]
async fn names_of_keys_are_listed() {
    let app = TestApp::start().await;
    new_team(&app, json!({"team_id": "t"})).await;
    for (alias, team) in [("beta", None), ("alpha", Some("t")), ("gamma", None)] {
        generate(&app, json!({"key_alias": alias, "team_id": team, "user_id": "ada"})).await;
    }
    generate(&app, json!({})).await;
    let names =
        async |query: &str| -> KeyAliases { app.get(&format!("/key/aliases{query}")).expect_status(200).await.json() };
    let all = names("").await;
    assert_eq!((all.aliases, all.total_count, all.size), (vec!["alpha".into(), "beta".into(), "gamma".into()], 3, 50));
    assert_eq!(names("?search=ET").await.aliases, ["beta"]);
    assert_eq!(names("?team_id=t").await.aliases, ["alpha"]);
    let first = names("?size=2").await;
    assert_eq!((first.aliases.len(), first.total_pages), (2, 2));
    assert_eq!(names(&format!("?size=2&cursor={}", first.next_cursor.unwrap())).await.aliases, ["gamma"]);
    add_user(&app, "bob", None, UserRole::InternalUser, "bob").await;
    let bob = app.sign_in("bob", "bob").await;
    assert!(bob.get("/key/aliases").expect_status(200).await.json::<KeyAliases>().aliases.is_empty());
}

#[tokio::test]
async fn spend_is_set_back_and_never_forward() {
    let app = TestApp::start().await;
    let made = generate(&app, json!({"spend": 4, "max_budget": 3})).await;
    let path = format!("/key/{}/reset_spend", made.key);
    for (to, text) in [(5.0, "has spent"), (3.5, "max_budget"), (-1.0, "zero or more")] {
        let (_, param, message) = app.post(&path, json!({"reset_to": to})).expect_status(400).await.error();
        assert_eq!(param.as_deref(), Some("reset_to"));
        assert!(message.contains(text), "{message}");
    }
    let shown: KeyView = app.post(&path, json!({"reset_to": 1.5})).expect_status(200).await.json();
    assert_eq!(shown.spend, NanoUsd(1_500_000_000));
    app.post("/key/sk-gone/reset_spend", json!({"reset_to": 0})).expect_status(404).await;
    app.bearer(&made.key).post(&path, json!({"reset_to": 0})).expect_status(403).await;
    app.settled().await;
}

#[tokio::test]
async fn a_budget_is_higher_until_a_time() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let made = generate(&app, json!({"max_budget": 1, "spend": 1})).await;
    let call = async |status| {
        app.bearer(&made.key).post(CHAT, small()).expect_status(status).await;
    };
    call(400).await;
    let raise = json!({"key": made.key, "temp_budget_increase": 2, "temp_budget_expiry": "2026-11-21T13:00:00Z"});
    let shown = app.post("/key/update", raise).expect_status(200).await.value();
    assert_eq!(shown["temp_budget_increase"], json!(2.0));
    call(200).await;
    app.advance(Duration::from_secs(3599));
    call(200).await;
    app.advance(Duration::from_secs(1));
    call(400).await;
    app.settled().await;

    for (body, param) in [
        (json!({"temp_budget_increase": 2, "temp_budget_expiry": null}), "temp_budget_expiry"),
        (json!({"temp_budget_increase": null, "temp_budget_expiry": "2027-01-01T00:00:00Z"}), "temp_budget_increase"),
        (json!({"temp_budget_increase": 2, "temp_budget_expiry": "2026-01-01T00:00:00Z"}), "temp_budget_expiry"),
        (
            json!({"max_budget": null, "temp_budget_increase": 2, "temp_budget_expiry": "2027-01-01T00:00:00Z"}),
            "temp_budget_increase",
        ),
    ] {
        let mut body = body;
        body["key"] = json!(made.key);
        let (_, at, message) = app.post("/key/update", body).expect_status(400).await.error();
        assert_eq!(at.as_deref(), Some(param), "{message}");
    }
}
