//! Access tokens: what they open, and when they stop.

use std::time::Duration;

use serde_json::json;
use tollgate_openapi::access_token::{AccessTokenCreated, AccessTokenList};
use tollgate_openapi::session::UserRole;

use super::{audited, signed_in};
use crate::chat::{CHAT, ask};
use crate::kit::{Client, FakeUpstream, TestApp};

async fn new_token(browser: &Client, body: serde_json::Value) -> AccessTokenCreated {
    browser.post("/access_token/new", body).expect_status(200).await.json()
}

async fn list(client: &Client, query: &str) -> AccessTokenList {
    client.get(&format!("/access_token/list{query}")).expect_status(200).await.json()
}

#[tokio::test]
async fn a_token_may_what_its_owner_may_and_calls_no_models() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let ada = signed_in(&app, "ada", UserRole::InternalUser).await;
    let made = new_token(&ada, json!({"name": "nightly"})).await;
    assert!(made.access_token.starts_with("tgp_") && made.access_token.len() == 47, "{}", made.access_token);
    assert_eq!(made.view.token_name, format!("tgp_...{}", &made.access_token[43..]));
    assert_eq!(made.view.expires_at - made.view.created_at, chrono::TimeDelta::days(90));
    let stored = tollgate::db::access_token::find(&app.app.db, &made.view.token_id).await.unwrap().unwrap();
    assert_ne!(stored.token_hash, made.access_token);

    let script = app.bearer(&made.access_token);
    let key = script.post("/key/generate", json!({"key_alias": "by a script"})).expect_status(200).await.value();
    assert_eq!(key["user_id"], "ada");
    script.get("/user/info").expect_status(200).await;
    script.get("/user/list").expect_status(403).await;
    script.post(CHAT, ask("gpt")).expect_status(401).await;
    assert!(upstream.received().is_empty());
    let made_by = audited(&app, "key").await;
    assert_eq!((made_by[0].0.as_str(), made_by[0].1.as_str()), ("created", "ada"));
    // A stolen token makes no other, changes no password and ends no session.
    for (path, body) in [
        ("/access_token/new", json!({"name": "another"})),
        ("/user/password/change", json!({"current_password": "a", "new_password": "b"})),
        ("/second_factor/new", json!({"password": "a"})),
        ("/session/delete", json!({})),
        ("/session/revoke", json!({"others": true})),
    ] {
        script.post(path, body).expect_status(403).await;
    }
    script.get("/session/info").expect_status(403).await;
    // What the owner may follows at once.
    app.post("/user/update", json!({"user_id": "ada", "user_role": "proxy_admin"})).expect_status(200).await;
    script.get("/user/list").expect_status(200).await;
    app.post("/user/update", json!({"user_id": "ada", "blocked": true})).expect_status(200).await;
    script.get("/user/info").expect_status(401).await;
}

#[tokio::test]
async fn a_token_that_may_only_read_changes_nothing() {
    let app = TestApp::start().await;
    let root = signed_in(&app, "root", UserRole::ProxyAdmin).await;
    let made = new_token(&root, json!({"name": "report", "duration": "7d", "read_only": true})).await;
    let script = app.bearer(&made.access_token);
    script.get("/user/list").expect_status(200).await;
    script.get("/spend/logs").expect_status(200).await;
    app.post("/budget/new", json!({"budget_id": "b", "max_budget": 1})).expect_status(200).await;
    script.post("/budget/info", json!({"budgets": ["b"]})).expect_status(200).await;
    for (path, body) in [
        ("/key/generate", json!({})),
        ("/user/new", json!({})),
        ("/budget/delete", json!({"id": "b"})),
        ("/access_token/delete", json!({"token_id": made.view.token_id})),
    ] {
        script.post(path, body).expect_status(403).await;
    }
    let patch = script.call(reqwest::Method::PATCH, "/organization/update", Some("{}".to_owned()));
    patch.expect_status(403).await;
}

#[tokio::test]
async fn tokens_are_listed_with_their_last_use_expire_and_are_revoked() {
    let app = TestApp::start().await;
    let ada = signed_in(&app, "ada", UserRole::InternalUser).await;
    let first = new_token(&ada, json!({"name": "first", "duration": "1h"})).await;
    let second = new_token(&ada, json!({"name": "second"})).await;
    app.advance(Duration::from_secs(600));
    app.bearer(&first.access_token).get("/user/info").expect_status(200).await;
    let listed = list(&ada, "").await.access_tokens;
    assert_eq!(listed.len(), 2);
    let of = |name: &str| listed.iter().find(|token| token.name == name).unwrap();
    assert_eq!((of("first").last_used_at, of("second").last_used_at), (Some(app.app.clock.now()), None));
    let text = ada.get("/access_token/list").expect_status(200).await;
    assert!(!text.body().contains(&first.access_token) && !text.body().contains(&second.access_token));
    app.advance(Duration::from_secs(3000));
    let over = app.bearer(&first.access_token).get("/user/info").expect_status(401).await.error();
    assert!(over.2.contains("expired"), "{}", over.2);

    let eve = signed_in(&app, "eve", UserRole::InternalUser).await;
    eve.get("/access_token/list?user_id=ada").expect_status(403).await;
    let id = json!({"token_id": second.view.token_id});
    eve.post("/access_token/delete", &id).expect_status(404).await;
    app.bearer(&second.access_token).get("/user/info").expect_status(200).await;
    assert_eq!(list(&app, "?user_id=ada").await.access_tokens.len(), 2);
    app.post("/access_token/delete", &id).expect_status(200).await;
    app.bearer(&second.access_token).get("/user/info").expect_status(401).await;
    ada.post("/access_token/delete", json!({"token_id": first.view.token_id})).expect_status(200).await;
    assert!(list(&ada, "").await.access_tokens.is_empty());
    let actions: Vec<_> =
        audited(&app, "access_token").await.into_iter().map(|(action, actor, ..)| (action, actor)).collect();
    let expected = [("created", "ada"), ("created", "ada"), ("revoked", "default_user_id"), ("revoked", "ada")];
    assert_eq!(actions, expected.map(|(action, actor)| (action.to_owned(), actor.to_owned())));
}

#[tokio::test]
async fn a_token_ends_within_a_year_and_has_an_owner() {
    let app = TestApp::start().await;
    let ada = signed_in(&app, "ada", UserRole::InternalUser).await;
    for duration in ["2y", "400d", "soon"] {
        let refused =
            ada.post("/access_token/new", json!({"name": "x", "duration": duration})).expect_status(400).await;
        assert_eq!(refused.error().1.as_deref(), Some("duration"));
    }
    for n in 0..50 {
        new_token(&ada, json!({"name": format!("{n}")})).await;
    }
    ada.post("/access_token/new", json!({"name": "one too many"})).expect_status(400).await;
    app.post("/access_token/new", json!({"name": "x"})).expect_status(403).await;
    let environment = app.sign_in("admin", crate::kit::MASTER_KEY).await;
    environment.post("/access_token/new", json!({"name": "x"})).expect_status(403).await;
    app.post("/user/delete", json!({"user_ids": ["ada"]})).expect_status(200).await;
    assert!(list(&app, "?user_id=ada").await.access_tokens.is_empty());
    app.bearer("tgp_unknown").get("/user/info").expect_status(401).await;
}
