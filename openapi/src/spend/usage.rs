//! Usage: what was spent on which days by whom, compared with the days before.

use chrono::NaiveDate;
use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::money::NanoUsd;

/// What usage is broken down by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum UsageDimension {
    /// Public models.
    #[default]
    Model,
    /// Providers.
    Provider,
    /// Organizations.
    Organization,
    /// Teams.
    Team,
    /// Owners of keys.
    User,
    /// Keys, by their hashes.
    Key,
    /// Tags. A call with two tags counts for both.
    Tag,
    /// Cost centres: of the team, else of its organization, as they are set now.
    CostCenter,
}

impl UsageDimension {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Provider => "provider",
            Self::Organization => "organization",
            Self::Team => "team",
            Self::User => "user",
            Self::Key => "key",
            Self::Tag => "tag",
            Self::CostCenter => "cost_center",
        }
    }
}

/// Query of `GET /spend/usage`.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct UsageQuery {
    /// First day, `2026-11-21`; absent: 30 days are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub start_date: Option<NaiveDate>,
    /// Last day, included; absent: today.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub end_date: Option<NaiveDate>,
    /// What it is broken down by.
    #[garde(skip)]
    #[cfg_attr(feature = "spec", param(inline))]
    pub group_by: UsageDimension,
    /// What each of the groups is broken down by in turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", param(inline))]
    pub then_by: Option<UsageDimension>,
    /// Only this organization's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub organization_id: Option<String>,
    /// Only this team's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub team_id: Option<String>,
    /// Only keys of this user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub user_id: Option<String>,
    /// Only this key's: the key or its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub api_key: Option<String>,
    /// Only this public model's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub model: Option<String>,
    /// Only this provider's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub provider: Option<String>,
    /// Only calls with this tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub tag: Option<String>,
    /// Only this cost centre's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub cost_center: Option<String>,
    /// Groups shown, 1 to 500: those that spent most.
    #[garde(range(min = 1, max = 500))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 500))]
    pub limit: u64,
}

impl Default for UsageQuery {
    fn default() -> Self {
        Self {
            start_date: None,
            end_date: None,
            group_by: UsageDimension::default(),
            then_by: None,
            organization_id: None,
            team_id: None,
            user_id: None,
            api_key: None,
            model: None,
            provider: None,
            tag: None,
            cost_center: None,
            limit: 50,
        }
    }
}

/// What some calls add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct UsageSums {
    /// Spend in dollars.
    pub spend: NanoUsd,
    /// Calls, failed ones included.
    pub api_requests: i64,
    /// Calls that failed.
    pub failed_requests: i64,
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
}

/// Answer of `GET /spend/usage`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"start_date": "2026-11-20", "end_date": "2026-11-21",
    "previous_start_date": "2026-11-18", "previous_end_date": "2026-11-19",
    "total": {"spend": 12.5, "api_requests": 840, "failed_requests": 2, "prompt_tokens": 8400, "completion_tokens": 16800,
        "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0, "reasoning_tokens": 0,
        "saved_by_cache": 0.25, "saved_by_prompt_cache": 1.5},
    "previous": {"spend": 10.0, "api_requests": 700, "failed_requests": 0, "prompt_tokens": 7000,
        "completion_tokens": 14000, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0,
        "reasoning_tokens": 0,
        "saved_by_cache": 0.25, "saved_by_prompt_cache": 1.5}, "days": [], "groups": []})))]
pub struct Usage {
    /// First day.
    pub start_date: NaiveDate,
    /// Last day, included.
    pub end_date: NaiveDate,
    /// First of as many days before.
    pub previous_start_date: NaiveDate,
    /// Last of them, included.
    pub previous_end_date: NaiveDate,
    /// All that matches.
    pub total: UsageSums,
    /// The same of the days before.
    pub previous: UsageSums,
    /// Every day, those without calls included, oldest first.
    pub days: Vec<UsageDay>,
    /// What it is broken down by, the most expensive first. Where there are more than were asked for, they add up to less
    /// than `total`.
    pub groups: Vec<UsageGroup>,
}

/// One day's usage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct UsageDay {
    /// The day in UTC.
    pub date: NaiveDate,
    /// What it adds up to.
    #[serde(flatten)]
    pub sums: UsageSums,
}

/// One organization's, team's, user's, key's, model's, provider's or tag's usage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct UsageGroup {
    /// Its id; empty for calls that have none.
    pub id: String,
    /// What people call it, where that is something else.
    pub name: Option<String>,
    /// What it adds up to.
    #[serde(flatten)]
    pub sums: UsageSums,
    /// What it spent in the days before, in dollars.
    pub previous_spend: NanoUsd,
    /// What it is made of by `then_by`, the most expensive first; those beyond the first twenty are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<UsagePart>,
}

/// A part of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct UsagePart {
    /// Its id; empty for calls that have none.
    pub id: String,
    /// What people call it, where that is something else.
    pub name: Option<String>,
    /// What it adds up to.
    #[serde(flatten)]
    pub sums: UsageSums,
}
