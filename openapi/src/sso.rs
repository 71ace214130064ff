//! Single sign-on: who else may say who somebody is.

mod sign_in;

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};

pub use sign_in::{
    PROBLEM_PAGE, SsoCallbackQuery, SsoChoice, SsoChoices, SsoLookup, SsoLookupView, SsoProblem, SsoStartQuery,
};

use crate::check::{check_id, is_unseen, valid_id, valid_ids, valid_name};
use crate::session::UserRole;
use crate::team::MemberRole;

/// Longest text of a setting, in bytes.
const TEXT_MAX: usize = 2048;

/// Whose product a provider is: which settings it needs, and which it has of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SsoKind {
    /// Google: nothing but a client.
    Google,
    /// Microsoft Entra: a client and a tenant.
    Microsoft,
    /// Okta: a client and an issuer.
    Okta,
    /// Auth0: a client and an issuer.
    Auth0,
    /// Keycloak: a client and an issuer, the address of a realm.
    Keycloak,
    /// Any other: a client and an issuer, or the endpoints of plain OAuth 2.
    #[default]
    Generic,
}

impl SsoKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Google, Self::Microsoft, Self::Okta, Self::Auth0, Self::Keycloak, Self::Generic];

    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Microsoft => "microsoft",
            Self::Okta => "okta",
            Self::Auth0 => "auth0",
            Self::Keycloak => "keycloak",
            Self::Generic => "generic",
        }
    }

    /// Its name for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Google => "Google",
            Self::Microsoft => "Microsoft",
            Self::Okta => "Okta",
            Self::Auth0 => "Auth0",
            Self::Keycloak => "Keycloak",
            Self::Generic => "Single sign-on",
        }
    }
}

/// A provider of single sign-on: body of `POST /sso/provider/new` and `POST /sso/provider/update`, and an entry of
/// `general_settings.sso`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"provider_id": "okta", "kind": "okta", "issuer": "https://acme.okta.com",
    "client_id": "0oa1", "client_secret": "…", "allowed_domains": ["acme.com"], "groups_attribute": "groups",
    "team_mappings": [{"group": "engineering", "team_id": "5b1a"}],
    "role_mappings": [{"group": "llm-admins", "user_role": "proxy_admin"}], "default_teams": ["everyone"]})))]
