//! Limits as somebody typed them, and what they mean for the API. Pure.

pub(crate) mod model;

use std::collections::BTreeMap;

use tollgate_openapi::key::KeyView;
use tollgate_openapi::limit::{LimitPatch, LimitView};
use tollgate_openapi::money::NanoUsd;

use crate::input::{change, parse_count, parse_dollars, plain_dollars, some_text};
use crate::pages::limit::draft::model::{ModelLimitDraft, ModelLimits};

/// What is wrong with which field, by its wire name.
pub(crate) type Errors = BTreeMap<String, String>;

/// The limits that a form shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Limits {
    pub(crate) max_budget: Option<NanoUsd>,
    pub(crate) soft_budget: Option<NanoUsd>,
    pub(crate) budget_duration: Option<String>,
    pub(crate) rpm_limit: Option<i64>,
    pub(crate) tpm_limit: Option<i64>,
    pub(crate) max_parallel_requests: Option<i64>,
    pub(crate) models: ModelLimits,
}

impl From<&LimitView> for Limits {
    fn from(view: &LimitView) -> Self {
        Self {
            max_budget: view.max_budget,
            soft_budget: view.soft_budget,
            budget_duration: view.budget_duration.clone(),
            rpm_limit: view.rpm_limit,
            tpm_limit: view.tpm_limit,
            max_parallel_requests: view.max_parallel_requests,
            models: ModelLimits::from(view),
        }
    }
}

impl From<&KeyView> for Limits {
    fn from(key: &KeyView) -> Self {
        Self {
            max_budget: key.max_budget,
            soft_budget: key.soft_budget,
            budget_duration: key.budget_duration.clone(),
            rpm_limit: key.rpm_limit,
            tpm_limit: key.tpm_limit,
            max_parallel_requests: key.max_parallel_requests,
            models: ModelLimits::from(key),
        }
    }
}

impl Limits {
    /// What changes `before` into these.
    pub(crate) fn to_patch(&self, before: &Self) -> LimitPatch {
        let [model_max_budget, model_rpm_limit, model_tpm_limit] = self.models.to_patches(&before.models);
        LimitPatch {
            max_budget: change(&self.max_budget, &before.max_budget),
            soft_budget: change(&self.soft_budget, &before.soft_budget),
            budget_duration: change(&self.budget_duration, &before.budget_duration),
            rpm_limit: change(&self.rpm_limit, &before.rpm_limit),
            tpm_limit: change(&self.tpm_limit, &before.tpm_limit),
            max_parallel_requests: change(&self.max_parallel_requests, &before.max_parallel_requests),
            model_max_budget,
            model_rpm_limit,
            model_tpm_limit,
        }
    }
}

/// The fields as text. An empty text sets nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LimitDraft {
    pub(crate) max_budget: String,
    pub(crate) soft_budget: String,
    pub(crate) budget_duration: String,
    pub(crate) rpm: String,
    pub(crate) tpm: String,
    pub(crate) parallel: String,
    pub(crate) models: Vec<ModelLimitDraft>,
}

impl From<&Limits> for LimitDraft {
    fn from(limits: &Limits) -> Self {
        let count = |limit: Option<i64>| limit.map(|n| n.to_string()).unwrap_or_default();
        Self {
            max_budget: limits.max_budget.map(plain_dollars).unwrap_or_default(),
            soft_budget: limits.soft_budget.map(plain_dollars).unwrap_or_default(),
            budget_duration: limits.budget_duration.clone().unwrap_or_default(),
            rpm: count(limits.rpm_limit),
            tpm: count(limits.tpm_limit),
            parallel: count(limits.max_parallel_requests),
            models: limits.models.drafts(),
        }
    }
}

impl LimitDraft {
    /// What is typed, or what is wrong with which field.
    pub(crate) fn parse(&self) -> Result<Limits, Errors> {
        let mut errors = Errors::new();
        let limits = Limits {
            max_budget: keep(parse_dollars(&self.max_budget), "max_budget", &mut errors),
            soft_budget: keep(parse_dollars(&self.soft_budget), "soft_budget", &mut errors),
            budget_duration: some_text(&self.budget_duration),
            rpm_limit: keep(parse_count(&self.rpm), "rpm_limit", &mut errors),
            tpm_limit: keep(parse_count(&self.tpm), "tpm_limit", &mut errors),
            max_parallel_requests: keep(parse_count(&self.parallel), "max_parallel_requests", &mut errors),
            models: model::parse(&self.models, &mut errors),
        };
        if errors.is_empty() { Ok(limits) } else { Err(errors) }
    }
}

/// The value, or the default and its error among the others.
pub(crate) fn keep<T: Default>(parsed: Result<T, String>, name: &str, errors: &mut Errors) -> T {
    parsed.unwrap_or_else(|error| {
        errors.insert(name.to_owned(), error);
        T::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn limits() -> Limits {
        Limits {
            max_budget: Some(NanoUsd(10_500_000_000)),
            budget_duration: Some("monthly".to_owned()),
            rpm_limit: Some(60),
            ..Limits::default()
        }
    }

    #[test]
    fn what_is_shown_is_what_is_read() {
        let draft = LimitDraft::from(&limits());
        assert_eq!((draft.max_budget.as_str(), draft.rpm.as_str(), draft.tpm.as_str()), ("10.5", "60", ""));
        assert_eq!(draft.parse().unwrap(), limits());
        assert_eq!(LimitDraft::default().parse().unwrap(), Limits::default());
    }

    #[test]
    fn a_patch_says_only_what_changed() {
        let after =
            LimitDraft { max_budget: String::new(), soft_budget: "8".to_owned(), ..LimitDraft::from(&limits()) };
        let patch = after.parse().unwrap().to_patch(&limits());
        assert_eq!(serde_json::to_value(&patch).unwrap(), json!({"max_budget": null, "soft_budget": 8.0}));
        assert!(limits().to_patch(&limits()).is_empty());
    }

    #[test]
    fn each_wrong_field_is_named() {
        let draft = LimitDraft {
            soft_budget: "much".to_owned(),
            tpm: "1.5".to_owned(),
            parallel: "-1".to_owned(),
            ..LimitDraft::default()
        };
        let errors = draft.parse().unwrap_err();
        let names: Vec<_> = errors.keys().map(String::as_str).collect();
        assert_eq!(names, ["max_parallel_requests", "soft_budget", "tpm_limit"]);
    }
}
