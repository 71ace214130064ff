//! Whether a call fits, wherever its scopes are counted.

use std::time::Duration;

use tollgate_openapi::money::NanoUsd;

use super::scope::{Demand, Exceeded, RateState, RateStates, Refusal, Scope, Standing};
use super::ticket::Ticket;

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

impl Admission {
    /// What is refused tells how the limits by the minute stand, too.
    pub(super) fn with_rates(mut self, rates: impl FnOnce() -> RateStates) -> Self {
        if let Self::Refused(refusal) | Self::Short { refusal, .. } = &mut self {
            *refusal.rates = rates();
        }
        self
    }
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

/// How a scope stands when a call asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    pub(super) standing: Standing,
    /// Calls that wait for its money.
    pub(super) waiting: usize,
    /// This call is not the first of them.
    pub(super) is_behind: bool,
}

/// What counts by the minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Traffic {
    Requests,
    Tokens,
}

/// What a check found: room, and what stands in the way of the whole demand.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    pub(super) room: Room,
    pub(super) short: Option<Refusal>,
    too_often: Option<Refusal>,
}

impl Verdict {
    /// Looks at one more scope. `fits_in` tells after what time so much more fits under a limit by the minute.
    ///
    /// # Errors
    /// When the scope's budget is spent: any demand is refused then.
    pub(super) fn add(
        &mut self,
        scope: &Scope,
        position: Position,
        demand: Demand,
        mut fits_in: impl FnMut(Traffic, u64, u64) -> Duration,
    ) -> Result<(), Refusal> {
        let refuse = |exceeded| Refusal { scope: scope.id.clone(), exceeded, rates: Box::default() };
        if let Some(exceeded) = self.check_budget(scope, position, demand).map_err(refuse)? {
            self.short.get_or_insert_with(|| refuse(exceeded));
        }
        let (standing, limits) = (position.standing, scope.limits);
        let mut outright =
            limits.parallel.filter(|limit| standing.in_flight >= *limit).map(|limit| Exceeded::Parallel { limit });
        if let Some(limit) = limits.rpm.filter(|limit| standing.requests >= *limit) {
            let reset = fits_in(Traffic::Requests, 1, limit);
            outright.get_or_insert(Exceeded::Requests(RateState { limit, remaining: 0, reset }));
        }
        if let Some(limit) = limits.tpm {
            let remaining = limit.saturating_sub(standing.tokens);
            if remaining == 0 {
                let reset = fits_in(Traffic::Tokens, 1, limit);
                outright.get_or_insert(Exceeded::Tokens(RateState { limit, remaining, reset }));
            }
            if demand.tokens > remaining {
                let reset = fits_in(Traffic::Tokens, demand.tokens, limit);
                let exceeded = Exceeded::Tokens(RateState { limit, remaining, reset });
                self.short.get_or_insert_with(|| refuse(exceeded));
            }
        }
        if let Some(exceeded) = outright {
            self.too_often.get_or_insert_with(|| refuse(exceeded));
        }
        Ok(())
    }

    /// What stands in the way of `demand`. An error refuses any demand.
    fn check_budget(
        &mut self,
        scope: &Scope,
        position: Position,
        demand: Demand,
    ) -> Result<Option<Exceeded>, Exceeded> {
        let Some(max) = scope.limits.max_budget else { return Ok(None) };
        let Standing { spent, reserved, .. } = position.standing;
        let exceeded =
            Exceeded::Budget { max, spent, reserved, window_start: scope.window_start, window_end: scope.window_end };
        if spent >= max {
            return Err(exceeded);
        }
        let left = max - spent - reserved;
        if self.room.cost.is_none_or(|least| left < least) {
            let may_grow = reserved > NanoUsd::ZERO;
            self.room = Room { cost: Some(left), may_grow, waiting: position.waiting };
        }
        Ok((demand.cost > left || position.is_behind).then_some(exceeded))
    }

    /// The verdict, when all scopes were looked at.
    ///
    /// # Errors
    /// When a limit refuses any call at all now, however small. Whoever has spent a budget hears of that first: it is
    /// not over in a minute.
    pub(super) fn finish(self) -> Result<Self, Refusal> {
        match self.too_often {
            Some(refusal) => Err(refusal),
            None => Ok(self),
        }
    }

    /// What becomes of a call that this verdict does not let through whole; `None` where it does.
    pub(super) fn into_refusal(found: Result<Self, Refusal>) -> Option<Admission> {
        match found.and_then(Self::finish) {
            Err(refusal) => Some(Admission::Refused(refusal)),
            Ok(Self { room, short: Some(refusal), .. }) => Some(Admission::Short { room, refusal }),
            Ok(_) => None,
        }
    }
}