#[serde(deny_unknown_fields)]
pub struct SsoProvider {
    /// Its id, a part of addresses: small letters, digits, `-` and `_`. Absent: the kind's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_provider_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 64, pattern = "^[a-z0-9_-]+$"))]
    pub provider_id: Option<String>,
    /// Whose product it is.
    #[serde(default)]
    #[garde(skip)]
    pub kind: SsoKind,
    /// What its button says after "Continue with"; absent: the kind's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_name))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub display_name: Option<String>,
    /// Id of the client that the provider knows Tollgate as.
    #[garde(custom(check_text))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 2048))]
    pub client_id: String,
    /// The client's secret; absent: a public client (in an update: it stays as it is). It is never shown again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_text))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 2048))]
    pub client_secret: Option<String>,
    /// Address of the provider, from which all else is discovered. Google and Microsoft have their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_text))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 2048))]
    pub issuer: Option<String>,
    /// Microsoft: id or domain of the tenant whose people may sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_text))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 2048))]
    pub tenant: Option<String>,
    /// Without an issuer: where people sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_text))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 2048))]
    pub authorization_endpoint: Option<String>,
    /// Without an issuer: where codes are exchanged for tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_text))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 2048))]
    pub token_endpoint: Option<String>,
    /// Without an issuer: where it is told who signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_text))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 2048))]
    pub userinfo_endpoint: Option<String>,
    /// What is asked for, separated by spaces; absent: `openid email profile`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_text))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 2048))]
    pub scope: Option<String>,
    /// The client's id and secret go in the body of the token request; else in its header, unless the provider says that
    /// it takes only the body.
    #[serde(default)]
    #[garde(skip)]
    pub include_client_id: bool,
    /// Claim with the `user_id` that a newcomer gets; absent: one is made up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_text))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 2048))]
    pub user_id_attribute: Option<String>,
    /// Claim with the e-mail address; absent: `email`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_text))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 2048))]
    pub user_email_attribute: Option<String>,
    /// Claim with the name; absent: `name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_text))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 2048))]
    pub user_display_name_attribute: Option<String>,
    /// Claim with the role itself, such as `internal_user`; absent: roles follow from groups alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_text))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 2048))]
    pub user_role_attribute: Option<String>,
    /// Claim with the groups, a dot between the names of nested ones (`realm_access.roles`); absent: `groups`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_text))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 2048))]
    pub groups_attribute: Option<String>,
    /// Addresses count as verified where the provider does not say whether they are (no `email_verified`). Only for
    /// providers whose administrators alone decide on addresses.
    #[serde(default)]
    #[garde(skip)]
    pub trust_email: bool,
    /// Domains of e-mail addresses: nobody else signs in here, and who types such an address is led here. Empty: all.
    #[serde(default)]
    #[garde(custom(valid_domains))]
    #[cfg_attr(feature = "spec", schema(max_items = 100))]
    pub allowed_domains: Vec<String>,
    /// The organization whose people sign in here: a first sign-in makes them members. It needs `allowed_domains`, and has
    /// no button: an address leads to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub organization_id: Option<String>,
    /// Which groups are in which teams. Who leaves a group leaves the team at the next sign-in.
    #[serde(default)]
    #[garde(length(max = 1000), dive)]
    #[cfg_attr(feature = "spec", schema(max_items = 1000))]
    pub team_mappings: Vec<SsoTeamMapping>,
    /// Which groups have which role. With any, the role is set at each sign-in: the highest that the groups have, else
    /// the default role.
    #[serde(default)]
    #[garde(length(max = 1000), dive)]
    #[cfg_attr(feature = "spec", schema(max_items = 1000))]
    pub role_mappings: Vec<SsoRoleMapping>,
    /// Role of who has none by the mappings; absent: that of `default_internal_user_params`, else `internal_user`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub default_role: Option<UserRole>,
    /// Teams that newcomers join, besides those of `default_internal_user_params`.
    #[serde(default)]
    #[garde(custom(valid_ids))]
    #[cfg_attr(feature = "spec", schema(max_items = 1000))]
    pub default_teams: Vec<String>,
    /// Whoever signs in for the first time gets an account.
    #[serde(default = "yes")]
    #[garde(skip)]
    pub create_users: bool,
    /// People may sign in here.
    #[serde(default = "yes")]
    #[garde(skip)]
    pub enabled: bool,
}

impl SsoProvider {
    /// A provider of which nothing is said.
    #[must_use]
    pub fn default_settings() -> Self {
        Self { create_users: true, enabled: true, ..Self::default() }
    }
}

const fn yes() -> bool {
    true
}

/// A group whose people are in a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"group": "engineering", "team_id": "5b1a", "role": "user"})))]
#[serde(deny_unknown_fields)]
pub struct SsoTeamMapping {
    /// The group, as the provider names it.
    #[garde(custom(check_text))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 2048))]
    pub group: String,
    /// The team.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub team_id: String,
    /// What they may do there.
    #[serde(default)]
    #[garde(skip)]
    pub role: MemberRole,
}

/// A group whose people have a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"group": "llm-admins", "user_role": "proxy_admin"})))]
#[serde(deny_unknown_fields)]
pub struct SsoRoleMapping {
    /// The group, as the provider names it.
    #[garde(custom(check_text))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 2048))]
    pub group: String,
    /// The role.
    #[garde(skip)]
    pub user_role: UserRole,
}

