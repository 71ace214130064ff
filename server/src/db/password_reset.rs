//! Links with which somebody who forgot their password sets another.

use chrono::{DateTime, Utc};
use sea_orm::Condition;
use sea_orm::entity::prelude::*;

/// One link. The token itself is only in it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "password_resets")]
pub struct Model {
    /// SHA-256 of the token in hex.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: String,
    /// Whose password it sets.
    pub user_id: String,
    /// When it was asked for.
    pub created_at: DateTimeUtc,
    /// When it stops working.
    pub expires_at: DateTimeUtc,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The link with this hash, if it still works at `now`.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, token_hash: &str, now: DateTime<Utc>) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(token_hash.to_owned()).filter(Column::ExpiresAt.gt(now)).one(db).await
}

/// Uses a link up.
///
/// # Errors
/// When the database is away.
///
/// Returns whether it still worked at `now`: of several who try at once one hears yes.
pub async fn take(db: &impl ConnectionTrait, token_hash: &str, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let open = Entity::delete_many().filter(Column::TokenHash.eq(token_hash)).filter(Column::ExpiresAt.gt(now));
    Ok(open.exec(db).await?.rows_affected == 1)
}

/// Forgets all links of a user, and those of others that have stopped working by `now`.
///
/// # Errors
/// When the database is away.
pub async fn delete_of_user(db: &impl ConnectionTrait, user_id: &str, now: DateTime<Utc>) -> Result<(), DbErr> {
    let gone = Condition::any().add(Column::UserId.eq(user_id)).add(Column::ExpiresAt.lte(now));
    Entity::delete_many().filter(gone).exec(db).await?;
    Ok(())
}
