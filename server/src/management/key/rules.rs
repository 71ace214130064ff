//! What the fields of a key must be, beyond their types.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value};
use tollgate_openapi::key::{KeyCreate, KeyPatch, STORED_FIELDS};

use crate::auth::Principal;
use crate::db::key::Model;
use crate::domain::allowed_routes::KEY_TYPES;
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
/// What only a change has.
const PATCH_FIELDS: [&str; 2] = ["temp_budget_increase", "temp_budget_expiry"];
/// What only an administrator sets: it widens what the bearer may do.
const ADMIN_FIELDS: [&str; 5] =
    ["allowed_passthrough_routes", "allowed_routes", "budget_id", "permissions", "throttle_on_budget_exceeded"];

/// Checks a new key.
pub(super) fn check_create(body: &KeyCreate) -> ApiResult<()> {
    let mut problems = Problems::of_other(&body.other, STORED_FIELDS, KEY_FIELDS);
    problems.duration("duration", body.duration.as_deref());
    problems.duration("budget_duration", body.budget_duration.as_deref());
    problems.model_limits(|name| body.other.get(name));
    check_key_type(&mut problems, &body.other);
    check_secret(&mut problems, "key", body.key.as_deref());
    problems.finish()
}

fn check_key_type(problems: &mut Problems, other: &BTreeMap<String, Value>) {
    let key_type = other.get("key_type").and_then(Value::as_str);
    if key_type.is_some_and(|key_type| !KEY_TYPES.contains(&key_type)) {
        problems.add("key_type", format!("expected one of {}", KEY_TYPES.join(", ")));
    }
}

/// Checks a secret of somebody's own choosing.
pub(super) fn check_secret(problems: &mut Problems, field: &str, secret: Option<&str>) {
    if secret.is_some_and(|key| !key.bytes().all(|byte| byte.is_ascii_graphic())) {
        problems.add(field, "expected visible ASCII characters without spaces: a key travels in a header");
    }
}

/// Checks a change.
pub(super) fn check_patch(body: &KeyPatch) -> ApiResult<()> {
    let known: Vec<&str> = KEY_FIELDS.iter().chain(&PATCH_FIELDS).copied().collect();
    let mut problems = Problems::of_other(&body.other, STORED_FIELDS, &known);
    problems.duration("duration", body.duration.as_set().map(String::as_str));
    problems.duration("budget_duration", body.budget_duration.as_set().map(String::as_str));
    problems.model_limits(|name| body.other.get(name));
    check_key_type(&mut problems, &body.other);
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

/// A new key with the configured fields that it says nothing of.
pub(super) fn with_defaults(body: KeyCreate, defaults: &Map<String, Value>) -> ApiResult<KeyCreate> {
    if defaults.is_empty() {
        return Ok(body);
    }
    let Value::Object(mut fields) = serde_json::to_value(body).map_err(ApiError::internal)? else {
        return Err(ApiError::internal("a body is no object"));
    };
    for (name, value) in defaults {
        let is_empty = |own: &Value| own.is_null() || own.as_array().is_some_and(Vec::is_empty);
        if fields.get(name).is_none_or(is_empty) {
            fields.insert(name.clone(), value.clone());
        }
    }
    serde_json::from_value(Value::Object(fields)).map_err(ApiError::internal)
}

/// A budget is higher by some amount until some time, or not at all.
pub(super) fn check_raise(key: &Model, now: DateTime<Utc>) -> ApiResult<()> {
    match (key.temp_budget_increase, key.temp_budget_expiry) {
        (Some(_), None) => {
            let message = "temp_budget_expiry: expected the time until which temp_budget_increase holds";
            Err(ApiError::bad_request("temp_budget_expiry", message))
        }
        (None, Some(_)) => {
            let message =
                "temp_budget_increase: expected the dollars by which max_budget is higher until temp_budget_expiry";
            Err(ApiError::bad_request("temp_budget_increase", message))
        }
        (Some(_), Some(until)) if until <= now => {
            Err(ApiError::bad_request("temp_budget_expiry", "temp_budget_expiry: expected a time in the future"))
        }
        (Some(_), Some(_)) if key.max_budget.is_none() && key.budget_id().is_none() => {
            let message = "temp_budget_increase: the key has no max_budget that could be higher";
            Err(ApiError::bad_request("temp_budget_increase", message))
        }
        _ => Ok(()),
    }
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
            temp_budget_increase: Patch::Clear,
            temp_budget_expiry: Patch::Clear,
            other: std::collections::BTreeMap::new(),
        });
        let mut names: Vec<String> = shown.unwrap().as_object().unwrap().keys().cloned().collect();
        let mut known: Vec<_> = KEY_FIELDS.iter().chain(&PATCH_FIELDS).map(|name| (*name).to_owned()).collect();
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
