//! `POST /key/{key}/reset_spend`.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::key::{KeyPatch, KeyResetSpend, KeyView};
use tollgate_openapi::paths;

use super::access;
use super::update::update_one;
use super::view::view;
use crate::app::App;
use crate::auth::Principal;
use crate::crypto::KeyDigest;
use crate::db;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::{IfMatch, Json};

/// Set back what a key has spent
///
/// In its current budget window; what it spent since it exists, and its calls, stay in the ledger.
#[utoipa::path(
    post,
    path = paths::KEY_RESET_SPEND,
    operation_id = "key_reset_spend",
    tag = "key",
    params(("key" = String, Path, description = "The key or its hash")),
    request_body = KeyResetSpend,
    responses(
        (status = 200, description = "The key as it is now", body = KeyView),
        (status = 400, description = "More than the key has spent, or may spend", body = ErrorEnvelope),
        (status = 404, description = "There is no such key", body = ErrorEnvelope),
    ),
)]
pub async fn reset_spend(
    app: web::Data<App>,
    principal: Principal,
    key: web::Path<String>,
    body: Json<KeyResetSpend>,
) -> ApiResult<web::Json<KeyView>> {
    let reset_to = body.0.reset_to;
    let token = db::key_secret::token_of(&app.db, KeyDigest::from_key_or_hex(&key)).await?;
    let found = db::key::find(&app.db, &token).await?;
    access::authorize(&app.db, &principal, Action::KeyUpdate, found.as_ref()).await?;
    let shown = view(&app, found.ok_or_else(|| ApiError::not_found("Key not found."))?).await?;
    if reset_to > shown.spend {
        let message = format!("reset_to: expected at most what the key has spent, {} US dollars", shown.spend);
        return Err(ApiError::bad_request("reset_to", message));
    }
    if let Some(max_budget) = shown.max_budget.filter(|max| reset_to > *max) {
        let message = format!("reset_to: expected at most the key's max_budget, {max_budget} US dollars");
        return Err(ApiError::bad_request("reset_to", message));
    }
    let patch = KeyPatch { key: Some(token), spend: Some(reset_to), ..KeyPatch::default() };
    let (_, after) = update_one(&app, &principal, IfMatch::ANYTHING, patch).await?;
    Ok(web::Json(view(&app, after).await?))
}
