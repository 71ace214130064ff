//! Spend: the log of calls, and sums of it.

mod activity;
mod adjustment;
mod calculate;
mod export;
mod global;
mod interrupted;
mod month;
mod price;
mod report;
mod scoped;
mod usage;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::key::SortOrder;
use crate::money::NanoUsd;
pub use activity::{
    ActivityBreakdown, ActivityExportFormat, ActivityExportQuery, ActivityExportType, ActivityKey, ActivityKeyMetadata,
    ActivityMetrics, ActivityPart, ActivityQuery, ActivityTotals, CustomerActivityQuery, DailyActivity,
    DailyActivityPage, OrganizationActivityQuery, TagActivityQuery, TeamActivityQuery, UserActivityQuery,
    WholeActivityQuery,
};
pub use adjustment::{AdjustmentCreate, AdjustmentKind, AdjustmentPage, AdjustmentQuery, AdjustmentView};
pub use calculate::{CalculatedCost, CostEstimate, CostEstimated, SpendCalculate};
pub use export::{ExportFormat, ExportLevel, SpendExportQuery};
pub use global::{
    CustomerSpend, CustomerSpendQuery, ModelActivity, ProviderBudget, ProviderBudgets, ProviderSpend, ReportDay,
    ReportGroup, ReportItem, ReportKey, ReportKeyModel, ReportModel, ReportPart, SpendReportQuery, SpendUsersQuery,
    TagNames, TagShare, TagShares, TagSpend, TagsQuery, TeamSpend, TeamsDay, TeamsSpend,
};
pub use interrupted::{InterruptedPage, InterruptedQuery, InterruptedResolve, InterruptedView, Resolution};
pub use month::{
    ForecastDay, ForecastQuery, Month, MonthClose, MonthForecast, MonthList, MonthState, MonthView, SpendForecast,
    Statement, StatementLine, StatementQuery,
};
pub use price::{PricePage, PriceQuery, PriceSource, PriceView};
pub use report::{
    Activity, DayActivity, DayRangeQuery, DaySpend, DayTotals, GlobalSpend, KeySpend, ModelSpend, Overview,
    PeriodTotals, TopQuery,
};
pub use scoped::{OrganizationReportQuery, SpendReset, TeamReportQuery, UserReportQuery};
pub use usage::{Usage, UsageDay, UsageDimension, UsageGroup, UsagePart, UsageQuery, UsageSums};

/// One call in the ledger, with LiteLLM's field names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"request_id": "01a1fd4270c27547aa3e36f336417bb1", "call_type": "acompletion",
    "api_key": "b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4", "key_alias": "checkout", "spend": 0.00015, "total_tokens": 30, "prompt_tokens": 10,
    "completion_tokens": 20, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0, "reasoning_tokens": 0,
    "saved_by_cache": 0.0, "saved_by_prompt_cache": 0.0,
    "startTime": "2026-11-21T09:30:00Z", "endTime": "2026-11-21T09:30:01.5Z", "completionStartTime": null,
    "request_duration_ms": 1500, "overhead_us": 60, "model": "gpt-4o-2024-08-06", "model_id": "deployment-1",
    "model_group": "gpt-4o", "custom_llm_provider": "openai", "api_base": "https://api.openai.com/v1", "user": "ada",
    "team_id": null, "organization_id": null, "end_user": "customer-7", "requester_ip_address": "10.0.0.7",
    "stream": false, "status": "success", "status_code": 200, "response_id": "chatcmpl-9", "cache_hit": "False",
    "request_tags": [], "metadata": {}})))]
pub struct SpendLogView {
    /// Id of the call: `x-litellm-call-id`.
    pub request_id: String,
    /// Kind of call, such as `acompletion`.
    pub call_type: String,
    /// Hash of the key.
    pub api_key: String,
    /// Alias of the key when the call was made.
    pub key_alias: Option<String>,
    /// What the call cost, in dollars.
    pub spend: NanoUsd,
    /// Input and output tokens.
    pub total_tokens: i64,
    /// Input tokens, cached ones included.
    pub prompt_tokens: i64,
    /// Output tokens, reasoning included.
    pub completion_tokens: i64,
    /// Input tokens read from the provider's cache.
    pub cache_read_input_tokens: i64,
    /// Input tokens written to the provider's cache.
    pub cache_creation_input_tokens: i64,
    /// Output tokens spent on reasoning.
    pub reasoning_tokens: i64,
    /// What answers from the gateway's cache would have cost, in dollars, at the prices of when they were given first.
    #[serde(default)]
    pub saved_by_cache: NanoUsd,
    /// What calls would have cost more had the provider cached none of their input, in dollars; less than nothing where
    /// writing into its cache cost more than reading from it spared.
    #[serde(default)]
    pub saved_by_prompt_cache: NanoUsd,
    /// When the call arrived.
    #[serde(rename = "startTime")]
    pub start_time: DateTime<Utc>,
    /// When its answer ended.
    #[serde(rename = "endTime")]
    pub end_time: DateTime<Utc>,
    /// When the first token was sent, for streams.
    #[serde(rename = "completionStartTime")]
    pub completion_start_time: Option<DateTime<Utc>>,
    /// From arrival to end, in milliseconds.
    pub request_duration_ms: i64,
    /// Time added by the gateway before the provider was called, in microseconds.
    pub overhead_us: i64,
    /// The provider's model.
    pub model: String,
    /// Id of the deployment.
    pub model_id: Option<String>,
    /// Public name the client asked for.
    pub model_group: String,
    /// Provider, such as `openai`.
    pub custom_llm_provider: Option<String>,
    /// Where the provider was called, without query.
    pub api_base: Option<String>,
    /// Owner of the key.
    pub user: Option<String>,
    /// Team of the key.
    pub team_id: Option<String>,
    /// Organization of the key.
    pub organization_id: Option<String>,
    /// The `user` field of the call.
    pub end_user: Option<String>,
    /// Address of the client.
    pub requester_ip_address: Option<String>,
    /// Whether the answer was streamed.
    pub stream: bool,
    /// `success`, `failure`, `cancelled` (the client left) or `interrupted` (the gateway died).
    pub status: CallStatus,
    /// HTTP status the client got.
    pub status_code: i64,
    /// The provider's id of the answer.
    pub response_id: Option<String>,
    /// `True` or `False`.
    pub cache_hit: String,
    /// Tags of the call.
    pub request_tags: Vec<String>,
    /// Error, attempts, `usage` as the provider sent it, `units` used that are not counted in tokens (`characters`,
    /// `audio_ms`, `queries`, `output_audio_ms`, `images`), the cost's parts.
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub metadata: Map<String, Value>,
    /// What was asked, redacted. Only where a call is asked for by its id, and prompts are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<Value>,
    /// What was answered, redacted; a stream put together again. Only with `messages`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Value>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CallStatus {
    /// Answered.
    Success,
    /// Failed or refused.
    Failure,
    /// The client left before the end.
    Cancelled,
    /// The gateway died during the call; its cost is not known.
    Interrupted,
}

