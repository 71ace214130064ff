//! Months: what one will have cost, what it cost, and closing it.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use garde::Validate;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{AdjustmentView, UsageSums};
use crate::money::NanoUsd;

/// A calendar month, UTC, written `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(NaiveDate);

impl Month {
    /// The month of this day.
    #[must_use]
    pub fn of(day: NaiveDate) -> Self {
        Self(day.with_day(1).unwrap_or(day))
    }

    /// Its first day.
    #[must_use]
    pub const fn first_day(self) -> NaiveDate {
        self.0
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m"))
    }
}

impl FromStr for Month {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_whole = text.len() == 7 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let day = is_whole.then(|| format!("{text}-01").parse::<NaiveDate>().ok()).flatten();
        // Databases do not agree on what is beyond.
        let day = day.filter(|day| (1970..=9998).contains(&day.year()));
        day.map(Self).ok_or_else(|| "expected a month such as 2026-11".to_owned())
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Query of `GET /spend/forecast`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct ForecastQuery {
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
    /// Only this cost centre's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub cost_center: Option<String>,
}

/// Answer of `GET /spend/forecast`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"month": "2026-11", "today": "2026-11-21", "spend": 812.25, "corrections_spend": 0.0,
    "forecast": {"spend": 1180.0, "low": 1100.5, "high": 1259.5, "confidence": 0.8}, "previous_spend": 1012.0,
    "previous_spend_to_date": 700.25, "max_budget": 1500.0, "budget_spend": 812.25, "soft_budget": null, "exhausted_on": null,
    "days": [{"date": "2026-11-21", "spend": 38.5, "expected": 40.0, "previous": 33.0}]})))]
pub struct SpendForecast {
    /// The month, UTC's.
    #[cfg_attr(feature = "spec", schema(value_type = String, pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$"))]
    pub month: Month,
    /// Its day.
    pub today: NaiveDate,
    /// Spend of the month so far, in dollars.
    pub spend: NanoUsd,
    /// What people booked to it, in dollars: in its statement, and not in `spend` nor in what is expected.
    pub corrections_spend: NanoUsd,
    /// What it will be when the month ends. Absent where too little is known: a forecast takes three days.
    pub forecast: Option<MonthForecast>,
    /// Spend of the month before, in dollars.
    pub previous_spend: NanoUsd,
    /// Of it, what had been spent by the end of the same day.
    pub previous_spend_to_date: NanoUsd,
    /// The limit in dollars, where the organization, team or user that is asked about, or the gateway, has one by the
    /// month and the caller may see it.
    pub max_budget: Option<NanoUsd>,
    /// What of it is spent, in dollars. Its month may follow another calendar, and it counts from when it was set.
    pub budget_spend: Option<NanoUsd>,
    /// The limit that only warns.
    pub soft_budget: Option<NanoUsd>,
    /// The day on which the limit will be reached, if the forecast is right; today, where it is.
    pub exhausted_on: Option<NaiveDate>,
    /// Every day of the month.
    pub days: Vec<ForecastDay>,
}

/// What a month will have cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct MonthForecast {
    /// Most likely, in dollars.
    pub spend: NanoUsd,
    /// Not less, with `confidence`.
    pub low: NanoUsd,
    /// Not more, with `confidence`.
    pub high: NanoUsd,
    /// How sure the range is meant to be, of 1.
    pub confidence: f64,
}

/// A day of the month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct ForecastDay {
    /// The day.
    pub date: NaiveDate,
    /// Its spend in dollars; absent before it begins.
    pub spend: Option<NanoUsd>,
    /// What it will cost, in dollars; absent when it is over, and where too little is known.
    pub expected: Option<NanoUsd>,
    /// Spend of the same day of the month before, where it had one.
    pub previous: Option<NanoUsd>,
}

/// Answer of `GET /spend/month/list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"months": [{"month": "2026-10", "state": "closed",
    "closed_at": "2026-11-02T09:00:00Z", "closed_by": "ada", "spend": 1012.0, "api_requests": 50400,
    "corrections": -12.5, "adjustments": 0.02}]})))]
pub struct MonthList {
    /// From the first with calls on, the latest first.
    pub months: Vec<MonthView>,
}

/// Whether a month's figures may still change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MonthState {
    /// It goes on.
    Current,
    /// It is over, and what arrives late still adds to it.
    Open,
    /// Its figures are frozen: what arrives late is an adjustment.
    Closed,
}

/// A month at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"month": "2026-10", "state": "closed",
    "closed_at": "2026-11-02T09:00:00Z", "closed_by": "ada", "spend": 1012.0, "api_requests": 50400,
    "corrections": -12.5, "adjustments": 0.0})))]
