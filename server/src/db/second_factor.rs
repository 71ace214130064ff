//! Second factors: codes that an authenticator app makes of a secret and the time.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, IntoActiveModel, QuerySelect};

use super::Strings;

/// A user's second factor.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "second_factors")]
pub struct Model {
    /// Whose it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
    /// The secret, sealed for `second_factor/` and the user's id.
    pub sealed_secret: String,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When its owner showed that their app makes the right codes; absent: not yet, and it is not asked for.
    pub confirmed_at: Option<DateTimeUtc>,
    /// The step of time whose code was taken last: it and those before it are not taken again.
    pub last_step: i64,
    /// SHA-256 in hex of the recovery codes that are left.
    #[sea_orm(column_type = "Json")]
    pub recovery_hashes: Strings,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A user's second factor, confirmed or not.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, user_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(user_id.to_owned()).one(db).await
}

/// The second factor that a user signs in with, if they have one.
///
/// # Errors
/// When the database is away.
pub async fn in_force(db: &impl ConnectionTrait, user_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(user_id.to_owned()).filter(Column::ConfirmedAt.is_not_null()).one(db).await
}

/// A user's second factor, kept from other writers until the transaction ends.
///
/// # Errors
/// When the database is away.
pub async fn find_for_update(transaction: &DatabaseTransaction, user_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(user_id.to_owned()).lock_exclusive().one(transaction).await
}

/// Puts a second factor in the place of the one before.
///
/// # Errors
/// When the database is away.
pub async fn replace(transaction: &DatabaseTransaction, factor: Model) -> Result<(), DbErr> {
    Entity::delete_by_id(factor.user_id.clone()).exec(transaction).await?;
    Entity::insert(factor.into_active_model()).exec_without_returning(transaction).await?;
    Ok(())
}

/// Takes the code of a step, once.
///
/// # Errors
/// When the database is away.
///
/// Returns whether it was taken: of several who show the same code at once one hears yes.
pub async fn take_step(db: &impl ConnectionTrait, user_id: &str, step: i64) -> Result<bool, DbErr> {
    let update = Entity::update_many().col_expr(Column::LastStep, Expr::value(step));
    let fresh = update.filter(Column::UserId.eq(user_id)).filter(Column::LastStep.lt(step));
    Ok(fresh.exec(db).await?.rows_affected == 1)
}

/// Puts it in force, with these recovery codes.
///
/// # Errors
/// When the database is away.
pub async fn confirm(
    transaction: &DatabaseTransaction,
    user_id: &str,
    recovery_hashes: Strings,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::ConfirmedAt, Expr::value(now))
        .col_expr(Column::RecoveryHashes, Expr::value(recovery_hashes));
    update.filter(Column::UserId.eq(user_id)).exec(transaction).await?;
    Ok(())
}

/// Notes which recovery codes are left.
///
/// # Errors
/// When the database is away.
pub async fn keep_recovery(transaction: &DatabaseTransaction, user_id: &str, left: Strings) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::RecoveryHashes, Expr::value(left));
    update.filter(Column::UserId.eq(user_id)).exec(transaction).await?;
    Ok(())
}

/// Forgets a user's second factor. Returns whether there was one.
///
/// # Errors
/// When the database is away.
pub async fn delete(db: &impl ConnectionTrait, user_id: &str) -> Result<bool, DbErr> {
    Ok(Entity::delete_by_id(user_id.to_owned()).exec(db).await?.rows_affected == 1)
}
