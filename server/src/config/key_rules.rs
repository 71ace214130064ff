//! `litellm_settings`: who makes keys, what a key that does not say gets, and the most that it may get.

use serde_json::{Map, Value};
use tollgate_openapi::key::{KeyCreate, STORED_FIELDS};

use super::reader::{Item, Section};
use crate::domain::key_bounds::{Bounds, Excess, Makers};

/// Roles of members of teams.
pub(crate) const TEAM_ROLES: [&str; 2] = ["admin", "user"];
/// Roles of people who own keys.
const USER_ROLES: [&str; 5] =
    ["proxy_admin", "proxy_admin_viewer", "org_admin", "internal_user", "internal_user_viewer"];

/// Rules for new and changed keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyRules {
    /// The most that limits of a key may be (`upperbound_key_generate_params`).
    pub upperbound: Bounds,
    /// Fields of a new key that says nothing of them (`default_key_generate_params`).
    pub defaults: Map<String, Value>,
    /// Who makes keys of teams (`key_generation_settings.team_key_generation`).
    pub team: Makers,
    /// Who makes keys of their own (`key_generation_settings.personal_key_generation`).
    pub personal: Makers,
}

pub(super) fn read(section: &mut Section<'_>) -> KeyRules {
    let upperbound = section.get("upperbound_key_generate_params");
    let defaults = section.get("default_key_generate_params");
    let makers = section.get("key_generation_settings").map(|item| (object(&item), item));
    let makers_of = |name: &str, roles: &'static str, known: &[&str]| {
        let (members, item) = makers.as_ref()?;
        let own = members.get(name)?.as_object()?;
        told(item, name, Makers::read(own, roles, known))
    };
    KeyRules {
        upperbound: upperbound.and_then(|item| bounds(&item)).unwrap_or_default(),
        defaults: defaults.map(|item| checked_defaults(&item)).unwrap_or_default(),
        team: makers_of("team_key_generation", "allowed_team_member_roles", &TEAM_ROLES).unwrap_or_default(),
        personal: makers_of("personal_key_generation", "allowed_user_roles", &USER_ROLES).unwrap_or_default(),
    }
}

fn object(item: &Item<'_>) -> Map<String, Value> {
    match item.node.to_json() {
        Value::Object(members) => members,
        Value::Null => Map::new(),
        _ => {
            item.error("expected a map");
            Map::new()
        }
    }
}

fn told<T>(item: &Item<'_>, name: &str, read: Result<T, Excess>) -> Option<T> {
    let place = if name.is_empty() { String::new() } else { format!("{name}.") };
    read.map_err(|wrong| item.error(format!("{place}{}: expected {}", wrong.field, wrong.expected))).ok()
}

fn bounds(item: &Item<'_>) -> Option<Bounds> {
    let members = object(item);
    for name in members.keys().filter(|name| !Bounds::FIELDS.contains(&name.as_str())) {
        item.warning(format!("{name} is not bounded; known are {}", Bounds::FIELDS.join(", ")));
    }
    told(item, "", Bounds::read(&members))
}

fn checked_defaults(item: &Item<'_>) -> Map<String, Value> {
    let members = object(item);
    match serde_json::from_value::<KeyCreate>(Value::Object(members.clone())) {
        Ok(key) => {
            let is_known = |name: &str| STORED_FIELDS.iter().any(|(known, _)| *known == name);
            for name in key.other.keys().filter(|name| !is_known(name)) {
                item.error(format!("{name} is no field of a key"));
            }
            members
        }
        Err(error) => {
            item.error(format!("expected fields of a key: {error}"));
            Map::new()
        }
    }
}
