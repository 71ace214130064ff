//! What closed months were found to cost more or less afterwards: an entry a call, never changed.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Query;
use sea_orm::{ActiveValue, ExprTrait, IntoActiveModel, QueryOrder, QuerySelect};

use super::usage::Of;

/// One entry. An entity its call did not have is the empty string.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "spend_adjustments")]
pub struct Model {
    /// Larger for every later one.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The month it is about, by its first day.
    pub month: Date,
    /// When it was booked.
    pub booked_at: DateTimeUtc,
    /// Why: `late_call` or `correction`.
    pub reason: String,
    /// The call.
    pub request_id: String,
    /// Organization.
    pub organization_id: String,
    /// Team.
    pub team_id: String,
    /// Owner of the key.
    pub user_id: String,
    /// Hash of the key.
    pub api_key: String,
    /// Public model name.
    pub model_group: String,
    /// The provider's model.
    pub model: String,
    /// Provider.
    pub provider: String,
    /// Cost in nano-dollars.
    pub spend: i64,
    /// Calls, failed ones included.
    pub api_requests: i64,
    /// Calls that failed.
    pub failed_requests: i64,
    /// Input tokens.
    pub prompt_tokens: i64,
    /// Output tokens.
    pub completion_tokens: i64,
    /// Input tokens read from the provider's cache.
    pub cache_read_tokens: i64,
    /// Input tokens written to the provider's cache.
    pub cache_creation_tokens: i64,
    /// Output tokens spent on reasoning.
    pub reasoning_tokens: i64,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Books entries; their ids are given by the database.
///
/// # Errors
/// When the database is away.
pub async fn book(db: &impl ConnectionTrait, entries: Vec<Model>) -> Result<(), DbErr> {
    let rows = entries.into_iter().map(|entry| {
        let mut row = entry.into_active_model();
        row.id = ActiveValue::NotSet;
        row
    });
    let rows: Vec<ActiveModel> = rows.collect();
    // A statement takes some thousands of values.
    for chunk in rows.chunks(100) {
        Entity::insert_many(chunk.to_vec()).exec_without_returning(db).await?;
    }
    Ok(())
}

/// Which entries are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Those about the month of this first day.
    About(NaiveDate),
    /// Those booked from one instant until just before another.
    Booked(DateTime<Utc>, DateTime<Utc>),
}

/// Entries of these calls, oldest first, at most `limit`.
///
/// # Errors
/// When the database is away.
pub async fn list(db: &impl ConnectionTrait, of: &Of<'_>, when: When, limit: u64) -> Result<Vec<Model>, DbErr> {
    matching(of, when).order_by_asc(Column::Id).limit(limit).all(db).await
}

/// How many there are, and what they add up to in nano-dollars.
///
/// # Errors
/// When the database is away.
pub async fn sum(db: &impl ConnectionTrait, of: &Of<'_>, when: When) -> Result<(i64, i64), DbErr> {
    let sums = matching(of, when)
        .select_only()
        .column_as(Column::Id.count(), "entries")
        .column_as(Expr::col(Column::Spend).sum().cast_as("bigint"), "spend");
    let found: Option<(i64, Option<i64>)> = sums.into_tuple().one(db).await?;
    Ok(found.map_or((0, 0), |(entries, spend)| (entries, spend.unwrap_or_default())))
}

fn matching(of: &Of<'_>, when: When) -> Select<Entity> {
    let mut ids = Query::select();
    ids.column("id").from("spend_adjustments");
    of.narrow(&mut ids, &[]);
    let entries = Entity::find().filter(Column::Id.in_subquery(ids));
    match when {
        When::About(month) => entries.filter(Column::Month.eq(month)),
        When::Booked(from, before) => entries.filter(Column::BookedAt.gte(from)).filter(Column::BookedAt.lt(before)),
    }
}
