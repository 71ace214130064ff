//! Teams. Their limits are in [`super::limit`], their members in [`super::team_member`].

use sea_orm::entity::prelude::*;

use super::{JsonMap, Strings};

/// One team.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "teams")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub team_id: String,
    /// Name shown to people.
    pub team_alias: Option<String>,
    /// Organization.
    pub organization_id: Option<String>,
    /// Models it may use; empty: all.
    #[sea_orm(column_type = "Json")]
    pub models: Strings,
    /// What the caller keeps with it.
    #[sea_orm(column_type = "Json")]
    pub metadata: JsonMap,
    /// Fields of LiteLLM's that are kept and not used yet.
    #[sea_orm(column_type = "Json")]
    pub other: JsonMap,
    /// Calls of a blocked team are refused.
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

/// The team with this id.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, team_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(team_id.to_owned()).one(db).await
}

/// Those of the teams that exist.
///
/// # Errors
/// When the database is away.
pub async fn find_many(db: &impl ConnectionTrait, team_ids: &[String]) -> Result<Vec<Model>, DbErr> {
    if team_ids.is_empty() {
        return Ok(Vec::new());
    }
    Entity::find().filter(Column::TeamId.is_in(team_ids)).all(db).await
}
