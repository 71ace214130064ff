//! Settings that go before those of config.yaml.

use sea_orm::entity::prelude::*;
use sea_orm::{ActiveValue, DatabaseTransaction, QueryOrder};

use super::pool::lock_until_commit;

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "settings")]
pub struct Model {
    /// Where it is in config.yaml, such as `router_settings.num_retries`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub path: String,
    /// Its value.
    #[sea_orm(column_type = "Json")]
    pub value: Json,
    /// Larger after every change, also where the setting was taken out and comes back.
    pub version: i64,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
    /// By whom.
    pub updated_by: Option<String>,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// One at a time changes settings: what is checked together has to hold together.
const LOCK: i64 = 7_301_992;

/// All, by path.
///
/// # Errors
/// When the database is away.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find().order_by_asc(Column::Path).all(db).await
}

/// The same, kept from other writers until the transaction ends.
///
/// # Errors
/// When the database is away.
pub async fn all_for_update(transaction: &DatabaseTransaction) -> Result<Vec<Model>, DbErr> {
    lock_until_commit(transaction, LOCK).await?;
    all(transaction).await
}

/// Writes a setting that has not been there.
///
/// # Errors
/// When the database is away.
pub async fn insert(db: &impl ConnectionTrait, setting: Model) -> Result<(), DbErr> {
    Entity::insert(set(setting)).exec_without_returning(db).await?;
    Ok(())
}

/// Writes a setting anew.
///
/// # Errors
/// When the database is away.
pub async fn update(db: &impl ConnectionTrait, setting: Model) -> Result<(), DbErr> {
    set(setting).update(db).await?;
    Ok(())
}

/// Removes a setting: the file's holds again.
///
/// # Errors
/// When the database is away.
pub async fn delete(db: &impl ConnectionTrait, path: &str) -> Result<(), DbErr> {
    Entity::delete_by_id(path.to_owned()).exec(db).await?;
    Ok(())
}

fn set(setting: Model) -> ActiveModel {
    ActiveModel {
        path: ActiveValue::Unchanged(setting.path.clone()),
        value: ActiveValue::Set(setting.value),
        version: ActiveValue::Set(setting.version),
        updated_at: ActiveValue::Set(setting.updated_at),
        updated_by: ActiveValue::Set(setting.updated_by),
    }
}
