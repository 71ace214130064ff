//! Sums by day and team, and by what has few values for one team: what reports over a whole gateway read that tell no keys
//! or their owners apart.

use sea_orm::entity::prelude::*;

/// One day of one combination.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "daily_team_spend")]
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
    /// Public model name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub model_group: String,
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
