//! `POST /access_token/delete`.

use actix_web::web;
use serde_json::json;
use tollgate_openapi::access_token::{AccessTokenDelete, AccessTokenView};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;

use super::show;
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::db::audit::Entry;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;

/// What refusals call a token that does not exist, or not for the caller.
const NOT_FOUND: &str = "Access token not found.";

/// Revoke an access token
///
/// It works no more from now on.
#[utoipa::path(
    post,
    path = paths::ACCESS_TOKEN_DELETE,
    operation_id = "access_token_delete",
    tag = "access_token",
    request_body = AccessTokenDelete,
    responses(
        (status = 200, description = "The token as it was", body = AccessTokenView),
        (status = 404, description = "There is no such token", body = ErrorEnvelope),
    ),
)]
pub async fn delete(
    app: web::Data<App>,
    principal: Principal,
    body: Json<AccessTokenDelete>,
) -> ApiResult<web::Json<AccessTokenView>> {
    principal.authorize_all(Action::Session)?;
    let transaction = db::begin(&app.db).await?;
    let found = db::access_token::find(&transaction, &body.0.token_id).await?;
    let row = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    if row.user_id != principal.user_id {
        // That there is such a token is nobody's business but its owner's and an administrator's.
        principal.authorize_all(Action::UserWrite).map_err(|_| ApiError::not_found(NOT_FOUND))?;
    }
    db::access_token::delete(&transaction, &row.token_hash).await?;
    let entry = Entry {
        at: app.clock.now(),
        actor: &principal.actor(),
        action: "revoked",
        resource: "access_token",
        resource_id: &row.token_hash,
        before: Some(json!({ "name": row.name, "user_id": row.user_id })),
        after: None,
    };
    db::audit::record(&transaction, entry).await?;
    transaction.commit().await?;
    Ok(web::Json(show(row)))
}
