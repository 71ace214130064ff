//! Effective policies: what a key may do, in memory, immutable.
//!
//! A policy is read from the database when its key is first seen and stays until the key changes: the data plane
//! goes on without a database for keys it knows. So it is with users, teams and whatever else carries limits, which many
//! keys share. A call is judged by all of them together: [`CallPolicy`].

mod access_groups;
mod bulletin;
mod call;
pub mod callback_variables;
mod callbacks;
mod entity;
mod limited;
mod load;
mod routing;
mod store;

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::counters::ScopeId;
use crate::crypto::KeyDigest;
use crate::domain::allowed_routes::AllowedRoutes;
pub use access_groups::AccessGroups;
pub use bulletin::{Bulletin, Channel};
pub use call::{CallPolicy, Denial};
pub use callbacks::{OwnCallback, OwnCallbacks};
pub use entity::{Entity, EntityKind, GATEWAY};
pub use limited::{Account, Limited, SoftBudget, Window};
pub use load::{Defaults, Loader};
pub use routing::RoutingOverrides;
pub use store::{PolicyError, PolicyStore};

/// Tags that a key may add to its calls, and that a call may name.
pub const TAGS_MAX: usize = 32;

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
    /// The secret it was found by, where the key has had several. Boxed: few have.
    pub secret: Option<Box<Secret>>,
    /// The routes it may call, where not all.
    pub routes: Option<AllowedRoutes>,
    /// Its own limits.
    pub account: Account,
    /// The reusable budget it is attached to.
    pub budget_id: Option<Arc<str>>,
    /// Its owner as a member of its team: `team_id/user_id`.
    pub member_id: Option<Arc<str>>,
    /// Tags that all its calls carry.
    pub tags: Box<[Arc<str>]>,
    /// How its calls are routed, where it says so.
    pub routing: Option<Arc<RoutingOverrides>>,
    /// Tools that are told of its calls, where it names some.
    pub callbacks: Option<Arc<OwnCallbacks>>,
    /// Whose calendar its budget windows follow.
    pub time_zone: Tz,
}

/// One of the secrets of a key: what is kept of it here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secret {
    /// Its digest, where that is not the key's id.
    pub digest: Option<KeyDigest>,
    /// When it stops working: the key has another one since.
    pub ends_at: Option<DateTime<Utc>>,
}

/// Models a key may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelAccess {
    /// All.
    All,
    /// These, and those a `prefix/*` among them covers. Boxed: most keys have no list, and many are in memory.
    Only(Box<ModelList>),
}

/// A list of models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelList {
    /// Whole names.
    names: HashSet<String>,
    /// What stands before each `*`.
    prefixes: Vec<String>,
}

impl ModelAccess {
    /// Reads a key's list of models; an empty one allows all.
    #[must_use]
    pub fn from_list(models: &[String]) -> Self {
        if models.is_empty() || models.iter().any(|model| ALL_MODELS.contains(&model.as_str())) {
            return Self::All;
        }
        let prefixes = models.iter().filter_map(|model| model.strip_suffix('*')).map(str::to_owned).collect();
        Self::Only(Box::new(ModelList { names: models.iter().cloned().collect(), prefixes }))
    }

    /// Whether `name`, of a model or a group of models, is in the list.
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        match self {
            Self::All => false,
            Self::Only(list) => list.names.contains(name),
        }
    }

    /// Whether `model` may be used.
    #[must_use]
    pub fn allows(&self, model: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(list) => {
                list.names.contains(model) || list.prefixes.iter().any(|prefix| model.starts_with(prefix))
            }
        }
    }
}

impl Policy {
    /// The policy of a key without limits of its own that would belong to this user and team.
    #[must_use]
    pub fn of_principal(user_id: Option<&str>, team_id: Option<&str>) -> Self {
        let member_id = user_id.zip(team_id).map(|(user_id, team_id)| member_id(team_id, user_id));
        let token: Arc<str> = Arc::from("");
        let whole = Limited::unlimited(ScopeId { kind: "key", id: Arc::clone(&token) }, "");
        Self {
            account: Account { whole, by_model: Box::default() },
            token,
            key_alias: None,
            user_id: user_id.map(Arc::from),
            team_id: team_id.map(Arc::from),
            member_id,
            ..Self::master()
        }
    }

    /// The policy of the master key: everything, within the limits of the gateway. Its calls are booked under a name, not
    /// its digest.
    #[must_use]
    pub fn master() -> Self {
        let token: Arc<str> = Arc::from(MASTER_TOKEN);
        Self {
            account: Account {
                whole: Limited::unlimited(ScopeId { kind: "key", id: Arc::clone(&token) }, MASTER_ALIAS),
                by_model: Box::default(),
            },
            budget_id: None,
            member_id: None,
            tags: Box::default(),
            routing: None,
            callbacks: None,
            time_zone: Tz::UTC,
            token,
            key_alias: Some(Arc::from(MASTER_ALIAS)),
            key_name: Arc::from("sk-..."),
            user_id: Some(Arc::from("default_user_id")),
            team_id: None,
            organization_id: None,
            models: ModelAccess::All,
            is_blocked: false,
            expires_at: None,
            secret: None,
            routes: None,
        }
    }
}

/// The id of a user as a member of a team or an organization.
fn member_id(group_id: &str, user_id: &str) -> Arc<str> {
    Arc::from(format!("{group_id}/{user_id}"))
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
