//! Users.

use std::time::Duration;

use serde_json::{Value, json};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::session::UserRole;
use tollgate_openapi::user::{UserCreated, UserInfo, UserPage, UserUpdated, UsersDeleted};

use crate::budget::small;
use crate::chat::CHAT;
use crate::kit::{FakeUpstream, TestApp};
use crate::session::add_user;
use crate::team::new_team;

async fn new_user(app: &TestApp, body: Value) -> UserCreated {
    app.post("/user/new", body).expect_status(200).await.json()
}

#[tokio::test]
async fn a_user_is_made_with_a_key_and_signs_in() {
    let app = TestApp::start().await;
    new_team(&app, json!({"team_id": "t"})).await;
    new_team(&app, json!({"team_id": "u"})).await;
    let made = new_user(
        &app,
        json!({"user_id": "ada", "user_email": "Ada@Example.com", "user_alias": "Ada", "password": "countess of lovelace",
               "models": ["gpt"], "metadata": {"floor": 1}, "max_budget": 50, "budget_duration": "1mo", "spend": 2,
               "teams": ["t", {"team_id": "u", "max_budget_in_team": 5, "user_role": "admin"}], "key_alias": "ada's",
               "duration": "30d", "sso_user_id": "x"}),
    )
    .await;
    let user = &made.user;
    assert_eq!((user.user_email.as_deref(), user.user_role.as_str()), (Some("ada@example.com"), "internal_user"));
    assert_eq!((user.teams.clone(), user.key_count), (vec!["t".to_owned(), "u".to_owned()], 1));
    assert_eq!(user.limits.max_budget, Some(NanoUsd(50_000_000_000)));
    assert_eq!((user.standing.spend, user.other["sso_user_id"].as_str()), (NanoUsd(2_000_000_000), Some("x")));
    assert_eq!(made.expires.unwrap(), app.app.clock.now() + chrono::TimeDelta::days(30));
    app.bearer(made.key.as_ref().unwrap()).get("/v1/models").expect_status(200).await;
    let info: UserInfo = app.get("/user/info?user_id=ada").expect_status(200).await.json();
    assert_eq!((info.keys.len(), info.teams.len()), (1, 2));
    assert_eq!(info.keys[0].key_alias.as_deref(), Some("ada's"));
    assert_eq!(info.user_info.as_ref(), Some(user));

    let ada = app.sign_in("ada@example.com", "countess of lovelace").await;
    let own: UserInfo = ada.get("/user/info").expect_status(200).await.json();
    assert_eq!(own.user_info, info.user_info);
    let text = app.get("/user/info?user_id=ada").expect_status(200).await;
    assert!(!text.body().contains("password") && !text.body().contains("argon2"), "{}", text.body());

    let plain = new_user(&app, json!({"auto_create_key": false})).await;
    assert_eq!((plain.key, plain.user.key_count), (None, 0));
}

