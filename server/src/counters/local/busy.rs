//! Scopes with calls in flight: where somebody has changed a window of theirs, the calls go along.

use super::Local;
use super::idle::WALK;
use crate::counters::scope::{Scope, ScopeId};

impl Local {
    /// Of the scopes from `index` on, so many as are looked at in one go, those with calls in flight, and where to go on;
    /// `None` where that was the last of them.
    pub(in crate::counters) fn busy(&self, index: usize) -> (Vec<ScopeId>, Option<usize>) {
        let state = self.state.lock();
        let end = state.scopes.len().min(index.saturating_add(WALK));
        let Some(some) = state.scopes.get_range(index..end) else { return (Vec::new(), None) };
        let busy = some.iter().filter(|(_, counter)| counter.in_flight > 0).map(|(id, _)| id.clone()).collect();
        (busy, (end < state.scopes.len()).then_some(end))
    }

    /// Those of `scopes` with calls in flight.
    pub(in crate::counters) fn busy_of(&self, scopes: &[ScopeId]) -> Vec<ScopeId> {
        let state = self.state.lock();
        let is_busy = |scope: &&ScopeId| state.scopes.get(*scope).is_some_and(|counter| counter.in_flight > 0);
        scopes.iter().filter(is_busy).cloned().collect()
    }

    /// Goes on to the windows that `scopes` are in, where calls are in flight.
    pub(in crate::counters) fn follow(&self, scopes: &[Scope]) {
        let mut state = self.state.lock();
        for scope in scopes {
            if state.scopes.get(&scope.id).is_some_and(|counter| counter.in_flight > 0) {
                self.current(&mut state, scope);
            }
        }
    }
}
