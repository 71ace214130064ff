//! Langfuse: a trace and a generation for each call, by its ingestion API.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tollgate_openapi::spend::CallStatus;

use super::call::Call;
use super::destination::{DestinationError, Form, Lookup, Rejected, web_address};
use super::headers::secret;

const HOST: &str = "LANGFUSE_HOST";
const PUBLIC_KEY: &str = "LANGFUSE_PUBLIC_KEY";
const SECRET_KEY: &str = "LANGFUSE_SECRET_KEY";
/// Where Langfuse is, where nobody says otherwise.
const CLOUD: &str = "https://cloud.langfuse.com";
/// Where it takes batches, below its host.
const INGESTION: &str = "/api/public/ingestion";
/// How the events of a call are named apart. Its id makes them the same when they are sent again, by which Langfuse knows
/// them.
const TRACE: &str = "trace-create";
const GENERATION: &str = "generation-create";

pub(super) fn read(lookup: Lookup<'_>) -> Result<(Url, HeaderMap, Form), DestinationError> {
    let key = |name: &'static str| lookup(name).ok_or(DestinationError::NotSet(name));
    let (public, private) = (key(PUBLIC_KEY)?, key(SECRET_KEY)?);
    let host = lookup(HOST).unwrap_or_else(|| CLOUD.to_owned());
    let url = web_address(HOST, &format!("{}{INGESTION}", host.trim().trim_end_matches('/')))?;
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", public.trim(), private.trim())));
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, secret(&basic).ok_or(DestinationError::Key(SECRET_KEY))?);
    Ok((url, headers, Form::Langfuse))
}

pub(super) fn body(calls: &[Call]) -> Value {
    let events: Vec<Value> = calls.iter().flat_map(events).collect();
    json!({ "batch": events, "metadata": { "sdk_integration": "tollgate", "batch_size": events.len() } })
}

/// Langfuse answers 207 and says of each event what became of it.
pub(super) fn rejected(answer: &[u8]) -> Rejected {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default)]
        errors: Vec<EventError>,
    }
    #[derive(Deserialize)]
    struct EventError {
        id: String,
        status: Option<u16>,
        message: Option<String>,
        error: Option<Value>,
    }
    let Ok(Answer { errors }) = serde_json::from_slice(answer) else { return Rejected::default() };
    let Some(first) = errors.first() else { return Rejected::default() };
    let said = first.message.clone().or_else(|| first.error.as_ref().map(ToString::to_string)).unwrap_or_default();
    let reason = match first.status {
        Some(status) => format!("status {status}: {said}"),
        None => said,
    };
    // Both events of a call may be among them.
    let call = |error: &EventError| error.id.trim_end_matches(TRACE).trim_end_matches(GENERATION).to_owned();
    let mut calls: Vec<String> = errors.iter().map(call).collect();
    calls.sort_unstable();
    calls.dedup();
    Rejected { calls: calls.len(), reason: reason.chars().take(160).collect() }
}

fn events(call: &Call) -> Vec<Value> {
    let generation = event(call, GENERATION, generation(call));
    // Of a trace that is there already nothing is written over.
    if call.chosen("existing_trace_id").is_some() {
        return vec![generation];
    }
    vec![event(call, TRACE, trace(call)), generation]
}

fn event(call: &Call, kind: &str, body: Value) -> Value {
    let event = call.event();
    json!({
        "id": format!("{}-{kind}", event.request_id),
        "type": kind,
        "timestamp": time(event.end_time),
        "body": body,
    })
}

fn trace_id(call: &Call) -> String {
    call.chosen("existing_trace_id").unwrap_or_else(|| call.trace_id())
}

/// What a call is called that has no name of its own.
fn usual_name(call: &Call) -> String {
    format!("litellm-{}", call.event().call_type)
}