pub struct MonthView {
    /// The month.
    #[cfg_attr(feature = "spec", schema(value_type = String, pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$"))]
    pub month: Month,
    /// Whether its figures may still change.
    pub state: MonthState,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// By whom: told to who sees everything.
    pub closed_by: Option<String>,
    /// Spend in dollars of what the caller sees; of a closed month as it was frozen.
    pub spend: NanoUsd,
    /// Calls.
    pub api_requests: i64,
    /// What people booked to it before it was closed, in dollars; not in `spend`.
    pub corrections: NanoUsd,
    /// What was booked to it after it was closed, by calls and by people, in dollars.
    pub adjustments: NanoUsd,
}

/// Body of `POST /spend/month/close`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"month": "2026-10"})))]
#[serde(deny_unknown_fields)]
pub struct MonthClose {
    /// The month; it must be over.
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = String, pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$"))]
    pub month: Month,
}

/// Query of `GET /spend/statement`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct StatementQuery {
    /// The month; absent: this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", param(value_type = Option<String>, pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$"))]
    pub month: Option<Month>,
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
    /// Only this cost centre's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub cost_center: Option<String>,
}

/// Answer of `GET /spend/statement`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"month": "2026-10", "state": "closed",
    "closed_at": "2026-11-02T09:00:00Z", "closed_by": "ada", "title": "Acme",
    "usage": {"spend": 1012.0, "api_requests": 50400, "failed_requests": 12, "prompt_tokens": 84000,
        "completion_tokens": 168000, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0, "reasoning_tokens": 0,
        "saved_by_cache": 20.0, "saved_by_prompt_cache": 90.5},
    "previous_spend": 990.0, "corrections_spend": -12.0, "corrections_count": 1, "corrections": [],
    "adjustments_spend": 0.02, "adjustments_count": 1, "adjustments": [], "due": 1000.02, "later_adjustments_spend": 0.0, "later_adjustments_count": 0,
    "cost_centers": [], "organizations": [], "teams": [], "users": [], "keys": [], "models": [], "providers": []})))]
pub struct Statement {
    /// The month, UTC's.
    #[cfg_attr(feature = "spec", schema(value_type = String, pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$"))]
    pub month: Month,
    /// Whether its figures may still change.
    pub state: MonthState,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// By whom: told to who sees everything.
    pub closed_by: Option<String>,
    /// Whose statement it is; absent: of all that the caller sees.
    pub title: Option<String>,
    /// The month's calls; of a closed month as they were frozen.
    pub usage: UsageSums,
    /// The usage of the month before, in dollars.
    pub previous_spend: NanoUsd,
    /// What people booked to this month before it was closed, in dollars.
    pub corrections_spend: NanoUsd,
    /// How many entries that is.
    pub corrections_count: i64,
    /// The first 200 of these entries.
    pub corrections: Vec<AdjustmentView>,
    /// What was booked in this month to earlier ones that were closed, by calls and by people, in dollars.
    pub adjustments_spend: NanoUsd,
    /// How many entries that is.
    pub adjustments_count: i64,
    /// The first 200 of these entries.
    pub adjustments: Vec<AdjustmentView>,
    /// Usage, corrections and adjustments together, in dollars. Added up over all months, it is all that was ever spent and
    /// booked.
    pub due: NanoUsd,
    /// What was booked to this month after it was closed: in later statements, and not in this one's sum.
    pub later_adjustments_spend: NanoUsd,
    /// How many entries that is.
    pub later_adjustments_count: i64,
    /// By cost centre, the most expensive first; of each section the first 500.
    pub cost_centers: Vec<StatementLine>,
    /// By organization.
    pub organizations: Vec<StatementLine>,
    /// By team.
    pub teams: Vec<StatementLine>,
    /// By owner of the keys.
    pub users: Vec<StatementLine>,
    /// By key.
    pub keys: Vec<StatementLine>,
    /// By public model.
    pub models: Vec<StatementLine>,
    /// By provider.
    pub providers: Vec<StatementLine>,
}

/// One line of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct StatementLine {
    /// Its id; empty for calls that have none.
    pub id: String,
    /// What people called it when the month was closed, or call it now, where that is something else.
    pub name: Option<String>,
    /// What it adds up to.
    #[serde(flatten)]
    pub sums: UsageSums,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_and_written_alike() {
        let month: Month = "2026-11".parse().unwrap();
        assert_eq!((month.to_string().as_str(), month.first_day().day()), ("2026-11", 1));
        assert_eq!(Month::of("2026-11-30".parse().unwrap()), month);
        for text in ["2026-13", "2026-1", "2026-11-01", "1969-12", "9999-01", "+026-11", "", "11-2026", "2026/11"] {
            assert!(text.parse::<Month>().is_err(), "{text}");
        }
    }
}
