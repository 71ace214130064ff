//! Months whose figures are frozen.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, DbBackend, IntoActiveModel, QuerySelect};

use super::monthly_spend;

/// One closed month.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "closed_months")]
pub struct Model {
    /// Its first day; days are UTC's.
    #[sea_orm(primary_key, auto_increment = false)]
    pub month: Date,
    /// When it was closed.
    pub closed_at: DateTimeUtc,
    /// By whom.
    pub closed_by: Option<String>,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The month that begins on this day, if it is closed.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, month: NaiveDate) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(month).one(db).await
}

/// Every closed month.
///
/// # Errors
/// When the database is away.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find().all(db).await
}

/// Those of the months that are closed. Asked after the sums were written, it cannot miss one that is being closed:
/// [`close`] waits for writers of these, and they for it.
///
/// # Errors
/// When the database is away.
pub async fn closed_of(
    db: &impl ConnectionTrait,
    months: impl IntoIterator<Item = NaiveDate>,
) -> Result<HashSet<NaiveDate>, DbErr> {
    let closed = Entity::find().select_only().column(Column::Month).filter(Column::Month.is_in(months));
    Ok(closed.into_tuple().all(db).await?.into_iter().collect())
}

/// When a month was last closed.
///
/// # Errors
/// When the database is away.
pub async fn last_closing(db: &impl ConnectionTrait) -> Result<Option<DateTime<Utc>>, DbErr> {
    let last = Entity::find().select_only().column_as(Column::ClosedAt.max(), "closed_at");
    Ok(last.into_tuple::<Option<DateTime<Utc>>>().one(db).await?.flatten())
}

/// Closes a month: keeps its figures as they are now, with what things are called now.
///
/// # Errors
/// When it is closed already, or the database is away.
pub async fn close(transaction: &DatabaseTransaction, closing: Model) -> Result<(), DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        // Nothing is booked while it is closed: what is, is booked before or knows of it.
        transaction.execute_unprepared("LOCK TABLE daily_key_spend IN SHARE MODE").await?;
    }
    let month = closing.month;
    Entity::insert(closing.into_active_model()).exec_without_returning(transaction).await?;
    monthly_spend::freeze(transaction, month).await
}
