//! How people know the teams and organizations of calls: the ledger knows their ids.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

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
pub(super) struct Names(Arc<PolicyStore>);

impl Names {
    pub(super) const fn new(policy: Arc<PolicyStore>) -> Self {
        Self(policy)
    }

    /// Names by the id of the team, as far as they are known.
    pub(super) async fn of_teams(&self, teams: impl Iterator<Item = Arc<str>>) -> HashMap<Arc<str>, TeamNames> {
        let mut names = HashMap::new();
        let find = async {
            for team in teams {
                if let Entry::Vacant(place) = names.entry(team) {
                    let found = self.of_team(place.key()).await;
                    place.insert(found);
                }
            }
        };
        if tokio::time::timeout(NAMES_TIMEOUT, find).await.is_err() {
            tracing::debug!("calls are exported without the names of their teams");
        }
        names
    }

    async fn of_team(&self, team: &str) -> TeamNames {
        let principal = self.0.of_principal(None, Some(team));
        let Ok(policy) = self.0.call(principal, None, &[]).await else { return TeamNames::default() };
        let name = |kind: EntityKind| policy.entities.iter().find(|entity| entity.kind == kind)?.alias();
        TeamNames { team: name(EntityKind::Team), organization: name(EntityKind::Organization) }
    }
}
