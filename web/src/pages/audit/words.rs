//! A change in words. Pure.

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
    ("revoked", "Revoked"),
    ("accepted", "Accepted"),
    ("confirmed", "Confirmed"),
    ("second_factor_failed", "Second factor refused"),
    ("recovery_codes_created", "Recovery codes made"),
    ("changed", "Password changed"),
    ("forgotten", "Password forgotten"),
    ("reset", "Reset"),
    ("closed", "Closed"),
    ("sent", "Sent"),
];

/// Kinds of things to filter by.
pub(crate) const KIND_OPTIONS: &[(&str, &str)] = &[
    ("", "Any kind of thing"),
    ("key", "Keys"),
    ("team", "Teams"),
    ("team_member", "Team members"),
    ("user", "Users"),
    ("organization", "Organizations"),
    ("organization_member", "Organization members"),
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
    ("setting", "Settings"),
    ("month", "Months"),
    ("adjustment", "Corrections of months"),
    ("sso", "Single sign-on"),
    ("scim", "SCIM tokens"),
    ("alert_channel", "Alert channels"),
    ("report", "Reports"),
];

/// Where a thing says how people know it, the most telling first.
const NAMES: [&str; 8] =
    ["key_alias", "team_alias", "organization_alias", "user_alias", "user_email", "alias", "name", "model_name"];
/// Characters of an id that tell things apart for a person.
const ID_SHOWN: usize = 12;

/// Who did it.
pub(crate) fn who(change: &AuditView) -> String {
    match (&change.changed_by_email, change.changed_by.as_str()) {
        (Some(email), _) => email.clone(),
        (None, "") => "Nobody signed in".to_owned(),
        (None, _) if !change.changed_by_api_key.is_empty() => "The master key".to_owned(),
        // Its id is a token's, which says nothing to anybody.
        (None, _) if change.actor_kind == "scim" => "A directory (SCIM)".to_owned(),
        (None, id) if change.actor_kind == "sso" => format!("Single sign-on {id}"),
        (None, id) => format::person(id).to_owned(),
    }
}

/// How whoever did it was known.
pub(crate) fn how(actor_kind: &str) -> &str {
    match actor_kind {
        "master_key" => "with the master key",
        "session" => "signed in to the console",
        "key" => "with a key",
        "access_token" => "with an access token",
        "anonymous" => "not signed in",
        "invitation" => "by the link of an invitation",
        "reset" => "by the link of a letter",
        "sso" => "on the word of the provider",
        "scim" => "with the token of the directory",
        other => other,
    }
}

/// What was done to what: `Changed key checkout`.
pub(crate) fn what(change: &AuditView) -> String {
    let id = change.object_id.as_str();
    let person = format::person(id);
    match (change.table_name.as_str(), change.action.as_str()) {
        ("session", "signed_in") => "Signed in".to_owned(),
        ("session", "signed_out") => "Signed out".to_owned(),
        ("session", "sign_in_failed") => format!("Sign-in refused to {id}"),
        ("session", "second_factor_failed") => format!("Second factor refused to {id}"),
        ("session", "revoked") => format!("Ended sessions of {person}"),
        ("sso", "signed_in") => format!("Sign-in of {} by {id}", said(change, &["email", "user_id"]).unwrap_or(person)),
        ("sso", "sign_in_failed") => format!("Sign-in by {id} refused"),
        ("password", "forgotten") => format!("Asked for another password for {person}"),
        ("password", "changed") => format!("Changed the password of {person}"),
        ("password", action) => format!("{} the password of {person}", verb(action)),
        ("second_factor", "recovery_codes_created") => format!("Created recovery codes for {person}"),
        ("second_factor", action) => format!("{} the second factor of {person}", verb(action)),
        ("invitation", "accepted") => "Accepted an invitation".to_owned(),
        ("invitation", action) => {
            format!("{} the invitation of {}", verb(action), said(change, &["user_id"]).unwrap_or(id))
        }
        ("cache", "flushed") => "Emptied the cache".to_owned(),
        ("cache", action) => format!("{} answers of the cache", verb(action)),
        (kind, action) => format!("{} {} {}", verb(action), noun(kind), name(change)),
    }
}

/// One thing of a kind, within a sentence.
fn noun(kind: &str) -> String {
    match kind {
        "sso" => "single sign-on provider".to_owned(),
        "scim" => "SCIM token".to_owned(),
        other => other.replace('_', " "),
    }
}

