//! Reports of spend over a day, a week or a month.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
pub use tollgate_openapi::report::ReportPeriod;

/// What was spent in a period. Money is in nano-dollars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpendReport {
    /// Which kind of period.
    pub period: ReportPeriod,
    /// Its first day, UTC's.
    pub first_day: NaiveDate,
    /// Its last day.
    pub last_day: NaiveDate,
    /// Spend.
    pub spend: i64,
    /// Spend of the period before.
    pub previous_spend: i64,
    /// Calls, failed ones included.
    pub api_requests: i64,
    /// Calls that failed.
    pub failed_requests: i64,
    /// Spend of the month that goes on.
    pub month_to_date: i64,
    /// What it will be when the month ends, where enough is known.
    pub month_expected: Option<i64>,
    /// Who and what spent most, by kind: `teams`, `users`, `keys`, `models`.
    pub top: Vec<Ranking>,
    /// What changed most, of any kind.
    pub movers: Vec<Ranked>,
}

/// How models did on a day, UTC's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelReport {
    /// The day.
    pub day: NaiveDate,
    /// Calls, failed ones included.
    pub api_requests: i64,
    /// Calls that failed.
    pub failed_requests: i64,
    /// Where most calls failed, the worst first.
    pub failed: Vec<FailedModel>,
    /// Where calls took longest, the slowest first.
    pub slowest: Vec<SlowModel>,
}

/// A model that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedModel {
    /// Public name.
    pub model: String,
    /// The provider that was asked last.
    pub provider: String,
    /// Calls, failed ones included.
    pub api_requests: i64,
    /// Calls that failed.
    pub failed_requests: i64,
}

/// How long a model takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlowModel {
    /// Public name.
    pub model: String,
    /// Calls that were answered.
    pub calls: i64,
    /// Half of them took no longer, in milliseconds.
    pub median_ms: i64,
    /// Of a hundred, 95 took no longer, in milliseconds.
    pub p95_ms: i64,
}

/// The first of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranking {
    /// The kind, in the plural.
    pub kind: String,
    /// The dearest first.
    pub lines: Vec<Ranked>,
}

/// One of a kind and what it spent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranked {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Spend.
    pub spend: i64,
    /// Spend of the period before.
    pub previous_spend: i64,
}

/// A period as people call it.
#[must_use]
pub fn period_in_words(period: ReportPeriod, first: NaiveDate, last: NaiveDate) -> String {
    match period {
        ReportPeriod::Day => first.format("%-d %B %Y").to_string(),
        ReportPeriod::Month => first.format("%B %Y").to_string(),
        ReportPeriod::Week if first.month() == last.month() => format!("{}–{}", first.day(), last.format("%-d %B %Y")),
        ReportPeriod::Week => format!("{} to {}", first.format("%-d %B"), last.format("%-d %B %Y")),
    }
}

/// What spend has become since the period before.
#[must_use]
pub fn change(now: i64, before: i64, period: &str) -> String {
    let percent = i128::from(now).saturating_sub(i128::from(before)).saturating_abs() * 100;
    match percent.checked_div(i128::from(before)) {
        None => format!("nothing the {period} before"),
        Some(0) => format!("as the {period} before"),
        Some(percent) if now > before => format!("{percent} % more than the {period} before"),
        Some(percent) => format!("{percent} % less than the {period} before"),
    }
}
