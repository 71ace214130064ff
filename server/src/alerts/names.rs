//! What people call what alerts are about.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DbErr};

use crate::db;
use crate::db::alert::Model as Alert;

/// Names by kind and id.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<(&'static str, String), String>);

impl Names {
    /// The names of what these alerts are about.
    pub(super) async fn of(db: &impl ConnectionTrait, alerts: &[Alert]) -> Result<Self, DbErr> {
        let ids = |kind: &str| -> Vec<String> {
            let parts = alerts.iter().flat_map(|alert| parts(&alert.subject_kind, &alert.subject_id));
            let mut ids: Vec<String> = parts.filter(|part| part.0 == kind).map(|part| part.1.to_owned()).collect();
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        let mut names = HashMap::new();
        for key in db::key::find_many(db, &ids("key")).await? {
            names.insert(("key", key.token), key.key_alias.unwrap_or(key.key_name));
        }
        for user in db::user::find_many(db, &ids("user")).await? {
            if let Some(name) = user.user_alias.or(user.user_email) {
                names.insert(("user", user.user_id), name);
            }
        }
        for team in db::team::find_many(db, &ids("team")).await? {
            if let Some(name) = team.team_alias {
                names.insert(("team", team.team_id), name);
            }
        }
        for organization in db::organization::find_many(db, &ids("organization")).await? {
            names.insert(("organization", organization.organization_id), organization.organization_alias);
        }
        Ok(Self(names))
    }

    fn get<'a>(&'a self, kind: &'static str, id: &'a str) -> &'a str {
        let known = self.0.get(&(kind, id.to_owned())).map(String::as_str);
        known.filter(|name| !name.is_empty()).unwrap_or(id)
    }

    /// What an alert is about, in words that begin a sentence.
    pub(super) fn subject(&self, kind: &str, id: &str) -> String {
        if let Some((kind, id, model)) = of_model(kind, id) {
            return format!("{} for model {model}", self.subject(kind, id));
        }
        let member = || id.split_once('/').unwrap_or((id, id));
        match kind {
            "key" => format!("Key {}", shortened(self.get("key", id))),
            "user" => format!("User {}", self.get("user", id)),
            "team" => format!("Team {}", self.get("team", id)),
            "organization" => format!("Organization {}", self.get("organization", id)),
            "team_member" => {
                let (team, user) = member();
                format!("{} in team {}", self.get("user", user), self.get("team", team))
            }
            "organization_member" => {
                let (organization, user) = member();
                let organization = self.get("organization", organization);
                format!("{} in organization {organization}", self.get("user", user))
            }
            "customer" => format!("Customer {id}"),
            "tag" => format!("Tag {id}"),
            "provider" => format!("Provider {id}"),
            "node" => format!("Node {id}"),
            "model" => format!("Model {id}"),
            "gateway" => "The gateway".to_owned(),
            _ => id.to_owned(),
        }
    }
}

/// What has a name of its own in an alert's subject.
fn parts<'a>(kind: &'a str, id: &'a str) -> Vec<(&'static str, &'a str)> {
    let (kind, id) = of_model(kind, id).map_or((kind, id), |(kind, id, _)| (kind, id));
    let member =
        |of: &'static str| id.split_once('/').map_or(Vec::new(), |(group, user)| vec![(of, group), ("user", user)]);
    match kind {
        "key" => vec![("key", id)],
        "user" => vec![("user", id)],
        "team" => vec![("team", id)],
        "organization" => vec![("organization", id)],
        "team_member" => member("team"),
        "organization_member" => member("organization"),
        _ => Vec::new(),
    }
}

/// Kind and id of whose budget for a single model something is about, and the model.
pub(super) fn of_model<'a>(kind: &'a str, id: &'a str) -> Option<(&'a str, &'a str, &'a str)> {
    let kind = kind.strip_suffix("_model")?;
    // A member's id is of two parts.
    let at = id.match_indices('/').nth(usize::from(kind.ends_with("_member")))?.0;
    Some((kind, id.get(..at)?, id.get(at + 1..)?))
}

/// The hash of a key without a name is long: its beginning tells it well enough.
fn shortened(name: &str) -> &str {
    let is_hash = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { name.get(..12).unwrap_or(name) } else { name }
}
