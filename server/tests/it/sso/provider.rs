//! Providers set by the API.

use reqwest::Method;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tollgate::db;
use tollgate_openapi::session::UserRole;

use super::{CLIENT_ID, CLIENT_SECRET, ada, add_provider, builder, go, whoami};
use crate::kit::{Browser, FakeIdp, Flaw, TestApp};
use crate::session::add_user;

#[tokio::test]
async fn a_secret_goes_in_and_never_comes_out() {
    let idp = FakeIdp::start();
    let app = builder().start().await;
    let made = add_provider(&app, &idp, json!({})).await;
    assert_eq!(made["has_client_secret"], true);
    assert_eq!(made["redirect_uri"], format!("{}/sso/callback/acme", app.base));
    let listed = app.get("/sso/provider/list").expect_status(200).await;
    let row = db::sso_provider::find(&app.app.db, "acme").await.unwrap().unwrap();
    let audit = db::audit::Entity::find().all(&app.app.db).await.unwrap();
    for text in [made.to_string(), listed.body().to_owned(), format!("{row:?}"), format!("{audit:?}")] {
        assert!(!text.contains(CLIENT_SECRET), "{text}");
    }
    // An update without a secret keeps it; all else is replaced.
    let update = json!({"provider_id": "acme", "kind": "okta", "issuer": idp.issuer, "client_id": CLIENT_ID,
        "display_name": "Acme"});
    let updated = app.post("/sso/provider/update", update).expect_status(200).await.value();
    assert_eq!((&updated["settings"]["display_name"], &updated["has_client_secret"]), (&json!("Acme"), &json!(true)));
    go(&app, &idp, &Browser::new(), ada()).await.leads_to();
    app.post("/sso/provider/delete", json!({"provider_id": "acme"})).expect_status(200).await;
    app.post("/sso/provider/delete", json!({"provider_id": "acme"})).expect_status(404).await;
    let seen = Browser::new().get(&format!("{}/sso/sign_in/acme", app.base)).await;
    assert_eq!(seen.reason(), "unknown_provider");
}

#[tokio::test]
async fn a_test_says_what_is_wrong_before_anything_is_saved() {
    let idp = FakeIdp::start();
    let app = builder().start().await;
    let body = |issuer: &str| json!({"kind": "keycloak", "issuer": issuer, "client_id": CLIENT_ID});
    let test = async |body: Value| app.post("/sso/provider/test", body).expect_status(200).await.value();
    let found = test(body(&idp.issuer)).await;
    assert_eq!((&found["ok"], &found["keys"]), (&json!(true), &json!(1)), "{found}");
    assert_eq!(found["authorization_endpoint"], format!("{}/authorize", idp.issuer));
    idp.set_flaw(Flaw::Down);
    let found = test(body(&idp.issuer)).await;
    assert_eq!(found["ok"], false);
    assert!(found["message"].as_str().unwrap().contains("status 500"), "{found}");
    idp.set_flaw(Flaw::OtherIssuer);
    assert!(test(body(&idp.issuer)).await["message"].as_str().unwrap().contains("evil.test"));
    // The guard of outbound calls holds: only listed hosts inside.
    let inside = TestApp::start().await;
    let found = inside.post("/sso/provider/test", body(&idp.issuer)).expect_status(200).await.value();
    assert_eq!(found["ok"], false, "{found}");
    assert!(found["message"].as_str().unwrap().contains("no public address"), "{found}");
}

#[tokio::test]
async fn settings_that_will_not_do_are_named() {
    let app = builder().start().await;
    for (body, field) in [
        (json!({"kind": "okta", "client_id": "c"}), "issuer"),
        (json!({"kind": "okta", "client_id": "c", "issuer": "http://acme.test"}), "issuer"),
        (json!({"kind": "okta", "client_id": "c", "issuer": "https://u:p@acme.test"}), "issuer"),
        (json!({"kind": "microsoft", "client_id": "c"}), "tenant"),
        (json!({"kind": "microsoft", "client_id": "c", "tenant": "common"}), "tenant"),
        (json!({"kind": "microsoft", "client_id": "c", "tenant": "a/../b"}), "tenant"),
        (json!({"kind": "generic", "client_id": "c"}), "authorization_endpoint"),
        (json!({"kind": "google", "client_id": ""}), "client_id"),
        (json!({"kind": "google", "client_id": "c", "provider_id": "A/b"}), "provider_id"),
        (json!({"kind": "google", "client_id": "c", "allowed_domains": ["@acme"]}), "allowed_domains"),
        (json!({"kind": "google", "client_id": "c", "organization_id": "none"}), "allowed_domains"),
        (json!({"kind": "google", "client_id": "c", "default_teams": ["none"]}), "default_teams"),
        (
            json!({"kind": "google", "client_id": "c", "team_mappings": [{"group": "g", "team_id": "none"}]}),
            "team_mappings",
        ),
    ] {
        let (_, param, message) = app.post("/sso/provider/new", body.clone()).expect_status(400).await.error();
        assert_eq!(param.as_deref(), Some(field), "{body}: {message}");
    }
    app.post("/sso/provider/new", json!({"kind": "google", "client_id": "c", "colour": "red"}))
        .expect_status(422)
        .await;
    assert_eq!(app.get("/sso/provider/list").expect_status(200).await.value(), json!([]));
    app.post("/sso/provider/new", json!({"kind": "google", "client_id": "c"})).expect_status(200).await;
    app.post("/sso/provider/new", json!({"kind": "google", "client_id": "c"})).expect_status(400).await;
}

