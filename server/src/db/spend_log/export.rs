//! Calls in the order in which they arrived, read on from one of them: what exports are made of.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{DbBackend, FromQueryResult, QueryOrder, QuerySelect};

use super::search::matching;
use super::{Column, Filter};
use crate::db::{Scope, Strings};

/// What an export tells of a call. Without what can be long: the page of an export is kept in memory.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
#[expect(missing_docs, reason = "named as the columns of the log")]
pub struct Exported {
    pub request_id: String,
    pub call_type: String,
    pub api_key: String,
    pub key_alias: Option<String>,
    pub spend: i64,
    pub total_tokens: i64,
    pub prompt_tokens: i64,
    pub completion_tokens: i64,
    pub cache_read_input_tokens: i64,
    pub cache_creation_input_tokens: i64,
    pub reasoning_tokens: i64,
    pub saved_by_cache: i64,
    pub saved_by_prompt_cache: i64,
    pub start_time: DateTimeUtc,
    pub end_time: DateTimeUtc,
    pub request_duration_ms: i64,
    pub model: String,
    pub model_id: Option<String>,
    pub model_group: String,
    pub custom_llm_provider: Option<String>,
    pub user_id: Option<String>,
    pub team_id: Option<String>,
    pub organization_id: Option<String>,
    pub end_user: Option<String>,
    pub stream: bool,
    pub status: String,
    pub status_code: i64,
    pub cache_hit: String,
    pub request_tags: Strings,
}

const COLUMNS: [Column; 29] = [
    Column::RequestId,
    Column::CallType,
    Column::ApiKey,
    Column::KeyAlias,
    Column::Spend,
    Column::TotalTokens,
    Column::PromptTokens,
    Column::CompletionTokens,
    Column::CacheReadInputTokens,
    Column::CacheCreationInputTokens,
    Column::ReasoningTokens,
    Column::SavedByCache,
    Column::SavedByPromptCache,
    Column::StartTime,
    Column::EndTime,
    Column::RequestDurationMs,
    Column::Model,
    Column::ModelId,
    Column::ModelGroup,
    Column::CustomLlmProvider,
    Column::UserId,
    Column::TeamId,
    Column::OrganizationId,
    Column::EndUser,
    Column::Stream,
    Column::Status,
    Column::StatusCode,
    Column::CacheHit,
    Column::RequestTags,
];

/// Calls after `last`, or from the first on, at most `limit`; only those with `tag`, where one is named.
///
/// # Errors
/// When the database is away.
pub async fn after(
    scope: &Scope,
    db: &impl ConnectionTrait,
    filter: &Filter,
    tag: Option<&str>,
    last: Option<&Exported>,
    limit: u64,
) -> Result<Vec<Exported>, DbErr> {
    let select = match last {
        // Alone: beside it, the time from which on calls are meant could be what the database looks them up by, and the
        // pages read so far would be read again with every page.
        Some(last) => matching(scope, &Filter { start: None, ..filter.clone() }).filter(is_beyond(last)),
        None => matching(scope, filter),
    };
    let select = match tag {
        Some(tag) => select.filter(has_tag(db.get_database_backend(), tag)),
        None => select,
    };
    let sorted = select.order_by_asc(Column::StartTime).order_by_asc(Column::RequestId);
    sorted.select_only().columns(COLUMNS).limit(limit).into_model().all(db).await
}

fn is_beyond(last: &Exported) -> Expr {
    let place = [Expr::val(last.start_time), Expr::val(last.request_id.as_str())];
    Expr::tuple([Column::StartTime, Column::RequestId].map(|column| column.into_expr())).gt(Expr::tuple(place))
}

fn has_tag(backend: DbBackend, tag: &str) -> Expr {
    let sql = match backend {
        DbBackend::Postgres => {
            "EXISTS (SELECT 1 FROM json_array_elements_text(spend_logs.request_tags) AS one WHERE one = $1)"
        }
        _ => "EXISTS (SELECT 1 FROM json_each(spend_logs.request_tags) AS one WHERE one.value = ?)",
    };
    Expr::cust_with_values(sql, [tag])
}
