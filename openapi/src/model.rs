//! Models: the deployments behind each public name, their prices and their state.

mod change;
mod group;

pub use change::{
    ModelBlock, ModelCreate, ModelDelete, ModelDeleted, ModelPatch, ModelStored, ModelTest, ModelTestResult,
    ModelTestStatus, ModelTested,
};
pub use group::{ModelGroupList, ModelGroupQuery, ModelGroupView};

use chrono::{DateTime, NaiveDate, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Answer of `GET /v1/model/info`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"data": [{"model_name": "gpt-4o", "litellm_params": {"model": "openai/gpt-4o", "api_key": "***"},
    "model_info": {"id": "deployment-1", "mode": "chat"}, "state": {"status": "available", "reason": null,
    "cooldown_until": null, "in_flight": 0, "requests": 840, "failures": 2, "latency_ms": 810.5,
    "time_to_first_token_ms": 220.0, "last_used_at": "2026-11-21T09:30:00Z",
    "last_check": {"checked_at": "2026-11-21T09:29:00Z", "duration_ms": 412.5, "error": null},
    "last_hour": [{"start": "2026-11-21T09:30:00Z", "calls": 14, "failures": 1, "latency_ms": 795.0}]}}]})))]
pub struct ModelList {
    /// One entry a deployment.
    pub data: Vec<DeploymentView>,
}

/// Query of `GET /v1/model/info`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct ModelInfoQuery {
    /// Only the deployment with this id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub litellm_model_id: Option<String>,
}

/// One deployment: a provider's model that serves a public name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct DeploymentView {
    /// Public name of the group it serves.
    pub model_name: String,
    /// `model`, `api_base` and the other parameters; secrets are masked.
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub litellm_params: Map<String, Value>,
    /// `id`, `mode`, prices in dollars per token (`input_cost_per_token`, `output_cost_per_token`, …), limits.
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub model_info: Map<String, Value>,
    /// How it is doing on this node.
    pub state: DeploymentState,
}

/// State of a deployment on this node since it started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct DeploymentState {
    /// May it be called?
    pub status: DeploymentStatus,
    /// Why not, or what the last failure was.
    pub reason: Option<String>,
    /// When a cooling deployment is tried again.
    pub cooldown_until: Option<DateTime<Utc>>,
    /// Calls in flight.
    pub in_flight: u64,
    /// Calls ended.
    pub requests: u64,
    /// Calls that failed.
    pub failures: u64,
    /// Moving average of the whole answer's time, in milliseconds.
    pub latency_ms: Option<f64>,
    /// Moving average of the time to the first token, in milliseconds.
    pub time_to_first_token_ms: Option<f64>,
    /// When it was last called.
    pub last_used_at: Option<DateTime<Utc>>,
    /// What it said when it was last asked whether it answers, by `GET /health` or in the background.
    #[serde(default)]
    pub last_check: Option<CheckView>,
    /// The minutes of the last hour in which calls ended, oldest first.
    #[serde(default)]
    pub last_hour: Vec<MinuteView>,
}

/// A health check of a deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct CheckView {
    /// When it ended.
    pub checked_at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// Why the deployment is not well; null where it answered.
    pub error: Option<String>,
}

/// A minute of a deployment's calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct MinuteView {
    /// When it began.
    pub start: DateTime<Utc>,
    /// Calls that ended in it.
    pub calls: u64,
    /// Those of them that failed.
    pub failures: u64,
    /// What the others took on average, in milliseconds.
    pub latency_ms: Option<f64>,
}

/// Whether a deployment may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeploymentStatus {
    /// Yes.
    Available,
    /// Yes, as there is no other, but its last calls all failed.
    Failing,
    /// Not for a moment: it failed too often.
    CoolingDown,
    /// Not at all: its configuration lacks something, or its provider is not supported.
    Unavailable,
    /// Not at all: somebody blocked it.
    Blocked,
}

impl DeploymentStatus {
    /// Whether calls go there.
    #[must_use]
    pub const fn is_called(self) -> bool {
        matches!(self, Self::Available | Self::Failing)
    }
}