/// Where a provider is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SsoSource {
    /// By environment variables.
    Environment,
    /// In `config.yaml`.
    Config,
    /// In the database, by the API or the console: it can be changed here.
    Database,
}

/// A provider as it is shown: without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"settings": {"provider_id": "okta", "kind": "okta",
    "issuer": "https://acme.okta.com", "client_id": "0oa1", "include_client_id": false, "trust_email": false,
    "allowed_domains": ["acme.com"], "team_mappings": [], "role_mappings": [], "default_teams": [], "create_users": true,
    "enabled": true}, "source": "database", "has_client_secret": true,
    "redirect_uri": "https://llm.acme.com/sso/callback/okta", "created_at": "2026-11-22T08:00:00Z",
    "updated_at": "2026-11-22T08:00:00Z"})))]
pub struct SsoProviderView {
    /// Its settings; `provider_id` is always there, `client_secret` never.
    pub settings: SsoProvider,
    /// Where it is set.
    pub source: SsoSource,
    /// Whether there is a secret.
    pub has_client_secret: bool,
    /// The address that the provider must be told to send people back to.
    pub redirect_uri: String,
    /// When it was made; none where it is not in the database.
    pub created_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: Option<DateTime<Utc>>,
}

/// Body of `POST /sso/provider/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"provider_id": "okta"})))]
#[serde(deny_unknown_fields)]
pub struct SsoProviderDelete {
    /// The provider.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub provider_id: String,
}

/// What asking a provider found: answer of `POST /sso/provider/test`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"ok": true, "message": "The provider answers.", "issuer": "https://acme.okta.com",
    "authorization_endpoint": "https://acme.okta.com/oauth2/v1/authorize",
    "token_endpoint": "https://acme.okta.com/oauth2/v1/token", "keys": 2,
    "redirect_uri": "https://llm.acme.com/sso/callback/okta"})))]
pub struct SsoTestView {
    /// People could sign in, as far as can be said without one.
    pub ok: bool,
    /// What was found, and what to do about it.
    pub message: String,
    /// The provider, as it names itself.
    pub issuer: Option<String>,
    /// Where people sign in.
    pub authorization_endpoint: Option<String>,
    /// Where codes are exchanged for tokens.
    pub token_endpoint: Option<String>,
    /// How many keys it signs with.
    pub keys: u64,
    /// The address that the provider must be told to send people back to.
    pub redirect_uri: String,
}

fn check_text<C>(value: &str, _context: &C) -> garde::Result {
    if value.is_empty() || value.len() > TEXT_MAX || value.chars().any(is_unseen) {
        return Err(garde::Error::new(format!("expected 1 to {TEXT_MAX} bytes without control characters")));
    }
    Ok(())
}

fn valid_text<C>(value: &Option<String>, context: &C) -> garde::Result {
    value.as_deref().map_or(Ok(()), |text| check_text(text, context))
}

fn valid_provider_id<C>(value: &Option<String>, _context: &C) -> garde::Result {
    /// Characters of an id.
    const ID_MAX: usize = 64;
    let Some(id) = value else { return Ok(()) };
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    if id.is_empty() || id.len() > ID_MAX || !id.bytes().all(is_plain) {
        return Err(garde::Error::new(format!("expected 1 to {ID_MAX} small letters, digits, - and _")));
    }
    Ok(())
}

fn valid_domains<C>(value: &[String], _context: &C) -> garde::Result {
    /// Domains of one provider.
    const DOMAINS_MAX: usize = 100;
    if value.len() > DOMAINS_MAX {
        return Err(garde::Error::new(format!("expected at most {DOMAINS_MAX} domains")));
    }
    let is_domain = |text: &String| {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
        text.contains('.') && text.len() <= 253 && text.bytes().all(is_plain) && !text.starts_with('.')
    };
    if value.iter().all(is_domain) {
        return Ok(());
    }
    Err(garde::Error::new("expected domains in small letters, such as acme.com"))
}
