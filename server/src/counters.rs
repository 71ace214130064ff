//! Admission counters: what each scope has spent and reserved, how often it was called, and how often a sign-in failed.
//!
//! They live in this process, and where there is Redis, all nodes count together there. Without either of them, or
//! without the database, a node goes on counting; what it holds is rebuilt from the ledger when a scope is first seen.

mod counter;
mod line;
mod local;
mod scope;
mod shared;
mod sign_in;
mod sliding;
mod ticket;
mod verdict;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::DatabaseConnection;
use tokio::sync::{mpsc, oneshot};
use tollgate_openapi::money::NanoUsd;

use crate::clock::Clock;
pub use line::Place;
pub use local::IdleScope;
use local::{Local, Taken};
pub use scope::{Charged, Demand, Exceeded, Limits, RateState, RateStates, Refusal, Scope, ScopeId, Standing};
pub use shared::{OnOutage, SharedSettings};
use shared::{Online, Reply, Shared};
pub use sign_in::SignInThrottle;
pub use ticket::Ticket;
use verdict::Verdict;
pub use verdict::{Admission, Room};

/// How long a correction waits for Redis to have it.
const CORRECTION_TOLD_AT_MOST: Duration = Duration::from_secs(2);

/// A scope, the start of a window, and what a call cost there.
pub type Charge = (ScopeId, Option<DateTime<Utc>>, NanoUsd);

/// What a scope has spent in a window was corrected in the ledger's database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Which scope.
    pub scope: ScopeId,
    /// Where the window starts.
    pub window_start: Option<DateTime<Utc>>,
    /// By how much, where a process that counts alone has counted in this window before: a new one it reads from the
    /// database.
    pub counted: NanoUsd,
    /// The window took the place of another one.
    pub moved: Option<Moved>,
}

/// A change of a budget put one window in the place of another, with what was spent there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Where the former one starts.
    pub from: Option<DateTime<Utc>>,
    /// Where the new one ends.
    pub end: Option<DateTime<Utc>>,
    /// What was spent.
    pub spent: NanoUsd,
}

/// What every scope has spent, reserved and let through.
#[derive(Debug)]
pub struct Counters {
    local: Local,
    shared: Option<Shared>,
    places: AtomicU64,
}

