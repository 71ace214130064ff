//! Reports of spend.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use tollgate::ledger::SpendEvent;
use tollgate::ledger::writer::write_batch;
use tollgate_openapi::spend::CallStatus;

use super::{telling, titles};
use crate::kit::{FakeUpstream, Receiver, TestApp};
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

#[tokio::test]
async fn a_week_that_is_over_is_reported_once() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = telling(&upstream, &receiver, "[webhook]", "  alert_types: [spend_reports]\n").await;
    app.post("/team/new", json!({"team_id": "shop", "team_alias": "Shop"})).expect_status(200).await;
    spend(&app, &["2026-11-12", "2026-11-17", "2026-11-18", "2026-11-19"]).await;
    // It is Saturday noon; on Monday at one the week has been over for an hour.
    app.advance(HOUR * 38);
    let told = receiver.until_told(1).await;
    assert_eq!(titles(&told), ["Spend of 16–22 November 2026: $9.00, 200 % more than the week before"]);
    let message = told[0].json();
    assert_eq!(
        message["text"],
        "Top teams: search $6.00, Shop $3.00\nTop users: ada $9.00\nTop keys: key1 $9.00\nTop models: gpt-4o $9.00\n\
         Biggest changes: ada $3.00 to $9.00, key1 $3.00 to $9.00, gpt-4o $3.00 to $9.00"
    );
    assert!(message["link"].as_str().unwrap().ends_with("/ui/usage?from=2026-11-16&to=2026-11-22"), "{message}");
    assert_eq!(
        (&message["details"]["api_requests"], &message["details"]["month_to_date"]),
        (&json!(6), &json!(12_000_000_000_i64))
    );
    app.advance(HOUR);
    app.advance(HOUR);
    app.post("/alert/channel/new", json!({"name": "Other", "kind": "webhook", "url": receiver.url("/other")}))
        .expect_status(200)
        .await;
    let list = app.get("/alert/list?alert_type=spend_reports").expect_status(200).await.value();
    assert_eq!((&list["total"], &list["alerts"][0]["occurrences"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn days_are_reported_where_asked_for_and_months_always() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app =
        telling(&upstream, &receiver, "[webhook]", "  spend_report_frequency: 1d\n  alert_types: [spend_reports]\n")
            .await;
    spend(&app, &["2026-11-21"]).await;
    app.advance(HOUR * 14);
    let told = receiver.until_told(1).await;
    assert_eq!(titles(&told), ["Spend of 21 November 2026: $3.00, nothing the day before"]);
    // Nobody called on the days between: the next word is of the month.
    app.advance(HOUR * 24 * 9);
    let told = receiver.until_told(2).await;
    assert_eq!(titles(&told)[1], "Spend of November 2026: $3.00, nothing the month before");
}

#[tokio::test]
async fn how_models_did_yesterday_is_told_once() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = telling(&upstream, &receiver, "[webhook]", "  alert_types: [daily_reports]\n").await;
    let of = |id: &str, model: &str, provider: Option<&str>, seconds: i64, status: CallStatus| {
        let made = call(id, "key1", "2026-11-21T10:00:00Z");
        SpendEvent {
            model_group: Arc::from(model),
            provider: provider.map(Arc::from),
            end_time: made.start_time + TimeDelta::seconds(seconds),
            status,
            ..made
        }
    };
    let (success, failure) = (CallStatus::Success, CallStatus::Failure);
    let calls = [
        of("a", "fast", Some("openai"), 1, success),
        of("b", "slow", Some("openai"), 60, success),
        of("c", "slow", Some("azure"), 2, failure),
        of("d", "slow", Some("azure"), 2, failure),
        of("e", "fast", Some("openai"), 2, failure),
        // Nobody was asked: no model failed.
        of("f", "fast", None, 0, failure),
    ];
    write_batch(&app.app.db, &calls).await.unwrap();
    // At noon, yesterday had no calls; an hour after midnight, it had.
    app.advance(HOUR * 13);
    let told = receiver.until_told(1).await;
    assert_eq!(titles(&told), ["Models on 21 November 2026: 4 of 6 calls failed"]);
    let message = told[0].json();
    let text = message["text"].as_str().unwrap();
    let (failed, slowest) = text.split_once('\n').unwrap();
    assert_eq!(failed, "Failed most: slow at azure 2 of 2, fast at openai 1 of 2");
    assert!(slowest.starts_with("Slowest: slow 6") && slowest.contains(", fast 1."), "{slowest}");
    app.advance(HOUR);
    app.beside().await;
    let list = app.get("/alert/list?alert_type=daily_reports").expect_status(200).await.value();
    assert_eq!((&list["total"], &list["alerts"][0]["occurrences"]), (&json!(1), &json!(1)));
}
