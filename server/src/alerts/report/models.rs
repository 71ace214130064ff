//! Reports of how models did on a day that is over: which failed most, and which were slowest.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{DateTime, Days as DayCount, NaiveTime, TimeDelta, Utc};
use sea_orm::DbErr;
use tollgate_openapi::alert::{AlertLevel, AlertType};

use crate::alerts::words::{counted, day};
use crate::alerts::{Alerts, Words};
use crate::db::daily_entity_spend::Days;
use crate::db::daily_latency::{self, percentile_ms};
use crate::db::usage::{self, Of, Sums};
use crate::db::{self, Scope};
use crate::domain::alert::{Happened, NewAlert};
use crate::domain::report::{FailedModel, ModelReport, SlowModel};

/// A day is reported so long after it is over: calls that ended with it are in the ledger by then.
const AFTER: TimeDelta = TimeDelta::hours(1);
/// Models of a kind.
const TOP: usize = 5;

impl Alerts {
    /// Raises the report of yesterday, if there were calls and it was not raised before.
    pub(in crate::alerts) async fn report_models(&self, now: DateTime<Utc>) -> Result<(), DbErr> {
        let today = now.date_naive();
        let Some(yesterday) = today.checked_sub_days(DayCount::new(1)) else { return Ok(()) };
        let key = format!("daily_reports/{yesterday}");
        if now < today.and_time(NaiveTime::MIN).and_utc() + AFTER || db::alert::is_known(&self.db, &key).await? {
            return Ok(());
        }
        let report = self.model_report(Days { first: yesterday, last: yesterday }).await?;
        if report.api_requests == 0 {
            return Ok(());
        }
        let what = Happened::ModelReport(Box::new(report));
        let alert = NewAlert::of_gateway(AlertType::DailyReports, AlertLevel::Low, key, now, what);
        db::alert::raise_new(&self.db, vec![alert]).await
    }

    async fn model_report(&self, days: Days) -> Result<ModelReport, DbErr> {
        let of = Of { scope: &Scope::All, filters: Vec::new() };
        let all = usage::by_day(&self.db, &of, days).await?;
        let all = all.into_iter().fold(Sums::default(), |sum, (_, day)| sum.plus(day));
        let failed = usage::failed(&self.db, days, u64::try_from(TOP).unwrap_or(u64::MAX)).await?.into_iter();
        let failed = failed.map(|(model, provider, sums)| FailedModel {
            model,
            provider,
            api_requests: sums.api_requests,
            failed_requests: sums.failed_requests,
        });
        Ok(ModelReport {
            day: days.first,
            api_requests: all.api_requests,
            failed_requests: all.failed_requests,
            failed: failed.collect(),
            slowest: slowest(daily_latency::by_model(&self.db, days).await?),
        })
    }
}

/// The slowest models of these: model, bucket, calls.
fn slowest(buckets: Vec<(String, i32, i64)>) -> Vec<SlowModel> {
    let mut models: BTreeMap<String, Vec<(i32, i64)>> = BTreeMap::new();
    for (model, bucket, calls) in buckets {
        models.entry(model).or_default().push((bucket, calls));
    }
    let slow = |(model, buckets): (String, Vec<(i32, i64)>)| {
        let at = |share: f64| percentile_ms(&buckets, share).map(whole);
        let calls = buckets.iter().map(|(_, calls)| calls).sum();
        Some(SlowModel { model, calls, median_ms: at(0.5)?, p95_ms: at(0.95)? })
    };
    let mut slowest: Vec<SlowModel> = models.into_iter().filter_map(slow).collect();
    slowest.sort_by_key(|model| Reverse((model.p95_ms, model.median_ms)));
    slowest.truncate(TOP);
    slowest
}

fn whole(milliseconds: f64) -> i64 {
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "the last bucket is of twelve days")]
    let whole = milliseconds.round() as i64;
    whole
}

/// A report in words.
pub(in crate::alerts) fn words(report: &ModelReport) -> Words {
    let title = format!(
        "Models on {}: {} of {} failed",
        day(report.day),
        report.failed_requests,
        counted(report.api_requests, "call")
    );
    let mut lines = Vec::new();
    if !report.failed.is_empty() {
        let line = |one: &FailedModel| {
            format!("{} at {} {} of {}", one.model, one.provider, one.failed_requests, one.api_requests)
        };
        lines.push(format!("Failed most: {}", report.failed.iter().map(line).collect::<Vec<_>>().join(", ")));
    }
    if !report.slowest.is_empty() {
        let line = |one: &SlowModel| {
            format!("{} {} (95 of 100 within {})", one.model, seconds(one.median_ms), seconds(one.p95_ms))
        };
        lines.push(format!("Slowest: {}", report.slowest.iter().map(line).collect::<Vec<_>>().join(", ")));
    }
    Words::new(title, lines.join("\n"))
        .fact("Calls", report.api_requests.to_string())
        .fact("Failed", report.failed_requests.to_string())
        .link(format!("/ui/usage?from={0}&to={0}", report.day))
}

fn seconds(milliseconds: i64) -> String {
    format!("{}.{:02} s", milliseconds / 1_000, milliseconds % 1_000 / 10)
}
