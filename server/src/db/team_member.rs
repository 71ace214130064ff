//! Who is in which team.

use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};

use super::JsonMap;

/// One member of one team.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "team_members")]
pub struct Model {
    /// The team.
    #[sea_orm(primary_key, auto_increment = false)]
    pub team_id: String,
    /// The user.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
    /// `admin` or `user`.
    pub role: String,
    /// Since when.
    pub created_at: DateTimeUtc,
    /// Fields of LiteLLM's that are kept and not used yet.
    #[sea_orm(column_type = "Json")]
    pub other: JsonMap,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Its id as a scope of limits and spend.
    #[must_use]
    pub fn scope_id(&self) -> String {
        format!("{}/{}", self.team_id, self.user_id)
    }
}

/// The membership of a user in a team.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, team_id: &str, user_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id((team_id.to_owned(), user_id.to_owned())).one(db).await
}

/// All memberships of a user.
///
/// # Errors
/// When the database is away.
pub async fn of_user(db: &impl ConnectionTrait, user_id: &str) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::UserId.eq(user_id)).all(db).await
}

/// All memberships of each of the users.
///
/// # Errors
/// When the database is away.
pub async fn of_users(db: &impl ConnectionTrait, user_ids: &[String]) -> Result<Vec<Model>, DbErr> {
    if user_ids.is_empty() {
        return Ok(Vec::new());
    }
    let memberships = Entity::find().filter(Column::UserId.is_in(user_ids));
    memberships.order_by_asc(Column::UserId).order_by_asc(Column::TeamId).all(db).await
}

/// Members of the teams, team by team; with a limit, at most so many in all.
///
/// # Errors
/// When the database is away.
pub async fn of_teams(db: &impl ConnectionTrait, team_ids: &[String], limit: Option<u64>) -> Result<Vec<Model>, DbErr> {
    if team_ids.is_empty() {
        return Ok(Vec::new());
    }
    let members = Entity::find().filter(Column::TeamId.is_in(team_ids));
    members.order_by_asc(Column::TeamId).order_by_asc(Column::UserId).limit(limit).all(db).await
}

/// How many members each of the teams has.
///
/// # Errors
/// When the database is away.
pub async fn count_by_team(db: &impl ConnectionTrait, team_ids: &[String]) -> Result<Vec<(String, i64)>, DbErr> {
    if team_ids.is_empty() {
        return Ok(Vec::new());
    }
    let counted = Entity::find().select_only().column(Column::TeamId).column_as(Column::UserId.count(), "members");
    counted.filter(Column::TeamId.is_in(team_ids)).group_by(Column::TeamId).into_tuple().all(db).await
}

/// All members of a team.
///
/// # Errors
/// When the database is away.
pub async fn of_team(db: &impl ConnectionTrait, team_id: &str) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::TeamId.eq(team_id)).order_by_asc(Column::UserId).all(db).await
}
