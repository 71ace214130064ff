//! Spend by day and, within a day, by owner, model and key.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::SpendLogsDay;

use crate::app::App;
use crate::db::daily_entity_spend::{self, Days, Kind, Of};
use crate::db::daily_key_spend::{self, Filter};
use crate::db::{self, Scope};
use crate::error::ApiResult;

/// What calls of `scope` that are `of` somebody cost on each of `days`.
pub(super) async fn sums(app: &App, scope: &Scope, days: Days, of: Filter<'_>) -> ApiResult<Vec<SpendLogsDay>> {
    let mut by_day = ByDay::of(days);
    if *scope == Scope::All && of == Filter::default() {
        add_everyone(app, days, &mut by_day).await?;
    } else {
        for part in daily_key_spend::parts(scope, &app.db, days, of).await? {
            let Some(day) = by_day.0.get_mut(&part.date) else { continue };
            let spend = NanoUsd(part.spend);
            day.spend += spend;
            *day.users.entry(part.user_id).or_default() += spend;
            *day.models.entry(part.model_group).or_default() += spend;
            *day.keys.entry(part.api_key).or_default() += spend;
        }
    }
    Ok(by_day.0.into_values().collect())
}

/// The whole gateway's: read from the sums of each kind, since every combination of them would be many times as much.
async fn add_everyone(app: &App, days: Days, by_day: &mut ByDay) -> ApiResult<()> {
    // One snapshot: what no user made is what all users together leave.
    let snapshot = db::begin_snapshot(&app.db).await?;
    let all = daily_entity_spend::by_day(&snapshot, days, Of::Everyone).await?;
    let users = daily_entity_spend::shares(&snapshot, days, Kind::User).await?;
    let models = daily_entity_spend::shares(&snapshot, days, Kind::Model).await?;
    let keys = daily_entity_spend::shares(&snapshot, days, Kind::Key).await?;
    snapshot.rollback().await?;

    let mut ownerless: BTreeMap<NaiveDate, (NanoUsd, i64)> = BTreeMap::new();
    for sums in all {
        let Some(day) = by_day.0.get_mut(&sums.date) else { continue };
        day.spend = NanoUsd(sums.spend);
        ownerless.insert(sums.date, (day.spend, sums.api_requests));
    }
    for share in users {
        let Some(day) = by_day.0.get_mut(&share.date) else { continue };
        if let Some((spend, calls)) = ownerless.get_mut(&share.date) {
            (*spend, *calls) = (*spend - NanoUsd(share.spend), *calls - share.api_requests);
        }
        day.users.insert(share.id, NanoUsd(share.spend));
    }
    for (date, (spend, _)) in ownerless.into_iter().filter(|(_, (_, calls))| *calls > 0) {
        by_day.0.entry(date).and_modify(|day| day.users.extend([(String::new(), spend)]));
    }
    for share in models {
        by_day.0.entry(share.date).and_modify(|day| day.models.extend([(share.id, NanoUsd(share.spend))]));
    }
    for share in keys {
        by_day.0.entry(share.date).and_modify(|day| day.keys.extend([(share.id, NanoUsd(share.spend))]));
    }
    Ok(())
}

/// Every day that was asked for, those without calls included.
struct ByDay(BTreeMap<NaiveDate, SpendLogsDay>);

impl ByDay {
    fn of(days: Days) -> Self {
        let empty = |day| SpendLogsDay {
            start_time: day,
            spend: NanoUsd::ZERO,
            users: BTreeMap::new(),
            models: BTreeMap::new(),
            keys: BTreeMap::new(),
        };
        Self(days.iter().map(|day| (day, empty(day))).collect())
    }
}
