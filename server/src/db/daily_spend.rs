//! Sums by day and by everything a report groups by. An entity a call did not have is the empty string.

use chrono::NaiveDate;
use sea_orm::entity::prelude::*;
use sea_orm::{ExprTrait, FromQueryResult, QueryOrder, QuerySelect, QueryTrait};

use super::Scope;

/// One day of one combination.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "daily_spend")]
pub struct Model {
    /// The day in UTC on which the calls arrived.
    #[sea_orm(primary_key, auto_increment = false)]
    pub date: Date,
    /// Organization.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: String,
    /// Team.
    #[sea_orm(primary_key, auto_increment = false)]
    pub team_id: String,
    /// Owner of the key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
    /// Hash of the key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub api_key: String,
    /// Public model name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub model_group: String,
    /// The provider's model.
    #[sea_orm(primary_key, auto_increment = false)]
    pub model: String,
    /// Provider.
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider: String,
    /// End user.
    #[sea_orm(primary_key, auto_increment = false)]
    pub end_user: String,
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
    /// The part of `spend` whose calls are no longer in the log, in nano-dollars.
    pub pruned_spend: i64,
    /// The part of `api_requests` that is no longer in the log.
    pub pruned_requests: i64,
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

/// Spend of one day by key, owner and public model.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Part {
    /// The day.
    pub date: NaiveDate,
    /// Hash of the key.
    pub api_key: String,
    /// Owner; empty: none.
    pub user_id: String,
    /// Public model name.
    pub model_group: String,
    /// Cost in nano-dollars.
    pub spend: i64,
}

/// Sums by day, of days that had calls, oldest first.
///
/// # Errors
/// When the database is away.
pub async fn by_day(
    scope: &Scope,
    db: &impl ConnectionTrait,
    days: Days,
    api_key: Option<&str>,
) -> Result<Vec<DaySums>, DbErr> {
    let tokens = Expr::col(Column::PromptTokens).add(Expr::col(Column::CompletionTokens));
    within(scope, days)
        .apply_if(api_key, |select, api_key| select.filter(Column::ApiKey.eq(api_key)))
        .select_only()
        .column(Column::Date)
        .column_as(sum(Expr::col(Column::Spend)), "spend")
        .column_as(sum(Expr::col(Column::ApiRequests)), "api_requests")
        .column_as(sum(Expr::col(Column::FailedRequests)), "failed_requests")
        .column_as(sum(tokens), "total_tokens")
        .group_by(Column::Date)
        .order_by_asc(Column::Date)
        .into_model()
        .all(db)
        .await
}

/// The `limit` entities of `column` that spent most.
///
/// # Errors
/// When the database is away.
pub async fn top(
    scope: &Scope,
    db: &impl ConnectionTrait,
    days: Days,
    column: Column,
    limit: u64,
) -> Result<Vec<Share>, DbErr> {
    within(scope, days)
        .filter(column.ne(""))
        .select_only()
        .column_as(column, "id")
        .column_as(sum(Expr::col(Column::Spend)), "spend")
        .column_as(sum(Expr::col(Column::ApiRequests)), "api_requests")
        .group_by(column)
        .order_by_desc(sum(Expr::col(Column::Spend)))
        .order_by_desc(sum(Expr::col(Column::ApiRequests)))
        .order_by_asc(column)
        .limit(limit)
        .into_model()
        .all(db)
        .await
}

/// Spend by day, key, owner and public model.
///
/// # Errors
/// When the database is away.
pub async fn parts(
    scope: &Scope,
    db: &impl ConnectionTrait,
    days: Days,
    api_key: Option<&str>,
    user_id: Option<&str>,
) -> Result<Vec<Part>, DbErr> {
    let dimensions = [Column::Date, Column::ApiKey, Column::UserId, Column::ModelGroup];
    let select = within(scope, days)
        .apply_if(api_key, |select, api_key| select.filter(Column::ApiKey.eq(api_key)))
        .apply_if(user_id, |select, user_id| select.filter(Column::UserId.eq(user_id)))
        .select_only()
        .columns(dimensions)
        .column_as(sum(Expr::col(Column::Spend)), "spend");
    let grouped = dimensions.into_iter().fold(select, |select, column| select.group_by(column));
    grouped.into_model().all(db).await
}

fn within(scope: &Scope, days: Days) -> Select<Entity> {
    let select = Entity::find().filter(Column::Date.between(days.first, days.last));
    match scope {
        Scope::All => select,
        Scope::User(user_id) => select.filter(Column::UserId.eq(user_id)),
        Scope::Key(token) => select.filter(Column::ApiKey.eq(token)),
    }
}

/// A sum that stays a whole number: Postgres makes a decimal of it.
fn sum(value: Expr) -> Expr {
    value.sum().cast_as("bigint")
}
