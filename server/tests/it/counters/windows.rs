//! Windows that end, that take one another's place, and scopes that are made again, with calls in flight.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use tollgate::clock::Clock;
use tollgate::counters::{Admission, Correction, Counters, Moved, Scope, Ticket};
use tollgate_openapi::money::NanoUsd;

use super::shared::Cluster;
use super::{START, budget, cost, granted, run_with, runtime, scope};
use crate::kit::RedisServer;

type Start = Option<DateTime<Utc>>;

/// A scope in the window of so many seconds that `now` is in, of which `spent` is known.
fn at(now: DateTime<Utc>, seconds: Option<i64>, max: i64, spent: i64) -> Scope {
    // Windows of different lengths never start together.
    let start = seconds.map(|length| {
        let offset = TimeDelta::seconds(length.ilog2().into());
        START
            + offset
            + TimeDelta::seconds((now - START - offset).num_milliseconds().div_euclid(length * 1_000) * length)
    });
    Scope {
        window_start: start,
        window_end: start.zip(seconds).map(|(start, length)| start + TimeDelta::seconds(length)),
        spent_at_load: NanoUsd(spent),
        loaded_window_start: start,
        ..scope("key", budget(max))
    }
}

async fn admit(counters: &Arc<Counters>, scope: &Scope, nano: i64) -> Admission {
    counters.admit(std::slice::from_ref(scope), cost(nano), None).await
}

fn is_refused(admission: &Admission) -> bool {
    !matches!(admission, Admission::Granted(_))
}

/// What is spent and reserved.
async fn stands(counters: &Arc<Counters>, scope: &Scope) -> (i64, i64) {
    let standing = counters.standings(std::slice::from_ref(scope)).await[0];
    (standing.spent.0, standing.reserved.0)
}

fn window_of(ticket: &Ticket) -> Start {
    ticket.charged()[0].window_start
}

#[tokio::test]
async fn a_window_that_was_looked_up_before_it_ended_is_not_brought_back() {
    let clock = Clock::manual(START);
    let counters = Arc::new(Counters::new(clock.clone()));
    let early = at(clock.now(), Some(10), 100, 0);
    let first = granted(admit(&counters, &early, 60).await);
    clock.advance(Duration::from_secs(11));
    let later = at(clock.now(), Some(10), 100, 0);
    let second = granted(admit(&counters, &later, 60).await);
    assert!(is_refused(&admit(&counters, &early, 60).await), "40 are left now, whatever was left then");
    let third = granted(admit(&counters, &early, 30).await);
    assert_eq!((window_of(&first), window_of(&third)), (early.window_start, later.window_start));
    first.settle(cost(60));
    assert_eq!(stands(&counters, &later).await, (0, 90));
    second.settle(cost(60));
    third.settle(cost(30));
    assert_eq!(stands(&counters, &later).await, (90, 0));
}

#[tokio::test]
async fn calls_in_flight_count_in_the_window_that_takes_the_place_of_theirs() {
    let clock = Clock::manual(START);
    let counters = Arc::new(Counters::new(clock.clone()));
    let (hour, month) = (at(START, Some(3_600), 100, 0), at(START + TimeDelta::hours(1), Some(1_800), 100, 10));
    assert_ne!(hour.window_start, month.window_start);
    let first = granted(admit(&counters, &hour, 80).await);
    assert!(is_refused(&admit(&counters, &month, 80).await));
    assert_eq!(stands(&counters, &month).await, (10, 80));
    // And back again.
    assert_eq!(stands(&counters, &hour).await, (0, 80));
    let second = granted(admit(&counters, &hour, 20).await);
    assert_eq!(stands(&counters, &month).await, (10, 100));
    assert_eq!((window_of(&first), window_of(&second)), (month.window_start, month.window_start));
    first.settle(cost(80));
    drop(second);
    assert_eq!(stands(&counters, &month).await, (90, 0));
}

#[tokio::test]
async fn a_scope_that_is_made_again_has_no_part_in_calls_of_the_former_one() {
    let counters = Arc::new(Counters::new(Clock::manual(START)));
    let scope = at(START, None, 100, 0);
    let former = granted(admit(&counters, &scope, 90).await);
    counters.forget(&scope.id);
    let call = granted(admit(&counters, &scope, 30).await);
    former.settle(cost(90));
    assert_eq!(stands(&counters, &scope).await, (0, 30));
    call.settle(cost(20));
    assert_eq!(stands(&counters, &scope).await, (20, 0));
}

#[tokio::test]
async fn nodes_hear_where_calls_in_flight_count_now() {
    let redis = RedisServer::start().await;
    let cluster = Cluster::start(&redis, 2).await;
    let [one, other] = [&cluster.nodes[0], &cluster.nodes[1]];
    let (never, minute) = (at(START, None, 100, 0), at(START, Some(60), 100, 0));
    let call = granted(admit(one, &never, 80).await);
    for (from, to) in [(&never, &minute), (&minute, &never)] {
        let moved = Moved { from: from.window_start, end: to.window_end, spent: NanoUsd::ZERO };
        let (scope, window_start) = (to.id.clone(), to.window_start);
        let correction = Correction { scope, window_start, counted: NanoUsd::ZERO, moved: Some(moved) };
        one.correct(vec![correction]).await;
        assert!(one.told(Duration::from_secs(10)).await);
        assert!(is_refused(&admit(other, to, 80).await));
        assert_eq!((stands(other, from).await, stands(other, to).await), ((0, 0), (0, 80)));
    }
    call.settle(cost(50));
    assert!(one.told(Duration::from_secs(10)).await);
    assert_eq!(stands(other, &never).await, (50, 0));
    cluster.close().await;
}

