//! A provider's error in OpenAI's form.

use bytes::Bytes;
use serde_json::{Value, json};

/// What providers say where a prompt is longer than the model reads.
const CONTEXT_WINDOW_WORDS: [&str; 10] = [
    "prompt is too long",
    "input is too long",
    "context length",
    "context window",
    "context_length_exceeded",
    "too many input tokens",
    "too many tokens",
    "exceeds the maximum number of tokens",
    // TGI's.
    "`inputs` must have less than",
    "`inputs` tokens + `max_new_tokens` must be",
];

/// The code of an error: OpenAI's where the prompt is too long, else the status.
#[must_use]
pub fn error_code(status: u16, message: &str) -> String {
    if is_too_long(status, message) { "context_length_exceeded".to_owned() } else { status.to_string() }
}

/// Whether an error of this status, which says this, means that the prompt is longer than the model reads.
#[must_use]
pub fn is_too_long(status: u16, text: &str) -> bool {
    let lower = text.to_lowercase();
    matches!(status, 400 | 413 | 422) && CONTEXT_WINDOW_WORDS.iter().any(|words| lower.contains(words))
}

/// The body of an error of this status: as it is where it has OpenAI's form, else put into it, with the provider's own
/// message, type and code.
#[must_use]
pub fn openai_error(status: u16, body: Bytes) -> Bytes {
    let parsed: Option<Value> = serde_json::from_slice(&body).ok();
    if parsed.as_ref().and_then(|value| value.get("error")).is_some_and(Value::is_object) {
        return body;
    }
    let text = parsed.as_ref().and_then(message).unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned());
    let text = if text.trim().is_empty() { format!("The provider answered with status {status}.") } else { text };
    let member = |name: &str| parsed.as_ref().and_then(|body| body.get(name)?.as_str());
    let code = member("code").map_or_else(|| error_code(status, &text), str::to_owned);
    let error = json!({ "error": {
        "message": text,
        "type": member("type").or(member("error_type")).unwrap_or("provider_error"),
        "param": null,
        "code": code,
    }});
    Bytes::from(error.to_string())
}

/// Where providers put their message when not in OpenAI's place.
fn message(error: &Value) -> Option<String> {
    let plain = ["/error", "/message", "/detail", "/error_message", "/title"];
    let listed = ["/detail", "/message/detail", "/message"];
    let text = plain.into_iter().find_map(|place| error.pointer(place).and_then(Value::as_str)).map(str::to_owned);
    text.or_else(|| listed.into_iter().find_map(|place| problems(error.pointer(place)?)))
}

/// FastAPI's list of what is wrong, as Mistral and vLLM have it: where, and what.
fn problems(list: &Value) -> Option<String> {
    let problems: Vec<String> = list.as_array()?.iter().filter_map(problem).collect();
    (!problems.is_empty()).then(|| problems.join("; "))
}

fn problem(problem: &Value) -> Option<String> {
    let text = problem.get("msg")?.as_str()?;
    let place = problem.get("loc").and_then(Value::as_array);
    let place: Vec<String> = place.into_iter().flatten().map(shown).collect();
    Some(if place.is_empty() { text.to_owned() } else { format!("{}: {text}", place.join(".")) })
}

fn shown(step: &Value) -> String {
    step.as_str().map_or_else(|| step.to_string(), str::to_owned)
}