impl Counters {
    /// Empty counters of this process alone.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { local: Local::new(clock, None), shared: None, places: AtomicU64::new(0) }
    }

    /// Counters shared with other nodes through Redis, which need not be there yet. What budgets have spent is read
    /// from `db` where Redis does not know.
    #[must_use]
    pub fn shared(settings: SharedSettings, db: DatabaseConnection, clock: Clock) -> Arc<Self> {
        let (notes, taken) = mpsc::unbounded_channel();
        let local = Local::new(clock.clone(), Some(notes));
        let shared = Some(Shared::new(settings, db, clock));
        let counters = Arc::new(Self { local, shared, places: AtomicU64::new(0) });
        Shared::start(&counters, taken);
        counters
    }

    /// Reserves `demand` and counts a request in every scope at once, or in none. A call that waits in line says so by
    /// its `place`; another one does not pass those who wait.
    ///
    /// Invariants, in every scope of a granted ticket: `spent + reserved ≤ max_budget`; no minute lets through more
    /// requests or tokens than its limit; no more calls are in flight than `parallel`. A scope at or over its budget
    /// refuses even a demand of nothing, so that `max_budget: 0` refuses the first call.
    pub async fn admit(self: &Arc<Self>, scopes: &[Scope], demand: Demand, place: Option<&Place>) -> Admission {
        let Some(online) = self.online_for(scopes) else { return self.admit_alone(scopes, demand, place) };
        if self.local.is_behind(scopes, place)
            && let Some(refusal) = self.local.refusal(scopes, demand, place)
        {
            return refusal;
        }
        // A task of its own: what Redis grants a caller that has left is released, not lost.
        let (counters, scopes) = (Arc::clone(self), scopes.to_vec());
        let asking = tokio::spawn(async move { counters.admit_together(&online, &scopes, demand).await });
        match asking.await {
            Ok(admission) => admission,
            Err(error) => {
                tracing::error!(%error, "asking for admission failed");
                Admission::Refused(Refusal::unavailable())
            }
        }
    }

    /// What [`Counters::admit`] would answer now; nothing is reserved, and a granted ticket is empty.
    pub async fn try_out(self: &Arc<Self>, scopes: &[Scope], demand: Demand) -> Admission {
        let nothing = Taken { charged: Vec::new(), slot: 0, rates: RateStates::default() };
        let refusal = self.refusal(scopes, demand).await;
        refusal.unwrap_or_else(|| Admission::Granted(self.ticket(nothing, demand)))
    }

    async fn refusal(&self, scopes: &[Scope], demand: Demand) -> Option<Admission> {
        if let Some((shared, online)) = self.shared.as_ref().zip(self.online_for(scopes)) {
            return match shared.ask(&online, scopes, demand, false).await {
                Ok(reply) => self.refusal_of(&reply, scopes, demand),
                Err(_) => self.denial(scopes).or_else(|| self.local.refusal(scopes, demand, None)),
            };
        }
        self.outage(scopes).or_else(|| self.local.refusal(scopes, demand, None))
    }

    /// How each of `scopes` stands.
    pub async fn standings(&self, scopes: &[Scope]) -> Vec<Standing> {
        let alone = self.local.standings(scopes);
        let Some((shared, online)) = self.shared.as_ref().zip(self.online_for(scopes)) else { return alone };
        let Ok(reply) = shared.ask(&online, scopes, Demand::default(), false).await else { return alone };
        let together = reply.standings().into_iter().zip(alone).zip(scopes);
        // Only what is limited is counted together.
        let standing = |((together, alone), scope): ((Standing, Standing), &Scope)| {
            let limits = scope.limits;
            let (budget, rates) = (limits.max_budget.is_some(), limits.rpm.is_some() || limits.tpm.is_some());
            Standing {
                spent: if budget { together.spent } else { alone.spent },
                reserved: if budget { together.reserved } else { alone.reserved },
                requests: if rates { together.requests } else { alone.requests },
                tokens: if rates { together.tokens } else { alone.tokens },
                in_flight: if limits.parallel.is_some() { together.in_flight } else { alone.in_flight },
            }
        };
        together.map(standing).collect()
    }

    /// How each of `scopes` stands as far as this process knows, which asks nobody and takes no note of those it has not
    /// seen.
    #[must_use]
    pub fn glance(&self, scopes: &[Scope]) -> Vec<Standing> {
        self.local.glance(scopes)
    }

    /// What is left for the call at `place`; `None` while others are before it.
    ///
    /// # Errors
    /// When nothing is left for any call.
    pub async fn room(&self, scopes: &[Scope], place: &Place) -> Result<Option<Room>, Refusal> {
        let verdict = self.local.look(scopes, place);
        let is_behind = matches!(&verdict, Ok(verdict) if verdict.short.is_some());
        let online = self.shared.as_ref().zip(self.online_for(scopes)).filter(|_| !is_behind);
        let verdict = match online {
            None => verdict?,
            Some((shared, online)) => match shared.ask(&online, scopes, Demand::default(), false).await {
                Ok(reply) => reply.verdict(scopes, Demand::default(), &self.local.waiting(scopes))?.finish()?,
                Err(_) => self.local.look(scopes, place)?,
            },
        };
        Ok(verdict.short.is_none().then_some(verdict.room))
    }

    /// Joins the line before `scope`; `None` where it is full.
    #[must_use]
    pub fn join(self: &Arc<Self>, scope: &ScopeId) -> Option<Place> {
        let number = self.places.fetch_add(1, Ordering::Relaxed);
        let turn = self.local.with_line(scope, |line| line.join(number))?;
        Some(Place { counters: Arc::clone(self), scope: scope.clone(), number, turn })
    }

    /// What `scope` has spent in its current window, where this process has seen it.
    #[must_use]
    pub fn spent(&self, scope: &ScopeId, window_start: Option<DateTime<Utc>>) -> Option<NanoUsd> {
        self.local.spent(scope, window_start)
    }

    /// What `scope` has spent in a window of which the ledger's database has `in_ledger`, corrections included: this
    /// process is ahead of it with its own calls, and behind it with those of other nodes.
    #[must_use]
    pub fn spent_with(&self, scope: &ScopeId, window_start: Option<DateTime<Utc>>, in_ledger: NanoUsd) -> NanoUsd {
        self.local.spent_with(scope, window_start, in_ledger)
    }

    /// Puts corrections in force that the ledger's database has now: here, and where nodes count together on all of them,
    /// also in windows that this one has not seen. A scope that is counted nowhere yet is read from the ledger.
    pub async fn correct(&self, corrections: Vec<Correction>) {
        if corrections.is_empty() {
            return;
        }
        corrections.iter().for_each(|correction| self.local.replace(correction));
        let Some(shared) = &self.shared else {
            return corrections.iter().for_each(|correction| self.local.adjust(correction));
        };
        let windows = corrections.into_iter().map(|Correction { scope, window_start, .. }| (scope, window_start));
        shared.tell_corrected(&self.local, windows).await;
        // Whoever corrected it may call at once. While Redis is away, nodes hear of it with the change of policy.
        if !self.is_degraded() {
            self.told(CORRECTION_TOLD_AT_MOST).await;
        }
    }

    /// Reads anew what `scopes` have spent: they were changed, perhaps on another node, and what this one told of them
    /// meanwhile may have been older.
    pub async fn corrected(&self, scopes: &[ScopeId]) {
        let Some(shared) = &self.shared else { return };
        shared.tell_corrected(&self.local, self.local.windows_of(scopes).into_iter()).await;
    }

    /// Forgets a scope that exists no more.
    pub fn forget(&self, scope: &ScopeId) {
        self.local.forget(scope);
    }

    /// How many scopes this process holds in memory.
    #[must_use]
    pub fn len(&self) -> usize {
        self.local.len()
    }

    /// Whether this process has seen no scope yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// At most so many scopes that nobody has used for `period`; calls go on in between.
    pub async fn idle(&self, period: Duration, at_most: usize) -> Vec<IdleScope> {
        let (mut idle, mut from) = (Vec::new(), Some(0));
        while let Some(index) = from.filter(|_| idle.len() < at_most) {
            let (some, next) = self.local.idle(index, period);
            idle.extend(some);
            from = next;
            tokio::task::yield_now().await;
        }
        idle.truncate(at_most);
        idle
    }

    /// Forgets those of `idle` that were not used since. Whoever calls this has made sure that what the scopes have
    /// spent is in the database, and that the next call reads it there.
    pub fn forget_idle(&self, idle: &[IdleScope]) {
        self.local.drop_unused(idle);
    }

    /// Those of `scopes` that calls of this node are charged to which have not ended; of all scopes where none are named.
    pub async fn busy(&self, scopes: Option<&[ScopeId]>) -> Vec<ScopeId> {
        if let Some(scopes) = scopes {
            return self.local.busy_of(scopes);
        }
        let (mut busy, mut from) = (Vec::new(), Some(0));
        while let Some(index) = from {
            let (some, next) = self.local.busy(index);
            busy.extend(some);
            from = next;
            tokio::task::yield_now().await;
        }
        busy
    }

    /// Lets calls in flight count in the present windows of `scopes`, where somebody has put them in the place of those they
    /// were admitted in.
    pub fn follow(&self, scopes: &[Scope]) {
        self.local.follow(scopes);
    }

    /// What all calls in flight on this node have reserved, over all scopes.
    #[must_use]
    pub fn reserved_total(&self) -> NanoUsd {
        self.local.reserved_total()
    }

    /// Whether calls with hard budgets are refused now, since Redis is away and that was chosen.
    #[must_use]
    pub fn refuses_budgets(&self) -> bool {
        self.is_degraded() && self.shared.as_ref().is_some_and(|shared| shared.on_outage() == OnOutage::Deny)
    }

    /// Whether this node counts alone although it should count together with others: Redis is away.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.online().is_none())
    }
}

