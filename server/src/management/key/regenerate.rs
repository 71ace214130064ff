//! `POST /key/regenerate` and `POST /key/{key}/regenerate`.
//!
//! The key keeps its id, the hash of its first secret: the ledger, its budgets and its counters know it by that, so that
//! what it spent and what is left go on as if nothing had happened. Only the secret is another one. The old one works
//! until the grace period ends by the clock; nothing has to run for that.

use actix_web::web;
use chrono::{DateTime, Utc};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::key::{KeyCreated, KeyRegenerate};
use tollgate_openapi::paths;

use super::rules;
use super::update::{Rotation, apply, find_for_change};
use super::view::view;
use crate::app::App;
use crate::auth::Principal;
use crate::crypto::{KeyDigest, generate_key};
use crate::db::{self, stored_time};
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::extract::JsonOrNothing;
use crate::management::rules::Problems;

/// Give a key a new secret
///
/// Its id, spend, budgets and history stay. The old secret works on for `grace_period`, or stops at once. The answer is
/// the only place where the new secret is shown.
#[utoipa::path(
    post,
    path = paths::KEY_REGENERATE,
    operation_id = "key_regenerate",
    tag = "key",
    request_body = KeyRegenerate,
    responses(
        (status = 200, description = "The key with its new secret", body = KeyCreated),
        (status = 404, description = "There is no such key", body = ErrorEnvelope),
    ),
)]
pub async fn regenerate(
    app: web::Data<App>,
    principal: Principal,
    body: Json<KeyRegenerate>,
) -> ApiResult<web::Json<KeyCreated>> {
    rotate(&app, &principal, body.0).await
}

/// Give the key of the path a new secret
///
/// The same as `/key/regenerate`, for the key that the path names. A body is not required.
#[utoipa::path(
    post,
    path = paths::KEY_REGENERATE_NAMED,
    operation_id = "key_regenerate_named",
    tag = "key",
    params(("key" = String, Path, description = "The key or its hash")),
    request_body = KeyRegenerate,
    responses(
        (status = 200, description = "The key with its new secret", body = KeyCreated),
        (status = 404, description = "There is no such key", body = ErrorEnvelope),
    ),
)]
pub async fn regenerate_named(
    app: web::Data<App>,
    principal: Principal,
    key: web::Path<String>,
    body: JsonOrNothing<KeyRegenerate>,
) -> ApiResult<web::Json<KeyCreated>> {
    let mut body = body.0;
    body.patch.key = Some(key.into_inner());
    rotate(&app, &principal, body).await
}

async fn rotate(app: &App, principal: &Principal, body: KeyRegenerate) -> ApiResult<web::Json<KeyCreated>> {
    let KeyRegenerate { new_key, grace_period, mut patch } = body;
    let transaction = db::begin(&app.db).await?;
    let before = find_for_change(&transaction, principal, &mut patch).await?;
    let mut problems = Problems::default();
    problems.duration("grace_period", grace_period.as_deref());
    rules::check_secret(&mut problems, "new_key", new_key.as_deref());
    problems.finish()?;
    let secret = match new_key {
        Some(key) => key,
        None => generate_key().map_err(ApiError::internal)?,
    };
    if app.identity.master_key.matches(&KeyDigest::of(&secret)) {
        return Err(ApiError::bad_request("new_key", "This key exists already."));
    }
    let old_until = end_of_grace(app, grace_period.as_deref());
    let rotation = Rotation { secret: &secret, old_until };
    let key = apply(app, transaction, principal, before, patch, Some(rotation)).await?;
    let view = view(app, key).await?;
    Ok(web::Json(KeyCreated { token_id: view.token.clone(), key: secret, view }))
}

/// When the old secret stops working.
fn end_of_grace(app: &App, grace_period: Option<&str>) -> DateTime<Utc> {
    let now = stored_time(app.clock.now());
    rules::expiry(grace_period, now, app.timezone).unwrap_or(now)
}
