//! The ledger's writes: calls, and what they add to every sum. All of a batch, or nothing of it.

use std::collections::HashSet;

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ColumnType, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult,
    IdenStatic, IntoActiveModel, Iterable, PrimaryKeyToColumn, QueryFilter, QueryTrait, Statement, Value,
};

use super::{interrupted_call, spend_log};

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
        let values = chunk.into_iter().flat_map(values::<spend_log::Entity>);
        let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
        for row in db.query_all_raw(statement).await? {
            inserted.insert(row.try_get_by_index(0)?);
        }
    }
    Ok(inserted)
}

/// The statement, put together by hand: building it from expressions takes longer than the database takes to run it.
fn insert_calls_sql(backend: DbBackend, rows: usize) -> String {
    let insert = insert_sql::<spend_log::Entity>(backend, rows);
    format!("{insert} ON CONFLICT (request_id) DO NOTHING RETURNING request_id")
}

/// Adds each row to the one with the same primary key: numbers are summed, of times the later one stays.
///
/// # Errors
/// When the database is away.
pub async fn add<E>(db: &impl ConnectionTrait, rows: Vec<E::Model>) -> Result<(), DbErr>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    let backend = db.get_database_backend();
    for chunk in chunks(rows) {
        let sql = format!("{} ON CONFLICT {}", insert_sql::<E>(backend, chunk.len()), merge_sql::<E>());
        let values = chunk.into_iter().flat_map(values::<E>);
        db.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    }
    Ok(())
}

/// The same, and returns the rows as they are then.
///
/// # Errors
/// When the database is away.
pub async fn add_returning<E>(db: &impl ConnectionTrait, rows: Vec<E::Model>) -> Result<Vec<E::Model>, DbErr>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel> + FromQueryResult,
{
    let backend = db.get_database_backend();
    let mut added = Vec::with_capacity(rows.len());
    for chunk in chunks(rows) {
        let (insert, merge) = (insert_sql::<E>(backend, chunk.len()), merge_sql::<E>());
        let columns: Vec<&str> = E::Column::iter().map(|column| column.as_str()).collect();
        let sql = format!("{insert} ON CONFLICT {merge} RETURNING {}", columns.join(", "));
        let values = chunk.into_iter().flat_map(values::<E>);
        for row in db.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await? {
            added.push(E::Model::from_query_result(&row, "")?);
        }
    }
    Ok(added)
}

/// What becomes of a row that is there already.
fn merge_sql<E: EntityTrait>() -> String {
    let key: Vec<&str> = E::PrimaryKey::iter().map(|key| key.into_column().as_str()).collect();
    let table = E::default();
    let merged = E::Column::iter().filter(|column| !key.contains(&column.as_str())).map(|column| {
        let (own, new) =
            (format!("{}.{}", table.table_name(), column.as_str()), format!("excluded.{}", column.as_str()));
        let value = match column.def().get_column_type() {
            ColumnType::TimestampWithTimeZone => format!("CASE WHEN {new} > {own} THEN {new} ELSE {own} END"),
            _ => format!("{own} + {new}"),
        };
        format!("{} = {value}", column.as_str())
    });
    format!("({}) DO UPDATE SET {}", key.join(", "), merged.collect::<Vec<_>>().join(", "))
}

/// Inserts `rows` rows of every column.
fn insert_sql<E: EntityTrait>(backend: DbBackend, rows: usize) -> String {
    let columns: Vec<&str> = E::Column::iter().map(|column| column.as_str()).collect();
    let mut sql = format!("INSERT INTO {} ({}) VALUES ", E::default().table_name(), columns.join(", "));
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
    sql.push(')');
    sql
}

/// The values of a row, in the order of its columns.
fn values<E>(row: E::Model) -> impl Iterator<Item = Value>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    let mut row = row.into_active_model();
    E::Column::iter().filter_map(move |column| row.take(column).into_value())
}

/// Notes interrupted calls; those noted before stay as they are.
///
/// # Errors
/// When the database is away.
pub async fn insert_interrupted(db: &impl ConnectionTrait, rows: Vec<interrupted_call::Model>) -> Result<(), DbErr> {
    let conflict = OnConflict::column(interrupted_call::Column::RequestId).do_nothing().to_owned();
    for chunk in chunks(rows) {
        let rows = chunk.into_iter().map(IntoActiveModel::into_active_model);
        let statement = interrupted_call::Entity::insert_many(rows).on_conflict(conflict.clone()).into_query();
        db.execute(&statement).await?;
    }
    Ok(())
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
