//! Invitations: by letter or handed over, once, for a week.

use std::time::Duration;

use serde_json::{Value, json};
use tollgate_openapi::invitation::{InvitationAccepted, InvitationCreated, InvitationView};
use tollgate_openapi::session::{SessionView, UserRole};
use tollgate_openapi::user::{UserCreated, UserPage};

use super::{SECRET, audited, signed_in};
use crate::kit::{Client, Mailbox, TestApp};

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn invite(app: &TestApp, user_id: &str) -> InvitationCreated {
    app.post("/invitation/new", json!({"user_id": user_id})).expect_status(200).await.json()
}

async fn user(app: &TestApp, user_id: &str) {
    let body = json!({"user_id": user_id, "user_email": format!("{user_id}@corp.test"), "auto_create_key": false});
    app.post("/user/new", body).expect_status(200).await;
}

fn token(created: &InvitationCreated) -> String {
    created.invitation_link.as_ref().unwrap().split_once('#').unwrap().1.to_owned()
}

fn accepting(token: &str) -> Value {
    json!({"token": token, "password": SECRET})
}

#[tokio::test]
async fn a_letter_invites_and_its_link_signs_in_once() {
    let mailbox = Mailbox::start().await;
    let app = TestApp::builder().mailbox(&mailbox).start().await;
    let body = json!({"user_id": "ada", "user_email": "ada@corp.test", "send_invite_email": true,
                      "user_role": "proxy_admin_viewer", "auto_create_key": false});
    let made: UserCreated = app.post("/user/new", body).expect_status(200).await.json();
    let invitation = made.invitation.unwrap();
    assert_eq!((invitation.email_sent, invitation.invitation_link), (true, None));
    let letter = mailbox.letter(1).await;
    assert!(letter.to.contains("<ada@corp.test>") && letter.from.contains("<tollgate@corp.test>"), "{letter:?}");
    for part in ["Subject: You are invited to Tollgate", "text/plain", "text/html", &app.base] {
        assert!(letter.text.replace("=\r\n", "").contains(part), "{part}: {}", letter.text);
    }
    let token = letter.token();
    let stored = tollgate::db::invitation::find(&app.app.db, &invitation.invitation.id).await.unwrap().unwrap();
    assert_ne!(stored.token_hash, token);

    let short = app.nobody().post("/invitation/accept", json!({"token": token, "password": "short"}));
    assert_eq!(short.expect_status(400).await.error().1.as_deref(), Some("password"));
    let answer = app.nobody().post("/invitation/accept", accepting(&token)).expect_status(200).await;
    let session = answer.json::<InvitationAccepted>().session.unwrap();
    assert_eq!((session.user_role, session.method.as_str()), (UserRole::ProxyAdminViewer, "invitation"));
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    let ada = app.nobody().with_header("cookie", &cookie);
    assert_eq!(ada.get("/session/info").expect_status(200).await.json::<SessionView>(), session);
    app.sign_in("ada@corp.test", SECRET).await;
    let again = app.nobody().post("/invitation/accept", accepting(&token)).expect_status(400).await;
    assert_eq!(again.error().1.as_deref(), Some("token"));
    let shown = app.get(&format!("/invitation/info?invitation_id={}", stored.id)).expect_status(200).await;
    let shown: InvitationView = shown.json();
    assert!(shown.is_accepted && shown.accepted_at.is_some() && shown.updated_by == "ada");
    let actions: Vec<_> =
        audited(&app, "invitation").await.into_iter().map(|(action, actor, ..)| (action, actor)).collect();
    let expected = [("created", "default_user_id"), ("accepted", "ada")];
    assert_eq!(actions, expected.map(|(action, actor)| (action.to_owned(), actor.to_owned())));
}

#[tokio::test]
async fn without_e_mail_the_answer_carries_the_link() {
    let app = TestApp::start().await;
    user(&app, "ada").await;
    let created = invite(&app, "ada").await;
    assert!(!created.email_sent && !created.invitation.is_accepted);
    assert_eq!(created.invitation.expires_at - created.invitation.created_at, chrono::TimeDelta::days(7));
    let link = created.invitation_link.clone().unwrap();
    assert!(link.starts_with(&format!("{}/ui/invitation#", app.base)), "{link}");
    app.advance(DAY * 7 - Duration::from_secs(1));
    app.nobody().post("/invitation/accept", accepting(&token(&created))).expect_status(200).await;
}

