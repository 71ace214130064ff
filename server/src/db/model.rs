//! Deployments that are kept in the database. Their parameters are sealed.

use std::collections::HashMap;

use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, QueryOrder, QuerySelect};

use super::JsonMap;

/// One deployment.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "models")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub model_id: String,
    /// The public name of the group it serves.
    pub model_name: String,
    /// `litellm_params`, sealed for [`place`].
    pub sealed_params: String,
    /// `model_info`, without the id.
    #[sea_orm(column_type = "Json")]
    pub model_info: JsonMap,
    /// It is not called.
    pub blocked: bool,
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

/// What the parameters of the deployment of this id are sealed for.
#[must_use]
pub fn place(model_id: &str) -> String {
    format!("model/{model_id}")
}

/// All, oldest first.
///
/// # Errors
/// When the database is away.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find().order_by_asc(Column::CreatedAt).order_by_asc(Column::ModelId).all(db).await
}

/// The sealed parameters of each, by its id: sealing them never gives the same text twice.
///
/// # Errors
/// When the database is away.
pub async fn sealed_params(db: &impl ConnectionTrait) -> Result<HashMap<String, String>, DbErr> {
    let rows = Entity::find().select_only().columns([Column::ModelId, Column::SealedParams]);
    Ok(rows.into_tuple::<(String, String)>().all(db).await?.into_iter().collect())
}

/// The deployment of this id.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, model_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(model_id.to_owned()).one(db).await
}

/// The deployment of this id, kept from other writers until the transaction ends.
///
/// # Errors
/// When the database is away.
pub async fn find_for_update(transaction: &DatabaseTransaction, model_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(model_id.to_owned()).lock_exclusive().one(transaction).await
}
