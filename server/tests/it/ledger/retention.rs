//! Old calls leave the log; what they add up to stays, and can still be proved.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait};
use serde_json::json;
use tollgate::db;
use tollgate::ledger::verify::verify;
use tollgate::ledger::writer::write_batch;
use tollgate::ledger::{SpendEvent, retention};
use tollgate_openapi::spend::CallStatus;

use super::event;
use crate::chat::{CHAT, ask};
use crate::kit::{FakeUpstream, TestApp};

/// Calls of the days from 1970 on, one an hour.
async fn write(app: &TestApp, count: usize) {
    write_batch(&app.app.db, &(0..count).map(event).collect::<Vec<_>>()).await.unwrap();
}

async fn logged(app: &TestApp) -> u64 {
    db::spend_log::Entity::find().count(&app.app.db).await.unwrap()
}

fn hours_after_1970(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
}

#[tokio::test]
async fn sums_stay_and_still_agree() {
    let app = TestApp::start().await;
    write(&app, 2_500).await;
    let before = verify(&app.app.db).await.unwrap();
    assert_eq!(retention::prune(&app.app.db, hours_after_1970(2_300)).await.unwrap(), 2_300);
    assert_eq!(logged(&app).await, 200);
    let after = verify(&app.app.db).await.unwrap();
    assert!(after.is_sound(), "{after:?}");
    assert_eq!((after.calls, after.spend), (before.calls, before.spend));
    assert_eq!(retention::prune(&app.app.db, hours_after_1970(2_300)).await.unwrap(), 0);
    // And it is proved: what was taken out is accounted for to the nano-dollar.
    for (column, condition) in [
        ("daily_spend SET pruned_spend = pruned_spend", "date = '1970-01-02' AND api_key = 'key-1'"),
        ("budget_spend SET pruned_spent = pruned_spent", "scope_id = 'team-1'"),
    ] {
        let change = |by: i64| format!("UPDATE {column} + {by} WHERE {condition}");
        app.app.db.execute_unprepared(&change(1)).await.unwrap();
        assert!(!verify(&app.app.db).await.unwrap().is_sound(), "{column}");
        app.app.db.execute_unprepared(&change(-1)).await.unwrap();
        assert!(verify(&app.app.db).await.unwrap().is_sound(), "{column}");
    }
}

#[tokio::test]
async fn interrupted_calls_stay_until_they_are_resolved() {
    let app = TestApp::start().await;
    let interrupted = SpendEvent { status: CallStatus::Interrupted, spend_nano: 0, ..event(1) };
    write_batch(&app.app.db, &[event(0), interrupted, event(2)]).await.unwrap();
    assert_eq!(retention::prune(&app.app.db, hours_after_1970(100)).await.unwrap(), 2);
    app.post("/spend/interrupted/resolve", json!({"request_id": "call-1", "spend": 0.5, "reason": "bill"}))
        .expect_status(200)
        .await;
    assert_eq!(retention::prune(&app.app.db, hours_after_1970(100)).await.unwrap(), 1);
    assert_eq!(logged(&app).await, 0);
    assert_eq!(db::interrupted_call::Entity::find().count(&app.app.db).await.unwrap(), 0);
    assert_eq!(app.settled().await.calls, 3);
}

#[tokio::test]
async fn a_restart_does_not_write_again_what_was_taken_out() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    app.settled().await;
    let later = app.app.clock.now() + TimeDelta::days(1);
    assert_eq!(retention::prune(&app.app.db, later).await.unwrap(), 1);
    let app = app.stop().await.start().await;
    let report = app.settled().await;
    assert_eq!((report.calls, report.spend.0), (1, 50_000));
    assert_eq!(logged(&app).await, 0);
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    assert_eq!(app.settled().await.calls, 2);
}

#[tokio::test]
async fn the_gateway_takes_them_out_by_itself() {
    let upstream = FakeUpstream::start();
    let yaml = format!(
        "general_settings: {{maximum_spend_logs_retention_period: 30d, maximum_spend_logs_retention_interval: 1s}}\n\
         model_list:\n{}",
        upstream.deployment("gpt", "one")
    );
    let app = TestApp::builder().config(&yaml).start().await;
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    app.settled().await;
    app.advance(Duration::from_secs(29 * 24 * 3600));
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    app.settled().await;
    assert_eq!(logged(&app).await, 2);
    app.advance(Duration::from_secs(2 * 24 * 3600));
    let one_is_gone = async {
        while logged(&app).await != 1 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), one_is_gone).await.expect("the old call is still in the log");
    assert_eq!(app.settled().await.calls, 2);
    let activity = app.get("/global/activity?start_date=2026-11-21&end_date=2026-12-22").expect_status(200).await;
    assert_eq!(activity.value()["sum_api_requests"], 2);
}
