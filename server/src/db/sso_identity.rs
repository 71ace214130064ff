//! Who is known by which subject of which provider of single sign-on.

use sea_orm::entity::prelude::*;

use super::Strings;

/// One subject.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sso_identities")]
pub struct Model {
    /// The provider, as it names itself.
    #[sea_orm(primary_key, auto_increment = false)]
    pub issuer: String,
    /// Whom it means.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: String,
    /// The user.
    pub user_id: String,
    /// The provider they last signed in by.
    pub provider_id: String,
    /// Teams that they are in because of their groups.
    #[sea_orm(column_type = "Json")]
    pub teams: Strings,
    /// When they first signed in so.
    pub created_at: DateTimeUtc,
    /// When they last did.
    pub last_seen_at: DateTimeUtc,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Who is known by this subject.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, issuer: &str, subject: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id((issuer.to_owned(), subject.to_owned())).one(db).await
}

/// Whether the user is known by some subject of this provider.
///
/// # Errors
/// When the database is away.
pub async fn is_known(db: &impl ConnectionTrait, issuer: &str, user_id: &str) -> Result<bool, DbErr> {
    let known = Entity::find().filter(Column::Issuer.eq(issuer)).filter(Column::UserId.eq(user_id));
    Ok(known.one(db).await?.is_some())
}

/// Whether the user has signed in by any provider.
///
/// # Errors
/// When the database is away.
pub async fn is_of_user(db: &impl ConnectionTrait, user_id: &str) -> Result<bool, DbErr> {
    Ok(Entity::find().filter(Column::UserId.eq(user_id)).one(db).await?.is_some())
}

/// Forgets by whom a user was known.
///
/// # Errors
/// When the database is away.
pub async fn delete_of_user(db: &impl ConnectionTrait, user_id: &str) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::UserId.eq(user_id)).exec(db).await?;
    Ok(())
}
