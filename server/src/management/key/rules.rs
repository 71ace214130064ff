//! What the fields of a key must be, beyond their types.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use tollgate_openapi::error::ValidationError;
use tollgate_openapi::key::{KeyCreate, KeyPatch, STORED_FIELDS};
use tollgate_openapi::patch::Patch;

use crate::auth::Principal;
use crate::domain::model_limits::{self, ModelLimitsError};
use crate::domain::window::Span;
use crate::error::{ApiError, ApiResult};
use crate::management::extract::{problem, unknown_fields};

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
/// Characters of a name or an id.
const NAME_CHARS_MAX: usize = 255;
/// Characters of a duration.
const DURATION_CHARS_MAX: usize = 32;
/// Models of one key.
const MODELS_MAX: usize = 1000;

/// Collects problems, so that a caller hears of all at once.
#[derive(Debug, Default)]
struct Problems(Vec<ValidationError>);

impl Problems {
    fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(problem("value_error", &["body", field], message));
    }

    fn duration(&mut self, field: &str, text: Option<&str>) {
        if let Some(Err(error)) = text.map(Span::parse) {
            self.add(field, error.to_string());
        }
    }

    fn name(&mut self, field: &str, text: Option<&str>, max: usize) {
        if text.is_some_and(|text| text.is_empty() || text.chars().count() > max) {
            self.add(field, format!("expected 1 to {max} characters"));
        }
    }

    fn model_limits(&mut self, other: &BTreeMap<String, Value>) {
        if let Err(ModelLimitsError { path, expected }) = model_limits::read(|name| other.get(name)) {
            self.add(&path, format!("expected {expected}"));
        }
    }

    fn finish(self) -> ApiResult<()> {
        if self.0.is_empty() { Ok(()) } else { Err(ApiError::validation(self.0)) }
    }
}

/// Checks a new key.
pub(super) fn check_create(body: &KeyCreate) -> ApiResult<()> {
    let mut problems = Problems(unknown_fields(body.other.keys().map(String::as_str), STORED_FIELDS, KEY_FIELDS));
    problems.duration("duration", body.duration.as_deref());
    problems.duration("budget_duration", body.budget_duration.as_deref());
    if body.key.as_deref().is_some_and(|key| !key.bytes().all(|byte| byte.is_ascii_graphic())) {
        problems.add("key", "expected visible ASCII characters without spaces: a key travels in a header");
    }
    problems.model_limits(&body.other);
    problems.finish()
}

/// Checks a change.
pub(super) fn check_patch(body: &KeyPatch) -> ApiResult<()> {
    let mut problems = Problems(unknown_fields(body.other.keys().map(String::as_str), STORED_FIELDS, KEY_FIELDS));
    let text = |patch: &'_ Patch<String>| patch.as_set().cloned();
    for (field, patch) in [
        ("key_alias", &body.key_alias),
        ("user_id", &body.user_id),
        ("team_id", &body.team_id),
        ("organization_id", &body.organization_id),
    ] {
        problems.name(field, text(patch).as_deref(), NAME_CHARS_MAX);
    }
    for (field, patch) in [("duration", &body.duration), ("budget_duration", &body.budget_duration)] {
        problems.name(field, text(patch).as_deref(), DURATION_CHARS_MAX);
        problems.duration(field, text(patch).as_deref());
    }
    if let Some(models) = body.models.as_set() {
        if models.len() > MODELS_MAX {
            problems.add("models", format!("expected at most {MODELS_MAX} models"));
        }
        for model in models {
            problems.name("models", Some(model), NAME_CHARS_MAX);
        }
    }
    problems.model_limits(&body.other);
    problems.finish()
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
