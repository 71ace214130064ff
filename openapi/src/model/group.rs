//! Public models: what the deployments of one name have together.

use std::collections::BTreeMap;

use garde::Validate;
use serde::{Deserialize, Serialize};

/// Query of `GET /model_group/info`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct ModelGroupQuery {
    /// Only the model of this public name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub model_group: Option<String>,
}

/// Answer of `GET /model_group/info`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"data": [{"model_group": "claude", "providers": ["anthropic"], "mode": "chat", "max_input_tokens": 200000,
    "max_output_tokens": 64000, "input_cost_per_token": 0.000003, "output_cost_per_token": 0.000015, "tpm": null, "rpm": 60,
    "access_groups": ["beta"], "deployments": 2, "supports_vision": true}]})))]
pub struct ModelGroupList {
    /// One entry a public name.
    pub data: Vec<ModelGroupView>,
}

/// A public model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct ModelGroupView {
    /// Its name.
    pub model_group: String,
    /// Who serves it.
    pub providers: Vec<String>,
    /// What it is for, such as `chat`.
    pub mode: Option<String>,
    /// Tokens it reads: the most that any of its deployments does.
    pub max_input_tokens: Option<u64>,
    /// Tokens it writes: the most that any of its deployments does.
    pub max_output_tokens: Option<u64>,
    /// Dollars per token read, at the dearest deployment.
    pub input_cost_per_token: Option<f64>,
    /// Dollars per token written, at the dearest deployment.
    pub output_cost_per_token: Option<f64>,
    /// Tokens a minute that its deployments take together, as far as they say.
    pub tpm: Option<u64>,
    /// Requests a minute that its deployments take together, as far as they say.
    pub rpm: Option<u64>,
    /// Access groups it belongs to.
    pub access_groups: Vec<String>,
    /// How many deployments serve it.
    pub deployments: u64,
    /// `supports_vision`, `supports_function_calling` and so on: what any of its deployments can do.
    #[serde(flatten)]
    pub supports: BTreeMap<String, bool>,
}
