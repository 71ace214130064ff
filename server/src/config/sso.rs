//! Single sign-on: `general_settings.sso`, LiteLLM's environment variables, and what newcomers get.

use serde_json::Value;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::session::UserRole;
use tollgate_openapi::sso::{SsoKind, SsoProvider, SsoRoleMapping};
use tollgate_openapi::user::TeamToJoin;

use super::litellm::{money, span};
use super::reader::{Item, Section};
use super::secret::Secret;
use super::vocabulary;
use crate::domain::sso::settings_problems;
use crate::domain::window::Span;

/// The environment variables that set providers.
pub const SSO_VARIABLES: [&str; 24] = [
    "GOOGLE_CLIENT_ID",
    "GOOGLE_CLIENT_SECRET",
    "MICROSOFT_CLIENT_ID",
    "MICROSOFT_CLIENT_SECRET",
    "MICROSOFT_TENANT",
    "GENERIC_CLIENT_ID",
    "GENERIC_CLIENT_SECRET",
    "GENERIC_ISSUER",
    "GENERIC_AUTHORIZATION_ENDPOINT",
    "GENERIC_TOKEN_ENDPOINT",
    "GENERIC_USERINFO_ENDPOINT",
    "GENERIC_SCOPE",
    "GENERIC_INCLUDE_CLIENT_ID",
    "GENERIC_USER_ID_ATTRIBUTE",
    "GENERIC_USER_EMAIL_ATTRIBUTE",
    "GENERIC_USER_DISPLAY_NAME_ATTRIBUTE",
    "GENERIC_USER_ROLE_ATTRIBUTE",
    "GENERIC_TRUST_EMAIL",
    "GENERIC_DISPLAY_NAME",
    "GENERIC_ROLE_MAPPINGS_GROUP_CLAIM",
    "GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE",
    "GENERIC_ROLE_MAPPINGS_ROLES",
    "ALLOWED_EMAIL_DOMAINS",
    "PROXY_ADMIN_ID",
];

/// A provider as it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SsoEntry {
    /// Its settings, without the secret.
    pub provider: SsoProvider,
    /// The client's secret.
    pub secret: Option<Secret>,
}

/// What people get who sign in for the first time (`default_internal_user_params`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewcomerSettings {
    /// Their role. Default: `internal_user`.
    pub user_role: Option<UserRole>,
    /// Their budget.
    pub max_budget: Option<NanoUsd>,
    /// How often it starts anew. Default: never.
    pub budget_duration: Option<Span>,
    /// Models their own keys may use. Default: all.
    pub models: Vec<String>,
    /// Teams they join.
    pub teams: Vec<TeamToJoin>,
}

/// What teams get that follow from groups (`default_team_params`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewTeamSettings {
    /// Their budget.
    pub max_budget: Option<NanoUsd>,
    /// How often it starts anew. Default: never.
    pub budget_duration: Option<Span>,
    /// Models they may use. Default: all.
    pub models: Vec<String>,
    /// Tokens a minute.
    pub tpm_limit: Option<u32>,
    /// Requests a minute.
    pub rpm_limit: Option<u32>,
}

/// `general_settings.sso`.
pub(super) fn read_list(item: Option<Item<'_>>) -> Vec<SsoEntry> {
    let items = item.map(|item| item.list(false)).unwrap_or_default();
    let mut entries: Vec<SsoEntry> = Vec::new();
    for item in items {
        let Some(entry) = read_entry(&item) else { continue };
        if entries.iter().any(|other| id(other) == id(&entry)) {
            item.error(format!("a provider with the provider_id \"{}\" is listed above", id(&entry)));
            continue;
        }
        entries.push(entry);
    }
    entries
}

fn read_entry(item: &Item<'_>) -> Option<SsoEntry> {
    // The types are those of the API, and so is what is wrong with a value.
    let read = serde_path_to_error::deserialize::<_, SsoProvider>(item.node.to_json());
    let mut provider = match read {
        Ok(provider) => provider,
        Err(error) => {
            item.error(format!("{}: {}", error.path(), error.inner()));
            return None;
        }
    };
    if let Err(report) = garde::Validate::validate(&provider) {
        let texts: Vec<String> = report.iter().map(|(path, error)| format!("{path}: {error}")).collect();
        item.error(texts.join("; "));
        return None;
    }
    let problems = settings_problems(&provider, true);
    if !problems.is_empty() {
        let texts: Vec<String> = problems.iter().map(|(field, expected)| format!("{field}: {expected}")).collect();
        item.error(texts.join("; "));
        return None;
    }
    let secret = provider.client_secret.take().map(Secret::new);
    provider.provider_id.get_or_insert_with(|| provider.kind.as_str().to_owned());
    Some(SsoEntry { provider, secret })
}

