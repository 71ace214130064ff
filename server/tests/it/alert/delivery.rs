//! That alerts arrive: late, once, in good number, and whoever tells them.

use std::time::Duration;

use serde_json::{Value, json};

use super::{calls, key_of_four, telling};
use crate::kit::{FakeUpstream, Receiver, TestApp};

/// Makes this many alerts at once.
async fn raise(app: &TestApp, count: usize) {
    use tollgate::domain::alert::{Happened, NewAlert};
    use tollgate_openapi::alert::{AlertLevel, AlertType};
    let alert = |number: usize| NewAlert {
        alert_type: AlertType::LlmTooSlow,
        level: if number == 7 { AlertLevel::High } else { AlertLevel::Low },
        subject_kind: "model".to_owned(),
        subject_id: format!("m{number}"),
        organization_id: None,
        team_id: None,
        user_id: None,
        dedup_key: format!("{}-{number}", uuid::Uuid::new_v4()),
        occurrences: 1,
        at: app.app.clock.now(),
        what: Happened::CallsSlow {
            model: format!("m{number}"),
            provider: "p".to_owned(),
            seconds: 400,
            threshold_seconds: 300,
            request_id: "r".to_owned(),
        },
    };
    let transaction = tollgate::db::begin(&app.app.db).await.unwrap();
    tollgate::db::alert::raise(&transaction, (0..count).map(alert).collect()).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn deliveries(app: &TestApp) -> Vec<Value> {
    let list = app.get("/alert/list?page_size=100").expect_status(200).await.value();
    list["alerts"].as_array().unwrap().iter().map(|alert| alert["deliveries"][0].clone()).collect()
}

/// Waits until what became of the alerts is as `expected`.
async fn until(app: &TestApp, expected: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    for _ in 0..1_000 {
        let now = deliveries(app).await;
        if expected(&now) {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:#?}", deliveries(app).await)
}

#[tokio::test]
async fn a_channel_that_is_down_for_an_hour_gets_everything_later_and_the_others_are_told() {
    let (upstream, dead, alive) = (FakeUpstream::start(), Receiver::start(), Receiver::start());
    let app = telling(&upstream, &dead, "[slack]", "").await;
    let body = json!({"name": "Other", "kind": "webhook", "url": alive.url("/other")});
    app.post("/alert/channel/new", body).expect_status(200).await;
    dead.always(503);
    raise(&app, 1).await;
    dead.until_told(1).await;
    alive.until_told(1).await;
    for tried in 2..=3 {
        until(&app, |now| now.iter().any(|one| one["channel_id"] == "slack" && one["attempts"] == tried - 1)).await;
        app.advance(Duration::from_secs(60));
        dead.until_told(tried).await;
    }
    // It says so elsewhere, and not in itself.
    let told = alive.until_told(2).await;
    assert_eq!(told[1].json()["title"], "Alerts do not reach Slack");
    assert_eq!(told[1].json()["alert_type"], "alert_channel_failing");
    let list = app.get("/alert/channel/list").expect_status(200).await.value();
    let slack = &list["channels"][0];
    assert!(slack["last_error"].as_str().unwrap().contains("127.0.0.1 answers with status 503: no_service"), "{slack}");
    assert!(!slack["failing_since"].is_null());
    dead.always(200);
    app.advance(Duration::from_secs(3_600));
    let told = dead.until_told(4).await;
    let sent: Value = told.last().unwrap().json();
    assert_eq!(sent["blocks"][0]["text"]["text"], "🔵 Calls to m0 are slow");
    until(&app, |now| now.iter().all(|one| one["state"] == "sent")).await;
    let list = app.get("/alert/channel/list").expect_status(200).await.value();
    assert!(list["channels"][0]["failing_since"].is_null(), "{list}");
}

#[tokio::test]
async fn many_alerts_come_as_one_message() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = telling(&upstream, &receiver, "[webhook]", "").await;
    raise(&app, 5_000).await;
    let told = receiver.until_told(1).await;
    let digest = told[0].json();
    assert_eq!((&digest["event"], &digest["level"]), (&json!("digest"), &json!("high")));
    assert_eq!(digest["title"], "5000 alerts");
    let text = digest["text"].as_str().unwrap();
    assert!(text.starts_with("• Calls to m7 are slow\n") && text.ends_with("… and 4990 more"), "{text}");
    assert_eq!(digest["facts"][0], json!({"name": "llm_too_slow (high)", "value": "1"}));
    until(&app, |now| now.iter().all(|one| one["state"] == "sent")).await;
    assert_eq!(receiver.told().len(), 1);
}

#[tokio::test]
async fn no_more_messages_come_in_a_minute_than_a_channel_takes() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = telling(&upstream, &receiver, "[webhook]", "tollgate_settings: {alert_messages_per_minute: 2}\n").await;
    for told in 1..=2 {
        raise(&app, 1).await;
        receiver.until_told(told).await;
        until(&app, |now| now.iter().all(|one| one["state"] == "sent")).await;
    }
    raise(&app, 1).await;
    raise(&app, 1).await;
    until(&app, |now| now.iter().filter(|one| one["state"] == "pending").count() == 2).await;
    // Two looks of the sender at least.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(receiver.told().len(), 2);
    app.advance(Duration::from_secs(61));
    let told = receiver.until_told(3).await;
    assert!(told.len() <= 4, "{told:#?}");
    until(&app, |now| now.iter().all(|one| one["state"] == "sent")).await;
}

#[tokio::test]
async fn quiet_hours_hold_back_what_can_wait() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    // It is noon.
    let hours = "tollgate_settings:\n  alert_quiet_hours: {start: \"11:00\", end: \"13:00\"}\n";
    let app = telling(&upstream, &receiver, "[webhook]", hours).await;
    let key = key_of_four(&app, json!({})).await;
    calls(&app, &key, 2).await;
    let waiting = until(&app, |now| now.len() == 1 && now[0]["state"] == "pending").await;
    assert_eq!(waiting[0]["next_attempt_at"], "2026-11-21T13:00:00Z");
    let spent = app.bearer(&app.new_key(json!({"max_budget": 0})).await);
    spent.post(crate::chat::CHAT, crate::budget::small()).expect_status(400).await;
    let told = receiver.until_told(1).await;
    assert_eq!(told[0].json()["level"], "high", "what is bad is told at once");
    app.advance(Duration::from_secs(3_600));
    let told = receiver.until_told(2).await;
    assert_eq!(told[1].json()["title"], "Key four has used 50 % of its budget");
}