#[derive(Clone, Debug)]
enum Act {
    /// A call that looked its window up so many milliseconds ago.
    Admit {
        cost: i64,
        ago: i64,
    },
    /// Ends one of the calls in flight, having used these hundredths of what it reserved.
    Settle {
        which: usize,
        used: i64,
    },
    Advance {
        ms: u64,
    },
    /// Gives the budget windows of another length; told at once, or heard of with the next call.
    Change {
        seconds: Option<i64>,
        is_told: bool,
    },
    /// Deletes what has the budget, and makes it again.
    MakeAgain,
}

fn act() -> impl Strategy<Value = Act> {
    let seconds = prop::option::of(prop_oneof![Just(5i64), Just(20), Just(60)]);
    prop_oneof![
        6 => (0i64..60, prop_oneof![3 => Just(0i64), 1 => 0i64..3_000]).prop_map(|(cost, ago)| Act::Admit { cost, ago }),
        4 => (0usize..100, 0i64..=100).prop_map(|(which, used)| Act::Settle { which, used }),
        3 => (0u64..8_000).prop_map(|ms| Act::Advance { ms }),
        1 => (seconds, any::<bool>()).prop_map(|(seconds, is_told)| Act::Change { seconds, is_told }),
        1 => Just(Act::MakeAgain),
    ]
}

/// A budget that is changed, and what the ledger has booked in each of its windows.
struct Changing {
    clock: Clock,
    counters: Arc<Counters>,
    max: i64,
    seconds: Option<i64>,
    booked: HashMap<Start, i64>,
    /// Calls in flight, and how often the scope had been made when they began.
    in_flight: Vec<(Ticket, u32)>,
    made: u32,
}

impl Changing {
    fn scope(&self, now: DateTime<Utc>) -> Scope {
        let scope = at(now, self.seconds, self.max, 0);
        let spent = self.booked.get(&scope.window_start).copied().unwrap_or(0);
        Scope { spent_at_load: NanoUsd(spent), ..scope }
    }

    async fn act(&mut self, act: Act) {
        match act {
            Act::Admit { cost, ago } => {
                let scope = self.scope((self.clock.now() - TimeDelta::milliseconds(ago)).max(START));
                if let Admission::Granted(ticket) = admit(&self.counters, &scope, cost).await {
                    self.in_flight.push((ticket, self.made));
                }
            }
            Act::Settle { which, used } if !self.in_flight.is_empty() => {
                let (ticket, made) = self.in_flight.swap_remove(which % self.in_flight.len());
                let used = ticket.reserved().cost.0 * used / 100;
                if made == self.made {
                    *self.booked.entry(window_of(&ticket)).or_default() += used;
                }
                ticket.settle(cost(used));
            }
            Act::Settle { .. } => {}
            Act::Advance { ms } => self.clock.advance(Duration::from_millis(ms)),
            Act::Change { seconds, is_told } => {
                let from = self.scope(self.clock.now());
                self.seconds = seconds;
                self.carry(&from, is_told).await;
            }
            Act::MakeAgain => {
                self.made += 1;
                self.booked.clear();
                self.counters.forget(&self.scope(START).id);
            }
        }
    }

    /// As management does: what was spent in the window is carried over into the one that takes its place.
    async fn carry(&mut self, from: &Scope, is_told: bool) {
        let to = self.scope(self.clock.now());
        if from.window_start == to.window_start {
            return;
        }
        self.booked.insert(to.window_start, from.spent_at_load.0);
        if is_told {
            let moved = Moved { from: from.window_start, end: to.window_end, spent: from.spent_at_load };
            let (scope, window_start) = (to.id, to.window_start);
            let correction = Correction { scope, window_start, counted: NanoUsd::ZERO, moved: Some(moved) };
            self.counters.correct(vec![correction]).await;
        }
    }

    async fn check(&self) {
        for (window, booked) in &self.booked {
            assert!(*booked <= self.max, "{booked} of {} in the window of {window:?}", self.max);
        }
        let now = self.scope(self.clock.now());
        let (spent, reserved) = stands(&self.counters, &now).await;
        let own =
            self.in_flight.iter().filter(|(ticket, made)| *made == self.made && window_of(ticket) == now.window_start);
        let expected: i64 = own.map(|(ticket, _)| ticket.reserved().cost.0).sum();
        assert_eq!((spent, reserved), (now.spent_at_load.0, expected));
        assert!(spent + reserved <= self.max);
    }
}

#[test]
fn no_change_of_windows_lets_a_budget_be_exceeded() {
    let runtime = runtime();
    let strategy = (1i64..200, prop::collection::vec(act(), 1..150));
    run_with(2_048, &strategy, |(max, acts)| {
        let clock = Clock::manual(START);
        let counters = Arc::new(Counters::new(clock.clone()));
        let (booked, in_flight) = (HashMap::new(), Vec::new());
        let mut changing = Changing { clock, counters, max, seconds: None, booked, in_flight, made: 0 };
        runtime.block_on(async {
            for act in acts {
                changing.act(act).await;
                changing.check().await;
            }
            changing.in_flight.clear();
            assert_eq!(changing.counters.reserved_total(), NanoUsd::ZERO);
        });
    });
}
