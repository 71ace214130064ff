//! What a batch of events adds to every sum.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::Value;
use tollgate_openapi::spend::CallStatus;

use super::event::{Charge, RESERVED_NOTE, SpendEvent};
use crate::db::interrupted_call::{ChargedWindow, Charges};
use crate::db::{
    self, JsonMap, Strings, budget_spend, daily_latency, daily_spend, daily_tag_spend, interrupted_call, spend_log,
    spend_total, stored_time,
};

/// The rows a batch adds, each key once and in order, so that two nodes lock them in the same order.
#[derive(Debug, Default)]
pub(super) struct Sums {
    daily: BTreeMap<DailyKey, DailySums>,
    daily_tags: BTreeMap<DailyKey, DailySums>,
    latency: BTreeMap<(NaiveDate, String, i32), i64>,
    totals: BTreeMap<(&'static str, String), (i64, i64, DateTime<Utc>)>,
    budgets: BTreeMap<(String, String, i64), i64>,
}

/// Date, organization, team, user, key, public model, model, provider, end user; in the sums by tag the tag instead of it.
type DailyKey = (NaiveDate, [String; 8]);

/// Spend, requests, failures, prompt, completion, cache read, cache creation, reasoning.
type DailySums = [i64; 8];

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
        let parts = [spend, 0, 0, 0, 0, 0, 0, 0];
        sums.book(&Payers::of_call(call), call.start_time, parts, charges);
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
        let row = self.daily.entry((at.date_naive(), payers.daily_key())).or_default();
        for (sum, part) in row.iter_mut().zip(parts) {
            *sum = sum.saturating_add(part);
        }
        for tag in &payers.tags {
            let row = self.daily_tags.entry((at.date_naive(), payers.daily_key_of(tag))).or_default();
            for (sum, part) in row.iter_mut().zip(parts) {
                *sum = sum.saturating_add(part);
            }
        }
        for (kind, id) in payers.entities() {
            let total = self.totals.entry((kind, id.to_owned())).or_insert((0, 0, at));
            total.0 = total.0.saturating_add(spend);
            total.1 += calls;
            total.2 = total.2.max(at);
        }
        for charge in charges {
            let key = (charge.kind.to_string(), charge.id.to_string(), charge.window_start_us);
            let spent = self.budgets.entry(key).or_default();
            *spent = spent.saturating_add(spend);
        }
    }

    /// Writes the sums.
    pub(super) async fn write(&self, db: &impl ConnectionTrait) -> Result<(), DbErr> {
        db::ledger::add_daily_spend(db, self.daily_rows()).await?;
        db::ledger::add_daily_tag_spend(db, self.daily_tag_rows()).await?;
        db::ledger::add_daily_latency(db, self.latency_rows()).await?;
        db::ledger::add_spend_totals(db, self.total_rows()).await?;
        db::ledger::add_budget_spend(db, self.budget_rows()).await
    }

    fn daily_rows(&self) -> Vec<daily_spend::Model> {
        self.daily.iter().map(|(key, sums)| daily_row(key, *sums)).collect()
    }

    fn daily_tag_rows(&self) -> Vec<daily_tag_spend::Model> {
        self.daily_tags.iter().map(|(key, sums)| daily_tag_row(key, *sums)).collect()
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

    fn budget_rows(&self) -> Vec<budget_spend::Model> {
        let row = |((scope_kind, scope_id, window_start), spent): (&(String, String, i64), &i64)| budget_spend::Model {
            scope_kind: scope_kind.clone(),
            scope_id: scope_id.clone(),
            window_start: *window_start,
            spent: *spent,
            adjusted: 0,
        };
        self.budgets.iter().map(row).collect()
    }
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
        ..daily_row(&key, [0; 8])
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
        ..daily_tag_row(&key, [0; 8])
    };
    pruned.into_iter().map(row).collect()
}

/// As a day's row, with the tag in the end user's place.
fn daily_tag_row(key: &DailyKey, sums: DailySums) -> daily_tag_spend::Model {
    let day = daily_row(key, sums);
    daily_tag_spend::Model {
        date: day.date,
        tag: day.end_user,
        organization_id: day.organization_id,
        team_id: day.team_id,
        user_id: day.user_id,
        api_key: day.api_key,
        model_group: day.model_group,
        model: day.model,
        provider: day.provider,
        spend: day.spend,
        api_requests: day.api_requests,
        failed_requests: day.failed_requests,
        prompt_tokens: day.prompt_tokens,
        completion_tokens: day.completion_tokens,
        cache_read_tokens: day.cache_read_tokens,
        cache_creation_tokens: day.cache_creation_tokens,
        reasoning_tokens: day.reasoning_tokens,
        pruned_spend: day.pruned_spend,
        pruned_requests: day.pruned_requests,
    }
}

fn daily_row((date, payers): &DailyKey, sums: DailySums) -> daily_spend::Model {
    let [organization_id, team_id, user_id, api_key, model_group, model, provider, end_user] = payers.clone();
    let [spend, api_requests, failed_requests, prompt, completion, cache_read, cache_creation, reasoning] = sums;
    daily_spend::Model {
        date: *date,
        organization_id,
        team_id,
        user_id,
        api_key,
        model_group,
        model,
        provider,
        end_user,
        spend,
        api_requests,
        failed_requests,
        prompt_tokens: prompt,
        completion_tokens: completion,
        cache_read_tokens: cache_read,
        cache_creation_tokens: cache_creation,
        reasoning_tokens: reasoning,
        pruned_spend: 0,
        pruned_requests: 0,
    }
}