#[tokio::test]
async fn a_muted_channel_is_told_nothing() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = telling(&upstream, &receiver, "[webhook]", "").await;
    let mute = json!({"channel_id": "webhook", "muted_until": "2026-11-21T13:00:00Z"});
    let muted = app.post("/alert/channel/update", mute).expect_status(200).await.value();
    assert_eq!(muted["muted_until"], "2026-11-21T13:00:00Z");
    raise(&app, 1).await;
    until(&app, |now| now.len() == 1 && now[0]["state"] == "muted").await;
    let loud = json!({"channel_id": "webhook", "muted_until": null});
    app.post("/alert/channel/update", loud).expect_status(200).await;
    raise(&app, 1).await;
    receiver.until_told(1).await;
    let rename = json!({"channel_id": "webhook", "name": "Mine"});
    app.post("/alert/channel/update", rename).expect_status(400).await;
}

#[tokio::test]
async fn of_two_nodes_one_tells_and_the_other_takes_over() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let first = telling(&upstream, &receiver, "[webhook]", "").await;
    raise(&first, 1).await;
    receiver.until_told(1).await;
    let second = first.beside().await;
    for told in 2..=4 {
        raise(&second, 1).await;
        receiver.until_told(told).await;
        until(&second, |now| now.iter().all(|one| one["state"] == "sent")).await;
    }
    // The first one stops, and gives up its lease.
    let _home = first.stop().await;
    raise(&second, 1).await;
    let told = receiver.until_told(5).await;
    let mut ids: Vec<String> = told.iter().map(|told| told.header("webhook-id").unwrap().to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5, "each was told once");
}

#[tokio::test]
async fn what_was_written_and_not_told_is_told_after_a_restart() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = telling(&upstream, &receiver, "[webhook]", "").await;
    receiver.always(500);
    raise(&app, 1).await;
    receiver.until_told(1).await;
    let home = app.stop().await;
    receiver.always(200);
    let app = home.start().await;
    app.advance(Duration::from_secs(60));
    receiver.until_told(2).await;
    until(&app, |now| now.iter().all(|one| one["state"] == "sent")).await;
}
