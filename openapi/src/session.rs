//! Console sessions: who is signed in.

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};

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
}

/// The signed-in user, answer of `POST /session/new` and `GET /session/info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"user_id": "default_user_id", "user_email": null, "user_role": "proxy_admin",
    "expires_at": "2026-11-28T09:30:00Z"})))]
pub struct SessionView {
    /// Id of the user.
    pub user_id: String,
    /// E-mail address, where one is known.
    pub user_email: Option<String>,
    /// What the user may do.
    pub user_role: UserRole,
    /// When the session ends however much it is used.
    pub expires_at: DateTime<Utc>,
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
