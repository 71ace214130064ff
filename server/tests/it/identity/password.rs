//! Passwords: what they must be, changing them, and how they are kept.

use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};
use serde_json::json;
use tollgate::db;
use tollgate_openapi::session::UserRole;

use super::{SECRET, audited, signed_in};
use crate::kit::{Mailbox, TestApp};

#[tokio::test]
async fn what_is_short_or_easily_guessed_is_refused_wherever_a_password_is_set() {
    let app = TestApp::start().await;
    let ada = signed_in(&app, "ada", UserRole::InternalUser).await;
    for (secret, why) in [("shorter", "at least 12"), ("password1234", "too easy"), ("ada@example.com", "too easy")] {
        let made = json!({"user_id": "bob", "user_email": "ada@example.com", "password": secret});
        let updated = json!({"user_id": "ada", "user_email": "ada@example.com", "password": secret});
        let changed = json!({"current_password": SECRET, "new_password": secret});
        for (client, path, body, field) in [
            (&*app, "/user/new", made, "password"),
            (&*app, "/user/update", updated, "password"),
            (&ada, "/user/password/change", changed, "new_password"),
        ] {
            let (_, param, message) = client.post(path, body).expect_status(400).await.error();
            assert_eq!(param.as_deref(), Some(field));
            assert!(message.contains(why), "{message}");
        }
    }
    app.sign_in("ada", SECRET).await;
}

#[tokio::test]
async fn the_shortest_password_is_a_matter_of_settings() {
    let app = TestApp::builder().config("tollgate_settings:\n  password_min_chars: 20\n").start().await;
    let refused = app.post("/user/new", json!({"password": "six oars, one pier"})).expect_status(400).await.error();
    assert!(refused.2.contains("at least 20"), "{}", refused.2);
}

#[tokio::test]
async fn changing_it_needs_the_current_one_and_ends_other_sessions() {
    let app = TestApp::start().await;
    let ada = signed_in(&app, "ada", UserRole::InternalUserViewer).await;
    let elsewhere = app.sign_in("ada", SECRET).await;
    let change = |current: &str| json!({"current_password": current, "new_password": "six oars, one old pier"});
    let wrong = ada.post("/user/password/change", change("duchess")).expect_status(400).await;
    assert_eq!(wrong.error().1.as_deref(), Some("current_password"));
    let changed = ada.post("/user/password/change", change(SECRET)).expect_status(200).await;
    assert_eq!(changed.value()["revoked"], 1);
    elsewhere.get("/session/info").expect_status(401).await;
    ada.get("/session/info").expect_status(200).await;
    app.nobody().try_sign_in("ada", SECRET).expect_status(401).await;
    app.sign_in("ada", "six oars, one old pier").await;
    let entry = ("changed".to_owned(), "ada".to_owned(), "ada".to_owned(), None);
    assert_eq!(audited(&app, "password").await, [entry]);
    // Keys have no password, and UI_USERNAME's is not kept here.
    app.post("/user/password/change", change(SECRET)).expect_status(403).await;
    let environment = app.sign_in("admin", crate::kit::MASTER_KEY).await;
    environment.post("/user/password/change", change(SECRET)).expect_status(403).await;
}

#[tokio::test]
async fn guessing_the_current_password_is_throttled() {
    let app = TestApp::start().await;
    let ada = signed_in(&app, "ada", UserRole::InternalUser).await;
    let body = json!({"current_password": "guess", "new_password": "six oars, one old pier"});
    for _ in 0..10 {
        ada.post("/user/password/change", &body).expect_status(400).await;
    }
    let refused = ada.post("/user/password/change", &body).expect_status(429).await;
    assert!(refused.has_header("retry-after"));
}

#[tokio::test]
async fn a_hash_of_former_parameters_is_renewed_at_sign_in() {
    let app = TestApp::start().await;
    signed_in(&app, "ada", UserRole::InternalUser).await;
    let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8192, 1, 1, None).unwrap());
    let hash = weak.hash_password(SECRET.as_bytes()).unwrap().to_string();
    let user = db::user::find(&app.app.db, "ada").await.unwrap().unwrap();
    let mut user = user.into_active_model();
    user.password_hash = Set(Some(hash.clone()));
    user.update(&app.app.db).await.unwrap();
    app.nobody().try_sign_in("ada", "a wrong password").expect_status(401).await;
    let stored = async || db::user::find(&app.app.db, "ada").await.unwrap().unwrap().password_hash.unwrap();
    assert_eq!(stored().await, hash);
    app.sign_in("ada", SECRET).await;
    assert!(stored().await.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", stored().await);
    app.sign_in("ada", SECRET).await;
}