/// Everything a call is booked to; what it does not have is empty.
struct Payers<'a> {
    organization_id: &'a str,
    team_id: &'a str,
    user_id: &'a str,
    api_key: &'a str,
    model_group: &'a str,
    model: &'a str,
    provider: &'a str,
    end_user: &'a str,
    tags: BTreeSet<&'a str>,
}

impl<'a> Payers<'a> {
    fn of_event(event: &'a SpendEvent) -> Self {
        let text = |value: &'a Option<Arc<str>>| value.as_deref().unwrap_or_default();
        Self {
            organization_id: text(&event.organization_id),
            team_id: text(&event.team_id),
            user_id: text(&event.user_id),
            api_key: &event.api_key,
            model_group: &event.model_group,
            model: &event.model,
            provider: text(&event.provider),
            end_user: event.end_user.as_deref().unwrap_or_default(),
            tags: event.tags.iter().map(|tag| &**tag).collect(),
        }
    }

    fn of_call(call: &'a spend_log::Model) -> Self {
        let text = |value: &'a Option<String>| value.as_deref().unwrap_or_default();
        Self {
            organization_id: text(&call.organization_id),
            team_id: text(&call.team_id),
            user_id: text(&call.user_id),
            api_key: &call.api_key,
            model_group: &call.model_group,
            model: &call.model,
            provider: text(&call.custom_llm_provider),
            end_user: text(&call.end_user),
            tags: call.request_tags.0.iter().map(String::as_str).collect(),
        }
    }

    fn daily_key(&self) -> [String; 8] {
        self.daily_key_of(self.end_user)
    }

    fn daily_key_of(&self, last: &str) -> [String; 8] {
        let Self { organization_id, team_id, user_id, api_key, model_group, model, provider, .. } = *self;
        [organization_id, team_id, user_id, api_key, model_group, model, provider, last].map(str::to_owned)
    }

    /// The entities whose totals a call adds to.
    fn entities(&self) -> impl Iterator<Item = (&'static str, &'a str)> + '_ {
        let always = [("global", ""), ("key", self.api_key), ("model_group", self.model_group)];
        let sometimes = [
            ("user", self.user_id),
            ("team", self.team_id),
            ("organization", self.organization_id),
            ("end_user", self.end_user),
            ("provider", self.provider),
        ];
        let tags = self.tags.iter().map(|tag| ("tag", *tag));
        always.into_iter().chain(sometimes.into_iter().chain(tags).filter(|(_, id)| !id.is_empty()))
    }
}

/// The row of an interrupted call; `None` for any other.
pub(super) fn interrupted_row(event: &SpendEvent) -> Option<interrupted_call::Model> {
    let charge = |charge: &Charge| ChargedWindow {
        kind: charge.kind.to_string(),
        id: charge.id.to_string(),
        window_start_us: charge.window_start_us,
    };
    (event.status == CallStatus::Interrupted).then(|| interrupted_call::Model {
        request_id: event.request_id.to_string(),
        reserved: event.metadata.get(RESERVED_NOTE).and_then(Value::as_i64).unwrap_or(0),
        charges: Charges(event.charges.iter().map(charge).collect()),
        noticed_at: stored_time(event.end_time),
        resolved_spend: None,
        reason: None,
        resolved_by: None,
        resolved_at: None,
    })
}

fn daily_parts(event: &SpendEvent) -> DailySums {
    let is_failed = matches!(event.status, CallStatus::Failure | CallStatus::Interrupted);
    let usage = &event.usage;
    [
        event.spend_nano,
        1,
        i64::from(is_failed),
        count(usage.prompt_tokens()),
        count(usage.completion_tokens()),
        count(usage.cache_read),
        count(usage.cache_write_5m.saturating_add(usage.cache_write_1h)),
        count(usage.reasoning),
    ]
}

/// The ledger's row of a call.
pub(super) fn log_row(event: &SpendEvent) -> spend_log::Model {
    let usage = &event.usage;
    let owned = |value: Option<&std::sync::Arc<str>>| value.map(ToString::to_string);
    spend_log::Model {
        request_id: event.request_id.to_string(),
        call_type: event.call_type.to_string(),
        api_key: event.api_key.to_string(),
        key_alias: owned(event.key_alias.as_ref()),
        spend: event.spend_nano,
        total_tokens: count(usage.total_tokens()),
        prompt_tokens: count(usage.prompt_tokens()),
        completion_tokens: count(usage.completion_tokens()),
        cache_read_input_tokens: count(usage.cache_read),
        cache_creation_input_tokens: count(usage.cache_write_5m.saturating_add(usage.cache_write_1h)),
        reasoning_tokens: count(usage.reasoning),
        start_time: stored_time(event.start_time),
        end_time: stored_time(event.end_time),
        completion_start_time: event.completion_start_time.map(stored_time),
        request_duration_ms: duration_ms(event),
        overhead_us: event.overhead_us,
        model: event.model.to_string(),
        model_id: owned(event.model_id.as_ref()),
        model_group: event.model_group.to_string(),
        custom_llm_provider: owned(event.provider.as_ref()),
        api_base: owned(event.api_base.as_ref()),
        user_id: owned(event.user_id.as_ref()),
        team_id: owned(event.team_id.as_ref()),
        organization_id: owned(event.organization_id.as_ref()),
        end_user: event.end_user.clone(),
        requester_ip_address: event.requester_ip_address.clone(),
        stream: event.stream,
        status: event.status.as_str().to_owned(),
        status_code: i64::from(event.status_code),
        response_id: event.response_id.clone(),
        cache_hit: "False".to_owned(),
        request_tags: Strings(event.tags.iter().map(ToString::to_string).collect()),
        metadata: JsonMap(event.notes()),
    }
}

fn duration_ms(event: &SpendEvent) -> i64 {
    (event.end_time - event.start_time).num_milliseconds().max(0)
}

fn count(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}
