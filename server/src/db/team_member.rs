//! Who is in which team.

use sea_orm::entity::prelude::*;

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
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

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
