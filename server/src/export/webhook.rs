//! `generic_api`: a batch is an array of objects like LiteLLM's `StandardLoggingPayload`.

use reqwest::Url;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tollgate_openapi::spend::CallStatus;

use super::call::Call;
use super::destination::{DestinationError, Form, Lookup, address, listed_headers};
use chrono::{DateTime, Utc};

pub(super) fn read(lookup: Lookup<'_>) -> Result<(Url, HeaderMap, Form), DestinationError> {
    let url = address("GENERIC_LOGGER_ENDPOINT", lookup)?;
    Ok((url, listed_headers("GENERIC_LOGGER_HEADERS", lookup)?, Form::Webhook))
}

pub(super) fn body(calls: &[Call]) -> Value {
    calls.iter().map(payload).collect()
}

/// A call.
pub(super) fn payload(call: &Call) -> Value {
    let event = call.event();
    let status = if event.status == CallStatus::Success { "success" } else { "failure" };
    let mut metadata = call.caller();
    metadata.insert("requester_metadata".to_owned(), Value::Object(call.said.metadata.clone()));
    metadata.insert("usage_object".to_owned(), call.provider_usage().unwrap_or_default());
    json!({
        "id": event.request_id,
        "trace_id": call.trace_id(),
        "session_id": call.chosen("session_id"),
        "call_type": event.call_type,
        "stream": event.stream,
        "status": status,
        "status_code": event.status_code,
        "response_cost": call.cost(),
        "custom_llm_provider": event.provider,
        "model": event.model,
        "model_id": event.model_id,
        "model_group": event.model_group,
        "api_base": event.api_base,
        "prompt_tokens": event.usage.prompt_tokens(),
        "completion_tokens": event.usage.completion_tokens(),
        "total_tokens": event.usage.total_tokens(),
        "startTime": seconds(event.start_time),
        "endTime": seconds(event.end_time),
        "completionStartTime": seconds(call.completion_start().unwrap_or(event.end_time)),
        "response_time": (event.end_time - event.start_time).as_seconds_f64(),
        "cache_hit": event.cache_hit,
        "cache_key": call.cache_key(),
        "request_tags": event.tags,
        "end_user": event.end_user,
        "requester_ip_address": event.requester_ip_address,
        "metadata": metadata,
        "messages": call.said.input,
        "response": call.said.response,
        "model_parameters": call.said.parameters,
        "error_str": call.error(),
        "error_information": call.error_information(),
        "hidden_params": {
            "model_id": event.model_id,
            "api_base": event.api_base,
            "cache_key": call.cache_key(),
            "response_cost": call.cost(),
            "response_id": event.response_id,
            "litellm_overhead_time_ms": std::time::Duration::from_micros(event.overhead_us.unsigned_abs()).as_secs_f64() * 1e3,
        },
    })
}

/// Seconds since 1970.
fn seconds(time: DateTime<Utc>) -> f64 {
    (time - DateTime::UNIX_EPOCH).as_seconds_f64()
}
