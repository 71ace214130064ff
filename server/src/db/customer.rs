//! Customers: the end users that calls name in their field `user`. Only those that somebody registered are here.

use sea_orm::entity::prelude::*;

use super::{JsonMap, Strings};

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
    /// `eu` or `us`: where models must run that serve the customer.
    pub allowed_model_region: Option<String>,
    /// The model of calls that name none.
    pub default_model: Option<String>,
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
