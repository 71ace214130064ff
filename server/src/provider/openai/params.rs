//! What a client says of its own parameters, in LiteLLM's words.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::request::{RequestError, read, wrong};

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
    "request_timeout",
    "stream_timeout",
    "timeout",
    "turn_off_message_logging",
];
/// What other names of such members begin with.
const GATEWAY_PREFIXES: [&str; 2] = ["litellm_", "mock_testing_"];

/// Members that decide what a call may cost: nobody puts others in their place or takes them out.
const ACCOUNTED_FIELDS: [&str; 16] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "service_tier",
    "prompt",
    "best_of",
    "input",
    "query",
    "documents",
    "size",
    "quality",
    "speed",
];

/// Headers that only the gateway sets: who calls, who pays, and how the message travels.
const GATEWAY_HEADERS: &[&str] = &[
    "accept-encoding",
    "api-key",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "openai-organization",
    "openai-project",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-api-key",
    "x-goog-api-key",
    "x-goog-user-project",
];
/// What the names of others begin with.
const GATEWAY_HEADER_PREFIXES: [&str; 3] = ["proxy-", "x-amz-", "x-litellm-"];
/// The most headers a request may want sent.
const HEADERS_MAX: usize = 32;
/// The most they may take together, in bytes.
const HEADER_BYTES_MAX: usize = 16 * 1024;

/// Whether a header of this name is only the gateway's to set.
#[must_use]
pub fn is_gateways_header(name: &str) -> bool {
    GATEWAY_HEADERS.contains(&name) || GATEWAY_HEADER_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

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
    /// `extra_headers`: sent to the provider, but for those that only the gateway sets.
    pub extra_headers: HeaderMap,
}

/// The members it is read from.
#[derive(Default)]
pub(super) struct ParamFields<'a> {
    drop_params: Option<&'a RawValue>,
    additional_drop_params: Option<&'a RawValue>,
    allowed_openai_params: Option<&'a RawValue>,
    extra_body: Option<&'a RawValue>,
    extra_headers: Option<&'a RawValue>,
}

impl<'a> ParamFields<'a> {
    pub(super) fn slot(&mut self, name: &str) -> Option<&mut Option<&'a RawValue>> {
        Some(match name {
            "drop_params" => &mut self.drop_params,
            "additional_drop_params" => &mut self.additional_drop_params,
            "allowed_openai_params" => &mut self.allowed_openai_params,
            "extra_body" => &mut self.extra_body,
            "extra_headers" => &mut self.extra_headers,
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
            return Err(RequestError { param: Some("extra_body".into()), message });
        }
        Ok(Self {
            drop_params: read("drop_params", "true or false", fields.drop_params)?.unwrap_or(false),
            additional_drop_params: listed("additional_drop_params", fields.additional_drop_params)?,
            allowed_openai_params: listed("allowed_openai_params", fields.allowed_openai_params)?,
            extra_body,
            extra_headers: extra_headers(fields.extra_headers)?,
        })
    }
}

fn extra_headers(sent: Option<&RawValue>) -> Result<HeaderMap, RequestError> {
    let expected = format!("an object of at most {HEADERS_MAX} headers as texts, {HEADER_BYTES_MAX} bytes together");
    let sent: Map<String, Value> = read("extra_headers", &expected, sent)?.unwrap_or_default();
    let header = |(name, value): (&String, &Value)| {
        let name = HeaderName::try_from(name.as_str()).ok()?;
        Some((name, HeaderValue::from_str(value.as_str()?).ok()?))
    };
    let named = sent.iter().filter(|(_, value)| !value.is_null());
    let headers: Option<Vec<(HeaderName, HeaderValue)>> = named.map(header).collect();
    let bytes = |headers: &[(HeaderName, HeaderValue)]| -> usize {
        headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
    };
    let headers = headers.filter(|headers| headers.len() <= HEADERS_MAX && bytes(headers) <= HEADER_BYTES_MAX);
    let headers = headers.ok_or_else(|| wrong("extra_headers", &expected))?;
    Ok(headers.into_iter().filter(|(name, _)| !is_gateways_header(name.as_str())).collect())
}
