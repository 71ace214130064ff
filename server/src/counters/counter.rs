//! What one scope has spent, reserved and let through, as this process counts it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use tollgate_openapi::money::NanoUsd;

use super::line::{Line, Place};
use super::scope::{Charged, Demand, RateState, RateStates, Scope, ScopeId, Standing, WindowBounds};
use super::shared::{Change, Window};
use super::sliding::Sliding;
use super::verdict::{Position, Traffic};

/// One scope.
#[derive(Debug)]
pub(super) struct Counter {
    /// Tells it from others of the same scope, before and after it.
    pub(super) number: u64,
    pub(super) window_start: Option<DateTime<Utc>>,
    pub(super) window_end: Option<DateTime<Utc>>,
    pub(super) spent: NanoUsd,
    pub(super) reserved: NanoUsd,
    pub(super) in_flight: u64,
    /// Only of scopes that have a limit by the minute.
    rates: Option<Box<Rates>>,
    pub(super) line: Line,
    /// Only where nodes count together.
    pub(super) share: Option<Box<Share>>,
    /// The slot in which a call last began or ended here.
    pub(super) last_used: u64,
    /// Larger with each window that was over: calls that were admitted before count in theirs.
    era: u32,
    /// In this era one window has taken another one's place, with calls in flight.
    has_moved: bool,
    /// The last windows of eras that are over and had several, while calls of theirs may be in flight.
    past: Option<Box<Past>>,
}

/// Eras, and where their last windows start.
type Past = Vec<(u32, Option<DateTime<Utc>>)>;

/// What came by the minute.
#[derive(Debug, Default)]
struct Rates {
    requests: Sliding,
    tokens: Sliding,
}

/// This node's part of what all nodes spend.
#[derive(Debug, Default)]
pub(super) struct Share {
    /// The scope has limits that all nodes count together.
    pub(super) is_limited: bool,
    /// Reserved in the current window by calls that are counted there.
    pub(super) reserved: NanoUsd,
    /// Calls in flight that are counted there.
    pub(super) in_flight: u64,
    /// Spent in the current window and not in the ledger's database yet, as far as this process was told.
    pub(super) unwritten: NanoUsd,
    /// Of that, what is being written: the database may have it by now.
    pub(super) writing: NanoUsd,
}

/// Counters by scope. Callers choose some of the ids, so that the hash is keyed; it is quicker than the standard one.
/// Indexed, so that it can be walked through bit by bit.
pub(super) type Scopes = IndexMap<ScopeId, Counter, ahash::RandomState>;

impl Counter {
    /// An empty counter of `scope`, which knows of its window what was read of it.
    pub(super) fn new(number: u64, scope: &Scope) -> Self {
        Self {
            number,
            window_start: scope.window_start,
            window_end: scope.window_end,
            spent: scope.seed(),
            reserved: NanoUsd::ZERO,
            in_flight: 0,
            rates: None,
            line: Line::default(),
            share: None,
            last_used: 0,
            era: 0,
            has_moved: false,
            past: None,
        }
    }

    /// Goes on to another window of the scope, in which `spent` is known to be spent.
    ///
    /// Calls in flight count in the window they were admitted in once that is over. Where it is not, somebody has changed
    /// the budget: the new window takes its place, and them with it, and what is on its way to the ledger.
    pub(super) fn move_to(&mut self, to: &WindowBounds, spent: NanoUsd, now: DateTime<Utc>) -> Vec<(Window, Change)> {
        let is_over = self.window_end.is_some_and(|end| end <= now);
        let from = WindowBounds { scope: to.scope.clone(), start: self.window_start, end: self.window_end };
        (self.window_start, self.window_end, self.spent) = (to.start, to.end, spent);
        if let Some(share) = &mut self.share {
            share.writing = NanoUsd::ZERO;
            if is_over {
                share.unwritten = NanoUsd::ZERO;
            }
        }
        if is_over || self.in_flight == 0 {
            if std::mem::take(&mut self.has_moved) && self.in_flight > 0 {
                self.past.get_or_insert_default().push((self.era, from.start));
            }
            self.era += 1;
            self.reserved = NanoUsd::ZERO;
            if let Some(share) = &mut self.share {
                share.reserved = NanoUsd::ZERO;
            }
        } else {
            self.has_moved = true;
        }
        let Some(share) = self.share.as_ref().filter(|share| share.is_limited && !is_over) else { return Vec::new() };
        let part = |window: &WindowBounds, reserved: i64, unwritten: NanoUsd| {
            let unwritten = (share.unwritten != NanoUsd::ZERO).then_some(unwritten);
            let change = Change { reserved, unwritten, window_end: window.end, ..Change::default() };
            (Window { scope: window.scope.clone(), start: window.start }, change)
        };
        vec![part(&from, -share.reserved.0, NanoUsd::ZERO), part(to, share.reserved.0, share.unwritten)]
    }

    /// What of this node is on its way to the ledger, where nodes count together.
    pub(super) fn unwritten(&self) -> NanoUsd {
        self.share.as_ref().map_or(NanoUsd::ZERO, |share| share.unwritten)
    }

    /// Its present window.
    pub(super) fn window(&self, scope: &Scope) -> WindowBounds {
        WindowBounds { scope: scope.id.clone(), start: self.window_start, end: self.window_end }
    }

    /// Whether a call that was charged so counts in the present window.
    pub(super) fn counts(&self, charged: &Charged) -> bool {
        (self.number, self.era) == charged.counter
    }

