//! Calls that reach the ledger after another window took the place of theirs.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tollgate::db::{budget_carry, budget_spend};
use tollgate::ledger::verify::verify;
use tollgate::ledger::writer::write_batch;
use tollgate::ledger::{Charge, SpendEvent, Spool};
use tollgate_openapi::spend::CallStatus;

use super::event;
use crate::chat::{CHAT, ask};
use crate::kit::{FakeUpstream, TestApp};

/// A key with a budget by the day, its hash, and where its window starts.
async fn by_the_day(app: &TestApp, max_budget: f64) -> (String, Arc<str>, i64) {
    let key = app.new_key(json!({"max_budget": max_budget, "budget_duration": "1d"})).await;
    app.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
    app.settled().await;
    let windows = budget_spend::Entity::find().all(&app.app.db).await.unwrap();
    let window = windows.into_iter().find(|window| window.scope_kind == "key").unwrap();
    (key, window.scope_id.as_str().into(), window.window_start)
}

fn late_call(id: usize, token: &Arc<str>, window_start_us: i64, now: DateTime<Utc>) -> SpendEvent {
    let charge = Charge { kind: "key".into(), id: Arc::clone(token), window_start_us };
    let (start_time, end_time) = (now - Duration::seconds(2), now - Duration::seconds(1));
    let api_key = Arc::clone(token);
    SpendEvent { api_key, spend_nano: 25_000, charges: vec![charge], start_time, end_time, ..event(id) }
}

async fn change(app: &TestApp, key: &str, duration: &str) {
    app.post("/key/update", json!({"key": key, "budget_duration": duration})).expect_status(200).await;
}

async fn spend(app: &TestApp, key: &str) -> Value {
    app.get(&format!("/key/info?key={key}")).expect_status(200).await.value()["info"]["spend"].clone()
}

#[tokio::test]
async fn a_late_call_counts_in_the_window_that_took_the_place_of_its_own() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let (key, token, day) = by_the_day(&app, 1.0).await;
    let write = async |id| {
        let call = late_call(id, &token, day, app.app.clock.now());
        // Twice: what the ledger has already counts no more.
        write_batch(&app.app.db, std::slice::from_ref(&call)).await.unwrap();
        write_batch(&app.app.db, &[call]).await.unwrap();
    };
    change(&app, &key, "1mo").await;
    write(1).await;
    assert_eq!(spend(&app, &key).await, 0.000_075);
    change(&app, &key, "7d").await;
    write(2).await;
    assert_eq!(spend(&app, &key).await, 0.000_1, "by way of the month");
    change(&app, &key, "1d").await;
    assert_eq!(spend(&app, &key).await, 0.000_1);
    write(3).await;
    assert_eq!(spend(&app, &key).await, 0.000_125, "the day is in force again");
    change(&app, &key, "30d").await;
    write(4).await;
    assert_eq!(spend(&app, &key).await, 0.000_15);
    assert!(verify(&app.app.db).await.unwrap().is_sound());
}

#[tokio::test]
async fn a_call_that_is_settled_and_not_written_counts_once_in_the_new_window() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.new_key(json!({"max_budget": 1, "budget_duration": "1d"})).await;
    for duration in ["1mo", "7d", "1d", "30d", "1mo", "1d"] {
        app.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
        change(&app, &key, duration).await;
    }
    assert_eq!(app.settled().await.calls, 6);
    assert_eq!(spend(&app, &key).await, 0.000_3);
}

#[tokio::test]
async fn what_a_killed_process_left_counts_in_the_new_window_from_the_first_call_on() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let (key, token, day) = by_the_day(&app, 0.000_1).await;
    change(&app, &key, "1mo").await;
    let clock = app.app.clock.clone();
    let home = app.stop().await;
    let spool = Spool::open(&home.data.path().join("spool"), clock.clone()).unwrap();
    [1, 2].into_iter().for_each(|id| spool.end(&late_call(id, &token, day, clock.now())).unwrap());
    drop(spool);
    let app = home.start().await;
    let (kind, _, message) = app.bearer(&key).post(CHAT, ask("gpt")).expect_status(400).await.error();
    assert_eq!(kind, "budget_exceeded");
    assert!(message.contains("Current cost: 0.0001"), "{message}");
}

#[tokio::test]
async fn an_interrupted_call_is_charged_to_the_window_that_took_the_place_of_its_own() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let (key, token, day) = by_the_day(&app, 1.0).await;
    let call = late_call(1, &token, day, app.app.clock.now());
    write_batch(&app.app.db, &[SpendEvent { status: CallStatus::Interrupted, spend_nano: 0, ..call }]).await.unwrap();
    change(&app, &key, "1mo").await;
    let resolve = json!({"request_id": "call-1", "spend": 0.5, "reason": "bill"});
    app.post("/spend/interrupted/resolve", resolve).expect_status(200).await;
    assert_eq!(spend(&app, &key).await, 0.500_05);
    let update = json!({"key": key, "max_budget": 0.5});
    app.post("/key/update", update).expect_status(200).await;
    app.bearer(&key).post(CHAT, ask("gpt")).expect_status(400).await;
}

#[tokio::test]
async fn after_a_month_it_is_forgotten_which_window_took_the_place_of_which() {
    let app = TestApp::start().await;
    let carry = |id: &str, at: &str| budget_carry::Model {
        scope_kind: "key".to_owned(),
        scope_id: id.to_owned(),
        window_start: 0,
        carried_to: 1,
        carried_at: at.parse().unwrap(),
    };
    let db = &app.app.db;
    budget_carry::set(db, carry("old", "2026-10-01T00:00:00Z")).await.unwrap();
    budget_carry::set(db, carry("new", "2026-11-01T00:00:00Z")).await.unwrap();
    assert_eq!(budget_carry::prune(db, "2026-10-31T00:00:00Z".parse().unwrap()).await.unwrap(), 1);
    let left = budget_carry::Entity::find().all(db).await.unwrap();
    assert_eq!(left.into_iter().map(|carry| carry.scope_id).collect::<Vec<_>>(), ["new"]);
}
