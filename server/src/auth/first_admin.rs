//! The first administrator of a new installation.

use sea_orm::{EntityTrait, IntoActiveModel};
use tollgate_openapi::session::UserRole;

use super::password::{self, PasswordError};
use crate::app::App;
use crate::crypto::{RandomError, random_base62};
use crate::db;

/// Name the first administrator signs in with.
pub const USERNAME: &str = "admin";
/// Length of the password made up for it: 119 bits.
const PASSWORD_CHARS: usize = 20;

/// The first administrator's sign-in, shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct InitialPassword {
    /// The name.
    pub username: String,
    /// The password in clear; only its hash is kept.
    pub password: String,
}

impl std::fmt::Debug for InitialPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InitialPassword").field("username", &self.username).finish_non_exhaustive()
    }
}

/// Why no administrator could be made.
#[derive(Debug, thiserror::Error)]
pub enum FirstAdminError {
    /// The database refused.
    #[error("cannot make the first administrator: {0}")]
    Database(#[from] sea_orm::DbErr),
    /// No password could be made up.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// It could not be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
}

/// Says where nobody administers the gateway but with the master key.
async fn warn_of_locked_door(app: &App) -> Result<(), FirstAdminError> {
    if !app.identity.settings.environment_sign_in && !db::user::has_admin_with_password(&app.db).await? {
        tracing::warn!(
            "UI_USERNAME may not sign in (tollgate_settings.environment_sign_in) and no administrator has a password: \
             only single sign-on and the master key are left"
        );
    }
    Ok(())
}

/// Makes a user [`USERNAME`] with a random password when nobody could sign in otherwise: `UI_PASSWORD` is not set and
/// there is no administrator.
///
/// # Errors
/// When the database or the random source fails.
pub async fn ensure(app: &App) -> Result<Option<InitialPassword>, FirstAdminError> {
    let identity = &app.identity;
    let is_environment_enough = identity.settings.environment_sign_in && identity.ui_password.is_some();
    if is_environment_enough || db::user::has_admin(&app.db).await? {
        warn_of_locked_door(app).await?;
        return Ok(None);
    }
    let secret = random_base62(PASSWORD_CHARS)?;
    let now = db::stored_time(app.clock.now());
    let user = db::user::Model {
        user_id: USERNAME.to_owned(),
        user_email: None,
        user_role: UserRole::ProxyAdmin.as_str().to_owned(),
        password_hash: Some(password::hash(secret.clone()).await?),
        created_at: now,
        updated_at: now,
        user_alias: None,
        models: db::Strings::default(),
        metadata: db::JsonMap::default(),
        other: db::JsonMap::default(),
        blocked: false,
    };
    let inserted = db::user::Entity::insert(user.into_active_model()).exec_without_returning(&app.db).await;
    match inserted {
        Ok(_) => Ok(Some(InitialPassword { username: USERNAME.to_owned(), password: secret })),
        // Another node that started at the same time made it, and printed its password.
        Err(error) if db::violation(&error) == Some(db::Violation::UserId) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
