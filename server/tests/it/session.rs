//! Signing in and out, and what a cookie may do.

use std::time::Duration;

use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use serde_json::json;
use tollgate::auth::{first_admin, password};
use tollgate::db;
use tollgate_openapi::paths::CSRF_HEADER;
use tollgate_openapi::session::{SessionView, UserRole};

use crate::kit::{MASTER_KEY, TestApp};

const HOUR: Duration = Duration::from_secs(3600);

pub(crate) async fn add_user(app: &TestApp, user_id: &str, email: Option<&str>, role: UserRole, secret: &str) {
    let now = app.app.clock.now();
    let user = db::user::Model {
        user_id: user_id.to_owned(),
        user_email: email.map(str::to_owned),
        user_role: role.as_str().to_owned(),
        password_hash: Some(password::hash(secret.to_owned()).await.unwrap()),
        created_at: now,
        updated_at: now,
        user_alias: None,
        models: db::Strings::default(),
        metadata: db::JsonMap::default(),
        other: db::JsonMap::default(),
        blocked: false,
    };
    db::user::Entity::insert(user.into_active_model()).exec_without_returning(&app.app.db).await.unwrap();
}

#[tokio::test]
async fn signing_in_with_the_password_of_the_environment() {
    let app = TestApp::builder().ui_password("opensesame").start().await;
    let answer = app.nobody().try_sign_in("admin", "opensesame").expect_status(200).await;
    let view: SessionView = answer.json();
    assert_eq!((view.user_id.as_str(), view.user_role), ("default_user_id", UserRole::ProxyAdmin));
    assert_eq!(view.expires_at, app.app.clock.now() + chrono::TimeDelta::days(7));
    let cookie = answer.header("set-cookie");
    for part in ["tollgate_session=", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "{cookie}");

    let browser = app.sign_in("admin", "opensesame").await;
    assert_eq!(browser.get("/session/info").expect_status(200).await.json::<SessionView>(), view);
    browser.post("/key/generate", json!({"key_alias": "made in a browser"})).expect_status(200).await;
    // The master key is no password where UI_PASSWORD is set.
    app.nobody().try_sign_in("admin", MASTER_KEY).expect_status(401).await;
}

#[tokio::test]
async fn the_cookie_is_secure_on_https() {
    let app = TestApp::builder().ui_password("opensesame").https().start().await;
    let answer = app.nobody().try_sign_in("admin", "opensesame").expect_status(200).await;
    assert!(answer.header("set-cookie").contains("; Secure"));
}

#[tokio::test]
async fn the_first_admin_is_made_once_and_signs_in() {
    let app = TestApp::start().await;
    let first = app.running.initial_password.as_ref().unwrap();
    assert_eq!(first_admin::ensure(&app.app).await.unwrap(), None);
    let browser = app.sign_in(&first.username, &first.password).await;
    let view: SessionView = browser.get("/session/info").expect_status(200).await.json();
    assert_eq!((view.user_id.as_str(), view.user_role), ("admin", UserRole::ProxyAdmin));
    // LiteLLM takes the master key, too.
    app.nobody().try_sign_in("admin", MASTER_KEY).expect_status(200).await;
    assert!(!format!("{first:?}").contains(&first.password));
}

