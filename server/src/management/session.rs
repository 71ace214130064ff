//! Console sessions: signing in and out.

use actix_web::http::header::{CACHE_CONTROL, SET_COOKIE, USER_AGENT};
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::json;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::session::{SessionCreate, SessionView};

use crate::app::App;
use crate::auth::session::{AGE_MAX, clear_cookie, set_cookie};
use crate::auth::sign_in::{self, SignedIn};
use crate::auth::{Credential, Principal, check_origin, client_address};
use crate::crypto::{KeyDigest, random_base62};
use crate::db;
use crate::db::audit::{Actor, Entry};
use crate::db::stored_time;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;

/// Length of a session token: 256 bits and more.
const TOKEN_CHARS: usize = 43;
/// Characters kept of what a browser says it is.
const USER_AGENT_CHARS_MAX: usize = 512;

/// Sign in
///
/// The answer sets the session's cookie.
#[utoipa::path(
    post,
    path = paths::SESSION_NEW,
    operation_id = "session_new",
    tag = "session",
    request_body = SessionCreate,
    responses(
        (status = 200, description = "Signed in", body = SessionView),
        (status = 401, description = "The name and the password do not belong together", body = ErrorEnvelope),
        (status = 403, description = "The request comes from another site", body = ErrorEnvelope),
        (status = 429, description = "Too many failures; `Retry-After` says when to try again", body = ErrorEnvelope),
    ),
    security(()),
)]
pub async fn create(app: web::Data<App>, request: HttpRequest, body: Json<SessionCreate>) -> ApiResult<HttpResponse> {
    check_origin(&request)?;
    let ip_address = client_address(&request);
    let SessionCreate { username, password } = body.0;
    let found = sign_in::check(&app, &username, &password, ip_address.as_deref()).await;
    if let Err(refusal) = &found
        && refusal.status() == actix_web::http::StatusCode::UNAUTHORIZED
    {
        record_failure(&app, &username, ip_address.clone()).await?;
    }
    let (token, view) = begin(&app, &request, found?, ip_address).await?;
    Ok(HttpResponse::Ok()
        .insert_header((SET_COOKIE, set_cookie(&token, app.identity.is_https)))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(view))
}

/// Who is signed in
#[utoipa::path(
    get,
    path = paths::SESSION_INFO,
    operation_id = "session_info",
    tag = "session",
    responses(
        (status = 200, description = "The signed-in user", body = SessionView),
        (status = 401, description = "Nobody is signed in", body = ErrorEnvelope),
        (status = 403, description = "The call carries a key, which has no session", body = ErrorEnvelope),
    ),
)]
pub async fn info(principal: Principal) -> ApiResult<HttpResponse> {
    let (_, expires_at) = own_session(&principal)?;
    let view = SessionView {
        user_id: principal.user_id.clone(),
        user_email: principal.user_email.clone(),
        user_role: principal.role,
        expires_at,
    };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(view))
}

/// Sign out
#[utoipa::path(
    post,
    path = paths::SESSION_DELETE,
    operation_id = "session_delete",
    tag = "session",
    responses(
        (status = 200, description = "Signed out"),
        (status = 401, description = "Nobody is signed in", body = ErrorEnvelope),
        (status = 403, description = "The call carries a key, or comes from another site", body = ErrorEnvelope),
    ),
)]
pub async fn delete(app: web::Data<App>, principal: Principal) -> ApiResult<HttpResponse> {
    let (token_hash, _) = own_session(&principal)?;
    let transaction = db::begin(&app.db).await?;
    db::session::delete(&transaction, token_hash).await?;
    record(&transaction, &principal.actor(), "signed_out", &principal.user_id, app.clock.now()).await?;
    transaction.commit().await?;
    let cookie = clear_cookie(app.identity.is_https);
    Ok(HttpResponse::Ok().insert_header((SET_COOKIE, cookie)).json(json!({"status": "signed_out"})))
}

fn own_session(principal: &Principal) -> ApiResult<(&str, DateTime<Utc>)> {
    match &principal.credential {
        Credential::Session { token_hash, expires_at } => Ok((token_hash, *expires_at)),
        Credential::MasterKey | Credential::VirtualKey(_) => {
            Err(ApiError::forbidden("Only a signed-in browser has a session."))
        }
    }
}

async fn begin(
    app: &App,
    request: &HttpRequest,
    user: SignedIn,
    ip_address: Option<String>,
) -> ApiResult<(String, SessionView)> {
    let now = stored_time(app.clock.now());
    let token = random_base62(TOKEN_CHARS).map_err(ApiError::internal)?;
    let user_agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
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
    };
    let view = SessionView {
        user_id: user.user_id.clone(),
        user_email: user.user_email,
        user_role: user.role,
        expires_at: session.expires_at,
    };
    let actor = Actor { kind: "session", id: user.user_id, ip_address };
    let transaction = db::begin(&app.db).await?;
    db::session::delete_ended(&transaction, now).await?;
    db::session::Entity::insert(session.into_active_model()).exec_without_returning(&transaction).await?;
    record(&transaction, &actor, "signed_in", &actor.id, now).await?;
    transaction.commit().await?;
    Ok((token, view))
}

async fn record_failure(app: &App, username: &str, ip_address: Option<String>) -> ApiResult<()> {
    let actor = Actor { kind: "anonymous", id: String::new(), ip_address };
    let transaction = db::begin(&app.db).await?;
    record(&transaction, &actor, "sign_in_failed", username, app.clock.now()).await?;
    Ok(transaction.commit().await?)
}

async fn record(
    transaction: &sea_orm::DatabaseTransaction,
    actor: &Actor,
    action: &'static str,
    resource_id: &str,
    at: DateTime<Utc>,
) -> ApiResult<()> {
    let entry = Entry { at, actor, action, resource: "session", resource_id, before: None, after: None };
    Ok(db::audit::record(transaction, entry).await?)
}
