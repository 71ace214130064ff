//! What the fields of a key must be, beyond their types.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use tollgate_openapi::key::{KeyCreate, KeyPatch, STORED_FIELDS};

use crate::auth::Principal;
use crate::domain::window::Span;
use crate::error::{ApiError, ApiResult};
use crate::management::rules::Problems;

/// Names of `KeyCreate` and `KeyPatch`, for "did you mean".
pub(super) const KEY_FIELDS: &[&str] = &[
    "key",
    "key_alias",
    "duration",
    "models",
    "spend",
    "max_budget",
    "soft_budget",
    "budget_duration",
    "user_id",
    "team_id",
    "organization_id",
    "max_parallel_requests",
    "rpm_limit",
    "tpm_limit",
    "metadata",
    "blocked",
];
/// What only an administrator sets: it widens what the bearer may do.
const ADMIN_FIELDS: [&str; 5] =
    ["allowed_passthrough_routes", "allowed_routes", "budget_id", "permissions", "throttle_on_budget_exceeded"];

/// Checks a new key.
pub(super) fn check_create(body: &KeyCreate) -> ApiResult<()> {
    let mut problems = Problems::of_other(&body.other, STORED_FIELDS, KEY_FIELDS);
    problems.duration("duration", body.duration.as_deref());
    problems.duration("budget_duration", body.budget_duration.as_deref());
    problems.model_limits(|name| body.other.get(name));
    if body.key.as_deref().is_some_and(|key| !key.bytes().all(|byte| byte.is_ascii_graphic())) {
        problems.add("key", "expected visible ASCII characters without spaces: a key travels in a header");
    }
    problems.finish()
}

/// Checks a change.
pub(super) fn check_patch(body: &KeyPatch) -> ApiResult<()> {
    let mut problems = Problems::of_other(&body.other, STORED_FIELDS, KEY_FIELDS);
    problems.duration("duration", body.duration.as_set().map(String::as_str));
    problems.duration("budget_duration", body.budget_duration.as_set().map(String::as_str));
    problems.model_limits(|name| body.other.get(name));
    problems.finish()
}

/// Some of the fields that are only kept are an administrator's to set.
pub(super) fn check_other(principal: &Principal, other: &BTreeMap<String, Value>) -> ApiResult<()> {
    match ADMIN_FIELDS.into_iter().find(|field| other.contains_key(*field)) {
        Some(field) if !principal.is_admin() => {
            Err(ApiError::forbidden(format!("Only an administrator sets {field}.")).with_param(field))
        }
        _ => Ok(()),
    }
}

/// A user who is no administrator makes keys for themself alone.
pub(super) fn check_owner(
    principal: &Principal,
    owner: Option<&str>,
    team: Option<&str>,
    organization: Option<&str>,
) -> ApiResult<()> {
    if principal.is_admin() {
        return Ok(());
    }
    if owner.is_some_and(|owner| owner != principal.user_id) {
        return Err(ApiError::forbidden("Only an administrator gives a key to another user.").with_param("user_id"));
    }
    let group = team.map(|_| "team_id").or(organization.map(|_| "organization_id"));
    group.map_or(Ok(()), |group| {
        Err(ApiError::forbidden("Only an administrator puts a key into a team or an organization.").with_param(group))
    })
}

/// When something of this `duration` ends. Durations were checked before.
pub(super) fn expiry(duration: Option<&str>, now: DateTime<Utc>, tz: Tz) -> Option<DateTime<Utc>> {
    duration.and_then(|text| Span::parse(text).ok()).map(|span| span.end_after(now, tz))
}

#[cfg(test)]
mod tests {
    use tollgate_openapi::patch::Patch;

    use super::*;

    #[test]
    fn every_field_is_known_by_its_name() {
        for field in KEY_FIELDS {
            let body = serde_json::json!({ *field: null });
            let create: KeyCreate = serde_json::from_value(body.clone()).unwrap_or_default();
            let patch: KeyPatch = serde_json::from_value(body).unwrap();
            assert!(create.other.is_empty() && patch.other.is_empty(), "{field}");
        }
        let shown = serde_json::to_value(KeyPatch {
            key: Some(String::new()),
            key_alias: Patch::Clear,
            duration: Patch::Clear,
            models: Patch::Clear,
            spend: Some(tollgate_openapi::money::NanoUsd::ZERO),
            max_budget: Patch::Clear,
            soft_budget: Patch::Clear,
            budget_duration: Patch::Clear,
            user_id: Patch::Clear,
            team_id: Patch::Clear,
            organization_id: Patch::Clear,
            max_parallel_requests: Patch::Clear,
            rpm_limit: Patch::Clear,
            tpm_limit: Patch::Clear,
            metadata: Patch::Clear,
            blocked: Some(true),
            other: std::collections::BTreeMap::new(),
        });
        let mut names: Vec<String> = shown.unwrap().as_object().unwrap().keys().cloned().collect();
        let mut known: Vec<_> = KEY_FIELDS.iter().map(|name| (*name).to_owned()).collect();
        names.sort();
        known.sort();
        assert_eq!(names, known);
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let body = serde_json::json!({"budget_duration": "soon", "duration": "0d", "max_budgets": 1, "tags": []});
        let error = check_create(&serde_json::from_value(body).unwrap()).unwrap_err();
        let message = error.message();
        for part in ["body.budget_duration: expected a duration", "body.duration: ", "Did you mean `max_budget`?"] {
            assert!(message.contains(part), "{message}");
        }
        assert!(!message.contains("tags"), "{message}");
    }
}
