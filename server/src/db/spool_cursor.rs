//! How far each node's spool has been written: noted in the transaction that writes, so that nothing is written again,
//! not even after retention has taken it from the log.

use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

/// One spool.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "spool_cursors")]
pub struct Model {
    /// Given to the spool's folder when it was made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub spool_id: String,
    /// Number of the segment that was read last.
    pub segment: i64,
    /// Bytes of it that have been read.
    pub position: i64,
    /// When this was noted.
    pub written_at: DateTimeUtc,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// How far this spool has been written.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, spool_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(spool_id).one(db).await
}

/// Notes how far a spool has been written.
///
/// # Errors
/// When the database is away.
pub async fn set(db: &impl ConnectionTrait, cursor: Model) -> Result<(), DbErr> {
    let mut conflict = OnConflict::column(Column::SpoolId);
    conflict.update_columns([Column::Segment, Column::Position, Column::WrittenAt]);
    Entity::insert(cursor.into_active_model()).on_conflict(conflict).exec_without_returning(db).await?;
    Ok(())
}
