//! Columns of an export by day.

use tollgate_openapi::money::NanoUsd;

use super::cell::Cell;
use super::named::Named;
use crate::db::day_row::Row;

pub(super) const COLUMNS: [&str; 24] = [
    "date",
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
    "provider",
    "end_user",
    "spend",
    "api_requests",
    "failed_requests",
    "prompt_tokens",
    "completion_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "reasoning_tokens",
    "saved_by_cache",
    "saved_by_prompt_cache",
    "cost_center",
];

pub(super) fn cells<'a>(row: &'a Row, named: &'a Named) -> [Cell<'a>; COLUMNS.len()] {
    [
        Cell::Day(row.date),
        Cell::text(&row.organization_id),
        Cell::maybe(named.organization(&row.organization_id)),
        Cell::text(&row.team_id),
        Cell::maybe(named.team(&row.team_id)),
        Cell::text(&row.user_id),
        Cell::maybe(named.user(&row.user_id)),
        Cell::text(&row.api_key),
        Cell::maybe(named.key(&row.api_key)),
        Cell::text(&row.model_group),
        Cell::text(&row.model),
        Cell::text(&row.provider),
        Cell::text(&row.end_user),
        Cell::Money(NanoUsd(row.sums.spend)),
        Cell::Count(row.sums.api_requests),
        Cell::Count(row.sums.failed_requests),
        Cell::Count(row.sums.prompt_tokens),
        Cell::Count(row.sums.completion_tokens),
        Cell::Count(row.sums.cache_read_tokens),
        Cell::Count(row.sums.cache_creation_tokens),
        Cell::Count(row.sums.reasoning_tokens),
        Cell::Money(NanoUsd(row.sums.saved_by_cache)),
        Cell::Money(NanoUsd(row.sums.saved_by_prompt_cache)),
        Cell::maybe(named.cost_center(&row.team_id, &row.organization_id)),
    ]
}
