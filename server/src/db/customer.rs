//! Customers: the end users that calls name in their field `user`. Only those that somebody registered are here.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Order;
use sea_orm::{Condition, DatabaseTransaction, QuerySelect};

use super::search::contains_any;
use super::{JsonMap, Page, PageOf, Strings};

/// One customer.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "customers")]
pub struct Model {
    /// What calls name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
    /// Name shown to people.
    pub alias: Option<String>,
    /// Calls for a blocked customer are refused.
    pub blocked: bool,
    /// Models it may use; empty: all.
    #[sea_orm(column_type = "Json")]
    pub models: Strings,
    /// What the caller keeps with it.
    #[sea_orm(column_type = "Json")]
    pub metadata: JsonMap,
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

/// The customer with this id.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, user_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(user_id.to_owned()).one(db).await
}

/// Whether any customer is registered.
///
/// # Errors
/// When the database is away.
pub async fn has_any(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    Ok(Entity::find().one(db).await?.is_some())
}

/// The customer with this id, kept from other writers until the transaction ends.
///
/// # Errors
/// When the database is away.
pub async fn find_for_update(transaction: &DatabaseTransaction, user_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(user_id.to_owned()).lock_exclusive().one(transaction).await
}

/// Customers in the order of their ids; only those with `search` in their id or name.
///
/// # Errors
/// When the database is away.
pub async fn list(db: &impl ConnectionTrait, search: Option<&str>, page: &PageOf) -> Result<Page<Model>, DbErr> {
    let matching = search.map(|text| contains_any(&[Column::UserId, Column::Alias], text));
    let matching = Condition::all().add_option(matching);
    page.read(db, Entity::find().filter(matching), &[Column::UserId], Order::Asc).await
}

/// Customers by id; ids without one are left out.
///
/// # Errors
/// When the database is away.
pub async fn find_many(db: &impl ConnectionTrait, user_ids: &[String]) -> Result<Vec<Model>, DbErr> {
    if user_ids.is_empty() {
        return Ok(Vec::new());
    }
    Entity::find().filter(Column::UserId.is_in(user_ids)).all(db).await
}
