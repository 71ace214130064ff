//! Alerts about what one node looks for: users who spend much, keys that expire, a day that does not add up.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Days, Utc};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tollgate::ledger::SpendEvent;
use tollgate::ledger::writer::write_batch;

use super::{telling, titles};
use crate::kit::{FakeUpstream, Mailbox, Receiver, TestApp};
use crate::spend::call;

const MINUTES: Duration = Duration::from_secs(601);
const DAY: Duration = Duration::from_secs(86_400);

/// What a user spends at once, on the day so long before the 21st, in dollars.
fn spent(user: &str, days_ago: u64, dollars: i64) -> SpendEvent {
    let day: DateTime<Utc> = "2026-11-21T09:00:00Z".parse().unwrap();
    SpendEvent {
        user_id: Some(Arc::from(user)),
        spend_nano: dollars * 1_000_000_000,
        ..call(&format!("{user}-{days_ago}-{dollars}"), "key1", &(day - Days::new(days_ago)).to_rfc3339())
    }
}

async fn list(app: &TestApp, alert_type: &str) -> Value {
    app.get(&format!("/alert/list?alert_type={alert_type}")).expect_status(200).await.value()
}

#[tokio::test]
async fn a_user_who_spends_a_sum_in_a_day_or_a_month_is_told_of_once() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let more = "  alert_types: [user_spend_thresholds]\n  alerting_args: {daily_spend_per_user_threshold: 50, \
                monthly_spend_per_user_threshold: 100}\n";
    let app = telling(&upstream, &receiver, "[webhook]", more).await;
    app.post("/user/new", json!({"user_id": "u", "user_email": "u@acme.test", "auto_create_key": false}))
        .expect_status(200)
        .await;
    // Of last month, which is another one.
    write_batch(&app.app.db, &[spent("u", 21, 90), spent("u", 1, 49), spent("v", 0, 49)]).await.unwrap();
    app.advance(MINUTES);
    write_batch(&app.app.db, &[spent("u", 0, 50)]).await.unwrap();
    app.advance(MINUTES);
    let told = receiver.until_told(1).await;
    assert_eq!(titles(&told), ["User u@acme.test has spent $50.00 this day"]);
    let message = told[0].json();
    assert_eq!(message["text"], "$50.00 since 21 November 2026; $50.00 a day is told.");
    assert!(message["link"].as_str().unwrap().ends_with("/ui/users?user=u"), "{message}");
    write_batch(&app.app.db, &[spent("u", 0, 2)]).await.unwrap();
    app.advance(MINUTES);
    let told = receiver.until_told(2).await;
    assert_eq!(titles(&told)[1], "User u@acme.test has spent $100.00 this month");
    app.advance(MINUTES);
    app.beside().await;
    let known = list(&app, "user_spend_thresholds").await;
    assert_eq!((&known["total"], &known["alerts"][0]["occurrences"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn a_user_who_spends_far_more_than_usual_is_told_of() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = telling(&upstream, &receiver, "[webhook]", "  alert_types: [user_spend_anomalies]\n").await;
    // One spends three dollars on every day of two weeks, one is new, one always spends much.
    let mut calls: Vec<SpendEvent> = (1..=14).flat_map(|days| [spent("u", days, 3), spent("rich", days, 90)]).collect();
    calls.extend([spent("u", 0, 15), spent("new", 0, 500), spent("rich", 0, 100)]);
    write_batch(&app.app.db, &calls).await.unwrap();
    app.advance(MINUTES);
    let told = receiver.until_told(1).await;
    assert_eq!(titles(&told), ["User u spends far more than usual"]);
    let (message, limit) = (told[0].json(), 14.859);
    assert_eq!((&message["details"]["days"], &message["details"]["usual"]), (&json!(14), &json!(3_000_000_000_i64)));
    let found = message["details"]["limit"].as_f64().unwrap() / 1e9;
    assert!((found - limit).abs() < 0.01, "{found}");
    app.advance(MINUTES);
    app.beside().await;
    assert_eq!(list(&app, "user_spend_anomalies").await["total"], 1);
}

#[tokio::test]
async fn a_key_that_expires_is_told_of_seven_days_and_one_before_to_whose_it_is() {
    let (upstream, receiver, mailbox) = (FakeUpstream::start(), Receiver::start(), Mailbox::start().await);
    let models = upstream.deployment("gpt", "one");
    let yaml = format!(
        "model_list:\n{models}general_settings:\n  alerting: [webhook, email]\n  alert_types: [credential_expiring]\n"
    );
    let app = TestApp::builder().config(&yaml).alerts(&receiver).mailbox(&mailbox).start().await;
    app.post("/user/new", json!({"user_id": "u", "user_email": "u@acme.test", "auto_create_key": false}))
        .expect_status(200)
        .await;
    app.new_key(json!({"user_id": "u", "key_alias": "long", "duration": "30d"})).await;
    // Whoever makes a key for two days knows when it ends.
    app.new_key(json!({"user_id": "u", "key_alias": "short", "duration": "2d"})).await;
    app.new_key(json!({"user_id": "u", "key_alias": "for ever"})).await;
    let blocked = app.new_key(json!({"user_id": "u", "key_alias": "blocked", "duration": "30d"})).await;
    app.post("/key/block", json!({"key": blocked})).expect_status(200).await;
    app.advance(DAY * 22);
    app.advance(DAY + MINUTES);
    let told = receiver.until_told(1).await;
    assert_eq!(titles(&told), ["Key long expires within 7 days"]);
    let message = told[0].json();
    assert_eq!((&message["level"], &message["subject_kind"]), (&json!("low"), &json!("key")));
    let text = message["text"].as_str().unwrap();
    assert!(text.starts_with("Calls with it are refused from 21 December 2026, 12:00 UTC on."), "{text}");
    let letter = mailbox.letter(1).await;
    assert!(letter.to.contains("u@acme.test"), "{}", letter.to);
    app.advance(DAY * 6);
    let told = receiver.until_told(2).await;
    assert_eq!(titles(&told)[1], "Key long expires within a day");
    assert_eq!(told[1].json()["level"], "medium");
    // It is over: nothing is left to tell.
    app.advance(DAY * 2);
    app.advance(MINUTES);
    assert_eq!(list(&app, "credential_expiring").await["total"], 2);
}

#[tokio::test]
async fn a_day_that_does_not_add_up_is_told_of() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = telling(&upstream, &receiver, "[webhook]", "  alert_types: [ledger_mismatch]\n").await;
    write_batch(&app.app.db, &[spent("u", 0, 3), spent("u", 1, 5)]).await.unwrap();
    // The 20th is sound: it was added up when the gateway started.
    app.advance(MINUTES);
    app.app
        .db
        .execute_unprepared("UPDATE daily_key_spend SET spend = spend + 1000000000 WHERE date = '2026-11-21'")
        .await
        .unwrap();
    app.advance(MINUTES);
    assert_eq!(list(&app, "ledger_mismatch").await["total"], 0);
    // Two hours after midnight the 21st is over and not sound.
    app.advance(Duration::from_secs(14 * 3_600));
    let told = receiver.until_told(1).await;
    assert_eq!(titles(&told), ["The ledger does not agree with itself on 21 November 2026"]);
    let message = told[0].json();
    assert_eq!(message["level"], "high");
    let text = message["text"].as_str().unwrap();
    assert!(
        text.contains("1 sum of 21 November 2026") && text.contains("(calls and days of keys): $3.00 and $4.00"),
        "{text}"
    );
}