    /// Where the window starts that a call counts in which was charged so.
    pub(super) fn start_of(&self, charged: &Charged) -> Option<DateTime<Utc>> {
        if self.counts(charged) {
            return self.window_start;
        }
        let mut past = self.past.iter().flat_map(|past| past.iter());
        let last = past.find(|(era, _)| (self.number, *era) == charged.counter);
        last.map_or(charged.window_start, |(_, start)| *start)
    }

    /// What calls are counted in that are charged to another window.
    pub(super) const fn elsewhere(&self) -> (u64, u32) {
        (self.number, u32::MAX)
    }

    /// What calls that are admitted now are counted in.
    pub(super) const fn present(&self) -> (u64, u32) {
        (self.number, self.era)
    }

    fn rates(&mut self) -> &mut Rates {
        self.rates.get_or_insert_default()
    }

    pub(super) fn standing(&mut self, slot: u64) -> Standing {
        let (requests, tokens) = match &mut self.rates {
            Some(rates) => (rates.requests.used(slot), rates.tokens.used(slot)),
            None => (0, 0),
        };
        Standing { spent: self.spent, reserved: self.reserved, requests, tokens, in_flight: self.in_flight }
    }

    pub(super) fn position(&mut self, slot: u64, place: Option<&Place>) -> Position {
        let (waiting, is_behind) = (self.line.len(), self.line.is_before(place));
        Position { standing: self.standing(slot), waiting, is_behind }
    }

    /// The slot in which `amount` more fits under a limit by the minute.
    pub(super) fn fits_at(&mut self, traffic: Traffic, slot: u64, amount: u64, limit: u64) -> Option<u64> {
        let rates = self.rates();
        let window = match traffic {
            Traffic::Requests => &mut rates.requests,
            Traffic::Tokens => &mut rates.tokens,
        };
        window.fits_at(slot, amount, limit)
    }

    /// Reserves in the window that starts then, if it is the present one; whether the call also counts by the minute.
    pub(super) fn take(
        &mut self,
        demand: Demand,
        scope: &Scope,
        window_start: Option<DateTime<Utc>>,
        slot: u64,
    ) -> bool {
        self.last_used = slot;
        if self.window_start == window_start {
            self.reserved += demand.cost;
        }
        self.in_flight += 1;
        // As in Redis: what has no limits by the minute does not count by it, whoever else is charged here.
        let counts_rates = scope.limits.rpm.is_some() || scope.limits.tpm.is_some();
        if counts_rates {
            let rates = self.rates();
            rates.requests.add(slot, 1);
            rates.tokens.add(slot, demand.tokens);
        }
        counts_rates
    }

    pub(super) fn note_rates(
        &mut self,
        scope: &Scope,
        slot: u64,
        until: impl Fn(u64) -> Duration,
        states: &mut RateStates,
    ) {
        if scope.limits.rpm.is_none() && scope.limits.tpm.is_none() {
            return;
        }
        let rates = self.rates();
        let state = |window: &mut Sliding, limit: Option<u64>| {
            let limit = limit?;
            let remaining = limit.saturating_sub(window.used(slot));
            Some(RateState { limit, remaining, reset: until(window.empty_at(slot)) })
        };
        RateStates::tighten(&mut states.requests, state(&mut rates.requests, scope.limits.rpm));
        RateStates::tighten(&mut states.tokens, state(&mut rates.tokens, scope.limits.tpm));
    }

    /// Gives back what was reserved, the request included: the call has no part here after all.
    pub(super) fn release(&mut self, charged: &Charged, reserved: Demand, slot: u64) {
        self.settle(charged, reserved, Demand::default(), slot);
        if let Some(rates) = self.rates.as_mut().filter(|_| charged.counts_rates) {
            rates.requests.take_back(slot, 1);
        }
    }

    pub(super) fn settle(&mut self, charged: &Charged, reserved: Demand, used: Demand, slot: u64) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(rates) = self.rates.as_mut().filter(|_| charged.counts_rates) {
            rates.tokens.take_back(slot, reserved.tokens.saturating_sub(used.tokens));
            rates.tokens.add(slot, used.tokens.saturating_sub(reserved.tokens));
        }
        // A call admitted in a window that is over is charged there, where the ledger books it.
        if self.counts(charged) {
            self.spent += used.cost;
            self.reserved -= reserved.cost;
            self.line.wake();
        } else if self.window_start == self.start_of(charged) {
            // The window that is over and this one start together, and are one to the ledger.
            self.spent += used.cost;
        }
        if self.in_flight == 0 {
            self.past = None;
        }
    }

    /// What the scope has spent in its window where the ledger's database has `in_ledger`, corrections included.
    ///
    /// A node that counts together with others hears of their spend and of corrections only from time to time; the
    /// database has all but what the last calls of each node cost.
    pub(super) fn spent_with(&self, in_ledger: NanoUsd) -> NanoUsd {
        let Some(share) = &self.share else { return in_ledger };
        let most = in_ledger + share.unwritten;
        self.spent.clamp(most - share.writing, most)
    }

    /// Whether nothing would be lost of this counter, but for what the ledger's database knows as well.
    pub(super) fn is_idle(&mut self, slot: u64) -> bool {
        let is_told = self.share.as_ref().is_none_or(|share| {
            share.in_flight == 0 && share.reserved == NanoUsd::ZERO && share.unwritten == NanoUsd::ZERO
        });
        let standing = self.standing(slot);
        let is_used = standing.in_flight > 0 || standing.requests > 0 || standing.tokens > 0;
        is_told && !is_used && standing.reserved == NanoUsd::ZERO && self.line.len() == 0
    }
}
