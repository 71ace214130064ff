//! Counters of one process and those that nodes share: one behaviour, tested by the same operations.

mod shared;
mod windows;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tollgate::clock::Clock;
use tollgate::counters::{Admission, Counters, Demand, Limits, Place, Scope, ScopeId, Standing, Ticket};
use tollgate_openapi::money::NanoUsd;

use crate::kit::RedisServer;
use shared::Cluster;

const SCOPES: [&str; 3] = ["key", "team", "gateway"];
/// When the clock of these tests stands.
const START: DateTime<Utc> = DateTime::<Utc>::UNIX_EPOCH;

#[derive(Clone, Debug)]
enum Act {
    Admit {
        node: usize,
        cost: i64,
        tokens: u64,
    },
    /// Ends one of the calls in flight, having used these hundredths of what it reserved.
    Settle {
        which: usize,
        used: i64,
    },
    Release {
        which: usize,
    },
    Advance {
        ms: u64,
    },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0usize..100, 0i64..60, 0u64..40).prop_map(|(node, cost, tokens)| Act::Admit { node, cost, tokens }),
        2 => (0usize..100, 0i64..=100).prop_map(|(which, used)| Act::Settle { which, used }),
        1 => (0usize..100).prop_map(|which| Act::Release { which }),
        2 => (0u64..20_000).prop_map(|ms| Act::Advance { ms }),
    ]
}

fn limits() -> impl Strategy<Value = Limits> {
    let budget = prop::option::of((0i64..500).prop_map(NanoUsd));
    let count = |range| prop::option::of(range);
    (budget, count(1u64..10), count(1u64..100), count(1u64..6)).prop_map(|(max_budget, rpm, tpm, parallel)| Limits {
        max_budget,
        rpm,
        tpm,
        parallel,
    })
}

/// What one scope has seen, written down call by call.
#[derive(Default)]
struct Seen {
    spent: i64,
    reserved: i64,
    in_flight: u64,
    /// When each call was admitted, and its tokens: as reserved, and later as used.
    calls: Vec<(u64, u64)>,
}

impl Seen {
    fn most_in_a_minute(&self, what: impl Fn(u64) -> u64) -> u64 {
        let in_minute = |start: u64| self.calls.iter().filter(move |(at, _)| *at >= start && *at < start + 60_000);
        let sums = self.calls.iter().map(|(start, _)| in_minute(*start).map(|(_, tokens)| what(*tokens)).sum());
        sums.max().unwrap_or(0)
    }

    fn check(&self, limits: Limits) {
        if let Some(max) = limits.max_budget {
            assert!(self.spent + self.reserved <= max.0, "{} + {} > {}", self.spent, self.reserved, max.0);
        }
        assert!(limits.parallel.is_none_or(|limit| self.in_flight <= limit));
        assert!(limits.rpm.is_none_or(|limit| self.most_in_a_minute(|_| 1) <= limit));
        assert!(limits.tpm.is_none_or(|limit| self.most_in_a_minute(|tokens| tokens) <= limit));
    }
}

fn scope(kind: &'static str, limits: Limits) -> Scope {
    Scope {
        id: ScopeId { kind, id: Arc::from("1") },
        limits,
        window_start: None,
        window_end: None,
        spent_at_load: NanoUsd::ZERO,
        loaded_window_start: None,
    }
}

fn cost(nano: i64) -> Demand {
    Demand { cost: NanoUsd(nano), tokens: 0 }
}

fn budget(nano: i64) -> Limits {
    Limits { max_budget: Some(NanoUsd(nano)), ..Limits::default() }
}

fn granted(admission: Admission) -> Ticket {
    match admission {
        Admission::Granted(ticket) => ticket,
        other => panic!("expected to be let through, got {other:?}"),
    }
}

/// Calls in flight: the ticket, and its place in [`Seen::calls`].
type InFlight = Vec<(Ticket, usize)>;

fn end(in_flight: &mut InFlight, which: usize, used: Option<i64>, seen: &mut Seen) {
    if in_flight.is_empty() {
        return;
    }
    let (ticket, call) = in_flight.swap_remove(which % in_flight.len());
    let reserved = ticket.reserved();
    let used = Demand {
        cost: NanoUsd(reserved.cost.0 * used.unwrap_or(0) / 100),
        tokens: reserved.tokens * u64::try_from(used.unwrap_or(0)).unwrap() / 100,
    };
    seen.reserved -= reserved.cost.0;
    seen.spent += used.cost.0;
    seen.in_flight -= 1;
    seen.calls[call].1 = used.tokens;
    if used == Demand::default() { drop(ticket) } else { ticket.settle(used) }
}