#[tokio::test]
async fn an_address_leads_to_its_organizations_provider() {
    let (idp, other) = (FakeIdp::start(), FakeIdp::start());
    let app = builder().start().await;
    for id in ["acme", "umbrella"] {
        let organization = json!({"organization_id": id, "organization_alias": id});
        app.post("/organization/new", organization).expect_status(200).await;
    }
    let of_organization = json!({"organization_id": "acme", "allowed_domains": ["acme.com"], "display_name": "Acme"});
    add_provider(&app, &idp, of_organization).await;
    let everybody = json!({"provider_id": "okta", "kind": "okta", "issuer": other.issuer, "client_id": CLIENT_ID});
    app.post("/sso/provider/new", everybody).expect_status(200).await;
    // Nobody else may say who has the addresses of the organization.
    let rival = json!({"provider_id": "rival", "kind": "google", "client_id": "c", "organization_id": "umbrella",
        "allowed_domains": ["acme.com"]});
    let (_, param, _) = app.post("/sso/provider/new", rival).expect_status(400).await.error();
    assert_eq!(param.as_deref(), Some("allowed_domains"));

    let choices = app.nobody().get("/sso/choices").expect_status(200).await.value();
    assert_eq!(choices["by_email"], true);
    let ids: Vec<&Value> = choices["choices"].as_array().unwrap().iter().map(|one| &one["provider_id"]).collect();
    assert_eq!(ids, ["okta"], "an organization's provider has no button");
    let lookup = async |email: &str| {
        app.nobody().post("/sso/lookup", json!({"email": email})).expect_status(200).await.value()["choice"].clone()
    };
    assert_eq!(lookup(" Ada@ACME.com").await["sign_in_path"], "/sso/sign_in/acme");
    for email in ["ada@umbrella.test", "ada", "@", "ada@acme.com.evil.test"] {
        assert_eq!(lookup(email).await, Value::Null, "{email}");
    }
    let browser = Browser::new();
    go(&app, &idp, &browser, ada()).await;
    let me = whoami(&app, &browser).await;
    assert_eq!(me.user_email.as_deref(), Some("ada@acme.com"));
    let of_me: Vec<_> = me.organizations.iter().map(|one| one.organization_id.as_str()).collect();
    assert_eq!(of_me, ["acme"], "who signs in there is a member");
    let gone = json!({"organization_id": "acme", "user_id": me.user_id});
    app.call(Method::DELETE, "/organization/member_delete", Some(gone.to_string())).expect_status(200).await;
    go(&app, &idp, &browser, ada()).await;
    assert!(whoami(&app, &browser).await.organizations.is_empty(), "and stays out who was put out");
    // Several ways: LiteLLM's address leads to where they are chosen from.
    app.post("/sso/provider/new", json!({"kind": "google", "client_id": "c"})).expect_status(200).await;
    let seen = Browser::new().get(&format!("{}/sso/key/generate?return_to=/ui/keys", app.base)).await;
    assert_eq!(seen.leads_to(), "/ui/keys");
}

#[tokio::test]
async fn only_administrators_see_and_change_providers() {
    let app = builder().start().await;
    app.post("/sso/provider/new", json!({"kind": "google", "client_id": "c"})).expect_status(200).await;
    for (role, may_see) in [
        (UserRole::ProxyAdminViewer, true),
        (UserRole::OrgAdmin, false),
        (UserRole::InternalUser, false),
        (UserRole::InternalUserViewer, false),
    ] {
        add_user(&app, role.as_str(), None, role, "countess").await;
        let browser = app.sign_in(role.as_str(), "countess").await;
        browser.get("/sso/provider/list").expect_status(if may_see { 200 } else { 403 }).await;
        for path in ["new", "update", "test"] {
            let body = json!({"kind": "google", "client_id": "c"});
            browser.post(&format!("/sso/provider/{path}"), body).expect_status(403).await;
        }
        browser.post("/sso/provider/delete", json!({"provider_id": "google"})).expect_status(403).await;
    }
}

#[tokio::test]
async fn a_provider_that_is_switched_off_lets_nobody_in() {
    let idp = FakeIdp::start();
    let app = builder().start().await;
    add_provider(&app, &idp, json!({"enabled": false})).await;
    let seen = Browser::new().get(&format!("{}/sso/sign_in/acme", app.base)).await;
    assert_eq!(seen.reason(), "unknown_provider");
    let choices = app.nobody().get("/sso/choices").expect_status(200).await.value();
    assert_eq!(choices, json!({"choices": [], "by_email": false}));
}
