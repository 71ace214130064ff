//! Months whose figures are frozen.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, DbBackend, IntoActiveModel, QuerySelect};

use super::spend_adjustment::When;
use super::usage::Of;
use super::{Scope, monthly_spend, spend_adjustment};

const EVERYTHING: Of<'_> = Of { scope: &Scope::All, filters: Vec::new() };

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
    /// What entries add to its statement, in nano-dollars.
    pub entries_spend: i64,
    /// How many these are.
    pub entries_count: i64,
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

/// Whether nothing is booked to the month any more: it is closed, or a later one is, so that it never will be.
///
/// # Errors
/// When the database is away.
pub async fn is_past(db: &impl ConnectionTrait, month: NaiveDate) -> Result<bool, DbErr> {
    Ok(Entity::find().filter(Column::Month.gte(month)).count(db).await? > 0)
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

/// When an entry counts as booked: never in a month that is closed, whatever the clock of this node says.
///
/// # Errors
/// When the database is away.
pub async fn booking_time(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<DateTime<Utc>, DbErr> {
    let last = Entity::find().select_only().column_as(Column::ClosedAt.max(), "closed_at");
    let last = last.into_tuple::<Option<DateTime<Utc>>>().one(db).await?.flatten();
    // Months are closed when they are over, so none that is closed goes on after the last closing.
    Ok(last.map_or(now, |closing| now.max(closing)))
}

/// Closes the month that begins on this day: keeps its figures as they are now, with what things are called now.
///
/// # Errors
/// When it is closed already, or the database is away.
pub async fn close(
    transaction: &DatabaseTransaction,
    month: NaiveDate,
    closed_at: DateTime<Utc>,
    by: &str,
) -> Result<Model, DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        // Nothing is booked while it is closed: what is, is booked before or knows of it.
        transaction.execute_unprepared("LOCK TABLE daily_key_spend IN SHARE MODE").await?;
    }
    let (entries_count, entries_spend) =
        spend_adjustment::sum(transaction, &EVERYTHING, When::CountedIn(month)).await?;
    let closed = Model { month, closed_at, closed_by: Some(by.to_owned()), entries_spend, entries_count };
    Entity::insert(closed.clone().into_active_model()).exec_without_returning(transaction).await?;
    monthly_spend::freeze(transaction, month).await?;
    Ok(closed)
}

/// Waits until no month is being closed, and lets none be until the transaction ends: what it then finds open stays so.
/// On SQLite the one writer has seen to that.
///
/// # Errors
/// When the database is away.
pub async fn hold(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        // The lock of those that write sums, for whom closing waits.
        transaction.execute_unprepared("LOCK TABLE daily_key_spend IN ROW EXCLUSIVE MODE").await?;
    }
    Ok(())
}
