//! Sums by day and key, and by everything that has few values for one key: what reports on one key or one owner of keys
//! read. End users, of whom one key may have any number, are left out.

use chrono::NaiveDate;
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, ExprTrait, FromQueryResult, QuerySelect, QueryTrait};

use super::Scope;
use super::daily_entity_spend::Days;

/// One day of one combination.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "daily_key_spend")]
pub struct Model {
    /// The day in UTC on which the calls arrived.
    #[sea_orm(primary_key, auto_increment = false)]
    pub date: Date,
    /// Owner of the key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
    /// Team.
    #[sea_orm(primary_key, auto_increment = false)]
    pub team_id: String,
    /// Organization.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: String,
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

/// Whose calls are meant; what is `None` does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter<'a> {
    /// Hash of the key.
    pub api_key: Option<&'a str>,
    /// Owner of the key.
    pub user_id: Option<&'a str>,
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

/// Spend by day, key, owner and public model.
///
/// # Errors
/// When the database is away.
pub async fn parts(
    scope: &Scope,
    db: &impl ConnectionTrait,
    days: Days,
    filter: Filter<'_>,
) -> Result<Vec<Part>, DbErr> {
    let dimensions = [Column::Date, Column::ApiKey, Column::UserId, Column::ModelGroup];
    let select = Entity::find().filter(Column::Date.between(days.first, days.last));
    let select = match scope {
        Scope::All => select,
        Scope::Person(sight) => select.filter(
            Condition::any()
                .add(Column::UserId.eq(&sight.user_id))
                .add(Column::TeamId.is_in(&sight.teams))
                .add(Column::OrganizationId.is_in(&sight.organizations)),
        ),
        Scope::Key(token) => select.filter(Column::ApiKey.eq(token)),
    };
    let select = select
        .apply_if(filter.api_key, |select, api_key| select.filter(Column::ApiKey.eq(api_key)))
        .apply_if(filter.user_id, |select, user_id| select.filter(Column::UserId.eq(user_id)))
        .select_only()
        .columns(dimensions)
        .column_as(Expr::col(Column::Spend).sum().cast_as("bigint"), "spend");
    let grouped = dimensions.into_iter().fold(select, |select, column| select.group_by(column));
    grouped.into_model().all(db).await
}
