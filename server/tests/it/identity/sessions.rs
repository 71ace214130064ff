//! Sessions: where one is signed in, and what ends them.

use std::time::Duration;

use serde_json::json;
use tollgate_openapi::session::{SessionList, SessionView, SessionsRevoked, UserRole};

use super::{SECRET, audited, signed_in};
use crate::chat::CHAT;
use crate::kit::{Client, FakeUpstream, TestApp};

async fn sessions(client: &Client) -> SessionList {
    client.get("/session/list").expect_status(200).await.json()
}

async fn revoked(client: &Client, body: serde_json::Value) -> u64 {
    client.post("/session/revoke", body).expect_status(200).await.json::<SessionsRevoked>().revoked
}

#[tokio::test]
async fn a_user_sees_where_they_are_signed_in_and_ends_it() {
    let app = TestApp::start().await;
    let here = signed_in(&app, "ada", UserRole::InternalUser).await;
    app.advance(Duration::from_secs(120));
    let phone = app.nobody().with_header("user-agent", "Phone/1.0").sign_in("ada", SECRET).await;
    let third = app.sign_in("ada", SECRET).await;
    app.advance(Duration::from_secs(120));
    let listed = sessions(&here).await;
    assert_eq!((listed.user_id.as_str(), listed.sessions.len()), ("ada", 3));
    assert_eq!(listed.sessions.iter().filter(|session| session.is_current).count(), 1);
    assert!(listed.sessions[0].is_current, "it was used last");
    let of_phone = listed.sessions.iter().find(|session| session.user_agent.as_deref() == Some("Phone/1.0")).unwrap();
    assert_eq!((of_phone.ip_address.as_deref(), of_phone.method.as_str()), (Some("127.0.0.1"), "password"));

    assert_eq!(revoked(&here, json!({"session_id": of_phone.session_id})).await, 1);
    phone.get("/session/info").expect_status(401).await;
    assert_eq!(revoked(&here, json!({"others": true})).await, 1);
    third.get("/session/info").expect_status(401).await;
    here.get("/session/info").expect_status(200).await;
    for body in [json!({}), json!({"others": true, "user_id": "ada"}), json!({"session_id": "a", "user_id": "ada"})] {
        here.post("/session/revoke", body).expect_status(400).await;
    }
    assert_eq!(revoked(&here, json!({"user_id": "ada"})).await, 1);
    here.get("/session/info").expect_status(401).await;
    let actions = audited(&app, "session").await;
    let actions: Vec<_> = actions.iter().map(|(action, actor, ..)| (action.as_str(), actor.as_str())).collect();
    let (signed_in, revoked) = (("signed_in", "ada"), ("revoked", "ada"));
    assert_eq!(actions, [signed_in, signed_in, signed_in, revoked, revoked, revoked]);
}

#[tokio::test]
async fn only_administrators_end_what_is_not_theirs() {
    let app = TestApp::start().await;
    let (ada, eve) =
        (signed_in(&app, "ada", UserRole::InternalUser).await, signed_in(&app, "eve", UserRole::InternalUser).await);
    let of_ada = sessions(&ada).await.sessions.remove(0).session_id;
    eve.get("/session/list?user_id=ada").expect_status(404).await;
    for body in [json!({"session_id": of_ada}), json!({"session_id": "unknown"}), json!({"user_id": "ada"})] {
        let status = eve.post("/session/revoke", body).send().await.status;
        assert!(status == 404 || status == 403, "{status}");
    }
    ada.get("/session/info").expect_status(200).await;
    let listed: SessionList = app.get("/session/list?user_id=ada").expect_status(200).await.json();
    assert_eq!(listed.sessions[0].session_id, of_ada);
    app.post("/session/revoke", json!({"session_id": of_ada})).expect_status(200).await;
    ada.get("/session/info").expect_status(401).await;
    let admin = signed_in(&app, "root", UserRole::ProxyAdmin).await;
    assert_eq!(revoked(&admin, json!({"user_id": "eve"})).await, 1);
    eve.get("/session/info").expect_status(401).await;
    // Of the key that asks there is no session to keep.
    app.post("/session/revoke", json!({"others": true})).expect_status(403).await;
}

#[tokio::test]
async fn signing_in_anew_ends_the_session_that_the_browser_had() {
    let app = TestApp::start().await;
    let before = signed_in(&app, "ada", UserRole::InternalUser).await;
    let after = before.sign_in("ada", SECRET).await;
    before.get("/session/info").expect_status(401).await;
    after.get("/session/info").expect_status(200).await;
    assert_eq!(sessions(&after).await.sessions.len(), 1);
}

