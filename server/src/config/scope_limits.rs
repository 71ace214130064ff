//! Limits of providers, of tags and of the gateway as a whole.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tollgate_openapi::money::NanoUsd;

use super::litellm::{money, span};
use super::reader::{Item, Section};
use super::vocabulary;
use crate::domain::model_limits;
use crate::domain::window::Span;

/// Limits of a provider, a tag or the gateway as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeLimits {
    /// Money in each window.
    pub max_budget: Option<NanoUsd>,
    /// Money beyond which calls are made and noted.
    pub soft_budget: Option<NanoUsd>,
    /// How often the budget starts anew. Default: never.
    pub budget_duration: Option<Span>,
    /// Requests a minute.
    pub rpm_limit: Option<u32>,
    /// Tokens a minute.
    pub tpm_limit: Option<u32>,
    /// Calls in flight at once.
    pub max_parallel_requests: Option<u32>,
    /// `model_max_budget`, `model_rpm_limit` and `model_tpm_limit`, as they are written.
    pub model_limits: Map<String, Value>,
    /// The reusable budget that says what is not said here. Not of tags: theirs is attached to them by the API.
    pub budget_id: Option<String>,
}

/// What says limits of single models.
const BY_MODEL: [&str; 3] = ["model_max_budget", "model_rpm_limit", "model_tpm_limit"];

/// Limits of providers by name: `{openai: {budget_limit: 100, time_period: 1d}}`.
pub(super) fn of_providers(item: Option<Item<'_>>) -> BTreeMap<String, ScopeLimits> {
    by_name(item, |mut section| {
        let budget_id = section.text("budget_id");
        ScopeLimits { budget_id, ..read_named(section) }
    })
}

/// Limits of tags by name.
pub(super) fn of_tags(item: Option<Item<'_>>) -> BTreeMap<String, ScopeLimits> {
    by_name(item, read_named)
}

/// Limits of the gateway as a whole.
pub(super) fn of_gateway(item: Option<Item<'_>>) -> ScopeLimits {
    let Some(mut section) = item.and_then(|item| item.section()) else { return ScopeLimits::default() };
    let budget_id = section.text("budget_id");
    ScopeLimits { budget_id, ..read(section) }
}

fn by_name(item: Option<Item<'_>>, read: fn(Section<'_>) -> ScopeLimits) -> BTreeMap<String, ScopeLimits> {
    let entries = item.and_then(|item| item.section());
    let entries = entries.iter().flat_map(Section::all);
    entries.filter_map(|(name, item)| Some((name.to_owned(), read(item.section()?)))).collect()
}

/// LiteLLM has two names for some.
fn read_named(mut section: Section<'_>) -> ScopeLimits {
    let max_budget = section.get("budget_limit").and_then(|item| money(&item));
    let budget_duration = span(&mut section, "time_period");
    let limits = read(section);
    ScopeLimits {
        max_budget: limits.max_budget.or(max_budget),
        budget_duration: limits.budget_duration.or(budget_duration),
        ..limits
    }
}

fn read(mut section: Section<'_>) -> ScopeLimits {
    let limits = ScopeLimits {
        max_budget: section.get("max_budget").and_then(|item| money(&item)),
        soft_budget: section.get("soft_budget").and_then(|item| money(&item)),
        budget_duration: span(&mut section, "budget_duration"),
        rpm_limit: section.count("rpm_limit"),
        tpm_limit: section.count("tpm_limit"),
        max_parallel_requests: section.count("max_parallel_requests"),
        model_limits: of_models(&mut section),
        budget_id: None,
    };
    section.finish(&vocabulary::SCOPE_LIMITS);
    limits
}

fn of_models(section: &mut Section<'_>) -> Map<String, Value> {
    let mut read = Map::new();
    for name in BY_MODEL {
        let Some(item) = section.get(name) else { continue };
        let json = item.node.to_json();
        match model_limits::read(|field| (field == name).then_some(&json)) {
            Ok(limits) if limits.is_empty() => {}
            Ok(_) => drop(read.insert(name.to_owned(), json)),
            Err(error) => item.error(error.to_string()),
        }
    }
    read
}
