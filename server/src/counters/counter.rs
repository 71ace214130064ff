//! What one scope has spent, reserved and let through.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tollgate_openapi::money::NanoUsd;

use super::line::{Line, Place};
use super::local::Room;
use super::scope::{Charged, Demand, Exceeded, RateState, RateStates, Scope, ScopeId};
use super::sliding::Sliding;

/// One scope.
#[derive(Debug, Default)]
pub(super) struct Counter {
    pub(super) window_start: Option<DateTime<Utc>>,
    pub(super) spent: NanoUsd,
    pub(super) reserved: NanoUsd,
    pub(super) in_flight: u64,
    /// Only of scopes that have a limit by the minute.
    pub(super) rates: Option<Box<Rates>>,
    pub(super) line: Line,
}

/// What came by the minute.
#[derive(Debug, Default)]
pub(super) struct Rates {
    pub(super) requests: Sliding,
    pub(super) tokens: Sliding,
}

/// The counter of `scope` in its current window; a new window starts empty.
pub(super) fn current<'a>(counters: &'a mut HashMap<ScopeId, Counter>, scope: &Scope) -> &'a mut Counter {
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
    }
    counter
}

impl Counter {
    fn rates(&mut self) -> &mut Rates {
        self.rates.get_or_insert_default()
    }

    /// What stands in the way of `demand`. An error refuses any demand.
    pub(super) fn check_budget(
        &self,
        scope: &Scope,
        demand: Demand,
        place: Option<&Place>,
        room: &mut Room,
    ) -> Result<Option<Exceeded>, Exceeded> {
        let Some(max) = scope.limits.max_budget else { return Ok(None) };
        let exceeded =
            Exceeded::Budget { max, spent: self.spent, reserved: self.reserved, window_end: scope.window_end };
        if self.spent >= max {
            return Err(exceeded);
        }
        let left = max - self.spent - self.reserved;
        if room.cost.is_none_or(|least| left < least) {
            room.cost = Some(left);
            room.may_grow = self.reserved > NanoUsd::ZERO;
            room.waiting = self.line.len();
        }
        Ok((demand.cost > left || self.line.is_before(place)).then_some(exceeded))
    }

    pub(super) fn check_tokens(
        &mut self,
        scope: &Scope,
        demand: Demand,
        slot: u64,
        until: impl Fn(u64) -> Duration,
    ) -> Option<Exceeded> {
        let limit = scope.limits.tpm?;
        let window = &mut self.rates().tokens;
        let remaining = limit.saturating_sub(window.used(slot));
        if demand.tokens <= remaining {
            return None;
        }
        let reset = window.fits_at(slot, demand.tokens, limit).map_or(Duration::ZERO, until);
        Some(Exceeded::Tokens(RateState { limit, remaining, reset }))
    }

    /// The limit that refuses any call at all now, however small.
    pub(super) fn outright(&mut self, scope: &Scope, slot: u64, until: impl Fn(u64) -> Duration) -> Option<Exceeded> {
        let limits = scope.limits;
        if let Some(limit) = limits.parallel.filter(|limit| self.in_flight >= *limit) {
            return Some(Exceeded::Parallel { limit });
        }
        let mut full = |limit: Option<u64>, which: fn(&mut Rates) -> &mut Sliding| {
            let limit = limit?;
            let window = which(self.rates());
            let is_full = window.used(slot) >= limit;
            is_full.then(|| {
                let reset = window.fits_at(slot, 1, limit).map_or(Duration::ZERO, &until);
                RateState { limit, remaining: 0, reset }
            })
        };
        let requests = full(limits.rpm, |rates| &mut rates.requests).map(Exceeded::Requests);
        requests.or_else(|| full(limits.tpm, |rates| &mut rates.tokens).map(Exceeded::Tokens))
    }

    /// Reserves; whether the call also counts by the minute.
    pub(super) fn take(&mut self, demand: Demand, scope: &Scope, slot: u64) -> bool {
        self.reserved += demand.cost;
        self.in_flight += 1;
        let counts_rates = scope.limits.rpm.is_some() || scope.limits.tpm.is_some() || self.rates.is_some();
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
}
