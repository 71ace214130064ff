//! The cache of answers: does it work, and forget what is in it.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use bytes::Bytes;
use chrono::TimeDelta;
use serde_json::{Map, Value, json};
use tollgate_openapi::cache::{CacheDelete, CacheDeleted, CacheFlushed, CachePing};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;

use super::Json;
use crate::app::App;
use crate::auth::Principal;
use crate::cache::{CacheError, Entry, EntryHead, Key, ResponseCache};
use crate::db::audit::Entry as AuditEntry;
use crate::db::{self, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::gateway::Gateway;

/// How long the answer is kept that a ping tries the cache with.
const PING_TTL: Duration = Duration::from_secs(5);
/// How audit rows call it.
const KIND: &str = "cache";
/// What the answer to a change says.
const SUCCESS: &str = "success";

/// Try the cache
///
/// Keeps something, finds it and forgets it.
#[utoipa::path(
    get,
    path = paths::CACHE_PING,
    operation_id = "cache_ping",
    tag = "cache",
    responses(
        (status = 200, description = "It works", body = CachePing),
        (status = 503, description = "It is off, or Redis is away", body = ErrorEnvelope),
    ),
)]
pub async fn ping(
    app: web::Data<App>,
    principal: Principal,
    gateway: web::Data<Gateway>,
) -> ApiResult<web::Json<CachePing>> {
    principal.authorize_all(Action::SettingsRead)?;
    let cache = cache_of(&gateway)?;
    cache.ping().await.map_err(|error| away(&error))?;
    let now = app.clock.now();
    let expires = now + TimeDelta::from_std(PING_TTL).unwrap_or_default();
    let head = EntryHead {
        created_ms: now.timestamp_millis(),
        expires_ms: expires.timestamp_millis(),
        ..EntryHead::default()
    };
    let key = Key::named(&format!("ping:{}", super::new_id()));
    let entry = Arc::new(Entry::new(head, Bytes::from_static(b"ping")));
    cache.put(&[(key.clone(), Arc::clone(&entry))]).await;
    let found = cache.get(std::slice::from_ref(&key), now).await;
    if found.first().and_then(Option::as_deref) != Some(&*entry) {
        return Err(ApiError::unavailable(
            "The cache does not keep what it is given: it is full, or Redis refuses it.",
        ));
    }
    cache.delete(std::slice::from_ref(&key)).await.map_err(|error| away(&error))?;
    Ok(web::Json(CachePing {
        status: "healthy".to_owned(),
        cache_type: cache.type_name().to_owned(),
        ping_response: true,
        set_cache_response: SUCCESS.to_owned(),
        litellm_cache_params: params(cache),
    }))
}

/// Forget answers
///
/// As their keys name them: `x-litellm-cache-key`. Of a cache in memory, those of the node that is asked.
#[utoipa::path(
    post,
    path = paths::CACHE_DELETE,
    operation_id = "cache_delete",
    tag = "cache",
    request_body = CacheDelete,
    responses(
        (status = 200, description = "They are gone", body = CacheDeleted),
        (status = 503, description = "It is off, or Redis is away", body = ErrorEnvelope),
    ),
)]
pub async fn delete(
    app: web::Data<App>,
    principal: Principal,
    gateway: web::Data<Gateway>,
    body: Json<CacheDelete>,
) -> ApiResult<web::Json<CacheDeleted>> {
    principal.authorize_all(Action::CacheWrite)?;
    let cache = cache_of(&gateway)?;
    let keys: Vec<Key> = body.0.keys.iter().map(|key| Key::named(key)).collect();
    let what = Some(json!({ "keys": body.0.keys }));
    let transaction = db::begin(&app.db).await?;
    db::audit::record(&transaction, entry(&app, &principal.actor(), "deleted", "keys", what)).await?;
    let deleted = cache.delete(&keys).await.map_err(|error| away(&error))?;
    transaction.commit().await?;
    Ok(web::Json(CacheDeleted { status: SUCCESS.to_owned(), deleted }))
}

/// Forget all answers
///
/// Nothing else in Redis is touched. Of a cache in memory, those of the node that is asked.
#[utoipa::path(
    post,
    path = paths::CACHE_FLUSHALL,
    operation_id = "cache_flushall",
    tag = "cache",
    responses(
        (status = 200, description = "They are gone", body = CacheFlushed),
        (status = 503, description = "It is off, or Redis is away", body = ErrorEnvelope),
    ),
)]
pub async fn flush(
    app: web::Data<App>,
    principal: Principal,
    gateway: web::Data<Gateway>,
) -> ApiResult<web::Json<CacheFlushed>> {
    principal.authorize_all(Action::CacheWrite)?;
    let cache = cache_of(&gateway)?;
    let transaction = db::begin(&app.db).await?;
    db::audit::record(&transaction, entry(&app, &principal.actor(), "flushed", "all", None)).await?;
    cache.flush().await.map_err(|error| away(&error))?;
    transaction.commit().await?;
    Ok(web::Json(CacheFlushed { status: SUCCESS.to_owned() }))
}

fn entry<'a>(
    app: &App,
    actor: &'a db::audit::Actor,
    action: &'static str,
    id: &'a str,
    before: Option<Value>,
) -> AuditEntry<'a> {
    let at = stored_time(app.clock.now());
    AuditEntry { at, actor, action, resource: KIND, resource_id: id, before, after: None }
}

fn cache_of(gateway: &Gateway) -> ApiResult<&ResponseCache> {
    let off = || ApiError::unavailable("The cache is off: litellm_settings.cache turns it on.");
    gateway.cache.as_deref().ok_or_else(off)
}

fn away(error: &CacheError) -> ApiError {
    ApiError::unavailable(match error {
        CacheError::Away => "Redis is away: nothing is cached until it is back.",
        CacheError::Refused(_) => "Redis refuses what the cache asks of it. The log says why.",
    })
}

fn params(cache: &ResponseCache) -> Map<String, Value> {
    let settings = cache.settings.load();
    let params = [
        ("isolation", json!(settings.isolation.name())),
        ("mode", json!(if settings.is_on_demand { "default_off" } else { "default_on" })),
        ("namespace", json!(settings.namespace)),
        ("supported_call_types", json!(settings.supported_call_types)),
        ("ttl", json!(settings.ttl.as_secs_f64())),
    ];
    params.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
