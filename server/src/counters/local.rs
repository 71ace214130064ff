//! Counters in the process: one short critical section an admission, all scopes or none.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use tollgate_openapi::money::NanoUsd;

use super::counter::{Counter, current};
use super::line::{Line, Place};
use super::scope::{Charged, Demand, RateStates, Refusal, Scope, ScopeId, Standing};
use super::sliding::SLOT;
use crate::clock::Clock;

/// What every scope seen by this process has spent, reserved and let through.
#[derive(Debug)]
pub struct Counters {
    clock: Clock,
    /// Where slots are numbered from.
    origin: Instant,
    scopes: Mutex<HashMap<ScopeId, Counter>>,
    places: AtomicU64,
}

/// The answer to a request for admission.
#[derive(Debug)]
pub enum Admission {
    /// All that was asked for is reserved.
    Granted(Ticket),
    /// Nothing is reserved, and asking for less does not help.
    Refused(Refusal),
    /// Nothing is reserved; there is room for less.
    Short {
        /// How much.
        room: Room,
        /// What stands in the way of more.
        refusal: Refusal,
    },
}

/// What is left for a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Money in the tightest budget; `None`: no budget.
    pub cost: Option<NanoUsd>,
    /// Money reserved by others may come back.
    pub may_grow: bool,
    /// Calls in line before the tightest budget.
    pub waiting: usize,
}

/// What a check found: room, and what stands in the way of the whole demand.
#[derive(Debug, Default)]
struct Verdict {
    room: Room,
    short: Option<Refusal>,
}