fn trace(call: &Call) -> Value {
    let event = call.event();
    let user = || event.end_user.clone().or_else(|| event.user_id.as_deref().map(str::to_owned));
    let mut body = json!({
        "id": trace_id(call),
        "timestamp": time(event.start_time),
        "name": call.chosen("trace_name").unwrap_or_else(|| usual_name(call)),
        "userId": call.chosen("trace_user_id").or_else(user),
        "sessionId": call.chosen("session_id"),
        "release": call.chosen("trace_release"),
        "version": call.chosen("trace_version").or_else(|| call.chosen("version")),
        "tags": event.tags,
        "metadata": metadata(call),
        "input": call.said.input,
        "output": output(call),
    });
    without_nulls(&mut body);
    body
}

fn generation(call: &Call) -> Value {
    let event = call.event();
    let usage = &event.usage;
    let cache_read = usage.cache_read;
    let cache_written = usage.cache_write_5m.saturating_add(usage.cache_write_1h);
    let (prompt, completion, total) = (usage.prompt_tokens(), usage.completion_tokens(), usage.total_tokens());
    // Kinds of usage do not overlap in Langfuse: it adds up what begins alike.
    let mut details = Map::from_iter([
        ("input".to_owned(), json!(prompt.saturating_sub(cache_read).saturating_sub(cache_written))),
        ("output".to_owned(), json!(completion)),
        ("total".to_owned(), json!(total)),
    ]);
    for (name, tokens) in [("cache_read_input_tokens", cache_read), ("cache_creation_input_tokens", cache_written)] {
        if tokens > 0 {
            details.insert(name.to_owned(), json!(tokens));
        }
    }
    let mut body = json!({
        "id": call.chosen("generation_id").unwrap_or_else(|| event.request_id.to_string()),
        "traceId": trace_id(call),
        "parentObservationId": call.chosen("parent_observation_id"),
        "name": call.chosen("generation_name").unwrap_or_else(|| usual_name(call)),
        "startTime": time(event.start_time),
        "endTime": time(event.end_time),
        "completionStartTime": call.completion_start().map(time),
        "model": event.model,
        "modelParameters": call.said.parameters,
        "input": call.said.input,
        "output": output(call),
        "usage": { "input": prompt, "output": completion, "total": total, "unit": "TOKENS", "totalCost": call.cost() },
        "usageDetails": details,
        "costDetails": { "total": call.cost() },
        "level": level(event.status),
        "statusMessage": call.error(),
        "version": call.chosen("version"),
        "metadata": metadata(call),
    });
    without_nulls(&mut body);
    body
}

const fn level(status: CallStatus) -> &'static str {
    match status {
        CallStatus::Success => "DEFAULT",
        CallStatus::Cancelled => "WARNING",
        CallStatus::Failure | CallStatus::Interrupted => "ERROR",
    }
}

/// What was answered; of a call that was not, why.
fn output(call: &Call) -> Option<Value> {
    call.said.output.clone().or_else(|| call.error().map(Value::from))
}

fn metadata(call: &Call) -> Value {
    let event = call.event();
    let mut metadata = call.caller();
    let more = json!({
        "call_id": event.request_id,
        "call_type": event.call_type,
        "model_group": event.model_group,
        "model_id": event.model_id,
        "custom_llm_provider": event.provider,
        "api_base": event.api_base,
        "stream": event.stream,
        "cache_hit": event.cache_hit,
        "cache_key": call.cache_key(),
        "response_id": event.response_id,
        "litellm_response_cost": call.cost(),
        "status_code": event.status_code,
        "tags": event.tags,
        "requester_metadata": call.said.metadata,
    });
    if let Value::Object(more) = more {
        metadata.extend(more);
    }
    metadata.retain(|_, value| !value.is_null());
    Value::Object(metadata)
}

/// What is null would put out what Langfuse has.
fn without_nulls(body: &mut Value) {
    if let Value::Object(members) = body {
        members.retain(|_, value| !value.is_null());
    }
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}
