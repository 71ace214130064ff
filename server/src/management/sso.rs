//! Single sign-on: providers, and people who sign in by them.

mod accept;
mod attempt;
pub mod callback;
pub mod choose;
pub(super) mod groups;
pub mod provider;
mod refused;
pub mod start;

use sea_orm::ConnectionTrait;
use serde_json::Value;
use tollgate_openapi::sso::{SsoProvider, SsoSource};

use crate::app::App;
use crate::config::Secret;
use crate::crypto::SealError;
use crate::db;
use crate::db::sso_provider::Model;
use crate::error::{ApiError, ApiResult};
use crate::oidc::Provider;

/// LiteLLM's address of the beginning: it leads to the only provider, or to the sign-in page.
pub const START_OF_LITELLM: &str = "/sso/key/generate";
/// Where a sign-in by one provider begins, before its id.
pub const START: &str = "/sso/sign_in";
/// Where providers send people back: LiteLLM's address for those of environment variables, followed by an id for others.
pub const CALLBACK: &str = "/sso/callback";

/// Every provider, switched on or not: the configured ones first.
async fn all(app: &App, db: &impl ConnectionTrait) -> ApiResult<Vec<Provider>> {
    let mut providers = app.sso.configured.clone();
    for row in db::sso_provider::all(db).await? {
        if !providers.iter().any(|provider| provider.id == row.provider_id) {
            providers.push(of_row(app, row)?);
        }
    }
    Ok(providers)
}

/// The provider with this id.
async fn find(app: &App, provider_id: &str) -> ApiResult<Option<Provider>> {
    if let Some(provider) = app.sso.configured.iter().find(|provider| provider.id == provider_id) {
        return Ok(Some(provider.clone()));
    }
    match db::sso_provider::find(&app.db, provider_id).await? {
        Some(row) => of_row(app, row).map(Some),
        None => Ok(None),
    }
}

fn of_row(app: &App, row: Model) -> ApiResult<Provider> {
    let settings: SsoProvider = settings_of(&row)?;
    let opened = row.client_secret.as_deref().map(|sealed| app.sealer.open(&sealed_for(&row.provider_id), sealed));
    let secret = match opened {
        Some(Ok(secret)) => Some(Secret::new(secret)),
        // Without its secret the provider refuses, and says so; the others go on.
        Some(Err(error)) => {
            tracing::error!(provider = row.provider_id, %error, "a client secret cannot be opened");
            None
        }
        None => None,
    };
    Ok(Provider { id: row.provider_id, settings, secret, source: SsoSource::Database })
}

fn settings_of(row: &Model) -> ApiResult<SsoProvider> {
    serde_json::from_value(Value::Object(row.settings.0.clone())).map_err(ApiError::internal)
}

fn seal(app: &App, provider_id: &str, secret: &str) -> Result<String, SealError> {
    app.sealer.seal(&sealed_for(provider_id), secret)
}

fn sealed_for(provider_id: &str) -> String {
    format!("sso_provider/{provider_id}")
}

/// The address that a provider sends people back to.
fn redirect_uri(app: &App, provider_id: &str, source: SsoSource) -> String {
    let base = &app.identity.base_url;
    match source {
        SsoSource::Environment => format!("{base}{CALLBACK}"),
        SsoSource::Config | SsoSource::Database => format!("{base}{CALLBACK}/{provider_id}"),
    }
}
