//! Effective policies: what a key may do, in memory, immutable.
//!
//! A policy is read from the database when its key is first seen and stays until the key changes: the data plane
//! goes on without a database for keys it knows.

mod store;

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use tollgate_openapi::money::NanoUsd;

use crate::counters::{Scope, ScopeId};
use crate::domain::window::{BudgetWindow, Span};
pub use store::{PolicyError, PolicyStore};

/// Names that stand for every model.
const ALL_MODELS: [&str; 3] = ["*", "all-proxy-models", "all-team-models"];

/// What the bearer of a key may do.
#[derive(Debug)]
pub struct Policy {
    /// Hex digest of the key.
    pub token: Arc<str>,
    /// Alias of the key.
    pub key_alias: Option<Arc<str>>,
    /// How the key is shown.
    pub key_name: Arc<str>,
    /// Owner.
    pub user_id: Option<Arc<str>>,
    /// Team.
    pub team_id: Option<Arc<str>>,
    /// Organization.
    pub organization_id: Option<Arc<str>>,
    /// Models it may use.
    pub models: ModelAccess,
    /// A blocked key is refused.
    pub is_blocked: bool,
    /// When it stops working.
    pub expires_at: Option<DateTime<Utc>>,
    /// Requests a minute.
    pub rpm_limit: Option<i64>,
    /// Tokens a minute.
    pub tpm_limit: Option<i64>,
    /// Its budget.
    pub budget: KeyBudget,
}

/// Models a key may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelAccess {
    /// All.
    All,
    /// These, and those a `prefix/*` among them covers.
    Only {
        /// Whole names.
        names: HashSet<String>,
        /// What stands before each `*`.
        prefixes: Vec<String>,
    },
}

impl ModelAccess {
    /// Reads a key's list of models; an empty one allows all.
    #[must_use]
    pub fn from_list(models: &[String]) -> Self {
        if models.is_empty() || models.iter().any(|model| ALL_MODELS.contains(&model.as_str())) {
            return Self::All;
        }
        let prefixes = models.iter().filter_map(|model| model.strip_suffix('*')).map(str::to_owned).collect();
        Self::Only { names: models.iter().cloned().collect(), prefixes }
    }

    /// Whether `model` may be used.
    #[must_use]
    pub fn allows(&self, model: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only { names, prefixes } => {
                names.contains(model) || prefixes.iter().any(|prefix| model.starts_with(prefix))
            }
        }
    }
}

/// A key's budget and its window.
#[derive(Debug, Default)]
pub struct KeyBudget {
    /// Hard limit per window.
    pub max: Option<NanoUsd>,
    /// Length of the window; `None`: it never resets.
    pub window: Option<Window>,
    /// What the ledger knew when the policy was read.
    pub spent_at_load: NanoUsd,
    /// The window that belongs to.
    pub loaded_window_start: Option<DateTime<Utc>>,
}

/// A budget window that resets by the clock.
#[derive(Debug)]
pub struct Window {
    /// Its length.
    pub span: Span,
    /// Where windows that follow no calendar start.
    pub anchor: DateTime<Utc>,
    /// Of the calendar.
    pub time_zone: chrono_tz::Tz,
    /// The window last looked up: most calls fall into the same one.
    pub last: Mutex<Option<(DateTime<Utc>, DateTime<Utc>)>>,
}

impl Window {
    /// Start and end of the window `now` is in.
    #[must_use]
    pub fn bounds(&self, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let mut last = self.last.lock();
        if let Some((start, end)) = *last
            && start <= now
            && now < end
        {
            return (start, end);
        }
        let window = BudgetWindow::bounds(self.span, now, self.anchor, self.time_zone);
        *last = Some((window.start, window.end));
        (window.start, window.end)
    }
}

impl Policy {
    /// The policy of the master key: everything, without limits. Its calls are booked under a name, not its digest.
    #[must_use]
    pub fn master() -> Self {
        Self {
            token: Arc::from("litellm_proxy_master_key"),
            key_alias: Some(Arc::from("master_key")),
            key_name: Arc::from("sk-..."),
            user_id: Some(Arc::from("default_user_id")),
            team_id: None,
            organization_id: None,
            models: ModelAccess::All,
            is_blocked: false,
            expires_at: None,
            rpm_limit: None,
            tpm_limit: None,
            budget: KeyBudget::default(),
        }
    }

    /// The scopes a call at `now` is charged to.
    #[must_use]
    pub fn scopes(&self, now: DateTime<Utc>) -> [Scope; 1] {
        let bounds = self.budget.window.as_ref().map(|window| window.bounds(now));
        [Scope {
            id: ScopeId { kind: "key", id: Arc::clone(&self.token) },
            max_budget: self.budget.max,
            window_start: bounds.map(|(start, _)| start),
            window_end: bounds.map(|(_, end)| end),
            spent_at_load: self.budget.spent_at_load,
            loaded_window_start: self.budget.loaded_window_start,
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(models: &[&str]) -> ModelAccess {
        ModelAccess::from_list(&models.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn an_empty_list_allows_all_and_a_list_only_its_models() {
        assert!(access(&[]).allows("gpt-4o"));
        assert!(access(&["gpt-4o"]).allows("gpt-4o"));
        assert!(!access(&["gpt-4o"]).allows("gpt-4o-mini"));
        assert!(access(&["openai/*"]).allows("openai/gpt-4o"));
        assert!(!access(&["openai/*"]).allows("azure/gpt-4o"));
        assert!(access(&["gpt-4o", "all-proxy-models"]).allows("anything"));
    }
}
