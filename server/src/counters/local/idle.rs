//! Making room: counters of scopes that nobody uses leave memory.

use std::time::Duration;

use super::Local;
use crate::counters::counter::Counter;
use crate::counters::scope::ScopeId;
use crate::counters::sliding::SLOT;

/// Scopes that are looked at in one go, while calls wait.
pub(super) const WALK: usize = 256;

/// A scope nobody uses.
#[derive(Clone, Debug)]
pub struct IdleScope {
    /// Which.
    pub id: ScopeId,
    /// The slot it was last used in.
    last_used: u64,
}

impl Local {
    /// How many scopes are counted.
    pub(in crate::counters) fn len(&self) -> usize {
        self.state.lock().scopes.len()
    }

    /// Of the scopes from `index` on, so many as are looked at in one go, those that have been idle for `period`, and
    /// where to go on; `None` where that was the last of them.
    pub(in crate::counters) fn idle(&self, index: usize, period: Duration) -> (Vec<IdleScope>, Option<usize>) {
        let slot = self.slot(self.clock.monotonic());
        let slots = u64::try_from(period.as_millis() / SLOT.as_millis()).unwrap_or(u64::MAX);
        let mut state = self.state.lock();
        let end = state.scopes.len().min(index.saturating_add(WALK));
        let Some(some) = state.scopes.get_range_mut(index..end) else { return (Vec::new(), None) };
        let is_idle = |counter: &mut Counter| counter.last_used + slots <= slot && counter.is_idle(slot);
        let idle = some.iter_mut().filter_map(|(id, counter)| {
            is_idle(counter).then(|| IdleScope { id: id.clone(), last_used: counter.last_used })
        });
        let idle = idle.collect();
        (idle, (end < state.scopes.len()).then_some(end))
    }

    /// Drops those of `idle` that were not used since.
    pub(in crate::counters) fn drop_unused(&self, idle: &[IdleScope]) {
        let slot = self.slot(self.clock.monotonic());
        for some in idle.chunks(WALK) {
            let mut state = self.state.lock();
            for IdleScope { id, last_used } in some {
                let counter = state.scopes.get_mut(id);
                if counter.is_some_and(|counter| counter.last_used == *last_used && counter.is_idle(slot)) {
                    state.scopes.swap_remove(id);
                }
            }
        }
    }
}
