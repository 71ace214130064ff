//! The whole gateway's spend by team, provider, customer and tag, and as a report.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};

use super::report::DayActivity;
use crate::money::NanoUsd;

/// Answer of `GET /provider/budgets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"providers": {"openai": {"budget_limit": 100.0, "time_period": "1d",
    "spend": 12.5, "budget_reset_at": "2026-11-22T00:00:00Z"}}})))]
pub struct ProviderBudgets {
    /// By provider.
    pub providers: BTreeMap<String, ProviderBudget>,
}

/// A provider's budget and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct ProviderBudget {
    /// The limit in dollars.
    pub budget_limit: Option<NanoUsd>,
    /// How often it starts anew; absent: never.
    pub time_period: Option<String>,
    /// Spent in the current window, in dollars.
    pub spend: NanoUsd,
    /// When it next starts anew.
    pub budget_reset_at: Option<DateTime<Utc>>,
}

/// Answer of `GET /global/spend/teams`: the teams that spent most in the last 30 days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"daily_spend": [{"date": "2026-11-21", "Checkout": 12.5}],
    "teams": ["Checkout"], "total_spend_per_team": [{"team_id": "Checkout", "total_spend": 12.5}]})))]
pub struct TeamsSpend {
    /// One entry a day with what each team spent, by what the team is called.
    pub daily_spend: Vec<TeamsDay>,
    /// What the teams are called.
    pub teams: Vec<String>,
    /// Each team's total, the largest first.
    pub total_spend_per_team: Vec<TeamSpend>,
}

/// One day of `GET /global/spend/teams`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct TeamsDay {
    /// The day.
    pub date: NaiveDate,
    /// Spend in dollars by what the team is called.
    #[serde(flatten)]
    pub teams: BTreeMap<String, NanoUsd>,
}

/// A team's share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct TeamSpend {
    /// What the team is called: its alias, else its id.
    pub team_id: String,
    /// Spend in dollars.
    pub total_spend: NanoUsd,
}

/// A provider's share, in `GET /global/spend/provider`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"provider": "openai", "spend": 12.5})))]
pub struct ProviderSpend {
    /// The provider.
    pub provider: String,
    /// Spend in dollars.
    pub spend: NanoUsd,
}

/// One model's requests and tokens, in `GET /global/activity/model`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"model": "gpt-4o", "daily_data": [{"date": "2026-11-21", "api_requests": 840,
    "total_tokens": 25200}], "sum_api_requests": 840, "sum_total_tokens": 25200})))]
pub struct ModelActivity {
    /// Public name.
    pub model: String,
    /// One entry a day that had calls, oldest first.
    pub daily_data: Vec<DayActivity>,
    /// Calls in the range.
    pub sum_api_requests: i64,
    /// Tokens in the range.
    pub sum_total_tokens: i64,
}

/// Body of `POST /global/spend/end_users`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"startTime": "2026-11-20T00:00:00Z", "endTime": "2026-11-21T00:00:00Z"})))]
#[serde(deny_unknown_fields)]
pub struct CustomerSpendQuery {
    /// Only calls of this key: the key or its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", schema(max_length = 255))]
    pub api_key: Option<String>,
    /// From the day of this instant on; absent: 30 days.
    #[serde(default, rename = "startTime", skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub start_time: Option<DateTime<Utc>>,
    /// Up to the day of this instant, which is included; absent: today.
    #[serde(default, rename = "endTime", skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub end_time: Option<DateTime<Utc>>,
}

/// A customer's share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"end_user": "customer-7", "total_count": 840, "total_spend": 12.5})))]
pub struct CustomerSpend {
    /// The customer.
    pub end_user: String,
    /// Calls.
    pub total_count: i64,
    /// Spend in dollars.
    pub total_spend: NanoUsd,
}

/// Query of `GET /global/spend/tags`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct TagsQuery {
    /// First day, `2026-11-21`; absent: 30 days are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub start_date: Option<NaiveDate>,
    /// Last day, included; absent: today.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub end_date: Option<NaiveDate>,
    /// Only these, divided by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 8192))]
    #[cfg_attr(feature = "spec", param(max_length = 8192))]
    pub tags: Option<String>,
}

