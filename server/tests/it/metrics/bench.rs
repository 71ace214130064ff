//! What counting a call costs, and what a key with metrics of its own takes. By hand, on a quiet machine, each alone:
//! `cargo test --release -p tollgate --test it -- --ignored bench_count --nocapture`, and `bench_keys`.

use std::time::Duration;

use tollgate::clock::Clock;
use tollgate::ledger::SpendEvent;
use tollgate::telemetry::calls;
use tollgate::telemetry::deployments::{Ended, attempted};
use tollgate::telemetry::{self, Aliases};

/// Calls that are measured, after as many that are not.
const CALLS: usize = 1_000_000;
/// How often what was counted is summed up, as the job does every few seconds.
const UPKEEP_EVERY: usize = 10_000;

fn count(event: &SpendEvent) {
    let took = Duration::from_millis(700);
    attempted(event, Ended::Answered, took, Aliases::default);
    calls::record(event, Some(took), Aliases::default);
}

#[test]
#[ignore = "a measurement"]
fn bench_count() {
    let registry = telemetry::metrics().unwrap();
    let (clock, event) = (Clock::system(), crate::ledger::event(1));
    for round in 0..2 {
        let mut spent = Duration::ZERO;
        for _ in 0..CALLS / UPKEEP_EVERY {
            let began = clock.monotonic();
            (0..UPKEEP_EVERY).for_each(|_| count(&event));
            spent += clock.monotonic() - began;
            registry.run_upkeep();
        }
        let each = spent / u32::try_from(CALLS).unwrap();
        if round == 1 {
            println!("counting a call and its attempt: {each:?}");
        }
    }
}

/// Memory of keys with metrics of their own.
#[test]
#[ignore = "a measurement"]
fn bench_keys() {
    let registry = telemetry::metrics().unwrap();
    let rss = || {
        let text = std::fs::read_to_string("/proc/self/statm").unwrap();
        text.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4
    };
    let before = rss();
    for key in 0..1_000 {
        let mut event = crate::ledger::event(1);
        event.api_key = format!("{key:064}").into();
        event.completion_start_time = Some(event.end_time);
        (0..20).for_each(|_| count(&event));
    }
    println!("kB a key, just counted: {}", (rss() - before) / 1_000);
    registry.run_upkeep();
    println!("kB a key, summed up: {}", (rss() - before) / 1_000);
}
