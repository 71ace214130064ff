//! What somebody typed about a key, and what it means for the API. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tollgate_openapi::key::{KeyCreate, KeyPatch, KeyView};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::patch::Patch;

use crate::input::{change, parse_count, parse_dollars, parse_object, plain_dollars, some_text};

/// The choice that leaves a key's expiry as it is.
pub(crate) const KEEP: &str = "keep";

type Errors = BTreeMap<String, String>;

/// The fields as text. An empty text sets nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) alias: String,
    pub(crate) models: Vec<String>,
    pub(crate) max_budget: String,
    pub(crate) budget_duration: String,
    pub(crate) duration: String,
    pub(crate) rpm: String,
    pub(crate) tpm: String,
    pub(crate) parallel: String,
    pub(crate) metadata: String,
}

/// The texts, understood.
struct Parsed {
    max_budget: Option<NanoUsd>,
    rpm: Option<i64>,
    tpm: Option<i64>,
    parallel: Option<i64>,
    metadata: Map<String, Value>,
}

impl Draft {
    pub(crate) fn from_view(key: &KeyView) -> Self {
        let count = |limit: Option<i64>| limit.map(|n| n.to_string()).unwrap_or_default();
        Self {
            alias: key.key_alias.clone().unwrap_or_default(),
            models: key.models.clone(),
            max_budget: key.max_budget.map(plain_dollars).unwrap_or_default(),
            budget_duration: key.budget_duration.clone().unwrap_or_default(),
            duration: KEEP.to_owned(),
            rpm: count(key.rpm_limit),
            tpm: count(key.tpm_limit),
            parallel: count(key.max_parallel_requests),
            metadata: if key.metadata.is_empty() {
                String::new()
            } else {
                serde_json::to_string_pretty(&key.metadata).unwrap_or_default()
            },
        }
    }

    /// The new key, or what is wrong with which field.
    pub(crate) fn to_create(&self) -> Result<KeyCreate, Errors> {
        let parsed = self.parse()?;
        Ok(KeyCreate {
            key_alias: some_text(&self.alias),
            models: self.models.clone(),
            max_budget: parsed.max_budget,
            budget_duration: some_text(&self.budget_duration),
            duration: some_text(&self.duration),
            rpm_limit: parsed.rpm,
            tpm_limit: parsed.tpm,
            max_parallel_requests: parsed.parallel,
            metadata: parsed.metadata,
            ..KeyCreate::default()
        })
    }

    /// What changed against `key`, or what is wrong with which field.
    pub(crate) fn to_patch(&self, key: &KeyView) -> Result<KeyPatch, Errors> {
        let (parsed, before) = (self.parse()?, Self::from_view(key));
        Ok(KeyPatch {
            key: Some(key.token.clone()),
            key_alias: change(&some_text(&self.alias), &key.key_alias),
            models: if self.models == key.models { Patch::Absent } else { Patch::Set(self.models.clone()) },
            max_budget: change(&parsed.max_budget, &key.max_budget),
            budget_duration: change(&some_text(&self.budget_duration), &key.budget_duration),
            duration: match self.duration.trim() {
                KEEP => Patch::Absent,
                "" => Patch::Clear,
                text => Patch::Set(text.to_owned()),
            },
            rpm_limit: change(&parsed.rpm, &key.rpm_limit),
            tpm_limit: change(&parsed.tpm, &key.tpm_limit),
            max_parallel_requests: change(&parsed.parallel, &key.max_parallel_requests),
            metadata: if self.metadata == before.metadata { Patch::Absent } else { Patch::Set(parsed.metadata) },
            ..KeyPatch::default()
        })
    }

    fn parse(&self) -> Result<Parsed, Errors> {
        let mut errors = Errors::new();
        let mut keep = |name: &str, error: String| {
            errors.insert(name.to_owned(), error);
        };
        let max_budget = parse_dollars(&self.max_budget).unwrap_or_else(|error| {
            keep("max_budget", error);
            None
        });
        let mut limit = |name: &str, text: &str| {
            parse_count(text).unwrap_or_else(|error| {
                keep(name, error);
                None
            })
        };
        let rpm = limit("rpm_limit", &self.rpm);
        let tpm = limit("tpm_limit", &self.tpm);
        let parallel = limit("max_parallel_requests", &self.parallel);
        let metadata = parse_object(&self.metadata).unwrap_or_else(|error| {
            keep("metadata", error);
            Map::new()
        });
        if errors.is_empty() { Ok(Parsed { max_budget, rpm, tpm, parallel, metadata }) } else { Err(errors) }
    }
}

#[cfg(test)]
mod tests;
