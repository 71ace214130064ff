//! `POST /key/delete`.

use std::collections::BTreeMap;

use actix_web::web;
use sea_orm::{DatabaseTransaction, ModelTrait};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::key::{KeyDelete, KeyDeleted};
use tollgate_openapi::paths;

use super::access;
use super::view::snapshot;
use crate::app::App;
use crate::auth::Principal;
use crate::counters::ScopeId;
use crate::crypto::KeyDigest;
use crate::db;
use crate::db::key::Model;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::{Change, announce, record};

/// Keys deleted at once.
const KEYS_MAX: usize = 1000;

/// Delete keys
///
/// All of them or none. Their calls and totals stay in the ledger.
#[utoipa::path(
    post,
    path = paths::KEY_DELETE,
    operation_id = "key_delete",
    tag = "key",
    request_body = KeyDelete,
    responses(
        (status = 200, description = "What was deleted, as it was passed", body = KeyDeleted),
        (status = 400, description = "Some of the keys do not exist; nothing was deleted", body = ErrorEnvelope),
        (status = 404, description = "None of the keys exists", body = ErrorEnvelope),
    ),
)]
pub async fn delete(
    app: web::Data<App>,
    principal: Principal,
    body: Json<KeyDelete>,
) -> ApiResult<web::Json<KeyDeleted>> {
    let named = names(body.0)?;
    let transaction = db::begin(&app.db).await?;
    let keys = find_all(&transaction, &principal, &named).await?;
    let keys: Vec<Model> = keys.into_values().collect();
    let deleted = delete_all(&app, &transaction, &principal, &keys).await?;
    transaction.commit().await?;
    forget_all(&app, &deleted);
    Ok(web::Json(KeyDeleted { deleted_keys: named.into_iter().map(Name::into_text).collect() }))
}

/// Deletes the key that is named so, in a transaction of its own.
pub(super) async fn delete_one(app: &App, principal: &Principal, named: &str) -> ApiResult<()> {
    let transaction = db::begin(&app.db).await?;
    let token = db::key_secret::token_of(&transaction, KeyDigest::from_key_or_hex(named)).await?;
    let found = db::key::find_for_update(&transaction, &token).await?;
    access::authorize(&transaction, principal, Action::KeyDelete, found.as_ref()).await?;
    let key = found.ok_or_else(|| ApiError::not_found("Key not found."))?;
    let deleted = delete_all(app, &transaction, principal, std::slice::from_ref(&key)).await?;
    transaction.commit().await?;
    forget_all(app, &deleted);
    Ok(())
}

/// Deletes keys, in their transaction, and tells their hashes.
pub(in crate::management) async fn delete_all(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    keys: &[Model],
) -> ApiResult<Vec<String>> {
    for key in keys {
        key.clone().delete(transaction).await?;
        db::key_secret::delete_of_key(transaction, &key.token).await?;
        let change =
            Change { action: "deleted", kind: "key", id: &key.token, before: Some(snapshot(key)), after: None };
        record(app, transaction, principal, change).await?;
    }
    Ok(keys.iter().map(|key| key.token.clone()).collect())
}

/// Lets this node forget deleted keys, once the transaction is committed.
pub(in crate::management) fn forget_all(app: &App, tokens: &[String]) {
    for token in tokens {
        announce(app, "key", token);
        app.counters.forget(&ScopeId::key(token));
    }
}

/// How a key is named.
#[derive(Debug)]
enum Name {
    Key(String),
    Alias(String),
}

impl Name {
    fn into_text(self) -> String {
        match self {
            Self::Key(text) | Self::Alias(text) => text,
        }
    }

    const fn field(&self) -> &'static str {
        match self {
            Self::Key(_) => "keys",
            Self::Alias(_) => "key_aliases",
        }
    }
}

fn names(body: KeyDelete) -> ApiResult<Vec<Name>> {
    let keys = body.keys.unwrap_or_default().into_iter().map(Name::Key);
    let aliases = body.key_aliases.unwrap_or_default().into_iter().map(Name::Alias);
    let named: Vec<Name> = keys.chain(aliases).collect();
    if named.is_empty() {
        return Err(ApiError::bad_request("keys", "One of keys and key_aliases is required."));
    }
    if named.len() > KEYS_MAX {
        return Err(ApiError::bad_request("keys", format!("keys: expected at most {KEYS_MAX} keys at once")));
    }
    Ok(named)
}

/// The keys by their hashes, each once. What the caller may not see does not exist.
async fn find_all(
    transaction: &DatabaseTransaction,
    principal: &Principal,
    named: &[Name],
) -> ApiResult<BTreeMap<String, Model>> {
    let mut tokens = Vec::with_capacity(named.len());
    for name in named {
        let token = match name {
            Name::Key(key) => Some(db::key_secret::token_of(transaction, KeyDigest::from_key_or_hex(key)).await?),
            Name::Alias(alias) => db::key::find_by_alias(transaction, alias).await?.map(|key| key.token),
        };
        tokens.push((token, name));
    }
    // In one order, so that two deletions of the same keys do not wait for each other.
    tokens.sort_by(|(one, _), (other, _)| one.cmp(other));
    let (mut found, mut missing) = (BTreeMap::new(), None);
    for (token, name) in tokens {
        let key = match token {
            Some(token) => db::key::find_for_update(transaction, &token).await?,
            None => None,
        };
        let key = match access::authorize(transaction, principal, Action::KeyDelete, key.as_ref()).await {
            Ok(()) => key,
            Err(refusal) if refusal.status() == actix_web::http::StatusCode::NOT_FOUND => None,
            Err(refusal) => return Err(refusal),
        };
        match key {
            Some(key) => drop(found.insert(key.token.clone(), key)),
            None => missing = missing.or(Some(name)),
        }
    }
    match missing {
        None => Ok(found),
        Some(_) if found.is_empty() => Err(ApiError::not_found("No keys found.")),
        Some(name) => Err(ApiError::bad_request(name.field(), "Some of the keys do not exist. Nothing was deleted.")),
    }
}
