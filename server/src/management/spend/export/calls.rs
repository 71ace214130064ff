//! Columns of an export call by call.

use tollgate_openapi::money::NanoUsd;

use super::cell::Cell;
use super::named::Named;
use crate::db::spend_log::Exported;

pub(super) const COLUMNS: [&str; 33] = [
    "request_id",
    "start_time",
    "end_time",
    "request_duration_ms",
    "status",
    "status_code",
    "call_type",
    "organization_id",
    "organization_alias",
    "team_id",
    "team_alias",
    "user_id",
    "user_email",
    "api_key",
    "key_alias",
    "model_group",
    "model",
    "model_id",
    "provider",
    "end_user",
    "request_tags",
    "spend",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "reasoning_tokens",
    "saved_by_cache",
    "saved_by_prompt_cache",
    "stream",
    "cache_hit",
    "cost_center",
];

pub(super) fn cells<'a>(call: &'a Exported, named: &'a Named) -> [Cell<'a>; COLUMNS.len()] {
    let name = |id: &'a Option<String>, find: fn(&'a Named, &str) -> Option<&'a str>| {
        Cell::maybe(id.as_deref().and_then(|id| find(named, id)))
    };
    [
        Cell::text(&call.request_id),
        Cell::Instant(call.start_time),
        Cell::Instant(call.end_time),
        Cell::Count(call.request_duration_ms),
        Cell::text(&call.status),
        Cell::Count(call.status_code),
        Cell::text(&call.call_type),
        Cell::maybe(call.organization_id.as_deref()),
        name(&call.organization_id, Named::organization),
        Cell::maybe(call.team_id.as_deref()),
        name(&call.team_id, Named::team),
        Cell::maybe(call.user_id.as_deref()),
        name(&call.user_id, Named::user),
        Cell::text(&call.api_key),
        Cell::maybe(call.key_alias.as_deref()),
        Cell::text(&call.model_group),
        Cell::text(&call.model),
        Cell::maybe(call.model_id.as_deref()),
        Cell::maybe(call.custom_llm_provider.as_deref()),
        Cell::maybe(call.end_user.as_deref()),
        Cell::Texts(&call.request_tags.0),
        Cell::Money(NanoUsd(call.spend)),
        Cell::Count(call.prompt_tokens),
        Cell::Count(call.completion_tokens),
        Cell::Count(call.total_tokens),
        Cell::Count(call.cache_read_input_tokens),
        Cell::Count(call.cache_creation_input_tokens),
        Cell::Count(call.reasoning_tokens),
        Cell::Money(NanoUsd(call.saved_by_cache)),
        Cell::Money(NanoUsd(call.saved_by_prompt_cache)),
        Cell::Flag(call.stream),
        Cell::Flag(call.cache_hit == "True"),
        Cell::maybe(named.cost_center(
            call.team_id.as_deref().unwrap_or_default(),
            call.organization_id.as_deref().unwrap_or_default(),
        )),
    ]
}
