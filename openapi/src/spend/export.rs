//! Exports: spend as a file, for those who book it.

use chrono::NaiveDate;
use garde::Validate;
use serde::{Deserialize, Serialize};

/// What an export looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// Comma-separated values (RFC 4180) with a header row.
    #[default]
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// Charges by day in the columns of the FinOps Open Cost and Usage Specification 1.2, as CSV.
    Focus,
}

impl ExportFormat {
    /// Its name in queries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Focus => "focus",
        }
    }
}

/// What a row of an export is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExportLevel {
    /// A day of one organization, team, user, key, model, provider and end user.
    #[default]
    Days,
    /// A call.
    Calls,
}

impl ExportLevel {
    /// Its name in queries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Days => "days",
            Self::Calls => "calls",
        }
    }
}

/// Query of `GET /spend/export`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct SpendExportQuery {
    /// What the file looks like.
    #[garde(skip)]
    #[cfg_attr(feature = "spec", param(inline))]
    pub format: ExportFormat,
    /// What a row is.
    #[garde(skip)]
    #[cfg_attr(feature = "spec", param(inline))]
    pub level: ExportLevel,
    /// First day, `2026-11-21`; absent: 30 days are exported.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub start_date: Option<NaiveDate>,
    /// Last day, included; absent: today.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub end_date: Option<NaiveDate>,
    /// Only this organization's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub organization_id: Option<String>,
    /// Only this team's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub team_id: Option<String>,
    /// Only keys of this user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub user_id: Option<String>,
    /// Only this key's: the key or its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub api_key: Option<String>,
    /// Only this public model's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub model: Option<String>,
    /// Only this provider's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub provider: Option<String>,
    /// Only calls with this tag. Its days do not know end users.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub tag: Option<String>,
    /// Only this cost centre's, as teams and organizations are booked now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub cost_center: Option<String>,
    /// Only this end user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub end_user: Option<String>,
}
