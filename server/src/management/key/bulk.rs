//! `POST /key/bulk_update`, `POST /key/bulk_delete` and `POST /v2/key/info`: many keys, each by itself.

use actix_web::http::StatusCode;
use actix_web::web;
use tollgate_openapi::key::{
    KeyBulkDelete, KeyBulkDeleted, KeyBulkUpdate, KeyBulkUpdated, KeyFailure, KeyPatch, KeyUpdate, KeysInfo,
    KeysInfoQuery,
};
use tollgate_openapi::paths;

use super::access;
use super::delete::delete_one;
use super::update::update_one;
use super::view::views;
use crate::app::App;
use crate::auth::Principal;
use crate::crypto::KeyDigest;
use crate::db;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::extract::check;
use crate::management::{IfMatch, Json};

/// Change many keys
///
/// Each as `/key/update` would, in a transaction of its own: what is wrong with one leaves the others alone.
#[utoipa::path(
    post,
    path = paths::KEY_BULK_UPDATE,
    operation_id = "key_bulk_update",
    tag = "key",
    request_body = KeyBulkUpdate,
    responses(
        (status = 200, description = "What became of each", body = KeyBulkUpdated),
    ),
)]
pub async fn update(
    app: web::Data<App>,
    principal: Principal,
    body: Json<KeyBulkUpdate>,
) -> ApiResult<web::Json<KeyBulkUpdated>> {
    principal.authorize_somewhere(Action::KeyUpdate)?;
    let total_requested = body.0.keys.len();
    let (mut names, mut changed, mut failed_updates) = (Vec::new(), Vec::new(), Vec::new());
    for patch in body.0.keys {
        let named = name_of(&patch);
        match checked_update(&app, &principal, patch).await {
            Ok((named, key)) => {
                names.push(named);
                changed.push(key);
            }
            Err(refusal) => failed_updates.push(failure(named, refusal)?),
        }
    }
    let shown = names.into_iter().zip(views(&app, changed).await?);
    let successful_updates = shown.map(|(key, key_info)| KeyUpdate { key, key_info }).collect();
    Ok(web::Json(KeyBulkUpdated { total_requested, successful_updates, failed_updates }))
}

fn name_of(patch: &KeyPatch) -> String {
    patch.key.clone().or_else(|| patch.key_alias.as_set().cloned()).unwrap_or_default()
}

async fn checked_update(app: &App, principal: &Principal, patch: KeyPatch) -> ApiResult<(String, db::key::Model)> {
    check(&patch)?;
    update_one(app, principal, IfMatch::ANYTHING, patch).await
}

/// Delete many keys
///
/// Each by itself: those that cannot be deleted leave the others alone. Their calls and totals stay in the ledger.
#[utoipa::path(
    post,
    path = paths::KEY_BULK_DELETE,
    operation_id = "key_bulk_delete",
    tag = "key",
    request_body = KeyBulkDelete,
    responses(
        (status = 200, description = "What became of each", body = KeyBulkDeleted),
    ),
)]
pub async fn delete(
    app: web::Data<App>,
    principal: Principal,
    body: Json<KeyBulkDelete>,
) -> ApiResult<web::Json<KeyBulkDeleted>> {
    principal.authorize_somewhere(Action::KeyDelete)?;
    let total_requested = body.0.keys.len();
    let (mut successful_deletes, mut failed_deletes) = (Vec::new(), Vec::new());
    for key in body.0.keys {
        match delete_one(&app, &principal, &key).await {
            Ok(()) => successful_deletes.push(key),
            Err(refusal) => failed_deletes.push(failure(key, refusal)?),
        }
    }
    Ok(web::Json(KeyBulkDeleted { total_requested, successful_deletes, failed_deletes }))
}

/// Why one of many failed. A gateway that cannot go on says so for all of them.
fn failure(key: String, refusal: ApiError) -> ApiResult<KeyFailure> {
    if refusal.status() >= StatusCode::INTERNAL_SERVER_ERROR {
        return Err(refusal);
    }
    let param = refusal.param().map(str::to_owned);
    Ok(KeyFailure { key, failed_reason: refusal.message().into_owned(), param })
}

/// Show many keys
///
/// Those that do not exist for the caller are left out.
#[utoipa::path(
    post,
    path = paths::KEYS_INFO,
    operation_id = "keys_info",
    tag = "key",
    request_body = KeysInfoQuery,
    responses(
        (status = 200, description = "The keys that there are", body = KeysInfo),
    ),
)]
pub async fn info(
    app: web::Data<App>,
    principal: Principal,
    body: Json<KeysInfoQuery>,
) -> ApiResult<web::Json<KeysInfo>> {
    principal.authorize_list(Action::KeyRead)?;
    let key = body.0.keys;
    let mut found = Vec::with_capacity(key.len());
    for named in &key {
        let token = db::key_secret::token_of(&app.db, KeyDigest::from_key_or_hex(named)).await?;
        let one = db::key::find(&app.db, &token).await?;
        match access::authorize(&app.db, &principal, Action::KeyRead, one.as_ref()).await {
            Ok(()) => found.extend(one),
            Err(refusal) if refusal.status().is_client_error() => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(web::Json(KeysInfo { key, info: views(&app, found).await? }))
}