#[tokio::test]
async fn a_letter_sets_a_forgotten_password_once() {
    let mailbox = Mailbox::start().await;
    let app = TestApp::builder().mailbox(&mailbox).start().await;
    let ada = signed_in(&app, "ada", UserRole::InternalUser).await;
    let forgot = |address: &str| app.nobody().post("/user/password/forgot", json!({"user_email": address}));
    let unknown = forgot("nobody@example.com").expect_status(200).await;
    let known = forgot("Ada@example.com").expect_status(200).await;
    assert_eq!(known.body(), unknown.body());
    let letter = mailbox.letter(1).await;
    assert!(letter.to.contains("<ada@example.com>"), "{letter:?}");
    // Nothing has happened yet.
    ada.get("/session/info").expect_status(200).await;

    let body = |secret: &str| json!({"token": letter.token(), "password": secret});
    app.nobody().post("/user/password/reset", body("password1234")).expect_status(400).await;
    let reset = app.nobody().post("/user/password/reset", body("six oars, one old pier")).expect_status(200).await;
    assert_eq!(reset.value()["revoked"], 1);
    assert!(!reset.has_header("set-cookie"));
    ada.get("/session/info").expect_status(401).await;
    app.nobody().try_sign_in("ada", SECRET).expect_status(401).await;
    app.sign_in("ada", "six oars, one old pier").await;
    let again = app.nobody().post("/user/password/reset", body("another old pier, far")).expect_status(400).await;
    assert_eq!(again.error().1.as_deref(), Some("token"));
    let notice = mailbox.letter(2).await;
    assert!(notice.text.contains("Your Tollgate account has changed"), "{notice:?}");
    let actions: Vec<_> =
        audited(&app, "password").await.into_iter().map(|(action, actor, id, _)| (action, actor, id)).collect();
    let expected = [("forgotten", "", "ada"), ("reset", "ada", "ada")];
    assert_eq!(actions, expected.map(|(action, actor, id)| (action.to_owned(), actor.to_owned(), id.to_owned())));
}

#[tokio::test]
async fn a_letters_link_ends_with_its_hour_and_with_any_other_change() {
    let mailbox = Mailbox::start().await;
    let app = TestApp::builder().mailbox(&mailbox).start().await;
    let ada = signed_in(&app, "ada", UserRole::InternalUser).await;
    let mut letters = 0;
    let mut link = async || {
        let body = json!({"user_email": "ada@example.com"});
        app.nobody().post("/user/password/forgot", body).expect_status(200).await;
        letters += 1;
        // Each change of a password is told in a letter, too.
        loop {
            let letter = mailbox.letter(letters).await;
            if letter.text.contains("Set a new password for Tollgate") {
                return letter.token();
            }
            letters += 1;
        }
    };
    let refused = async |token: String| {
        let body = json!({"token": token, "password": "six oars, one old pier"});
        app.nobody().post("/user/password/reset", body).expect_status(400).await;
    };
    let old = link().await;
    app.advance(std::time::Duration::from_secs(3600));
    refused(old).await;
    let (first, second) = (link().await, link().await);
    refused(first).await;
    let change = json!({"current_password": SECRET, "new_password": "an older pier, one oar"});
    ada.post("/user/password/change", change).expect_status(200).await;
    refused(second).await;
    let third = link().await;
    app.post("/user/update", json!({"user_id": "ada", "password": SECRET})).expect_status(200).await;
    refused(third).await;
    let fourth = link().await;
    app.post("/user/update", json!({"user_id": "ada", "blocked": true})).expect_status(200).await;
    refused(fourth).await;
}

#[tokio::test]
async fn who_has_no_password_gets_no_letter_and_letters_are_throttled() {
    let mailbox = Mailbox::start().await;
    let app = TestApp::builder().mailbox(&mailbox).start().await;
    app.post("/user/new", json!({"user_id": "sso", "user_email": "sso@example.com"})).expect_status(200).await;
    signed_in(&app, "ada", UserRole::InternalUser).await;
    let forgot = |address: &str| app.nobody().post("/user/password/forgot", json!({"user_email": address}));
    forgot("sso@example.com").expect_status(200).await;
    for _ in 0..10 {
        forgot("ada@example.com").expect_status(200).await;
    }
    assert!(forgot("ada@example.com").expect_status(429).await.has_header("retry-after"));
    for n in 1..=10 {
        assert!(mailbox.letter(n).await.to.contains("ada@example.com"));
    }
    // Nobody is kept out of their account by it.
    app.sign_in("ada", SECRET).await;
    let bad = app.nobody().post("/user/password/forgot", json!({"user_email": "ada"})).expect_status(400).await;
    assert_eq!(bad.error().1.as_deref(), Some("user_email"));
    let elsewhere = app.nobody().with_header("sec-fetch-site", "cross-site");
    elsewhere.post("/user/password/forgot", json!({"user_email": "ada@example.com"})).expect_status(403).await;
}
