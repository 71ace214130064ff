//! Keys and other entities with limits that changed: other nodes poll this and forget what they know of them.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveValue, QueryOrder, QuerySelect};

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "policy_changes")]
pub struct Model {
    /// Larger for every later change.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// What changed: `key`, `team`, `budget`, … as in [`super::limit`].
    pub entity_kind: String,
    /// Its id; of a key its hash.
    pub entity_id: String,
    /// When.
    pub at: DateTimeUtc,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Notes that an entity changed; call it in the transaction that changes it.
///
/// # Errors
/// When the database is away.
pub async fn record(db: &impl ConnectionTrait, kind: &str, id: &str, at: DateTime<Utc>) -> Result<(), DbErr> {
    let row = ActiveModel {
        entity_kind: ActiveValue::Set(kind.to_owned()),
        entity_id: ActiveValue::Set(id.to_owned()),
        at: ActiveValue::Set(at),
        ..<ActiveModel as sea_orm::ActiveModelTrait>::default()
    };
    Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// The id of the last change; 0 where there is none.
///
/// # Errors
/// When the database is away.
pub async fn last_id(db: &impl ConnectionTrait) -> Result<i64, DbErr> {
    let last = Entity::find().order_by_desc(Column::Id).one(db).await?;
    Ok(last.map_or(0, |row| row.id))
}

/// Changes after `id`, oldest first, at most `limit`.
///
/// On Postgres ids are given before transactions commit, so a smaller id can appear after a larger one: poll again
/// from a little further back than the last id seen.
///
/// # Errors
/// When the database is away.
pub async fn since(db: &impl ConnectionTrait, id: i64, limit: u64) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::Id.gt(id)).order_by_asc(Column::Id).limit(limit).all(db).await
}

/// Removes changes made before `before`: every node has read them, or reads everything anew when it starts.
///
/// # Errors
/// When the database is away.
pub async fn prune(db: &impl ConnectionTrait, before: DateTime<Utc>) -> Result<(), DbErr> {
    // The last one stays: nodes that start count on from it.
    let last = last_id(db).await?;
    Entity::delete_many().filter(Column::At.lt(before)).filter(Column::Id.lt(last)).exec(db).await?;
    Ok(())
}
