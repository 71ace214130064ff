//! The console's first page.

use chrono::TimeDelta;
use tollgate::ledger::SpendEvent;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::{Overview, PeriodTotals};

use super::{call, usd, write, write_some};
use crate::kit::TestApp;

async fn overview(app: &TestApp) -> Overview {
    app.get("/spend/overview").expect_status(200).await.json()
}

#[tokio::test]
async fn nothing_spent_shows_as_nothing() {
    let app = TestApp::start().await;
    let shown = overview(&app).await;
    assert_eq!((&shown.today, &shown.last_month), (&PeriodTotals::default(), &PeriodTotals::default()));
    assert_eq!(shown.days.len(), 30);
    assert!(shown.top_keys.is_empty() && shown.top_models.is_empty());
}

#[tokio::test]
async fn periods_add_up() {
    let app = TestApp::start().await;
    write_some(&app).await;
    write(&app, &[call("october", "key1", "2026-10-31T23:59:59Z")]).await;
    let shown = overview(&app).await;
    assert_eq!((shown.today.spend, shown.today.api_requests, shown.today.failed_requests), (usd(0.015), 2, 1));
    assert_eq!((shown.yesterday.spend, shown.month.spend, shown.last_month.spend), (usd(0.07), usd(0.085), usd(0.015)));
    assert_eq!(shown.month.total_tokens, 45);
    // The days cover 30, so October's last is among them and September's first is not.
    assert_eq!(shown.days.iter().map(|day| day.totals.spend).sum::<NanoUsd>(), usd(0.1));
    assert_eq!(
        (shown.days[0].date.to_string(), shown.days[29].date.to_string()),
        ("2026-10-23".into(), "2026-11-21".into())
    );
    assert_eq!(shown.days[29].totals, shown.today);
    assert_eq!(shown.top_models[0].model, "gpt-4o");
    assert_eq!(shown.top_keys[0].api_key, "key2");
}

#[tokio::test]
async fn latencies_are_those_of_successful_calls() {
    let app = TestApp::start().await;
    let calls: Vec<_> = (1..=100)
        .map(|n| {
            let call = call(&format!("call-{n}"), "key1", "2026-11-21T10:00:00Z");
            SpendEvent { end_time: call.start_time + TimeDelta::milliseconds(n * 10), ..call }
        })
        .collect();
    write(&app, &calls).await;
    let today = overview(&app).await.today;
    let (p50, p95) = (today.latency_p50_ms.unwrap(), today.latency_p95_ms.unwrap());
    assert!((500.0..=600.0).contains(&p50), "{p50}");
    assert!((950.0..=1140.0).contains(&p95), "{p95}");
}
