//! `POST /key/update`.

use std::collections::BTreeSet;

use actix_web::web;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sea_orm::{ActiveModelTrait, DatabaseTransaction};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::key::{KeyPatch, KeyUpdated};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::patch::Patch;
use tollgate_openapi::paths;

use super::place::Place;
use super::rules;
use super::view::{snapshot, view};
use super::{access, bounds, change};
use crate::app::App;
use crate::auth::Principal;
use crate::crypto::{KeyDigest, key_name};
use crate::db::key::Model;
use crate::db::{self, JsonMap, Strings, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, announce, record};
use crate::management::limit::{self, Windows};
use crate::management::rules::keep;
use crate::management::{IfMatch, Json, callback};
use crate::policy::callback_variables::place_of_key;

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
        (status = 404, description = "There is no such key", body = ErrorEnvelope),
    ),
)]
pub async fn update(
    app: web::Data<App>,
    principal: Principal,
    seen: IfMatch,
    body: Json<KeyPatch>,
) -> ApiResult<web::Json<KeyUpdated>> {
    let (key, after) = update_one(&app, &principal, seen, body.0).await?;
    Ok(web::Json(KeyUpdated { key, view: view(&app, after).await? }))
}

/// Changes one key, in a transaction of its own; tells how it was named, too.
pub(super) async fn update_one(
    app: &App,
    principal: &Principal,
    seen: IfMatch,
    mut body: KeyPatch,
) -> ApiResult<(String, Model)> {
    let transaction = db::begin(&app.db).await?;
    let before = find_for_change(&transaction, principal, &mut body).await?;
    seen.check(before.updated_at)?;
    let named = body.key.clone().unwrap_or_else(|| before.token.clone());
    let after = apply(app, transaction, principal, before, body, None).await?;
    Ok((named, after))
}

/// The key that the body names, where the caller may change it as the body says.
pub(super) async fn find_for_change(
    transaction: &DatabaseTransaction,
    principal: &Principal,
    body: &mut KeyPatch,
) -> ApiResult<Model> {
    let found = find_named(transaction, body).await?;
    access::authorize(transaction, principal, Action::KeyUpdate, found.as_ref()).await?;
    let before = found.ok_or_else(|| ApiError::not_found("Key not found."))?;
    if body.blocked.is_some() {
        access::authorize(transaction, principal, Action::KeyBlock, Some(&before)).await?;
    }
    authorize_fields(principal, body)?;
    rules::check_patch(body)?;
    Ok(before)
}

