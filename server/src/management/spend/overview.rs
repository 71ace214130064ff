//! `GET /spend/overview`: everything the console's first page shows.

use actix_web::web;
use chrono::{Datelike, Months, NaiveDate};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::paths;
use tollgate_openapi::spend::{DayTotals, Overview, PeriodTotals};

use super::dates::{self, RECENT_DAYS};
use super::global::{keys_that_spent_most, models_that_cost_most};
use crate::app::App;
use crate::auth::Principal;
use crate::db::daily_entity_spend::{self, DaySums, Days, Of};
use crate::db::daily_latency::{self, DayBucket};
use crate::domain::permission::Action;
use crate::error::ApiResult;

/// Keys and models in the top lists.
const TOP: u64 = 10;

/// Spend, requests, errors and latency at a glance
///
/// Days and months are UTC's.
#[utoipa::path(
    get,
    path = paths::SPEND_OVERVIEW,
    operation_id = "spend_overview",
    tag = "spend",
    responses(
        (status = 200, description = "The overview", body = Overview),
        (status = 403, description = "The caller may not see the whole gateway's spend", body = ErrorEnvelope),
    ),
)]
pub async fn overview(app: web::Data<App>, principal: Principal) -> ApiResult<web::Json<Overview>> {
    principal.authorize_all(Action::SpendReadAll)?;
    let periods = Periods::around(app.clock.now().date_naive());
    let sums = async { Ok(daily_entity_spend::by_day(&app.db, periods.all(), Of::Everyone).await?) };
    let latencies = async { Ok(daily_latency::by_day(&app.db, periods.all()).await?) };
    let top = (keys_that_spent_most(&app, TOP), models_that_cost_most(&app, TOP));
    let (sums, latencies, top_keys, top_models) = futures_util::try_join!(sums, latencies, top.0, top.1)?;
    let figures = Figures { sums, latencies };
    Ok(web::Json(Overview {
        today: figures.over(one(periods.today)),
        yesterday: figures.over(one(periods.yesterday)),
        month: figures.over(periods.month),
        last_month: figures.over(periods.last_month),
        days: periods.recent.iter().map(|date| DayTotals { date, totals: figures.over(one(date)) }).collect(),
        top_keys,
        top_models,
    }))
}

/// The stretches of days that are shown.
#[derive(Clone, Copy, Debug)]
struct Periods {
    today: NaiveDate,
    yesterday: NaiveDate,
    month: Days,
    last_month: Days,
    recent: Days,
}

impl Periods {
    fn around(today: NaiveDate) -> Self {
        let month_start = today.with_day(1).unwrap_or(today);
        let last_month_start = month_start.checked_sub_months(Months::new(1)).unwrap_or(month_start);
        Self {
            today,
            yesterday: today.pred_opt().unwrap_or(today),
            month: Days { first: month_start, last: today },
            last_month: Days { first: last_month_start, last: month_start.pred_opt().unwrap_or(month_start) },
            recent: dates::recent(today, RECENT_DAYS),
        }
    }

    /// Every day of any of them: they are read once.
    fn all(&self) -> Days {
        Days { first: self.last_month.first.min(self.recent.first), last: self.today }
    }
}

fn one(day: NaiveDate) -> Days {
    Days { first: day, last: day }
}

struct Figures {
    sums: Vec<DaySums>,
    latencies: Vec<DayBucket>,
}

impl Figures {
    fn over(&self, days: Days) -> PeriodTotals {
        let mut totals = PeriodTotals::default();
        for day in self.sums.iter().filter(|day| days.contains(day.date)) {
            totals.spend += NanoUsd(day.spend);
            totals.api_requests = totals.api_requests.saturating_add(day.api_requests);
            totals.failed_requests = totals.failed_requests.saturating_add(day.failed_requests);
            totals.total_tokens = totals.total_tokens.saturating_add(day.total_tokens);
        }
        let latencies = self.latencies.iter().filter(|day| days.contains(day.date));
        let buckets: Vec<(i32, i64)> = latencies.map(|day| (day.bucket, day.calls)).collect();
        totals.latency_p50_ms = daily_latency::percentile_ms(&buckets, 0.5);
        totals.latency_p95_ms = daily_latency::percentile_ms(&buckets, 0.95);
        totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_and_end_where_the_calendar_says() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let periods = Periods::around(day("2026-03-31"));
        assert_eq!(periods.month, Days { first: day("2026-03-01"), last: day("2026-03-31") });
        assert_eq!(periods.last_month, Days { first: day("2026-02-01"), last: day("2026-02-28") });
        assert_eq!(periods.all(), Days { first: day("2026-02-01"), last: day("2026-03-31") });
        let periods = Periods::around(day("2026-01-01"));
        assert_eq!(periods.last_month, Days { first: day("2025-12-01"), last: day("2025-12-31") });
    }
}
