//! What a batch of events adds to every sum.

mod carried;
mod payers;
mod row;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use tollgate_openapi::spend::CallStatus;

pub(super) use self::carried::book_carried;
use self::payers::Payers;
use self::row::{
    adjustment_row, daily_entity_row, daily_key_row, daily_parts, daily_row, daily_tag_row, daily_team_row,
    duration_ms, weekly_entity_row,
};
pub(super) use self::row::{interrupted_row, log_row};
use super::event::{Charge, SpendEvent};
use super::watch::Touched;
use crate::db::monthly_spend::month_of;
use crate::db::{
    self, budget_spend, closed_month, daily_entity_spend, daily_key_spend, daily_latency, daily_spend, daily_tag_spend,
    daily_team_spend, spend_adjustment, spend_log, spend_total, stored_time, weekly_entity_spend,
};

/// The rows a batch adds, each key once and in order, so that two nodes lock them in the same order.
#[derive(Debug, Default)]
pub(super) struct Sums {
    daily: BTreeMap<DailyKey, DailySums>,
    daily_keys: BTreeMap<DailyKeyKey, DailySums>,
    daily_teams: BTreeMap<DailyTeamKey, DailySums>,
    daily_entities: BTreeMap<EntityKey, DailySums>,
    weekly_entities: BTreeMap<EntityKey, DailySums>,
    daily_tags: BTreeMap<DailyKey, DailySums>,
    latency: BTreeMap<(NaiveDate, String, i32), i64>,
    totals: BTreeMap<(&'static str, String), (i64, i64, DateTime<Utc>)>,
    budgets: BTreeMap<WindowKey, WindowSums>,
}

/// Date, organization, team, user, key, public model, model, provider, end user; in the sums by tag the tag instead of it.
type DailyKey = (NaiveDate, [String; 8]);

/// The same without the last.
type DailyKeyKey = (NaiveDate, [String; 7]);

/// Date, organization, team, public model and provider.
type DailyTeamKey = (NaiveDate, [String; 4]);

/// Kind, day or week, and id.
type EntityKey = (&'static str, NaiveDate, String);

/// Kind, id and start of a budget window.
type WindowKey = (String, String, i64);

/// What is added to a budget window.
#[derive(Clone, Copy, Debug, Default)]
struct WindowSums {
    spent: i64,
    /// The part of it that the log does not say.
    pruned: i64,
}

/// Spend, requests, failures, prompt, completion, cache read, cache creation, reasoning, saved by the cache and by the
/// provider's.
type DailySums = [i64; 10];

/// Nothing but what was spent.
const fn only_spend(spend: i64) -> DailySums {
    [spend, 0, 0, 0, 0, 0, 0, 0, 0, 0]
}

impl Sums {
    /// The sums of those `events` whose ids are in `inserted`, each id once.
    pub(super) fn of(events: &[Cow<'_, SpendEvent>], inserted: &HashSet<String>) -> Self {
        let mut sums = Self::default();
        let mut seen = HashSet::with_capacity(events.len());
        for event in events {
            if inserted.contains(&*event.request_id) && seen.insert(&*event.request_id) {
                sums.add(event);
            }
        }
        sums
    }

    /// What a call that is in the log already costs more than is known so far.
    pub(super) fn of_correction(call: &spend_log::Model, charges: &[Charge], spend: i64) -> Self {
        let mut sums = Self::default();
        let parts = only_spend(spend);
        sums.book(&Payers::of_call(call), call.start_time, parts, charges);
        if call.charges.is_none() {
            sums.budgets.values_mut().for_each(|window| window.pruned = window.spent);
        }
        sums
    }

    fn add(&mut self, event: &SpendEvent) {
        self.book(&Payers::of_event(event), event.start_time, daily_parts(event), &event.charges);
        if event.status == CallStatus::Success {
            let bucket = daily_latency::bucket_of(duration_ms(event));
            let key = (event.start_time.date_naive(), event.model_group.to_string(), bucket);
            *self.latency.entry(key).or_default() += 1;
        }
    }

    /// Adds `parts`, of which the first is the spend and the second the number of calls, to every sum.
    fn book(&mut self, payers: &Payers<'_>, at: DateTime<Utc>, parts: DailySums, charges: &[Charge]) {
        let [spend, calls, ..] = parts;
        let date = at.date_naive();
        let key = payers.daily_key();
        add_parts(self.daily_teams.entry((date, payers.daily_team_key())).or_default(), parts);
        let [of_key @ .., _] = key.clone();
        add_parts(self.daily_keys.entry((date, of_key)).or_default(), parts);
        add_parts(self.daily.entry((date, key)).or_default(), parts);
        for tag in &payers.tags {
            add_parts(self.daily_tags.entry((date, payers.daily_key_of(tag))).or_default(), parts);
        }
        for (kind, id) in payers.entities() {
            add_parts(self.daily_entities.entry((kind, date, id.to_owned())).or_default(), parts);
            if weekly_entity_spend::KINDS.contains(&kind) {
                let key = (kind, weekly_entity_spend::week_of(date), id.to_owned());
                add_parts(self.weekly_entities.entry(key).or_default(), parts);
            }
            let total = self.totals.entry((kind, id.to_owned())).or_insert((0, 0, at));
            total.0 = total.0.saturating_add(spend);
            total.1 += calls;
            total.2 = total.2.max(at);
        }
        for charge in charges {
            let key = (charge.kind.to_string(), charge.id.to_string(), charge.window_start_us);
            let window = self.budgets.entry(key).or_default();
            window.spent = window.spent.saturating_add(spend);
        }
    }

    /// Writes the sums, and returns the budget windows as they are then.
    pub(super) async fn write(&self, db: &impl ConnectionTrait) -> Result<Vec<Touched>, DbErr> {
        use db::ledger::{add, add_returning};
        add::<daily_spend::Entity>(db, self.daily.iter().map(|(key, sums)| daily_row(key, *sums)).collect()).await?;
        let keys = self.daily_keys.iter().map(|(key, sums)| daily_key_row(key, *sums));
        add::<daily_key_spend::Entity>(db, keys.collect()).await?;
        let teams = self.daily_teams.iter().map(|(key, sums)| daily_team_row(key, *sums));
        add::<daily_team_spend::Entity>(db, teams.collect()).await?;
        let entities = self.daily_entities.iter().map(|(key, sums)| daily_entity_row(key, *sums));
        add::<daily_entity_spend::Entity>(db, entities.collect()).await?;
        let weeks = self.weekly_entities.iter().map(|(key, sums)| weekly_entity_row(key, *sums));
        add::<weekly_entity_spend::Entity>(db, weeks.collect()).await?;
        let tags = self.daily_tags.iter().map(|(key, sums)| daily_tag_row(key, *sums));
        add::<daily_tag_spend::Entity>(db, tags.collect()).await?;
        add::<daily_latency::Entity>(db, self.latency_rows()).await?;
        add::<spend_total::Entity>(db, self.total_rows()).await?;
        let windows = add_returning::<budget_spend::Entity>(db, window_rows(&self.budgets)).await?;
        let touched = windows.into_iter().map(|window| {
            let key = (window.scope_kind.clone(), window.scope_id.clone(), window.window_start);
            let added = self.budgets.get(&key).map_or(0, |sums| sums.spent);
            Touched { window, added }
        });
        Ok(touched.collect())
    }

    fn latency_rows(&self) -> Vec<daily_latency::Model> {
        let row = |((date, model_group, bucket), calls): (&(NaiveDate, String, i32), &i64)| daily_latency::Model {
            date: *date,
            model_group: model_group.clone(),
            bucket: *bucket,
            calls: *calls,
        };
        self.latency.iter().map(row).collect()
    }

    fn total_rows(&self) -> Vec<spend_total::Model> {
        let rows = self.totals.iter();
        let row = |((kind, id), (spend, api_requests, last_used_at)): (&(&str, String), &(i64, i64, DateTime<Utc>))| {
            spend_total::Model {
                entity_kind: (*kind).to_owned(),
                entity_id: id.clone(),
                spend: *spend,
                api_requests: *api_requests,
                last_used_at: stored_time(*last_used_at),
            }
        };
        rows.map(row).collect()
    }
}

fn add_parts(row: &mut DailySums, parts: DailySums) {
    for (sum, part) in row.iter_mut().zip(parts) {
        *sum = sum.saturating_add(part);
    }
}

fn window_rows(windows: &BTreeMap<WindowKey, WindowSums>) -> Vec<budget_spend::Model> {
    let row = |((scope_kind, scope_id, window_start), sums): (&WindowKey, &WindowSums)| budget_spend::Model {
        scope_kind: scope_kind.clone(),
        scope_id: scope_id.clone(),
        window_start: *window_start,
        spent: sums.spent,
        adjusted: 0,
        pruned_spent: sums.pruned,
    };
    windows.iter().map(row).collect()
}

/// What budget windows are to note when `calls` leave the log.
///
/// # Errors
/// When a call does not say in an orderly way what it was charged to.
pub(super) fn pruned_windows(calls: &[spend_log::Model]) -> Result<Vec<budget_spend::Model>, DbErr> {
    let mut windows: BTreeMap<WindowKey, WindowSums> = BTreeMap::new();
    for call in calls {
        for key in call.charged().map_err(|error| DbErr::Json(error.to_string()))?.0 {
            let pruned = &mut windows.entry(key).or_default().pruned;
            *pruned = pruned.saturating_add(call.spend);
        }
    }
    Ok(window_rows(&windows))
}

/// What closed months are to note of those of the `events` that are new: each of these is in the sums of a day that nobody
/// expects to change.
pub(super) async fn book_late(
    db: &impl ConnectionTrait,
    events: &[Cow<'_, SpendEvent>],
    inserted: &HashSet<String>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let month = |event: &SpendEvent| month_of(event.start_time.date_naive());
    let months: BTreeSet<NaiveDate> = events.iter().map(|event| month(event)).collect();
    let closed = closed_month::closed_of(db, months).await?;
    if closed.is_empty() {
        return Ok(());
    }
    let now = closed_month::booking_time(db, now).await?;
    let mut seen = HashSet::new();
    let late = events.iter().filter(|event| closed.contains(&month(event)) && inserted.contains(&*event.request_id));
    let late = late.filter(|event| seen.insert(Arc::clone(&event.request_id)));
    let entries = late.map(|event| {
        let call = (&*event.request_id, event.start_time);
        adjustment_row(call, &Payers::of_event(event), daily_parts(event), (spend_adjustment::LATE_CALL, now))
    });
    spend_adjustment::book(db, entries.collect()).await
}

/// The same of what a call that is in the log already costs more than is known so far.
pub(super) async fn book_correction(
    db: &impl ConnectionTrait,
    call: &spend_log::Model,
    spend: i64,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    if closed_month::closed_of(db, [month_of(call.start_time.date_naive())]).await?.is_empty() {
        return Ok(());
    }
    let (parts, now) = (only_spend(spend), closed_month::booking_time(db, now).await?);
    let of_call = (call.request_id.as_str(), call.start_time);
    let entry = adjustment_row(of_call, &Payers::of_call(call), parts, (spend_adjustment::RESOLVED_CALL, now));
    spend_adjustment::book(db, vec![entry]).await
}

/// What the days of `calls` are to note when these leave the log.
pub(super) fn pruned_rows(calls: &[spend_log::Model]) -> Vec<daily_spend::Model> {
    let mut pruned: BTreeMap<DailyKey, (i64, i64)> = BTreeMap::new();
    for call in calls {
        let key = (call.start_time.date_naive(), Payers::of_call(call).daily_key());
        let (spend, requests) = pruned.entry(key).or_default();
        *spend = spend.saturating_add(call.spend);
        *requests += 1;
    }
    let row = |(key, (spend, requests)): (DailyKey, (i64, i64))| daily_spend::Model {
        pruned_spend: spend,
        pruned_requests: requests,
        ..daily_row(&key, [0; 10])
    };
    pruned.into_iter().map(row).collect()
}

/// The same of their tags.
pub(super) fn pruned_tag_rows(calls: &[spend_log::Model]) -> Vec<daily_tag_spend::Model> {
    let mut pruned: BTreeMap<DailyKey, (i64, i64)> = BTreeMap::new();
    for call in calls {
        let payers = Payers::of_call(call);
        for tag in &payers.tags {
            let key = (call.start_time.date_naive(), payers.daily_key_of(tag));
            let (spend, requests) = pruned.entry(key).or_default();
            *spend = spend.saturating_add(call.spend);
            *requests += 1;
        }
    }
    let row = |(key, (spend, requests)): (DailyKey, (i64, i64))| daily_tag_spend::Model {
        pruned_spend: spend,
        pruned_requests: requests,
        ..daily_tag_row(&key, [0; 10])
    };
    pruned.into_iter().map(row).collect()
}
