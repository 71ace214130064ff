//! Helicone: each call for itself, as it takes what was called past it (`/oai/v1/log` and the like).

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::{Map, Value, json};
use tollgate_openapi::spend::CallStatus;

use super::call::Call;
use super::destination::{DestinationError, Form, Lookup, bearer, web_address};
use super::said::REDACTED;
use chrono::{DateTime, Utc};

const BASE: &str = "HELICONE_API_BASE";
const KEY: &str = "HELICONE_API_KEY";
/// Where Helicone is, where nobody says otherwise.
const CLOUD: &str = "https://api.worker.helicone.ai";
/// What Helicone knows a call by that its client broke off.
const CANCELLED: i32 = -3;
/// What stands for an address of a provider that Helicone does not know.
const CUSTOM_URL: &str = "custom-model-nopath";
/// What begins the names that Helicone reads, in `metadata` too.
const OWN: &str = "helicone-";
/// Its key is ours to send, and nobody's to choose.
const AUTH: &str = "helicone-auth";
/// What a request says of itself, in names and values.
const META_MAX: usize = 50;
/// A value, in characters.
const META_CHARS_MAX: usize = 500;

pub(super) fn read(lookup: Lookup<'_>) -> Result<(Url, HeaderMap, Form), DestinationError> {
    let headers = HeaderMap::from_iter([(AUTHORIZATION, bearer(KEY, lookup)?)]);
    let base = lookup(BASE).unwrap_or_else(|| CLOUD.to_owned());
    // Paths are put behind it.
    let url = web_address(BASE, &format!("{}/", base.trim().trim_end_matches('/')))?;
    Ok((url, headers, Form::Helicone))
}

/// Where a call is told, below `base`: whoever's words Helicone can read, it reckons the cost of.
pub(super) fn url(base: &Url, call: &Call) -> Url {
    let path = match Spoken::of(call) {
        Spoken::OpenAi => "oai/v1/log",
        Spoken::Anthropic => "anthropic/v1/log",
        Spoken::Other => "custom/v1/log",
    };
    base.join(path).unwrap_or_else(|_| base.clone())
}

/// In whose words a call is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spoken {
    OpenAi,
    Anthropic,
    Other,
}

impl Spoken {
    fn of(call: &Call) -> Self {
        let is_chat = matches!(&*call.event().call_type, "acompletion" | "anthropic_messages" | "aresponses");
        match call.event().provider.as_deref() {
            Some("openai") => Self::OpenAi,
            Some("anthropic") if is_chat => Self::Anthropic,
            _ => Self::Other,
        }
    }
}

pub(super) fn body(call: &Call) -> Value {
    let event = call.event();
    let (url, json) = match Spoken::of(call) {
        Spoken::OpenAi => ("https://api.openai.com/v1", answer(call)),
        Spoken::Anthropic => ("https://api.anthropic.com/v1/messages", anthropic_answer(call)),
        Spoken::Other => (CUSTOM_URL, answer(call)),
    };
    let status = match event.status {
        CallStatus::Success => i32::from(event.status_code),
        CallStatus::Cancelled => CANCELLED,
        CallStatus::Failure | CallStatus::Interrupted => i32::from(event.status_code).max(400),
    };
    let first_token = call.completion_start().map(|at| (at - event.start_time).num_milliseconds());
    json!({
        "providerRequest": { "url": url, "json": request(call), "meta": meta(call) },
        "providerResponse": { "json": json, "status": status, "headers": {} },
        "timing": {
            "startTime": time(event.start_time),
            "endTime": time(event.end_time),
            "timeToFirstToken": first_token,
        },
    })
}

fn request(call: &Call) -> Value {
    let mut request = call.said.parameters.clone();
    request.insert("model".to_owned(), Value::from(&*call.event().model));
    let input = match &call.said.input {
        Some(Value::Array(messages)) => Value::Array(messages.clone()),
        Some(Value::String(text)) if text == REDACTED => json!([{ "role": "user", "content": text }]),
        Some(other) => other.clone(),
        None => Value::Array(Vec::new()),
    };
    let is_talk = input.as_array().is_some_and(|all| all.iter().all(|one| one.get("role").is_some()));
    request.insert(if is_talk { "messages" } else { "input" }.to_owned(), input);
    Value::Object(request)
}

/// The answer in OpenAI's form, with what it took; of a failure, why.
fn answer(call: &Call) -> Value {
    let event = call.event();
    if event.status == CallStatus::Failure {
        return failure(call);
    }
    let mut answer = match &call.said.response {
        Some(Value::Object(members)) if !members.contains_key("truncated") => members.clone(),
        _ => Map::from_iter([("choices".to_owned(), json!([{ "index": 0, "message": message(call) }]))]),
    };
    answer.entry("id").or_insert_with(|| Value::from(event.response_id.as_deref().unwrap_or(&event.request_id)));
    answer.insert("model".to_owned(), Value::from(&*event.model));
    let usage = &event.usage;
    answer.insert(
        "usage".to_owned(),
        json!({
            "prompt_tokens": usage.prompt_tokens(),
            "completion_tokens": usage.completion_tokens(),
            "total_tokens": usage.total_tokens(),
            "prompt_tokens_details": { "cached_tokens": usage.cache_read },
        }),
    );
    Value::Object(answer)
}

