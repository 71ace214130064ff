//! What a call would cost, or an answer did.

use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::money::NanoUsd;

/// Body of `POST /spend/calculate`: a model and messages, or an answer.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"model": "gpt-4o", "completion_response": {"model": "gpt-4o",
    "usage": {"prompt_tokens": 10, "completion_tokens": 20}}})))]
#[serde(deny_unknown_fields)]
pub struct SpendCalculate {
    /// A public model name, or a provider's (`openai/gpt-4o`); of an answer by default the one it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", schema(max_length = 255))]
    pub model: Option<String>,
    /// The messages of a call: what reading them costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Vec<Object>>))]
    pub messages: Option<Vec<Value>>,
    /// A whole answer with its `usage`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Object>))]
    pub completion_response: Option<Map<String, Value>>,
}

/// Answer of `POST /spend/calculate`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"cost": 0.000225})))]
pub struct CalculatedCost {
    /// The cost in dollars.
    pub cost: NanoUsd,
}
