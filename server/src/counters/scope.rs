//! What is limited, by how much, and what a call takes from it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tollgate_openapi::money::NanoUsd;

/// What limits are attached to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeId {
    /// `key`, `key_model`, `gateway`, …: the ledger's `scope_kind`.
    pub kind: &'static str,
    /// The entity's id.
    pub id: Arc<str>,
}

/// Everything that limits are attached to, the nearest to a call first, and each one's limits for single models.
const KINDS: [&str; 21] = [
    "key",
    "key_model",
    "team_member",
    "team_member_model",
    "organization_member",
    "organization_member_model",
    "user",
    "user_model",
    "team",
    "team_model",
    "organization",
    "organization_model",
    "customer",
    "customer_model",
    "tag",
    "tag_model",
    "provider",
    "provider_model",
    "gateway",
    "gateway_model",
    "deployment",
];

impl ScopeId {
    /// The scope of this kind and id; `None`: there is no such kind.
    #[must_use]
    pub fn named(kind: &str, id: &Arc<str>) -> Option<Self> {
        let kind = KINDS.into_iter().find(|known| *known == kind)?;
        Some(Self { kind, id: Arc::clone(id) })
    }

    /// The scope of a virtual key, by the hex of its digest.
    #[must_use]
    pub fn key(token: &str) -> Self {
        Self { kind: "key", id: Arc::from(token) }
    }
}

/// Limits of a scope; `None` only counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Money in the budget's window.
    pub max_budget: Option<NanoUsd>,
    /// Requests a minute.
    pub rpm: Option<u64>,
    /// Tokens a minute.
    pub tpm: Option<u64>,
    /// Calls in flight.
    pub parallel: Option<u64>,
}

/// A scope to be charged and the limits it has now.
#[derive(Clone, Debug)]
pub struct Scope {
    /// What is charged.
    pub id: ScopeId,
    /// Its limits.
    pub limits: Limits,
    /// Start of the current window, `None` where the budget never resets.
    pub window_start: Option<DateTime<Utc>>,
    /// End of the current window: when a refused caller may come back.
    pub window_end: Option<DateTime<Utc>>,
    /// What the ledger knew when the policy was loaded; used where this process has not seen the window yet.
    pub spent_at_load: NanoUsd,
    /// The window `spent_at_load` belongs to.
    pub loaded_window_start: Option<DateTime<Utc>>,
}

/// A budget window of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WindowBounds {
    /// Whose.
    pub(super) scope: ScopeId,
    /// Its start; `None`: the budget never resets.
    pub(super) start: Option<DateTime<Utc>>,
    /// Its end.
    pub(super) end: Option<DateTime<Utc>>,
}

impl Scope {
    /// The window it is charged in.
    pub(super) fn window(&self) -> WindowBounds {
        WindowBounds { scope: self.id.clone(), start: self.window_start, end: self.window_end }
    }

    /// What is known to be spent in the window, where this process has not seen it yet.
    pub(super) fn seed(&self) -> NanoUsd {
        let is_same_window = self.loaded_window_start == self.window_start;
        if is_same_window { self.spent_at_load } else { NanoUsd::ZERO }
    }

    /// Whether the window is over: whoever looked it up did so too long ago.
    pub(super) fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.window_end.is_some_and(|end| end <= now)
    }
}

/// What a call takes from each scope, apart from being one request in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Money.
    pub cost: NanoUsd,
    /// Input and output tokens.
    pub tokens: u64,
}

/// A scope that a call was admitted in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charged {
    /// The scope.
    pub id: ScopeId,
    /// Which of the scope's counters, one after the other, it is counted in, and in which era of that.
    pub(super) counter: (u64, u32),
    /// Its budget window at admission.
    pub window_start: Option<DateTime<Utc>>,
    /// End of that window.
    pub(super) window_end: Option<DateTime<Utc>>,
    /// The call counts by the minute there.
    pub(super) counts_rates: bool,
    /// What all nodes count of it together.
    pub(super) shared: SharedPart,
}

/// What all nodes count together of a call in one scope: only what is limited there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SharedPart {
    pub(super) budget: bool,
    pub(super) parallel: bool,
    /// The slot its tokens count in, by the shared clock.
    pub(super) slot: Option<u64>,
}

/// What is used up of a scope's limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Money spent in the window.
    pub spent: NanoUsd,
    /// Money reserved by calls in flight.
    pub reserved: NanoUsd,
    /// Requests in the last minute.
    pub requests: u64,
    /// Tokens in the last minute.
    pub tokens: u64,
    /// Calls in flight.
    pub in_flight: u64,
}

/// Which scope refuses, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The scope.
    pub scope: ScopeId,
    /// What it has not enough of.
    pub exceeded: Exceeded,
    /// How the tightest limits by the minute stand, of all scopes of the call.
    pub rates: Box<RateStates>,
}

/// The limit that a call does not fit in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exceeded {
    /// Money.
    Budget {
        /// The limit.
        max: NanoUsd,
        /// What was spent.
        spent: NanoUsd,
        /// What calls in flight have reserved.
        reserved: NanoUsd,
        /// When the window began.
        window_start: Option<DateTime<Utc>>,
        /// When the window ends.
        window_end: Option<DateTime<Utc>>,
    },
    /// Requests a minute.
    Requests(RateState),
    /// Tokens a minute.
    Tokens(RateState),
    /// Calls in flight.
    Parallel {
        /// The limit, which is reached.
        limit: u64,
    },
    /// Nothing: the counters that nodes share are away, and calls with budgets wait for them.
    Unavailable,
}

impl Refusal {
    /// A refusal because the shared counters are away.
    pub(super) fn unavailable() -> Self {
        let scope = ScopeId { kind: "gateway", id: Arc::from("gateway") };
        Self { scope, exceeded: Exceeded::Unavailable, rates: Box::default() }
    }
}

/// How a limit by the minute stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateState {
    /// The limit.
    pub limit: u64,
    /// What is left of it.
    pub remaining: u64,
    /// In a refusal: until the call fits, zero where it never does. Else: until nothing is used.
    pub reset: Duration,
}

/// The tightest limits by the minute of a call's scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateStates {
    /// Of requests.
    pub requests: Option<RateState>,
    /// Of tokens.
    pub tokens: Option<RateState>,
}

impl RateStates {
    /// Keeps whichever has less left.
    pub(super) fn tighten(slot: &mut Option<RateState>, other: Option<RateState>) {
        if let Some(other) = other
            && slot.is_none_or(|state| other.remaining < state.remaining)
        {
            *slot = Some(other);
        }
    }
}
