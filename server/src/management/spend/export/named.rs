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
}

impl Named {
    pub(super) async fn of(app: &App, ids: Ids) -> ApiResult<Self> {
        let [organizations, teams, users, keys] =
            [ids.organizations, ids.teams, ids.users, ids.keys].map(|ids| ids.into_iter().collect::<Vec<_>>());
        let keys = db::key::find_many(&app.db, &keys).await?.into_iter();
        let master = (MASTER_TOKEN.to_owned(), MASTER_ALIAS.to_owned());
        Ok(Self {
            organizations: names::organizations(app, &organizations).await?,
            teams: names::teams(app, &teams).await?,
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

    pub(super) fn user(&self, id: &str) -> Option<&str> {
        self.users.get(id).map(String::as_str)
    }

    pub(super) fn key(&self, token: &str) -> Option<&str> {
        self.keys.get(token).map(String::as_str)
    }
}