/// Query of `GET /v2/model/info`, with LiteLLM's names.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct ModelPageQuery {
    /// Part of a public name, of the provider's name of the model, or of an id, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub search: Option<String>,
    /// Only deployments of this public name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub model: Option<String>,
    /// Only the deployment with this id.
    #[serde(rename = "modelId", skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub model_id: Option<String>,
    /// What they are sorted by. Default: the order of the configuration, those of the database behind it by their age.
    #[serde(rename = "sortBy", skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", param(inline))]
    pub sort_by: Option<ModelSort>,
    /// The direction.
    #[serde(rename = "sortOrder")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", param(inline))]
    pub sort_order: crate::key::SortOrder,
    /// Page, from 1.
    #[garde(range(min = 1, max = 10_000_000))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 10_000_000))]
    pub page: u64,
    /// Deployments a page, 1 to 1000.
    #[garde(range(min = 1, max = 1000))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 1000))]
    pub size: u64,
}

impl Default for ModelPageQuery {
    fn default() -> Self {
        let (search, model, model_id, sort_by) = (None, None, None, None);
        Self { search, model, model_id, sort_by, sort_order: crate::key::SortOrder::Asc, page: 1, size: 50 }
    }
}

/// What deployments are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ModelSort {
    /// The public name.
    ModelName,
    /// When it was made; those of config.yaml come first.
    CreatedAt,
    /// When it last changed.
    UpdatedAt,
    /// The price of input, in dollars per token.
    Costs,
}

/// Answer of `GET /v2/model/info`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"data": [], "total_count": 0, "current_page": 1, "total_pages": 0, "size": 50})))]
pub struct ModelPage {
    /// One entry a deployment.
    pub data: Vec<DeploymentView>,
    /// How many match, on all pages.
    pub total_count: u64,
    /// This page, from 1.
    pub current_page: u64,
    /// How many there are.
    pub total_pages: u64,
    /// Deployments a page.
    pub size: u64,
}

/// Query of `GET /model/deprecations`.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct ModelDeprecationsQuery {
    /// A model that ends within so many days is `imminent`, 0 to 3650.
    #[garde(range(max = 3650))]
    #[cfg_attr(feature = "spec", param(maximum = 3650))]
    pub warn_within_days: u32,
}

impl Default for ModelDeprecationsQuery {
    fn default() -> Self {
        Self { warn_within_days: 30 }
    }
}

/// How near the end of a model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeprecationStatus {
    /// It is over.
    Deprecated,
    /// It is within the days asked for.
    Imminent,
    /// It is later.
    Upcoming,
}

/// A deployment's model that its provider turns off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct ModelDeprecation {
    /// Public name.
    pub model_name: String,
    /// The provider's name of the model.
    pub litellm_model: Option<String>,
    /// The day, UTC's.
    pub deprecation_date: NaiveDate,
    /// Days until then; negative once it is over.
    pub days_until_deprecation: i64,
    /// How near that is.
    pub status: DeprecationStatus,
    /// The provider.
    pub litellm_provider: Option<String>,
}

/// Answer of `GET /model/deprecations`; the next to end first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"deprecated": [], "imminent": [{"model_name": "gpt",
    "litellm_model": "gpt-4o-2024-05-13", "deprecation_date": "2026-12-01", "days_until_deprecation": 10,
    "status": "imminent", "litellm_provider": "openai"}], "upcoming": [], "warn_within_days": 30,
    "checked_at": "2026-11-21T12:00:00Z"})))]
pub struct ModelDeprecations {
    /// Those that are over.
    pub deprecated: Vec<ModelDeprecation>,
    /// Those within the days asked for.
    pub imminent: Vec<ModelDeprecation>,
    /// Those after.
    pub upcoming: Vec<ModelDeprecation>,
    /// The days asked for.
    pub warn_within_days: u32,
    /// When it was looked.
    pub checked_at: DateTime<Utc>,
}
