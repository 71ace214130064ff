//! Reusable budgets: limits under a name, attached to any number of scopes. Each scope spends on its own account.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Order;
use sea_orm::{DatabaseTransaction, QueryOrder, QuerySelect};

use super::{JsonMap, Page, PageOf};

/// One budget.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "budgets")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub budget_id: String,
    /// Hard limit per budget window, in nano-dollars.
    pub max_budget: Option<i64>,
    /// Limit that only warns, in nano-dollars.
    pub soft_budget: Option<i64>,
    /// Length of the budget window as it was given, such as `30d`.
    pub budget_duration: Option<String>,
    /// When `budget_duration` was last set: windows that follow no calendar count from here.
    pub budget_anchor_at: DateTimeUtc,
    /// Calls in flight at once.
    pub max_parallel_requests: Option<i64>,
    /// Requests a minute.
    pub rpm_limit: Option<i64>,
    /// Tokens a minute.
    pub tpm_limit: Option<i64>,
    /// `model_max_budget`, `model_rpm_limit` and `model_tpm_limit`, as they were given.
    #[sea_orm(column_type = "Json")]
    pub model_limits: JsonMap,
    /// Fields of LiteLLM's that are kept and not used yet.
    #[sea_orm(column_type = "Json")]
    pub other: JsonMap,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// By whom.
    pub created_by: Option<String>,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
    /// By whom.
    pub updated_by: Option<String>,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The budget with this id.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, budget_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(budget_id.to_owned()).one(db).await
}

/// The budget with this id, kept from other writers until the transaction ends.
///
/// # Errors
/// When the database is away.
pub async fn find_for_update(transaction: &DatabaseTransaction, budget_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(budget_id.to_owned()).lock_exclusive().one(transaction).await
}

/// Those of the budgets that exist, in the order of their ids.
///
/// # Errors
/// When the database is away.
pub async fn find_many(db: &impl ConnectionTrait, budget_ids: &[String]) -> Result<Vec<Model>, DbErr> {
    if budget_ids.is_empty() {
        return Ok(Vec::new());
    }
    Entity::find().filter(Column::BudgetId.is_in(budget_ids)).order_by_asc(Column::BudgetId).all(db).await
}

/// A page of all budgets, in the order of their ids.
///
/// # Errors
/// When the database is away.
pub async fn list(db: &impl ConnectionTrait, page: &PageOf) -> Result<Page<Model>, DbErr> {
    page.read(db, Entity::find(), &[Column::BudgetId], Order::Asc).await
}
