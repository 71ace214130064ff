//! Daily activity: usage in LiteLLM's shape, for users, teams, organizations, customers and tags.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::money::NanoUsd;

/// What every report of daily activity is asked with.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct ActivityQuery {
    /// First day, `2026-11-21`; absent: 30 days are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub start_date: Option<NaiveDate>,
    /// Last day, included; absent: today.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub end_date: Option<NaiveDate>,
    /// Only this model's: a public name or a provider's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub model: Option<String>,
    /// Only this key's: the key or its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub api_key: Option<String>,
    /// Page, from 1.
    #[garde(range(min = 1, max = 10_000_000))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 10_000_000))]
    pub page: u64,
    /// Rows of the ledger's sums that make a page, 1 to 1000.
    #[garde(range(min = 1, max = 1000))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 1000))]
    pub page_size: u64,
}

impl Default for ActivityQuery {
    fn default() -> Self {
        Self { start_date: None, end_date: None, model: None, api_key: None, page: 1, page_size: 50 }
    }
}

/// What a report of daily activity that is whole, not paged, is asked with.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct WholeActivityQuery {
    /// First day, `2026-11-21`; absent: 30 days are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub start_date: Option<NaiveDate>,
    /// Last day, included; absent: today.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub end_date: Option<NaiveDate>,
    /// Only this model's: a public name or a provider's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub model: Option<String>,
    /// Only this key's: the key or its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub api_key: Option<String>,
}

/// What a row of an export of daily activity is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ActivityExportType {
    /// A day of one user, team and so on.
    #[default]
    Daily,
    /// The same by key.
    DailyWithKeys,
    /// The same by the provider's model.
    DailyWithModels,
    /// The same by owner of the key.
    DailyWithUsers,
}

impl ActivityExportType {
    /// Its name in queries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::DailyWithKeys => "daily_with_keys",
            Self::DailyWithModels => "daily_with_models",
            Self::DailyWithUsers => "daily_with_users",
        }
    }
}

/// What an export of daily activity looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ActivityExportFormat {
    /// Comma-separated values (RFC 4180) with a header row.
    #[default]
    Csv,
    /// An array of objects, one a line.
    Json,
}

/// What an export of daily activity is asked with besides its days.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct ActivityExportQuery {
    /// What a row is.
    #[garde(skip)]
    #[cfg_attr(feature = "spec", param(inline))]
    pub export_type: ActivityExportType,
    /// What the file looks like.
    #[garde(skip)]
    #[cfg_attr(feature = "spec", param(inline))]
    pub format: ActivityExportFormat,
}

/// Whose activity `GET /user/daily/activity` shows.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct UserActivityQuery {
    /// Only this user's; absent: everybody's for who sees everything, else the caller's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub user_id: Option<String>,
}

/// Whose activity `GET /team/daily/activity` shows.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct TeamActivityQuery {
    /// Only these teams', divided by commas; absent: all that the caller may see.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 8192))]
    #[cfg_attr(feature = "spec", param(max_length = 8192))]
    pub team_ids: Option<String>,
    /// All but these, divided by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 8192))]
    #[cfg_attr(feature = "spec", param(max_length = 8192))]
    pub exclude_team_ids: Option<String>,
}

/// Whose activity `GET /organization/daily/activity` shows.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct OrganizationActivityQuery {
    /// Only these organizations', divided by commas; absent: all that the caller may see.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 8192))]
    #[cfg_attr(feature = "spec", param(max_length = 8192))]
    pub organization_ids: Option<String>,
    /// All but these, divided by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 8192))]
    #[cfg_attr(feature = "spec", param(max_length = 8192))]
    pub exclude_organization_ids: Option<String>,
}

/// Whose activity `GET /customer/daily/activity` shows.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct CustomerActivityQuery {
    /// Only these customers', divided by commas; absent: all that the caller may see.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 8192))]
    #[cfg_attr(feature = "spec", param(max_length = 8192))]
    pub end_user_ids: Option<String>,
    /// All but these, divided by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 8192))]
    #[cfg_attr(feature = "spec", param(max_length = 8192))]
    pub exclude_end_user_ids: Option<String>,
}

/// Whose activity `GET /tag/daily/activity` shows.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct TagActivityQuery {
    /// Only these tags', divided by commas; absent: all that the caller may see.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 8192))]
    #[cfg_attr(feature = "spec", param(max_length = 8192))]
    pub tags: Option<String>,
}

