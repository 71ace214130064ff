//! Effective policies: what a key may do, in memory, immutable.
//!
//! A policy is read from the database when its key is first seen and stays until the key changes: the data plane
//! goes on without a database for keys it knows.

mod limited;
mod load;
mod store;

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::counters::{Scope, ScopeId};
pub use limited::{Limited, Window};
pub use load::{GatewayBudget, Loader};
pub use store::{PolicyError, PolicyStore};

/// Names that stand for every model.
const ALL_MODELS: [&str; 3] = ["*", "all-proxy-models", "all-team-models"];

/// What the ledger knows the master key as: never its hash.
pub const MASTER_TOKEN: &str = "litellm_proxy_master_key";
/// The alias its calls carry.
pub const MASTER_ALIAS: &str = "master_key";

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
    /// Its own limits.
    pub key: Limited,
    /// Its limits for single models, by name or `prefix/*`.
    pub models_limited: Vec<(String, Limited)>,
    /// The limits of all calls together.
    pub gateway: Arc<Limited>,
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

impl Policy {
    /// The policy of the master key: everything, within the limits of the gateway. Its calls are booked under a name, not
    /// its digest.
    #[must_use]
    pub fn master(gateway: Arc<Limited>) -> Self {
        let token: Arc<str> = Arc::from(MASTER_TOKEN);
        Self {
            key: Limited::unlimited(ScopeId { kind: "key", id: Arc::clone(&token) }, MASTER_ALIAS),
            models_limited: Vec::new(),
            gateway,
            token,
            key_alias: Some(Arc::from(MASTER_ALIAS)),
            key_name: Arc::from("sk-..."),
            user_id: Some(Arc::from("default_user_id")),
            team_id: None,
            organization_id: None,
            models: ModelAccess::All,
            is_blocked: false,
            expires_at: None,
        }
    }

    /// The scopes a call to `model` at `now` is charged to, the nearest first.
    #[must_use]
    pub fn scopes(&self, model: &str, now: DateTime<Utc>) -> Vec<Scope> {
        self.limited(model).map(|limited| limited.scope(now)).collect()
    }

    /// The entity that is charged as `scope`.
    #[must_use]
    pub fn entity(&self, scope: &ScopeId) -> Option<&Limited> {
        let models = self.models_limited.iter().map(|(_, limited)| limited);
        [&self.key, &*self.gateway].into_iter().chain(models).find(|limited| limited.id == *scope)
    }

    fn limited(&self, model: &str) -> impl Iterator<Item = &Limited> {
        let of_model = self.models_limited.iter().filter(move |(name, _)| names(name, model));
        std::iter::once(&self.key).chain(of_model.map(|(_, limited)| limited)).chain(std::iter::once(&*self.gateway))
    }
}

/// Whether a name in a list of models, perhaps `prefix/*`, means `model`.
fn names(name: &str, model: &str) -> bool {
    name == model || name.strip_suffix('*').is_some_and(|prefix| model.starts_with(prefix))
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
