//! Running totals of every entity.

use std::collections::HashMap;

use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};

/// Everything one entity ever spent.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "spend_totals")]
pub struct Model {
    /// `global`, `key`, `user`, `team`, `organization`, `end_user`, `model_group` or `provider`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub entity_kind: String,
    /// Its id; empty for `global`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub entity_id: String,
    /// Cost in nano-dollars.
    pub spend: i64,
    /// Calls, failed ones included.
    pub api_requests: i64,
    /// When its last call arrived.
    pub last_used_at: DateTimeUtc,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Totals of those of `ids` that have any, by id.
///
/// # Errors
/// When the database is away.
pub async fn of_many(
    db: &impl ConnectionTrait,
    entity_kind: &str,
    ids: &[String],
) -> Result<HashMap<String, Model>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = Entity::find().filter(Column::EntityKind.eq(entity_kind)).filter(Column::EntityId.is_in(ids));
    Ok(found.all(db).await?.into_iter().map(|row| (row.entity_id.clone(), row)).collect())
}

/// The ids of the entities of a kind that have any, at most `limit`.
///
/// # Errors
/// When the database is away.
pub async fn ids(db: &impl ConnectionTrait, entity_kind: &str, limit: u64) -> Result<Vec<String>, DbErr> {
    let found = Entity::find().filter(Column::EntityKind.eq(entity_kind)).order_by_asc(Column::EntityId).limit(limit);
    found.select_only().column(Column::EntityId).into_tuple().all(db).await
}
