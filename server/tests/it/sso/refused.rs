//! Sign-ins that come to nothing: a page that says why, and no session.

use std::time::Duration;

use serde_json::json;

use super::{ada, add_provider, audit_of, builder, go};
use crate::kit::{Browser, FakeIdp, Flaw, TestApp};

async fn start(idp: &FakeIdp) -> TestApp {
    let app = builder().start().await;
    add_provider(&app, idp, json!({})).await;
    app
}

#[tokio::test]
async fn nothing_is_believed_that_is_not_right() {
    let idp = FakeIdp::start();
    let app = start(&idp).await;
    for (flaw, reason) in [
        (Flaw::TokenOfOtherIssuer, "wrong_issuer"),
        (Flaw::OtherAudience, "invalid_token"),
        (Flaw::OtherNonce, "invalid_token"),
        (Flaw::Expired, "invalid_token"),
        (Flaw::BadSignature, "invalid_token"),
        (Flaw::Unsigned, "invalid_token"),
    ] {
        idp.set_flaw(flaw);
        let browser = Browser::new();
        assert_eq!(go(&app, &idp, &browser, ada()).await.reason(), reason, "{flaw:?}");
        assert!(browser.cookies("tollgate_").is_empty(), "{flaw:?}");
    }
    idp.set_flaw(Flaw::OtherSubject);
    idp.set_userinfo(ada());
    assert_eq!(go(&app, &idp, &Browser::new(), json!({"sub": "ada-1"})).await.reason(), "invalid_token");
    let failed = audit_of(&app, "sso").await.into_iter().filter(|(what, _)| what == "sso sign_in_failed");
    assert_eq!(failed.count(), 7);
    let users = app.get("/user/list").expect_status(200).await.value();
    assert_eq!(users["total"], 1, "only the first administrator: {users}");
}

#[tokio::test]
async fn a_provider_that_is_down_or_another_is_said_so() {
    let idp = FakeIdp::start();
    let app = start(&idp).await;
    let begin = format!("{}/sso/sign_in/acme", app.base);
    idp.set_flaw(Flaw::Down);
    assert_eq!(Browser::new().get(&begin).await.reason(), "provider_down");
    idp.set_flaw(Flaw::OtherIssuer);
    assert_eq!(Browser::new().get(&begin).await.reason(), "wrong_issuer");
    idp.set_flaw(Flaw::None);
    // It goes down while somebody is there.
    let browser = Browser::new();
    let begun = browser.get(&begin).await;
    let back = idp.sign_in(begun.leads_to(), ada(), app.app.clock.now());
    idp.set_flaw(Flaw::Down);
    assert_eq!(browser.get(&back).await.reason(), "provider_down");
    let unknown = format!("{}/sso/sign_in/nobody", app.base);
    assert_eq!(Browser::new().get(&unknown).await.reason(), "unknown_provider");
}

#[tokio::test]
async fn new_keys_are_found_and_not_asked_for_all_the_time() {
    let idp = FakeIdp::start();
    let app = start(&idp).await;
    go(&app, &idp, &Browser::new(), ada()).await.leads_to();
    assert_eq!(idp.key_reads(), 1);
    idp.change_key("two");
    // Keys that were read a moment ago are not read again, or anybody could have them read all the time.
    assert_eq!(go(&app, &idp, &Browser::new(), ada()).await.reason(), "invalid_token");
    assert_eq!(idp.key_reads(), 1);
    app.advance(Duration::from_secs(11));
    assert_eq!(go(&app, &idp, &Browser::new(), ada()).await.leads_to(), "/ui/keys");
    assert_eq!(idp.key_reads(), 2);
}

