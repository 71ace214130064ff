//! Invitations: links with which somebody sets their first password.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// One invitation. The token itself is only in its link.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invitations")]
pub struct Model {
    /// Id; it opens nothing.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Who is invited.
    pub user_id: String,
    /// SHA-256 of the token in hex.
    pub token_hash: String,
    /// It was used, or closed: it opens nothing any more.
    pub is_accepted: bool,
    /// When that was.
    pub accepted_at: Option<DateTimeUtc>,
    /// When it stops working.
    pub expires_at: DateTimeUtc,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// By whom.
    pub created_by: String,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
    /// By whom.
    pub updated_by: String,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The invitation with this id.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id.to_owned()).one(db).await
}

/// The invitation whose link carries the token with this hash.
///
/// # Errors
/// When the database is away.
pub async fn find_by_token(db: &impl ConnectionTrait, token_hash: &str) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::TokenHash.eq(token_hash)).one(db).await
}

/// Closes an invitation that is open at `now`, because `by` used it or closed it.
///
/// # Errors
/// When the database is away.
///
/// Returns whether it was still open: of several who try at once one hears yes.
pub async fn close(db: &impl ConnectionTrait, id: &str, by: &str, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::IsAccepted, Expr::value(true))
        .col_expr(Column::AcceptedAt, Expr::value(now))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .col_expr(Column::UpdatedBy, Expr::value(by));
    let open = update.filter(Column::Id.eq(id)).filter(Column::IsAccepted.eq(false));
    Ok(open.filter(Column::ExpiresAt.gt(now)).exec(db).await?.rows_affected == 1)
}

/// Forgets an invitation.
///
/// # Errors
/// When the database is away.
pub async fn delete(db: &impl ConnectionTrait, id: &str) -> Result<(), DbErr> {
    Entity::delete_by_id(id.to_owned()).exec(db).await?;
    Ok(())
}

/// Forgets a user's invitations that were not used.
///
/// # Errors
/// When the database is away.
pub async fn delete_open(db: &impl ConnectionTrait, user_id: &str) -> Result<(), DbErr> {
    let open = Entity::delete_many().filter(Column::UserId.eq(user_id)).filter(Column::IsAccepted.eq(false));
    open.exec(db).await?;
    Ok(())
}

/// Forgets all invitations of a user.
///
/// # Errors
/// When the database is away.
pub async fn delete_of_user(db: &impl ConnectionTrait, user_id: &str) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::UserId.eq(user_id)).exec(db).await?;
    Ok(())
}