/// What must hold whatever is done, in every scope, at every moment, however many nodes count.
async fn no_limit_is_ever_exceeded(nodes: &[Arc<Counters>], clock: &Clock, limits: [Limits; 3], acts: Vec<Act>) {
    let scopes: Vec<Scope> = SCOPES.into_iter().zip(limits).map(|(kind, limits)| scope(kind, limits)).collect();
    // All scopes see the same calls: it is all or nothing.
    let (mut seen, mut in_flight, mut now_ms) = (Seen::default(), InFlight::new(), 0);
    for act in acts {
        match act {
            Act::Admit { node, cost, tokens } => {
                let demand = Demand { cost: NanoUsd(cost), tokens };
                if let Admission::Granted(ticket) = nodes[node % nodes.len()].admit(&scopes, demand, None).await {
                    in_flight.push((ticket, seen.calls.len()));
                    seen.calls.push((now_ms, tokens));
                    seen.reserved += cost;
                    seen.in_flight += 1;
                }
            }
            Act::Settle { which, used } => end(&mut in_flight, which, Some(used), &mut seen),
            Act::Release { which } => end(&mut in_flight, which, None, &mut seen),
            Act::Advance { ms } => {
                now_ms += ms;
                clock.advance(Duration::from_millis(ms));
            }
        }
        limits.into_iter().for_each(|limits| seen.check(limits));
        let reserved: NanoUsd = nodes.iter().map(|node| node.reserved_total()).sum();
        assert_eq!(reserved.0, seen.reserved * 3);
    }
    drop(in_flight);
    for node in nodes {
        assert!(node.told(Duration::from_secs(10)).await);
        assert_eq!(node.reserved_total(), NanoUsd::ZERO);
    }
    let standings = nodes[0].standings(&scopes).await;
    for (standing, limits) in standings.into_iter().zip(limits) {
        let Standing { spent, reserved, in_flight, .. } = standing;
        assert_eq!((reserved.0, in_flight), (0, 0));
        assert!(limits.max_budget.is_none() || spent.0 == seen.spent, "{} of {}", spent.0, seen.spent);
    }
    // With nothing in flight and a minute gone, only a spent budget refuses.
    clock.advance(Duration::from_secs(63));
    let is_spent = limits.iter().any(|limits| limits.max_budget.is_some_and(|max| seen.spent >= max.0));
    let admission = nodes[0].admit(&scopes, Demand::default(), None).await;
    assert_eq!(matches!(admission, Admission::Granted(_)), !is_spent);
}

type Case = ([Limits; 3], Vec<Act>);

fn run_cases(cases: u32, run: impl FnMut(Case)) {
    run_with(cases, &(prop::array::uniform3(limits()), prop::collection::vec(act(), 1..200)), run);
}

fn run_with<S: Strategy>(cases: u32, strategy: &S, mut run: impl FnMut(S::Value)) {
    let runner = std::sync::Mutex::new(&mut run);
    TestRunner::new(Config { cases, failure_persistence: None, max_shrink_iters: 1_000, ..Config::default() })
        .run(strategy, |case| {
            runner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)(case);
            Ok(())
        })
        .unwrap();
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn one_process_never_exceeds_a_limit() {
    let runtime = runtime();
    run_cases(256, |(limits, acts)| {
        let clock = Clock::manual(START);
        let nodes = [Arc::new(Counters::new(clock.clone()))];
        runtime.block_on(no_limit_is_ever_exceeded(&nodes, &clock, limits, acts));
    });
}

fn nodes_never_exceed_a_limit(nodes: usize, cases: u32) {
    let runtime = runtime();
    let redis = runtime.block_on(RedisServer::start());
    run_cases(cases, |(limits, acts)| {
        runtime.block_on(async {
            let cluster = Cluster::start(&redis, nodes).await;
            no_limit_is_ever_exceeded(&cluster.nodes, &cluster.clock, limits, acts).await;
            cluster.close().await;
        });
    });
}

#[test]
fn one_node_with_redis_never_exceeds_a_limit() {
    nodes_never_exceed_a_limit(1, 96);
}

#[test]
fn three_nodes_together_never_exceed_a_limit() {
    nodes_never_exceed_a_limit(3, 96);
}

#[tokio::test]
async fn who_waits_is_not_passed_and_leaves_no_gap() {
    let redis = RedisServer::start().await;
    let cluster = Cluster::start(&redis, 1).await;
    let alone = Arc::new(Counters::new(Clock::manual(START)));
    for counters in [&alone, &cluster.nodes[0]] {
        let scopes = [scope("key", budget(100))];
        let ask = async |nano, place: Option<&Place>| counters.admit(&scopes, cost(nano), place).await;
        let first = granted(ask(90, None).await);
        let places = [counters.join(&scopes[0].id).unwrap(), counters.join(&scopes[0].id).unwrap()];
        assert!(matches!(ask(5, None).await, Admission::Short { .. }), "others were there before");
        assert!(matches!(ask(5, Some(&places[1])).await, Admission::Short { .. }));
        assert_eq!(counters.room(&scopes, &places[1]).await, Ok(None));
        let room = counters.room(&scopes, &places[0]).await.unwrap().unwrap();
        assert_eq!((room.cost, room.waiting, room.may_grow), (Some(NanoUsd(10)), 2, true));
        first.settle(cost(1));
        assert!(counters.told(Duration::from_secs(10)).await);
        let second = granted(ask(60, Some(&places[0])).await);
        drop(second);
        assert!(counters.told(Duration::from_secs(10)).await);
        let [front, back] = places;
        drop(front);
        drop(granted(ask(60, Some(&back)).await));
        drop(back);
        assert!(counters.told(Duration::from_secs(10)).await);
        drop(granted(ask(60, None).await));
    }
}
