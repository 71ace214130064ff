//! `POST /session/revoke`.

use actix_web::web;
use sea_orm::DatabaseTransaction;
use serde_json::json;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::session::{SessionRevoke, SessionsRevoked};

use super::own_session;
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::db::audit::Entry;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;

/// What refusals call a session that does not exist, or not for the caller.
const NOT_FOUND: &str = "Session not found.";

/// End sessions
///
/// One of the caller's own, all of them but the one that asks, or all of a user. Administrators end anybody's.
#[utoipa::path(
    post,
    path = paths::SESSION_REVOKE,
    operation_id = "session_revoke",
    tag = "session",
    request_body = SessionRevoke,
    responses(
        (status = 200, description = "How many sessions have ended", body = SessionsRevoked),
        (status = 400, description = "None or several of the three are sent", body = ErrorEnvelope),
        (status = 404, description = "There is no such session or user", body = ErrorEnvelope),
    ),
)]
pub async fn revoke(
    app: web::Data<App>,
    principal: Principal,
    body: Json<SessionRevoke>,
) -> ApiResult<web::Json<SessionsRevoked>> {
    let transaction = db::begin(&app.db).await?;
    let (user_id, revoked) = match body.0 {
        SessionRevoke { session_id: Some(id), user_id: None, others: false } => {
            (end_one(&transaction, &principal, &id).await?, 1)
        }
        SessionRevoke { session_id: None, user_id: Some(user_id), others: false } => {
            let is_own = user_id == principal.user_id;
            principal.authorize_all(if is_own { Action::Session } else { Action::UserWrite })?;
            let ended = db::session::delete_of_user(&transaction, &user_id).await?;
            (user_id, ended)
        }
        SessionRevoke { session_id: None, user_id: None, others: true } => {
            let (own, _) = own_session(&principal)?;
            let ended = db::session::delete_others(&transaction, &principal.user_id, own).await?;
            (principal.user_id.clone(), ended)
        }
        _ => {
            return Err(ApiError::bad_request(
                "session_id",
                "Exactly one of session_id, user_id and others is required.",
            ));
        }
    };
    let entry = Entry {
        at: app.clock.now(),
        actor: &principal.actor(),
        action: "revoked",
        resource: "session",
        resource_id: &user_id,
        before: None,
        after: Some(json!({ "sessions": revoked })),
    };
    db::audit::record(&transaction, entry).await?;
    transaction.commit().await?;
    Ok(web::Json(SessionsRevoked { revoked }))
}

/// Ends one session and tells whose it was.
async fn end_one(transaction: &DatabaseTransaction, principal: &Principal, id: &str) -> ApiResult<String> {
    let found = db::session::find(transaction, id).await?.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    if found.user_id != principal.user_id {
        // That there is such a session is nobody's business but theirs and an administrator's.
        principal.authorize_all(Action::UserWrite).map_err(|_| ApiError::not_found(NOT_FOUND))?;
    }
    db::session::delete(transaction, id).await?;
    Ok(found.user_id)
}
