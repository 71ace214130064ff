//! What was asked and answered, where that is kept: apart from the log, which stays narrow.

use std::collections::HashMap;

use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

/// Prompt and answer of one call.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "spend_log_contents")]
pub struct Model {
    /// Id of the call.
    #[sea_orm(primary_key, auto_increment = false)]
    pub request_id: String,
    /// When the call arrived.
    pub start_time: DateTimeUtc,
    /// What was asked, as JSON text, redacted.
    pub messages: Option<String>,
    /// What was answered, as JSON text, redacted.
    pub response: Option<String>,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Keeps what was asked and answered; what is kept already stays.
///
/// # Errors
/// When the database is away.
pub async fn insert(db: &impl ConnectionTrait, rows: Vec<Model>) -> Result<(), DbErr> {
    let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    let conflict = OnConflict::column(Column::RequestId).do_nothing().to_owned();
    Entity::insert_many(rows).on_conflict(conflict).exec_without_returning(db).await?;
    Ok(())
}

/// What is kept of those calls, by id.
///
/// # Errors
/// When the database is away.
pub async fn find_many(db: &impl ConnectionTrait, request_ids: &[String]) -> Result<HashMap<String, Model>, DbErr> {
    if request_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = Entity::find().filter(Column::RequestId.is_in(request_ids)).all(db).await?;
    Ok(found.into_iter().map(|row| (row.request_id.clone(), row)).collect())
}