/// Answer of `GET /global/spend/tags`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"spend_per_tag": [{"name": "nightly", "spend": 12.5, "log_count": 840}]})))]
pub struct TagShares {
    /// The tags, the most expensive first.
    pub spend_per_tag: Vec<TagShare>,
}

/// A tag's share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct TagShare {
    /// The tag.
    pub name: String,
    /// Spend in dollars.
    pub spend: NanoUsd,
    /// Calls.
    pub log_count: i64,
}

/// A tag's share, in `GET /spend/tags`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"individual_request_tag": "nightly", "log_count": 840, "total_spend": 12.5})))]
pub struct TagSpend {
    /// The tag.
    pub individual_request_tag: String,
    /// Calls.
    pub log_count: i64,
    /// Spend in dollars.
    pub total_spend: NanoUsd,
}

/// Answer of `GET /global/spend/all_tag_names`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"tag_names": ["nightly"]})))]
pub struct TagNames {
    /// Every tag that calls have had.
    pub tag_names: Vec<String>,
}

/// Query of `GET /spend/users`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct SpendUsersQuery {
    /// Only this user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub user_id: Option<String>,
}

/// What `GET /global/spend/report` is grouped by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReportGroup {
    /// By day and team.
    #[default]
    Team,
    /// By day and customer.
    Customer,
    /// By key.
    ApiKey,
}

/// Query of `GET /global/spend/report`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct SpendReportQuery {
    /// First day, `2026-11-21`; absent: 30 days are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub start_date: Option<NaiveDate>,
    /// Last day, included; absent: today.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub end_date: Option<NaiveDate>,
    /// What it is grouped by.
    #[garde(skip)]
    #[cfg_attr(feature = "spec", param(inline))]
    pub group_by: ReportGroup,
    /// Only this key's: the key or its hash. Grouped by key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub api_key: Option<String>,
    /// Only keys of this user. Grouped by key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub internal_user_id: Option<String>,
    /// Only this team's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub team_id: Option<String>,
    /// Only this customer's. Grouped by customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub customer_id: Option<String>,
}

/// One entry of `GET /global/spend/report`: a day, or a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"group_by_day": "2026-11-21", "teams": [{"team_name": "Checkout", "total_spend": 12.5,
    "metadata": [{"model": "gpt-4o", "spend": 12.5, "total_tokens": 25200,
        "api_key": "b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4"}]}]})))]
#[serde(untagged)]
pub enum ReportItem {
    /// A day by team or customer.
    Day(ReportDay),
    /// A key.
    Key(ReportKey),
}

/// One day of the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct ReportDay {
    /// The day.
    pub group_by_day: NaiveDate,
    /// By team, where that is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<ReportPart>,
    /// By customer, where that is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub customers: Vec<ReportPart>,
}

/// The share of a team or a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct ReportPart {
    /// What the team is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_name: Option<String>,
    /// The customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// Spend in dollars.
    pub total_spend: NanoUsd,
    /// By model and key.
    pub metadata: Vec<ReportModel>,
}

/// What a key spent on a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct ReportModel {
    /// Public name.
    pub model: String,
    /// Spend in dollars.
    pub spend: NanoUsd,
    /// Input and output tokens.
    pub total_tokens: i64,
    /// Hash of the key.
    pub api_key: String,
}

/// A key in the report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({
    "api_key": "b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4", "total_cost": 12.5,
    "total_input_tokens": 8400, "total_output_tokens": 16800, "model_details": [{"model": "gpt-4o", "total_cost": 12.5,
        "total_input_tokens": 8400, "total_output_tokens": 16800}]})))]
pub struct ReportKey {
    /// Hash of the key.
    pub api_key: String,
    /// Spend in dollars.
    pub total_cost: NanoUsd,
    /// Input tokens.
    pub total_input_tokens: i64,
    /// Output tokens.
    pub total_output_tokens: i64,
    /// By model.
    pub model_details: Vec<ReportKeyModel>,
}

/// A key's share of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct ReportKeyModel {
    /// Public name.
    pub model: String,
    /// The key's team when the calls were made, in the report of an organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_id: Option<String>,
    /// Spend in dollars.
    pub total_cost: NanoUsd,
    /// Input tokens.
    pub total_input_tokens: i64,
    /// Output tokens.
    pub total_output_tokens: i64,
}
