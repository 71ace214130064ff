//! Saved reports: what they tell whom, when, and that they arrive.

mod access;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tollgate::db::report_run;
use tollgate::ledger::SpendEvent;
use tollgate::ledger::writer::write_batch;

use crate::kit::{FakeUpstream, Mailbox, Receiver, TestApp};
use crate::spend::call;

const HOUR: Duration = Duration::from_secs(3600);

/// A dollar of "shop" and two of "search" on each of the days.
async fn spend(app: &TestApp, days: &[&str]) {
    let calls = days.iter().flat_map(|day| {
        [("shop", 1), ("search", 2)].map(|(team, dollars)| SpendEvent {
            spend_nano: dollars * 1_000_000_000,
            team_id: Some(Arc::from(team)),
            ..call(&format!("{team}-{day}"), "key1", &format!("{day}T10:00:00Z"))
        })
    });
    write_batch(&app.app.db, &calls.collect::<Vec<_>>()).await.unwrap();
}

/// What became of a report, once it is no longer pending.
async fn ended(app: &TestApp, report_id: &Value) -> Value {
    let look = async {
        loop {
            let runs = runs(app, report_id).await;
            if runs[0].is_object() && runs[0]["state"] != "pending" {
                return runs[0].clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), look).await.expect("the report is pending")
}

async fn runs(app: &TestApp, report_id: &Value) -> Value {
    let path = format!("/spend/report/info?report_id={}", report_id.as_str().unwrap());
    app.get(&path).expect_status(200).await.value()["runs"].take()
}

async fn save(app: &TestApp, report: Value) -> Value {
    app.post("/spend/report/new", report).expect_status(200).await.value()
}

#[tokio::test]
async fn a_week_is_sent_by_letter_into_a_channel_and_to_a_folder() {
    let (upstream, receiver, mailbox) = (FakeUpstream::start(), Receiver::start(), Mailbox::start().await);
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("finance");
    let yaml = format!(
        "model_list:\n{}general_settings:\n  alerting: [webhook]\n  alert_types: [outage_alerts]\n\
         tollgate_settings:\n  report_storage: {{url: \"{}\"}}\n",
        upstream.deployment("gpt", "one"),
        place.display()
    );
    let app = TestApp::builder().config(&yaml).alerts(&receiver).mailbox(&mailbox).start().await;
    app.post("/team/new", json!({"team_id": "shop", "team_alias": "=Shop"})).expect_status(200).await;
    spend(&app, &["2026-11-12", "2026-11-17", "2026-11-18", "2026-11-22"]).await;
    let report = json!({"name": "Teams, weekly", "period": "week", "group_by": "team", "email_to": ["cfo@corp.test"],
        "channel_ids": ["webhook"], "is_stored": true});
    let report = save(&app, report).await;
    assert_eq!(report["next_due_at"], "2026-11-23T01:00:00Z");
    // It is Saturday noon; on Monday at one the week has been over for an hour.
    app.advance(HOUR * 37);
    let run = ended(&app, &report["report_id"]).await;
    assert_eq!((&run["state"], &run["error"], &run["attempts"]), (&json!("sent"), &Value::Null, &json!(1)));
    assert_eq!((&run["first_day"], &run["last_day"]), (&json!("2026-11-16"), &json!("2026-11-22")));

    let address = run["address"].as_str().unwrap();
    let file = std::fs::read_to_string(address).unwrap();
    assert!(address.starts_with(place.to_str().unwrap()) && address.contains("/teams-weekly-"), "{address}");
    assert!(address.ends_with("/teams-weekly-2026-11-16-to-2026-11-22.csv"), "{address}");
    let lines: Vec<&str> = file.lines().collect();
    assert!(lines[0].starts_with("team,team_name,spend,api_requests,") && lines[0].ends_with(",previous_spend"));
    assert!(lines[1].starts_with("search,,6,3,") && lines[1].ends_with(",2"), "{file}");
    assert!(lines[2].starts_with("shop,'=Shop,3,3,") && lines[2].ends_with(",1"), "{file}");
    assert_eq!((lines.len(), &run["bytes"]), (3, &json!(file.len())));

    let letter = mailbox.letter(1).await;
    let text = letter.text.replace("=\r\n", "");
    assert!(letter.to.contains("<cfo@corp.test>"), "{}", letter.to);
    assert!(text.contains("=\"teams-weekly-2026-11-16-to-2026-11-22.csv\""), "{text}");
    assert!(text.contains("search: $6.00, 200 % more than the week before"), "{text}");
    assert!(text.contains("Content-Type: text/csv"), "{text}");
    let told = receiver.until_told(1).await;
    let message = told[0].json();
    assert_eq!(message["title"], "Teams, weekly, 16–22 November 2026: $9.00, 200 % more than the week before");
    let link = format!("/ui/reports?report={}&day=2026-11-16", report["report_id"].as_str().unwrap());
    assert!(message["link"].as_str().unwrap().ends_with(&link), "{message}");

    let list = app.get("/spend/report/list").expect_status(200).await.value();
    assert_eq!(list["reports"][0]["next_due_at"], "2026-11-30T01:00:00Z");
    assert_eq!(list["reports"][0]["last_run"]["state"], "sent");
    assert_eq!(list["storage"], place.to_str().unwrap());
    assert_eq!(mailbox.received().len(), 1);
}

#[tokio::test]
async fn periods_that_were_missed_are_made_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let yaml = format!("tollgate_settings:\n  report_storage: {{url: \"{}\"}}\n", folder.path().display());
    let app = TestApp::builder().config(&yaml).start().await;
    spend(&app, &["2026-11-21", "2026-11-22", "2026-11-23"]).await;
    let report = json!({"name": "FOCUS", "period": "day", "content": "days", "format": "focus", "is_stored": true});
    let report = save(&app, report).await;
    app.advance(HOUR * 24 * 3);
    let all = async {
        loop {
            let runs = runs(&app, &report["report_id"]).await;
            if runs.as_array().unwrap().iter().filter(|run| run["state"] == "sent").count() == 3 {
                return runs;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let runs = tokio::time::timeout(Duration::from_secs(20), all).await.unwrap();
    let days: Vec<_> = runs.as_array().unwrap().iter().map(|run| run["first_day"].as_str().unwrap()).collect();
    assert_eq!(days, ["2026-11-23", "2026-11-22", "2026-11-21"]);
    let file = std::fs::read_to_string(runs[0]["address"].as_str().unwrap()).unwrap();
    assert!(file.contains("BilledCost") && file.contains("2026-11-23T00:00:00Z"), "{file}");
}

#[tokio::test]
async fn what_one_place_does_not_take_is_tried_again_there_alone() {
    let (upstream, receiver, mailbox) = (FakeUpstream::start(), Receiver::start(), Mailbox::start().await);
    let models = upstream.deployment("gpt", "one");
    let yaml = format!("model_list:\n{models}general_settings:\n  alerting: [webhook]\n");
    let app = TestApp::builder().config(&yaml).alerts(&receiver).mailbox(&mailbox).start().await;
    let report = json!({"name": "Models", "period": "month", "content": "statement", "email_to": ["a@corp.test"],
        "channel_ids": ["webhook"]});
    let report = save(&app, report).await;
    mailbox.refuse(1);
    app.post("/spend/report/run", json!({"report_id": report["report_id"]})).expect_status(200).await;
    receiver.until_told(1).await;
    let waits = async {
        loop {
            let runs = runs(&app, &report["report_id"]).await;
            if runs[0]["error"].is_string() {
                return runs[0].clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let run = tokio::time::timeout(Duration::from_secs(20), waits).await.unwrap();
    assert_eq!((&run["state"], &run["first_day"]), (&json!("pending"), &json!("2026-10-01")));
    assert!(run["error"].as_str().unwrap().starts_with("a@corp.test: "), "{run}");
    app.advance(Duration::from_secs(61));
    let run = ended(&app, &report["report_id"]).await;
    assert_eq!((&run["state"], &run["error"], &run["attempts"]), (&json!("sent"), &Value::Null, &json!(2)));
    assert_eq!((mailbox.received().len(), receiver.told().len()), (1, 1));

    // Asked for again, it is sent again.
    app.post("/spend/report/run", json!({"report_id": report["report_id"]})).expect_status(200).await;
    mailbox.letter(2).await;
}

#[tokio::test]
async fn a_place_that_takes_nothing_for_a_day_is_given_up() {
    let mailbox = Mailbox::start().await;
    let app = TestApp::builder().mailbox(&mailbox).start().await;
    let report = save(&app, json!({"name": "Models", "period": "day", "email_to": ["a@corp.test"]})).await;
    mailbox.refuse(100);
    app.post("/spend/report/run", json!({"report_id": report["report_id"]})).expect_status(200).await;
    let mut is_later = false;
    let last = loop {
        let runs = runs(&app, &report["report_id"]).await;
        let run = runs.as_array().unwrap().iter().find(|run| run["first_day"] == "2026-11-20").unwrap().clone();
        if run["state"] != "pending" {
            break run;
        }
        if run["error"].is_string() && !is_later {
            is_later = true;
            app.advance(HOUR * 24);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!((&last["state"], &last["attempts"]), (&json!("failed"), &json!(2)));
    assert!(last["error"].as_str().unwrap().starts_with("a@corp.test: "), "{last}");
}

#[tokio::test]
async fn a_node_that_ends_in_the_last_try_leaves_it_to_the_next() {
    let mailbox = Mailbox::start().await;
    let app = TestApp::builder().mailbox(&mailbox).start().await;
    let report = json!({"name": "Models", "period": "month", "email_to": ["a@corp.test", "b@corp.test"]});
    let report = save(&app, report).await;
    mailbox.refuse(2);
    app.post("/spend/report/run", json!({"report_id": report["report_id"]})).expect_status(200).await;
    while !runs(&app, &report["report_id"]).await[0]["error"].is_string() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    mailbox.silent_for(Some("b@corp.test"));
    app.advance(HOUR * 24);
    assert!(mailbox.letter(1).await.to.contains("a@corp.test"));
    let id = report["report_id"].as_str().unwrap();
    while report_run::of_report(&app.app.db, id, 1).await.unwrap()[0].told.0.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let home = app.stop().await;
    mailbox.silent_for(None);
    let app = home.start().await;
    app.advance(HOUR * 2);
    assert_eq!(ended(&app, &report["report_id"]).await["state"], "sent");
    let letters = mailbox.received();
    assert!(letters.len() == 2 && letters[1].to.contains("b@corp.test"), "{letters:?}");
}

#[tokio::test]
async fn an_address_of_a_channel_that_is_refused_has_no_other_told_again() {
    let mailbox = Mailbox::start().await;
    let app = TestApp::builder().mailbox(&mailbox).start().await;
    let channel = json!({"name": "Finance", "kind": "email", "email_to": ["a@corp.test", "b@corp.test"]});
    let channel = app.post("/alert/channel/new", channel).expect_status(200).await.value();
    let report = json!({"name": "Models", "period": "month", "channel_ids": [channel["channel_id"]]});
    let report = save(&app, report).await;
    mailbox.refuse(1);
    app.post("/spend/report/run", json!({"report_id": report["report_id"]})).expect_status(200).await;
    assert!(mailbox.letter(1).await.to.contains("b@corp.test"));
    while !runs(&app, &report["report_id"]).await[0]["error"].is_string() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    app.advance(Duration::from_secs(61));
    assert_eq!(ended(&app, &report["report_id"]).await["state"], "sent");
    let letters = mailbox.received();
    assert!(letters.len() == 2 && letters[1].to.contains("a@corp.test"), "{letters:?}");

    // With its channel, the report has nowhere to go.
    app.post("/alert/channel/delete", json!({"channel_id": channel["channel_id"]})).expect_status(200).await;
    let list = app.get("/spend/report/list").expect_status(200).await.value();
    let report = &list["reports"][0];
    assert_eq!((&report["channel_ids"], &report["next_due_at"]), (&json!([]), &Value::Null));
}

#[tokio::test]
async fn parts_of_groups_add_up_to_the_whole() {
    let app = TestApp::start().await;
    spend(&app, &["2026-11-17", "2026-11-18"]).await;
    let report = json!({"name": "Both", "period": "week", "group_by": "team", "then_by": "model"});
    let report = save(&app, report).await;
    assert_eq!(report["next_due_at"], Value::Null, "it is sent nowhere");
    let path = format!("/spend/report/file?report_id={}&day=2026-11-18", report["report_id"].as_str().unwrap());
    let file = app.get(&path).expect_status(200).await;
    assert!(file.header("content-disposition").contains("both-2026-11-16-to-2026-11-22.csv"));
    let rows: Vec<Vec<&str>> = file.body().lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0][..5], ["team", "team_name", "model", "model_name", "spend"]);
    let sum: f64 = rows[1..].iter().map(|row| row[4].parse::<f64>().unwrap()).sum();
    assert!((sum - 6.0).abs() < 1e-9, "{}", file.body());
    let id = report["report_id"].clone();
    let refused = app.post("/spend/report/run", json!({"report_id": id})).expect_status(400).await;
    assert!(refused.error().2.contains("sent nowhere"));
}

#[tokio::test]
async fn what_contradicts_itself_is_refused_and_changes_nothing() {
    let app = TestApp::start().await;
    for (report, field) in [
        (json!({"period": "week", "content": "statement"}), "period"),
        (json!({"period": "week", "format": "focus"}), "format"),
        (json!({"period": "week", "content": "calls", "format": "focus"}), "format"),
        (json!({"period": "month", "content": "statement", "filter": {"model": "gpt"}}), "filter"),
        (json!({"period": "week", "is_stored": true}), "is_stored"),
        (json!({"period": "week", "email_to": ["a@corp.test"]}), "email_to"),
        (json!({"period": "week", "team_id": "t", "organization_id": "o"}), "organization_id"),
        (json!({"period": "week", "email_to": ["nobody"]}), "email_to"),
        (json!({"period": "week", "name": ""}), "name"),
    ] {
        let mut body = report.clone();
        body.as_object_mut().unwrap().entry("name").or_insert(json!("No"));
        let (_, param, _) = app.post("/spend/report/new", body).expect_status(400).await.error();
        assert_eq!(param.as_deref(), Some(field), "{report}");
    }
    for (report, place) in [
        (json!({"name": "No", "period": "week", "filter": {"teams": "a"}}), "filter"),
        (json!({"name": "No", "period": "year"}), "period"),
    ] {
        let refused = app.post("/spend/report/new", report.clone()).expect_status(422).await;
        assert!(refused.body().contains(place), "{report}: {}", refused.body());
    }
    let unknown = json!({"name": "No", "period": "week", "channel_ids": ["nowhere"]});
    app.post("/spend/report/new", unknown).expect_status(404).await;
    assert_eq!(app.get("/spend/report/list").expect_status(200).await.value()["reports"], json!([]));
}

#[tokio::test]
async fn a_month_is_sent_though_its_first_day_was_reported_by_the_day() {
    let folder = tempfile::tempdir().unwrap();
    let yaml = format!("tollgate_settings:\n  report_storage: {{url: \"{}\"}}\n", folder.path().display());
    let app = TestApp::builder().config(&yaml).start().await;
    spend(&app, &["2026-11-20"]).await;
    let report = save(&app, json!({"name": "Often", "period": "day", "is_stored": true})).await;
    // Ten days on, the first of December was reported by itself.
    app.advance(HOUR * 24 * 11);
    let days = async |first: &str, last: &str| {
        let found = async {
            loop {
                let runs = runs(&app, &report["report_id"]).await;
                let is_it =
                    |run: &&Value| run["first_day"] == first && run["last_day"] == last && run["state"] == "sent";
                if let Some(run) = runs.as_array().unwrap().iter().find(is_it) {
                    return run.clone();
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), found).await.expect("it is not sent")
    };
    days("2026-12-01", "2026-12-01").await;
    let change = json!({"report_id": report["report_id"], "period": "month"});
    app.post("/spend/report/update", change).expect_status(200).await;
    app.advance(HOUR * 24 * 31);
    days("2026-12-01", "2026-12-31").await;
    let list = app.get("/spend/report/list").expect_status(200).await.value();
    assert_eq!(list["reports"][0]["last_run"]["last_day"], "2026-12-31");
}

#[tokio::test]
async fn a_report_asked_for_by_night_waits_for_nothing_that_is_not_booked_yet() {
    let folder = tempfile::tempdir().unwrap();
    let yaml = format!("tollgate_settings:\n  report_storage: {{url: \"{}\"}}\n", folder.path().display());
    let app = TestApp::builder().config(&yaml).start().await;
    let report = save(&app, json!({"name": "Days", "period": "day", "is_stored": true})).await;
    // Half an hour after midnight the day before is not told of yet.
    app.advance(Duration::from_secs(12 * 3600 + 1800));
    let run = app.post("/spend/report/run", json!({"report_id": report["report_id"]})).expect_status(200).await.value();
    assert_eq!(run["first_day"], "2026-11-20");
    app.advance(HOUR);
    let run = app.post("/spend/report/run", json!({"report_id": report["report_id"]})).expect_status(200).await.value();
    assert_eq!(run["first_day"], "2026-11-21");
}

#[tokio::test]
async fn what_the_period_before_cost_adds_up_too() {
    let app = TestApp::start().await;
    // "search" spends no more, and somebody without a team does.
    spend(&app, &["2026-11-12"]).await;
    let mut lone = call("lone", "key1", "2026-11-17T10:00:00Z");
    (lone.team_id, lone.spend_nano) = (None, 5_000_000_000);
    let mut before = call("before", "key1", "2026-11-11T10:00:00Z");
    (before.team_id, before.spend_nano) = (None, 4_000_000_000);
    write_batch(&app.app.db, &[lone, before]).await.unwrap();
    let report = save(&app, json!({"name": "Teams", "period": "week", "group_by": "team"})).await;
    let path = format!("/spend/report/file?report_id={}&day=2026-11-18", report["report_id"].as_str().unwrap());
    let file = app.get(&path).expect_status(200).await;
    let rows: Vec<Vec<&str>> = file.body().lines().skip(1).map(|line| line.split(',').collect()).collect();
    let sum = |column: usize| rows.iter().map(|row| row[column].parse::<f64>().unwrap()).sum::<f64>();
    assert_eq!((sum(2), sum(rows[0].len() - 1)), (5.0, 7.0), "{}", file.body());
    let (nobodys, others) = (&rows[0], &rows[1]);
    assert_eq!((nobodys[0], nobodys[nobodys.len() - 1]), ("", "4"), "{}", file.body());
    assert_eq!((others[1], others[others.len() - 1]), ("(others)", "3"), "{}", file.body());
    app.get(&path.replace("2026-11-18", "-5000-01-01")).expect_status(422).await;
}
