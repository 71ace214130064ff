//! Who reads a report, and what it tells them.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};
use tollgate::db::report_run::{self, Model as Run};
use tollgate_openapi::session::UserRole;

use super::{ended, runs, save, spend};
use crate::kit::{Client, MASTER_KEY, Mailbox, TestApp};
use crate::session::add_user;

async fn file(client: &Client, report: &Value) -> String {
    let path = format!("/spend/report/file?report_id={}&day=2026-11-18", report["report_id"].as_str().unwrap());
    client.get(&path).expect_status(200).await.body().to_owned()
}

/// Lead of "search", a colleague there, and a stranger.
async fn people(app: &TestApp) -> [Client; 3] {
    app.post("/team/new", json!({"team_id": "search"})).expect_status(200).await;
    for (name, role) in [("lead", Some("admin")), ("colleague", Some("user")), ("stranger", None)] {
        add_user(app, name, Some(&format!("{name}@corp.test")), UserRole::InternalUser, name).await;
        if let Some(role) = role {
            let member = json!({"team_id": "search", "member": {"user_id": name, "role": role}});
            app.post("/team/member_add", member).expect_status(200).await;
        }
    }
    [
        app.sign_in("lead", "lead").await,
        app.sign_in("colleague", "colleague").await,
        app.sign_in("stranger", "stranger").await,
    ]
}

#[tokio::test]
async fn a_shared_report_tells_each_reader_what_they_may_see() {
    let app = TestApp::start().await;
    spend(&app, &["2026-11-17"]).await;
    let [lead, colleague, stranger] = people(&app).await;
    let report = json!({"name": "Teams", "period": "week", "group_by": "team", "team_id": "search"});
    let report = save(&app, report).await;
    let whole = file(&app, &report).await;
    assert!(whole.contains("shop,") && whole.contains("search,"), "{whole}");
    let of_lead = file(&lead, &report).await;
    assert!(!of_lead.contains("shop") && of_lead.contains("search,,2,"), "{of_lead}");
    assert_eq!(file(&colleague, &report).await.lines().count(), 1, "nothing of it is the colleague's");
    let id = json!({"report_id": report["report_id"]});
    let info = format!("/spend/report/info?report_id={}", report["report_id"].as_str().unwrap());
    stranger.get(&info).expect_status(404).await;
    stranger.post("/spend/report/delete", &id).expect_status(404).await;
    assert_eq!(stranger.get("/spend/report/list").expect_status(200).await.value()["reports"], json!([]));
    assert_eq!(lead.get("/spend/report/list").expect_status(200).await.value()["reports"][0]["name"], "Teams");
    // Nor where it goes: that is its owner's.
    let stored = json!({"report_id": report["report_id"], "channel_ids": []});
    app.post("/spend/report/update", stored).expect_status(200).await;
    let seen = lead.get(&info).expect_status(200).await.value();
    assert_eq!((&seen["report"]["email_to"], &seen["report"]["user_id"]), (&json!([]), &json!("default_user_id")));
    // Reading is not writing.
    for client in [&lead, &colleague] {
        client.post("/spend/report/delete", &id).expect_status(403).await;
        client.post("/spend/report/run", &id).expect_status(403).await;
        let change = json!({"report_id": report["report_id"], "email_to": ["lead@corp.test"]});
        client.post("/spend/report/update", change).expect_status(403).await;
    }
    app.post("/team/delete", json!({"team_ids": ["search"]})).expect_status(200).await;
    lead.get(&info).expect_status(404).await;
}

#[tokio::test]
async fn a_lead_has_it_sent_to_the_team_and_nobody_else() {
    let mailbox = Mailbox::start().await;
    let app = TestApp::builder().mailbox(&mailbox).start().await;
    spend(&app, &["2026-11-17"]).await;
    let [lead, _, _] = people(&app).await;
    let report = |to: Value| json!({"name": "Mine", "period": "week", "group_by": "team", "email_to": to});
    for other in ["stranger@corp.test", "unknown@corp.test"] {
        let refused = lead.post("/spend/report/new", report(json!([other]))).expect_status(400).await;
        assert!(refused.error().2.contains("your own address"), "{}", refused.body());
    }
    lead.post("/spend/report/new", json!({"name": "x", "period": "week", "is_stored": true})).expect_status(403).await;
    let shared = json!({"name": "x", "period": "week", "team_id": "other"});
    lead.post("/spend/report/new", shared).expect_status(404).await;
    let to = json!(["Lead@corp.test", "colleague@corp.test"]);
    let report = lead.post("/spend/report/new", report(to)).expect_status(200).await.value();

    // An administrator may change it; it goes on telling what its owner may see.
    let change = json!({"report_id": report["report_id"], "email_to": ["lead@corp.test", "cfo@corp.test"]});
    let changed = app.post("/spend/report/update", change).expect_status(200).await.value();
    assert_eq!((&changed["user_id"], &changed["updated_by"]), (&json!("lead"), &json!("default_user_id")));
    app.advance(super::HOUR * 37);
    assert_eq!(ended(&app, &report["report_id"]).await["state"], "sent");
    let letters = [mailbox.letter(1).await, mailbox.letter(2).await];
    for letter in &letters {
        let text = letter.text.replace("=\r\n", "");
        assert!(text.contains("search") && !text.contains("shop"), "{text}");
    }
    assert!(letters[0].to.contains("lead@corp.test") && letters[1].to.contains("cfo@corp.test"));
}