impl Counters {
    /// Empty counters.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let origin = clock.monotonic();
        Self { clock, origin, scopes: Mutex::default(), places: AtomicU64::new(0) }
    }

    /// Reserves `demand` and counts a request in every scope at once, or in none. A call that waits in line says so by
    /// its `place`; another one does not pass those who wait.
    ///
    /// Invariants, in every scope of a granted ticket: `spent + reserved ≤ max_budget`; no minute lets through more
    /// requests or tokens than its limit; no more calls are in flight than `parallel`. A scope at or over its budget
    /// refuses even a demand of nothing, so that `max_budget: 0` refuses the first call.
    #[must_use]
    pub fn admit(self: &Arc<Self>, scopes: &[Scope], demand: Demand, place: Option<&Place>) -> Admission {
        let now = self.clock.monotonic();
        let slot = self.slot(now);
        let mut counters = self.scopes.lock();
        match self.check(&mut counters, scopes, demand, place, now) {
            Ok(Verdict { room, short: Some(refusal) }) => return Admission::Short { room, refusal },
            Ok(_) => {}
            Err(refusal) => return Admission::Refused(refusal),
        }
        let mut rates = RateStates::default();
        let charged = scopes.iter().map(|scope| {
            let counter = current(&mut counters, scope);
            let counts_rates = counter.take(demand, scope, slot);
            counter.note_rates(scope, slot, |at| self.until(at, now), &mut rates);
            Charged { id: scope.id.clone(), window_start: scope.window_start, counts_rates }
        });
        let charged = charged.collect();
        drop(counters);
        Admission::Granted(Ticket { counters: Arc::clone(self), charged, reserved: demand, slot, rates })
    }

    /// What [`Counters::admit`] would answer now; nothing is reserved.
    #[must_use]
    pub fn try_out(self: &Arc<Self>, scopes: &[Scope], demand: Demand) -> Admission {
        let now = self.clock.monotonic();
        match self.check(&mut self.scopes.lock(), scopes, demand, None, now) {
            Ok(Verdict { room, short: Some(refusal) }) => Admission::Short { room, refusal },
            Ok(_) => Admission::Granted(Ticket {
                counters: Arc::clone(self),
                charged: Vec::new(),
                reserved: demand,
                slot: self.slot(now),
                rates: RateStates::default(),
            }),
            Err(refusal) => Admission::Refused(refusal),
        }
    }

    /// How each of `scopes` stands.
    #[must_use]
    pub fn standings(&self, scopes: &[Scope]) -> Vec<Standing> {
        let slot = self.slot(self.clock.monotonic());
        let mut counters = self.scopes.lock();
        let standing = |scope: &Scope| {
            let counter = current(&mut counters, scope);
            let (requests, tokens) = match &mut counter.rates {
                Some(rates) => (rates.requests.used(slot), rates.tokens.used(slot)),
                None => (0, 0),
            };
            let Counter { spent, reserved, in_flight, .. } = *counter;
            Standing { spent, reserved, requests, tokens, in_flight }
        };
        scopes.iter().map(standing).collect()
    }

    /// What is left for the call at `place`; `None` while others are before it.
    ///
    /// # Errors
    /// When nothing is left for any call.
    pub fn room(&self, scopes: &[Scope], place: &Place) -> Result<Option<Room>, Refusal> {
        let mut counters = self.scopes.lock();
        let verdict = self.check(&mut counters, scopes, Demand::default(), Some(place), self.clock.monotonic())?;
        Ok(verdict.short.is_none().then_some(verdict.room))
    }

    fn check(
        &self,
        counters: &mut HashMap<ScopeId, Counter>,
        scopes: &[Scope],
        demand: Demand,
        place: Option<&Place>,
        now: Instant,
    ) -> Result<Verdict, Refusal> {
        let slot = self.slot(now);
        let mut too_often: Option<Refusal> = None;
        let mut verdict = Verdict::default();
        for scope in scopes {
            let counter = current(counters, scope);
            let refuse = |exceeded| Refusal { scope: scope.id.clone(), exceeded };
            if let Some(exceeded) = counter.check_budget(scope, demand, place, &mut verdict.room).map_err(refuse)? {
                verdict.short.get_or_insert(refuse(exceeded));
            }
            if let Some(exceeded) = counter.outright(scope, slot, |at| self.until(at, now)) {
                too_often.get_or_insert(refuse(exceeded));
            }
            if let Some(exceeded) = counter.check_tokens(scope, demand, slot, |at| self.until(at, now)) {
                verdict.short.get_or_insert(refuse(exceeded));
            }
        }
        // Whoever has spent a budget hears of that first: it is not over in a minute.
        too_often.map_or(Ok(verdict), Err)
    }

    /// Joins the line before `scope`; `None` where it is full.
    #[must_use]
    pub fn join(self: &Arc<Self>, scope: &ScopeId) -> Option<Place> {
        let number = self.places.fetch_add(1, Ordering::Relaxed);
        let turn = self.scopes.lock().get_mut(scope)?.line.join(number)?;
        Some(Place { counters: Arc::clone(self), scope: scope.clone(), number, turn })
    }

    pub(super) fn with_line(&self, scope: &ScopeId, act: impl FnOnce(&mut Line)) {
        if let Some(counter) = self.scopes.lock().get_mut(scope) {
            act(&mut counter.line);
        }
    }

    /// What `scope` has spent in its current window, where this process has seen it.
    #[must_use]
    pub fn spent(&self, scope: &ScopeId, window_start: Option<DateTime<Utc>>) -> Option<NanoUsd> {
        let counters = self.scopes.lock();
        counters.get(scope).filter(|counter| counter.window_start == window_start).map(|counter| counter.spent)
    }

    /// Corrects what `scope` has spent by `delta`: an admin set the figure. A scope not seen yet is left to be read
    /// from the ledger.
    pub fn adjust(&self, scope: &ScopeId, delta: NanoUsd) {
        if let Some(counter) = self.scopes.lock().get_mut(scope) {
            counter.spent += delta;
            counter.line.wake();
        }
    }

    /// Forgets a scope that exists no more.
    pub fn forget(&self, scope: &ScopeId) {
        self.scopes.lock().remove(scope);
    }

    /// What all calls in flight have reserved, over all scopes.
    #[must_use]
    pub fn reserved_total(&self) -> NanoUsd {
        self.scopes.lock().values().map(|counter| counter.reserved).sum()
    }

    fn settle(&self, ticket: &Ticket, used: Demand) {
        let mut counters = self.scopes.lock();
        for charged in &ticket.charged {
            if let Some(counter) = counters.get_mut(&charged.id) {
                counter.settle(charged, ticket.reserved, used, ticket.slot);
            }
        }
    }

    fn slot(&self, now: Instant) -> u64 {
        let slots = now.saturating_duration_since(self.origin).as_millis() / SLOT.as_millis();
        u64::try_from(slots).unwrap_or(u64::MAX)
    }

    /// Time until `slot` begins.
    fn until(&self, slot: u64, now: Instant) -> Duration {
        let begins = u32::try_from(slot).ok().and_then(|slot| SLOT.checked_mul(slot)).unwrap_or_default();
        (self.origin + begins).saturating_duration_since(now)
    }
}

/// A reservation. It ends in exactly one of two ways: [`Ticket::settle`], or being dropped, which releases it.
#[derive(Debug)]
#[must_use = "a dropped ticket releases its reservation"]
pub struct Ticket {
    counters: Arc<Counters>,
    charged: Vec<Charged>,
    reserved: Demand,
    /// When it was admitted.
    slot: u64,
    rates: RateStates,
}

impl Ticket {
    /// What is reserved in each scope.
    #[must_use]
    pub const fn reserved(&self) -> Demand {
        self.reserved
    }

    /// The scopes that are charged and the windows they were admitted in.
    #[must_use]
    pub fn charged(&self) -> &[Charged] {
        &self.charged
    }

    /// The tightest limits by the minute, this call counted.
    #[must_use]
    pub const fn rates(&self) -> RateStates {
        self.rates
    }

    /// Replaces the reservation by what was really used, in every scope.
    pub fn settle(mut self, used: Demand) {
        self.counters.settle(&self, used);
        self.charged.clear();
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.charged.is_empty() {
            self.counters.settle(self, Demand::default());
        }
    }
}
