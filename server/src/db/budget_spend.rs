//! What each scope spent in each of its budget windows.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{Condition, ExprTrait, IntoActiveModel, QuerySelect};
use tollgate_openapi::money::NanoUsd;

use super::pool::{lock_until_commit, share_until_commit};

/// One window of one scope.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "budget_spend")]
pub struct Model {
    /// What the budget is attached to: `key`, …
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope_kind: String,
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope_id: String,
    /// Start of the window in microseconds since 1970; 0 where the budget never resets.
    #[sea_orm(primary_key, auto_increment = false)]
    pub window_start: i64,
    /// What calls cost, in nano-dollars.
    pub spent: i64,
    /// What administrators added or took away, and what was carried over from windows that this one took the place of, in
    /// nano-dollars.
    pub adjusted: i64,
    /// The part of `spent` whose calls are no longer in the log or do not say what they were charged to, in nano-dollars.
    pub pruned_spent: i64,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A window's start as the table keeps it; a budget that never resets has none.
#[must_use]
pub fn window_key(window_start: Option<DateTime<Utc>>) -> i64 {
    window_start.map_or(0, |start| start.timestamp_micros())
}

/// The start that the table keeps as `key`.
#[must_use]
pub fn window_start(key: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(key).filter(|_| key != 0)
}

impl Model {
    /// What is spent, corrections included.
    #[must_use]
    pub fn sum(&self) -> NanoUsd {
        NanoUsd(self.spent) + NanoUsd(self.adjusted)
    }
}

/// What the scope spent in the window, corrections included.
///
/// # Errors
/// When the database is away.
pub async fn spent(
    db: &impl ConnectionTrait,
    scope_kind: &str,
    scope_id: &str,
    window_start: Option<DateTime<Utc>>,
) -> Result<NanoUsd, DbErr> {
    Ok(sum(window(scope_kind, scope_id, window_start).one(db).await?.as_ref()))
}

/// The same; until the transaction ends, the ledger adds nothing to this nor to any other window.
///
/// # Errors
/// When the database is away.
pub async fn spent_for_change(
    transaction: &impl ConnectionTrait,
    scope_kind: &str,
    scope_id: &str,
    window_start: Option<DateTime<Utc>>,
) -> Result<NanoUsd, DbErr> {
    lock_until_commit(transaction, WINDOWS_LOCK).await?;
    spent(transaction, scope_kind, scope_id, window_start).await
}

/// Keeps [changes of windows](spent_for_change) waiting until the transaction ends. What adds to windows begins with it.
///
/// # Errors
/// When the database is away.
pub async fn share_windows(transaction: &impl ConnectionTrait) -> Result<(), DbErr> {
    share_until_commit(transaction, WINDOWS_LOCK).await
}

/// Any number. On Postgres whoever changes windows has this lock alone, and all who add to them share it: each works on
/// many windows in an order of its own, and row by row they would wait for one another until Postgres gave one of them up.
const WINDOWS_LOCK: i64 = 0x746f_6c6c_7769;

const KEY: [Column; 3] = [Column::ScopeKind, Column::ScopeId, Column::WindowStart];

/// A window of which nothing but a correction is known.
fn corrected_row(scope_kind: &str, scope_id: &str, window_start: Option<DateTime<Utc>>, adjusted: NanoUsd) -> Model {
    Model {
        scope_kind: scope_kind.to_owned(),
        scope_id: scope_id.to_owned(),
        window_start: window_key(window_start),
        spent: 0,
        adjusted: adjusted.0,
        pruned_spent: 0,
    }
}

fn window(scope_kind: &str, scope_id: &str, window_start: Option<DateTime<Utc>>) -> Select<Entity> {
    Entity::find_by_id((scope_kind.to_owned(), scope_id.to_owned(), window_key(window_start)))
}

fn sum(row: Option<&Model>) -> NanoUsd {
    row.map_or(NanoUsd::ZERO, Model::sum)
}

/// What each of the scopes spent in its window, corrections included, by id and [`window_key`]. Windows without spend
/// are left out.
///
/// # Errors
/// When the database is away.
pub async fn spent_of_many(
    db: &impl ConnectionTrait,
    scope_kind: &str,
    windows: impl Iterator<Item = (String, Option<DateTime<Utc>>)>,
) -> Result<HashMap<(String, i64), NanoUsd>, DbErr> {
    let (ids, starts): (Vec<_>, Vec<_>) = windows.map(|(id, start)| (id, window_key(start))).unzip();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = Entity::find()
        .filter(Column::ScopeKind.eq(scope_kind))
        .filter(Column::ScopeId.is_in(ids))
        .filter(Column::WindowStart.is_in(starts));
    let rows = found.all(db).await?.into_iter();
    let spent = rows.map(|row| {
        let spent = row.sum();
        ((row.scope_id, row.window_start), spent)
    });
    Ok(spent.collect())
}

/// The rows of `windows` (kind, id, start) that are there, by kind, id and [`window_key`].
///
/// # Errors
/// When the database is away.
pub async fn find_many<'w>(
    db: &impl ConnectionTrait,
    windows: impl Iterator<Item = (&'w str, &'w str, Option<DateTime<Utc>>)>,
) -> Result<HashMap<(String, String, i64), Model>, DbErr> {
    let key = [Expr::col(Column::ScopeKind), Expr::col(Column::ScopeId), Expr::col(Column::WindowStart)];
    let keys: Vec<_> = windows.map(|(kind, id, start)| (kind.to_owned(), id.to_owned(), window_key(start))).collect();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = Entity::find().filter(Expr::tuple(key).in_tuples(keys)).all(db).await?;
    Ok(rows.into_iter().map(|row| ((row.scope_kind.clone(), row.scope_id.clone(), row.window_start), row)).collect())
}

