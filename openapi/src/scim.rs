//! Provisioning by SCIM: tokens of directories.

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::check::check_id;

/// Body of `POST /scim/token/new`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"name": "Entra"})))]
#[serde(deny_unknown_fields)]
pub struct ScimTokenCreate {
    /// The directory it is for.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub name: String,
}

/// A new token: the only place where it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"token": "scim-…", "base_url": "https://llm.acme.com/scim/v2",
    "token_id": "0d1f", "name": "Entra", "created_at": "2026-11-22T08:00:00Z", "created_by": "default_user_id",
    "last_used_at": null})))]
pub struct ScimTokenCreated {
    /// What the directory presents.
    pub token: String,
    /// The address that the directory calls.
    pub base_url: String,
    /// What is known of it.
    #[serde(flatten)]
    pub view: ScimTokenView,
}

/// A token, without itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"token_id": "0d1f", "name": "Entra", "created_at": "2026-11-22T08:00:00Z",
    "created_by": "default_user_id", "last_used_at": "2026-11-22T09:30:00Z"})))]
pub struct ScimTokenView {
    /// Its id.
    pub token_id: String,
    /// The directory it is for.
    pub name: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Option<String>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// Body of `POST /scim/token/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"token_id": "0d1f"})))]
#[serde(deny_unknown_fields)]
pub struct ScimTokenDelete {
    /// The token.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub token_id: String,
}
