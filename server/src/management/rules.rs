//! What fields must be, beyond their types.

use std::collections::BTreeMap;

use serde_json::Value;
use tollgate_openapi::error::ValidationError;
use tollgate_openapi::limit::{LIMIT_FIELDS, LimitPatch};
use tollgate_openapi::stored::StoredKind;

use super::extract::{VALUE_ERROR, problem, refused_values, unknown_fields};
use crate::config::TEAM_ROLES;
use crate::db::JsonMap;
use crate::domain::key_bounds::{Bounds, Excess, Makers};
use crate::domain::model_limits::{self, ModelLimitsError};
use crate::domain::region::Region;
use crate::domain::window::Span;
use crate::error::{ApiError, ApiResult};
use crate::policy::RoutingOverrides;

/// Bytes of a duration.
const DURATION_BYTES_MAX: usize = 32;

/// Collects problems, so that a caller hears of all at once.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<ValidationError>);

impl Problems {
    /// Those of a body that sets limits: fields that are unknown, or kept and of the wrong type, and limits that will not
    /// do. `known` are the names of the body's own fields.
    pub(super) fn of_limited(
        limits: &LimitPatch,
        other: &BTreeMap<String, Value>,
        stored: &[(&str, StoredKind)],
        known: &[&str],
    ) -> Self {
        let known: Vec<&str> = known.iter().chain(LIMIT_FIELDS).copied().collect();
        let mut problems = Self::of_other(other, stored, &known);
        problems.duration("budget_duration", limits.budget_duration.as_set().map(String::as_str));
        let of_models = [
            ("model_max_budget", &limits.model_max_budget),
            ("model_rpm_limit", &limits.model_rpm_limit),
            ("model_tpm_limit", &limits.model_tpm_limit),
        ];
        let of_models = of_models.into_iter().filter_map(|(name, patch)| Some((name, patch.as_set()?)));
        let of_models: BTreeMap<_, _> = of_models.map(|(name, map)| (name, Value::Object(map.clone()))).collect();
        problems.model_limits(|name| of_models.get(name));
        problems
    }

    /// Fields that are unknown, or kept and of the wrong type.
    pub(super) fn of_other(other: &BTreeMap<String, Value>, stored: &[(&str, StoredKind)], known: &[&str]) -> Self {
        let kind_of = |name: &str| stored.iter().find(|(stored, _)| *stored == name).map(|(_, kind)| *kind);
        let unknown = other.keys().map(String::as_str).filter(|name| kind_of(name).is_none());
        let known: Vec<&str> = known.iter().copied().chain(stored.iter().map(|(name, _)| *name)).collect();
        let mut problems = Self(unknown_fields(unknown, &known));
        for (name, value) in other {
            if let Some(kind) = kind_of(name).filter(|kind| !kind.fits(value)) {
                problems.0.push(problem("type_error", &["body", name], kind.expected()));
            }
        }
        problems.router_settings(other);
        problems.key_generation_settings(other);
        let region = other.get("allowed_model_region").and_then(Value::as_str);
        if region.is_some_and(|region| Region::parse(region).is_none()) {
            problems.add("allowed_model_region", "expected \"eu\" or \"us\"");
        }
        problems
    }

    /// `router_settings` of a key or team.
    fn router_settings(&mut self, other: &BTreeMap<String, Value>) {
        let Some(settings) = other.get("router_settings").and_then(Value::as_object) else { return };
        if let Err(error) = RoutingOverrides::read(settings) {
            let (name, expected) = error.split_once(": ").unwrap_or(("", &error));
            self.0.push(problem(VALUE_ERROR, &["body", "router_settings", name], expected));
        }
    }

    /// `key_generation_settings` of a team or an organization: bounds of its keys, and who makes them.
    fn key_generation_settings(&mut self, other: &BTreeMap<String, Value>) {
        const FIELDS: [&str; 2] = ["allowed_team_member_roles", "required_params"];
        let Some(settings) = other.get("key_generation_settings").and_then(Value::as_object) else { return };
        let wrong = Bounds::read(settings).err();
        let wrong = wrong.or_else(|| Makers::read(settings, "allowed_team_member_roles", &TEAM_ROLES).err());
        if let Some(Excess { field, expected }) = wrong {
            let message = format!("expected {expected}");
            self.0.push(problem(VALUE_ERROR, &["body", "key_generation_settings", field], message));
        }
        let is_known = |name: &str| FIELDS.contains(&name) || Bounds::FIELDS.contains(&name);
        for name in settings.keys().filter(|name| !is_known(name)) {
            let message = format!("expected some of {}, {}", FIELDS.join(", "), Bounds::FIELDS.join(", "));
            self.0.push(problem(VALUE_ERROR, &["body", "key_generation_settings", name], message));
        }
    }

    pub(super) fn duration(&mut self, field: &str, text: Option<&str>) {
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

    pub(super) fn model_limits<'f>(&mut self, field: impl Fn(&str) -> Option<&'f Value>) {
        if let Err(ModelLimitsError { path, expected }) = model_limits::read(field) {
            self.0.push(problem("type_error", &["body", &path], format!("expected {expected}")));
        }
    }

    /// A value of the right type that will not do.
    pub(super) fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(problem(VALUE_ERROR, &["body", field], message));
    }

    /// 422 where the body's shape is wrong, 400 where only values will not do.
    pub(super) fn finish(self) -> ApiResult<()> {
        match self.0.as_slice() {
            [] => Ok(()),
            problems if problems.iter().all(|problem| problem.r#type == VALUE_ERROR) => Err(refused_values(problems)),
            _ => Err(ApiError::validation(self.0)),
        }
    }
}

/// Writes the fields that are only kept into `kept`; `null` removes one.
pub(super) fn keep(kept: &mut JsonMap, other: BTreeMap<String, Value>) {
    for (name, value) in other {
        match value {
            Value::Null => drop(kept.0.shift_remove(&name)),
            value => drop(kept.0.insert(name, value)),
        }
    }
}