/// Counting together, or alone while Redis is away.
impl Counters {
    /// The shared counters, where they can be reached and have anything to count.
    fn online_for(&self, scopes: &[Scope]) -> Option<Arc<Online>> {
        let shared = self.shared.as_ref()?;
        let is_limited = scopes.iter().any(|scope| scope.limits != Limits::default());
        if is_limited { shared.online() } else { None }
    }

    /// The refusal of calls with hard budgets while Redis is away, where that was chosen.
    fn outage(&self, scopes: &[Scope]) -> Option<Admission> {
        if self.is_degraded() { self.denial(scopes) } else { None }
    }

    /// The refusal of calls with hard budgets that cannot be counted together, where that was chosen.
    fn denial(&self, scopes: &[Scope]) -> Option<Admission> {
        let is_denied = self.shared.as_ref().is_some_and(|shared| shared.on_outage() == OnOutage::Deny);
        let has_budget = scopes.iter().any(|scope| scope.limits.max_budget.is_some());
        (is_denied && has_budget).then(|| Admission::Refused(Refusal::unavailable()))
    }

    fn admit_alone(self: &Arc<Self>, scopes: &[Scope], demand: Demand, place: Option<&Place>) -> Admission {
        if let Some(refusal) = self.outage(scopes) {
            return refusal;
        }
        match self.local.admit(scopes, demand, place) {
            Ok(taken) => Admission::Granted(self.ticket(taken, demand)),
            Err(refusal) => *refusal,
        }
    }

