//! Reports of spend over a day, a week or a month.

use chrono::{Datelike, Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};

/// How often spend is reported. Months are reported whatever it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportPeriod {
    /// Every day.
    Day,
    /// Every week, from Monday to Sunday.
    #[default]
    Week,
    /// Every month.
    Month,
}

impl ReportPeriod {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The first and last day of the latest one that is over on `today`.
    #[must_use]
    pub fn before(self, today: NaiveDate) -> (NaiveDate, NaiveDate) {
        let first_of_next = match self {
            Self::Day => today,
            Self::Week => today.week(chrono::Weekday::Mon).first_day(),
            Self::Month => today.with_day(1).unwrap_or(today),
        };
        let first = match self {
            Self::Day => first_of_next.checked_sub_days(Days::new(1)),
            Self::Week => first_of_next.checked_sub_days(Days::new(7)),
            Self::Month => first_of_next.checked_sub_months(Months::new(1)),
        };
        (first.unwrap_or(first_of_next), first_of_next.pred_opt().unwrap_or(first_of_next))
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_over_when_they_are_reported() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (period, today, first, last) in [
            (ReportPeriod::Day, "2026-03-01", "2026-02-28", "2026-02-28"),
            // A Sunday is still in its week.
            (ReportPeriod::Week, "2026-11-22", "2026-11-09", "2026-11-15"),
            (ReportPeriod::Week, "2026-11-23", "2026-11-16", "2026-11-22"),
            (ReportPeriod::Month, "2026-01-01", "2025-12-01", "2025-12-31"),
            (ReportPeriod::Month, "2026-03-31", "2026-02-01", "2026-02-28"),
        ] {
            assert_eq!(period.before(day(today)), (day(first), day(last)), "{period:?} {today}");
        }
    }
}
