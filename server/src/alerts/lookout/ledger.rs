//! Whether yesterday adds up: a part of what `tollgate ledger verify` proves, cheap enough for every night.

use chrono::{DateTime, Days as DayCount, NaiveDate, NaiveTime, TimeDelta, Utc};
use sea_orm::DbErr;

use crate::alerts::Alerts;
use crate::db;
use crate::ledger::verify;

/// A day is added up so long after it is over.
const AFTER: TimeDelta = TimeDelta::hours(2);

impl Alerts {
    /// Adds yesterday up, unless `verified` is that day. Returns the last day that was.
    pub(super) async fn look_at_yesterday(
        &self,
        now: DateTime<Utc>,
        verified: Option<NaiveDate>,
    ) -> Result<Option<NaiveDate>, DbErr> {
        let today = now.date_naive();
        let yesterday = today.checked_sub_days(DayCount::new(1));
        let Some(day) =
            yesterday.filter(|day| now >= today.and_time(NaiveTime::MIN).and_utc() + AFTER && verified != Some(*day))
        else {
            return Ok(verified);
        };
        let mismatches = verify::verify_day(&self.db, day).await?;
        let alert = verify::alert("day", day, &mismatches, 0, now);
        db::alert::raise_new(&self.db, alert.into_iter().collect()).await?;
        Ok(Some(day))
    }
}
