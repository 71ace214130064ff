//! What is configured of single sign-on.

use tollgate_openapi::sso::SsoSource;

use super::secrets::Environment;
use crate::app::SsoSettings;
use crate::config::{Config, SsoEntry, sso_from_environment};
use crate::oidc::Provider;

/// Providers by `general_settings.sso` and by environment variables; the former win where both have one id.
pub(super) fn settings(config: &Config, environment: &Environment) -> SsoSettings {
    let variable = |name: &str| environment.sso.get(name).map(|value| value.expose().to_owned());
    let provider = |source: SsoSource| {
        move |entry: SsoEntry| {
            let id = entry.provider.provider_id.clone().unwrap_or_default();
            Provider { id, settings: entry.provider, secret: entry.secret, source }
        }
    };
    let mut configured: Vec<Provider> = config.general.sso.iter().cloned().map(provider(SsoSource::Config)).collect();
    for entry in sso_from_environment(variable).into_iter().map(provider(SsoSource::Environment)) {
        if !configured.iter().any(|other| other.id == entry.id) {
            configured.push(entry);
        }
    }
    SsoSettings { configured, admin_id: variable("PROXY_ADMIN_ID") }
}