#[tokio::test]
async fn idle_sessions_are_not_listed() {
    let app = TestApp::start().await;
    signed_in(&app, "ada", UserRole::InternalUser).await;
    app.advance(Duration::from_secs(13 * 3600));
    let ada = app.sign_in("ada", SECRET).await;
    assert_eq!(sessions(&ada).await.sessions.len(), 1);
}

#[tokio::test]
async fn a_blocked_user_is_out_at_once_and_so_are_their_keys() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let ada = signed_in(&app, "ada", UserRole::InternalUser).await;
    let key = app.new_key(json!({"user_id": "ada"})).await;
    let call = json!({"model": "gpt", "messages": [{"role": "user", "content": "hi"}]});
    app.bearer(&key).post(CHAT, &call).expect_status(200).await;
    let blocked = app.post("/user/update", json!({"user_id": "ada", "blocked": true})).expect_status(200).await;
    assert_eq!(blocked.value()["data"]["blocked"], true);
    ada.get("/session/info").expect_status(401).await;
    let refused = app.nobody().try_sign_in("ada", SECRET).expect_status(403).await.error();
    assert!(refused.2.contains("blocked"), "{}", refused.2);
    app.nobody().try_sign_in("ada", "a wrong password").expect_status(401).await;
    let refused = app.bearer(&key).post(CHAT, &call).send().await;
    assert!(refused.status == 401 || refused.status == 403, "{}", refused.status);
    app.post("/user/update", json!({"user_id": "ada", "blocked": false})).expect_status(200).await;
    app.bearer(&key).post(CHAT, &call).expect_status(200).await;
    app.sign_in("ada", SECRET).await;
    let root = signed_in(&app, "root", UserRole::ProxyAdmin).await;
    let own = root.post("/user/update", json!({"user_id": "root", "blocked": true})).expect_status(400).await;
    assert_eq!(own.error().1.as_deref(), Some("blocked"));
    app.settled().await;
}

#[tokio::test]
async fn sessions_of_the_environment_end_with_its_password() {
    let app = TestApp::builder().ui_password("opensesame").start().await;
    let admin = app.sign_in("admin", "opensesame").await;
    let view: SessionView = admin.get("/session/info").expect_status(200).await.json();
    assert_eq!(view.method, "environment");
    let cookie = admin.header("cookie");
    let same = app.stop().await.start().await;
    let again = same.nobody().with_header("cookie", &cookie);
    again.get("/session/info").expect_status(200).await;
    let other = same.stop().await.with_ui_password("sesameopen").start().await;
    other.nobody().with_header("cookie", &cookie).get("/session/info").expect_status(401).await;
}

#[tokio::test]
async fn the_environments_sign_in_can_be_turned_off() {
    let config = "tollgate_settings:\n  environment_sign_in: false\n";
    let app = TestApp::builder().ui_password("opensesame").config(config).start().await;
    app.nobody().try_sign_in("admin", "opensesame").expect_status(401).await;
    // Somebody has to be able to get in: the first administrator is made all the same.
    let first = app.running.initial_password.clone().unwrap();
    app.sign_in(&first.username, &first.password).await;
    app.nobody().try_sign_in("admin", crate::kit::MASTER_KEY).expect_status(401).await;
}

#[tokio::test]
async fn behind_a_proxy_guesses_are_counted_by_the_clients_address() {
    let config =
        "general_settings:\n  use_x_forwarded_for: true\ntollgate_settings:\n  trusted_proxies: [127.0.0.0/8]\n";
    let app = TestApp::builder().config(config).start().await;
    let from = |address: &str| app.nobody().with_header("x-forwarded-for", &format!("6.6.6.6, {address}"));
    for n in 0..30 {
        from("203.0.113.7").try_sign_in(&format!("user{n}"), "guess").expect_status(401).await;
    }
    from("203.0.113.7").try_sign_in("another", "guess").expect_status(429).await;
    from("203.0.113.8").try_sign_in("another", "guess").expect_status(401).await;
    signed_in(&app, "ada", UserRole::InternalUser).await;
    let ada = from("203.0.113.9").sign_in("ada", SECRET).await;
    let listed = sessions(&ada).await;
    assert!(listed.sessions.iter().any(|session| session.ip_address.as_deref() == Some("203.0.113.9")));
}
