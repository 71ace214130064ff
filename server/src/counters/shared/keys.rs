//! Names of keys in Redis. One hash tag for all: a cluster keeps them together.

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

    pub(super) fn traffic(&self, scope: &ScopeId) -> String {
        format!("{}traffic:{}:{}", self.prefix, scope.kind, scope.id)
    }

    pub(super) fn in_flight(&self, scope: &ScopeId) -> String {
        format!("{}in_flight:{}:{}", self.prefix, scope.kind, scope.id)
    }
}
