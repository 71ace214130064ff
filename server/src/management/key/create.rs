//! `POST /key/generate`.

use actix_web::web;
use sea_orm::{DatabaseTransaction, EntityTrait, IntoActiveModel};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::key::{KeyCreate, KeyCreated};
use tollgate_openapi::paths;

use super::change;
use super::rules;
use super::view::{snapshot, view};
use crate::app::App;
use crate::auth::Principal;
use crate::counters::ScopeId;
use crate::crypto::{KeyDigest, generate_key, key_name};
use crate::db::key::{Entity, Model};
use crate::db::{self, JsonMap, Strings, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::{Change, record};
use crate::management::limit::{self, Windows};

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
    let mut body = body.0;
    authorize(&principal, &body)?;
    rules::check_create(&body)?;
    let secret = match body.key.take() {
        Some(key) => key,
        None => generate_key().map_err(ApiError::internal)?,
    };
    if app.identity.master_key.matches(&KeyDigest::of(&secret)) {
        return Err(ApiError::bad_request("key", "This key exists already."));
    }
    let key = create(&app, &principal, body, &secret).await?;
    let view = view(&app, key).await?;
    Ok(web::Json(KeyCreated { token_id: view.token.clone(), key: secret, view }))
}

fn authorize(principal: &Principal, body: &KeyCreate) -> ApiResult<()> {
    principal.authorize_new(Action::KeyCreate)?;
    if !principal.is_admin() && body.spend.is_some() {
        return Err(ApiError::forbidden("Only an administrator sets a key's spend.").with_param("spend"));
    }
    rules::check_other(principal, &body.other)?;
    rules::check_owner(principal, body.user_id.as_deref(), body.team_id.as_deref(), body.organization_id.as_deref())
}

async fn create(app: &App, principal: &Principal, body: KeyCreate, secret: &str) -> ApiResult<Model> {
    let transaction = db::begin(&app.db).await?;
    let spend = body.spend.unwrap_or_default();
    let key = insert(app, &transaction, principal, body, secret).await?;
    // A key of the caller's own choosing may have existed before: it starts afresh all the same.
    let scope = ScopeId::key(&key.token);
    let windows = Windows::of_one(app, &transaction, limit::KEY, &key.token).await?;
    let delta = limit::set_spend(app, &transaction, &scope, windows.whole, spend).await?;
    change::commit(app, transaction, &key.token).await?;
    app.counters.adjust(&scope, delta);
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
    let key = new_row(app, principal, body, secret);
    if let Some(budget_id) = key.budget_id() {
        limit::check_budget(transaction, budget_id).await?;
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
    let owner = if principal.is_admin() { None } else { Some(principal.user_id.clone()) };
    Model {
        token: KeyDigest::of(secret).to_hex(),
        key_name: key_name(secret),
        key_alias: body.key_alias,
        user_id: body.user_id.or(owner),
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
        blocked: body.blocked.unwrap_or(false),
        expires_at: rules::expiry(body.duration.as_deref(), now, app.timezone),
        created_at: now,
        created_by: Some(principal.user_id.clone()),
        updated_at: now,
        updated_by: Some(principal.user_id.clone()),
    }
}
