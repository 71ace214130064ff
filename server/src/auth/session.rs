//! Console sessions: a random token in a cookie, its hash in the database.

use actix_web::http::header::{COOKIE, HeaderMap};
use chrono::TimeDelta;
use tollgate_openapi::session::UserRole;

use super::{Credential, DEFAULT_USER_ID, Principal};
use crate::app::App;
use crate::crypto::KeyDigest;
use crate::db;
use crate::error::{ApiError, ApiResult};

/// Name of the cookie.
pub const COOKIE_NAME: &str = "tollgate_session";
/// A session not used for this long ends.
pub const IDLE_MAX: TimeDelta = TimeDelta::hours(12);
/// A session ends after this long however much it is used.
pub const AGE_MAX: TimeDelta = TimeDelta::days(7);
/// `last_seen_at` is written at most this often.
const SEEN_PRECISION: TimeDelta = TimeDelta::minutes(1);

/// The session token that the request's cookies carry.
#[must_use]
pub fn token_in_cookie(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(COOKIE).filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, value)| *name == COOKIE_NAME && !value.is_empty()).map(|(_, value)| value.to_owned())
}

/// `Set-Cookie` that hands `token` to the browser.
#[must_use]
pub fn set_cookie(token: &str, is_https: bool) -> String {
    format!("{COOKIE_NAME}={token}; {}; Max-Age={}", attributes(is_https), AGE_MAX.num_seconds())
}

/// `Set-Cookie` that makes the browser forget the token.
#[must_use]
pub fn clear_cookie(is_https: bool) -> String {
    format!("{COOKIE_NAME}=; {}; Max-Age=0", attributes(is_https))
}

fn attributes(is_https: bool) -> &'static str {
    if is_https { "Path=/; HttpOnly; SameSite=Lax; Secure" } else { "Path=/; HttpOnly; SameSite=Lax" }
}

/// The caller behind a session token.
///
/// # Errors
/// 401 when there is no such session, or it or its user has ended.
pub(super) async fn resume(app: &App, token: &str, ip_address: Option<String>) -> ApiResult<Principal> {
    let token_hash = KeyDigest::of(token).to_hex();
    let now = app.clock.now();
    let session = db::session::find(&app.db, &token_hash).await?.ok_or_else(ended)?;
    if session.expires_at <= now || session.last_seen_at + IDLE_MAX <= now {
        db::session::delete(&app.db, &token_hash).await?;
        return Err(ended());
    }
    let role = current_role(app, &session).await?;
    if now - session.last_seen_at >= SEEN_PRECISION {
        db::session::touch(&app.db, &token_hash, db::stored_time(now)).await?;
    }
    Ok(Principal {
        credential: Credential::Session { token_hash, expires_at: session.expires_at },
        user_id: session.user_id,
        user_email: session.user_email,
        role,
        ip_address,
    })
}

/// The user's role now, not at sign-in: who was demoted or deleted is so at once.
async fn current_role(app: &App, session: &db::session::Model) -> ApiResult<UserRole> {
    if session.user_id == DEFAULT_USER_ID {
        return Ok(UserRole::ProxyAdmin);
    }
    let user = db::user::find(&app.db, &session.user_id).await?.ok_or_else(ended)?;
    user.role().ok_or_else(ended)
}

fn ended() -> ApiError {
    ApiError::unauthorized("Authentication Error, the session has ended. Sign in again.")
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("theme=dark; xtollgate_session=a"));
        headers.append(COOKIE, HeaderValue::from_static("a=b; tollgate_session=t0ken; c=d"));
        assert_eq!(token_in_cookie(&headers).as_deref(), Some("t0ken"));
        assert_eq!(token_in_cookie(&HeaderMap::new()), None);
    }

    #[test]
    fn the_cookie_is_kept_from_scripts_and_other_sites() {
        assert_eq!(set_cookie("t", true), "tollgate_session=t; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=604800");
        assert_eq!(clear_cookie(false), "tollgate_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    }
}
