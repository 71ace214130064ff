//! `GET /key/info` and `GET /key/list`.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::key::{KeyInfo, KeyInfoQuery, KeyListItem, KeyListQuery, KeyPage};
use tollgate_openapi::paths;

use super::access;
use super::view::{view, views};
use crate::app::App;
use crate::auth::{Credential, Principal};
use crate::crypto::KeyDigest;
use crate::db;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::{Query, page_of};

/// Show a key
///
/// Without `key`: the key that asks.
#[utoipa::path(
    get,
    path = paths::KEY_INFO,
    operation_id = "key_info",
    tag = "key",
    params(KeyInfoQuery),
    responses(
        (status = 200, description = "The key", body = KeyInfo),
        (status = 400, description = "No key is named", body = ErrorEnvelope),
        (status = 403, description = "A virtual key asks for another", body = ErrorEnvelope),
        (status = 404, description = "There is no such key", body = ErrorEnvelope),
    ),
)]
pub async fn info(
    app: web::Data<App>,
    principal: Principal,
    query: Query<KeyInfoQuery>,
) -> ApiResult<web::Json<KeyInfo>> {
    let named = match (query.0.key, &principal.credential) {
        (Some(key), _) => key,
        (None, Credential::VirtualKey(own)) => own.token.clone(),
        (None, _) => return Err(ApiError::bad_request("key", "The parameter key is required: the key or its hash.")),
    };
    let token = db::key_secret::token_of(&app.db, KeyDigest::from_key_or_hex(&named)).await?;
    let found = db::key::find(&app.db, &token).await?;
    let not_found = || ApiError::not_found("Key not found in database");
    access::authorize(&app.db, &principal, Action::KeyRead, found.as_ref()).await.map_err(|refusal| {
        if refusal.status() == actix_web::http::StatusCode::NOT_FOUND { not_found() } else { refusal }
    })?;
    let info = view(&app, found.ok_or_else(not_found)?).await?;
    Ok(web::Json(KeyInfo { key: named, info }))
}

/// List keys
///
/// Those the caller may see, a page at a time.
#[utoipa::path(
    get,
    path = paths::KEY_LIST,
    operation_id = "key_list",
    tag = "key",
    params(KeyListQuery),
    responses(
        (status = 200, description = "A page of keys", body = KeyPage),
        (status = 403, description = "A virtual key asks", body = ErrorEnvelope),
    ),
)]
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: Query<KeyListQuery>,
) -> ApiResult<web::Json<KeyPage>> {
    let mut query = query.0;
    principal.authorize_list(Action::KeyRead)?;
    if let Some(key) = query.key_hash {
        query.key_hash = Some(db::key_secret::token_of(&app.db, KeyDigest::from_key_or_hex(&key)).await?);
    }
    // A whole secret finds its key, whichever of the key's secrets it is.
    if let Some(key) = query.search.as_deref().filter(|text| text.starts_with("sk-")) {
        let digest = KeyDigest::of(key);
        if let Some(secret) = db::key_secret::find(&app.db, &digest.to_hex()).await? {
            query.search = Some(secret.token);
        }
    }
    let page = page_of(db::key::order(&query), query.page, query.size, query.cursor.as_deref())?;
    let found = db::key::list(&app.db, &principal.scope(), &query, &page, app.clock.now()).await?;
    let keys = if query.return_full_object {
        let shown = views(&app, found.rows).await?;
        shown.into_iter().map(|key| KeyListItem::Full(Box::new(key))).collect()
    } else {
        found.rows.into_iter().map(|key| KeyListItem::Token(key.token)).collect()
    };
    Ok(web::Json(KeyPage {
        keys,
        total_count: found.total,
        current_page: found.page,
        total_pages: found.total.div_ceil(query.size),
        next_cursor: found.next.map(|next| next.to_string()),
    }))
}
