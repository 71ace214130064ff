//! Callbacks of a team.

use std::collections::BTreeMap;

use garde::Validate;
use serde::{Deserialize, Serialize};

use super::TeamView;

/// Body of `POST /team/{team_id}/callback`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"callback_name": "langfuse", "callback_type": "success_and_failure",
    "callback_vars": {"langfuse_public_key": "pk-lf-1", "langfuse_secret_key": "sk-lf-2"}})))]
#[serde(deny_unknown_fields)]
pub struct TeamCallbackCreate {
    /// The tool: `langfuse`, `otel`, `generic_api`, `helicone` or `lunary`.
    #[garde(length(min = 1, max = 100))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 100))]
    pub callback_name: String,
    /// Which calls it is told of: `success`, `failure` or `success_and_failure`, which is usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 100))]
    #[cfg_attr(feature = "spec", schema(max_length = 100))]
    pub callback_type: Option<String>,
    /// Where it is and what it is told with: the tool's variables of the environment, in lower case.
    #[garde(length(max = 50))]
    pub callback_vars: BTreeMap<String, String>,
}

/// Answer to `POST /team/{team_id}/callback`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct TeamCallbackCreated {
    /// `success`.
    pub status: String,
    /// The team as it is now.
    pub data: TeamView,
}

/// Callbacks of a team, and what became of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"status": "success", "data": {"team_id": "5b1a",
    "success_callbacks": ["langfuse"], "failure_callbacks": ["langfuse"],
    "callback_vars": {"langfuse_public_key": "pk-lf-1", "langfuse_secret_key": "***REDACTED***"}}})))]
pub struct TeamCallbacks {
    /// `success`.
    pub status: String,
    /// What was done, where something was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What the team has.
    pub data: TeamCallbacksView,
}

/// Callbacks of a team.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct TeamCallbacksView {
    /// The team.
    pub team_id: String,
    /// Told of calls that were answered.
    pub success_callbacks: Vec<String>,
    /// Told of calls that failed.
    pub failure_callbacks: Vec<String>,
    /// Variables of all of them; secrets are masked.
    pub callback_vars: BTreeMap<String, String>,
}