#[tokio::test]
async fn a_report_ends_with_its_owner() {
    let mailbox = Mailbox::start().await;
    let app = TestApp::builder().mailbox(&mailbox).start().await;
    let [lead, ..] = people(&app).await;
    let report = json!({"name": "Mine", "period": "week", "email_to": ["lead@corp.test"]});
    let report = lead.post("/spend/report/new", report).expect_status(200).await.value();
    app.post("/user/update", json!({"user_id": "lead", "blocked": true})).expect_status(200).await;
    app.post("/spend/report/run", json!({"report_id": report["report_id"]})).expect_status(200).await;
    let run = ended(&app, &report["report_id"]).await;
    assert_eq!(run["state"], "failed");
    assert!(run["error"].as_str().unwrap().contains("owner is blocked or gone"), "{run}");
    assert_eq!(mailbox.received().len(), 0);
    app.post("/user/delete", json!({"user_ids": ["lead"]})).expect_status(200).await;
    assert_eq!(app.get("/spend/report/list").expect_status(200).await.value()["reports"], json!([]));
}

#[tokio::test]
async fn who_saw_an_older_version_changes_nothing() {
    let app = TestApp::start().await;
    let report = save(&app, json!({"name": "First", "period": "week"})).await;
    let etag = format!("\"{}\"", report["updated_at"].as_str().unwrap());
    app.advance(super::HOUR);
    let change = |name: &str| json!({"report_id": report["report_id"], "name": name, "then_by": "model"});
    app.post("/spend/report/update", change("Second")).expect_status(200).await;
    let stale = app.bearer(MASTER_KEY).with_header("if-match", &etag);
    stale.post("/spend/report/update", change("Third")).expect_status(412).await;
    let list = app.get("/spend/report/list").expect_status(200).await.value();
    assert_eq!((&list["reports"][0]["name"], &list["reports"][0]["then_by"]), (&json!("Second"), &json!("model")));
    let audit = app.get("/audit?table_name=report").expect_status(200).await.value();
    assert_eq!(audit["total"], 2, "{audit}");
}

