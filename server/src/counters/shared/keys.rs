//! Names of keys in Redis. One hash tag for all: a cluster keeps them together.

use std::sync::Arc;

use chrono::DateTime;

use super::Window;
use crate::counters::ScopeId;
use crate::db::budget_spend::window_key;

#[derive(Clone, Debug)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    pub(super) fn new(namespace: &str) -> Self {
        Self { prefix: format!("{{{namespace}}}:") }
    }

    pub(super) fn generation(&self) -> String {
        format!("{}generation", self.prefix)
    }

    /// What the keys of all leases begin with.
    pub(super) fn leases(&self) -> String {
        format!("{}lease:", self.prefix)
    }

    pub(super) fn lease(&self, lease: &str) -> String {
        format!("{}lease:{lease}", self.prefix)
    }

    pub(super) fn budget(&self, window: &Window) -> String {
        let Window { scope, start } = window;
        format!("{}budget:{}:{}:{}", self.prefix, scope.kind, scope.id, window_key(*start))
    }

    /// The window that a budget's key counts; ids may hold any character.
    pub(super) fn window_of(&self, budget: &str) -> Option<Window> {
        let (kind, rest) = budget.strip_prefix(&self.prefix)?.strip_prefix("budget:")?.split_once(':')?;
        let (id, start) = rest.rsplit_once(':')?;
        let start: i64 = start.parse().ok()?;
        let scope = ScopeId::named(kind, &Arc::from(id))?;
        Some(Window { scope, start: DateTime::from_timestamp_micros(start).filter(|_| start != 0) })
    }

    /// The set of budgets in which a node has spent what is not in the ledger's database.
    pub(super) fn owing(&self, node: &str) -> String {
        format!("{}owing:{node}", self.prefix)
    }

    pub(super) fn traffic(&self, scope: &ScopeId) -> String {
        format!("{}traffic:{}:{}", self.prefix, scope.kind, scope.id)
    }

    pub(super) fn in_flight(&self, scope: &ScopeId) -> String {
        format!("{}in_flight:{}:{}", self.prefix, scope.kind, scope.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budgets_key_tells_its_window() {
        let keys = Keys::new("two");
        for (kind, id, start) in
            [("key", "abc", None), ("customer", "a:{b}:c", DateTime::from_timestamp_micros(1_800_000))]
        {
            let window = Window { scope: ScopeId::named(kind, &Arc::from(id)).unwrap(), start };
            assert_eq!(keys.window_of(&keys.budget(&window)), Some(window));
        }
        assert_eq!(keys.window_of("{one}:budget:key:abc:0"), None);
    }
}
