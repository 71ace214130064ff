//! Reports on the spend of one key, user, team or organization, and setting spend back.

use garde::Validate;
use serde::{Deserialize, Serialize};

/// Whose spend `GET /user/spend/report` is of.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct UserReportQuery {
    /// Only keys of this user; absent: everybody's for who sees everything, else the caller's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub internal_user_id: Option<String>,
}

/// Whose spend `GET /team/spend/report` is of.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct TeamReportQuery {
    /// Only this team's; absent: all that the caller may see.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub team_id: Option<String>,
}

/// Whose spend `GET /organization/spend/report` is of.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct OrganizationReportQuery {
    /// Only this organization's; absent: all that the caller may see.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub organization_id: Option<String>,
}

/// Answer of `POST /global/spend/reset`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"message": "Spend for all API Keys and Teams reset successfully",
    "status": "success", "keys": 12, "teams": 3})))]
pub struct SpendReset {
    /// What was done.
    pub message: String,
    /// `success`.
    pub status: String,
    /// Keys that had spent something in their windows.
    pub keys: u64,
    /// Teams that had.
    pub teams: u64,
}
