//! Providers of single sign-on that were set by the API or the console.

use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, QueryOrder, QuerySelect};

use super::JsonMap;

/// Providers there may be: all of them are read where somebody signs in.
pub const PROVIDERS_MAX: u64 = 500;

/// One provider.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sso_providers")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider_id: String,
    /// Its settings, without the secret.
    #[sea_orm(column_type = "Json")]
    pub settings: JsonMap,
    /// The client's secret, sealed for `sso_provider/<id>`.
    pub client_secret: Option<String>,
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

/// The provider with this id.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, provider_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(provider_id.to_owned()).one(db).await
}

/// The provider with this id, kept from other writers until the transaction ends.
///
/// # Errors
/// When the database is away.
pub async fn find_for_update(transaction: &DatabaseTransaction, provider_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(provider_id.to_owned()).lock_exclusive().one(transaction).await
}

/// All of them, in the order of their ids.
///
/// # Errors
/// When the database is away.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find().order_by_asc(Column::ProviderId).limit(PROVIDERS_MAX).all(db).await
}

/// How many there are.
///
/// # Errors
/// When the database is away.
pub async fn count(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::find().count(db).await
}