fn id(entry: &SsoEntry) -> &str {
    entry.provider.provider_id.as_deref().unwrap_or_default()
}

/// The providers that LiteLLM's environment variables set.
#[must_use]
pub fn sso_from_environment(variable: impl Fn(&str) -> Option<String>) -> Vec<SsoEntry> {
    let text = |name: &str| variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let domains: Vec<String> = text("ALLOWED_EMAIL_DOMAINS").map(|all| listed(&all)).unwrap_or_default();
    let entry = |kind: SsoKind, prefix: &str| {
        let client_id = text(&format!("{prefix}_CLIENT_ID"))?;
        let provider = SsoProvider {
            provider_id: Some(kind.as_str().to_owned()),
            kind,
            client_id,
            allowed_domains: domains.clone(),
            ..SsoProvider::default_settings()
        };
        Some(SsoEntry { provider, secret: text(&format!("{prefix}_CLIENT_SECRET")).map(Secret::new) })
    };
    let google = entry(SsoKind::Google, "GOOGLE");
    let microsoft = entry(SsoKind::Microsoft, "MICROSOFT").map(|mut entry| {
        entry.provider.tenant = text("MICROSOFT_TENANT");
        // Entra says nothing of the kind; the addresses of one tenant are its administrators' to give.
        entry.provider.trust_email = true;
        entry
    });
    let generic = entry(SsoKind::Generic, "GENERIC").map(|entry| with_generic(entry, &text));
    [google, microsoft, generic].into_iter().flatten().filter(is_sound).collect()
}

/// Leaves out, with a word in the log, what could let nobody in, or too many.
fn is_sound(entry: &SsoEntry) -> bool {
    let problems = settings_problems(&entry.provider, true);
    for (field, expected) in &problems {
        tracing::error!(
            provider = id(entry),
            field,
            expected,
            "single sign-on is left out: see its environment variables"
        );
    }
    problems.is_empty()
}

fn with_generic(entry: SsoEntry, text: &impl Fn(&str) -> Option<String>) -> SsoEntry {
    let is_true = |name: &str| text(name).is_some_and(|word| matches!(word.to_lowercase().as_str(), "true" | "1"));
    let role = |word: &str| serde_json::from_value::<UserRole>(Value::from(word)).ok();
    let provider = SsoProvider {
        display_name: text("GENERIC_DISPLAY_NAME"),
        issuer: text("GENERIC_ISSUER"),
        authorization_endpoint: text("GENERIC_AUTHORIZATION_ENDPOINT"),
        token_endpoint: text("GENERIC_TOKEN_ENDPOINT"),
        userinfo_endpoint: text("GENERIC_USERINFO_ENDPOINT"),
        scope: text("GENERIC_SCOPE"),
        include_client_id: is_true("GENERIC_INCLUDE_CLIENT_ID"),
        user_id_attribute: text("GENERIC_USER_ID_ATTRIBUTE"),
        user_email_attribute: text("GENERIC_USER_EMAIL_ATTRIBUTE"),
        user_display_name_attribute: text("GENERIC_USER_DISPLAY_NAME_ATTRIBUTE"),
        user_role_attribute: text("GENERIC_USER_ROLE_ATTRIBUTE"),
        trust_email: is_true("GENERIC_TRUST_EMAIL"),
        groups_attribute: text("GENERIC_ROLE_MAPPINGS_GROUP_CLAIM"),
        default_role: text("GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE").and_then(|word| role(&word)),
        role_mappings: text("GENERIC_ROLE_MAPPINGS_ROLES").map(|text| role_mappings(&text)).unwrap_or_default(),
        ..entry.provider
    };
    SsoEntry { provider, ..entry }
}

/// `{"proxy_admin": ["group"]}`; LiteLLM's is Python, whose quotes may be single.
fn role_mappings(text: &str) -> Vec<SsoRoleMapping> {
    let read = serde_json::from_str(text).or_else(|_| serde_json::from_str(&text.replace('\'', "\"")));
    let Ok(Value::Object(by_role)) = read else {
        tracing::warn!("GENERIC_ROLE_MAPPINGS_ROLES is not an object of roles with lists of groups: it is left alone");
        return Vec::new();
    };
    let mappings = by_role.into_iter().filter_map(|(role, groups)| {
        let user_role = serde_json::from_value::<UserRole>(Value::from(role)).ok()?;
        let groups = groups.as_array().cloned().unwrap_or_default();
        let groups = groups.into_iter().filter_map(|group| group.as_str().map(str::to_owned));
        Some(groups.map(move |group| SsoRoleMapping { group, user_role }).collect::<Vec<_>>())
    });
    mappings.flatten().collect()
}

