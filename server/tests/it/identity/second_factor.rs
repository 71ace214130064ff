//! Second factors: from the first code to the last.

use std::time::Duration;

use serde_json::{Value, json};
use tollgate_openapi::second_factor::{SecondFactorConfirmed, SecondFactorCreated, SecondFactorView};
use tollgate_openapi::session::{SessionView, UserRole};
use totp_rs::{Algorithm, Builder, Secret};

use super::{SECRET, audited, signed_in};
use crate::kit::{Call, Client, Mailbox, TestApp};

/// How long a code is shown.
const STEP: Duration = Duration::from_secs(30);

/// What the app of somebody's phone shows now.
fn code(app: &TestApp, secret: &str) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let totp = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_secret(secret).build().unwrap();
    totp.generate(app.app.clock.now().timestamp().try_into().unwrap()).to_string()
}

fn try_code(app: &TestApp, username: &str, code: &str) -> Call {
    app.nobody().post("/session/new", json!({"username": username, "password": SECRET, "code": code}))
}

/// Gives the user of this browser a second factor: its secret and the recovery codes.
async fn enrol(app: &TestApp, browser: &Client) -> (String, Vec<String>) {
    let begun = browser.post("/second_factor/new", json!({"password": SECRET})).expect_status(200).await;
    let secret = begun.json::<SecondFactorCreated>().secret;
    let confirmed =
        browser.post("/second_factor/confirm", json!({"code": code(app, &secret)})).expect_status(200).await;
    (secret, confirmed.json::<SecondFactorConfirmed>().recovery_codes)
}

async fn view(browser: &Client, query: &str) -> SecondFactorView {
    browser.get(&format!("/second_factor/info{query}")).expect_status(200).await.json()
}

#[tokio::test]
async fn it_is_asked_for_once_it_is_confirmed_and_each_code_counts_once() {
    let app = TestApp::start().await;
    let ada = signed_in(&app, "ada", UserRole::InternalUser).await;
    let elsewhere = app.sign_in("ada", SECRET).await;
    let wrong = ada.post("/second_factor/new", json!({"password": "guess"})).expect_status(400).await;
    assert_eq!(wrong.error().1.as_deref(), Some("password"));
    ada.post("/second_factor/confirm", json!({"code": "123456"})).expect_status(400).await;
    let begun = ada.post("/second_factor/new", json!({"password": SECRET})).expect_status(200).await;
    assert_eq!(begun.header("cache-control"), "no-store");
    let begun: SecondFactorCreated = begun.json();
    assert!(begun.url.starts_with("otpauth://totp/Tollgate:ada%40example%2Ecom?secret="), "{}", begun.url);
    assert!(begun.qr_svg.contains("<svg") && begun.url.contains(&begun.secret));
    // Not confirmed: nobody is asked for it, and nobody is kept out.
    app.sign_in("ada", SECRET).await;
    assert!(!view(&ada, "").await.is_on);
    let wrong = ada.post("/second_factor/confirm", json!({"code": "000000"})).expect_status(400).await;
    assert_eq!(wrong.error().1.as_deref(), Some("code"));
    let first = code(&app, &begun.secret);
    let confirmed = ada.post("/second_factor/confirm", json!({"code": first})).expect_status(200).await;
    assert_eq!(confirmed.json::<SecondFactorConfirmed>().recovery_codes.len(), 10);
    elsewhere.get("/session/info").expect_status(401).await;
    ada.get("/session/info").expect_status(200).await;
    let shown = view(&ada, "").await;
    assert_eq!((shown.is_on, shown.recovery_codes_left), (true, 10));
    ada.post("/second_factor/new", json!({"password": SECRET})).expect_status(400).await;

    let asked = app.nobody().try_sign_in("ada", SECRET).expect_status(401).await.error();
    assert_eq!(asked.0, "second_factor_required");
    // The code that confirmed it was seen already.
    assert_eq!(try_code(&app, "ada", &first).expect_status(401).await.error().0, "second_factor_wrong");
    app.advance(STEP);
    let second = code(&app, &begun.secret);
    try_code(&app, "ada", &format!("{} {}", &second[..3], &second[3..])).expect_status(200).await;
    try_code(&app, "ada", &second).expect_status(401).await;
    app.advance(STEP);
    try_code(&app, "ada", &second).expect_status(401).await;
    try_code(&app, "ada", &code(&app, &begun.secret)).expect_status(200).await;
    // A right code does not make a wrong password right.
    app.advance(STEP);
    let body = json!({"username": "ada", "password": "guess", "code": code(&app, &begun.secret)});
    assert_eq!(app.nobody().post("/session/new", body).expect_status(401).await.error().0, "auth_error");
}