impl CallStatus {
    /// The status' name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }
}

/// Query of `GET /spend/logs/v2`.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct SpendLogQuery {
    /// Page, from 1.
    #[garde(range(min = 1, max = 10_000_000))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 10_000_000))]
    pub page: u64,
    /// Calls a page, 1 to 100.
    #[garde(range(min = 1, max = 100))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 100))]
    pub page_size: u64,
    /// From this day (`2026-11-21`) or instant on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub start_date: Option<String>,
    /// Up to this day, which is included, or this instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub end_date: Option<String>,
    /// Only this key's: the key or its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub api_key: Option<String>,
    /// Only keys with this alias.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub key_alias: Option<String>,
    /// Only this owner's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub user_id: Option<String>,
    /// Only this team's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub team_id: Option<String>,
    /// Only this end user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub end_user: Option<String>,
    /// Only this provider model or public name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub model: Option<String>,
    /// Only this deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub model_id: Option<String>,
    /// Only calls that ended like this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub status_filter: Option<CallStatus>,
    /// The call's id or the provider's id of its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub request_id: Option<String>,
    /// Where the page before ended, as it came with it: then `page` is of no account, and any page is as fast as the
    /// first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 4096))]
    #[cfg_attr(feature = "spec", param(max_length = 4096))]
    pub cursor: Option<String>,
    /// Column to sort by.
    #[garde(skip)]
    pub sort_by: SpendLogSort,
    /// Direction.
    #[garde(skip)]
    pub sort_order: SortOrder,
}

impl Default for SpendLogQuery {
    fn default() -> Self {
        Self {
            page: 1,
            page_size: 50,
            start_date: None,
            end_date: None,
            api_key: None,
            key_alias: None,
            user_id: None,
            team_id: None,
            end_user: None,
            model: None,
            model_id: None,
            status_filter: None,
            request_id: None,
            cursor: None,
            sort_by: SpendLogSort::StartTime,
            sort_order: SortOrder::Desc,
        }
    }
}

/// Columns `GET /spend/logs/v2` sorts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub enum SpendLogSort {
    /// When the call arrived.
    #[serde(rename = "startTime")]
    StartTime,
    /// What it cost.
    #[serde(rename = "spend")]
    Spend,
    /// Its tokens.
    #[serde(rename = "total_tokens")]
    TotalTokens,
    /// How long it took.
    #[serde(rename = "request_duration_ms")]
    Duration,
}

/// Answer of `GET /spend/logs/v2`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct SpendLogPage {
    /// The calls.
    pub data: Vec<SpendLogView>,
    /// Calls that match, as far as they are counted: to 10,000, or to the end of this page.
    pub total: u64,
    /// There may be more than `total`.
    #[serde(default)]
    pub total_is_capped: bool,
    /// This page, from 1.
    pub page: u64,
    /// Calls a page.
    pub page_size: u64,
    /// Pages that `total` makes.
    pub total_pages: u64,
    /// Where the next page begins; none: this is the last.
    #[serde(default)]
    pub next_cursor: Option<String>,
}

/// Query of `GET /spend/logs`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct SpendLogsQuery {
    /// Only this key's: the key or its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub api_key: Option<String>,
    /// Only this owner's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub user_id: Option<String>,
    /// The call's id or the provider's id of its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub request_id: Option<String>,
    /// First day, `2026-11-21`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub start_date: Option<NaiveDate>,
    /// Last day, included.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub end_date: Option<NaiveDate>,
    /// Sums by day (the default where both dates are given) or raw calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub summarize: Option<bool>,
}

/// One day of `GET /spend/logs` when it sums.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"startTime": "2026-11-21", "spend": 0.00015, "users": {"ada": 0.00015}, "models": {"gpt-4o": 0.00015},
    "b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4": 0.00015})))]
pub struct SpendLogsDay {
    /// The day.
    #[serde(rename = "startTime")]
    pub start_time: NaiveDate,
    /// Spend of the day, in dollars.
    pub spend: NanoUsd,
    /// Spend by owner.
    pub users: BTreeMap<String, NanoUsd>,
    /// Spend by public model name.
    pub models: BTreeMap<String, NanoUsd>,
    /// Spend by key hash.
    #[serde(flatten)]
    pub keys: BTreeMap<String, NanoUsd>,
}