/// What is said of a run that was not taken everywhere.
async fn complaint(app: &TestApp, report: &Value) -> String {
    let look = async {
        loop {
            if let Some(error) = runs(app, &report["report_id"]).await[0]["error"].as_str() {
                return error.to_owned();
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), look).await.expect("nothing is said")
}

#[tokio::test]
async fn nothing_is_sent_where_its_owner_may_not_have_it_sent_any_more() {
    let mailbox = Mailbox::start().await;
    let app = TestApp::builder().mailbox(&mailbox).start().await;
    let [lead, ..] = people(&app).await;
    let channel = json!({"name": "Team", "kind": "email", "email_to": ["ops@corp.test"], "team_id": "search"});
    let channel = lead.post("/alert/channel/new", channel).expect_status(200).await.value();
    let report = json!({"name": "Mine", "period": "week", "email_to": ["lead@corp.test", "colleague@corp.test"],
        "channel_ids": [channel["channel_id"]]});
    let report = lead.post("/spend/report/new", report).expect_status(200).await.value();
    let id = &report["report_id"];
    // What an administrator chose stays chosen, also when its owner changes something else.
    let to_all = json!(["lead@corp.test", "colleague@corp.test", "cfo@corp.test"]);
    app.post("/spend/report/update", json!({"report_id": id, "email_to": to_all})).expect_status(200).await;
    lead.post("/spend/report/update", json!({"report_id": id, "name": "Ours"})).expect_status(200).await;
    let role = |role: &str| json!({"team_id": "search", "user_id": "lead", "role": role});
    app.post("/team/member_update", role("user")).expect_status(200).await;
    app.post("/spend/report/run", json!({"report_id": id})).expect_status(200).await;
    let run = ended(&app, id).await;
    assert_eq!(run["state"], "failed");
    let said = run["error"].as_str().unwrap();
    for place in ["colleague@corp.test", "Team"] {
        assert!(said.contains(&format!("{place}: not sent, the report's owner may not")), "{said}");
    }
    assert!(!said.contains("cfo@") && !said.contains("lead@"), "{said}");
    let to: Vec<String> = mailbox.received().into_iter().map(|letter| letter.to).collect();
    assert!(to.len() == 2 && to[0].contains("lead@") && to[1].contains("cfo@"), "{to:?}");
    // Another name is no choice of places; to send them once more is, where an administrator does.
    let refused_again = async || {
        app.post("/spend/report/run", json!({"report_id": id})).expect_status(200).await;
        ended(&app, id).await
    };
    app.post("/spend/report/update", json!({"report_id": id, "name": "Theirs"})).expect_status(200).await;
    assert_eq!(refused_again().await["state"], "failed");
    let places = json!({"report_id": id, "email_to": to_all, "channel_ids": [channel["channel_id"]]});
    lead.post("/spend/report/update", &places).expect_status(200).await;
    assert_eq!(refused_again().await["state"], "failed");
    app.post("/spend/report/update", &places).expect_status(200).await;
    assert_eq!(refused_again().await["state"], "sent");
    let to: Vec<String> = mailbox.received().into_iter().rev().take(4).map(|letter| letter.to).collect();
    assert!(to[0].contains("ops@") && to[2].contains("colleague@"), "{to:?}");
}

#[tokio::test]
async fn a_place_that_is_away_is_tried_again_and_one_that_is_refused_is_not() {
    let mailbox = Mailbox::start().await;
    let app = TestApp::builder().mailbox(&mailbox).start().await;
    let [lead, ..] = people(&app).await;
    let report = json!({"name": "Mine", "period": "week", "email_to": ["lead@corp.test", "colleague@corp.test"]});
    let report = lead.post("/spend/report/new", report).expect_status(200).await.value();
    let role = json!({"team_id": "search", "user_id": "lead", "role": "user"});
    app.post("/team/member_update", role).expect_status(200).await;
    mailbox.refuse(1);
    app.post("/spend/report/run", json!({"report_id": report["report_id"]})).expect_status(200).await;
    let said = complaint(&app, &report).await;
    assert!(said.contains("lead@corp.test: ") && said.contains("colleague@corp.test: not sent"), "{said}");
    assert_eq!(runs(&app, &report["report_id"]).await[0]["state"], "pending");
    app.advance(std::time::Duration::from_secs(61));
    let run = ended(&app, &report["report_id"]).await;
    let said = run["error"].as_str().unwrap();
    assert!(run["state"] == "failed" && said.starts_with("colleague@corp.test: not sent"), "{run}");
    assert!(!said.contains("lead@"), "{said}");
    let to: Vec<String> = mailbox.received().into_iter().map(|letter| letter.to).collect();
    assert!(to.len() == 1 && to[0].contains("lead@"), "{to:?}");
}

#[tokio::test]
async fn nothing_is_stored_for_who_administers_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let yaml = format!("tollgate_settings:\n  report_storage: {{url: \"{}\"}}\n", folder.path().display());
    let app = TestApp::builder().config(&yaml).start().await;
    add_user(&app, "chief", None, UserRole::ProxyAdmin, "chief").await;
    let chief = app.sign_in("chief", "chief").await;
    let report = json!({"name": "Stored", "period": "week", "is_stored": true});
    let report = chief.post("/spend/report/new", report).expect_status(200).await.value();
    app.post("/user/update", json!({"user_id": "chief", "user_role": "internal_user"})).expect_status(200).await;
    app.post("/spend/report/run", json!({"report_id": report["report_id"]})).expect_status(200).await;
    let said = complaint(&app, &report).await;
    assert!(said.contains("the storage: not sent"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_user_has_a_hundred_reports_at_most() {
    let app = TestApp::start().await;
    let [lead, ..] = people(&app).await;
    let report = json!({"name": "One of many", "period": "week"});
    let mut last = Value::Null;
    for _ in 0..100 {
        last = lead.post("/spend/report/new", &report).expect_status(200).await.value();
    }
    let (_, param, message) = lead.post("/spend/report/new", &report).expect_status(400).await.error();
    assert_eq!(param.as_deref(), Some("name"));
    assert!(message.contains("100 reports"), "{message}");
    save(&app, report.clone()).await;
    lead.post("/spend/report/delete", json!({"report_id": last["report_id"]})).expect_status(200).await;
    lead.post("/spend/report/new", &report).expect_status(200).await;
}

#[tokio::test]
async fn what_became_of_the_oldest_periods_is_forgotten() {
    let app = TestApp::start().await;
    let report = save(&app, json!({"name": "Days", "period": "day"})).await;
    let id = report["report_id"].as_str().unwrap();
    let first: NaiveDate = "2025-01-01".parse().unwrap();
    let made = |n: u64| {
        let day = first + Days::new(n);
        let at = day.and_hms_opt(1, 0, 0).unwrap().and_utc();
        Run { state: "sent".to_owned(), next_attempt_at: None, ..Run::new(id, (day, day), at) }
    };
    for n in 0..405 {
        report_run::ask(&app.app.db, made(n), false).await.unwrap();
    }
    let kept = report_run::of_report(&app.app.db, id, 1_000).await.unwrap();
    assert_eq!((kept.len(), kept[399].first_day), (400, first + Days::new(5)));
}