#[tokio::test]
async fn a_sign_in_belongs_to_one_browser_once_and_for_ten_minutes() {
    let idp = FakeIdp::start();
    let app = start(&idp).await;
    let begin = format!("{}/sso/sign_in/acme", app.base);
    let browser = Browser::new();
    let begun = browser.get(&begin).await;
    let cookie = begun.set_cookies[0].clone();
    for part in ["tollgate_sso_", "HttpOnly", "SameSite=Lax", "Path=/sso", "Max-Age=600"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let back = idp.sign_in(begun.leads_to(), ada(), app.app.clock.now());
    assert_eq!(Browser::new().get(&back).await.reason(), "unknown_state");
    assert_eq!(browser.get(&back).await.leads_to(), "/ui/");
    // The browser was told to forget it; one that did not is no better off.
    assert_eq!(browser.get(&back).await.reason(), "unknown_state");
    let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
    browser.keep(name, value);
    assert_eq!(browser.get(&back).await.reason(), "replayed");
    // A changed cookie is none.
    let (start, last) = value.split_at(value.len() - 1);
    let changed = format!("{start}{}", if last == "x" { "y" } else { "x" });
    browser.keep(name, &changed);
    assert_eq!(browser.get(&back).await.reason(), "unknown_state");

    let slow = Browser::new();
    let begun = slow.get(&begin).await;
    let back = idp.sign_in(begun.leads_to(), ada(), app.app.clock.now());
    app.advance(Duration::from_secs(601));
    assert_eq!(slow.get(&back).await.reason(), "expired");
    let nothing = format!("{}/sso/callback/acme", app.base);
    assert_eq!(Browser::new().get(&nothing).await.reason(), "unknown_state");
}

#[tokio::test]
async fn two_tabs_do_not_take_each_others_place() {
    let idp = FakeIdp::start();
    let app = start(&idp).await;
    let begin = format!("{}/sso/sign_in/acme", app.base);
    let browser = Browser::new();
    let (one, two) = (browser.get(&begin).await, browser.get(&begin).await);
    for begun in [one, two] {
        let back = idp.sign_in(begun.leads_to(), ada(), app.app.clock.now());
        assert_eq!(browser.get(&back).await.leads_to(), "/ui/");
    }
}

#[tokio::test]
async fn a_no_of_the_person_or_the_provider_is_told_as_such() {
    let idp = FakeIdp::start();
    let app = start(&idp).await;
    let state_of = |address: &str| {
        let address = reqwest::Url::parse(address).unwrap();
        address.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned()
    };
    for (said, reason) in [
        ("error=access_denied&error_description=User+said+no", "denied"),
        ("error=unauthorized_client", "client_refused"),
        ("error=server_error", "provider_down"),
        ("", "provider_down"),
        ("code=made-up", "expired"),
        ("code=c&iss=https://evil.test", "wrong_issuer"),
    ] {
        let browser = Browser::new();
        let begun = browser.get(&format!("{}/sso/sign_in/acme", app.base)).await;
        let state = state_of(begun.leads_to());
        let seen = browser.get(&format!("{}/sso/callback/acme?state={state}&{said}", app.base)).await;
        assert_eq!(seen.reason(), reason, "{said}");
        assert!(seen.body.is_empty(), "{}", seen.body);
    }
    // One provider's answer is not taken at another's address.
    let browser = Browser::new();
    let begun = browser.get(&format!("{}/sso/sign_in/acme", app.base)).await;
    let state = state_of(begun.leads_to());
    let seen = browser.get(&format!("{}/sso/callback?state={state}&code=c", app.base)).await;
    assert_eq!(seen.reason(), "wrong_issuer");
}

#[tokio::test]
async fn a_wrong_secret_is_told_as_such() {
    let idp = FakeIdp::start();
    let app = builder().start().await;
    add_provider(&app, &idp, json!({"client_secret": "not the secret"})).await;
    assert_eq!(go(&app, &idp, &Browser::new(), ada()).await.reason(), "client_refused");
}

#[tokio::test]
async fn only_allowed_domains_and_only_who_has_an_account_where_none_is_made() {
    let idp = FakeIdp::start();
    let app = builder().start().await;
    add_provider(&app, &idp, json!({"allowed_domains": ["acme.com"], "create_users": false})).await;
    let at = |email: &str| json!({"sub": "x", "email": email, "email_verified": true});
    for email in ["eve@evil.test", "eve@notacme.com", "eve@acme.com.evil.test"] {
        assert_eq!(go(&app, &idp, &Browser::new(), at(email)).await.reason(), "domain_not_allowed", "{email}");
    }
    idp.set_userinfo(json!({"sub": "x"}));
    assert_eq!(go(&app, &idp, &Browser::new(), json!({"sub": "x"})).await.reason(), "no_email");
    assert_eq!(go(&app, &idp, &Browser::new(), at("eve@acme.com")).await.reason(), "no_account");
    app.post("/user/new", json!({"user_email": "eve@acme.com", "auto_create_key": false})).expect_status(200).await;
    go(&app, &idp, &Browser::new(), at("eve@acme.com")).await.leads_to();
}

#[tokio::test]
async fn an_id_that_is_taken_is_not_taken_over() {
    let idp = FakeIdp::start();
    let app = builder().start().await;
    add_provider(&app, &idp, json!({"user_id_attribute": "preferred_username"})).await;
    for id in ["admin", "default_user_id"] {
        let mut claims = ada();
        claims["preferred_username"] = json!(id);
        assert_eq!(go(&app, &idp, &Browser::new(), claims).await.reason(), "two_accounts", "{id}");
    }
}
