//! Ways to sign in, as anybody may know them: those with a button, and the one that an e-mail address leads to.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::sso::{SsoChoice, SsoChoices, SsoLookup, SsoLookupView};

use super::START;
use crate::app::App;
use crate::domain::sso::domain_of;
use crate::error::ApiResult;
use crate::management::Json;
use crate::oidc::Provider;

/// List the ways to sign in by single sign-on
///
/// Those of organizations are not among them: an address leads to them.
#[utoipa::path(
    get,
    path = paths::SSO_CHOICES,
    operation_id = "sso_choices",
    tag = "sso",
    responses(
        (status = 200, description = "The providers that have a button", body = SsoChoices),
        (status = 503, description = "The database is away; try again", body = ErrorEnvelope),
    ),
    security(()),
)]
pub async fn choices(app: web::Data<App>) -> ApiResult<web::Json<SsoChoices>> {
    let enabled = enabled(&app).await?;
    let by_email = enabled.iter().any(|provider| !provider.settings.allowed_domains.is_empty());
    let choices = enabled.iter().filter(|provider| has_button(provider)).map(choice).collect();
    Ok(web::Json(SsoChoices { choices, by_email }))
}

/// Find the way to sign in for an e-mail address
///
/// Only the domain matters: the answer says nothing of accounts.
#[utoipa::path(
    post,
    path = paths::SSO_LOOKUP,
    operation_id = "sso_lookup",
    tag = "sso",
    request_body = SsoLookup,
    responses(
        (status = 200, description = "Where addresses of this domain sign in", body = SsoLookupView),
        (status = 503, description = "The database is away; try again", body = ErrorEnvelope),
    ),
    security(()),
)]
pub async fn lookup(app: web::Data<App>, body: Json<SsoLookup>) -> ApiResult<web::Json<SsoLookupView>> {
    let email = body.0.email.trim().to_lowercase();
    let Some(domain) = domain_of(&email) else { return Ok(web::Json(SsoLookupView::default())) };
    let enabled = enabled(&app).await?;
    let is_of = |provider: &&Provider| provider.settings.allowed_domains.iter().any(|one| one == domain);
    let mut found: Vec<&Provider> = enabled.iter().filter(is_of).collect();
    // An organization's own goes before those that everybody may use.
    found.sort_by_key(|provider| has_button(provider));
    Ok(web::Json(SsoLookupView { choice: found.first().map(|provider| choice(provider)) }))
}

/// The providers that have a button.
pub(super) async fn with_buttons(app: &App) -> ApiResult<Vec<Provider>> {
    let mut enabled = enabled(app).await?;
    enabled.retain(has_button);
    Ok(enabled)
}

async fn enabled(app: &App) -> ApiResult<Vec<Provider>> {
    let mut providers = super::all(app, &app.db).await?;
    providers.retain(|provider| provider.settings.enabled);
    Ok(providers)
}

const fn has_button(provider: &Provider) -> bool {
    provider.settings.organization_id.is_none()
}

fn choice(provider: &Provider) -> SsoChoice {
    SsoChoice {
        provider_id: provider.id.clone(),
        kind: provider.settings.kind,
        display_name: provider.name().to_owned(),
        sign_in_path: format!("{START}/{}", provider.id),
    }
}
