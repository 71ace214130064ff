//! Sums by day and by everything a call is booked to, end users included: what the log is compared with. An entity a
//! call did not have is the empty string. Reports read narrower sums: rows here grow with the product of keys, models
//! and end users.

use sea_orm::entity::prelude::*;

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
    /// What answers from the gateway's cache would have cost, in nano-dollars.
    pub saved_by_cache: i64,
    /// What the provider's cache saved, in nano-dollars.
    pub saved_by_prompt_cache: i64,
    /// The part of `spend` whose calls are no longer in the log, in nano-dollars.
    pub pruned_spend: i64,
    /// The part of `api_requests` that is no longer in the log.
    pub pruned_requests: i64,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
