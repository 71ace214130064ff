//! Virtual keys.

use serde_json::Value;
use tollgate_openapi::key::{
    KeyBlock, KeyBounds, KeyBoundsQuery, KeyBulkDelete, KeyBulkDeleted, KeyBulkUpdate, KeyBulkUpdated, KeyCreate,
    KeyCreated, KeyDelete, KeyDeleted, KeyInfo, KeyInfoQuery, KeyListItem, KeyListQuery, KeyPage, KeyPatch,
    KeyRegenerate, KeyView,
};
use tollgate_openapi::paths;

use super::{ApiError, Seen, get, post, post_if};

/// A page of whole keys.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Keys {
    pub(crate) keys: Vec<KeyView>,
    pub(crate) total: u64,
    pub(crate) page: u64,
    pub(crate) pages: u64,
}

pub(crate) async fn list(query: KeyListQuery) -> Result<Keys, ApiError> {
    let query = KeyListQuery { return_full_object: true, ..query };
    let page: KeyPage = get(paths::KEY_LIST, &query).await?;
    let whole = |item| match item {
        KeyListItem::Full(key) => Some(*key),
        KeyListItem::Token(_) => None,
    };
    Ok(Keys {
        keys: page.keys.into_iter().filter_map(whole).collect(),
        total: page.total_count,
        page: page.current_page,
        pages: page.total_pages,
    })
}

pub(crate) async fn info(token: &str) -> Result<KeyView, ApiError> {
    let query = KeyInfoQuery { key: Some(token.to_owned()) };
    let info: KeyInfo = get(paths::KEY_INFO, &query).await?;
    Ok(info.info)
}

pub(crate) async fn create(key: &KeyCreate) -> Result<KeyCreated, ApiError> {
    post(paths::KEY_GENERATE, key).await
}

/// A key of a team that is nobody's.
pub(crate) async fn create_service_account(key: &KeyCreate) -> Result<KeyCreated, ApiError> {
    post(paths::KEY_SERVICE_ACCOUNT_GENERATE, key).await
}

/// What the reader may give a key, of a team or of their own.
pub(crate) async fn bounds(team_id: Option<String>) -> Result<KeyBounds, ApiError> {
    get(paths::KEY_BOUNDS, &KeyBoundsQuery { team_id }).await
}

pub(crate) async fn rotate(body: &KeyRegenerate) -> Result<KeyCreated, ApiError> {
    post(paths::KEY_REGENERATE, body).await
}

pub(crate) async fn update_many(keys: Vec<KeyPatch>) -> Result<KeyBulkUpdated, ApiError> {
    post(paths::KEY_BULK_UPDATE, &KeyBulkUpdate { keys }).await
}

pub(crate) async fn delete_many(keys: Vec<String>) -> Result<KeyBulkDeleted, ApiError> {
    post(paths::KEY_BULK_DELETE, &KeyBulkDelete { keys }).await
}

pub(crate) async fn update(patch: &KeyPatch, seen: Seen) -> Result<(), ApiError> {
    let _: Value = post_if(paths::KEY_UPDATE, seen, patch).await?;
    Ok(())
}

pub(crate) async fn set_blocked(token: &str, is_blocked: bool) -> Result<(), ApiError> {
    let path = if is_blocked { paths::KEY_BLOCK } else { paths::KEY_UNBLOCK };
    let key = token.to_owned();
    let _: Value = post(path, &KeyBlock { key }).await?;
    Ok(())
}

pub(crate) async fn delete(token: &str) -> Result<(), ApiError> {
    let body = KeyDelete { keys: Some(vec![token.to_owned()]), key_aliases: None };
    let _: KeyDeleted = post(paths::KEY_DELETE, &body).await?;
    Ok(())
}
