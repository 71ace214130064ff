//! What a run comes to.

use std::time::Duration;

use tollgate::config::RoutingStrategy;

use super::litellm::LiteLlm;
use super::ours::Ours;
use super::rivals::{Oracle, RoundRobin};
use super::run::{Balancer, Outcome, run};
use super::traces::Trace;

/// Who may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    Oracle,
    Latency,
    LiteLlm,
    LeastBusy,
    RoundRobin,
    Random,
}

impl Strategy {
    pub(crate) const ALL: [Self; 6] =
        [Self::Oracle, Self::Latency, Self::LiteLlm, Self::LeastBusy, Self::RoundRobin, Self::Random];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Oracle => "oracle",
            Self::Latency => "latency-based-routing",
            Self::LiteLlm => "LiteLLM's latency rule",
            Self::LeastBusy => "least-busy",
            Self::RoundRobin => "round robin",
            Self::Random => "random (simple-shuffle)",
        }
    }

    fn make(self, trace: &Trace, seed: u64) -> Box<dyn Balancer> {
        let count = (trace.deployments)().len();
        let ours = |strategy| Box::new(Ours::new(count, trace.is_stream, strategy, seed));
        match self {
            Self::Oracle => Box::new(Oracle),
            Self::LiteLlm => Box::new(LiteLlm::new(count, trace.is_stream)),
            Self::RoundRobin => Box::new(RoundRobin::default()),
            Self::Latency => ours(RoutingStrategy::Latency),
            Self::LeastBusy => ours(RoutingStrategy::LeastBusy),
            Self::Random => ours(RoutingStrategy::SimpleShuffle),
        }
    }
}

/// The figures of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) mean: Duration,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// Share of calls that were not answered.
    pub(crate) failed: f64,
    /// Share of attempts at a dead deployment while it was, where one was.
    pub(crate) on_dead: Option<f64>,
    /// From when a deployment was the best again until half of the calls of a second went there; `None` in it: never.
    pub(crate) rediscovery: Option<Option<Duration>>,
}

/// Runs `trace` with each of `seeds` and adds all up.
pub(crate) fn measure(trace: &Trace, strategy: Strategy, seeds: &[u64]) -> Figures {
    let runs: Vec<Outcome> = seeds.iter().map(|seed| run(trace, *seed, |trace| strategy.make(trace, *seed))).collect();
    let mut waited: Vec<Duration> = runs.iter().flat_map(|run| &run.waited).copied().collect();
    waited.sort_unstable();
    let at = |percent: usize| waited[(waited.len() - 1) * percent / 100];
    let count = float(waited.len());
    let rediscovery = runs.iter().flat_map(|run| trace.recoveries.iter().map(|(at, to)| used_again(run, *at, *to)));
    // The worst one; never is worse than any.
    let worst = rediscovery.map(|after| after.unwrap_or(Duration::MAX)).max();
    Figures {
        mean: waited.iter().sum::<Duration>().div_f64(count),
        p50: at(50),
        p99: at(99),
        failed: float(runs.iter().map(|run| run.failed).sum()) / count,
        on_dead: (!trace.dead.is_empty()).then(|| share_on_dead(trace, &runs)),
        rediscovery: worst.map(|after| Some(after).filter(|after| *after != Duration::MAX)),
    }
}

fn share_on_dead(trace: &Trace, runs: &[Outcome]) -> f64 {
    let (mut dead, mut all) = (0, 0);
    for (which, from, to) in trace.dead {
        let during = Duration::from_secs(*from)..Duration::from_secs(*to);
        let attempts = || runs.iter().flat_map(|run| &run.attempts).filter(|(at, _)| during.contains(at));
        all += attempts().count();
        dead += attempts().filter(|(_, one)| one == which).count();
    }
    float(dead) / float(all)
}

/// How long after `at` half of the attempts of a second go to `to`.
fn used_again(run: &Outcome, at: u64, to: usize) -> Option<Duration> {
    let from = Duration::from_secs(at);
    let after: Vec<&(Duration, usize)> = run.attempts.iter().filter(|(at, _)| *at >= from).collect();
    let mut end = 0;
    let mut hits = 0;
    for (start, (at, own)) in after.iter().enumerate() {
        while end < after.len() && after[end].0 < *at + Duration::from_secs(1) {
            hits += usize::from(after[end].1 == to);
            end += 1;
        }
        if *own == to && hits * 2 >= end - start {
            return Some(*at - from);
        }
        hits -= usize::from(*own == to);
    }
    None
}

pub(crate) fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}
