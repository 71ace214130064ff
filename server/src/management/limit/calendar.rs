//! Whose calendar budget windows follow: their organization's, where it says, else the gateway's.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono_tz::Tz;
use sea_orm::ConnectionTrait;

use super::{KEY, Kind, ORGANIZATION, ORGANIZATION_MEMBER, TEAM, TEAM_MEMBER, USER};
use crate::app::App;
use crate::db;
use crate::db::key::Model as Key;
use crate::error::ApiResult;

/// The organizations that have a calendar of their own.
#[derive(Clone, Debug)]
pub(in crate::management) struct Calendars {
    gateway: Tz,
    by_organization: HashMap<String, Tz>,
}

impl Calendars {
    /// The calendars as the database has them now.
    pub(in crate::management) async fn load(app: &App, db: &impl ConnectionTrait) -> ApiResult<Self> {
        let set = db::organization::time_zones(db).await?.into_iter();
        // A name that is none was refused when it was set.
        let by_organization = set.filter_map(|(id, name)| Some((id, name.parse().ok()?))).collect();
        Ok(Self { gateway: app.timezone, by_organization })
    }

    /// That of scopes of this organization.
    fn of(&self, organization_id: Option<&str>) -> Tz {
        organization_id.and_then(|id| self.by_organization.get(id)).copied().unwrap_or(self.gateway)
    }

    /// That of the scope with this id, among those that [`Self::of_scopes`] found.
    pub(in crate::management) fn pick(&self, found: &HashMap<String, Tz>, id: &str) -> Tz {
        found.get(id).copied().unwrap_or(self.gateway)
    }

    /// Calendars of those of the scopes that do not follow the gateway's, by id.
    pub(in crate::management) async fn of_scopes(
        &self,
        db: &impl ConnectionTrait,
        kind: Kind,
        ids: &[String],
    ) -> ApiResult<HashMap<String, Tz>> {
        if self.by_organization.is_empty() || ids.is_empty() {
            return Ok(HashMap::new());
        }
        match kind {
            ORGANIZATION => Ok(ids.iter().map(|id| (id.clone(), self.of(Some(id)))).collect()),
            ORGANIZATION_MEMBER => {
                let organization_of = |id: &String| id.split_once('/').map(|(organization, _)| organization.to_owned());
                Ok(ids.iter().map(|id| (id.clone(), self.of(organization_of(id).as_deref()))).collect())
            }
            TEAM => self.of_teams(db, ids).await,
            TEAM_MEMBER => {
                let team_of = |id: &String| id.split_once('/').map(|(team, _)| team.to_owned());
                let teams: BTreeSet<String> = ids.iter().filter_map(team_of).collect();
                let of_teams = self.of_teams(db, &teams.into_iter().collect::<Vec<_>>()).await?;
                Ok(ids.iter().filter_map(|id| Some((id.clone(), *of_teams.get(&team_of(id)?)?))).collect())
            }
            USER => self.of_users(db, ids).await,
            KEY => {
                let keys = db::key::find_many(db, ids).await?;
                let time_zones = self.of_keys(db, &keys).await?;
                Ok(keys.into_iter().map(|key| key.token).zip(time_zones).collect())
            }
            _ => Ok(HashMap::new()),
        }
    }

    /// Calendars of keys, in their order: a key's organization is its own, or else its team's.
    pub(in crate::management) async fn of_keys(&self, db: &impl ConnectionTrait, keys: &[Key]) -> ApiResult<Vec<Tz>> {
        if self.by_organization.is_empty() {
            return Ok(vec![self.gateway; keys.len()]);
        }
        let team_ids: BTreeSet<String> = keys.iter().filter_map(|key| key.team_id.clone()).collect();
        let of_teams = self.of_teams(db, &team_ids.into_iter().collect::<Vec<_>>()).await?;
        let of_key = |key: &Key| match (&key.organization_id, &key.team_id) {
            (Some(organization_id), _) => self.of(Some(organization_id)),
            (None, Some(team_id)) => self.pick(&of_teams, team_id),
            (None, None) => self.gateway,
        };
        Ok(keys.iter().map(of_key).collect())
    }

    async fn of_teams(&self, db: &impl ConnectionTrait, ids: &[String]) -> ApiResult<HashMap<String, Tz>> {
        let teams = db::team::find_many(db, ids).await?.into_iter();
        Ok(teams.map(|team| (team.team_id, self.of(team.organization_id.as_deref()))).collect())
    }

    /// A user follows the calendar of the one organization that all their keys and teams belong to. Who belongs to several
    /// follows the gateway's: a budget has one window at a time, whichever key is used.
    async fn of_users(&self, db: &impl ConnectionTrait, ids: &[String]) -> ApiResult<HashMap<String, Tz>> {
        let memberships = db::team_member::of_users(db, ids).await?;
        let groups = db::key::groups_of_users(db, ids).await?;
        let of_keys = groups.iter().filter_map(|(user, team, _)| Some((user.clone(), team.clone()?)));
        let teams_of_users: BTreeSet<(String, String)> =
            memberships.into_iter().map(|one| (one.user_id, one.team_id)).chain(of_keys).collect();
        let team_ids: BTreeSet<String> = teams_of_users.iter().map(|(_, team)| team.clone()).collect();
        let teams = db::team::find_many(db, &team_ids.into_iter().collect::<Vec<_>>()).await?.into_iter();
        let organization_of: HashMap<_, _> =
            teams.filter_map(|team| Some((team.team_id, team.organization_id?))).collect();
        let mut organizations: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let by_team =
            teams_of_users.into_iter().filter_map(|(user, team)| Some((user, organization_of.get(&team)?.clone())));
        let by_key = groups.into_iter().filter_map(|(user, _, organization)| Some((user, organization?)));
        for (user, organization) in by_team.chain(by_key) {
            organizations.entry(user).or_default().insert(organization);
        }
        let only = |all: &BTreeSet<String>| if all.len() == 1 { all.first().cloned() } else { None };
        Ok(organizations.into_iter().map(|(user, all)| (user, self.of(only(&all).as_deref()))).collect())
    }
}
