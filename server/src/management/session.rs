//! Console sessions: signing in and out.

pub mod list;
pub mod revoke;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use serde_json::json;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::session::{SessionCreate, SessionView};

use crate::app::App;
use crate::auth::session::{self, clear_cookie, set_cookie};
use crate::auth::sign_in::{self, Shown};
use crate::auth::{Credential, Principal, check_origin, client_address};
use crate::db;
use crate::db::audit::{Actor, Entry};
use crate::error::{ApiError, ApiResult};
use crate::management::Json;

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
        (status = 401, description = "The name and the password do not belong together, or the code of the second factor is missing (`second_factor_required`) or wrong (`second_factor_wrong`)", body = ErrorEnvelope),
        (status = 403, description = "The account is blocked, or the request comes from another site", body = ErrorEnvelope),
        (status = 429, description = "Too many failures; `Retry-After` says when to try again", body = ErrorEnvelope),
    ),
    security(()),
)]
pub async fn create(app: web::Data<App>, request: HttpRequest, body: Json<SessionCreate>) -> ApiResult<HttpResponse> {
    check_origin(&request)?;
    let ip_address = client_address(&app, &request);
    let SessionCreate { username, password, code } = body.0;
    let shown = Shown { username: &username, secret: &password, code: code.as_deref() };
    let found = sign_in::check(&app, shown, ip_address.as_deref()).await;
    let failure = found.as_ref().err().filter(|refusal| refusal.status() == StatusCode::UNAUTHORIZED);
    match failure.map(ApiError::kind) {
        None | Some(sign_in::CODE_REQUIRED) => {}
        Some(sign_in::CODE_WRONG) => record_failure(&app, "second_factor_failed", &username, ip_address).await?,
        Some(_) => record_failure(&app, "sign_in_failed", &username, ip_address).await?,
    }
    let (user, method) = found?;
    let begun = session::begin(&app, &request, user, &method).await?;
    Ok(HttpResponse::Ok()
        .insert_header((SET_COOKIE, set_cookie(&begun.token, app.identity.is_https)))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(begun.view))
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
    let Credential::Session { method, expires_at, needs_second_factor, .. } = &principal.credential else {
        return Err(no_session());
    };
    let view = SessionView {
        needs_second_factor: *needs_second_factor,
        method: method.clone(),
        user_id: principal.user_id.clone(),
        user_email: principal.user_email.clone(),
        user_role: principal.role,
        teams: principal.memberships.teams(),
        organizations: principal.memberships.organizations(),
        expires_at: *expires_at,
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

/// The id of the caller's session, and when it ends.
pub(super) fn own_session(principal: &Principal) -> ApiResult<(&str, DateTime<Utc>)> {
    match &principal.credential {
        Credential::Session { token_hash, expires_at, .. } => Ok((token_hash, *expires_at)),
        _ => Err(no_session()),
    }
}

fn no_session() -> ApiError {
    ApiError::forbidden("Only a signed-in browser has a session.")
}

async fn record_failure(app: &App, action: &'static str, username: &str, ip_address: Option<String>) -> ApiResult<()> {
    let actor = Actor { kind: "anonymous", id: String::new(), ip_address };
    let transaction = db::begin(&app.db).await?;
    record(&transaction, &actor, action, username, app.clock.now()).await?;
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
