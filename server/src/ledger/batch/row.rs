//! Rows of the ledger's tables.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tollgate_openapi::spend::CallStatus;

use super::payers::Payers;
use super::{DailyKey, DailyKeyKey, DailySums, DailyTeamKey, EntityKey};
use crate::db::interrupted_call::{ChargedWindow, Charges};
use crate::db::monthly_spend::month_of;
use crate::db::spend_log::Charged;
use crate::db::{
    JsonMap, Strings, daily_entity_spend, daily_key_spend, daily_spend, daily_tag_spend, daily_team_spend,
    interrupted_call, spend_adjustment, spend_log, stored_time, weekly_entity_spend,
};
use crate::ledger::event::{Charge, RESERVED_NOTE, SpendEvent};

/// As a day's row, with the tag in the end user's place.
pub(super) fn daily_tag_row(key: &DailyKey, sums: DailySums) -> daily_tag_spend::Model {
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
        saved_by_cache: day.saved_by_cache,
        saved_by_prompt_cache: day.saved_by_prompt_cache,
        pruned_spend: day.pruned_spend,
        pruned_requests: day.pruned_requests,
    }
}

pub(super) fn daily_row((date, payers): &DailyKey, sums: DailySums) -> daily_spend::Model {
    let [organization_id, team_id, user_id, api_key, model_group, model, provider, end_user] = payers.clone();
    let [
        spend,
        api_requests,
        failed_requests,
        prompt,
        completion,
        cache_read,
        cache_creation,
        reasoning,
        by_cache,
        by_prompt,
    ] = sums;
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
        saved_by_cache: by_cache,
        saved_by_prompt_cache: by_prompt,
        pruned_spend: 0,
        pruned_requests: 0,
    }
}

/// The same without the end user.
pub(super) fn daily_key_row((date, payers): &DailyKeyKey, sums: DailySums) -> daily_key_spend::Model {
    let [organization_id, team_id, user_id, api_key, model_group, model, provider] = payers.clone();
    let [
        spend,
        api_requests,
        failed_requests,
        prompt,
        completion,
        cache_read,
        cache_creation,
        reasoning,
        by_cache,
        by_prompt,
    ] = sums;
    daily_key_spend::Model {
        date: *date,
        user_id,
        team_id,
        organization_id,
        api_key,
        model_group,
        model,
        provider,
        spend,
        api_requests,
        failed_requests,
        prompt_tokens: prompt,
        completion_tokens: completion,
        cache_read_tokens: cache_read,
        cache_creation_tokens: cache_creation,
        reasoning_tokens: reasoning,
        saved_by_cache: by_cache,
        saved_by_prompt_cache: by_prompt,
    }
}

/// By team alone.
pub(super) fn daily_team_row((date, payers): &DailyTeamKey, sums: DailySums) -> daily_team_spend::Model {
    let [organization_id, team_id, model_group, provider] = payers.clone();
    let of_nobody = [organization_id, team_id, String::new(), String::new(), model_group, String::new(), provider];
    let day = daily_key_row(&(*date, of_nobody), sums);
    daily_team_spend::Model {
        date: day.date,
        organization_id: day.organization_id,
        team_id: day.team_id,
        model_group: day.model_group,
        provider: day.provider,
        spend: day.spend,
        api_requests: day.api_requests,
        failed_requests: day.failed_requests,
        prompt_tokens: day.prompt_tokens,
        completion_tokens: day.completion_tokens,
        cache_read_tokens: day.cache_read_tokens,
        cache_creation_tokens: day.cache_creation_tokens,
        reasoning_tokens: day.reasoning_tokens,
        saved_by_cache: day.saved_by_cache,
        saved_by_prompt_cache: day.saved_by_prompt_cache,
    }
}

