//! Whether `latency-based-routing` does what it is for, in the simulator (`make bench-routing` prints all figures).

use std::time::Duration;

use crate::simulation::report::{Figures, Strategy, measure};
use crate::simulation::traces::{TRACES, Trace};

const SEEDS: [u64; 1] = [5];

fn trace(name: &str) -> &'static Trace {
    TRACES.iter().find(|trace| trace.name == name).unwrap()
}

fn of(trace: &Trace, strategy: Strategy) -> Figures {
    measure(trace, strategy, &SEEDS)
}

/// How much slower `own` is than `other`, in parts of it.
fn slower(own: Duration, other: Duration) -> f64 {
    own.as_secs_f64() / other.as_secs_f64() - 1.0
}

/// What is given up where nobody who does not know the future can be as good as the oracle: mean and p99 against its own.
/// Where the fastest slows down tenfold, what was sent there before that shows is one call in a hundred; in a group of
/// forty, a small share of the calls finds out too slowly how the others are.
fn allowed(trace: &Trace) -> (f64, f64) {
    match trace.name {
        "spikes" => (0.2, 0.5),
        "forty" => (0.15, 0.5),
        _ => (0.1, 0.25),
    }
}

#[test]
fn it_is_nearly_as_good_as_an_oracle() {
    for trace in &TRACES {
        let (oracle, own) = (of(trace, Strategy::Oracle), of(trace, Strategy::Latency));
        let (mean, p99) = (slower(own.mean, oracle.mean), slower(own.p99, oracle.p99));
        let (mean_max, p99_max) = allowed(trace);
        assert!(mean <= mean_max && p99 <= p99_max, "{}: mean {mean:+.3}, p99 {p99:+.3}, {own:?}", trace.name);
        assert!(own.failed <= oracle.failed + 0.0005, "{}: {own:?}", trace.name);
    }
}

#[test]
fn where_speed_shifts_it_is_faster_than_whoever_does_not_know() {
    let shifts = trace("shifts");
    let own = of(shifts, Strategy::Latency);
    for strategy in Strategy::ALL.into_iter().filter(|one| !matches!(one, Strategy::Oracle | Strategy::Latency)) {
        let other = of(shifts, strategy);
        let is_faster = own.mean < other.mean && own.p50 < other.p50;
        assert!(is_faster, "{}: {other:?}, {own:?}", strategy.name());
    }
}

#[test]
fn where_speed_shifts_the_slowest_calls_are_far_faster_than_by_litellms_rule() {
    for name in ["shifts", "forty"] {
        let (other, own) = (of(trace(name), Strategy::LiteLlm), of(trace(name), Strategy::Latency));
        assert!(own.p99 <= other.p99.mul_f64(0.7), "{name}: {own:?}, {other:?}");
    }
}

#[test]
fn what_recovers_is_used_again_within_ten_seconds_and_what_is_dead_hardly_ever() {
    for trace in TRACES.iter().filter(|trace| !trace.recoveries.is_empty()) {
        let own = of(trace, Strategy::Latency);
        // One that hangs may have been asked just before: that fails after 10 s, and makes it cool down.
        let at_most = Duration::from_secs(if trace.name == "dies: hangs" { 15 } else { 10 });
        assert!(own.rediscovery.flatten().is_some_and(|after| after <= at_most), "{}: {own:?}", trace.name);
        assert!(own.on_dead.unwrap_or(0.0) < 0.01, "{}: {own:?}", trace.name);
    }
}

#[test]
fn a_run_can_be_repeated() {
    let mean = || of(trace("fails in bursts"), Strategy::Latency).mean;
    assert_eq!(mean(), mean());
}
