//! Providers of single sign-on: `/sso/provider/…`.

mod rules;

use actix_web::web;
use sea_orm::{ActiveModelTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, ModelTrait};
use serde_json::Value;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::sso::{SsoProvider, SsoProviderDelete, SsoProviderView, SsoSource, SsoTestView};

use crate::app::App;
use crate::auth::Principal;
use crate::config::Secret;
use crate::db::sso_provider::{Entity, Model};
use crate::db::{self, JsonMap, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::{Change, record};
use crate::oidc::Provider;

/// What refusals call a provider that does not exist.
const NOT_FOUND: &str = "There is no such provider.";

/// List the providers of single sign-on
///
/// Those of environment variables and of `config.yaml` first: they are changed there.
#[utoipa::path(
    get,
    path = paths::SSO_PROVIDER_LIST,
    operation_id = "sso_provider_list",
    tag = "sso",
    responses((status = 200, description = "All of them, without their secrets", body = Vec<SsoProviderView>)),
)]
pub async fn list(app: web::Data<App>, principal: Principal) -> ApiResult<web::Json<Vec<SsoProviderView>>> {
    principal.authorize_all(Action::SsoRead)?;
    let configured = app.sso.configured.iter().map(|provider| show(&app, provider, None));
    let mut shown: Vec<SsoProviderView> = configured.collect();
    for row in db::sso_provider::all(&app.db).await? {
        shown.push(view(&app, row)?);
    }
    Ok(web::Json(shown))
}

/// Add a provider of single sign-on
///
/// Its client secret is sealed, and never shown again.
#[utoipa::path(
    post,
    path = paths::SSO_PROVIDER_NEW,
    operation_id = "sso_provider_new",
    tag = "sso",
    request_body = SsoProvider,
    responses(
        (status = 200, description = "The provider", body = SsoProviderView),
        (status = 400, description = "The id exists already, or a setting will not do", body = ErrorEnvelope),
    ),
)]
pub async fn new(
    app: web::Data<App>,
    principal: Principal,
    body: Json<SsoProvider>,
) -> ApiResult<web::Json<SsoProviderView>> {
    principal.authorize_all(Action::SsoWrite)?;
    let (provider_id, settings, secret) = parts(body.0);
    rules::check(&app, &provider_id, &settings).await?;
    rules::check_room(&app).await?;
    let client_secret = sealed(&app, &provider_id, secret.as_deref())?;
    let now = stored_time(app.clock.now());
    let row = Model {
        provider_id,
        settings: settings_json(&settings)?,
        client_secret,
        created_at: now,
        created_by: Some(principal.user_id.clone()),
        updated_at: now,
        updated_by: Some(principal.user_id.clone()),
    };
    let transaction = db::begin(&app.db).await?;
    let inserted = Entity::insert(row.clone().into_active_model()).exec_without_returning(&transaction).await;
    inserted.map_err(|error| match db::violation(&error) {
        Some(db::Violation::SsoProvider) => rules::exists(&row.provider_id),
        _ => error.into(),
    })?;
    let after = Some(snapshot(&row));
    note(&app, &transaction, &principal, "created", &row.provider_id, (None, after)).await?;
    transaction.commit().await?;
    Ok(web::Json(view(&app, row)?))
}

/// Change a provider of single sign-on
///
/// Its settings are replaced as a whole: what is not sent gets its default. Only the client secret stays as it is where
/// none is sent.
#[utoipa::path(
    post,
    path = paths::SSO_PROVIDER_UPDATE,
    operation_id = "sso_provider_update",
    tag = "sso",
    request_body = SsoProvider,
    responses(
        (status = 200, description = "The provider as it is now", body = SsoProviderView),
        (status = 400, description = "A setting will not do, or the provider is not set here", body = ErrorEnvelope),
        (status = 404, description = "There is no such provider", body = ErrorEnvelope),
    ),
)]
pub async fn update(
    app: web::Data<App>,
    principal: Principal,
    body: Json<SsoProvider>,
) -> ApiResult<web::Json<SsoProviderView>> {
    principal.authorize_all(Action::SsoWrite)?;
    let (provider_id, settings, secret) = parts(body.0);
    rules::check_is_ours(&app, &provider_id)?;
    let transaction = db::begin(&app.db).await?;
    let found = db::sso_provider::find_for_update(&transaction, &provider_id).await?;
    let before = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    rules::check(&app, &provider_id, &settings).await?;
    let client_secret = match sealed(&app, &provider_id, secret.as_deref())? {
        Some(sealed) => Some(sealed),
        None => before.client_secret.clone(),
    };
    let after = Model {
        settings: settings_json(&settings)?,
        client_secret,
        updated_at: stored_time(app.clock.now()),
        updated_by: Some(principal.user_id.clone()),
        ..before.clone()
    };
    let mut row = after.clone().into_active_model();
    row.settings = sea_orm::Set(after.settings.clone());
    row.client_secret = sea_orm::Set(after.client_secret.clone());
    row.updated_at = sea_orm::Set(after.updated_at);
    row.updated_by = sea_orm::Set(after.updated_by.clone());
    row.update(&transaction).await?;
    let shown = (Some(snapshot(&before)), Some(snapshot(&after)));
    note(&app, &transaction, &principal, "updated", &provider_id, shown).await?;
    transaction.commit().await?;
    Ok(web::Json(view(&app, after)?))
}

