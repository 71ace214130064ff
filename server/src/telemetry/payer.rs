//! Whose call it was, as labels say it.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use metrics::Label;

use super::names::{KEYS, ORGANIZATIONS, OTHER, TEAMS, USERS};
use crate::ledger::SpendEvent;

/// What stands where there is none: LiteLLM's word.
pub(super) const NONE: &str = "None";

/// How people call the team and the organization of a call.
#[derive(Clone, Debug, Default)]
pub struct Aliases {
    /// Of the team.
    pub team: Option<Arc<str>>,
    /// Of the organization.
    pub organization: Option<Arc<str>>,
}

/// Whose call it was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payer<'a> {
    key: &'a Arc<str>,
    alias: Option<&'a str>,
    user: Option<&'a Arc<str>>,
    team: Option<&'a Arc<str>>,
    organization: Option<&'a Arc<str>>,
}

/// The labels of whoever pays.
#[derive(Clone, Debug)]
pub(super) struct PayerLabels {
    /// Of the key: `hashed_api_key` and `api_key_alias`.
    pub(super) key: [Label; 2],
    /// Of the team: `team` and `team_alias`.
    pub(super) team: [Label; 2],
    user: Label,
    organization: [Label; 2],
}

impl Hash for Payer<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.key, self.alias, self.user, self.team, self.organization).hash(state);
    }
}

impl<'a> Payer<'a> {
    pub(super) fn of(event: &'a SpendEvent) -> Self {
        Self {
            key: &event.api_key,
            alias: event.key_alias.as_deref(),
            user: event.user_id.as_ref(),
            team: event.team_id.as_ref(),
            organization: event.organization_id.as_ref(),
        }
    }

    /// Its labels. Of a key without metrics of its own, only the team and the organization may still be told apart.
    pub(super) fn labels(self, aliases: Aliases) -> PayerLabels {
        if let Some(user) = self.user {
            USERS.keeps(user);
        }
        let label = |name: &'static str, value: Option<&str>| Label::new(name, value.unwrap_or(NONE).to_owned());
        let group = |names: [&'static str; 2], is_kept: bool, id: Option<&str>, alias: Option<Arc<str>>| {
            let values = if is_kept { [id, alias.as_deref()] } else { [Some(OTHER); 2] };
            let [id, alias] = values;
            let [of_id, of_alias] = names;
            [label(of_id, id), label(of_alias, alias)]
        };
        let is_own = KEYS.keeps(self.key);
        let [key, alias, user] =
            if is_own { [Some(&**self.key), self.alias, self.user.map(|user| &**user)] } else { [Some(OTHER); 3] };
        let is_kept = |id: Option<&Arc<str>>, names: &super::names::Names| id.is_none_or(|id| names.keeps(id));
        let Aliases { team, organization } = aliases;
        let id = |id: Option<&'a Arc<str>>| id.map(|id| &**id);
        PayerLabels {
            key: [label("hashed_api_key", key), label("api_key_alias", alias)],
            user: label("user", user),
            team: group(["team", "team_alias"], is_kept(self.team, &TEAMS), id(self.team), team),
            organization: group(
                ["org_id", "org_alias"],
                is_kept(self.organization, &ORGANIZATIONS),
                id(self.organization),
                organization,
            ),
        }
    }
}

impl PayerLabels {
    /// All of them, and that of the end user.
    pub(super) fn all(&self) -> Vec<Label> {
        // End users are without number; LiteLLM leaves them out by default, too.
        let mut labels = vec![Label::from_static_parts("end_user", NONE), self.user.clone()];
        labels.extend(self.key.iter().chain(&self.team).chain(&self.organization).cloned());
        labels
    }
}
