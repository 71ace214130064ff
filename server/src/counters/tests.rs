//! Random operations against a model: what must hold in every scope, at every moment.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use tollgate_openapi::money::NanoUsd;

use super::*;
use crate::clock::Clock;

const SCOPES: [&str; 3] = ["key", "team", "gateway"];

#[derive(Clone, Debug)]
enum Act {
    Admit {
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
        4 => (0i64..60, 0u64..40).prop_map(|(cost, tokens)| Act::Admit { cost, tokens }),
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

proptest! {
    #[test]
    fn no_limit_is_ever_exceeded_and_nothing_stays_reserved(
        limits in prop::array::uniform3(limits()), acts in prop::collection::vec(act(), 1..200),
    ) {
        let clock = Clock::manual(DateTime::<Utc>::UNIX_EPOCH);
        let counters = Arc::new(Counters::new(clock.clone()));
        let scopes: Vec<Scope> = SCOPES.into_iter().zip(limits).map(|(kind, limits)| scope(kind, limits)).collect();
        // All scopes see the same calls: it is all or nothing.
        let mut seen = Seen::default();
        let mut in_flight = InFlight::new();
        let mut now_ms = 0;
        for act in acts {
            match act {
                Act::Admit { cost, tokens } => {
                    let demand = Demand { cost: NanoUsd(cost), tokens };
                    if let Admission::Granted(ticket) = counters.admit(&scopes, demand, None) {
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
            prop_assert_eq!(counters.reserved_total().0, seen.reserved * 3);
            let spent = counters.spent(&scopes[0].id, None).unwrap_or_default();
            prop_assert_eq!(spent.0, seen.spent);
        }
        drop(in_flight);
        prop_assert_eq!(counters.reserved_total(), NanoUsd::ZERO);
        // With nothing in flight and a minute gone, only a spent budget refuses.
        clock.advance(Duration::from_secs(63));
        let is_spent = limits.iter().any(|limits| limits.max_budget.is_some_and(|max| seen.spent >= max.0));
        let admission = counters.admit(&scopes, Demand::default(), None);
        prop_assert_eq!(matches!(admission, Admission::Granted(_)), !is_spent);
    }
}

#[test]
fn who_waits_is_not_passed_and_leaves_no_gap() {
    let counters = Arc::new(Counters::new(Clock::manual(DateTime::<Utc>::UNIX_EPOCH)));
    let scopes = [scope("key", Limits { max_budget: Some(NanoUsd(100)), ..Limits::default() })];
    let ask = |cost, place: Option<&Place>| counters.admit(&scopes, Demand { cost: NanoUsd(cost), tokens: 0 }, place);
    let Admission::Granted(first) = ask(90, None) else { panic!("there is room") };
    let places = [counters.join(&scopes[0].id).unwrap(), counters.join(&scopes[0].id).unwrap()];
    assert!(matches!(ask(5, None), Admission::Short { .. }), "others were there before");
    assert!(matches!(ask(5, Some(&places[1])), Admission::Short { .. }));
    assert_eq!(counters.room(&scopes, &places[1]), Ok(None));
    let room = counters.room(&scopes, &places[0]).unwrap().unwrap();
    assert_eq!((room.cost, room.waiting, room.may_grow), (Some(NanoUsd(10)), 2, true));
    first.settle(Demand { cost: NanoUsd(1), tokens: 0 });
    assert!(matches!(ask(60, Some(&places[0])), Admission::Granted(_)));
    let [front, back] = places;
    drop(front);
    assert!(matches!(ask(60, Some(&back)), Admission::Granted(_)));
    drop(back);
    assert!(matches!(ask(60, None), Admission::Granted(_)));
}