/// The answer as Anthropic gives it.
fn anthropic_answer(call: &Call) -> Value {
    let event = call.event();
    if event.status == CallStatus::Failure {
        return failure(call);
    }
    let message = message(call);
    let text = message.get("content").and_then(Value::as_str).filter(|text| !text.is_empty());
    let text = text.map(|text| json!({ "type": "text", "text": text }));
    let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    let tools = calls.filter_map(|one| {
        let function = one.get("function")?;
        let arguments = function.get("arguments").and_then(Value::as_str).unwrap_or_default();
        let input: Value = serde_json::from_str(arguments).unwrap_or_else(|_| Value::from(arguments));
        Some(json!({ "type": "tool_use", "id": one.get("id"), "name": function.get("name"), "input": input }))
    });
    let usage = &event.usage;
    let cache_written = usage.cache_write_5m.saturating_add(usage.cache_write_1h);
    let input = usage.prompt_tokens().saturating_sub(usage.cache_read).saturating_sub(cache_written);
    json!({
        "id": event.response_id.as_deref().unwrap_or(&event.request_id),
        "type": "message",
        "role": "assistant",
        "model": event.model,
        "content": text.into_iter().chain(tools).collect::<Vec<_>>(),
        "stop_reason": call.said.finish_reasons.first(),
        "usage": {
            "input_tokens": input,
            "output_tokens": usage.completion_tokens(),
            "cache_read_input_tokens": usage.cache_read,
            "cache_creation_input_tokens": cache_written,
        },
    })
}

fn failure(call: &Call) -> Value {
    json!({ "error": { "message": call.error(), "type": call.error_kind() } })
}

/// What was answered, as a message.
fn message(call: &Call) -> Value {
    match &call.said.output {
        Some(message) if message.get("role").is_some() => message.clone(),
        Some(Value::String(text)) => json!({ "role": "assistant", "content": text }),
        Some(other) => json!({ "role": "assistant", "content": other.to_string() }),
        None => json!({ "role": "assistant", "content": null }),
    }
}

/// What Helicone finds a call by: it reads this as headers.
fn meta(call: &Call) -> Map<String, Value> {
    let event = call.event();
    let user = || event.end_user.clone().or_else(|| event.user_id.as_deref().map(str::to_owned));
    let tags = (!event.tags.is_empty()).then(|| event.tags.join(","));
    let known = [
        ("Helicone-Request-Id", Some(call.uuid())),
        ("Helicone-User-Id", call.chosen("trace_user_id").or_else(user)),
        ("Helicone-Session-Id", call.chosen("session_id")),
        ("Helicone-Property-Trace-Id", Some(call.trace_id())),
        ("Helicone-Property-Call-Type", Some(event.call_type.to_string())),
        ("Helicone-Property-Model-Group", Some(event.model_group.to_string())),
        ("Helicone-Property-Key-Alias", event.key_alias.as_deref().map(str::to_owned)),
        ("Helicone-Property-Team-Id", event.team_id.as_deref().map(str::to_owned)),
        ("Helicone-Property-Team-Alias", call.names.team.as_deref().map(str::to_owned)),
        ("Helicone-Property-Organization-Id", event.organization_id.as_deref().map(str::to_owned)),
        ("Helicone-Property-Tags", tags),
    ];
    let mut meta: Map<String, Value> =
        known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), header_text(&value?)))).collect();
    for name in call.said.metadata.keys().filter(|name| is_chosen(name)).take(META_MAX) {
        if let Some(value) = call.chosen(name) {
            meta.retain(|known, _| !known.eq_ignore_ascii_case(name));
            meta.insert(name.clone(), header_text(&value));
        }
    }
    meta
}

/// Whether a request may say this itself, and it can be the name of a header.
fn is_chosen(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_name = name.chars().all(|one| one.is_ascii_alphanumeric() || matches!(one, '-' | '_'));
    lower.starts_with(OWN) && lower != AUTH && lower != "helicone-request-id" && is_name
}

/// A text that can be the value of a header: what cannot makes Helicone refuse the whole call.
fn header_text(text: &str) -> Value {
    let printable = |one: char| if one.is_ascii_graphic() || one == ' ' { one } else { '?' };
    Value::from(text.chars().take(META_CHARS_MAX).map(printable).collect::<String>())
}

fn time(time: DateTime<Utc>) -> Value {
    json!({ "seconds": time.timestamp(), "milliseconds": time.timestamp_subsec_millis() })
}
