//! Credentials: settings that deployments share by a name. Their values are sealed.

use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, QueryOrder, QuerySelect};

use super::JsonMap;

/// One credential.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "credentials")]
pub struct Model {
    /// What deployments name it by.
    #[sea_orm(primary_key, auto_increment = false)]
    pub credential_name: String,
    /// Its values, sealed for [`place`].
    pub sealed_values: String,
    /// What is noted about it.
    #[sea_orm(column_type = "Json")]
    pub credential_info: JsonMap,
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

/// What the values of the credential of this name are sealed for.
#[must_use]
pub fn place(name: &str) -> String {
    format!("credential/{name}")
}

/// All, in the order of their names.
///
/// # Errors
/// When the database is away.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find().order_by_asc(Column::CredentialName).all(db).await
}

/// The credential of this name, kept from other writers until the transaction ends.
///
/// # Errors
/// When the database is away.
pub async fn find_for_update(transaction: &DatabaseTransaction, name: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(name.to_owned()).lock_exclusive().one(transaction).await
}