#[tokio::test]
async fn of_two_who_show_one_code_at_once_one_comes_in() {
    let app = TestApp::start().await;
    let ada = signed_in(&app, "ada", UserRole::InternalUser).await;
    let (secret, _) = enrol(&app, &ada).await;
    app.advance(STEP);
    let code = code(&app, &secret);
    let (one, other) = tokio::join!(try_code(&app, "ada", &code).send(), try_code(&app, "ada", &code).send());
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
}

#[tokio::test]
async fn a_recovery_code_signs_in_once() {
    let app = TestApp::start().await;
    let ada = signed_in(&app, "ada", UserRole::InternalUser).await;
    let (_, codes) = enrol(&app, &ada).await;
    try_code(&app, "ada", &codes[0].to_uppercase()).expect_status(200).await;
    try_code(&app, "ada", &codes[0]).expect_status(401).await;
    try_code(&app, "ada", &codes[9].replace('-', "")).expect_status(200).await;
    assert_eq!(view(&ada, "").await.recovery_codes_left, 8);
    let stored = tollgate::db::second_factor::find(&app.app.db, "ada").await.unwrap().unwrap();
    assert!(!stored.recovery_hashes.0.iter().any(|hash| codes.contains(hash)));
}

#[tokio::test]
async fn other_recovery_codes_take_the_place_of_those_before() {
    let mailbox = Mailbox::start().await;
    let app = TestApp::builder().mailbox(&mailbox).start().await;
    let ada = signed_in(&app, "ada", UserRole::InternalUser).await;
    let path = "/second_factor/recovery_codes/new";
    ada.post(path, json!({"password": SECRET})).expect_status(404).await;
    // Begun and not confirmed: nobody is asked for it.
    ada.post("/second_factor/new", json!({"password": SECRET})).expect_status(200).await;
    ada.post(path, json!({"password": SECRET})).expect_status(404).await;
    let (_, before) = enrol(&app, &ada).await;
    mailbox.letter(1).await;

    let wrong = ada.post(path, json!({"password": "guess"})).expect_status(400).await;
    assert_eq!(wrong.error().1.as_deref(), Some("password"));
    try_code(&app, "ada", &before[0]).expect_status(200).await;
    let made = ada.post(path, json!({"password": SECRET})).expect_status(200).await;
    assert_eq!(made.header("cache-control"), "no-store");
    let after = made.json::<SecondFactorConfirmed>().recovery_codes;
    assert_eq!((after.len(), view(&ada, "").await.recovery_codes_left), (10, 10));
    try_code(&app, "ada", &before[1]).expect_status(401).await;
    try_code(&app, "ada", &after[0]).expect_status(200).await;
    assert!(mailbox.letter(2).await.text.contains("recovery codes"));
    let actions: Vec<_> = audited(&app, "second_factor").await.into_iter().map(|(action, ..)| action).collect();
    assert_eq!(actions.last().map(String::as_str), Some("recovery_codes_created"));
}

#[tokio::test]
async fn guessing_codes_is_throttled_and_leaves_a_trace() {
    let app = TestApp::start().await;
    let ada = signed_in(&app, "ada", UserRole::InternalUser).await;
    let (secret, _) = enrol(&app, &ada).await;
    // Showing the password alone in between does not begin the count anew.
    for n in 0..5 {
        try_code(&app, "ada", &format!("00000{n}")).expect_status(401).await;
        app.nobody().try_sign_in("ada", SECRET).expect_status(401).await;
    }
    app.advance(STEP);
    try_code(&app, "ada", &code(&app, &secret)).expect_status(429).await;
    app.advance(Duration::from_secs(300));
    try_code(&app, "ada", &code(&app, &secret)).expect_status(200).await;
    let failures = audited(&app, "session").await;
    assert_eq!(failures.iter().filter(|(action, ..)| action == "second_factor_failed").count(), 5);
}

