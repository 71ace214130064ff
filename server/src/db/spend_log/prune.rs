//! Taking old calls out of the log.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, DbBackend, FromQueryResult, Statement};

use super::Model;
use crate::db::{interrupted_call, spend_log_content};

/// Takes out the oldest calls that arrived before `before`, at most `limit`, with what was asked and answered in them,
/// and returns them. Interrupted calls that
/// nobody has resolved stay.
///
/// # Errors
/// When the database is away.
pub async fn take_old(
    transaction: &DatabaseTransaction,
    before: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<Model>, DbErr> {
    let backend = transaction.get_database_backend();
    let value = if backend == DbBackend::Postgres { "$1" } else { "?" };
    let sql = format!(
        "DELETE FROM spend_logs WHERE request_id IN (\
            SELECT old.request_id FROM spend_logs AS old WHERE old.start_time < {value} AND NOT EXISTS (\
                SELECT 1 FROM interrupted_calls AS open \
                WHERE open.request_id = old.request_id AND open.resolved_at IS NULL) \
            ORDER BY old.start_time, old.request_id LIMIT {limit}) \
         RETURNING *"
    );
    let statement = Statement::from_sql_and_values(backend, sql, [before.into()]);
    let calls = Model::find_by_statement(statement).all(transaction).await?;
    let ids = || calls.iter().map(|call| call.request_id.as_str());
    interrupted_call::Entity::delete_many()
        .filter(interrupted_call::Column::RequestId.is_in(ids()))
        .exec(transaction)
        .await?;
    spend_log_content::Entity::delete_many()
        .filter(spend_log_content::Column::RequestId.is_in(ids()))
        .exec(transaction)
        .await?;
    Ok(calls)
}
