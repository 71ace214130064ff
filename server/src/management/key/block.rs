//! `POST /key/block` and `/key/unblock`.

use actix_web::web;
use sea_orm::ActiveModelTrait;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::key::{KeyBlock, KeyView};
use tollgate_openapi::paths;

use super::view::{snapshot, view};
use super::{access, change};
use crate::app::App;
use crate::auth::Principal;
use crate::crypto::KeyDigest;
use crate::db::{self, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::{Change, record};

/// Block a key
///
/// Calls with it are refused from now on.
#[utoipa::path(
    post,
    path = paths::KEY_BLOCK,
    operation_id = "key_block",
    tag = "key",
    request_body = KeyBlock,
    responses(
        (status = 200, description = "The key as it is now", body = KeyView),
        (status = 404, description = "There is no such key", body = ErrorEnvelope),
    ),
)]
pub async fn block(app: web::Data<App>, principal: Principal, body: Json<KeyBlock>) -> ApiResult<web::Json<KeyView>> {
    set_blocked(&app, &principal, &body.0.key, true).await
}

/// Unblock a key
///
/// Calls with it are served again.
#[utoipa::path(
    post,
    path = paths::KEY_UNBLOCK,
    operation_id = "key_unblock",
    tag = "key",
    request_body = KeyBlock,
    responses(
        (status = 200, description = "The key as it is now", body = KeyView),
        (status = 404, description = "There is no such key", body = ErrorEnvelope),
    ),
)]
pub async fn unblock(app: web::Data<App>, principal: Principal, body: Json<KeyBlock>) -> ApiResult<web::Json<KeyView>> {
    set_blocked(&app, &principal, &body.0.key, false).await
}

async fn set_blocked(app: &App, principal: &Principal, key: &str, is_blocked: bool) -> ApiResult<web::Json<KeyView>> {
    let transaction = db::begin(&app.db).await?;
    let token = db::key_secret::token_of(&transaction, KeyDigest::from_key_or_hex(key)).await?;
    let found = db::key::find_for_update(&transaction, &token).await?;
    access::authorize(&transaction, principal, Action::KeyBlock, found.as_ref()).await?;
    let before = found.ok_or_else(|| ApiError::not_found("Key not found."))?;

    let after = db::key::Model {
        blocked: is_blocked,
        updated_at: stored_time(app.clock.now()),
        updated_by: Some(principal.user_id.clone()),
        ..before.clone()
    };
    change::all_set(after.clone()).update(&transaction).await?;
    let change = Change {
        action: if is_blocked { "blocked" } else { "unblocked" },
        kind: "key",
        id: &token,
        before: Some(snapshot(&before)),
        after: Some(snapshot(&after)),
    };
    record(app, &transaction, principal, change).await?;
    change::commit(app, transaction, &token).await?;
    Ok(web::Json(view(app, after).await?))
}
