//! Takes counters out of memory that nobody uses any more: callers name customers as they like.
//!
//! What such a scope has spent must be read from the database when it is seen again, and the database must know all of
//! it then. So it goes in steps, one a look: a scope is found idle; once the spool is written as far as it was then, its
//! policy is forgotten, so that the next call reads what was spent anew; and when it was not used until the next look
//! either, no call is left that has read its policy before.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Work;
use crate::counters::{Counters, IdleScope, ScopeId};
use crate::ledger::Spool;
use crate::ledger::spool::Cursor;
use crate::policy::PolicyStore;

/// Scopes that stay in memory however idle they are: their limits hold while the database is away.
pub const KEPT: usize = 50_000;
/// A scope is idle after this time.
pub const IDLE_AFTER: Duration = Duration::from_secs(600);
/// How often scopes are looked at: longer than any call takes from reading its policy to being admitted.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Scopes found in one look.
const FOUND_MAX: usize = 100_000;

/// The job and what it has found so far.
#[derive(Debug)]
pub struct IdleCounters {
    counters: Arc<Counters>,
    policy: Arc<PolicyStore>,
    spool: Arc<Spool>,
    kept: usize,
    /// Found idle, and how far the spool was then.
    found: Option<(Vec<IdleScope>, Cursor)>,
    /// The database has all of them, and their policies are forgotten.
    written: Vec<IdleScope>,
}

impl IdleCounters {
    /// Keeps about `kept` scopes in memory.
    #[must_use]
    pub fn new(work: &Work, kept: usize) -> Self {
        let (counters, policy) = (Arc::clone(&work.counters), Arc::clone(&work.policy));
        Self { counters, policy, spool: Arc::clone(&work.spool), kept, found: None, written: Vec::new() }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            if stop.run_until_cancelled(self.look()).await.is_none() {
                return;
            }
        }
    }

    /// Goes one step on with every idle scope.
    pub async fn look(&mut self) {
        self.counters.forget_idle(&std::mem::take(&mut self.written));
        let is_written = self.found.as_ref().is_some_and(|(_, end)| self.spool.is_written_to(end));
        if is_written && let Some((found, _)) = self.found.take() {
            found.iter().for_each(|idle| self.forget_policy(&idle.id));
            self.written = found;
        }
        let excess = self.counters.len().saturating_sub(self.kept + self.written.len());
        if self.found.is_none() && excess > 0 {
            let end = self.spool.end_cursor();
            let mut idle = self.counters.idle(IDLE_AFTER, excess.min(FOUND_MAX)).await;
            // What the gateway has spent is read at the start and never again.
            idle.retain(|scope| scope.id.kind != "gateway");
            self.found = Some((idle, end));
        }
    }

    /// The scope of a single model is named `ENTITY/MODEL`, and either may contain slashes.
    fn forget_policy(&self, scope: &ScopeId) {
        let Some(kind) = scope.kind.strip_suffix("_model") else { return self.policy.forget(scope.kind, &scope.id) };
        scope
            .id
            .match_indices('/')
            .filter_map(|(at, _)| scope.id.get(..at))
            .for_each(|id| self.policy.forget(kind, id));
    }
}