    async fn admit_together(self: &Arc<Self>, online: &Online, scopes: &[Scope], demand: Demand) -> Admission {
        let Some(shared) = &self.shared else { return self.admit_alone(scopes, demand, None) };
        let Ok(reply) = shared.ask(online, scopes, demand, true).await else {
            // Redis may be there and not know what a budget has spent, which the database cannot say now.
            return self.denial(scopes).unwrap_or_else(|| self.admit_alone(scopes, demand, None));
        };
        if reply.is_granted {
            let grant = reply.grant(online, scopes, demand);
            return Admission::Granted(self.ticket(self.local.note_grant(scopes, demand, &grant), demand));
        }
        self.refusal_of(&reply, scopes, demand).unwrap_or_else(|| {
            tracing::error!("shared counters refuse what they have room for");
            Admission::Refused(Refusal::unavailable())
        })
    }

    /// What stands in the way of `demand` where nodes count together; `None`: nothing.
    fn refusal_of(&self, reply: &Reply, scopes: &[Scope], demand: Demand) -> Option<Admission> {
        let refusal = Verdict::into_refusal(reply.verdict(scopes, demand, &self.local.waiting(scopes)))?;
        Some(refusal.with_rates(|| reply.rates(scopes, (0, 0))))
    }

    fn ticket(self: &Arc<Self>, taken: Taken, demand: Demand) -> Ticket {
        let Taken { charged, slot, rates } = taken;
        Ticket { counters: Arc::clone(self), charged, reserved: demand, slot, rates }
    }

    /// Whether nodes count together at all.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// Notes that `charges` of this node are on their way to the ledger's database, or are not after all.
    pub fn note_writing(&self, charges: &[Charge], is_writing: bool) {
        self.local.note_writing(charges, is_writing);
    }

    /// Tells other nodes that `charges` of this node were written to the ledger's database. What cannot be told now is
    /// told the next time. Some of it was booked in windows that took the place of others, too: `taken_over`, with all
    /// that is spent there.
    pub async fn written(&self, charges: Vec<Charge>, taken_over: Vec<Charge>) {
        match &self.shared {
            Some(shared) => shared.tell_written(&self.local, charges, taken_over).await,
            None => taken_over.iter().for_each(|window| self.local.catch_up(window)),
        }
    }

    /// Notes that the ledger's database has all that a former process of this node left in its spool.
    pub fn former_written(&self) {
        if let Some(shared) = &self.shared {
            shared.former_written();
        }
    }

    /// Waits until everything that happened here is told to the shared counters, at most for `at_most`; whether it is.
    pub async fn told(&self, at_most: Duration) -> bool {
        let (done, told) = oneshot::channel();
        self.local.flush(done);
        !self.is_shared() || matches!(tokio::time::timeout(at_most, told).await, Ok(Ok(true)))
    }

    /// Tells what is left to tell, at most for `at_most`, and gives back what this node held.
    pub async fn close(&self, at_most: Duration) {
        let Some(shared) = &self.shared else { return };
        if !self.told(at_most).await {
            tracing::warn!("not all that was counted here reached the shared counters; the ledger has it");
        }
        shared.stop();
    }
}