#[tokio::test]
async fn a_link_ends_with_its_time_with_the_next_one_and_when_it_is_closed_or_deleted() {
    let app = TestApp::start().await;
    user(&app, "ada").await;
    let refused = async |created: &InvitationCreated| {
        app.nobody().post("/invitation/accept", accepting(&token(created))).expect_status(400).await;
    };
    let old = invite(&app, "ada").await;
    app.advance(DAY * 7);
    refused(&old).await;
    let (first, second) = (invite(&app, "ada").await, invite(&app, "ada").await);
    refused(&first).await;
    let body = json!({"invitation_id": second.invitation.id, "is_accepted": true});
    assert!(app.post("/invitation/update", &body).expect_status(200).await.json::<InvitationView>().is_accepted);
    refused(&second).await;
    let reopened = json!({"invitation_id": second.invitation.id, "is_accepted": false});
    app.post("/invitation/update", reopened).expect_status(400).await;
    let third = invite(&app, "ada").await;
    app.post("/invitation/delete", json!({"invitation_id": third.invitation.id})).expect_status(200).await;
    refused(&third).await;
    let fourth = invite(&app, "ada").await;
    app.post("/user/update", json!({"user_id": "ada", "blocked": true})).expect_status(200).await;
    refused(&fourth).await;
    app.post("/invitation/new", json!({"user_id": "ada"})).expect_status(400).await;
    app.post("/user/delete", json!({"user_ids": ["ada"]})).expect_status(200).await;
    refused(&fourth).await;
    for path in ["/invitation/delete", "/invitation/update"] {
        let mut body = json!({"invitation_id": fourth.invitation.id});
        if path.ends_with("update") {
            body["is_accepted"] = json!(true);
        }
        app.post(path, body).expect_status(404).await;
    }
}

#[tokio::test]
async fn of_two_who_accept_at_once_one_does() {
    let app = TestApp::start().await;
    user(&app, "ada").await;
    let token = token(&invite(&app, "ada").await);
    let accept = || app.nobody().post("/invitation/accept", accepting(&token)).send();
    let (one, other) = tokio::join!(accept(), accept());
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
}

#[tokio::test]
async fn only_who_manages_users_invites() {
    let app = TestApp::start().await;
    let ada = signed_in(&app, "ada", UserRole::InternalUser).await;
    ada.post("/invitation/new", json!({"user_id": "ada"})).expect_status(403).await;
    let created = invite(&app, "ada").await;
    let id = &created.invitation.id;
    ada.get(&format!("/invitation/info?invitation_id={id}")).expect_status(403).await;
    ada.post("/invitation/delete", json!({"invitation_id": id})).expect_status(403).await;
    app.post("/invitation/new", json!({"user_id": "nobody"})).expect_status(404).await;
    app.post("/user/new", json!({"send_invite_email": true})).expect_status(400).await;
    let elsewhere = app.nobody().with_header("sec-fetch-site", "cross-site");
    elsewhere.post("/invitation/accept", accepting(&token(&created))).expect_status(403).await;
}

#[tokio::test]
async fn a_letter_that_is_not_taken_is_sent_again() {
    let mailbox = Mailbox::start().await;
    mailbox.refuse(1);
    let app = TestApp::builder().mailbox(&mailbox).start().await;
    user(&app, "ada").await;
    assert!(invite(&app, "ada").await.email_sent);
    let token = mailbox.letter(1).await.token();
    app.nobody().post("/invitation/accept", accepting(&token)).expect_status(200).await;
    assert_eq!(mailbox.received().len(), 1);
}

#[tokio::test]
async fn letters_that_wait_are_sent_when_the_gateway_stops() {
    let mailbox = Mailbox::start().await;
    let app = TestApp::builder().mailbox(&mailbox).start().await;
    for name in ["ada", "bob", "cyd"] {
        user(&app, name).await;
        invite(&app, name).await;
    }
    app.stop().await;
    assert_eq!(mailbox.received().len(), 3);
}

#[tokio::test]
async fn a_server_that_does_not_encrypt_gets_neither_password_nor_letter() {
    let mailbox = Mailbox::start().await;
    let app = TestApp::builder().mailbox(&mailbox).encrypted_mail().start().await;
    user(&app, "ada").await;
    assert!(invite(&app, "ada").await.email_sent);
    // What waits is tried once more at the end.
    app.stop().await;
    let (came, tried_to_sign_in) = mailbox.visits();
    assert!(came > 0);
    assert_eq!((tried_to_sign_in, mailbox.received().len()), (0, 0));
}

