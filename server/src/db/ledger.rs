//! The ledger's writes: calls, and what they add to every sum. All of a batch, or nothing of it.

use std::collections::HashSet;

use sea_orm::sea_query::{Alias, ColumnRef, Expr, ExprTrait, IntoColumnRef, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, IdenStatic, IntoActiveModel,
    Iterable, PrimaryKeyToColumn, QueryFilter, QueryTrait, Statement,
};

use super::{budget_spend, daily_latency, daily_spend, daily_tag_spend, interrupted_call, spend_log, spend_total};

/// Rows of a statement at most. A connection keeps every statement it has prepared, and a statement of many rows is
/// large: they come in few sizes, and none is huge.
const ROWS_MAX: usize = 64;

/// Inserts calls the ledger does not have yet and returns the ids of those that were new.
///
/// # Errors
/// When the database is away.
pub async fn insert_calls(db: &impl ConnectionTrait, calls: Vec<spend_log::Model>) -> Result<HashSet<String>, DbErr> {
    let mut inserted = HashSet::with_capacity(calls.len());
    for chunk in chunks(calls) {
        let sql = insert_calls_sql(db.get_database_backend(), chunk.len());
        let values = chunk.into_iter().flat_map(|call| {
            let mut row = call.into_active_model();
            spend_log::Column::iter().filter_map(move |column| row.take(column).into_value())
        });
        let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
        for row in db.query_all_raw(statement).await? {
            inserted.insert(row.try_get_by_index(0)?);
        }
    }
    Ok(inserted)
}

/// The statement, put together by hand: building it from expressions takes longer than the database takes to run it.
fn insert_calls_sql(backend: DbBackend, rows: usize) -> String {
    let columns: Vec<&str> = spend_log::Column::iter().map(|column| column.as_str()).collect();
    let mut sql = format!("INSERT INTO spend_logs ({}) VALUES ", columns.join(", "));
    let mut number = 0;
    for row in 0..rows {
        for column in 0..columns.len() {
            number += 1;
            sql.push_str(match (row, column) {
                (0, 0) => "(",
                (_, 0) => "), (",
                _ => ", ",
            });
            match backend {
                DbBackend::Postgres => sql.push_str(&format!("${number}")),
                _ => sql.push('?'),
            }
        }
    }
    sql.push_str(") ON CONFLICT (request_id) DO NOTHING RETURNING request_id");
    sql
}

/// Adds to the sums by day.
///
/// # Errors
/// When the database is away.
pub async fn add_daily_spend(db: &impl ConnectionTrait, rows: Vec<daily_spend::Model>) -> Result<(), DbErr> {
    use daily_spend::{Column, Entity};
    let key = [
        Column::Date,
        Column::OrganizationId,
        Column::TeamId,
        Column::UserId,
        Column::ApiKey,
        Column::ModelGroup,
        Column::Model,
        Column::Provider,
        Column::EndUser,
    ];
    let sums = Column::iter().filter(|column| !key.iter().any(|other| matches_column(*column, *other)));
    let mut conflict = OnConflict::columns(key);
    conflict.values(sums.map(|column| (column, sum(Entity, column))));
    upsert::<daily_spend::ActiveModel, _>(db, rows, &conflict).await
}

/// Adds to the sums by day and tag.
///
/// # Errors
/// When the database is away.
pub async fn add_daily_tag_spend(db: &impl ConnectionTrait, rows: Vec<daily_tag_spend::Model>) -> Result<(), DbErr> {
    use daily_tag_spend::{Column, Entity};
    let key = daily_tag_spend::PrimaryKey::iter().map(|key| key.into_column());
    let is_sum = |column: &Column| column.def().get_column_type() == &sea_orm::ColumnType::BigInteger;
    let mut conflict = OnConflict::columns(key);
    conflict.values(Column::iter().filter(is_sum).map(|column| (column, sum(Entity, column))));
    upsert::<daily_tag_spend::ActiveModel, _>(db, rows, &conflict).await
}

fn matches_column(one: daily_spend::Column, other: daily_spend::Column) -> bool {
    std::mem::discriminant(&one) == std::mem::discriminant(&other)
}

/// Adds to the latency histograms.
///
/// # Errors
/// When the database is away.
pub async fn add_daily_latency(db: &impl ConnectionTrait, rows: Vec<daily_latency::Model>) -> Result<(), DbErr> {
    use daily_latency::{Column, Entity};
    let mut conflict = OnConflict::columns([Column::Date, Column::ModelGroup, Column::Bucket]);
    conflict.value(Column::Calls, sum(Entity, Column::Calls));
    upsert::<daily_latency::ActiveModel, _>(db, rows, &conflict).await
}

