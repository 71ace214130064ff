//! Sums by day and single entity: what reports read. Their cost grows with days and entities, never with what these
//! are combined with.

use chrono::NaiveDate;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Order, Query};
use sea_orm::{ExprTrait, FromQueryResult, QueryOrder, QuerySelect};

use super::weekly_entity_spend;

/// One day of one entity.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "daily_entity_spend")]
pub struct Model {
    /// As in `spend_totals`: `global`, `key`, `user`, `team`, `organization`, `end_user`, `model_group`, `provider` or
    /// `tag`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub entity_kind: String,
    /// The day in UTC on which the calls arrived.
    #[sea_orm(primary_key, auto_increment = false)]
    pub date: Date,
    /// Its id; empty for `global`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub entity_id: String,
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
    /// What answers from the gateway's cache would have cost, in nano-dollars.
    pub saved_by_cache: i64,
    /// What the provider's cache saved, in nano-dollars.
    pub saved_by_prompt_cache: i64,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Days from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// The first day.
    pub first: NaiveDate,
    /// The last day.
    pub last: NaiveDate,
}

impl Days {
    /// Each day, in order.
    pub fn iter(self) -> impl Iterator<Item = NaiveDate> {
        self.first.iter_days().take_while(move |day| *day <= self.last)
    }

    /// Whether `day` is one of them.
    #[must_use]
    pub fn contains(self, day: NaiveDate) -> bool {
        self.first <= day && day <= self.last
    }
}

/// Whose sums are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of<'a> {
    /// All calls.
    Everyone,
    /// The calls of one key, by its hash.
    Key(&'a str),
}

/// Kinds of entity of which there are many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Keys, by their hashes.
    Key,
    /// Owners of keys.
    User,
    /// Public model names.
    Model,
    /// Teams.
    Team,
    /// End users.
    Customer,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::User => "user",
            Self::Model => "model_group",
            Self::Team => "team",
            Self::Customer => "end_user",
        }
    }
}

/// What one day adds up to.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct DaySums {
    /// The day.
    pub date: NaiveDate,
    /// Cost in nano-dollars.
    pub spend: i64,
    /// Calls, failed ones included.
    pub api_requests: i64,
    /// Calls that failed.
    pub failed_requests: i64,
    /// Input and output tokens.
    pub total_tokens: i64,
}

/// One entity's share of some days.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Share {
    /// The entity's id.
    pub id: String,
    /// Cost in nano-dollars.
    pub spend: i64,
    /// Calls, failed ones included.
    pub api_requests: i64,
}

/// One entity's share of one day.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct DayShare {
    /// The day.
    pub date: NaiveDate,
    /// The entity's id.
    pub id: String,
    /// Cost in nano-dollars.
    pub spend: i64,
    /// Calls, failed ones included.
    pub api_requests: i64,
    /// Input and output tokens.
    pub total_tokens: i64,
}

/// Sums by day, of days that had calls, oldest first.
///
/// # Errors
/// When the database is away.
pub async fn by_day(db: &impl ConnectionTrait, days: Days, of: Of<'_>) -> Result<Vec<DaySums>, DbErr> {
    let (kind, id) = match of {
        Of::Everyone => ("global", ""),
        Of::Key(token) => (Kind::Key.as_str(), token),
    };
    within(kind, days)
        .filter(Column::EntityId.eq(id))
        .select_only()
        .columns([Column::Date, Column::Spend, Column::ApiRequests, Column::FailedRequests])
        .column_as(Expr::col(Column::PromptTokens).add(Expr::col(Column::CompletionTokens)), "total_tokens")
        .order_by_asc(Column::Date)
        .into_model()
        .all(db)
        .await
}

/// The `limit` entities of `kind` that spent most.
///
/// # Errors
/// When the database is away.
pub async fn top(db: &impl ConnectionTrait, days: Days, kind: Kind, limit: u64) -> Result<Vec<Share>, DbErr> {
    let mut query = Query::select();
    query.from_subquery(weekly_entity_spend::rows(kind.as_str(), days), "entities");
    query.expr_as(Expr::col("entity_id"), "id").and_where(Expr::col("entity_id").ne("")).group_by_col("entity_id");
    for sum in ["spend", "api_requests"] {
        // A sum that stays a whole number: Postgres makes a decimal of it.
        let summed = Expr::col(sum).sum().cast_as("bigint");
        query.expr_as(summed.clone(), sum).order_by_expr(summed, Order::Desc);
    }
    query.order_by("entity_id", Order::Asc).limit(limit);
    Share::find_by_statement(db.get_database_backend().build(&query)).all(db).await
}

/// What each entity of `kind` spent on each day it made calls on.
///
/// # Errors
/// When the database is away.
pub async fn shares(db: &impl ConnectionTrait, days: Days, kind: Kind) -> Result<Vec<DayShare>, DbErr> {
    day_shares(within(kind.as_str(), days)).into_model().all(db).await
}

/// The same of some entities, oldest first.
///
/// # Errors
/// When the database is away.
pub async fn shares_of(
    db: &impl ConnectionTrait,
    days: Days,
    kind: Kind,
    ids: &[String],
) -> Result<Vec<DayShare>, DbErr> {
    let own = within(kind.as_str(), days).filter(Column::EntityId.is_in(ids)).order_by_asc(Column::Date);
    day_shares(own).into_model().all(db).await
}

/// The users who spent at least `least` nano-dollars in `days` together, the `limit` dearest.
///
/// # Errors
/// When the database is away.
pub async fn users_from(
    db: &impl ConnectionTrait,
    days: Days,
    least: i64,
    limit: u64,
) -> Result<Vec<(String, i64)>, DbErr> {
    let spend = || Expr::col(Column::Spend).sum().cast_as("bigint");
    within(Kind::User.as_str(), days)
        .filter(Column::EntityId.ne(""))
        .select_only()
        .column_as(Column::EntityId, "id")
        .column_as(spend(), "spend")
        .group_by(Column::EntityId)
        .having(spend().gte(least))
        .order_by_desc(spend())
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
}

fn day_shares(select: Select<Entity>) -> Select<Entity> {
    select
        .select_only()
        .columns([Column::Date, Column::Spend, Column::ApiRequests])
        .column_as(Column::EntityId, "id")
        .column_as(Expr::col(Column::PromptTokens).add(Expr::col(Column::CompletionTokens)), "total_tokens")
}

fn within(kind: &str, days: Days) -> Select<Entity> {
    Entity::find().filter(Column::EntityKind.eq(kind)).filter(Column::Date.between(days.first, days.last))
}
