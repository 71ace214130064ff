//! What a failed query means to the caller.

use std::borrow::Cow;

use sea_orm::{DbErr, RuntimeErr, SqlErr, SqlxError};

use crate::error::ApiError;

impl From<DbErr> for ApiError {
    fn from(error: DbErr) -> Self {
        if is_passing(&error) {
            return Self::unavailable("The database is not available. Try again.").with_source(error);
        }
        Self::internal(error)
    }
}

/// Whether the same query may well succeed a moment later: the database was away, busy, or broke a deadlock.
fn is_passing(error: &DbErr) -> bool {
    /// Busy and locked; serialization failure, deadlock, too many connections, shutting down, starting up.
    const CODES: [&str; 9] = ["5", "6", "517", "40001", "40P01", "53300", "57P01", "57P02", "57P03"];
    let source = match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => return true,
        DbErr::Exec(RuntimeErr::SqlxError(source)) | DbErr::Query(RuntimeErr::SqlxError(source)) => source,
        _ => return false,
    };
    match &**source {
        SqlxError::Database(refusal) => refusal.code().is_some_and(|code| CODES.contains(&code.as_ref())),
        SqlxError::Io(_) | SqlxError::PoolTimedOut | SqlxError::PoolClosed | SqlxError::WorkerCrashed => true,
        _ => false,
    }
}

/// What the database calls its refusal of a statement: five characters on Postgres, a number on SQLite.
fn refusal_code(error: &DbErr) -> Option<Cow<'_, str>> {
    let (DbErr::Exec(RuntimeErr::SqlxError(source)) | DbErr::Query(RuntimeErr::SqlxError(source))) = error else {
        return None;
    };
    source.as_database_error().and_then(|refusal| refusal.code())
}

/// Whether a lock was not had within Postgres' `lock_timeout`.
pub(super) fn is_lock_timeout(error: &DbErr) -> bool {
    refusal_code(error).is_some_and(|code| code == "55P03")
}

/// Whether the database refuses the values themselves, so that the same row will never be taken.
#[must_use]
pub fn is_data_refused(error: &DbErr) -> bool {
    let Some(code) = refusal_code(error) else { return false };
    // Postgres: a class of two characters in a code of five. SQLite: a number whose low byte is the kind.
    if code.len() == 5 {
        return ["22", "23", "54"].iter().any(|class| code.starts_with(class));
    }
    const TOO_BIG: u32 = 18;
    const CONSTRAINT: u32 = 19;
    const MISMATCH: u32 = 20;
    code.parse::<u32>().is_ok_and(|code| [TOO_BIG, CONSTRAINT, MISMATCH].contains(&(code & 0xff)))
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
    /// Another user has this e-mail address.
    UserEmail,
    /// This budget exists.
    BudgetId,
    /// This team exists.
    TeamId,
    /// This customer exists.
    CustomerId,
    /// This organization exists.
    OrganizationId,
    /// This user is in the organization already.
    OrganizationMember,
    /// This tag exists.
    TagName,
    /// The user is in the team already.
    TeamMember,
    /// This provider of single sign-on exists.
    SsoProvider,
    /// Somebody is known by this subject of a provider already.
    SsoIdentity,
    /// This sign-in is over already.
    SsoSpent,
    /// This deployment exists.
    ModelId,
    /// This credential exists.
    CredentialName,
    /// A directory calls another user so.
    ScimUserName,
}

/// Which uniqueness `error` says was violated, where it says that. Both databases name the columns, each in its way.
#[must_use]
pub fn violation(error: &DbErr) -> Option<Violation> {
    let Some(SqlErr::UniqueConstraintViolation(text)) = error.sql_err() else { return None };
    const NAMES: [(&str, Violation); 34] = [
        ("scim_users.user_name", Violation::ScimUserName),
        ("scim_users_user_name", Violation::ScimUserName),
        ("sso_providers.", Violation::SsoProvider),
        ("sso_providers_pkey", Violation::SsoProvider),
        ("sso_identities.", Violation::SsoIdentity),
        ("sso_identities_pkey", Violation::SsoIdentity),
        ("sso_spent.", Violation::SsoSpent),
        ("sso_spent_pkey", Violation::SsoSpent),
        ("key_secrets.digest", Violation::KeyToken),
        ("key_secrets_pkey", Violation::KeyToken),
        ("key_alias", Violation::KeyAlias),
        ("keys.token", Violation::KeyToken),
        ("keys_pkey", Violation::KeyToken),
        ("user_email", Violation::UserEmail),
        ("users.user_id", Violation::UserId),
        ("users_pkey", Violation::UserId),
        ("budgets.budget_id", Violation::BudgetId),
        ("budgets_pkey", Violation::BudgetId),
        ("organization_members.", Violation::OrganizationMember),
        ("organization_members_pkey", Violation::OrganizationMember),
        ("team_members.", Violation::TeamMember),
        ("team_members_pkey", Violation::TeamMember),
        ("teams.team_id", Violation::TeamId),
        ("teams_pkey", Violation::TeamId),
        ("customers.user_id", Violation::CustomerId),
        ("customers_pkey", Violation::CustomerId),
        ("organizations.organization_id", Violation::OrganizationId),
        ("organizations_pkey", Violation::OrganizationId),
        ("tags.name", Violation::TagName),
        ("tags_pkey", Violation::TagName),
        ("models.model_id", Violation::ModelId),
        ("models_pkey", Violation::ModelId),
        ("credentials.credential_name", Violation::CredentialName),
        ("credentials_pkey", Violation::CredentialName),
    ];
    NAMES.into_iter().find(|(name, _)| text.contains(name)).map(|(_, violation)| violation)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actix_web::http::StatusCode;

    use super::*;

    fn status_of(error: SqlxError) -> StatusCode {
        ApiError::from(DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))).status()
    }

    #[test]
    fn a_database_that_is_away_is_worth_another_try() {
        assert_eq!(status_of(SqlxError::PoolTimedOut), StatusCode::SERVICE_UNAVAILABLE);
        let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        assert_eq!(status_of(SqlxError::Io(reset)), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(status_of(SqlxError::RowNotFound), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
