//! Budget windows that others took the place of: calls that were on their way to the ledger then count there, too.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ExprTrait, IntoActiveModel};

/// One window of one scope.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "budget_carries")]
pub struct Model {
    /// What the budget is attached to: `key`, …
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope_kind: String,
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope_id: String,
    /// As in [`super::budget_spend::window_key`].
    #[sea_orm(primary_key, auto_increment = false)]
    pub window_start: i64,
    /// The window that took its place.
    pub carried_to: i64,
    /// When it did.
    pub carried_at: DateTime<Utc>,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Notes that a window took the place of another one, whose place nobody took before.
///
/// # Errors
/// When the database is away.
pub async fn set(db: &impl ConnectionTrait, carry: Model) -> Result<(), DbErr> {
    // The new one may have been in force before: it is again.
    let to = (carry.scope_kind.clone(), carry.scope_id.clone(), carry.carried_to);
    Entity::delete_by_id(to).exec(db).await?;
    let key = [Column::ScopeKind, Column::ScopeId, Column::WindowStart];
    let conflict = OnConflict::columns(key).update_columns([Column::CarriedTo, Column::CarriedAt]).to_owned();
    Entity::insert(carry.into_active_model()).on_conflict(conflict).exec_without_returning(db).await?;
    Ok(())
}

/// Those of windows, each by kind, id and start.
///
/// # Errors
/// When the database is away.
pub async fn find_many(
    db: &impl ConnectionTrait,
    windows: impl Iterator<Item = (String, String, i64)>,
) -> Result<Vec<Model>, DbErr> {
    let key = [Expr::col(Column::ScopeKind), Expr::col(Column::ScopeId), Expr::col(Column::WindowStart)];
    let windows: Vec<_> = windows.collect();
    if windows.is_empty() {
        return Ok(Vec::new());
    }
    Entity::find().filter(Expr::tuple(key).in_tuples(windows)).all(db).await
}

/// Forgets those from before `before`.
///
/// # Errors
/// When the database is away.
pub async fn prune(db: &impl ConnectionTrait, before: DateTime<Utc>) -> Result<u64, DbErr> {
    Ok(Entity::delete_many().filter(Column::CarriedAt.lt(before)).exec(db).await?.rows_affected)
}
