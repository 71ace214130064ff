//! Lunary: a run of kind `llm` for each call, told as its start and its end.

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tollgate_openapi::spend::CallStatus;
use uuid::Uuid;

use super::call::Call;
use super::destination::{DestinationError, Form, Lookup, Rejected, bearer, web_address};

const KEY: &str = "LUNARY_PUBLIC_KEY";
const HOST: &str = "LUNARY_API_URL";
/// Where Lunary is, where nobody says otherwise.
const CLOUD: &str = "https://api.lunary.ai";
/// Where it takes runs, below its host.
const INGEST: &str = "/v1/runs/ingest";
/// What it says of the start of a run that it has been told of before, which is what becomes of a batch that is sent again.
const KNOWN: &str = "already exists";
/// What it is told by.
const RUNTIME: &str = "tollgate";

pub(super) fn read(lookup: Lookup<'_>) -> Result<(Url, HeaderMap, Form), DestinationError> {
    let headers = HeaderMap::from_iter([(AUTHORIZATION, bearer(KEY, lookup)?)]);
    let project = lookup(KEY).unwrap_or_default().trim().to_owned();
    let host = lookup(HOST).unwrap_or_else(|| CLOUD.to_owned());
    let url = web_address(HOST, &format!("{}{INGEST}", host.trim().trim_end_matches('/')))?;
    Ok((url, headers, Form::Lunary { project }))
}

pub(super) fn body(project: &str, calls: &[Call]) -> Value {
    let events: Vec<Value> = calls.iter().flat_map(|call| [start(project, call), end(call)]).collect();
    json!({ "events": events })
}

/// Lunary answers 200 and says of each event what became of it.
pub(super) fn rejected(answer: &[u8]) -> Rejected {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default)]
        results: Vec<Outcome>,
    }
    #[derive(Deserialize)]
    struct Outcome {
        id: Option<String>,
        success: bool,
        #[serde(default)]
        error: Option<String>,
    }
    let Ok(Answer { results }) = serde_json::from_slice(answer) else { return Rejected::default() };
    let is_known = |one: &Outcome| one.error.as_deref().is_some_and(|error| error.contains(KNOWN));
    let failed: Vec<Outcome> = results.into_iter().filter(|one| !one.success && !is_known(one)).collect();
    let reason = failed.first().and_then(|one| one.error.clone()).unwrap_or_default();
    // Both events of a call may be among them.
    let calls: BTreeSet<Option<String>> = failed.into_iter().map(|one| one.id).collect();
    Rejected { calls: calls.len(), reason: reason.chars().take(160).collect() }
}

fn start(project: &str, call: &Call) -> Value {
    let event = call.event();
    let user = || event.end_user.clone().or_else(|| event.user_id.as_deref().map(str::to_owned));
    let mut body = json!({
        "type": kind(call),
        "event": "start",
        "runId": call.uuid(),
        "parentRunId": call.chosen("parent_run_id").map(|parent| run_of(&parent, project)),
        // Lunary reckons costs by it.
        "name": event.model,
        "timestamp": time(event.start_time),
        "userId": call.chosen("trace_user_id").or_else(user),
        "input": call.said.input,
        "tags": event.tags,
        "params": call.said.parameters,
        "metadata": metadata(call),
        "templateId": call.chosen("template_id"),
        "runtime": RUNTIME,
    });
    without_nulls(&mut body);
    body
}

fn end(call: &Call) -> Value {
    let event = call.event();
    let usage = &event.usage;
    let (name, error) = match event.status {
        CallStatus::Success => ("end", None),
        _ => ("error", call.error().map(|message| json!({ "message": message, "stack": call.error_kind() }))),
    };
    let mut body = json!({
        "type": kind(call),
        "event": name,
        "runId": call.uuid(),
        "name": event.model,
        "timestamp": time(event.end_time),
        "output": call.said.output,
        "error": error,
        "tokensUsage": {
            "prompt": usage.prompt_tokens(),
            "completion": usage.completion_tokens(),
            "promptCached": usage.cache_read,
        },
        "runtime": RUNTIME,
    });
    without_nulls(&mut body);
    body
}

fn kind(call: &Call) -> &'static str {
    if &*call.event().call_type == "aembedding" { "embed" } else { "llm" }
}

/// The run that Lunary's own clients call so: they make an id of what they are given and of the project.
fn run_of(id: &str, project: &str) -> String {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(Sha256::digest(format!("{id}{project}"))).for_each(|(byte, of_digest)| *byte = of_digest);
    Uuid::from_bytes(bytes).to_string()
}

fn metadata(call: &Call) -> Value {
    let event = call.event();
    let mut metadata = call.said.metadata.clone();
    metadata.remove("tags");
    metadata.extend(call.caller());
    let more = json!({
        "call_id": event.request_id,
        "call_type": event.call_type,
        "trace_id": call.trace_id(),
        "session_id": call.chosen("session_id"),
        "model_group": event.model_group,
        "custom_llm_provider": event.provider,
        "cache_hit": event.cache_hit,
        "litellm_response_cost": call.cost(),
        "status_code": event.status_code,
    });
    if let Value::Object(more) = more {
        metadata.extend(more);
    }
    metadata.retain(|_, value| !value.is_null());
    Value::Object(metadata)
}

fn without_nulls(body: &mut Value) {
    if let Value::Object(members) = body {
        members.retain(|_, value| !value.is_null());
    }
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