/// What a closed month notes of a call, as which kind of entry and when.
pub(super) fn adjustment_row(
    (request_id, start): (&str, DateTime<Utc>),
    payers: &Payers<'_>,
    sums: DailySums,
    (kind, now): (&str, DateTime<Utc>),
) -> spend_adjustment::Model {
    let [organization_id, team_id, user_id, api_key, model_group, model, provider, _] = payers.daily_key();
    let [spend, api_requests, failed_requests, prompt, completion, cache_read, cache_creation, reasoning, ..] = sums;
    spend_adjustment::Model {
        id: 0,
        month: month_of(start.date_naive()),
        counted_in: month_of(now.date_naive()),
        booked_at: stored_time(now),
        kind: kind.to_owned(),
        booked_by: String::new(),
        reason: String::new(),
        reference: String::new(),
        request_id: request_id.to_owned(),
        cost_center: String::new(),
        organization_id,
        team_id,
        user_id,
        api_key,
        model_group,
        model,
        provider,
        spend,
        api_requests,
        failed_requests,
        prompt_tokens: prompt,
        completion_tokens: completion,
        cache_read_tokens: cache_read,
        cache_creation_tokens: cache_creation,
        reasoning_tokens: reasoning,
    }
}

pub(super) fn daily_entity_row((kind, date, id): &EntityKey, sums: DailySums) -> daily_entity_spend::Model {
    let [
        spend,
        api_requests,
        failed_requests,
        prompt,
        completion,
        cache_read,
        cache_creation,
        reasoning,
        by_cache,
        by_prompt,
    ] = sums;
    daily_entity_spend::Model {
        entity_kind: (*kind).to_owned(),
        date: *date,
        entity_id: id.clone(),
        spend,
        api_requests,
        failed_requests,
        prompt_tokens: prompt,
        completion_tokens: completion,
        cache_read_tokens: cache_read,
        cache_creation_tokens: cache_creation,
        reasoning_tokens: reasoning,
        saved_by_cache: by_cache,
        saved_by_prompt_cache: by_prompt,
    }
}

/// The same of a week.
pub(super) fn weekly_entity_row(key: &EntityKey, sums: DailySums) -> weekly_entity_spend::Model {
    let week = daily_entity_row(key, sums);
    weekly_entity_spend::Model {
        entity_kind: week.entity_kind,
        week: week.date,
        entity_id: week.entity_id,
        spend: week.spend,
        api_requests: week.api_requests,
        failed_requests: week.failed_requests,
        prompt_tokens: week.prompt_tokens,
        completion_tokens: week.completion_tokens,
        cache_read_tokens: week.cache_read_tokens,
        cache_creation_tokens: week.cache_creation_tokens,
        reasoning_tokens: week.reasoning_tokens,
        saved_by_cache: week.saved_by_cache,
        saved_by_prompt_cache: week.saved_by_prompt_cache,
    }
}

pub(super) fn daily_parts(event: &SpendEvent) -> DailySums {
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
        event.saved.by_cache_nano,
        event.saved.by_prompt_cache_nano,
    ]
}

/// The row of an interrupted call; `None` for any other.
pub(in crate::ledger) fn interrupted_row(event: &SpendEvent) -> Option<interrupted_call::Model> {
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

/// The ledger's row of a call.
pub(in crate::ledger) fn log_row(event: &SpendEvent) -> spend_log::Model {
    let usage = &event.usage;
    let owned = |value: Option<&Arc<str>>| value.map(ToString::to_string);
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
        saved_by_cache: event.saved.by_cache_nano,
        saved_by_prompt_cache: event.saved.by_prompt_cache_nano,
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
        cache_hit: if event.cache_hit { "True" } else { "False" }.to_owned(),
        request_tags: Strings(event.tags.iter().map(ToString::to_string).collect()),
        metadata: JsonMap(event.notes()),
        charges: Some(charges_text(event)),
    }
}

/// What it was charged to, as the log keeps it.
fn charges_text(event: &SpendEvent) -> String {
    let charge = |charge: &Charge| (charge.kind.to_string(), charge.id.to_string(), charge.window_start_us);
    let charged = Charged(event.charges.iter().map(charge).collect());
    // Texts and a number are always JSON.
    serde_json::to_string(&charged).unwrap_or_else(|_| "[]".to_owned())
}

pub(super) fn duration_ms(event: &SpendEvent) -> i64 {
    (event.end_time - event.start_time).num_milliseconds().max(0)
}

fn count(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}
