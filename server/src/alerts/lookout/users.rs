//! Users who spend much: more than a sum that is configured, or than they use to.

use std::collections::HashMap;

use chrono::{DateTime, Datelike, Days as DayCount, NaiveDate, Utc};
use sea_orm::DbErr;
use tollgate_openapi::alert::{AlertLevel, AlertType};
use tollgate_openapi::money::NanoUsd;

use crate::alerts::Alerts;
use crate::db;
use crate::db::daily_entity_spend::{self, Days, Kind};
use crate::domain::alert::{Happened, NewAlert};
use crate::domain::anomaly::{HISTORY_DAYS, Usual};

/// Users of a look, the dearest ones.
const USERS_MAX: u64 = 2_000;
/// Users whose days are read at once.
const CHUNK: usize = 200;

impl Alerts {
    pub(super) async fn look_at_users(&self, now: DateTime<Utc>) -> Result<(), DbErr> {
        let settings = self.settings.load_full();
        let today = now.date_naive();
        let day = Days { first: today, last: today };
        let month = Days { first: today.with_day(1).unwrap_or(today), last: today };
        let mut alerts = Vec::new();
        for (threshold, period, days) in [(settings.user_daily, "day", day), (settings.user_monthly, "month", month)] {
            let Some(NanoUsd(threshold)) = threshold else { continue };
            for (user, spent) in daily_entity_spend::users_from(&self.db, days, threshold.max(1), USERS_MAX).await? {
                let (period, first_day) = (period.to_owned(), days.first);
                let key = format!("user_spend_thresholds/{user}/{period}/{first_day}/{threshold}");
                let what = Happened::UserSpent { spent, threshold, period, first_day };
                let alert = NewAlert::of_gateway(AlertType::UserSpendThresholds, AlertLevel::Medium, key, now, what);
                alerts.push(of_user(user, alert));
            }
        }
        let dear = daily_entity_spend::users_from(&self.db, day, settings.anomaly_min.0.max(1), USERS_MAX).await?;
        for some in dear.chunks(CHUNK) {
            alerts.extend(self.unusual(some, now).await?);
        }
        db::alert::raise_new(&self.db, alerts).await
    }

    /// Those of the users, each with what they have spent today, for whom that is unusual.
    async fn unusual(&self, users: &[(String, i64)], now: DateTime<Utc>) -> Result<Vec<NewAlert>, DbErr> {
        let today = now.date_naive();
        let first = today.checked_sub_days(DayCount::new(HISTORY_DAYS)).unwrap_or(today);
        let days = Days { first, last: today.pred_opt().unwrap_or(today) };
        let ids: Vec<String> = users.iter().map(|(user, _)| user.clone()).collect();
        let mut before: HashMap<String, Vec<(NaiveDate, f64)>> = HashMap::new();
        for share in daily_entity_spend::shares_of(&self.db, days, Kind::User, &ids).await? {
            before.entry(share.id).or_default().push((share.date, NanoUsd(share.spend).to_usd()));
        }
        let alert = |(user, spent): &(String, i64)| {
            let usual = Usual::on(today, before.get(user)?)?;
            let nano = |usd: f64| NanoUsd::from_usd(usd).map(|usd| usd.0).ok();
            let limit = nano(usual.limit).filter(|limit| spent > limit)?;
            let days = i64::try_from(usual.days).unwrap_or(i64::MAX);
            let what =
                Happened::UserSpendsUnusually { day: today, spent: *spent, usual: nano(usual.median)?, limit, days };
            let key = format!("user_spend_anomalies/{user}/{today}");
            let alert = NewAlert::of_gateway(AlertType::UserSpendAnomalies, AlertLevel::Medium, key, now, what);
            Some(of_user(user.clone(), alert))
        };
        Ok(users.iter().filter_map(alert).collect())
    }
}

fn of_user(user: String, alert: NewAlert) -> NewAlert {
    NewAlert { subject_kind: "user".to_owned(), user_id: Some(user.clone()), subject_id: user, ..alert }
}
