//! What a failed query means to the caller.

use sea_orm::{DbErr, SqlErr};

use crate::error::ApiError;

impl From<DbErr> for ApiError {
    fn from(error: DbErr) -> Self {
        match error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => {
                Self::unavailable("The database is not available. Try again.").with_source(error)
            }
            other => Self::internal(other),
        }
    }
}

/// Columns that must be unique, as far as callers are told of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Another key has this alias.
    KeyAlias,
    /// This very key exists.
    KeyToken,
    /// This user exists.
    UserId,
}

/// Which uniqueness `error` says was violated, where it says that. Both databases name the columns, each in its way.
#[must_use]
pub fn violation(error: &DbErr) -> Option<Violation> {
    let Some(SqlErr::UniqueConstraintViolation(text)) = error.sql_err() else { return None };
    const NAMES: [(&str, Violation); 5] = [
        ("key_alias", Violation::KeyAlias),
        ("keys.token", Violation::KeyToken),
        ("keys_pkey", Violation::KeyToken),
        ("users.user_id", Violation::UserId),
        ("users_pkey", Violation::UserId),
    ];
    NAMES.into_iter().find(|(name, _)| text.contains(name)).map(|(_, violation)| violation)
}