#[tokio::test]
async fn its_owner_removes_it_with_the_password_and_an_administrator_resets_it() {
    let mailbox = Mailbox::start().await;
    let app = TestApp::builder().mailbox(&mailbox).start().await;
    let ada = signed_in(&app, "ada", UserRole::InternalUser).await;
    enrol(&app, &ada).await;
    assert!(mailbox.letter(1).await.text.contains("second factor"));
    ada.post("/second_factor/delete", json!({"password": "guess"})).expect_status(400).await;
    for body in [json!({}), json!({"password": SECRET, "user_id": "ada"})] {
        ada.post("/second_factor/delete", body).expect_status(400).await;
    }
    ada.post("/second_factor/delete", json!({"password": SECRET})).expect_status(200).await;
    ada.post("/second_factor/delete", json!({"password": SECRET})).expect_status(404).await;
    app.sign_in("ada", SECRET).await;

    enrol(&app, &ada).await;
    let eve = signed_in(&app, "eve", UserRole::InternalUser).await;
    eve.post("/second_factor/delete", json!({"user_id": "ada"})).expect_status(403).await;
    eve.get("/second_factor/info?user_id=ada").expect_status(403).await;
    assert!(view(&app, "?user_id=ada").await.is_on);
    app.get("/second_factor/info?user_id=nobody").expect_status(404).await;
    app.post("/second_factor/delete", json!({"user_id": "ada"})).expect_status(200).await;
    ada.get("/session/info").expect_status(401).await;
    app.sign_in("ada", SECRET).await;
    let actions: Vec<_> = audited(&app, "second_factor").await.into_iter().map(|(action, ..)| action).collect();
    assert_eq!(actions, ["created", "confirmed", "deleted", "created", "confirmed", "reset"]);
}

#[tokio::test]
async fn administrators_can_be_made_to_have_one() {
    let config = "tollgate_settings:\n  require_second_factor_of_admins: true\n";
    let app = TestApp::builder().config(config).start().await;
    let root = signed_in(&app, "root", UserRole::ProxyAdmin).await;
    assert!(root.get("/session/info").expect_status(200).await.json::<SessionView>().needs_second_factor);
    for path in ["/key/list", "/user/list", "/spend/logs", "/audit"] {
        assert_eq!(root.get(path).expect_status(403).await.error().0, "second_factor_required", "{path}");
    }
    root.post("/key/generate", json!({})).expect_status(403).await;
    root.post("/access_token/new", json!({"name": "x"})).expect_status(403).await;
    assert!(view(&root, "").await.is_required);
    let (secret, _) = enrol(&app, &root).await;
    root.get("/key/list").expect_status(200).await;
    assert!(!root.get("/session/info").expect_status(200).await.json::<SessionView>().needs_second_factor);
    root.post("/second_factor/delete", json!({"password": SECRET})).expect_status(403).await;
    app.advance(STEP);
    try_code(&app, "root", &code(&app, &secret)).expect_status(200).await;
    // Others need none, and the master key has none.
    let ada = signed_in(&app, "ada", UserRole::InternalUser).await;
    ada.get("/key/list").expect_status(200).await;
    app.get("/key/list").expect_status(200).await;
}

#[tokio::test]
async fn an_invitation_and_a_reset_do_not_stand_in_for_it() {
    let mailbox = Mailbox::start().await;
    let app = TestApp::builder().mailbox(&mailbox).start().await;
    let ada = signed_in(&app, "ada", UserRole::InternalUser).await;
    enrol(&app, &ada).await;
    mailbox.letter(1).await;
    app.post("/invitation/new", json!({"user_id": "ada"})).expect_status(200).await;
    let token = mailbox.letter(2).await.token();
    let accepted = app.nobody().post("/invitation/accept", json!({"token": token, "password": SECRET}));
    let accepted = accepted.expect_status(200).await;
    assert_eq!(accepted.value()["session"], Value::Null);
    assert!(!accepted.has_header("set-cookie"));
    app.nobody().try_sign_in("ada", SECRET).expect_status(401).await;
}

#[tokio::test]
async fn who_signs_in_elsewhere_has_none_here() {
    let app = TestApp::start().await;
    let environment = app.sign_in("admin", crate::kit::MASTER_KEY).await;
    environment.post("/second_factor/new", json!({"password": "x"})).expect_status(403).await;
    app.post("/second_factor/new", json!({"password": "x"})).expect_status(403).await;
}
