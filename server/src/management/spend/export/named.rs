//! What people call those who spent, looked up for a page of rows at a time.

use std::collections::BTreeSet;

use crate::app::App;
use crate::db;
use crate::error::ApiResult;
use crate::management::spend::names::{self, Names};
use crate::policy::{MASTER_ALIAS, MASTER_TOKEN};

/// Ids of a page, each once.
#[derive(Debug, Default)]
pub(super) struct Ids {
    organizations: BTreeSet<String>,
    teams: BTreeSet<String>,
    users: BTreeSet<String>,
    keys: BTreeSet<String>,
}

impl Ids {
    /// Adds those of a row; what it does not have is empty.
    pub(super) fn add(&mut self, organization: &str, team: &str, user: &str, key: &str) {
        let Self { organizations, teams, users, keys } = self;
        for (all, id) in [(organizations, organization), (teams, team), (users, user), (keys, key)] {
            if !id.is_empty() && !all.contains(id) {
                all.insert(id.to_owned());
            }
        }
    }
}

/// Their names.
#[derive(Debug, Default)]
pub(super) struct Named {
    organizations: Names,
    teams: Names,
    users: Names,
    keys: Names,
    /// Cost centres of the teams and of the organizations.
    team_centers: Names,
    organization_centers: Names,
}

impl Named {
    pub(super) async fn of(app: &App, ids: Ids) -> ApiResult<Self> {
        let [organizations, teams, users, keys] =
            [ids.organizations, ids.teams, ids.users, ids.keys].map(|ids| ids.into_iter().collect::<Vec<_>>());
        let keys = db::key::find_many(&app.db, &keys).await?.into_iter();
        let teams = db::team::find_many(&app.db, &teams).await?;
        let organizations = db::organization::find_many(&app.db, &organizations).await?;
        let center = |id: &String, center: &Option<String>| Some((id.clone(), center.clone()?));
        let master = (MASTER_TOKEN.to_owned(), MASTER_ALIAS.to_owned());
        Ok(Self {
            team_centers: teams.iter().filter_map(|team| center(&team.team_id, &team.cost_center)).collect(),
            organization_centers: organizations
                .iter()
                .filter_map(|one| center(&one.organization_id, &one.cost_center))
                .collect(),
            organizations: organizations.into_iter().map(|one| (one.organization_id, one.organization_alias)).collect(),
            teams: teams.into_iter().filter_map(|team| Some((team.team_id, team.team_alias?))).collect(),
            users: names::users(app, &users).await?,
            keys: keys.filter_map(|key| Some((key.token, key.key_alias?))).chain([master]).collect(),
        })
    }

    pub(super) fn organization(&self, id: &str) -> Option<&str> {
        self.organizations.get(id).map(String::as_str)
    }

    pub(super) fn team(&self, id: &str) -> Option<&str> {
        self.teams.get(id).map(String::as_str)
    }

    /// What finance books the spend of a team, else of an organization, to.
    pub(super) fn cost_center(&self, team: &str, organization: &str) -> Option<&str> {
        let center = self.team_centers.get(team).or_else(|| self.organization_centers.get(organization));
        center.map(String::as_str)
    }

    pub(super) fn user(&self, id: &str) -> Option<&str> {
        self.users.get(id).map(String::as_str)
    }

    pub(super) fn key(&self, token: &str) -> Option<&str> {
        self.keys.get(token).map(String::as_str)
    }
}
