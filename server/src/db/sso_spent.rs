//! Sign-ins by single sign-on that came back: none comes back twice, whichever node it comes to.

use chrono::{DateTime, Utc};
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;

use super::{Violation, violation};

/// One sign-in.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sso_spent")]
pub struct Model {
    /// SHA-256 of its state in hex.
    #[sea_orm(primary_key, auto_increment = false)]
    pub state_hash: String,
    /// Until when it must be remembered.
    pub expires_at: DateTimeUtc,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Notes that a sign-in came back; false where it had already. What has expired by `now` is forgotten.
///
/// # Errors
/// When the database is away.
pub async fn spend(
    db: &impl ConnectionTrait,
    state_hash: String,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    Entity::delete_many().filter(Column::ExpiresAt.lte(now)).exec(db).await?;
    let row = Model { state_hash, expires_at };
    match Entity::insert(row.into_active_model()).exec_without_returning(db).await {
        Ok(_) => Ok(true),
        Err(error) if violation(&error) == Some(Violation::SsoSpent) => Ok(false),
        Err(error) => Err(error),
    }
}
