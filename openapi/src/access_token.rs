//! Access tokens: with what a person's scripts call the management API.

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::check::{check_id, valid_id};

/// Body of `POST /access_token/new`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"name": "nightly report", "duration": "30d", "read_only": true})))]
#[serde(deny_unknown_fields)]
pub struct AccessTokenCreate {
    /// What it is for.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub name: String,
    /// How long it works, such as `30d`: `90d` where absent, a year at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 1, max = 32))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 32))]
    pub duration: Option<String>,
    /// It changes nothing. Else it may what its owner may.
    #[serde(default)]
    #[garde(skip)]
    pub read_only: bool,
}

/// An access token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"token_id": "9f86d081884c7d65", "name": "nightly report",
    "token_name": "tgp_...x7Qd", "user_id": "ada", "read_only": true, "created_at": "2026-11-21T09:30:00Z",
    "expires_at": "2026-12-21T09:30:00Z", "last_used_at": null})))]
pub struct AccessTokenView {
    /// Id; it opens nothing.
    pub token_id: String,
    /// What it is for.
    pub name: String,
    /// `tgp_...` and its last four characters.
    pub token_name: String,
    /// Whose it is.
    pub user_id: String,
    /// It changes nothing.
    pub read_only: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it stops working.
    pub expires_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// Answer of `POST /access_token/new`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct AccessTokenCreated {
    /// The token. It is kept only as a hash and never shown again.
    pub access_token: String,
    /// What is known of it.
    #[serde(flatten)]
    pub view: AccessTokenView,
}

/// Query of `GET /access_token/list`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct AccessTokenListQuery {
    /// Whose; absent: the caller's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", param(min_length = 1, max_length = 255))]
    pub user_id: Option<String>,
}

/// Answer of `GET /access_token/list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct AccessTokenList {
    /// The tokens, newest first; those that have stopped working, too.
    pub access_tokens: Vec<AccessTokenView>,
}

/// Body of `POST /access_token/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"token_id": "9f86d081884c7d65"})))]
#[serde(deny_unknown_fields)]
pub struct AccessTokenDelete {
    /// The token to revoke: one of the caller's own; an administrator's choice may be anybody's.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub token_id: String,
}