/// The first of these fields that says something, as it became or else as it was.
fn said<'a>(change: &'a AuditView, fields: &[&str]) -> Option<&'a str> {
    let values = [&change.updated_values, &change.before_value].into_iter().flatten();
    let mut texts = values.flat_map(|value| fields.iter().filter_map(|field| value.get(*field)?.as_str()));
    texts.find(|text| !text.is_empty())
}

/// The action as a word that begins a sentence.
fn verb(action: &str) -> String {
    let known = ACTION_OPTIONS.iter().find(|(word, _)| *word == action && !word.is_empty());
    known.map_or_else(|| format::capital(&action.replace('_', " ")), |(_, text)| (*text).to_owned())
}

/// How people know the thing: its name as it became or was, or else the beginning of its id.
pub(crate) fn name(change: &AuditView) -> String {
    said(change, &NAMES).map(str::to_owned).unwrap_or_else(|| {
        let id = &change.object_id;
        let is_hash = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash { format!("{}…", id.chars().take(ID_SHOWN).collect::<String>()) } else { id.clone() }
    })
}

/// Of what somebody is a member.
fn group_of(id: &str) -> &str {
    id.split_once('/').map_or(id, |(group, _)| group)
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
        "team_member" => ("teams?team", group_of(id)),
        "organization_member" => ("organizations?organization", group_of(id)),
        "user" => ("users?user", id),
        "organization" => ("organizations?organization", id),
        "customer" => ("customers?customer", id),
        "tag" => ("tags?tag", id),
        "budget" => ("budgets?budget", id),
        "model" => ("models?deployment", id),
        "credential" => ("credentials?credential", id),
        "interrupted_call" => ("logs?call", id),
        "sso" => ("settings/sso?provider", id),
        "month" => ("spend/statement?month", id),
        "alert_channel" => ("alerts?tab=channels&channel", id),
        _ => return None,
    };
    Some(format!("/ui/{path}={}", encode(id)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

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
        assert_eq!(what(&change("scim", "created", "5b1a", json!({"name": "Entra"}))), "Created SCIM token Entra");
        assert_eq!(what(&change("sso", "updated", "okta", Value::Null)), "Changed single sign-on provider okta");
        assert_eq!(
            what(&change("sso", "signed_in", "okta", json!({"email": "ada@example.com"}))),
            "Sign-in of ada@example.com by okta"
        );
        assert_eq!(what(&change("password", "reset", "ada", Value::Null)), "Reset the password of ada");
        assert_eq!(
            what(&change("second_factor", "confirmed", "ada", Value::Null)),
            "Confirmed the second factor of ada"
        );
        assert_eq!(
            what(&change("invitation", "created", "5b1a", json!({"user_id": "ada"}))),
            "Created the invitation of ada"
        );
        assert_eq!(what(&change("setting", "created", "cache", Value::Null)), "Created setting cache");
    }

    /// Every kind that the server writes; a kind without words would show as the log spells it.
    #[test]
    fn every_kind_can_be_filtered_by() {
        let written = "access_token adjustment alert_channel budget cache credential customer interrupted_call invitation key model month organization \
            organization_member password report scim second_factor session setting sso tag team team_member user";
        let mut offered: Vec<&str> =
            KIND_OPTIONS.iter().map(|(kind, _)| *kind).filter(|kind| !kind.is_empty()).collect();
        offered.sort_unstable();
        assert_eq!(offered, written.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn what_acts_on_the_word_of_others_has_a_name() {
        let mut by = change("user", "created", "ada", Value::Null);
        by.changed_by = "0d1f7c1e-58ab-4c1b-8f36-1c33a7cd3b1f".to_owned();
        by.actor_kind = "scim".to_owned();
        assert_eq!(who(&by), "A directory (SCIM)");
        (by.changed_by, by.actor_kind) = ("okta".to_owned(), "sso".to_owned());
        assert_eq!(who(&by), "Single sign-on okta");
        for kind in ["master_key", "session", "key", "access_token", "anonymous", "invitation", "reset", "sso", "scim"]
        {
            assert!(how(kind).contains(' '), "{kind}");
        }
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
        let member = of("organization_member", "updated", "acme/ada");
        assert_eq!(member.as_deref(), Some("/ui/organizations?organization=acme"));
        assert_eq!(of("key", "blocked", "a b").as_deref(), Some("/ui/keys?key=a%20b"));
        assert_eq!(of("key", "deleted", "k"), None);
        assert_eq!(of("session", "signed_in", "ada"), None);
    }
}
