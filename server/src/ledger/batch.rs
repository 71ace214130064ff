//! What a batch of events adds to every sum.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use tollgate_openapi::spend::CallStatus;

use super::event::SpendEvent;
use crate::db::{JsonMap, Strings, budget_spend, daily_latency, daily_spend, spend_log, spend_total, stored_time};

/// The rows a batch adds, each key once and in order, so that two nodes lock them in the same order.
#[derive(Debug, Default)]
pub(super) struct Sums {
    daily: BTreeMap<DailyKey, DailySums>,
    latency: BTreeMap<(NaiveDate, String, i32), i64>,
    totals: BTreeMap<(&'static str, String), (i64, i64, DateTime<Utc>)>,
    budgets: BTreeMap<(String, String, i64), i64>,
}

/// Date, organization, team, user, key, public model, model, provider, end user.
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

    fn add(&mut self, event: &SpendEvent) {
        let date = event.start_time.date_naive();
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let key = [
            text(event.organization_id.as_deref()),
            text(event.team_id.as_deref()),
            text(event.user_id.as_deref()),
            event.api_key.to_string(),
            event.model_group.to_string(),
            event.model.to_string(),
            text(event.provider.as_deref()),
            text(event.end_user.as_deref()),
        ];
        let row = self.daily.entry((date, key)).or_default();
        for (sum, part) in row.iter_mut().zip(daily_parts(event)) {
            *sum = sum.saturating_add(part);
        }
        if event.status == CallStatus::Success {
            let bucket = daily_latency::bucket_of(duration_ms(event));
            *self.latency.entry((date, event.model_group.to_string(), bucket)).or_default() += 1;
        }
        for (kind, id) in entities(event) {
            let total = self.totals.entry((kind, id.to_owned())).or_insert((0, 0, event.start_time));
            total.0 = total.0.saturating_add(event.spend_nano);
            total.1 += 1;
            total.2 = total.2.max(event.start_time);
        }
        for charge in &event.charges {
            let key = (charge.kind.to_string(), charge.id.to_string(), charge.window_start_us);
            let spent = self.budgets.entry(key).or_default();
            *spent = spent.saturating_add(event.spend_nano);
        }
    }

    pub(super) fn daily_rows(&self) -> Vec<daily_spend::Model> {
        let row = |(key, sums): (&DailyKey, &DailySums)| {
            let (date, [organization_id, team_id, user_id, api_key, model_group, model, provider, end_user]) =
                key.clone();
            let [spend, api_requests, failed_requests, prompt, completion, cache_read, cache_creation, reasoning] =
                *sums;
            daily_spend::Model {
                date,
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
            }
        };
        self.daily.iter().map(row).collect()
    }

    pub(super) fn latency_rows(&self) -> Vec<daily_latency::Model> {
        let row = |((date, model_group, bucket), calls): (&(NaiveDate, String, i32), &i64)| daily_latency::Model {
            date: *date,
            model_group: model_group.clone(),
            bucket: *bucket,
            calls: *calls,
        };
        self.latency.iter().map(row).collect()
    }

    pub(super) fn total_rows(&self) -> Vec<spend_total::Model> {
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

    pub(super) fn budget_rows(&self) -> Vec<budget_spend::Model> {
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

/// The entities whose totals a call adds to.
fn entities(event: &SpendEvent) -> impl Iterator<Item = (&'static str, &str)> {
    let always = [("global", ""), ("key", &*event.api_key), ("model_group", &*event.model_group)];
    let sometimes = [
        ("user", event.user_id.as_deref()),
        ("team", event.team_id.as_deref()),
        ("organization", event.organization_id.as_deref()),
        ("end_user", event.end_user.as_deref()),
        ("provider", event.provider.as_deref()),
    ];
    always
        .into_iter()
        .chain(sometimes.into_iter().filter_map(|(kind, id)| id.filter(|id| !id.is_empty()).map(|id| (kind, id))))
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
        request_tags: Strings::default(),
        metadata: JsonMap(event.notes()),
    }
}

fn duration_ms(event: &SpendEvent) -> i64 {
    (event.end_time - event.start_time).num_milliseconds().max(0)
}

fn count(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}