/// Adds to the running totals.
///
/// # Errors
/// When the database is away.
pub async fn add_spend_totals(db: &impl ConnectionTrait, rows: Vec<spend_total::Model>) -> Result<(), DbErr> {
    use spend_total::{Column, Entity};
    let [own, new] = [own(Entity, Column::LastUsedAt), excluded(Column::LastUsedAt)];
    let later = Expr::case(Expr::col(new.clone()).gt(Expr::col(own.clone())), Expr::col(new)).finally(Expr::col(own));
    let mut conflict = OnConflict::columns([Column::EntityKind, Column::EntityId]);
    conflict
        .value(Column::Spend, sum(Entity, Column::Spend))
        .value(Column::ApiRequests, sum(Entity, Column::ApiRequests))
        .value(Column::LastUsedAt, later);
    upsert::<spend_total::ActiveModel, _>(db, rows, &conflict).await
}

/// Adds to what budget windows have spent.
///
/// # Errors
/// When the database is away.
pub async fn add_budget_spend(db: &impl ConnectionTrait, rows: Vec<budget_spend::Model>) -> Result<(), DbErr> {
    use budget_spend::{Column, Entity};
    let mut conflict = OnConflict::columns([Column::ScopeKind, Column::ScopeId, Column::WindowStart]);
    conflict.value(Column::Spent, sum(Entity, Column::Spent)).value(Column::Adjusted, sum(Entity, Column::Adjusted));
    upsert::<budget_spend::ActiveModel, _>(db, rows, &conflict).await
}

/// Notes interrupted calls; those noted before stay as they are.
///
/// # Errors
/// When the database is away.
pub async fn insert_interrupted(db: &impl ConnectionTrait, rows: Vec<interrupted_call::Model>) -> Result<(), DbErr> {
    let conflict = OnConflict::column(interrupted_call::Column::RequestId).do_nothing().to_owned();
    upsert::<interrupted_call::ActiveModel, _>(db, rows, &conflict).await
}

/// Adds `spend` to what a call in the log cost.
///
/// # Errors
/// When the database is away.
pub async fn add_to_call(db: &impl ConnectionTrait, request_id: &str, spend: i64) -> Result<(), DbErr> {
    use spend_log::{Column, Entity};
    let sum = Expr::col(Column::Spend).add(spend);
    Entity::update_many().col_expr(Column::Spend, sum).filter(Column::RequestId.eq(request_id)).exec(db).await?;
    Ok(())
}

async fn upsert<A, M>(db: &impl ConnectionTrait, rows: Vec<M>, conflict: &OnConflict) -> Result<(), DbErr>
where
    A: ActiveModelTrait,
    M: IntoActiveModel<A>,
{
    for chunk in chunks(rows) {
        let rows = chunk.into_iter().map(IntoActiveModel::into_active_model);
        let statement = A::Entity::insert_many(rows).on_conflict(conflict.clone()).into_query();
        db.execute(&statement).await?;
    }
    Ok(())
}

/// Pieces of [`ROWS_MAX`] rows, and of powers of two for what is left.
fn chunks<T>(rows: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let mut left = rows.len();
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let size = 1 << std::cmp::min(left.checked_ilog2()?, ROWS_MAX.ilog2());
        left -= size;
        Some(rows.by_ref().take(size).collect())
    })
}

/// What stands in the row, and what is added to it.
fn sum<E, C>(entity: E, column: C) -> sea_orm::sea_query::SimpleExpr
where
    (E, C): IntoColumnRef,
    C: sea_orm::sea_query::IntoIden + Copy,
{
    Expr::col(own(entity, column)).add(Expr::col(excluded(column)))
}

fn own<E, C>(entity: E, column: C) -> ColumnRef
where
    (E, C): IntoColumnRef,
{
    (entity, column).into_column_ref()
}

fn excluded<C: sea_orm::sea_query::IntoIden>(column: C) -> ColumnRef {
    (Alias::new("excluded"), column).into_column_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_few_sizes() {
        for count in 0..1_000 {
            let rows: Vec<usize> = (0..count).collect();
            let pieces: Vec<Vec<usize>> = chunks(rows.clone()).collect();
            assert_eq!(pieces.concat(), rows);
            assert!(pieces.iter().all(|piece| piece.len().is_power_of_two() && piece.len() <= ROWS_MAX));
            assert!(pieces.len() <= count / ROWS_MAX + 7);
        }
    }
}
