//! Console sessions: a random token in a cookie, its hash in the database.

use std::borrow::Cow;

use actix_web::HttpRequest;
use actix_web::http::header::{COOKIE, HeaderMap, USER_AGENT};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::json;
use tollgate_openapi::session::{SessionView, UserRole};

use super::{Credential, DEFAULT_USER_ID, Memberships, Principal, SignedIn, client_address};
use crate::app::App;
use crate::crypto::{KeyDigest, random_base62};
use crate::db;
use crate::db::audit::{Actor, Entry};
use crate::db::stored_time;
use crate::error::{ApiError, ApiResult};

/// Name of the cookie.
pub const COOKIE_NAME: &str = "tollgate_session";
/// A session not used for this long ends.
pub const IDLE_MAX: TimeDelta = TimeDelta::hours(12);
/// A session ends after this long however much it is used.
pub const AGE_MAX: TimeDelta = TimeDelta::days(7);
/// `last_seen_at` is written at most this often.
const SEEN_PRECISION: TimeDelta = TimeDelta::minutes(1);
/// Length of a session token: 256 bits and more.
const TOKEN_CHARS: usize = 43;
/// Characters kept of what a browser says it is.
const USER_AGENT_CHARS_MAX: usize = 512;

/// How somebody signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// With their password.
    Password,
    /// With `UI_USERNAME` and `UI_PASSWORD`.
    Environment,
    /// With an invitation, by setting their password.
    Invitation,
    /// With a provider of single sign-on; its id.
    Sso(String),
}

impl Method {
    /// Its name in sessions and in the audit log.
    #[must_use]
    pub fn as_text(&self) -> Cow<'static, str> {
        match self {
            Self::Password => Cow::Borrowed("password"),
            Self::Environment => Cow::Borrowed("environment"),
            Self::Invitation => Cow::Borrowed("invitation"),
            Self::Sso(provider) => Cow::Owned(format!("sso:{provider}")),
        }
    }
}

/// A session that has just begun.
#[derive(Clone, PartialEq, Eq)]
pub struct Begun {
    /// The token, for the cookie ([`set_cookie`]); only its hash is kept.
    pub token: String,
    /// Who is signed in.
    pub view: SessionView,
}

impl std::fmt::Debug for Begun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Begun").field("view", &self.view).finish_non_exhaustive()
    }
}

/// Begins a session for `user`, who has shown who they are by `method`. The session that the browser had before ends.
///
/// # Errors
/// When the database or the random source fails.
pub async fn begin(app: &App, request: &HttpRequest, user: SignedIn, method: &Method) -> ApiResult<Begun> {
    let now = stored_time(app.clock.now());
    let token = random_base62(TOKEN_CHARS).map_err(ApiError::internal)?;
    let user_agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
    let ip_address = client_address(app, request);
    let session = db::session::Model {
        token_hash: KeyDigest::of(&token).to_hex(),
        user_id: user.user_id.clone(),
        user_email: user.user_email.clone(),
        user_role: user.role.as_str().to_owned(),
        created_at: now,
        last_seen_at: now,
        expires_at: now + AGE_MAX,
        user_agent: user_agent.map(|text| text.chars().take(USER_AGENT_CHARS_MAX).collect()),
        ip_address: ip_address.clone(),
        method: method.as_text().into_owned(),
        environment_mac: (*method == Method::Environment).then(|| app.identity.environment_mac.clone()),
    };
    let memberships = Memberships::of(&app.db, &user.user_id).await?;
    let view = SessionView {
        user_id: user.user_id.clone(),
        user_email: user.user_email,
        user_role: user.role,
        teams: memberships.teams(),
        organizations: memberships.organizations(),
        expires_at: session.expires_at,
        needs_second_factor: needs_second_factor(app, &session.user_id, user.role, &session.method).await?,
        method: session.method.clone(),
    };
    let actor = Actor { kind: "session", id: user.user_id, ip_address };
    let transaction = db::begin(&app.db).await?;
    db::session::delete_ended(&transaction, now).await?;
    if let Some(former) = token_in_cookie(request.headers()) {
        db::session::delete(&transaction, &KeyDigest::of(&former).to_hex()).await?;
    }
    db::session::Entity::insert(session.into_active_model()).exec_without_returning(&transaction).await?;
    let entry = Entry {
        at: now,
        actor: &actor,
        action: "signed_in",
        resource: "session",
        resource_id: &actor.id,
        before: None,
        after: Some(json!({ "method": method.as_text() })),
    };
    db::audit::record(&transaction, entry).await?;
    transaction.commit().await?;
    Ok(Begun { token, view })
}

/// Sessions last used before this have ended, whatever the database says.
pub(crate) fn idle_since(now: DateTime<Utc>) -> DateTime<Utc> {
    now - IDLE_MAX
}

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
    let (role, user_email) = current_user(app, &session).await?;
    let needs_second_factor = needs_second_factor(app, &session.user_id, role, &session.method).await?;
    if now - session.last_seen_at >= SEEN_PRECISION {
        db::session::touch(&app.db, &token_hash, db::stored_time(now)).await?;
    }
    Ok(Principal {
        credential: Credential::Session {
            token_hash,
            expires_at: session.expires_at,
            method: session.method,
            needs_second_factor,
        },
        memberships: Memberships::of(&app.db, &session.user_id).await?,
        user_id: session.user_id,
        user_email,
        role,
        ip_address,
    })
}

/// The user's role and address now, not at sign-in: who was demoted, blocked or deleted is so at once, and a session of
/// `UI_USERNAME` ends with the password it began with.
async fn current_user(app: &App, session: &db::session::Model) -> ApiResult<(UserRole, Option<String>)> {
    if session.user_id == DEFAULT_USER_ID {
        let identity = &app.identity;
        let is_same = session.environment_mac.as_deref() == Some(identity.environment_mac.as_str());
        let may_be = identity.settings.environment_sign_in && is_same;
        return if may_be { Ok((UserRole::ProxyAdmin, None)) } else { Err(ended()) };
    }
    let user = db::user::find(&app.db, &session.user_id).await?.ok_or_else(ended)?;
    Ok((user.role().ok_or_else(ended)?, user.user_email))
}

/// Whether somebody has to have a second factor first. Of `UI_USERNAME` there is none, and who comes from single sign-on
/// has shown theirs there.
async fn needs_second_factor(app: &App, user_id: &str, role: UserRole, method: &str) -> ApiResult<bool> {
    let is_asked = app.identity.settings.second_factor_of_admins && role == UserRole::ProxyAdmin;
    let is_here = [Method::Password, Method::Invitation].iter().any(|here| here.as_text() == method);
    if !is_asked || !is_here {
        return Ok(false);
    }
    Ok(db::second_factor::in_force(&app.db, user_id).await?.is_none())
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