#[tokio::test]
async fn no_first_admin_beside_a_password_of_the_environment() {
    let app = TestApp::builder().ui_password("opensesame").start().await;
    assert_eq!(app.running.initial_password, None);
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_are_answered_alike() {
    let app = TestApp::start().await;
    add_user(&app, "ada", Some("ada@example.com"), UserRole::ProxyAdmin, "countess").await;
    let wrong_password = app.nobody().try_sign_in("ada", "duchess").expect_status(401).await.error();
    let wrong_name = app.nobody().try_sign_in("eve", "countess").expect_status(401).await.error();
    assert_eq!(wrong_password, wrong_name);
    assert_eq!(wrong_name.2, "Invalid username or password.");
    let by_email = app.nobody().try_sign_in("Ada@Example.com", "countess").expect_status(200).await;
    assert_eq!(by_email.json::<SessionView>().user_email.as_deref(), Some("ada@example.com"));
}

#[tokio::test]
async fn signing_out_ends_the_session_on_the_server() {
    let app = TestApp::builder().ui_password("opensesame").start().await;
    let browser = app.sign_in("admin", "opensesame").await;
    let other = app.sign_in("admin", "opensesame").await;
    let answer = browser.post("/session/delete", json!({})).expect_status(200).await;
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    browser.get("/session/info").expect_status(401).await;
    other.get("/session/info").expect_status(200).await;
}

#[tokio::test]
async fn sessions_end_when_idle_and_when_old() {
    let app = TestApp::builder().ui_password("opensesame").start().await;
    let idle = app.sign_in("admin", "opensesame").await;
    let busy = app.sign_in("admin", "opensesame").await;
    app.advance(11 * HOUR);
    busy.get("/session/info").expect_status(200).await;
    app.advance(2 * HOUR);
    idle.get("/session/info").expect_status(401).await;
    busy.get("/session/info").expect_status(200).await;
    for _ in 0..15 {
        app.advance(10 * HOUR);
        busy.get("/session/info").expect_status(200).await;
    }
    // A week is over, however busy.
    app.advance(6 * HOUR);
    busy.get("/session/info").expect_status(401).await;
}

#[tokio::test]
async fn a_demoted_user_is_demoted_at_once() {
    let app = TestApp::start().await;
    add_user(&app, "ada", None, UserRole::ProxyAdmin, "countess").await;
    let browser = app.sign_in("ada", "countess").await;
    browser.post("/key/generate", json!({})).expect_status(200).await;
    let user = db::user::find(&app.app.db, "ada").await.unwrap().unwrap();
    let mut user = user.into_active_model();
    user.user_role = sea_orm::Set(UserRole::ProxyAdminViewer.as_str().to_owned());
    user.update(&app.app.db).await.unwrap();
    browser.post("/key/generate", json!({})).expect_status(403).await;
    db::user::Entity::delete_by_id("ada").exec(&app.app.db).await.unwrap();
    browser.get("/session/info").expect_status(401).await;
}

#[tokio::test]
async fn a_user_sees_and_changes_only_what_is_theirs() {
    let app = TestApp::start().await;
    add_user(&app, "ada", None, UserRole::InternalUser, "countess").await;
    let theirs = app.post("/key/generate", json!({"user_id": "eve", "key_alias": "theirs"}));
    let theirs = theirs.expect_status(200).await.value()["key"].as_str().unwrap().to_owned();
    let ada = app.sign_in("ada", "countess").await;
    let own = ada.post("/key/generate", json!({"key_alias": "own"})).expect_status(200).await.value();
    assert_eq!(own["user_id"], "ada");
    for (path, body) in [
        ("/key/update", json!({"key": theirs, "max_budget": 1})),
        ("/key/update", json!({"key_alias": "theirs", "max_budget": 1})),
        ("/key/block", json!({"key": theirs})),
        ("/key/delete", json!({"keys": [theirs]})),
        ("/key/delete", json!({"key_aliases": ["theirs"]})),
    ] {
        ada.post(path, body).expect_status(404).await;
    }
    ada.get(&format!("/key/info?key={theirs}")).expect_status(404).await;
    for query in ["", "?user_id=eve", "?key_alias=theirs", "?search=theirs"] {
        let listed = ada.get(&format!("/key/list{query}")).expect_status(200).await.value();
        let expected = if query.is_empty() { json!([own["token"]]) } else { json!([]) };
        assert_eq!(listed["keys"], expected, "{query}");
    }
    for field in ["allowed_routes", "permissions", "throttle_on_budget_exceeded", "spend"] {
        let value = match field {
            "allowed_routes" => json!([]),
            "permissions" => json!({}),
            "spend" => json!(0),
            _ => json!(true),
        };
        for (path, mut body) in [("/key/generate", json!({})), ("/key/update", json!({"key": own["key"]}))] {
            body[field] = value.clone();
            assert_eq!(ada.post(path, body).expect_status(403).await.error().1.as_deref(), Some(field), "{path}");
        }
    }
    // A team that is not the caller's own does not exist for it.
    ada.post("/key/generate", json!({"team_id": "t"})).expect_status(404).await;
    ada.post("/key/update", json!({"key": own["key"], "team_id": "t"})).expect_status(403).await;
    ada.post("/key/generate", json!({"user_id": "eve"})).expect_status(403).await;
    ada.post("/key/update", json!({"key": own["key"], "user_id": "eve"})).expect_status(403).await;
}

#[tokio::test]
async fn a_proxys_basic_authorization_does_not_hide_the_session() {
    let app = TestApp::builder().ui_password("opensesame").start().await;
    let browser = app.sign_in("admin", "opensesame").await.with_header("authorization", "Basic YTpi");
    browser.get("/session/info").expect_status(200).await;
}

#[tokio::test]
async fn writes_with_a_cookie_come_from_our_own_pages() {
    let app = TestApp::builder().ui_password("opensesame").start().await;
    let browser = app.sign_in("admin", "opensesame").await;
    let write = |client: crate::kit::Client| async move { client.post("/key/generate", json!({})).send().await.status };
    assert_eq!(write(browser.clone()).await, 200);
    assert_eq!(write(browser.clone().with_header("sec-fetch-site", "same-origin")).await, 200);
    assert_eq!(write(browser.clone().without_header(CSRF_HEADER)).await, 403);
    assert_eq!(write(browser.clone().with_header("sec-fetch-site", "cross-site")).await, 403);
    assert_eq!(write(browser.clone().with_header("origin", "https://evil.example")).await, 403);
    // Reading needs no header; a key is no cookie.
    browser.without_header(CSRF_HEADER).get("/key/list").expect_status(200).await;
    app.post("/key/generate", json!({})).expect_status(200).await;
    let signing_in = app.nobody().with_header("sec-fetch-site", "cross-site");
    signing_in.try_sign_in("admin", "opensesame").expect_status(403).await;
}

#[tokio::test]
async fn guessing_is_throttled() {
    let app = TestApp::builder().ui_password("opensesame").start().await;
    for _ in 0..10 {
        app.nobody().try_sign_in("admin", "guess").expect_status(401).await;
    }
    let refused = app.nobody().try_sign_in("admin", "opensesame").expect_status(429).await;
    assert_eq!(refused.header("retry-after"), "300");
    app.advance(Duration::from_secs(300));
    app.nobody().try_sign_in("admin", "opensesame").expect_status(200).await;
}

#[tokio::test]
async fn bad_sign_ins_name_the_field() {
    let app = TestApp::start().await;
    let nobody = app.nobody();
    let missing = nobody.post("/session/new", json!({"username": "admin"})).expect_status(422).await;
    assert_eq!(missing.problems(), ["body.password"]);
    let unknown = nobody.post("/session/new", json!({"username": "a", "password": "b", "otp": 1}));
    assert_eq!(unknown.expect_status(422).await.problems(), ["body.otp"]);
    let long = nobody.post("/session/new", json!({"username": "a", "password": "b".repeat(1025)}));
    assert_eq!(long.expect_status(400).await.error().1.as_deref(), Some("password"));
}

#[tokio::test]
async fn a_key_has_no_session() {
    let app = TestApp::start().await;
    app.get("/session/info").expect_status(403).await;
    app.post("/session/delete", json!({})).expect_status(403).await;
    app.nobody().get("/session/info").expect_status(401).await;
    app.nobody().with_header("cookie", "tollgate_session=forged").get("/session/info").expect_status(401).await;
}
