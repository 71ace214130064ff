//! Console sessions.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};

/// Sessions listed of one user.
const LISTED_MAX: u64 = 100;

/// One signed-in browser. The token itself is only in its cookie.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// SHA-256 of the token in hex.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: String,
    /// Who signed in.
    pub user_id: String,
    /// E-mail address, where one is known.
    pub user_email: Option<String>,
    /// Name of the `UserRole` at sign-in.
    pub user_role: String,
    /// When they signed in.
    pub created_at: DateTimeUtc,
    /// When the session was last used, to the minute.
    pub last_seen_at: DateTimeUtc,
    /// When it ends however much it is used.
    pub expires_at: DateTimeUtc,
    /// The browser, as it names itself.
    pub user_agent: Option<String>,
    /// Where the sign-in came from.
    pub ip_address: Option<String>,
    /// How they signed in: `password`, `environment`, `invitation`, or `sso:` and the provider's id.
    pub method: String,
    /// Of a sign-in with `UI_USERNAME` and `UI_PASSWORD`: what proves that they are still the same.
    pub environment_mac: Option<String>,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The session with this hash, ended or not.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, token_hash: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(token_hash.to_owned()).one(db).await
}

/// Notes that the session was used.
///
/// # Errors
/// When the database is away.
pub async fn touch(db: &impl ConnectionTrait, token_hash: &str, at: DateTime<Utc>) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::LastSeenAt, Expr::value(at));
    update.filter(Column::TokenHash.eq(token_hash)).exec(db).await?;
    Ok(())
}

/// A user's sessions that have not ended by `now`, the one used last first.
///
/// # Errors
/// When the database is away.
pub async fn of_user(
    db: &impl ConnectionTrait,
    user_id: &str,
    now: DateTime<Utc>,
    used_after: DateTime<Utc>,
) -> Result<Vec<Model>, DbErr> {
    let open = Entity::find().filter(Column::UserId.eq(user_id)).filter(Column::ExpiresAt.gt(now));
    let used = open.filter(Column::LastSeenAt.gt(used_after));
    used.order_by_desc(Column::LastSeenAt).order_by_asc(Column::TokenHash).limit(LISTED_MAX).all(db).await
}

/// Ends all sessions of a user but one.
///
/// # Errors
/// When the database is away.
///
/// Returns how many there were.
pub async fn delete_others(db: &impl ConnectionTrait, user_id: &str, kept: &str) -> Result<u64, DbErr> {
    let others = Entity::delete_many().filter(Column::UserId.eq(user_id)).filter(Column::TokenHash.ne(kept));
    Ok(others.exec(db).await?.rows_affected)
}

/// Ends a session.
///
/// # Errors
/// When the database is away.
pub async fn delete(db: &impl ConnectionTrait, token_hash: &str) -> Result<(), DbErr> {
    Entity::delete_by_id(token_hash.to_owned()).exec(db).await?;
    Ok(())
}

/// Removes what had ended by `now`.
///
/// # Errors
/// When the database is away.
pub async fn delete_ended(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::ExpiresAt.lte(now)).exec(db).await?;
    Ok(())
}

/// Ends all sessions of a user.
///
/// # Errors
/// When the database is away.
///
/// Returns how many there were.
pub async fn delete_of_user(db: &impl ConnectionTrait, user_id: &str) -> Result<u64, DbErr> {
    Ok(Entity::delete_many().filter(Column::UserId.eq(user_id)).exec(db).await?.rows_affected)
}
