//! What the fields of a key must be, beyond their types.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use tollgate_openapi::error::ValidationError;
use tollgate_openapi::key::{KeyCreate, KeyPatch, STORED_FIELDS};

use crate::auth::Principal;
use crate::domain::model_limits::{self, ModelLimitsError};
use crate::domain::window::Span;
use crate::error::{ApiError, ApiResult};
use crate::management::extract::{VALUE_ERROR, problem, refused_values, unknown_fields};

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
/// Bytes of a duration.
const DURATION_BYTES_MAX: usize = 32;
/// What only an administrator sets: it widens what the bearer may do.
const ADMIN_FIELDS: [&str; 4] =
    ["allowed_passthrough_routes", "allowed_routes", "permissions", "throttle_on_budget_exceeded"];

/// Collects problems, so that a caller hears of all at once.
#[derive(Debug, Default)]
struct Problems(Vec<ValidationError>);

impl Problems {
    /// Fields that are unknown, or kept and of the wrong type.
    fn of_other(other: &BTreeMap<String, Value>) -> Self {
        let kind_of = |name: &str| STORED_FIELDS.iter().find(|(stored, _)| *stored == name).map(|(_, kind)| *kind);
        let unknown = other.keys().map(String::as_str).filter(|name| kind_of(name).is_none());
        let known: Vec<&str> = KEY_FIELDS.iter().copied().chain(STORED_FIELDS.iter().map(|(name, _)| *name)).collect();
        let mut problems = Self(unknown_fields(unknown, &known));
        for (name, value) in other {
            if let Some(kind) = kind_of(name).filter(|kind| !kind.fits(value)) {
                problems.0.push(problem("type_error", &["body", name], kind.expected()));
            }
        }
        problems
    }

    fn duration(&mut self, field: &str, text: Option<&str>) {
        let problem = match text {
            Some(text) if text.len() > DURATION_BYTES_MAX => {
                format!("expected at most {DURATION_BYTES_MAX} characters")
            }
            Some(text) => match Span::parse(text) {
                Ok(_) => return,
                Err(error) => error.to_string(),
            },
            None => return,
        };
        self.add(field, problem);
    }

    fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(problem(VALUE_ERROR, &["body", field], message));
    }

    fn model_limits(&mut self, other: &BTreeMap<String, Value>) {
        if let Err(ModelLimitsError { path, expected }) = model_limits::read(|name| other.get(name)) {
            self.0.push(problem("type_error", &["body", &path], format!("expected {expected}")));
        }
    }

    /// 422 where the body's shape is wrong, 400 where only values will not do.
    fn finish(self) -> ApiResult<()> {
        match self.0.as_slice() {
            [] => Ok(()),
            problems if problems.iter().all(|problem| problem.r#type == VALUE_ERROR) => Err(refused_values(problems)),
            _ => Err(ApiError::validation(self.0)),
        }
    }
}

/// Checks a new key.
pub(super) fn check_create(body: &KeyCreate) -> ApiResult<()> {
    let mut problems = Problems::of_other(&body.other);
    problems.duration("duration", body.duration.as_deref());
    problems.duration("budget_duration", body.budget_duration.as_deref());
    problems.model_limits(&body.other);
    if body.key.as_deref().is_some_and(|key| !key.bytes().all(|byte| byte.is_ascii_graphic())) {
        problems.add("key", "expected visible ASCII characters without spaces: a key travels in a header");
    }
    problems.finish()
}

/// Checks a change.
pub(super) fn check_patch(body: &KeyPatch) -> ApiResult<()> {
    let mut problems = Problems::of_other(&body.other);
    problems.duration("duration", body.duration.as_set().map(String::as_str));
    problems.duration("budget_duration", body.budget_duration.as_set().map(String::as_str));
    problems.model_limits(&body.other);
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
