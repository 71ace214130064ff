//! `make bench-routing`: how routing strategies do on traces, and what a choice costs.

#![expect(
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it prints figures, and fails by panicking"
)]

#[path = "../tests/simulation/lib.rs"]
mod simulation;

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tollgate::domain::usage::Usage;
use tollgate::router::{Ask, Need, Rules};

use simulation::report::{Figures, Strategy, measure};
use simulation::traces::TRACES;

/// Runs of each trace.
const SEEDS: [u64; 3] = [1, 2, 3];

fn main() {
    let only = std::env::args().nth(1).filter(|name| !name.starts_with("--"));
    println!("| trace | strategy | mean ms | p50 ms | p99 ms | failed | on the dead | found again after |");
    println!("|---|---|--:|--:|--:|--:|--:|--:|");
    for trace in TRACES.iter().filter(|trace| only.as_deref().is_none_or(|only| trace.name.contains(only))) {
        let oracle = measure(trace, Strategy::Oracle, &SEEDS);
        for strategy in Strategy::ALL {
            let figures = if strategy == Strategy::Oracle { oracle } else { measure(trace, strategy, &SEEDS) };
            println!("| {} | {} | {} |", trace.name, strategy.name(), row(&figures, &oracle));
        }
    }
    choices();
}

/// What a choice costs, in groups of these sizes.
fn choices() {
    const CHOICES: u32 = 200_000;
    println!("\n| deployments | choosing and starting an attempt | its end |");
    println!("|--:|--:|--:|");
    for size in [1, 2, 10, 100] {
        let (router, clock) = simulation::ours::router(size, Rules::default(), 1);
        let ask = Ask { model: simulation::ours::MODEL, barred: &[], is_stream: true, sticky: None };
        let usage = Usage { output: 100, ..Usage::default() };
        let (mut chosen, mut ended) = (Duration::ZERO, Duration::ZERO);
        for round in 0..CHOICES {
            let before = Instant::now();
            let reserved = router.take(&ask, Need::default()).now_or_never().unwrap().unwrap();
            let mut attempt = router.start(reserved, true);
            let between = Instant::now();
            clock.advance(Duration::from_micros(u64::from(500 + round % 100)));
            attempt.first_token();
            attempt.succeeded(&usage);
            drop(attempt);
            chosen += between - before;
            ended += between.elapsed();
        }
        let each = |all: Duration| format!("{} ns", (all / CHOICES).as_nanos());
        println!("| {size} | {} | {} |", each(chosen), each(ended));
    }
}

fn row(figures: &Figures, oracle: &Figures) -> String {
    let ms = |time: Duration| format!("{:.0}", time.as_secs_f64() * 1e3);
    let beside = |own: Duration, other: Duration| {
        format!("{} ({:+.0} %)", ms(own), (own.as_secs_f64() / other.as_secs_f64() - 1.0) * 100.0)
    };
    let percent = |share: f64| format!("{:.2} %", share * 100.0);
    let cells = [
        beside(figures.mean, oracle.mean),
        ms(figures.p50),
        beside(figures.p99, oracle.p99),
        percent(figures.failed),
        figures.on_dead.map(percent).unwrap_or_default(),
        match figures.rediscovery {
            None => String::new(),
            Some(None) => "never".to_owned(),
            Some(Some(after)) => format!("{:.1} s", after.as_secs_f64()),
        },
    ];
    cells.join(" | ")
}
