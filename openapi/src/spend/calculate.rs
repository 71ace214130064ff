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

/// Body of `POST /cost/estimate`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"model": "gpt-4o", "input_tokens": 1000, "output_tokens": 500,
    "num_requests_per_month": 100_000})))]
pub struct CostEstimate {
    /// A public model name, or a provider's (`openai/gpt-4o`).
    #[garde(length(min = 1, max = 255))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub model: String,
    /// Input tokens of a request.
    #[garde(range(max = TOKENS_MAX))]
    #[cfg_attr(feature = "spec", schema(maximum = 1_000_000_000))]
    pub input_tokens: u64,
    /// Output tokens of a request.
    #[garde(range(max = TOKENS_MAX))]
    #[cfg_attr(feature = "spec", schema(maximum = 1_000_000_000))]
    pub output_tokens: u64,
    /// Of the input, what is read from the provider's cache.
    #[serde(default)]
    #[garde(range(max = TOKENS_MAX))]
    #[cfg_attr(feature = "spec", schema(maximum = 1_000_000_000))]
    pub cache_read_input_tokens: u64,
    /// Of the input, what is written to the provider's cache.
    #[serde(default)]
    #[garde(range(max = TOKENS_MAX))]
    #[cfg_attr(feature = "spec", schema(maximum = 1_000_000_000))]
    pub cache_creation_input_tokens: u64,
    /// Of the output, what is reasoning.
    #[serde(default)]
    #[garde(range(max = TOKENS_MAX))]
    #[cfg_attr(feature = "spec", schema(maximum = 1_000_000_000))]
    pub reasoning_tokens: u64,
    /// Requests a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(range(max = TOKENS_MAX))]
    #[cfg_attr(feature = "spec", schema(maximum = 1_000_000_000))]
    pub num_requests_per_day: Option<u64>,
    /// Requests a month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(range(max = TOKENS_MAX))]
    #[cfg_attr(feature = "spec", schema(maximum = 1_000_000_000))]
    pub num_requests_per_month: Option<u64>,
}

/// Tokens of a request, and requests, at most.
const TOKENS_MAX: u64 = 1_000_000_000;

/// Answer of `POST /cost/estimate`, in LiteLLM's fields. Money is in dollars; margins are none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"model": "gpt-4o", "input_tokens": 1000, "output_tokens": 500,
    "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0, "reasoning_tokens": 0, "num_requests_per_day": null,
    "num_requests_per_month": 100_000, "cost_per_request": 0.0075, "input_cost_per_request": 0.0025,
    "output_cost_per_request": 0.005, "margin_cost_per_request": 0.0, "cache_read_cost_per_request": 0.0,
    "cache_creation_cost_per_request": 0.0, "reasoning_cost_per_request": 0.0, "daily_cost": null,
    "daily_input_cost": null, "daily_output_cost": null, "monthly_cost": 750.0, "monthly_input_cost": 250.0,
    "monthly_output_cost": 500.0, "input_cost_per_token": 0.0000025, "output_cost_per_token": 0.00001,
    "cache_read_input_token_cost": 0.00000125, "cache_creation_input_token_cost": 0.0000025,
    "output_cost_per_reasoning_token": 0.00001, "provider": "openai"})))]
#[expect(missing_docs, reason = "LiteLLM's names say it")]
pub struct CostEstimated {
    pub model: String,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cache_read_input_tokens: u64,
    pub cache_creation_input_tokens: u64,
    pub reasoning_tokens: u64,
    pub num_requests_per_day: Option<u64>,
    pub num_requests_per_month: Option<u64>,
    pub cost_per_request: NanoUsd,
    pub input_cost_per_request: NanoUsd,
    pub output_cost_per_request: NanoUsd,
    /// Always 0: prices have no margin.
    pub margin_cost_per_request: NanoUsd,
    pub cache_read_cost_per_request: NanoUsd,
    pub cache_creation_cost_per_request: NanoUsd,
    pub reasoning_cost_per_request: NanoUsd,
    pub daily_cost: Option<NanoUsd>,
    pub daily_input_cost: Option<NanoUsd>,
    pub daily_output_cost: Option<NanoUsd>,
    pub monthly_cost: Option<NanoUsd>,
    pub monthly_input_cost: Option<NanoUsd>,
    pub monthly_output_cost: Option<NanoUsd>,
    /// What a token costs beside an input of this length.
    pub input_cost_per_token: f64,
    pub output_cost_per_token: f64,
    pub cache_read_input_token_cost: f64,
    pub cache_creation_input_token_cost: f64,
    pub output_cost_per_reasoning_token: f64,
    pub provider: Option<String>,
}
