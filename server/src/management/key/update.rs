//! `POST /key/update`.

use actix_web::web;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sea_orm::{ActiveModelTrait, DatabaseTransaction};
use serde_json::Value;
use tollgate_openapi::error::{ErrorEnvelope, ValidationErrors};
use tollgate_openapi::key::{KeyPatch, KeyUpdated};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::patch::Patch;
use tollgate_openapi::paths;

use super::change::{self, Change};
use super::rules;
use super::view::{snapshot, view};
use crate::app::App;
use crate::auth::Principal;
use crate::counters::ScopeId;
use crate::crypto::KeyDigest;
use crate::db::key::Model;
use crate::db::{self, JsonMap, Strings, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;

/// Change a key
///
/// Only what is sent changes; `null` clears. The answer is the key as it was named and the key as it is now.
#[utoipa::path(
    post,
    path = paths::KEY_UPDATE,
    operation_id = "key_update",
    tag = "key",
    request_body = KeyPatch,
    responses(
        (status = 200, description = "The key as it is now", body = KeyUpdated),
        (status = 400, description = "No key is named, or the alias exists already", body = ErrorEnvelope),
        (status = 401, description = "No key or session, or one that is not valid", body = ErrorEnvelope),
        (status = 403, description = "The caller may not do this", body = ErrorEnvelope),
        (status = 404, description = "There is no such key", body = ErrorEnvelope),
        (status = 422, description = "The body does not fit", body = ValidationErrors),
    ),
)]
pub async fn update(
    app: web::Data<App>,
    principal: Principal,
    body: Json<KeyPatch>,
) -> ApiResult<web::Json<KeyUpdated>> {
    let mut body = body.0;
    let transaction = db::begin(&app.db).await?;
    let found = find_named(&transaction, &mut body).await?;
    principal.authorize(Action::KeyUpdate, found.as_ref())?;
    let before = found.ok_or_else(|| ApiError::not_found("Key not found."))?;
    authorize_fields(&principal, &before, &body)?;
    rules::check_patch(&body)?;
    let named = body.key.clone().unwrap_or_else(|| before.token.clone());
    let after = apply(&app, transaction, &principal, before, body).await?;
    Ok(web::Json(KeyUpdated { key: named, view: view(&app, after).await? }))
}

/// The key that the body names. Where both are sent, `key` names it and `key_alias` is its new alias.
async fn find_named(transaction: &DatabaseTransaction, body: &mut KeyPatch) -> ApiResult<Option<Model>> {
    match (&body.key, body.key_alias.as_set()) {
        (Some(key), _) => {
            let token = KeyDigest::from_key_or_hex(key).to_hex();
            Ok(db::key::find_for_update(transaction, &token).await?)
        }
        (None, Some(alias)) => {
            let found = db::key::find_by_alias(transaction, alias).await?;
            body.key_alias = Patch::Absent;
            match found {
                Some(key) => Ok(db::key::find_for_update(transaction, &key.token).await?),
                None => Ok(None),
            }
        }
        (None, None) => {
            Err(ApiError::bad_request("key", "One of key and key_alias is required: it names the key to change."))
        }
    }
}

/// Some fields are an administrator's to change.
fn authorize_fields(principal: &Principal, key: &Model, body: &KeyPatch) -> ApiResult<()> {
    if body.blocked.is_some() {
        principal.authorize(Action::KeyBlock, Some(key))?;
    }
    if principal.is_admin() {
        return Ok(());
    }
    if body.spend.is_some() {
        return Err(ApiError::forbidden("Only an administrator sets a key's spend.").with_param("spend"));
    }
    rules::check_other(principal, &body.other)?;
    if !body.user_id.is_absent() && body.user_id.as_set() != Some(&principal.user_id) {
        return Err(ApiError::forbidden("Only an administrator gives a key to another user.").with_param("user_id"));
    }
    let group = [("team_id", &body.team_id), ("organization_id", &body.organization_id)];
    match group.iter().find(|(_, patch)| !patch.is_absent()) {
        Some((field, _)) => {
            let message = "Only an administrator moves a key between teams or organizations.";
            Err(ApiError::forbidden(message).with_param(*field))
        }
        None => Ok(()),
    }
}

async fn apply(
    app: &App,
    transaction: DatabaseTransaction,
    principal: &Principal,
    before: Model,
    body: KeyPatch,
) -> ApiResult<Model> {
    let (spend, now) = (body.spend, stored_time(app.clock.now()));
    let mut after = patched(before.clone(), body, now, app.timezone);
    after.updated_by = Some(principal.user_id.clone());
    let changed = change::all_set(after.clone());
    changed.update(&transaction).await.map_err(|error| change::conflict(error, after.key_alias.as_deref()))?;

    let has_new_window = window_start(app, &before) != window_start(app, &after);
    let target = match spend {
        Some(spend) => Some(spend),
        // A new length of the window is no forgiveness: what was spent counts until the new window ends.
        None if has_new_window => Some(change::window_spend(app, &transaction, &before).await?),
        None => None,
    };
    let delta = match target {
        Some(target) => change::set_window_spend(app, &transaction, &after, target).await?,
        None => NanoUsd::ZERO,
    };
    let shown = (snapshot(app, &before), snapshot(app, &after));
    let change = Change { action: "updated", token: &after.token, before: Some(shown.0), after: Some(shown.1) };
    change::record(app, &transaction, principal, change).await?;
    change::commit(app, transaction, &after.token).await?;
    if !has_new_window {
        app.counters.adjust(&ScopeId::key(&after.token), delta);
    }
    Ok(after)
}

fn window_start(app: &App, key: &Model) -> Option<DateTime<Utc>> {
    key.budget_window(app.clock.now(), app.timezone).map(|window| window.start)
}

/// The key with what was sent; the rest as it was.
fn patched(mut key: Model, body: KeyPatch, now: DateTime<Utc>, tz: Tz) -> Model {
    let money = |patch: Patch<NanoUsd>, field: &mut Option<i64>| match patch {
        Patch::Absent => {}
        Patch::Clear => *field = None,
        Patch::Set(money) => *field = Some(money.0),
    };
    body.key_alias.apply(&mut key.key_alias);
    body.user_id.apply(&mut key.user_id);
    body.team_id.apply(&mut key.team_id);
    body.organization_id.apply(&mut key.organization_id);
    body.max_parallel_requests.apply(&mut key.max_parallel_requests);
    body.rpm_limit.apply(&mut key.rpm_limit);
    body.tpm_limit.apply(&mut key.tpm_limit);
    money(body.max_budget, &mut key.max_budget);
    money(body.soft_budget, &mut key.soft_budget);
    if !body.models.is_absent() {
        key.models = Strings(body.models.as_set().cloned().unwrap_or_default());
    }
    if !body.metadata.is_absent() {
        key.metadata = JsonMap(body.metadata.as_set().cloned().unwrap_or_default());
    }
    if !body.duration.is_absent() {
        key.expires_at = rules::expiry(body.duration.as_set().map(String::as_str), now, tz);
    }
    if !body.budget_duration.is_absent() && body.budget_duration.as_set() != key.budget_duration.as_ref() {
        key.budget_anchor_at = now;
        body.budget_duration.apply(&mut key.budget_duration);
    }
    key.blocked = body.blocked.unwrap_or(key.blocked);
    for (name, value) in body.other {
        match value {
            Value::Null => drop(key.other.0.shift_remove(&name)),
            value => drop(key.other.0.insert(name, value)),
        }
    }
    key.updated_at = now;
    key
}
