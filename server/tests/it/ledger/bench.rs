//! What writing costs. By hand, on a quiet machine and on PostgreSQL:
//! `deploy/scripts/start_test_db.sh cargo test --release -p tollgate --test it -- --ignored bench_write --nocapture`.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use tollgate::clock::Clock;
use tollgate::domain::usage::Usage;
use tollgate::ledger::writer::write_batch;
use tollgate::ledger::{Charge, SpendEvent};

use super::event;
use crate::kit::TestApp;

/// As many as the writer takes at once.
const BATCH_EVENTS: usize = 1_000;
/// Batches that are measured, after as many that are not.
const BATCHES: usize = 40;

/// A call in a company of 2,000 keys, 500 users, 60 teams, 20 models and 5,000 end users.
fn call(number: usize) -> SpendEvent {
    // Steps that share no factor with what they are counted in visit everything.
    let (key, end_user) = (number * 7_919 % 2_000, number * 104_729 % 5_000);
    let text = |kind: &str, id: usize| -> Arc<str> { Arc::from(format!("{kind}-{id:032}")) };
    let model = (key + number % 3) % 20;
    let start_time = "2026-11-21T12:00:00Z".parse::<chrono::DateTime<Utc>>().unwrap();
    let charge = |kind: &'static str, id: Arc<str>| Charge { kind: kind.into(), id, window_start_us: 0 };
    SpendEvent {
        request_id: text("call", number),
        api_key: text("key", key),
        user_id: Some(text("user", key % 500)),
        team_id: Some(text("team", key % 60)),
        organization_id: Some(text("organization", key % 4)),
        end_user: Some(format!("customer-{end_user}")),
        usage: Usage { input: 1_000, output: 200, ..Usage::default() },
        start_time,
        end_time: start_time + TimeDelta::milliseconds(i64::try_from(number % 5_000).unwrap()),
        model_group: text("model", model),
        model: text("upstream", model),
        tags: Vec::new(),
        charges: vec![
            charge("key", text("key", key)),
            charge("user", text("user", key % 500)),
            charge("team", text("team", key % 60)),
            charge("gateway", Arc::from("gateway")),
        ],
        ..event(number)
    }
}

#[tokio::test]
#[ignore = "a measurement, by hand"]
async fn bench_write() {
    let app = TestApp::start().await;
    let clock = Clock::system();
    let mut took = Vec::with_capacity(BATCHES);
    for batch in 0..2 * BATCHES {
        let events: Vec<SpendEvent> = (batch * BATCH_EVENTS..(batch + 1) * BATCH_EVENTS).map(call).collect();
        let started = clock.monotonic();
        write_batch(&app.app.db, &events).await.unwrap();
        if batch >= BATCHES {
            took.push(clock.monotonic() - started);
        }
    }
    took.sort_unstable();
    let per_second = |seconds: f64| 1_000.0 / seconds;
    let (middle, slowest) = (took[BATCHES / 2].as_secs_f64(), took[BATCHES - 1].as_secs_f64());
    println!("{:.0} events a second, {:.0} in the slowest batch", per_second(middle), per_second(slowest));
}
