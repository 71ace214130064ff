//! What a client says of its own parameters, in LiteLLM's words.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::request::{RequestError, read};

/// Members of a body that are meant for the gateway.
const GATEWAY_FIELDS: &[&str] = &[
    "additional_drop_params",
    "allowed_openai_params",
    "cache",
    "caching",
    "content_policy_fallbacks",
    "context_window_fallbacks",
    "disable_fallbacks",
    "drop_params",
    "extra_body",
    "extra_headers",
    "fallbacks",
    "guardrails",
    "max_retries",
    "mock_response",
    "mock_timeout",
    "no-log",
    "num_retries",
    "timeout",
];
/// What other names of such members begin with.
const GATEWAY_PREFIXES: [&str; 2] = ["litellm_", "mock_testing_"];

/// Members that decide what a call may cost: nobody puts others in their place or takes them out.
const ACCOUNTED_FIELDS: [&str; 8] =
    ["model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n", "service_tier"];

/// Whether what a call may cost depends on the member of this name.
#[must_use]
pub fn is_accounted(name: &str) -> bool {
    ACCOUNTED_FIELDS.contains(&name)
}

/// Whether a member of this name is meant for the gateway: no provider is sent it.
#[must_use]
pub fn is_for_gateway(name: &str) -> bool {
    GATEWAY_FIELDS.contains(&name) || GATEWAY_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// What becomes of a request's parameters, as the request has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestParams {
    /// `drop_params`: what a provider does not take is left out.
    pub drop_params: bool,
    /// `additional_drop_params`: left out in any case.
    pub additional_drop_params: Vec<String>,
    /// `allowed_openai_params`: sent, whatever is known of the provider.
    pub allowed_openai_params: Vec<String>,
    /// `extra_body`: put into the provider's body as it is; nothing that [`is_accounted`].
    pub extra_body: Map<String, Value>,
}

/// The members it is read from.
#[derive(Default)]
pub(super) struct ParamFields<'a> {
    drop_params: Option<&'a RawValue>,
    additional_drop_params: Option<&'a RawValue>,
    allowed_openai_params: Option<&'a RawValue>,
    extra_body: Option<&'a RawValue>,
}

impl<'a> ParamFields<'a> {
    pub(super) fn slot(&mut self, name: &str) -> Option<&mut Option<&'a RawValue>> {
        Some(match name {
            "drop_params" => &mut self.drop_params,
            "additional_drop_params" => &mut self.additional_drop_params,
            "allowed_openai_params" => &mut self.allowed_openai_params,
            "extra_body" => &mut self.extra_body,
            _ => return None,
        })
    }
}

impl RequestParams {
    pub(super) fn read(fields: &ParamFields<'_>) -> Result<Self, RequestError> {
        let names = "a list of names of parameters";
        let listed = |param, value| read(param, names, value).map(Option::unwrap_or_default);
        let extra_body: Map<String, Value> = read("extra_body", "an object", fields.extra_body)?.unwrap_or_default();
        if let Some(name) = extra_body.keys().find(|name| is_accounted(name)) {
            let message = format!("Invalid 'extra_body': '{name}' has to stand in the body itself.");
            return Err(RequestError { param: Some("extra_body"), message });
        }
        Ok(Self {
            drop_params: read("drop_params", "true or false", fields.drop_params)?.unwrap_or(false),
            additional_drop_params: listed("additional_drop_params", fields.additional_drop_params)?,
            allowed_openai_params: listed("allowed_openai_params", fields.allowed_openai_params)?,
            extra_body,
        })
    }
}
