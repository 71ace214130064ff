//! A reservation, which ends exactly once.

use std::borrow::Cow;
use std::sync::Arc;

use super::Counters;
use super::scope::{Charged, Demand, RateStates, ScopeId};

/// A reservation. It ends in exactly one of two ways: [`Ticket::settle`], or being dropped, which releases it.
#[derive(Debug)]
#[must_use = "a dropped ticket releases its reservation"]
pub struct Ticket {
    pub(super) counters: Arc<Counters>,
    pub(super) charged: Vec<Charged>,
    pub(super) reserved: Demand,
    /// When it was admitted, by this process's slots.
    pub(super) slot: u64,
    pub(super) rates: RateStates,
}

impl Ticket {
    /// What is reserved in each scope.
    #[must_use]
    pub const fn reserved(&self) -> Demand {
        self.reserved
    }

    /// The scopes that are charged and the windows that the call counts in: those it was admitted in, or those that took
    /// their place since.
    #[must_use]
    pub fn charged(&self) -> Cow<'_, [Charged]> {
        self.counters.local.charged_now(&self.charged)
    }

    /// Whether [`Ticket::charged`] may say something else than before.
    #[must_use]
    pub fn may_have_moved(&self) -> bool {
        self.counters.local.has_moved()
    }

    /// The tightest limits by the minute, this call counted.
    #[must_use]
    pub const fn rates(&self) -> RateStates {
        self.rates
    }

    /// Gives back what is reserved in scopes that have no part in the call after all, as if they had not been asked:
    /// providers that do not serve it.
    pub fn release(&mut self, has_no_part: impl Fn(&ScopeId) -> bool) {
        let all = std::mem::take(&mut self.charged).into_iter();
        let (released, charged): (Vec<_>, Vec<_>) = all.partition(|charged| has_no_part(&charged.id));
        self.charged = charged;
        if !released.is_empty() {
            self.counters.local.release(&released, self.reserved, self.slot);
        }
    }

    /// Replaces the reservation by what was really used, in every scope.
    pub fn settle(mut self, used: Demand) {
        self.end(used);
    }

    fn end(&mut self, used: Demand) {
        let charged = std::mem::take(&mut self.charged);
        self.counters.local.settle(&charged, self.reserved, used, self.slot);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.charged.is_empty() {
            self.end(Demand::default());
        }
    }
}
