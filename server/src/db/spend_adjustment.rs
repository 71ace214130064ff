//! What closed months were found to cost more or less afterwards: an entry a call, never changed.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveValue, Condition, ExprTrait, IntoActiveModel, QueryOrder, QuerySelect};

use super::usage::{Of, sight};
use super::{monthly_spend, organization, team};

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
    /// What it was to be booked to when it was booked; empty: none.
    pub cost_center: String,
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

/// Books entries: ids are given by the database, cost centres are those of now.
///
/// # Errors
/// When the database is away.
pub async fn book(db: &impl ConnectionTrait, mut entries: Vec<Model>) -> Result<(), DbErr> {
    let ids = |of: fn(&Model) -> &String| -> Vec<String> { entries.iter().map(|entry| of(entry).clone()).collect() };
    let teams = team::find_many(db, &ids(|entry| &entry.team_id)).await?.into_iter();
    let teams: HashMap<_, _> = teams.filter_map(|team| Some((team.team_id, team.cost_center?))).collect();
    let organizations = organization::find_many(db, &ids(|entry| &entry.organization_id)).await?.into_iter();
    let organizations: HashMap<_, _> =
        organizations.filter_map(|one| Some((one.organization_id, one.cost_center?))).collect();
    for entry in &mut entries {
        let center = teams.get(&entry.team_id).or_else(|| organizations.get(&entry.organization_id));
        entry.cost_center = center.cloned().unwrap_or_default();
    }
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

/// What was booked to each of the months afterwards, in nano-dollars.
///
/// # Errors
/// When the database is away.
pub async fn by_month(db: &impl ConnectionTrait, of: &Of<'_>) -> Result<Vec<(NaiveDate, i64)>, DbErr> {
    let sums = Entity::find()
        .filter(sight(of.scope))
        .select_only()
        .column(Column::Month)
        .column_as(Expr::col(Column::Spend).sum().cast_as("bigint"), "spend")
        .group_by(Column::Month);
    sums.into_tuple().all(db).await
}

fn matching(of: &Of<'_>, when: When) -> Select<Entity> {
    let narrowed = of
        .filters
        .iter()
        .fold(Condition::all(), |all, (dimension, value)| all.add(monthly_spend::column(*dimension).eq(*value)));
    let entries = Entity::find().filter(narrowed).filter(sight(of.scope));
    match when {
        When::About(month) => entries.filter(Column::Month.eq(month)),
        When::Booked(from, before) => entries.filter(Column::BookedAt.gte(from)).filter(Column::BookedAt.lt(before)),
    }
}
