//! Signing in by OpenID Connect, against a provider of the tests' own.

mod groups;
mod provider;
mod refused;

use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tollgate::db;
use tollgate_openapi::session::{SessionView, UserRole};

use crate::kit::{Browser, CLIENT_ID, CLIENT_SECRET, Client, FakeIdp, Seen, TestApp, TestAppBuilder};
use crate::session::add_user;

/// Providers that the API sets pass the guard of outbound calls.
const GUARD: &str = "litellm_settings:\n  user_url_allowed_hosts: [\"127.0.0.1\"]\n";

fn builder() -> TestAppBuilder {
    TestApp::builder().config(GUARD)
}

/// A provider of the id `acme` with these settings besides the necessary ones.
async fn add_provider(app: &TestApp, idp: &FakeIdp, settings: Value) -> Value {
    let mut body = json!({"provider_id": "acme", "kind": "okta", "issuer": idp.issuer, "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET});
    body.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    app.post("/sso/provider/new", body).expect_status(200).await.value()
}

fn ada() -> Value {
    json!({"sub": "ada-1", "email": "Ada@Acme.com", "email_verified": true, "name": "Ada Lovelace"})
}

/// Goes to the provider, signs in as whom these claims describe, and comes back.
async fn go(app: &TestApp, idp: &FakeIdp, browser: &Browser, claims: Value) -> Seen {
    let begun = browser.get(&format!("{}/sso/sign_in/acme?return_to=/ui/keys", app.base)).await;
    let back = idp.sign_in(begun.leads_to(), claims, app.app.clock.now());
    browser.get(&back).await
}

/// A client with the session that a browser has.
fn signed_in(app: &TestApp, browser: &Browser) -> Client {
    let cookies = browser.cookies("tollgate_session");
    let (name, value) = cookies.first().expect("a session");
    app.nobody().with_header("cookie", &format!("{name}={value}")).with_header("x-tollgate-console", "1")
}

async fn whoami(app: &TestApp, browser: &Browser) -> SessionView {
    signed_in(app, browser).get("/session/info").expect_status(200).await.json()
}

async fn audit_of(app: &TestApp, resource: &str) -> Vec<(String, String)> {
    let rows = db::audit::Entity::find().all(&app.app.db).await.unwrap();
    let of = rows.into_iter().filter(|row| row.resource == resource);
    of.map(|row| (format!("{} {}", row.actor_kind, row.action), row.after.unwrap_or_default())).collect()
}

#[tokio::test]
async fn a_newcomer_gets_an_account_with_the_defaults() {
    let idp = FakeIdp::start();
    let config = format!(
        "{GUARD}  default_internal_user_params:\n    user_role: internal_user_viewer\n    max_budget: 12.5\n    \
         budget_duration: 1mo\n    models: [gpt]\n    teams:\n      - {{team_id: everyone, max_budget_in_team: 3}}\n"
    );
    let app = TestApp::builder().config(&config).start().await;
    for id in ["everyone", "acme-team"] {
        app.post("/team/new", json!({"team_id": id})).expect_status(200).await;
    }
    add_provider(&app, &idp, json!({"default_teams": ["acme-team"]})).await;
    let browser = Browser::new();
    let seen = go(&app, &idp, &browser, ada()).await;
    assert_eq!(seen.leads_to(), "/ui/keys");
    assert!(browser.cookies("tollgate_sso").is_empty(), "{seen:?}");
    let session = seen.set_cookies.iter().find(|cookie| cookie.starts_with("tollgate_session=")).unwrap();
    assert!(session.contains("HttpOnly") && session.contains("SameSite=Lax"), "{session}");

    let me = whoami(&app, &browser).await;
    assert_eq!((me.user_email.as_deref(), me.user_role), (Some("ada@acme.com"), UserRole::InternalUserViewer));
    let user = app.get(&format!("/user/info?user_id={}", me.user_id)).expect_status(200).await.value();
    let info = &user["user_info"];
    assert_eq!((&info["user_alias"], &info["models"]), (&json!("Ada Lovelace"), &json!(["gpt"])));
    assert_eq!((&info["max_budget"], &info["budget_duration"]), (&json!(12.5), &json!("1mo")));
    assert_eq!(info["teams"], json!(["acme-team", "everyone"]));
    assert_eq!(info["sso_user_id"], "ada-1");
    let team = app.get("/team/info?team_id=everyone").expect_status(200).await.value();
    assert_eq!(team["team_memberships"][0]["max_budget"], json!(3.0), "{team}");

    // The same subject is the same account, whatever their address is now.
    let again = Browser::new();
    go(&app, &idp, &again, json!({"sub": "ada-1", "email": "countess@acme.com", "email_verified": true})).await;
    assert_eq!(whoami(&app, &again).await.user_id, me.user_id);
    let events: Vec<String> = audit_of(&app, "sso").await.into_iter().map(|(what, _)| what).collect();
    assert_eq!(events, ["master_key created", "sso signed_in", "sso signed_in"]);
    assert!(audit_of(&app, "user").await.iter().any(|(what, _)| what == "sso created"));
    assert_eq!(db::audit::first_broken(&app.app.db).await.unwrap(), None);
}

#[tokio::test]
async fn a_verified_address_leads_to_the_account_that_has_it() {
    let idp = FakeIdp::start();
    let app = builder().start().await;
    add_user(&app, "ada", Some("ada@acme.com"), UserRole::ProxyAdmin, "countess").await;
    add_provider(&app, &idp, json!({})).await;
    let mut unverified = ada();
    unverified["email_verified"] = json!(false);
    assert_eq!(go(&app, &idp, &Browser::new(), unverified).await.reason(), "unverified_email");
    let mut silent = ada();
    silent.as_object_mut().unwrap().remove("email_verified");
    assert_eq!(go(&app, &idp, &Browser::new(), silent.clone()).await.reason(), "unverified_email");

    let browser = Browser::new();
    go(&app, &idp, &browser, ada()).await;
    let me = whoami(&app, &browser).await;
    assert_eq!((me.user_id.as_str(), me.user_role), ("ada", UserRole::ProxyAdmin));
    assert!(audit_of(&app, "sso").await.iter().any(|(what, _)| what == "sso linked"));
    // Another subject with the same address is somebody else.
    let mut other = ada();
    other["sub"] = json!("ada-2");
    assert_eq!(go(&app, &idp, &Browser::new(), other).await.reason(), "two_accounts");
    // Who is known by their subject needs no verified address.
    go(&app, &idp, &browser, silent).await.leads_to();
}

#[tokio::test]
async fn addresses_of_providers_that_say_nothing_may_be_trusted() {
    let idp = FakeIdp::start();
    let app = builder().start().await;
    add_provider(&app, &idp, json!({"trust_email": true})).await;
    let browser = Browser::new();
    go(&app, &idp, &browser, json!({"sub": "eve", "email": "eve@acme.com"})).await;
    assert_eq!(whoami(&app, &browser).await.user_email.as_deref(), Some("eve@acme.com"));
    let denied = json!({"sub": "mallory", "email": "mallory@acme.com", "email_verified": false});
    assert_eq!(go(&app, &idp, &Browser::new(), denied).await.reason(), "unverified_email");
}

#[tokio::test]
async fn what_the_token_leaves_out_is_asked_for() {
    let idp = FakeIdp::start();
    let app = builder().start().await;
    add_provider(&app, &idp, json!({})).await;
    idp.set_userinfo(ada());
    let browser = Browser::new();
    go(&app, &idp, &browser, json!({"sub": "ada-1"})).await;
    assert_eq!(whoami(&app, &browser).await.user_email.as_deref(), Some("ada@acme.com"));
}

#[tokio::test]
async fn a_sign_in_may_come_back_to_another_node() {
    let idp = FakeIdp::start();
    let app = builder().start().await;
    let other = app.beside().await;
    add_provider(&app, &idp, json!({})).await;
    let browser = Browser::new();
    let begun = browser.get(&format!("{}/sso/sign_in/acme", app.base)).await;
    let back = idp.sign_in(begun.leads_to(), ada(), app.app.clock.now());
    let elsewhere = back.replace(&app.base, &other.base);
    assert_eq!(browser.get(&elsewhere).await.leads_to(), "/ui/");
    assert_eq!(whoami(&app, &browser).await.user_email.as_deref(), Some("ada@acme.com"));
    // Nor does it come back a second time to the first.
    let cookie = begun.set_cookies[0].split(';').next().unwrap().split_once('=').unwrap().to_owned();
    browser.keep(cookie.0, cookie.1);
    assert_eq!(browser.get(&back).await.reason(), "replayed");
}

#[tokio::test]
async fn litellms_variables_and_addresses_work() {
    let idp = FakeIdp::start();
    let app = TestApp::builder()
        .sso("GENERIC_CLIENT_ID", CLIENT_ID)
        .sso("GENERIC_CLIENT_SECRET", CLIENT_SECRET)
        .sso("GENERIC_ISSUER", &idp.issuer)
        .sso("GENERIC_USER_ID_ATTRIBUTE", "preferred_username")
        .sso("GENERIC_USER_ROLE_ATTRIBUTE", "role")
        .sso("ALLOWED_EMAIL_DOMAINS", "acme.com")
        .start()
        .await;
    let browser = Browser::new();
    let begun = browser.get(&format!("{}/sso/key/generate", app.base)).await;
    let mut claims = ada();
    claims["preferred_username"] = json!("ada");
    claims["role"] = json!("proxy_admin_viewer");
    let back = idp.sign_in(begun.leads_to(), claims, app.app.clock.now());
    assert!(back.starts_with(&format!("{}/sso/callback?", app.base)), "{back}");
    assert_eq!(browser.get(&back).await.leads_to(), "/ui/");
    let me = whoami(&app, &browser).await;
    assert_eq!((me.user_id.as_str(), me.user_role), ("ada", UserRole::ProxyAdminViewer));
    let listed = app.get("/sso/provider/list").expect_status(200).await.value();
    assert_eq!((&listed[0]["source"], &listed[0]["has_client_secret"]), (&json!("environment"), &json!(true)));
    let change = json!({"provider_id": "generic", "client_id": "x", "issuer": "https://x.test"});
    app.post("/sso/provider/update", change).expect_status(400).await;
}

#[tokio::test]
async fn plain_oauth_tells_who_somebody_is_by_userinfo() {
    let idp = FakeIdp::start();
    let app = builder().start().await;
    let at = |path: &str| format!("{}{path}", idp.issuer);
    let settings = json!({"provider_id": "acme", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
        "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
        "userinfo_endpoint": at("/userinfo"), "scope": "read:user", "user_id_attribute": "login",
        "trust_email": true});
    app.post("/sso/provider/new", settings).expect_status(200).await;
    idp.set_userinfo(json!({"id": 7, "login": "octocat", "email": "octo@acme.com"}));
    let browser = Browser::new();
    let begun = browser.get(&format!("{}/sso/sign_in/acme", app.base)).await;
    assert!(begun.leads_to().contains("scope=read%3Auser"), "{begun:?}");
    let back = idp.sign_in(begun.leads_to(), json!({"sub": "7"}), app.app.clock.now());
    assert_eq!(browser.get(&back).await.leads_to(), "/ui/");
    assert_eq!(whoami(&app, &browser).await.user_id, "octocat");
}
