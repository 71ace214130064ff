//! Access tokens: with what a person's scripts call the management API.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};

/// One token. The token itself is only in its owner's hands.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_tokens")]
pub struct Model {
    /// SHA-256 of the token in hex.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: String,
    /// What it begins with and its last four characters.
    pub token_name: String,
    /// What it is for.
    pub name: String,
    /// Whose it is, and whose rights it has.
    pub user_id: String,
    /// It changes nothing.
    pub is_read_only: bool,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it stops working.
    pub expires_at: DateTimeUtc,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTimeUtc>,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The token with this hash, expired or not.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, token_hash: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(token_hash.to_owned()).one(db).await
}

/// A user's tokens, newest first, at most `count`.
///
/// # Errors
/// When the database is away.
pub async fn of_user(db: &impl ConnectionTrait, user_id: &str, count: u64) -> Result<Vec<Model>, DbErr> {
    let own = Entity::find().filter(Column::UserId.eq(user_id));
    own.order_by_desc(Column::CreatedAt).order_by_asc(Column::TokenHash).limit(count).all(db).await
}

/// Notes that the token was used.
///
/// # Errors
/// When the database is away.
pub async fn touch(db: &impl ConnectionTrait, token_hash: &str, at: DateTime<Utc>) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::LastUsedAt, Expr::value(at));
    update.filter(Column::TokenHash.eq(token_hash)).exec(db).await?;
    Ok(())
}

/// Revokes a token.
///
/// # Errors
/// When the database is away.
pub async fn delete(db: &impl ConnectionTrait, token_hash: &str) -> Result<(), DbErr> {
    Entity::delete_by_id(token_hash.to_owned()).exec(db).await?;
    Ok(())
}

/// Revokes all tokens of a user.
///
/// # Errors
/// When the database is away.
pub async fn delete_of_user(db: &impl ConnectionTrait, user_id: &str) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::UserId.eq(user_id)).exec(db).await?;
    Ok(())
}