/// What calls cost in all windows of each of the scopes, by id. Corrections are no cost.
///
/// # Errors
/// When the database is away.
pub async fn total_of_many(
    db: &impl ConnectionTrait,
    scope_kind: &str,
    ids: &[String],
) -> Result<HashMap<String, NanoUsd>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let own = Entity::find().filter(Column::ScopeKind.eq(scope_kind)).filter(Column::ScopeId.is_in(ids));
    let sum = Expr::col(Column::Spent).sum().cast_as("bigint");
    let sums = own.select_only().column(Column::ScopeId).expr_as(sum, "total").group_by(Column::ScopeId);
    let rows: Vec<(String, i64)> = sums.into_tuple().all(db).await?;
    Ok(rows.into_iter().map(|(id, total)| (id, NanoUsd(total))).collect())
}

/// Corrects what the scope spent in the window by `delta`.
///
/// # Errors
/// When the database is away.
pub async fn adjust(
    db: &impl ConnectionTrait,
    scope_kind: &str,
    scope_id: &str,
    window_start: Option<DateTime<Utc>>,
    delta: NanoUsd,
) -> Result<(), DbErr> {
    let row = corrected_row(scope_kind, scope_id, window_start, delta);
    let mut on_conflict = OnConflict::columns(KEY);
    let sum = Expr::col((Entity, Column::Adjusted)).add(delta.0);
    on_conflict.value(Column::Adjusted, sum);
    Entity::insert(row.into_active_model()).on_conflict(on_conflict).exec_without_returning(db).await?;
    // What was told of the budget as it stood may come to be true again.
    super::alert::forget_budget(db, scope_kind, scope_id).await
}

/// What each of the scopes (kind, id and start of its window) spent in its window, corrections included, by kind and id.
/// Windows without spend are left out.
///
/// # Errors
/// When the database is away.
pub async fn spent_of_scopes(
    db: &impl ConnectionTrait,
    scopes: &[(&str, &str, Option<DateTime<Utc>>)],
) -> Result<HashMap<(String, String), NanoUsd>, DbErr> {
    if scopes.is_empty() {
        return Ok(HashMap::new());
    }
    let each = scopes.iter().fold(Condition::any(), |any, (kind, id, window_start)| {
        let one = Condition::all().add(Column::ScopeKind.eq(*kind)).add(Column::ScopeId.eq(*id));
        any.add(one.add(Column::WindowStart.eq(window_key(*window_start))))
    });
    let rows = Entity::find().filter(each).all(db).await?.into_iter();
    let spent = rows.map(|row| {
        let spent = row.sum();
        ((row.scope_kind, row.scope_id), spent)
    });
    Ok(spent.collect())
}
