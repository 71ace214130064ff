//! Tags that calls carry. Only those that somebody registered are here.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Order;
use sea_orm::{Condition, DatabaseTransaction, QueryOrder, QuerySelect};

use super::search::contains_any;
use super::{JsonMap, Page, PageOf, Strings};

/// One tag.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tags")]
pub struct Model {
    /// What calls carry.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Models it may use; empty: all.
    #[sea_orm(column_type = "Json")]
    pub models: Strings,
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

/// The tag with this name.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, name: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(name.to_owned()).one(db).await
}

/// Whether any tag is registered.
///
/// # Errors
/// When the database is away.
pub async fn has_any(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    Ok(Entity::find().one(db).await?.is_some())
}

/// The tag with this name, kept from other writers until the transaction ends.
///
/// # Errors
/// When the database is away.
pub async fn find_for_update(transaction: &DatabaseTransaction, name: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(name.to_owned()).lock_exclusive().one(transaction).await
}

/// Those of the tags that are registered, in the order of their names.
///
/// # Errors
/// When the database is away.
pub async fn find_many(db: &impl ConnectionTrait, names: &[String]) -> Result<Vec<Model>, DbErr> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    Entity::find().filter(Column::Name.is_in(names)).order_by_asc(Column::Name).all(db).await
}

/// Tags in the order of their names; only those with `search` in their name or description.
///
/// # Errors
/// When the database is away.
pub async fn list(db: &impl ConnectionTrait, search: Option<&str>, page: &PageOf) -> Result<Page<Model>, DbErr> {
    let matching = search.map(|text| contains_any(&[Column::Name, Column::Description], text));
    let matching = Condition::all().add_option(matching);
    page.read(db, Entity::find().filter(matching), &[Column::Name], Order::Asc).await
}
