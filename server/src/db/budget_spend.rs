//! What each scope spent in each of its budget windows.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use tollgate_openapi::money::NanoUsd;

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
    /// What administrators added or took away, in nano-dollars.
    pub adjusted: i64,
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
    let key = (scope_kind.to_owned(), scope_id.to_owned(), window_key(window_start));
    let row = Entity::find_by_id(key).one(db).await?;
    Ok(row.map_or(NanoUsd::ZERO, |row| NanoUsd(row.spent) + NanoUsd(row.adjusted)))
}