/// Remove a provider of single sign-on
///
/// Nobody signs in by it any more; who is signed in stays so, and accounts stay.
#[utoipa::path(
    post,
    path = paths::SSO_PROVIDER_DELETE,
    operation_id = "sso_provider_delete",
    tag = "sso",
    request_body = SsoProviderDelete,
    responses(
        (status = 200, description = "The provider as it was", body = SsoProviderView),
        (status = 400, description = "The provider is not set here", body = ErrorEnvelope),
        (status = 404, description = "There is no such provider", body = ErrorEnvelope),
    ),
)]
pub async fn delete(
    app: web::Data<App>,
    principal: Principal,
    body: Json<SsoProviderDelete>,
) -> ApiResult<web::Json<SsoProviderView>> {
    principal.authorize_all(Action::SsoWrite)?;
    let provider_id = body.0.provider_id;
    rules::check_is_ours(&app, &provider_id)?;
    let transaction = db::begin(&app.db).await?;
    let found = db::sso_provider::find_for_update(&transaction, &provider_id).await?;
    let row = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    row.clone().delete(&transaction).await?;
    note(&app, &transaction, &principal, "deleted", &provider_id, (Some(snapshot(&row)), None)).await?;
    transaction.commit().await?;
    Ok(web::Json(view(&app, row)?))
}

/// Ask a provider whether people could sign in
///
/// Its settings need not be saved: what it says of itself is discovered. Whether it knows the client shows only when
/// somebody signs in.
#[utoipa::path(
    post,
    path = paths::SSO_PROVIDER_TEST,
    operation_id = "sso_provider_test",
    tag = "sso",
    request_body = SsoProvider,
    responses(
        (status = 200, description = "What was found", body = SsoTestView),
        (status = 400, description = "A setting will not do", body = ErrorEnvelope),
    ),
)]
pub async fn test(
    app: web::Data<App>,
    principal: Principal,
    body: Json<SsoProvider>,
) -> ApiResult<web::Json<SsoTestView>> {
    principal.authorize_all(Action::SsoWrite)?;
    let (id, settings, secret) = parts(body.0);
    let configured = app.sso.configured.iter().find(|provider| provider.id == id && provider.settings == settings);
    let provider = match configured {
        Some(provider) => provider.clone(),
        None => {
            rules::check_settings(&settings)?;
            Provider { id, settings, secret: secret.map(Secret::new), source: SsoSource::Database }
        }
    };
    let redirect_uri = super::redirect_uri(&app, &provider.id, provider.source);
    let view = match app.oidc.look(&provider).await {
        Ok(found) => SsoTestView {
            ok: true,
            message: "The provider answers. Sign in once to see whether it knows the client.".to_owned(),
            issuer: found.issuer,
            authorization_endpoint: Some(found.authorization_endpoint),
            token_endpoint: Some(found.token_endpoint),
            keys: u64::try_from(found.keys).unwrap_or(u64::MAX),
            redirect_uri,
        },
        Err(error) => SsoTestView {
            ok: false,
            message: error.detail,
            issuer: None,
            authorization_endpoint: None,
            token_endpoint: None,
            keys: 0,
            redirect_uri,
        },
    };
    Ok(web::Json(view))
}

/// The id, the settings with it and without the secret, and the secret.
fn parts(mut body: SsoProvider) -> (String, SsoProvider, Option<String>) {
    let secret = body.client_secret.take();
    let provider_id = body.provider_id.clone().unwrap_or_else(|| body.kind.as_str().to_owned());
    body.provider_id = Some(provider_id.clone());
    (provider_id, body, secret)
}

fn sealed(app: &App, provider_id: &str, secret: Option<&str>) -> ApiResult<Option<String>> {
    secret.map(|secret| super::seal(app, provider_id, secret)).transpose().map_err(ApiError::internal)
}

fn settings_json(settings: &SsoProvider) -> ApiResult<JsonMap> {
    match serde_json::to_value(settings).map_err(ApiError::internal)? {
        Value::Object(members) => Ok(JsonMap(members)),
        _ => Err(ApiError::internal("settings are no object")),
    }
}

/// A provider as the audit chain keeps it.
fn snapshot(row: &Model) -> Value {
    let mut settings = row.settings.0.clone();
    settings.insert("has_client_secret".to_owned(), Value::from(row.client_secret.is_some()));
    Value::Object(settings)
}

async fn note(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    action: &'static str,
    id: &str,
    (before, after): (Option<Value>, Option<Value>),
) -> ApiResult<()> {
    record(app, transaction, principal, Change { action, kind: "sso", id, before, after }).await
}

fn view(app: &App, row: Model) -> ApiResult<SsoProviderView> {
    let settings = super::settings_of(&row)?;
    let secret = row.client_secret.as_ref().map(|_| Secret::new(String::new()));
    let provider = Provider { id: row.provider_id.clone(), settings, secret, source: SsoSource::Database };
    Ok(show(app, &provider, Some(&row)))
}

fn show(app: &App, provider: &Provider, row: Option<&Model>) -> SsoProviderView {
    SsoProviderView {
        settings: provider.settings.clone(),
        source: provider.source,
        has_client_secret: provider.secret.is_some(),
        redirect_uri: super::redirect_uri(app, &provider.id, provider.source),
        created_at: row.map(|row| row.created_at),
        updated_at: row.map(|row| row.updated_at),
    }
}
