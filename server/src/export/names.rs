//! How people know the teams and organizations of calls: the ledger knows their ids.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use crate::policy::{EntityKind, PolicyStore};

/// A batch goes without names rather than wait longer for them.
const NAMES_TIMEOUT: Duration = Duration::from_secs(2);

/// Who a call is booked to, by name.
#[derive(Clone, Debug, Default)]
pub(super) struct TeamNames {
    /// Of the team.
    pub(super) team: Option<Arc<str>>,
    /// Of the team's organization.
    pub(super) organization: Option<Arc<str>>,
}

/// Finds names, in memory where calls have just been made.
#[derive(Clone, Debug)]
pub(super) struct Names {
    policy: Arc<PolicyStore>,
    /// Where calls are answered: what is found may be awaited by one of them.
    runtime: Handle,
}

impl Names {
    /// # Panics
    /// Outside of a runtime.
    pub(super) fn new(policy: Arc<PolicyStore>) -> Self {
        Self { policy, runtime: Handle::current() }
    }

    /// Names by the id of the team, as far as they are known.
    pub(super) async fn of_teams(&self, teams: impl Iterator<Item = Arc<str>>) -> HashMap<Arc<str>, TeamNames> {
        let teams: HashSet<Arc<str>> = teams.collect();
        if teams.is_empty() {
            return HashMap::new();
        }
        let policy = Arc::clone(&self.policy);
        let find = async move {
            let (mut names, until) = (HashMap::new(), Instant::now() + NAMES_TIMEOUT);
            for team in teams {
                let Ok(found) = timeout_at(until, of_team(&policy, &team)).await else {
                    tracing::debug!("calls are exported without the names of their teams");
                    break;
                };
                names.insert(team, found);
            }
            names
        };
        self.runtime.spawn(find).await.unwrap_or_default()
    }
}

async fn of_team(policy: &PolicyStore, team: &str) -> TeamNames {
    let principal = policy.of_principal(None, Some(team));
    let Ok(policy) = policy.call(principal, None, &[]).await else { return TeamNames::default() };
    let name = |kind: EntityKind| policy.entities.iter().find(|entity| entity.kind == kind)?.alias();
    TeamNames { team: name(EntityKind::Team), organization: name(EntityKind::Organization) }
}