#[tokio::test]
async fn a_user_changes() {
    let app = TestApp::start().await;
    let body =
        json!({"user_id": "ada", "user_email": "a@example.com", "password": "countess of lovelace", "rpm_limit": 5});
    new_user(&app, body).await;
    let ada = app.sign_in("ada", "countess of lovelace").await;
    app.advance(Duration::from_secs(60));
    let body = json!({"user_id": "ada", "user_email": null, "user_role": "internal_user_viewer", "max_budget": 3,
                      "budget_duration": "7d", "rpm_limit": null, "metadata": {"a": 1}, "spend": 1.5});
    let changed: UserUpdated = app.post("/user/update", body).expect_status(200).await.json();
    assert_eq!((changed.data.user_email.as_deref(), changed.data.user_role.as_str()), (None, "internal_user_viewer"));
    let shown = &changed.data;
    assert_eq!((shown.limits.rpm_limit, shown.standing.spend), (None, NanoUsd(1_500_000_000)));
    assert_eq!(shown.standing.budget_reset_at.unwrap().to_string(), "2026-11-23 00:00:00 UTC");
    ada.get("/user/info").expect_status(200).await;
    app.post("/user/update", json!({"user_id": "ada", "password": "duchess of wellington"})).expect_status(200).await;
    ada.get("/user/info").expect_status(401).await;
    app.sign_in("ada", "duchess of wellington").await;

    new_user(&app, json!({"user_id": "bob", "user_email": "b@example.com"})).await;
    let by_email = json!({"user_email": "B@example.com", "user_alias": "Bob"});
    let changed: UserUpdated = app.post("/user/update", by_email).expect_status(200).await.json();
    assert_eq!((changed.user_id.as_str(), changed.data.user_alias.as_deref()), ("bob", Some("Bob")));
    let taken = json!({"user_id": "ada", "user_email": "b@example.com"});
    assert_eq!(app.post("/user/update", taken).expect_status(409).await.error().1.as_deref(), Some("user_email"));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_changes_nothing() {
    let app = TestApp::start().await;
    new_user(&app, json!({"user_id": "ada", "user_email": "a@example.com"})).await;
    for (body, place) in [
        (json!({"max_budget": "ten"}), "body.max_budget"),
        (json!({"user_role": "king"}), "body.user_role"),
        (json!({"user_emial": "x@y.z"}), "body.user_emial"),
        (json!({"teams": [7]}), "body.teams.0"),
        (json!({"guardrails": "none"}), "body.guardrails"),
    ] {
        let answer = app.post("/user/new", &body).expect_status(422).await;
        assert_eq!(answer.problems(), [place], "{body}");
    }
    for (body, field) in [
        (json!({"max_budget": -1}), "max_budget"),
        (json!({"user_email": "nobody"}), "user_email"),
        (json!({"password": "short"}), "password"),
        (json!({"duration": "soon"}), "duration"),
        (json!({"auto_create_key": false, "duration": "1d"}), "duration"),
        (json!({"user_id": "x", "teams": ["none"]}), "teams"),
        (json!({"user_id": "x", "budget_id": "none"}), "budget_id"),
    ] {
        let (_, param, message) = app.post("/user/new", &body).expect_status(400).await.error();
        assert_eq!(param.as_deref(), Some(field), "{message}");
    }
    for (body, field) in [
        (json!({"user_id": "ada"}), "user_id"),
        (json!({"user_id": "default_user_id"}), "user_id"),
        (json!({"user_email": "A@example.com"}), "user_email"),
    ] {
        assert_eq!(app.post("/user/new", &body).expect_status(409).await.error().1.as_deref(), Some(field));
    }
    app.post("/user/update", json!({"user_id": "none"})).expect_status(404).await;
    app.post("/user/update", json!({"user_alias": "x"})).expect_status(400).await;
    app.get("/user/info?user_id=none").expect_status(404).await;
    let page: UserPage = app.get("/user/list?search=ada").expect_status(200).await.json();
    assert_eq!((page.total, page.users[0].key_count), (1, 1));
}

#[tokio::test]
async fn users_are_listed_in_pages() {
    let app = TestApp::start().await;
    new_team(&app, json!({"team_id": "t"})).await;
    for n in 0..3 {
        app.advance(Duration::from_secs(1));
        let role = if n == 0 { "proxy_admin_viewer" } else { "internal_user" };
        let body = json!({"user_id": format!("u{n}"), "user_email": format!("u{n}@example.com"), "user_role": role,
                          "teams": if n == 1 { json!(["t"]) } else { json!([]) }, "max_budget": n});
        new_user(&app, body).await;
    }
    let page: UserPage = app.get("/user/list?page_size=2&search=EXAMPLE").expect_status(200).await.json();
    let ids: Vec<_> = page.users.iter().map(|user| user.user_id.as_str()).collect();
    assert_eq!((ids, page.total, page.total_pages), (vec!["u2", "u1"], 3, 2));
    assert_eq!(page.users[0].limits.max_budget, Some(NanoUsd(2_000_000_000)));
    let total =
        async |query: &str| app.get(&format!("/user/list?{query}")).expect_status(200).await.json::<UserPage>().total;
    assert_eq!(total("role=proxy_admin_viewer").await, 1);
    assert_eq!(total("team=t").await, 1);
    assert_eq!(total("user_ids=u0,%20u2,none").await, 2);
    assert_eq!(total("user_email=u1%40").await, 1);
    app.get("/user/list?role=king").expect_status(422).await;
}

#[tokio::test]
async fn a_user_goes_with_keys_memberships_and_sessions() {
    let app = TestApp::start().await;
    new_team(&app, json!({"team_id": "t"})).await;
    let body = json!({"user_id": "ada", "password": "countess of lovelace", "teams": ["t"], "max_budget": 1});
    let made = new_user(&app, body).await;
    let in_team = app.new_key(json!({"user_id": "ada", "team_id": "t"})).await;
    let ada = app.sign_in("ada", "countess of lovelace").await;
    app.post("/user/delete", json!({"user_ids": ["ada", "none"]})).expect_status(404).await;
    ada.get("/user/info").expect_status(200).await;
    let gone: UsersDeleted = app.post("/user/delete", json!({"user_ids": ["ada"]})).expect_status(200).await.json();
    assert_eq!((gone.deleted_users, gone.deleted_keys), (vec!["ada".to_owned()], 2));
    for key in [made.key.as_ref().unwrap(), &in_team] {
        app.bearer(key).get("/v1/models").expect_status(401).await;
    }
    ada.get("/user/info").expect_status(401).await;
    app.get("/user/info?user_id=ada").expect_status(404).await;
    let again = new_user(&app, json!({"user_id": "ada"})).await;
    assert_eq!((again.user.teams.len(), again.user.limits.max_budget), (0, None));
}

#[tokio::test]
async fn who_may_do_what() {
    let app = TestApp::start().await;
    for (id, role) in [
        ("ada", UserRole::InternalUser),
        ("eve", UserRole::InternalUserViewer),
        ("viewer", UserRole::ProxyAdminViewer),
        ("admin2", UserRole::ProxyAdmin),
    ] {
        add_user(&app, id, None, role, id).await;
    }
    let key = app.bearer(&app.new_key(json!({"user_id": "ada"})).await);
    let (ada, eve) = (app.sign_in("ada", "ada").await, app.sign_in("eve", "eve").await);
    let (viewer, admin) = (app.sign_in("viewer", "viewer").await, app.sign_in("admin2", "admin2").await);
    for client in [&ada, &eve] {
        client.get("/user/info").expect_status(200).await;
        client.get("/user/info?user_id=viewer").expect_status(404).await;
        client.get("/user/list").expect_status(403).await;
    }
    viewer.get("/user/info?user_id=ada").expect_status(200).await;
    viewer.get("/user/list").expect_status(200).await;
    key.get("/user/info").expect_status(403).await;
    for client in [&ada, &eve, &viewer, &key] {
        client.post("/user/new", json!({})).expect_status(403).await;
        client.post("/user/update", json!({"user_id": "ada", "max_budget": 9})).expect_status(403).await;
        client.post("/user/delete", json!({"user_ids": ["eve"]})).expect_status(403).await;
    }
    admin.post("/user/delete", json!({"user_ids": ["admin2"]})).expect_status(400).await;
    admin.post("/user/delete", json!({"user_ids": ["eve"]})).expect_status(200).await;
    app.nobody().get("/user/info").expect_status(401).await;
    let master: UserInfo = app.get("/user/info").expect_status(200).await.json();
    assert_eq!((master.user_id.as_str(), master.user_info), ("default_user_id", None));
}

#[tokio::test]
async fn the_users_budget_refuses_calls_of_all_keys_until_it_is_raised() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let made = new_user(&app, json!({"user_id": "ada", "user_alias": "Ada L", "max_budget": 0.00006})).await;
    let client = app.bearer(made.key.as_ref().unwrap());
    let other = app.bearer(&app.new_key(json!({"user_id": "ada"})).await);
    while client.post(CHAT, small()).send().await.status == 200 {
        app.settled().await;
    }
    let (kind, _, message) = other.post(CHAT, small()).expect_status(400).await.error();
    assert_eq!(kind, "budget_exceeded");
    assert!(message.contains("Ada L"), "{message}");
    let info: UserInfo = app.get("/user/info?user_id=ada").expect_status(200).await.json();
    let limited = info.user_info.unwrap().standing;
    assert!(limited.spend >= NanoUsd(50_000) && limited.spend == limited.total_spend, "{limited:?}");
    app.post("/user/update", json!({"user_id": "ada", "max_budget": 1})).expect_status(200).await;
    other.post(CHAT, small()).expect_status(200).await;
}
