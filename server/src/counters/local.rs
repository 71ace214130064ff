//! Counters in the process: one short critical section an admission, all scopes or none.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use tollgate_openapi::money::NanoUsd;

/// What a budget is attached to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeId {
    /// `key`, `team`, …: the ledger's `scope_kind`.
    pub kind: &'static str,
    /// The entity's id.
    pub id: Arc<str>,
}

impl ScopeId {
    /// The scope of a virtual key, by the hex of its digest.
    #[must_use]
    pub fn key(token: &str) -> Self {
        Self { kind: "key", id: Arc::from(token) }
    }
}

/// A scope to be charged and the limit it has now.
#[derive(Clone, Debug)]
pub struct Scope {
    /// What is charged.
    pub id: ScopeId,
    /// Hard limit of the window; `None` only counts.
    pub max_budget: Option<NanoUsd>,
    /// Start of the current window, `None` where the budget never resets.
    pub window_start: Option<DateTime<Utc>>,
    /// End of the current window: when a refused caller may come back.
    pub window_end: Option<DateTime<Utc>>,
    /// What the ledger knew when the policy was loaded; used where this process has not seen the window yet.
    pub spent_at_load: NanoUsd,
    /// The window `spent_at_load` belongs to.
    pub loaded_window_start: Option<DateTime<Utc>>,
}

#[derive(Debug, Default)]
struct Counter {
    window_start: Option<DateTime<Utc>>,
    spent: NanoUsd,
    reserved: NanoUsd,
}

/// Spent and reserved money of every scope seen by this process.
#[derive(Debug, Default)]
pub struct Counters {
    scopes: Mutex<HashMap<ScopeId, Counter>>,
}

/// The answer to a request for admission.
#[derive(Debug)]
pub enum Admission {
    /// The whole estimate is reserved.
    Granted(Ticket),
    /// Only this much is left for the call; nothing is reserved.
    Short {
        /// What the tightest scope has left.
        left: NanoUsd,
        /// That scope.
        refusal: Refusal,
    },
}

/// Which scope refuses, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The scope.
    pub scope: ScopeId,
    /// Its limit.
    pub max_budget: NanoUsd,
    /// What it has spent.
    pub spent: NanoUsd,
    /// What calls in flight have reserved.
    pub reserved: NanoUsd,
    /// When its window ends.
    pub window_end: Option<DateTime<Utc>>,
}

impl Counters {
    /// Reserves `estimate` in every scope at once, or in none.
    ///
    /// Invariant: `spent + reserved + estimate ≤ max_budget` in every scope of a granted ticket. A scope at or over
    /// its limit refuses even an estimate of zero, so that `max_budget: 0` refuses the first call.
    #[must_use]
    pub fn admit(self: &Arc<Self>, scopes: &[Scope], estimate: NanoUsd) -> Admission {
        let mut counters = self.scopes.lock();
        let mut tightest: Option<(NanoUsd, Refusal)> = None;
        for scope in scopes {
            let counter = current(&mut counters, scope);
            let Some(max_budget) = scope.max_budget else { continue };
            let left = max_budget - counter.spent - counter.reserved;
            if estimate <= left && counter.spent < max_budget {
                continue;
            }
            if tightest.as_ref().is_none_or(|(least, _)| left < *least) {
                let refusal = Refusal {
                    scope: scope.id.clone(),
                    max_budget,
                    spent: counter.spent,
                    reserved: counter.reserved,
                    window_end: scope.window_end,
                };
                tightest = Some((left, refusal));
            }
        }
        if let Some((left, refusal)) = tightest {
            return Admission::Short { left, refusal };
        }
        let mut charges = Vec::with_capacity(scopes.len());
        for scope in scopes {
            current(&mut counters, scope).reserved += estimate;
            charges.push((scope.id.clone(), scope.window_start));
        }
        drop(counters);
        Admission::Granted(Ticket { counters: Arc::clone(self), charges, reserved: estimate })
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

    fn settle(&self, charges: &[(ScopeId, Option<DateTime<Utc>>)], reserved: NanoUsd, cost: NanoUsd) {
        let mut counters = self.scopes.lock();
        for (id, window_start) in charges {
            let Some(counter) = counters.get_mut(id) else { continue };
            // A call admitted in the window before this one is charged there, where the ledger books it.
            if counter.window_start == *window_start {
                counter.spent += cost;
                counter.reserved -= reserved;
            }
        }
    }
}

/// The counter of `scope` in its current window; a new window starts empty.
fn current<'a>(counters: &'a mut HashMap<ScopeId, Counter>, scope: &Scope) -> &'a mut Counter {
    let seed = || {
        let is_same_window = scope.loaded_window_start == scope.window_start;
        let spent = if is_same_window { scope.spent_at_load } else { NanoUsd::ZERO };
        Counter { window_start: scope.window_start, spent, reserved: NanoUsd::ZERO }
    };
    let counter = counters.entry(scope.id.clone()).or_insert_with(seed);
    if counter.window_start != scope.window_start {
        *counter = seed();
    }
    counter
}

/// A reservation. It ends in exactly one of two ways: [`Ticket::settle`], or being dropped, which releases it.
#[derive(Debug)]
#[must_use = "a dropped ticket releases its reservation"]
pub struct Ticket {
    counters: Arc<Counters>,
    charges: Vec<(ScopeId, Option<DateTime<Utc>>)>,
    reserved: NanoUsd,
}

impl Ticket {
    /// What is reserved in each scope.
    #[must_use]
    pub const fn reserved(&self) -> NanoUsd {
        self.reserved
    }

    /// The scopes that are charged and the windows they were admitted in.
    #[must_use]
    pub fn charges(&self) -> &[(ScopeId, Option<DateTime<Utc>>)] {
        &self.charges
    }

    /// Replaces the reservation by the real cost, in every scope.
    pub fn settle(mut self, cost: NanoUsd) {
        self.counters.settle(&self.charges, self.reserved, cost);
        self.charges.clear();
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.counters.settle(&self.charges, self.reserved, NanoUsd::ZERO);
    }
}
