//! What deployments cost, and since when: entries that are never changed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};

/// Where a deployment's prices come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PriceSource {
    /// The gateway's price catalog.
    Catalog,
    /// `config.yaml`: at least one price is the deployment's own there. What it does not name is the catalog's.
    #[serde(rename = "config.yaml")]
    Config,
    /// The database, by `/model/new` or `/model/update`: at least one price is the deployment's own. What it does not name
    /// is the catalog's.
    Database,
    /// Nowhere: no price is known, and its calls are booked at nothing.
    Unknown,
}

/// What a deployment costs from a moment on, until the next entry of the same deployment. It is never changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"id": 12, "model_id": "deployment-1", "model_name": "gpt-4o",
    "provider": "openai", "upstream_model": "gpt-4o-2024-08-06", "prices": {"input_cost_per_token": 0.0000025,
    "output_cost_per_token": 0.00001, "cache_read_input_token_cost": 0.00000125}, "source": "database",
    "effective_at": "2026-11-03T09:00:00Z", "is_end": false, "changed_by": "ada"})))]
pub struct PriceView {
    /// Larger for every later one.
    pub id: i64,
    /// Id of the deployment. A model that a wildcard serves has the wildcard's id, a slash and its name.
    pub model_id: String,
    /// Public model.
    pub model_name: String,
    /// Provider; `mock` where the gateway itself answers.
    pub provider: String,
    /// The provider's model.
    pub upstream_model: String,
    /// Every price that holds, in dollars a unit, under LiteLLM's names, with their endings for long prompts
    /// (`_above_200k_tokens`) and service tiers (`_batches`, `_flex`, `_priority`); a picture of a certain quality and size is
    /// `output_cost_per_image/hd/1024x1024`. Empty: none is known, or the deployment is gone.
    pub prices: BTreeMap<String, f64>,
    /// Where they come from.
    pub source: PriceSource,
    /// Since when they hold.
    pub effective_at: DateTime<Utc>,
    /// The deployment is gone since then; its model and provider are those it had.
    pub is_end: bool,
    /// Who changed them by the management API: told to who sees everything. `null`: a node found them changed, in
    /// `config.yaml` or the catalog.
    pub changed_by: Option<String>,
}

/// Query of `GET /spend/prices`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct PriceQuery {
    /// Only those of this public model.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub model: Option<String>,
    /// Only those of the deployment with this id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 1024))]
    #[cfg_attr(feature = "spec", param(max_length = 1024))]
    pub model_id: Option<String>,
    /// Only those of this provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub provider: Option<String>,
    /// Only those that hold from this day or instant on, or from a later one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 64))]
    #[cfg_attr(feature = "spec", param(max_length = 64))]
    pub start_date: Option<String>,
    /// Only those that hold from this day or instant on, which is included, or from an earlier one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 64))]
    #[cfg_attr(feature = "spec", param(max_length = 64))]
    pub end_date: Option<String>,
    /// Page, from 1.
    #[garde(range(min = 1, max = 10_000_000))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 10_000_000))]
    pub page: u64,
    /// Entries a page, 1 to 100.
    #[garde(range(min = 1, max = 100))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 100))]
    pub page_size: u64,
    /// Where the page before ended, as it came with it: then `page` is of no account, and any page is as fast as the
    /// first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 4096))]
    #[cfg_attr(feature = "spec", param(max_length = 4096))]
    pub cursor: Option<String>,
}

impl Default for PriceQuery {
    fn default() -> Self {
        Self {
            model: None,
            model_id: None,
            provider: None,
            start_date: None,
            end_date: None,
            page: 1,
            page_size: 50,
            cursor: None,
        }
    }
}

/// Answer of `GET /spend/prices`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct PricePage {
    /// The entries, the latest first.
    pub prices: Vec<PriceView>,
    /// Entries that match.
    pub total: u64,
    /// This page, from 1.
    pub page: u64,
    /// Entries a page.
    pub page_size: u64,
    /// Pages there are.
    pub total_pages: u64,
    /// The `cursor` of the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
