//! `POST /key/generate`.

use actix_web::web;
use sea_orm::{DatabaseTransaction, EntityTrait, IntoActiveModel};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::key::{KeyCreate, KeyCreated};
use tollgate_openapi::paths;

use super::place::{self, Place};
use super::view::{snapshot, view};
use super::{bounds, change, rules};
use crate::app::App;
use crate::auth::Principal;
use crate::crypto::{KeyDigest, generate_key, key_name};
use crate::db::key::{Entity, Model};
use crate::db::{self, JsonMap, Strings, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, record};
use crate::management::limit::{self, Windows};
use crate::management::{Json, callback};
use crate::policy::callback_variables::place_of_key;

/// Make a key
///
/// The answer is the only place where the key itself is shown.
#[utoipa::path(
    post,
    path = paths::KEY_GENERATE,
    operation_id = "key_generate",
    tag = "key",
    request_body = KeyCreate,
    responses(
        (status = 200, description = "The new key", body = KeyCreated),
        (status = 400, description = "The alias or the key exists already", body = ErrorEnvelope),
    ),
)]
pub async fn generate(
    app: web::Data<App>,
    principal: Principal,
    body: Json<KeyCreate>,
) -> ApiResult<web::Json<KeyCreated>> {
    make(&app, &principal, body.0, Owner::User).await
}

/// To whom a key belongs that names nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// To whoever makes it, unless that is an administrator.
    User,
    /// To its team alone.
    Team,
}

/// Makes a key and shows it, this once.
pub(super) async fn make(
    app: &App,
    principal: &Principal,
    mut body: KeyCreate,
    owner: Owner,
) -> ApiResult<web::Json<KeyCreated>> {
    authorize_fields(principal, &body)?;
    rules::check_create(&body)?;
    body = rules::with_defaults(body, &app.settings.config().litellm.keys.defaults)?;
    if owner == Owner::User && !principal.is_admin() {
        body.user_id = body.user_id.or_else(|| Some(principal.user_id.clone()));
    }
    place::authorize(app, &app.db, principal, &body).await?;
    bound(app, principal, &mut body).await?;
    let secret = match body.key.take() {
        Some(key) => key,
        None => generate_key().map_err(ApiError::internal)?,
    };
    if app.identity.master_key.matches(&KeyDigest::of(&secret)) {
        return Err(ApiError::bad_request("key", "This key exists already."));
    }
    let key = create(app, principal, body, &secret).await?;
    let view = view(app, key).await?;
    Ok(web::Json(KeyCreated { token_id: view.token.clone(), key: secret, view }))
}

fn authorize_fields(principal: &Principal, body: &KeyCreate) -> ApiResult<()> {
    principal.authorize_somewhere(Action::KeyCreate)?;
    if !principal.is_admin() && body.spend.is_some() {
        return Err(ApiError::forbidden("Only an administrator sets a key's spend.").with_param("spend"));
    }
    rules::check_other(principal, &body.other)
}

/// Holds a new key to the bounds that there are for it.
async fn bound(app: &App, principal: &Principal, body: &mut KeyCreate) -> ApiResult<()> {
    let (owner, team, organization) = (body.user_id.clone(), body.team_id.clone(), body.organization_id.clone());
    let place = Place::of(&owner, &team, &organization);
    let required = place::required(app, &app.db, principal, place).await?;
    place::check_required(body, &required)?;
    let levels = bounds::levels(app, &app.db, principal, place).await?;
    bounds::fill(body, &levels);
    let row = new_row(app, principal, body.clone(), "");
    bounds::check_new(&row, &levels, row.created_at)
}

async fn create(app: &App, principal: &Principal, body: KeyCreate, secret: &str) -> ApiResult<Model> {
    let transaction = db::begin(&app.db).await?;
    let spend = body.spend.unwrap_or_default();
    let key = insert(app, &transaction, principal, body, secret).await?;
    // A key of the caller's own choosing may have existed before: it starts afresh all the same.
    let windows = Windows::of_one(app, &transaction, limit::KEY, &key.token).await?;
    let corrections = limit::correct(app, &transaction, [&windows, &windows], Some(spend)).await?;
    change::commit(app, transaction, &key.token).await?;
    app.counters.correct(corrections).await;
    Ok(key)
}

/// Makes a key of `secret`, in the transaction of whatever needs one.
pub(in crate::management) async fn insert(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    body: KeyCreate,
    secret: &str,
) -> ApiResult<Model> {
    let mut key = new_row(app, principal, body, secret);
    callback::seal(app, &place_of_key(&key.token), &mut key.metadata, None)?;
    if let Some(budget_id) = key.budget_id() {
        limit::check_budget(transaction, budget_id).await?;
    }
    if db::key_secret::find(transaction, &key.token).await?.is_some() {
        return Err(ApiError::bad_request("key", "This key exists already."));
    }
    Entity::insert(key.clone().into_active_model())
        .exec_without_returning(transaction)
        .await
        .map_err(|error| change::conflict(error, key.key_alias.as_deref()))?;
    let change = Change { action: "created", kind: "key", id: &key.token, before: None, after: Some(snapshot(&key)) };
    record(app, transaction, principal, change).await?;
    Ok(key)
}

fn new_row(app: &App, principal: &Principal, body: KeyCreate, secret: &str) -> Model {
    let now = stored_time(app.clock.now());
    Model {
        token: KeyDigest::of(secret).to_hex(),
        key_name: key_name(secret),
        key_alias: body.key_alias,
        user_id: body.user_id,
        team_id: body.team_id,
        organization_id: body.organization_id,
        models: Strings(body.models),
        max_budget: body.max_budget.map(|money| money.0),
        soft_budget: body.soft_budget.map(|money| money.0),
        budget_duration: body.budget_duration,
        budget_anchor_at: now,
        max_parallel_requests: body.max_parallel_requests,
        rpm_limit: body.rpm_limit,
        tpm_limit: body.tpm_limit,
        metadata: JsonMap(body.metadata),
        other: JsonMap(body.other.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        temp_budget_increase: None,
        temp_budget_expiry: None,
        blocked: body.blocked.unwrap_or(false),
        expires_at: rules::expiry(body.duration.as_deref(), now, app.timezone),
        created_at: now,
        created_by: Some(principal.user_id.clone()),
        updated_at: now,
        updated_by: Some(principal.user_id.clone()),
    }
}
