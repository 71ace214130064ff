//! Sums: of the whole gateway, by day, by key and model, and what the console's first page shows.

use chrono::NaiveDate;
use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::money::NanoUsd;

/// Answer of `GET /global/spend`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"spend": 12.5, "max_budget": null})))]
pub struct GlobalSpend {
    /// Spend of the last 30 days, in dollars.
    pub spend: NanoUsd,
    /// The gateway's own limit.
    pub max_budget: Option<NanoUsd>,
}

/// One day's spend, in `GET /global/spend/logs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"date": "2026-11-21", "spend": 0.00015})))]
pub struct DaySpend {
    /// The day.
    pub date: NaiveDate,
    /// Spend of the day, in dollars.
    pub spend: NanoUsd,
}

/// Query of reports over a range of days.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct DayRangeQuery {
    /// First day, `2026-11-21`; absent: 30 days are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub start_date: Option<NaiveDate>,
    /// Last day, included; absent: today.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub end_date: Option<NaiveDate>,
    /// Only this key's: the key or its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub api_key: Option<String>,
}

/// Query of the top lists.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct TopQuery {
    /// How many, 1 to 100.
    #[garde(range(min = 1, max = 100))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 100))]
    pub limit: u64,
}

impl Default for TopQuery {
    fn default() -> Self {
        Self { limit: 10 }
    }
}

/// A key's share of the last 30 days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"api_key": "b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4", "key_alias": "checkout", "key_name": "sk-...h8Qz", "total_spend": 12.5,
    "api_requests": 840})))]
pub struct KeySpend {
    /// Hash of the key.
    pub api_key: String,
    /// Its alias, where the key still exists and has one.
    pub key_alias: Option<String>,
    /// Its masked name, where the key still exists.
    pub key_name: Option<String>,
    /// Spend in dollars.
    #[serde(rename = "total_spend")]
    pub spend: NanoUsd,
    /// Calls.
    pub api_requests: i64,
}

/// A public model's share of the last 30 days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"model": "gpt-4o", "total_spend": 12.5, "api_requests": 840})))]
pub struct ModelSpend {
    /// Public name.
    pub model: String,
    /// Spend in dollars.
    #[serde(rename = "total_spend")]
    pub spend: NanoUsd,
    /// Calls.
    pub api_requests: i64,
}

/// Answer of `GET /global/activity`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"daily_data": [{"date": "2026-11-21", "api_requests": 840, "total_tokens": 25200}], "sum_api_requests": 840,
    "sum_total_tokens": 25200})))]
pub struct Activity {
    /// One entry a day that had calls.
    pub daily_data: Vec<DayActivity>,
    /// Calls in the range.
    pub sum_api_requests: i64,
    /// Tokens in the range.
    pub sum_total_tokens: i64,
}

/// One day of `GET /global/activity`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct DayActivity {
    /// The day.
    pub date: NaiveDate,
    /// Calls.
    pub api_requests: i64,
    /// Tokens.
    pub total_tokens: i64,
}

/// Answer of `GET /spend/overview`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct Overview {
    /// Today, UTC.
    pub today: PeriodTotals,
    /// Yesterday, to compare with.
    pub yesterday: PeriodTotals,
    /// This calendar month, UTC.
    pub month: PeriodTotals,
    /// The calendar month before.
    pub last_month: PeriodTotals,
    /// The last 30 days, oldest first, days without calls included.
    pub days: Vec<DayTotals>,
    /// The ten keys that spent most in the last 30 days.
    pub top_keys: Vec<KeySpend>,
    /// The ten models that cost most in the last 30 days.
    pub top_models: Vec<ModelSpend>,
}

/// Sums over a period.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct PeriodTotals {
    /// Spend in dollars.
    pub spend: NanoUsd,
    /// Calls, failed ones included.
    pub api_requests: i64,
    /// Calls that failed.
    pub failed_requests: i64,
    /// Input and output tokens.
    pub total_tokens: i64,
    /// Half of the successful calls took at most this, in milliseconds.
    pub latency_p50_ms: Option<f64>,
    /// 95 of 100 took at most this.
    pub latency_p95_ms: Option<f64>,
}

/// Sums of one day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct DayTotals {
    /// The day.
    pub date: NaiveDate,
    /// Its sums.
    #[serde(flatten)]
    pub totals: PeriodTotals,
}
