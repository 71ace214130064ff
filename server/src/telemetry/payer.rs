//! Whose call it was, as labels say it.

use std::sync::Arc;

use metrics::Label;

use super::names::{KEYS, Names, ORGANIZATIONS, OTHER, TEAMS, USERS};
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
#[derive(Clone, Copy, Debug, Hash)]
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

/// Whose call it was, as far as labels tell one from another: who has no metrics of their own is [`OTHER`].
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct Told<'a> {
    /// Key, its alias, its user.
    key: [Option<&'a str>; 3],
    team: Group<'a>,
    organization: Group<'a>,
}

/// A team or an organization, where there is one.
#[derive(Clone, Copy, Debug, Hash)]
struct Group<'a> {
    id: Option<&'a str>,
    is_kept: bool,
}

impl<'a> Group<'a> {
    fn of(id: Option<&'a Arc<str>>, names: &Names) -> Self {
        let is_kept = id.is_none_or(|id| names.keeps(id));
        Self { id: if is_kept { id.map(|id| &**id) } else { Some(OTHER) }, is_kept }
    }

    fn labels(self, [of_id, of_alias]: [&'static str; 2], alias: Option<&str>) -> [Label; 2] {
        [label(of_id, self.id), label(of_alias, if self.is_kept { alias } else { Some(OTHER) })]
    }
}

fn label(name: &'static str, value: Option<&str>) -> Label {
    Label::new(name, value.unwrap_or(NONE).to_owned())
}

impl<'a> Payer<'a> {
    #[cfg(test)]
    pub(super) const fn of_key(key: &'a Arc<str>) -> Self {
        Self { key, alias: None, user: None, team: None, organization: None }
    }

    pub(super) fn of(event: &'a SpendEvent) -> Self {
        Self {
            key: &event.api_key,
            alias: event.key_alias.as_deref(),
            user: event.user_id.as_ref(),
            team: event.team_id.as_ref(),
            organization: event.organization_id.as_ref(),
        }
    }

    /// Who it is to labels. Of a key without metrics of its own, only the team and the organization may still be told apart.
    pub(super) fn told(self) -> Told<'a> {
        if let Some(user) = self.user {
            USERS.keeps(user);
        }
        let own = [Some(&**self.key), self.alias, self.user.map(|user| &**user)];
        Told {
            key: if KEYS.keeps(self.key) { own } else { [Some(OTHER); 3] },
            team: Group::of(self.team, &TEAMS),
            organization: Group::of(self.organization, &ORGANIZATIONS),
        }
    }
}

impl Told<'_> {
    /// Its labels.
    pub(super) fn labels(self, aliases: &Aliases) -> PayerLabels {
        let [key, alias, user] = self.key;
        PayerLabels {
            key: [label("hashed_api_key", key), label("api_key_alias", alias)],
            user: label("user", user),
            team: self.team.labels(["team", "team_alias"], aliases.team.as_deref()),
            organization: self.organization.labels(["org_id", "org_alias"], aliases.organization.as_deref()),
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
