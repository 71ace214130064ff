//! A change in words. Pure.

use serde_json::Value;
use tollgate_openapi::audit::AuditView;

use crate::format;
use crate::url::encode;

/// Actions to filter by.
pub(crate) const ACTION_OPTIONS: &[(&str, &str)] = &[
    ("", "Anything done"),
    ("created", "Created"),
    ("updated", "Changed"),
    ("deleted", "Deleted"),
    ("blocked", "Blocked"),
    ("unblocked", "Unblocked"),
    ("rotated", "Rotated"),
    ("resolved", "Resolved"),
    ("flushed", "Emptied"),
    ("signed_in", "Signed in"),
    ("sign_in_failed", "Sign-in refused"),
    ("signed_out", "Signed out"),
];

/// Kinds of things to filter by.
pub(crate) const KIND_OPTIONS: &[(&str, &str)] = &[
    ("", "Any kind of thing"),
    ("key", "Keys"),
    ("team", "Teams"),
    ("team_member", "Team members"),
    ("user", "Users"),
    ("organization", "Organizations"),
    ("customer", "Customers"),
    ("tag", "Tags"),
    ("budget", "Budgets"),
    ("model", "Models"),
    ("credential", "Credentials"),
    ("cache", "Cache"),
    ("interrupted_call", "Interrupted calls"),
    ("session", "Sessions"),
    ("password", "Passwords"),
    ("second_factor", "Second factors"),
    ("access_token", "Access tokens"),
    ("invitation", "Invitations"),
    ("sso", "Single sign-on"),
];

/// Where a thing says how people know it, the most telling first.
const NAMES: [&str; 9] = [
    "key_alias",
    "team_alias",
    "organization_alias",
    "user_alias",
    "user_email",
    "alias",
    "name",
    "model_name",
    "credential_name",
];
/// Characters of an id that tell things apart for a person.
const ID_SHOWN: usize = 12;

/// Who did it.
pub(crate) fn who(change: &AuditView) -> String {
    match (&change.changed_by_email, change.changed_by.as_str()) {
        (Some(email), _) => email.clone(),
        (None, "") => "Nobody signed in".to_owned(),
        (None, _) if !change.changed_by_api_key.is_empty() => "The master key".to_owned(),
        (None, id) => format::person(id).to_owned(),
    }
}

/// What was done to what: `Changed key checkout`.
pub(crate) fn what(change: &AuditView) -> String {
    match (change.table_name.as_str(), change.action.as_str()) {
        ("session", "signed_in") => "Signed in".to_owned(),
        ("session", "signed_out") => "Signed out".to_owned(),
        ("session", "sign_in_failed") => format!("Sign-in refused to {}", change.object_id),
        ("second_factor", "recovery_codes_created") => format!("Created recovery codes for {}", change.object_id),
        (kind, action) => format!("{} {} {}", verb(action), kind.replace('_', " "), name(change)),
    }
}

/// The action as a word that begins a sentence.
fn verb(action: &str) -> String {
    let known = ACTION_OPTIONS.iter().find(|(word, _)| *word == action && !word.is_empty());
    let spoken = known.map_or_else(|| action.replace('_', " "), |(_, text)| (*text).to_owned());
    let mut letters = spoken.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}", letters.as_str())
}

/// How people know the thing: its name as it became or was, or else the beginning of its id.
pub(crate) fn name(change: &AuditView) -> String {
    let named = |value: &Option<Value>| {
        let value = value.as_ref()?;
        NAMES.iter().find_map(|field| value.get(*field)?.as_str().filter(|name| !name.is_empty()).map(str::to_owned))
    };
    named(&change.updated_values).or_else(|| named(&change.before_value)).unwrap_or_else(|| {
        let id = &change.object_id;
        let is_hash = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash { format!("{}…", id.chars().take(ID_SHOWN).collect::<String>()) } else { id.clone() }
    })
}

/// The page of the thing, where it has one and was not deleted.
pub(crate) fn page(change: &AuditView) -> Option<String> {
    if change.action == "deleted" {
        return None;
    }
    let id = change.object_id.as_str();
    let (path, id) = match change.table_name.as_str() {
        "key" => ("keys?key", id),
        "team" => ("teams?team", id),
        "team_member" => ("teams?team", id.split_once('/').map_or(id, |(team, _)| team)),
        "user" => ("users?user", id),
        "organization" => ("organizations?organization", id),
        "customer" => ("customers?customer", id),
        "tag" => ("tags?tag", id),
        "budget" => ("budgets?budget", id),
        "model" => ("models?deployment", id),
        "credential" => ("credentials?credential", id),
        "interrupted_call" => ("logs?call", id),
        _ => return None,
    };
    Some(format!("/ui/{path}={}", encode(id)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn change(kind: &str, action: &str, id: &str, after: Value) -> AuditView {
        let json = json!({"id": "1", "updated_at": "2026-11-21T09:30:00Z", "changed_by": "ada", "changed_by_email": null,
            "changed_by_api_key": "", "actor_kind": "session", "ip_address": null, "action": action, "table_name": kind,
            "object_id": id, "before_value": null, "updated_values": after});
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_change_is_a_sentence() {
        let hash = "b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4";
        assert_eq!(what(&change("key", "updated", hash, json!({"key_alias": "checkout"}))), "Changed key checkout");
        assert_eq!(what(&change("key", "created", hash, json!({"key_alias": null}))), "Created key b1946ac92492…");
        assert_eq!(what(&change("team_member", "deleted", "t/ada", Value::Null)), "Deleted team member t/ada");
        assert_eq!(what(&change("session", "signed_in", "ada", Value::Null)), "Signed in");
        assert_eq!(what(&change("model", "merged_up", "m", Value::Null)), "Merged up model m");
    }

    #[test]
    fn who_did_it_has_a_name() {
        let mut by = change("key", "updated", "k", Value::Null);
        assert_eq!(who(&by), "ada");
        by.changed_by_email = Some("ada@example.com".to_owned());
        assert_eq!(who(&by), "ada@example.com");
        (by.changed_by_email, by.changed_by) = (None, String::new());
        assert_eq!(who(&by), "Nobody signed in");
        (by.changed_by, by.changed_by_api_key) = ("default_user_id".to_owned(), "litellm".to_owned());
        assert_eq!(who(&by), "The master key");
    }

    #[test]
    fn what_is_there_has_a_page() {
        let of = |kind, action, id| page(&change(kind, action, id, Value::Null));
        assert_eq!(of("team_member", "updated", "t/ada").as_deref(), Some("/ui/teams?team=t"));
        assert_eq!(of("key", "blocked", "a b").as_deref(), Some("/ui/keys?key=a%20b"));
        assert_eq!(of("key", "deleted", "k"), None);
        assert_eq!(of("session", "signed_in", "ada"), None);
    }
}
