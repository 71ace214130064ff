//! Console sessions: who is signed in, and where else.

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::check::valid_id;
use crate::organization::OrganizationRole;
use crate::team::MemberRole;

/// Body of `POST /session/new`.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"username": "admin", "password": "correct horse battery staple"})))]
#[serde(deny_unknown_fields)]
pub struct SessionCreate {
    /// `UI_USERNAME`, or a user's e-mail address or id.
    #[garde(length(min = 1, max = 320))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 320))]
    pub username: String,
    /// The password in clear.
    #[garde(length(min = 1, max = 1024))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 1024))]
    pub password: String,
    /// The code of the user's second factor, where they have one, or one of their recovery codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 1, max = 64))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 64))]
    pub code: Option<String>,
}

/// The signed-in user, answer of `POST /session/new` and `GET /session/info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"user_id": "default_user_id", "user_email": null, "user_role": "proxy_admin", "teams": [], "organizations": [],
    "expires_at": "2026-11-28T09:30:00Z", "method": "password", "needs_second_factor": false})))]
pub struct SessionView {
    /// Id of the user.
    pub user_id: String,
    /// E-mail address, where one is known.
    pub user_email: Option<String>,
    /// What the user may do.
    pub user_role: UserRole,
    /// The user's teams.
    pub teams: Vec<SessionTeam>,
    /// The user's organizations.
    pub organizations: Vec<SessionOrganization>,
    /// When the session ends however much it is used.
    pub expires_at: DateTime<Utc>,
    /// How they signed in: `password`, `environment` (`UI_USERNAME`), `invitation`, or `sso:` and the provider's id.
    pub method: String,
    /// They may do nothing else until they have a second factor.
    pub needs_second_factor: bool,
}

/// Query of `GET /session/list`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct SessionListQuery {
    /// Whose sessions; absent: the caller's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", param(min_length = 1, max_length = 255))]
    pub user_id: Option<String>,
}

/// One signed-in browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct SessionItem {
    /// Id of the session; it opens nothing.
    pub session_id: String,
    /// The session that asks.
    pub is_current: bool,
    /// How they signed in, as in the session's own view.
    pub method: String,
    /// The browser, as it names itself.
    pub user_agent: Option<String>,
    /// Where the sign-in came from.
    pub ip_address: Option<String>,
    /// When they signed in.
    pub created_at: DateTime<Utc>,
    /// When the session was last used, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends however much it is used.
    pub expires_at: DateTime<Utc>,
}

/// Answer of `GET /session/list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"user_id": "ada", "sessions": [{"session_id": "9f86d081884c7d65", "is_current": true,
    "method": "password", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)", "ip_address": "203.0.113.7",
    "created_at": "2026-11-21T09:30:00Z", "last_seen_at": "2026-11-21T10:02:00Z", "expires_at": "2026-11-28T09:30:00Z"}]})))]
pub struct SessionList {
    /// Whose they are.
    pub user_id: String,
    /// The sessions, the one used last first; at most 100.
    pub sessions: Vec<SessionItem>,
}

/// Body of `POST /session/revoke`: one of the three.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"others": true})))]
#[serde(default, deny_unknown_fields)]
pub struct SessionRevoke {
    /// This session: one of the caller's own; an administrator's choice may be anybody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub session_id: Option<String>,
    /// All sessions of this user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub user_id: Option<String>,
    /// All of the caller's but the one that asks.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[garde(skip)]
    pub others: bool,
}

/// Answer of `POST /session/revoke`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"revoked": 2})))]
pub struct SessionsRevoked {
    /// Sessions that have ended.
    pub revoked: u64,
}

/// A team of the signed-in user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct SessionTeam {
    /// The team.
    pub team_id: String,
    /// What they may do in it.
    pub role: MemberRole,
}

/// An organization of the signed-in user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct SessionOrganization {
    /// The organization.
    pub organization_id: String,
    /// What they may do in it.
    pub role: OrganizationRole,
}

/// LiteLLM's roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum UserRole {
    /// Everything.
    ProxyAdmin,
    /// Reads everything, changes nothing.
    ProxyAdminViewer,
    /// Administers own organizations.
    OrgAdmin,
    /// Manages own keys and reads own spend.
    InternalUser,
    /// Reads own spend.
    InternalUserViewer,
}

impl UserRole {
    /// The role's name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProxyAdmin => "proxy_admin",
            Self::ProxyAdminViewer => "proxy_admin_viewer",
            Self::OrgAdmin => "org_admin",
            Self::InternalUser => "internal_user",
            Self::InternalUserViewer => "internal_user_viewer",
        }
    }
}