fn listed(text: &str) -> Vec<String> {
    text.split(',').map(|part| part.trim().to_lowercase()).filter(|part| !part.is_empty()).collect()
}

/// `litellm_settings.default_internal_user_params`.
pub(super) fn read_newcomers(section: &mut Section<'_>) -> NewcomerSettings {
    let Some(mut section) = section.get("default_internal_user_params").and_then(|item| item.section()) else {
        return NewcomerSettings::default();
    };
    let settings = NewcomerSettings {
        user_role: section.get("user_role").and_then(|item| typed(&item)),
        max_budget: section.get("max_budget").and_then(|item| money(&item)),
        budget_duration: span(&mut section, "budget_duration"),
        models: section.texts("models"),
        teams: section.get("teams").and_then(|item| typed(&item)).unwrap_or_default(),
    };
    section.finish(&vocabulary::NEWCOMERS);
    settings
}

/// `litellm_settings.default_team_params`.
pub(super) fn read_new_teams(section: &mut Section<'_>) -> NewTeamSettings {
    let Some(mut section) = section.get("default_team_params").and_then(|item| item.section()) else {
        return NewTeamSettings::default();
    };
    let settings = NewTeamSettings {
        max_budget: section.get("max_budget").and_then(|item| money(&item)),
        budget_duration: span(&mut section, "budget_duration"),
        models: section.texts("models"),
        tpm_limit: section.count("tpm_limit"),
        rpm_limit: section.count("rpm_limit"),
    };
    section.finish(&vocabulary::NEW_TEAMS);
    settings
}

/// A value of the API's types.
fn typed<T: serde::de::DeserializeOwned>(item: &Item<'_>) -> Option<T> {
    match item.node.to_json() {
        Value::Null => None,
        value => serde_json::from_value(value).map_err(|error| item.error(error.to_string())).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Vec<SsoEntry> {
        sso_from_environment(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn litellms_variables_set_three_providers() {
        let entries = of(&[
            ("GOOGLE_CLIENT_ID", "g"),
            ("GOOGLE_CLIENT_SECRET", "hush"),
            ("MICROSOFT_CLIENT_ID", "m"),
            ("MICROSOFT_TENANT", "acme"),
            ("GENERIC_CLIENT_ID", "c"),
            ("GENERIC_AUTHORIZATION_ENDPOINT", "https://idp.test/authorize"),
            ("GENERIC_TOKEN_ENDPOINT", "https://idp.test/token"),
            ("GENERIC_USERINFO_ENDPOINT", "https://idp.test/me"),
            ("GENERIC_USER_ID_ATTRIBUTE", "preferred_username"),
            ("GENERIC_ROLE_MAPPINGS_ROLES", "{'proxy_admin': ['admins'], 'nonsense': ['x']}"),
            ("ALLOWED_EMAIL_DOMAINS", "Acme.com, acme.org"),
        ]);
        let [google, microsoft, generic] = &entries[..] else { panic!("{entries:?}") };
        assert_eq!(google.secret.as_ref().map(Secret::expose), Some("hush"));
        assert_eq!(google.provider.allowed_domains, ["acme.com", "acme.org"]);
        assert_eq!(microsoft.provider.tenant.as_deref(), Some("acme"));
        assert!(microsoft.provider.trust_email && !google.provider.trust_email);
        assert_eq!(generic.provider.userinfo_endpoint.as_deref(), Some("https://idp.test/me"));
        let mapping = SsoRoleMapping { group: "admins".to_owned(), user_role: UserRole::ProxyAdmin };
        assert_eq!(generic.provider.role_mappings, [mapping]);
        assert!(generic.provider.create_users && generic.provider.enabled);
    }

    #[test]
    fn no_client_no_provider() {
        assert!(of(&[("GOOGLE_CLIENT_ID", " "), ("MICROSOFT_TENANT", "acme")]).is_empty());
        assert!(of(&[("MICROSOFT_CLIENT_ID", "m"), ("MICROSOFT_TENANT", "common")]).is_empty(), "everybody's tenant");
        assert!(of(&[("GENERIC_CLIENT_ID", "c")]).is_empty(), "nowhere to go");
    }
}