/// Ada administers acme, with Bob, who is only there.
async fn organization(app: &TestApp) -> Client {
    app.post("/organization/new", json!({"organization_id": "acme", "organization_alias": "Acme"}))
        .expect_status(200)
        .await;
    let ada = signed_in(app, "ada", UserRole::InternalUser).await;
    let member = json!({"organization_id": "acme", "member": {"user_id": "ada", "role": "org_admin"}});
    app.post("/organization/member_add", member).expect_status(200).await;
    let member = json!({"organization_id": "acme", "member": {"user_email": "bob@corp.test", "role": "internal_user"}});
    ada.post("/organization/member_add", member).expect_status(200).await;
    ada
}

async fn id_of(app: &TestApp, email: &str) -> String {
    let found: UserPage = app.get(&format!("/user/list?user_email={email}")).expect_status(200).await.json();
    found.users[0].user_id.clone()
}

#[tokio::test]
async fn an_organizations_administrator_invites_by_letter_who_is_only_there() {
    let mailbox = Mailbox::start().await;
    let app = TestApp::builder().mailbox(&mailbox).start().await;
    let ada = organization(&app).await;
    let bob = id_of(&app, "bob@corp.test").await;
    let invited: InvitationCreated =
        ada.post("/invitation/new", json!({"user_id": bob})).expect_status(200).await.json();
    assert_eq!((invited.email_sent, invited.invitation_link), (true, None));
    let token = mailbox.letter(1).await.token();
    app.nobody().post("/invitation/accept", accepting(&token)).expect_status(200).await;
    // Bob has an account now, and nobody else sets its password.
    let refused = ada.post("/invitation/new", json!({"user_id": bob})).expect_status(403).await;
    assert!(refused.error().2.contains("has signed in before"), "{refused:?}");
}

#[tokio::test]
async fn an_organizations_administrator_invites_nobody_elses() {
    let mailbox = Mailbox::start().await;
    let app = TestApp::builder().mailbox(&mailbox).start().await;
    let ada = organization(&app).await;
    let add = async |name: &str, role: &str| {
        user(&app, name).await;
        app.post("/user/update", json!({"user_id": name, "user_role": role})).expect_status(200).await;
        let member = json!({"organization_id": "acme", "member": {"user_id": name, "role": "internal_user"}});
        app.post("/organization/member_add", member).expect_status(200).await;
    };
    add("root", "proxy_admin").await;
    add("both", "internal_user").await;
    app.post("/organization/new", json!({"organization_id": "other", "organization_alias": "Other"}))
        .expect_status(200)
        .await;
    let member = json!({"organization_id": "other", "member": {"user_id": "both", "role": "internal_user"}});
    app.post("/organization/member_add", member).expect_status(200).await;
    add("outside", "internal_user").await;
    app.post("/team/new", json!({"team_id": "free", "members": ["outside"]})).expect_status(200).await;
    for name in ["root", "both", "outside"] {
        let refused = ada.post("/invitation/new", json!({"user_id": name})).expect_status(403).await;
        assert!(refused.error().2.contains("not only of your organizations"), "{refused:?}");
    }
    user(&app, "stranger").await;
    for name in ["stranger", "nobody"] {
        ada.post("/invitation/new", json!({"user_id": name})).expect_status(404).await;
    }
    ada.post("/invitation/new", json!({"user_id": "ada"})).expect_status(403).await;
    let bob = signed_in(&app, "eve", UserRole::InternalUser).await;
    bob.post("/invitation/new", json!({"user_id": "ada"})).expect_status(404).await;
}

#[tokio::test]
async fn without_e_mail_an_organizations_administrator_has_no_link() {
    let app = TestApp::start().await;
    let ada = organization(&app).await;
    let bob = id_of(&app, "bob@corp.test").await;
    let refused = ada.post("/invitation/new", json!({"user_id": bob})).expect_status(400).await;
    assert!(refused.error().2.contains("no e-mail can be sent here"), "{refused:?}");
    let member = json!({"organization_id": "acme", "member": {"user_id": "quiet", "role": "internal_user"}});
    app.post("/user/new", json!({"user_id": "quiet", "auto_create_key": false})).expect_status(200).await;
    app.post("/organization/member_add", member).expect_status(200).await;
    let refused = ada.post("/invitation/new", json!({"user_id": "quiet"})).expect_status(400).await;
    assert!(refused.error().2.contains("no e-mail address"), "{refused:?}");
}
