//! What the settings of a provider must be, beyond their types.

use tollgate_openapi::sso::SsoProvider;

use crate::app::App;
use crate::db;
use crate::db::sso_provider::PROVIDERS_MAX;
use crate::domain::sso::settings_problems;
use crate::error::{ApiError, ApiResult};
use crate::management::rules::Problems;

/// Refuses a provider that is set elsewhere.
pub(super) fn check_is_ours(app: &App, provider_id: &str) -> ApiResult<()> {
    if app.sso.configured.iter().any(|provider| provider.id == provider_id) {
        let message = "This provider is set by the configuration or the environment: change it there.";
        return Err(ApiError::bad_request("provider_id", message));
    }
    Ok(())
}

/// Refuses more providers than are read where somebody signs in.
pub(super) async fn check_room(app: &App) -> ApiResult<()> {
    if db::sso_provider::count(&app.db).await? >= PROVIDERS_MAX {
        let message = format!("There are {PROVIDERS_MAX} providers already, which is the most there may be.");
        return Err(ApiError::bad_request("provider_id", message));
    }
    Ok(())
}

pub(super) fn exists(provider_id: &str) -> ApiError {
    ApiError::bad_request("provider_id", format!("A provider with the id '{provider_id}' exists already."))
}

/// Checks settings alone, and against what there is besides them.
pub(super) async fn check(app: &App, provider_id: &str, settings: &SsoProvider) -> ApiResult<()> {
    check_settings(settings)?;
    if app.sso.configured.iter().any(|provider| provider.id == provider_id) {
        return Err(exists(provider_id));
    }
    let mut problems = Problems::default();
    if let Some(id) = &settings.organization_id
        && db::organization::find(&app.db, id).await?.is_none()
    {
        problems.add("organization_id", format!("there is no organization '{id}'"));
    }
    let mapped = settings.team_mappings.iter().map(|mapping| ("team_mappings", &mapping.team_id));
    let default = settings.default_teams.iter().map(|team_id| ("default_teams", team_id));
    let named: Vec<_> = mapped.chain(default).collect();
    let ids: Vec<String> = named.iter().map(|(_, team_id)| (*team_id).clone()).collect();
    let known = db::team::find_many(&app.db, &ids).await?;
    for (field, team_id) in named {
        if !known.iter().any(|team| team.team_id == *team_id) {
            problems.add(field, format!("there is no team '{team_id}'"));
        }
    }
    if settings.organization_id.is_some() {
        check_domains(app, &mut problems, provider_id, settings).await?;
    }
    problems.finish()
}

/// Two organizations must not both say who has the addresses of a domain.
async fn check_domains(app: &App, problems: &mut Problems, provider_id: &str, settings: &SsoProvider) -> ApiResult<()> {
    for other in super::super::all(app, &app.db).await? {
        let is_another = other.id != provider_id && other.settings.organization_id.is_some();
        if !is_another || other.settings.organization_id == settings.organization_id {
            continue;
        }
        if let Some(domain) = settings.allowed_domains.iter().find(|one| other.settings.allowed_domains.contains(one)) {
            problems.add("allowed_domains", format!("{domain} is another organization's (provider {})", other.id));
        }
    }
    Ok(())
}

/// Checks settings alone.
pub(super) fn check_settings(settings: &SsoProvider) -> ApiResult<()> {
    let mut problems = Problems::default();
    for (field, expected) in settings_problems(settings, false) {
        problems.add(field, expected);
    }
    problems.finish()
}
