//! What somebody typed about a key, and what it means for the API. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tollgate_openapi::key::{KeyCreate, KeyPatch, KeyView};
use tollgate_openapi::limit::LimitPatch;
use tollgate_openapi::patch::Patch;

use crate::input::{change, parse_object, some_text};
use crate::keyed::keyed;
use crate::pages::limit::draft::{Errors, LimitDraft, Limits, keep, model};

/// The choice that leaves a key's expiry as it is.
pub(crate) const KEEP: &str = "keep";

/// A key names the reusable budget that it is attached to among its further fields.
const BUDGET_ID: &str = "budget_id";

/// The reusable budget that a key is attached to.
pub(crate) fn budget_id(key: &KeyView) -> Option<String> {
    key.other.get(BUDGET_ID).and_then(Value::as_str).map(str::to_owned)
}

/// The fields as text. An empty text sets nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) alias: String,
    pub(crate) models: Vec<String>,
    pub(crate) limits: LimitDraft,
    pub(crate) budget_id: String,
    pub(crate) duration: String,
    pub(crate) metadata: String,
}

/// The texts, understood.
struct Parsed {
    limits: Limits,
    metadata: Map<String, Value>,
}

impl Draft {
    pub(crate) fn from_view(key: &KeyView) -> Self {
        Self {
            alias: key.key_alias.clone().unwrap_or_default(),
            models: key.models.clone(),
            limits: LimitDraft::from(&Limits::from(key)),
            budget_id: budget_id(key).unwrap_or_default(),
            duration: KEEP.to_owned(),
            metadata: if key.metadata.is_empty() {
                String::new()
            } else {
                serde_json::to_string_pretty(&key.metadata).unwrap_or_default()
            },
        }
    }

    /// The new key, or what is wrong with which field.
    pub(crate) fn to_create(&self) -> Result<KeyCreate, Errors> {
        let Parsed { limits, metadata } = self.parse()?;
        let of_budget = change(&some_text(&self.budget_id), &None);
        let other = other(of_budget, &limits.to_patch(&Limits::default()));
        Ok(KeyCreate {
            key_alias: some_text(&self.alias),
            models: self.models.clone(),
            max_budget: limits.max_budget,
            soft_budget: limits.soft_budget,
            budget_duration: limits.budget_duration,
            duration: some_text(&self.duration),
            rpm_limit: limits.rpm_limit,
            tpm_limit: limits.tpm_limit,
            max_parallel_requests: limits.max_parallel_requests,
            metadata,
            other,
            ..KeyCreate::default()
        })
    }

    /// What changed against `key`, or what is wrong with which field.
    pub(crate) fn to_patch(&self, key: &KeyView) -> Result<KeyPatch, Errors> {
        let (Parsed { limits, metadata }, before) = (self.parse()?, Self::from_view(key));
        let limits = limits.to_patch(&Limits::from(key));
        let other = other(change(&some_text(&self.budget_id), &budget_id(key)), &limits);
        Ok(KeyPatch {
            key: Some(key.token.clone()),
            key_alias: change(&some_text(&self.alias), &key.key_alias),
            models: if self.models == key.models { Patch::Absent } else { Patch::Set(self.models.clone()) },
            max_budget: limits.max_budget,
            soft_budget: limits.soft_budget,
            budget_duration: limits.budget_duration,
            duration: match self.duration.trim() {
                KEEP => Patch::Absent,
                "" => Patch::Clear,
                text => Patch::Set(text.to_owned()),
            },
            rpm_limit: limits.rpm_limit,
            tpm_limit: limits.tpm_limit,
            max_parallel_requests: limits.max_parallel_requests,
            metadata: if self.metadata == before.metadata { Patch::Absent } else { Patch::Set(metadata) },
            other,
            ..KeyPatch::default()
        })
    }

    fn parse(&self) -> Result<Parsed, Errors> {
        let (limits, mut errors) = match self.limits.parse() {
            Ok(limits) => (limits, Errors::new()),
            Err(errors) => (Limits::default(), errors),
        };
        let metadata = keep(parse_object(&self.metadata), "metadata", &mut errors);
        if errors.is_empty() { Ok(Parsed { limits, metadata }) } else { Err(errors) }
    }
}

/// What a key names among its further fields: the budget it is attached to, and the limits of single models. `null`
/// removes one.
fn other(budget_id: Patch<String>, limits: &LimitPatch) -> BTreeMap<String, Value> {
    let [max_budget, rpm, tpm] = model::FIELDS;
    let fields = [
        (BUDGET_ID, value_of(budget_id)),
        (max_budget, value_of(limits.model_max_budget.clone())),
        (rpm, value_of(limits.model_rpm_limit.clone())),
        (tpm, value_of(limits.model_tpm_limit.clone())),
    ];
    keyed(&mut fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))))
}

fn value_of<T: Into<Value>>(patch: Patch<T>) -> Option<Value> {
    match patch {
        Patch::Absent => None,
        Patch::Clear => Some(Value::Null),
        Patch::Set(value) => Some(value.into()),
    }
}

#[cfg(test)]
mod tests;
