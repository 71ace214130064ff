//! Sums by week and single entity, of kinds of which there are many: what all of them spent in some days is read from whole
//! weeks, and from days before and after these.

use chrono::{Days as Count, NaiveDate, Weekday};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Condition, ExprTrait, Query, SelectStatement, UnionType};

use super::daily_entity_spend::Days;
use super::usage::SUMS;

/// Kinds that are summed up by week.
pub const KINDS: [&str; 3] = ["key", "user", "end_user"];

/// One week of one entity.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "weekly_entity_spend")]
pub struct Model {
    /// One of [`KINDS`].
    #[sea_orm(primary_key, auto_increment = false)]
    pub entity_kind: String,
    /// The Monday it begins with, in UTC.
    #[sea_orm(primary_key, auto_increment = false)]
    pub week: Date,
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub entity_id: String,
    /// Cost in nano-dollars.
    pub spend: i64,
    /// Calls, failed ones included.
    pub api_requests: i64,
    /// Calls that failed.
    pub failed_requests: i64,
    /// Input tokens.
    pub prompt_tokens: i64,
    /// Output tokens.
    pub completion_tokens: i64,
    /// Input tokens read from the provider's cache.
    pub cache_read_tokens: i64,
    /// Input tokens written to the provider's cache.
    pub cache_creation_tokens: i64,
    /// Output tokens spent on reasoning.
    pub reasoning_tokens: i64,
    /// What answers from the gateway's cache would have cost, in nano-dollars.
    pub saved_by_cache: i64,
    /// What the provider's cache saved, in nano-dollars.
    pub saved_by_prompt_cache: i64,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The Monday of the week of this day.
#[must_use]
pub fn week_of(day: NaiveDate) -> NaiveDate {
    day.week(Weekday::Mon).checked_first_day().unwrap_or(day)
}

/// Rows of `entity_id` and sums, of which those of one entity are what it adds up to in `days`.
pub(super) fn rows(kind: &str, days: Days) -> SelectStatement {
    let select = |table: &'static str, when: Condition| {
        let mut select = Query::select();
        select.column("entity_id").columns(SUMS).from(table);
        select.and_where(Expr::col("entity_kind").eq(kind)).cond_where(when);
        select
    };
    let between = |column: &'static str, days: Days| Expr::col(column).between(days.first, days.last);
    let Some(weeks) = whole_weeks(days).filter(|_| KINDS.contains(&kind)) else {
        return select("daily_entity_spend", Condition::all().add(between("date", days)));
    };
    let outside = Condition::any().add(Expr::col("date").lt(weeks.first)).add(Expr::col("date").gt(weeks.last));
    let mut rows = select("daily_entity_spend", Condition::all().add(between("date", days)).add(outside));
    rows.union(UnionType::All, select("weekly_entity_spend", Condition::all().add(between("week", weeks))));
    rows
}

/// The weeks that are part of `days` with each of their days, from the first Monday to the last Sunday.
fn whole_weeks(days: Days) -> Option<Days> {
    let first = days.first.checked_add_days(Count::new(6)).map(week_of)?;
    let after = week_of(days.last.succ_opt()?);
    (first < after).then_some(Days { first, last: after.pred_opt()? })
}

#[cfg(test)]
mod tests {
    use chrono::Datelike;

    use super::*;

    #[test]
    fn whole_weeks_go_from_a_monday_to_a_sunday() {
        let start = NaiveDate::from_ymd_opt(2026, 2, 20).unwrap();
        for (begins, length) in (0..14).flat_map(|begins| (0..40).map(move |length| (begins, length))) {
            let first = start + Count::new(begins);
            let days = Days { first, last: first + Count::new(length) };
            let inside = |monday: &NaiveDate| days.contains(*monday) && days.contains(*monday + Count::new(6));
            let expected: Vec<NaiveDate> =
                days.iter().filter(|day| day.weekday() == Weekday::Mon).filter(inside).collect();
            let weeks = whole_weeks(days);
            let found: Vec<NaiveDate> = weeks.into_iter().flat_map(Days::iter).step_by(7).collect();
            assert_eq!(found, expected, "{days:?}");
            assert!(weeks.is_none_or(|weeks| weeks.last.weekday() == Weekday::Sun));
        }
    }
}
