//! Tokens of directories that provision users and groups.

use chrono::{DateTime, Utc};
use sea_orm::QueryOrder;
use sea_orm::entity::prelude::*;

/// One token. The token itself is only with the directory.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "scim_tokens")]
pub struct Model {
    /// SHA-256 of the token in hex.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: String,
    /// What it is known by.
    pub token_id: String,
    /// Whose it is.
    pub name: String,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// By whom.
    pub created_by: Option<String>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTimeUtc>,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The token with this hash.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, token_hash: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(token_hash.to_owned()).one(db).await
}

/// The token with this id.
///
/// # Errors
/// When the database is away.
pub async fn find_by_id(db: &impl ConnectionTrait, token_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::TokenId.eq(token_id)).one(db).await
}

/// All of them, the oldest first.
///
/// # Errors
/// When the database is away.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find().order_by_asc(Column::CreatedAt).order_by_asc(Column::TokenId).all(db).await
}

/// Notes that a token was used.
///
/// # Errors
/// When the database is away.
pub async fn touch(db: &impl ConnectionTrait, token_hash: &str, at: DateTime<Utc>) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::LastUsedAt, Expr::value(at));
    update.filter(Column::TokenHash.eq(token_hash)).exec(db).await?;
    Ok(())
}
