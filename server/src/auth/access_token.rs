//! Access tokens: with what a person's scripts call the management API.

use actix_web::HttpRequest;
use actix_web::http::Method;
use chrono::{SecondsFormat, TimeDelta};
use tollgate_openapi::paths;
use tollgate_openapi::session::UserRole;

use super::{Credential, Principal};
use crate::app::App;
use crate::crypto::{KeyDigest, RandomError, random_base62};
use crate::db;
use crate::db::user::Model as User;
use crate::error::{ApiError, ApiResult};

/// What every token begins with. Virtual keys begin with `sk-`.
const PREFIX: &str = "tgp_";
/// Characters behind it: 256 bits and more.
const SECRET_CHARS: usize = 43;
/// `last_used_at` is written at most this often.
const USED_PRECISION: TimeDelta = TimeDelta::minutes(1);
/// What is read by `POST`, in LiteLLM's way.
const READING_POSTS: [&str; 3] = [paths::BUDGET_INFO, paths::TAG_INFO, paths::POLICY_EXPLAIN];

/// Makes a token, and what is shown of it.
///
/// # Errors
/// When the random source fails.
pub fn generate() -> Result<(String, String), RandomError> {
    let secret = random_base62(SECRET_CHARS)?;
    let tail = secret.get(SECRET_CHARS - 4..).unwrap_or_default();
    let name = format!("{PREFIX}...{tail}");
    Ok((format!("{PREFIX}{secret}"), name))
}

/// Whether this is a token, known or not.
pub(super) fn is_one(key: &str) -> bool {
    key.starts_with(PREFIX)
}

/// The owner of a token, with their rights as they are now.
///
/// # Errors
/// 401 where there is no such token, its time is over, or its owner is blocked or gone; 403 where it may only read, and
/// the request would change something.
pub(super) async fn owner(app: &App, token: &str, request: &HttpRequest) -> ApiResult<(User, UserRole, Credential)> {
    let token_hash = KeyDigest::of(token).to_hex();
    let found = db::access_token::find(&app.db, &token_hash).await?;
    let found = found.ok_or_else(|| ApiError::unauthorized("Authentication Error, Invalid access token."))?;
    let now = app.clock.now();
    if found.expires_at <= now {
        let at = found.expires_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        return Err(ApiError::unauthorized(format!("Authentication Error, the access token expired at {at}.")));
    }
    let owner = db::user::find(&app.db, &found.user_id).await?.and_then(|user| user.role().map(|role| (user, role)));
    let blocked = || ApiError::unauthorized("Authentication Error, the access token's owner is blocked.");
    let (owner, role) = owner.ok_or_else(blocked)?;
    if found.is_read_only && !is_reading(request) {
        return Err(ApiError::forbidden("This access token may only read."));
    }
    if found.last_used_at.is_none_or(|used| now - used >= USED_PRECISION) {
        db::access_token::touch(&app.db, &token_hash, db::stored_time(now)).await?;
    }
    Ok((owner, role, Credential::AccessToken { token_hash }))
}

fn is_reading(request: &HttpRequest) -> bool {
    let is_get = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    is_get || READING_POSTS.contains(&request.path())
}

impl Principal {
    /// Refuses where only somebody in front of a screen may go on: what a stolen token must not be able to do.
    ///
    /// # Errors
    /// 403 where the caller is no signed-in browser.
    pub fn require_session(&self) -> ApiResult<()> {
        match self.credential {
            Credential::Session { .. } => Ok(()),
            _ => Err(ApiError::forbidden("Only a signed-in browser may do this.")),
        }
    }
}
