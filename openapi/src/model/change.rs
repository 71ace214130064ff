//! Deployments that are added, changed and tried at run time.

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::check::{check_id, null_as_default, valid_id};

/// Body of `POST /model/new`: an entry of config.yaml's `model_list`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"model_name": "claude", "litellm_params": {"model": "anthropic/claude-sonnet-4-5", "api_key": "sk-ant-…"},
    "model_info": {"access_groups": ["beta"]}})))]
#[serde(deny_unknown_fields)]
pub struct ModelCreate {
    /// The public name of the group it serves.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub model_name: String,
    /// `model`, `api_key`, `api_base` and all else that config.yaml has there; `litellm_credential_name` names a
    /// credential. References to the environment and to files are refused.
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub litellm_params: Map<String, Value>,
    /// `id` (else one is made), `mode`, `access_groups`, prices, limits, and whatever notes there are.
    #[serde(default, deserialize_with = "null_as_default")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub model_info: Map<String, Value>,
}

/// Body of `POST /model/update`, which has the id in `model_info`, and of `PATCH /model/{model_id}/update`. Only what is
/// sent changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"model_info": {"id": "deployment-1"}, "litellm_params": {"rpm": 60}})))]
#[serde(deny_unknown_fields, default)]
pub struct ModelPatch {
    /// Another public name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub model_name: Option<String>,
    /// Parameters to change; `null` removes one, and a masked value (`****`) leaves what there is.
    #[serde(deserialize_with = "null_as_default", skip_serializing_if = "Map::is_empty")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub litellm_params: Map<String, Value>,
    /// What to change of it; `null` removes something. What the catalog knows and is sent back as it was shown changes
    /// nothing.
    #[serde(deserialize_with = "null_as_default", skip_serializing_if = "Map::is_empty")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub model_info: Map<String, Value>,
}

/// A deployment as the database keeps it, its secrets masked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"model_id": "deployment-1", "model_name": "claude",
    "litellm_params": {"model": "anthropic/claude-sonnet-4-5", "api_key": "****"}, "model_info": {"id": "deployment-1", "access_groups": ["beta"]},
    "blocked": false, "warnings": [], "created_at": "2026-11-21T09:30:00Z", "created_by": "default_user_id",
    "updated_at": "2026-11-21T09:30:00Z", "updated_by": "default_user_id"})))]
pub struct ModelStored {
    /// Its id, also in `model_info`.
    pub model_id: String,
    /// The public name of the group it serves.
    pub model_name: String,
    /// Its parameters, as they were sent.
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub litellm_params: Map<String, Value>,
    /// What was said of it.
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub model_info: Map<String, Value>,
    /// It is not called.
    pub blocked: bool,
    /// What is doubtful about it, such as a setting that nobody knows.
    pub warnings: Vec<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Option<String>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: Option<String>,
}

/// Body of `POST /model/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"id": "deployment-1"})))]
#[serde(deny_unknown_fields)]
pub struct ModelDelete {
    /// Id of the deployment.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub id: String,
}

/// Answer of `POST /model/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"message": "Model: deployment-1 deleted successfully"})))]
pub struct ModelDeleted {
    /// What happened, in a sentence.
    pub message: String,
}

/// Body of `POST /model/block` and `POST /model/unblock`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"model_id": "deployment-1"})))]
#[serde(deny_unknown_fields)]
pub struct ModelBlock {
    /// Id of the deployment.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub model_id: String,
}

/// Body of `POST /health/test_connection`: a deployment that need not be saved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"mode": "chat", "litellm_params": {"model": "anthropic/claude-sonnet-4-5", "api_key": "sk-ant-…"}})))]
#[serde(deny_unknown_fields)]
pub struct ModelTest {
    /// `chat`, `embedding` and so on. Default: what the catalog knows the model is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub mode: Option<String>,
    /// As in `POST /model/new`. With `model_info.id` of a deployment of the database: what to change of its own for the
    /// test, where a masked value (`****`) stands for the one it has.
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub litellm_params: Map<String, Value>,
    /// As in `POST /model/new`.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Map::is_empty")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub model_info: Map<String, Value>,
}

/// Answer of `POST /health/test_connection`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"status": "error", "message": "The provider refuses the credentials.",
    "result": {"model": "anthropic/claude-sonnet-4-5", "api_base": "https://api.anthropic.com", "duration_ms": 120.5, "error": "HTTP 401: invalid x-api-key"}})))]
pub struct ModelTested {
    /// Whether it answered.
    pub status: ModelTestStatus,
    /// What happened, in a sentence.
    pub message: String,
    /// What was found.
    pub result: ModelTestResult,
}

/// Whether a deployment that was tried answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ModelTestStatus {
    /// It did.
    Success,
    /// It did not.
    Error,
}

/// What was found when a deployment was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct ModelTestResult {
    /// Provider and model.
    pub model: String,
    /// Where it was called, without its query.
    pub api_base: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// What the provider said, where it did not answer.
    pub error: Option<String>,
}