/// The key that the body names. Where both are sent, `key` names it and `key_alias` is its new alias.
async fn find_named(transaction: &DatabaseTransaction, body: &mut KeyPatch) -> ApiResult<Option<Model>> {
    match (&body.key, body.key_alias.as_set()) {
        (Some(key), _) => {
            let token = db::key_secret::token_of(transaction, KeyDigest::from_key_or_hex(key)).await?;
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
fn authorize_fields(principal: &Principal, body: &KeyPatch) -> ApiResult<()> {
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

/// A new secret.
#[derive(Clone, Copy)]
pub(super) struct Rotation<'a> {
    /// In clear.
    pub(super) secret: &'a str,
    /// When the one before stops working.
    pub(super) old_until: DateTime<Utc>,
}

/// Writes the change, and the new secret where there is one.
pub(super) async fn apply(
    app: &App,
    transaction: DatabaseTransaction,
    principal: &Principal,
    before: Model,
    body: KeyPatch,
    rotation: Option<Rotation<'_>>,
) -> ApiResult<Model> {
    let (spend, now) = (body.spend, stored_time(app.clock.now()));
    let touches_bounds = bounds::touches(&body);
    let mut after = patched(before.clone(), body, now, app.timezone);
    after.updated_by = Some(principal.user_id.clone());
    callback::seal(app, &place_of_key(&after.token), &mut after.metadata, Some(&before.metadata))?;
    if before.temp_budget_increase != after.temp_budget_increase
        || before.temp_budget_expiry != after.temp_budget_expiry
    {
        rules::check_raise(&after, now)?;
    }
    if touches_bounds {
        let place = Place::of(&after.user_id, &after.team_id, &after.organization_id);
        let levels = bounds::levels(app, &transaction, principal, place).await?;
        let is_administered = access::administers(&transaction, principal, &before).await?;
        bounds::check_change(is_administered, &before, &after, &levels, now)?;
    }
    if let Some(rotation) = rotation {
        rotate(&transaction, &mut after, rotation, now).await?;
    }
    if after.budget_id() != before.budget_id()
        && let Some(budget_id) = after.budget_id()
    {
        limit::check_budget(&transaction, budget_id).await?;
    }
    let windows_before = Windows::of_one(app, &transaction, limit::KEY, &after.token).await?;
    let owners_before = owners_windows(app, &transaction, &before, &after).await?;
    let changed = change::all_set(after.clone());
    changed.update(&transaction).await.map_err(|error| change::conflict(error, after.key_alias.as_deref()))?;
    let windows = Windows::of_one(app, &transaction, limit::KEY, &after.token).await?;
    let mut corrections = limit::correct(app, &transaction, [&windows_before, &windows], spend).await?;
    corrections.extend(Windows::carry_all(app, &transaction, &owners_before).await?);
    let action = if rotation.is_some() { "rotated" } else { "updated" };
    let (shown_before, mut shown_after) = (snapshot(&before), snapshot(&after));
    if let (Some(rotation), Some(fields)) = (rotation, shown_after.as_object_mut()) {
        fields.insert("grace_ends_at".to_owned(), rotation.old_until.to_rfc3339().into());
    }
    let change = Change { action, kind: "key", id: &after.token, before: Some(shown_before), after: Some(shown_after) };
    record(app, &transaction, principal, change).await?;
    change::commit(app, transaction, &after.token).await?;
    if let Some(rotation) = rotation {
        announce(app, "key", &KeyDigest::of(rotation.secret).to_hex());
    }
    app.counters.correct(corrections).await;
    Ok(after)
}

async fn rotate(
    transaction: &DatabaseTransaction,
    key: &mut Model,
    rotation: Rotation<'_>,
    now: DateTime<Utc>,
) -> ApiResult<()> {
    let taken = || ApiError::bad_request("new_key", "This key exists already.");
    let digest = KeyDigest::of(rotation.secret).to_hex();
    if db::key::find(transaction, &digest).await?.is_some() {
        return Err(taken());
    }
    let rotated = db::key_secret::rotate(transaction, &key.token, &digest, now, rotation.old_until).await;
    rotated.map_err(|error| match db::violation(&error) {
        Some(db::Violation::KeyToken) => taken(),
        _ => error.into(),
    })?;
    // Whoever was refused it before it was one is not any more.
    db::policy_change::record(transaction, "key", &digest, now).await?;
    key.key_name = key_name(rotation.secret);
    Ok(())
}

/// The windows of the owners of a key that moves: which organizations a user belongs to, and so whose calendar the
/// user's windows follow, is a matter of their keys.
async fn owners_windows(
    app: &App,
    transaction: &DatabaseTransaction,
    before: &Model,
    after: &Model,
) -> ApiResult<Vec<Windows>> {
    let place = |key: &Model| (key.user_id.clone(), key.team_id.clone(), key.organization_id.clone());
    if place(before) == place(after) {
        return Ok(Vec::new());
    }
    let owners: BTreeSet<String> = before.user_id.iter().chain(&after.user_id).cloned().collect();
    Windows::of_many(app, transaction, limit::USER, &owners.into_iter().collect::<Vec<_>>()).await
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
    money(body.temp_budget_increase, &mut key.temp_budget_increase);
    body.temp_budget_expiry.apply(&mut key.temp_budget_expiry);
    key.blocked = body.blocked.unwrap_or(key.blocked);
    keep(&mut key.other, body.other);
    key.updated_at = now;
    key
}