/// A page of daily activity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"results": [{"date": "2026-11-21",
    "metrics": {"spend": 0.00015, "prompt_tokens": 10, "completion_tokens": 20, "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 0, "total_tokens": 30, "successful_requests": 1, "failed_requests": 0,
        "api_requests": 1},
    "breakdown": {"models": {}, "model_groups": {}, "mcp_servers": {}, "providers": {}, "api_keys": {}, "entities": {},
        "endpoints": {}}}],
    "metadata": {"total_spend": 0.00015, "total_prompt_tokens": 10, "total_completion_tokens": 20,
        "total_cache_read_input_tokens": 0, "total_cache_creation_input_tokens": 0, "total_tokens": 30,
        "total_successful_requests": 1, "total_failed_requests": 0, "total_api_requests": 1, "page": 1,
        "total_pages": 1, "has_more": false}})))]
pub struct DailyActivityPage {
    /// Days, the latest first. A day whose rows are on two pages is on both: they add up.
    pub results: Vec<DailyActivity>,
    /// What this page adds up to.
    pub metadata: ActivityTotals,
}

/// One day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct DailyActivity {
    /// The day in UTC.
    pub date: NaiveDate,
    /// What it adds up to.
    pub metrics: ActivityMetrics,
    /// The same by everything calls are booked to.
    pub breakdown: ActivityBreakdown,
}

/// What some calls add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct ActivityMetrics {
    /// Spend in dollars.
    pub spend: NanoUsd,
    /// Input tokens, cached ones included.
    pub prompt_tokens: i64,
    /// Output tokens, reasoning included.
    pub completion_tokens: i64,
    /// Input tokens read from the provider's cache.
    pub cache_read_input_tokens: i64,
    /// Input tokens written to the provider's cache.
    pub cache_creation_input_tokens: i64,
    /// Input and output tokens.
    pub total_tokens: i64,
    /// Calls that did not fail.
    pub successful_requests: i64,
    /// Calls that failed.
    pub failed_requests: i64,
    /// Calls.
    pub api_requests: i64,
}

/// A day by everything its calls are booked to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct ActivityBreakdown {
    /// By the provider's model.
    pub models: BTreeMap<String, ActivityPart>,
    /// By public model name.
    pub model_groups: BTreeMap<String, ActivityPart>,
    /// Always empty: the gateway serves no MCP.
    pub mcp_servers: BTreeMap<String, ActivityPart>,
    /// By provider.
    pub providers: BTreeMap<String, ActivityPart>,
    /// By hash of the key.
    pub api_keys: BTreeMap<String, ActivityKey>,
    /// By user, team, organization, customer or tag: whatever the report is about.
    pub entities: BTreeMap<String, ActivityPart>,
    /// Always empty: sums are not kept by endpoint.
    pub endpoints: BTreeMap<String, ActivityPart>,
}

/// The share of one model, provider or entity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct ActivityPart {
    /// What it adds up to.
    pub metrics: ActivityMetrics,
    /// What people call it, such as `team_alias`.
    pub metadata: BTreeMap<String, String>,
    /// The same by hash of the key.
    pub api_key_breakdown: BTreeMap<String, ActivityKey>,
}

/// The share of one key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct ActivityKey {
    /// What it adds up to.
    pub metrics: ActivityMetrics,
    /// What is known of the key.
    pub metadata: ActivityKeyMetadata,
}

/// What is known of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct ActivityKeyMetadata {
    /// Its alias, where the key still exists and has one.
    pub key_alias: Option<String>,
    /// Its team when the calls were made.
    pub team_id: Option<String>,
}

/// What a page adds up to, and where it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct ActivityTotals {
    /// Spend in dollars.
    pub total_spend: NanoUsd,
    /// Input tokens.
    pub total_prompt_tokens: i64,
    /// Output tokens.
    pub total_completion_tokens: i64,
    /// Input tokens read from the provider's cache.
    pub total_cache_read_input_tokens: i64,
    /// Input tokens written to the provider's cache.
    pub total_cache_creation_input_tokens: i64,
    /// Input and output tokens.
    pub total_tokens: i64,
    /// Calls that did not fail.
    pub total_successful_requests: i64,
    /// Calls that failed.
    pub total_failed_requests: i64,
    /// Calls.
    pub total_api_requests: i64,
    /// This page, from 1.
    pub page: u64,
    /// Pages there are.
    pub total_pages: u64,
    /// Whether there is another.
    pub has_more: bool,
}
