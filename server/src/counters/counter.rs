//! What one scope has spent, reserved and let through, as this process counts it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use tollgate_openapi::money::NanoUsd;

use super::line::{Line, Place};
use super::scope::{Charged, Demand, RateState, RateStates, Scope, ScopeId, Standing};
use super::sliding::Sliding;
use super::verdict::{Position, Traffic};

/// One scope.
#[derive(Debug, Default)]
pub(super) struct Counter {
    pub(super) window_start: Option<DateTime<Utc>>,
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
}

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
    pub(super) window_end: Option<DateTime<Utc>>,
}

/// Counters by scope. Callers choose some of the ids, so that the hash is keyed; it is quicker than the standard one.
/// Indexed, so that it can be walked through bit by bit.
pub(super) type Scopes = IndexMap<ScopeId, Counter, ahash::RandomState>;

/// The counter of `scope` in its current window; a new window starts empty.
pub(super) fn current<'a>(counters: &'a mut Scopes, scope: &Scope) -> &'a mut Counter {
    let seed = || {
        let is_same_window = scope.loaded_window_start == scope.window_start;
        if is_same_window { scope.spent_at_load } else { NanoUsd::ZERO }
    };
    let new = || Counter { window_start: scope.window_start, spent: seed(), ..Counter::default() };
    let counter = counters.entry(scope.id.clone()).or_insert_with(new);
    if counter.window_start != scope.window_start {
        counter.window_start = scope.window_start;
        counter.spent = seed();
        counter.reserved = NanoUsd::ZERO;
        if let Some(share) = &mut counter.share {
            share.reserved = NanoUsd::ZERO;
            share.unwritten = NanoUsd::ZERO;
            share.writing = NanoUsd::ZERO;
        }
    }
    counter
}

impl Counter {
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

    /// Reserves; whether the call also counts by the minute.
    pub(super) fn take(&mut self, demand: Demand, scope: &Scope, slot: u64) -> bool {
        self.last_used = slot;
        self.reserved += demand.cost;
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
        let Some(rates) = &mut self.rates else { return };
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
        // A call admitted in the window before this one is charged there, where the ledger books it.
        if self.window_start == charged.window_start {
            self.spent += used.cost;
            self.reserved -= reserved.cost;
            self.line.wake();
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
