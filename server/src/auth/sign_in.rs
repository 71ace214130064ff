//! Signing in with a name and a password.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use tollgate_openapi::session::UserRole;

use super::session::Method;
use super::{DEFAULT_USER_ID, password, second_factor};
use crate::app::{App, Identity};
use crate::crypto::KeyDigest;
use crate::db;
use crate::error::{ApiError, ApiResult};

/// Who signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Id of the user.
    pub user_id: String,
    /// E-mail address, where one is known.
    pub user_email: Option<String>,
    /// What the user may do.
    pub role: UserRole,
}

/// The `type` of the refusal of a sign-in that lacks the second factor.
pub const CODE_REQUIRED: &str = "second_factor_required";
/// The `type` of the refusal of one where it is wrong.
pub const CODE_WRONG: &str = "second_factor_wrong";

/// What somebody signs in with.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The name, or the e-mail address.
    pub username: &'a str,
    /// The password.
    pub secret: &'a str,
    /// The code of the second factor.
    pub code: Option<&'a str>,
}

impl std::fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shown").field("username", &self.username).finish_non_exhaustive()
    }
}

/// Looks the name and the password up, and the second factor, where the user has one.
///
/// # Errors
/// 401 when they do not belong together, whichever of the two is wrong, and when the second factor is missing
/// ([`CODE_REQUIRED`]) or wrong ([`CODE_WRONG`]); 403 when the user is blocked; 429 after too many failures.
pub async fn check(app: &App, shown: Shown<'_>, ip_address: Option<&str>) -> ApiResult<(SignedIn, Method)> {
    let Shown { username, secret, code } = shown;
    app.sign_ins.attempt(username, ip_address, app.clock.monotonic()).map_err(too_many)?;
    let found = match from_environment(&app.identity, username, secret) {
        Some(found) => Some((found, Method::Environment)),
        None => from_database(app, username, secret).await?.map(|found| (found, Method::Password)),
    };
    let found = found.ok_or_else(|| ApiError::unauthorized("Invalid username or password."))?;
    check_code(app, &found.0.user_id, code, ip_address).await?;
    app.sign_ins.forgive(username, ip_address);
    Ok(found)
}

async fn check_code(app: &App, user_id: &str, code: Option<&str>, ip_address: Option<&str>) -> ApiResult<()> {
    let Some(factor) = db::second_factor::in_force(&app.db, user_id).await? else { return Ok(()) };
    let refusal = |kind, message| ApiError::new(StatusCode::UNAUTHORIZED, kind, message).with_param("code");
    let Some(code) = code else {
        // Those who share an address are not held up by each other's second factors. The account's count goes on, or who
        // knows the password could guess codes for ever.
        app.sign_ins.forgive_address(ip_address);
        return Err(refusal(CODE_REQUIRED, "Enter the code of your second factor."));
    };
    if second_factor::accept(app, &factor, code).await? {
        return Ok(());
    }
    Err(refusal(CODE_WRONG, "This code is wrong, or was used already. Wait for the next one."))
}

/// `UI_USERNAME` with `UI_PASSWORD`, or, where none is set, with the master key.
fn from_environment(identity: &Identity, username: &str, secret: &str) -> Option<SignedIn> {
    if !identity.settings.environment_sign_in {
        return None;
    }
    let expected = identity.ui_password.as_ref().unwrap_or(&identity.master_key);
    // Both are compared whatever the first says, and by their digests: the time taken tells nothing.
    let is_name = KeyDigest::of(username).matches(&KeyDigest::of(&identity.ui_username));
    let is_password = KeyDigest::of(secret).matches(expected);
    (is_name & is_password).then(|| SignedIn {
        user_id: DEFAULT_USER_ID.to_owned(),
        user_email: None,
        role: UserRole::ProxyAdmin,
    })
}

async fn from_database(app: &App, username: &str, secret: &str) -> ApiResult<Option<SignedIn>> {
    let user = db::user::find_by_id_or_email(&app.db, username).await?;
    let stored = user.as_ref().and_then(|user| user.password_hash.clone());
    let is_right = password::verify(secret.to_owned(), stored.clone()).await.map_err(ApiError::internal)?;
    let Some(user) = user.filter(|_| is_right) else { return Ok(None) };
    if user.blocked {
        return Err(ApiError::forbidden("This account is blocked. An administrator can say why."));
    }
    if let Some(former) = stored.filter(|hash| password::is_outdated(hash)) {
        let hash = password::hash(secret.to_owned()).await.map_err(ApiError::internal)?;
        db::user::rehash(&app.db, &user.user_id, &former, &hash).await?;
    }
    Ok(user.role().map(|role| SignedIn { user_id: user.user_id, user_email: user.user_email, role }))
}

/// Refuses for as long as there are too many failures.
pub(crate) fn too_many(wait: std::time::Duration) -> ApiError {
    let seconds = wait.as_secs().max(1);
    let message = format!("Too many failed sign-ins. Try again in {seconds} seconds.");
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", message)
        .with_header(RETRY_AFTER, HeaderValue::from(seconds))
}
