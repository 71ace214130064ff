//! What was asked and answered, and what the request says of itself: read, redacted and cut.

use serde_json::{Map, Value, json};

use super::queue::Ended;
use super::telling::Telling;
use crate::domain::redact::redact;
use crate::ledger::contents::AnswerContent;
use tollgate_openapi::spend::CallStatus;

/// Stands for what is not told, as in LiteLLM.
pub(super) const REDACTED: &str = "redacted-by-litellm";
/// What a request says of itself (`metadata`), in bytes of JSON.
const METADATA_BYTES_MAX: usize = 16 * 1024;
/// The fields it is in; the first goes before.
const METADATA: [&str; 2] = ["litellm_metadata", "metadata"];
/// A text that stands for a parameter, in bytes.
const PARAMETER_BYTES_MAX: usize = 256;
/// The fields that hold what is asked, by kind of call.
const INPUTS: [&str; 4] = ["messages", "input", "prompt", "query"];
/// The fields that say how it is to be answered.
const PARAMETERS: [&str; 18] = [
    "temperature",
    "top_p",
    "top_k",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "reasoning_effort",
    "service_tier",
    "stream",
    "parallel_tool_calls",
    "logprobs",
    "top_logprobs",
    "dimensions",
    "size",
    "quality",
];

/// What was asked and answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// What was asked.
    pub(super) input: Option<Value>,
    /// The whole answer.
    pub(super) response: Option<Value>,
    /// What was answered: of conversations the message, of others what there is.
    pub(super) output: Option<Value>,
    /// How it was to be answered.
    pub(super) parameters: Map<String, Value>,
    /// What the request says of itself.
    pub(super) metadata: Map<String, Value>,
    /// Why the answer ended, of each choice.
    pub(super) finish_reasons: Vec<String>,
    /// It is told what was asked and answered.
    pub(super) is_told: bool,
}

impl Said {
    /// Of `ended`, up to so many bytes of what was asked and of what was answered.
    pub(super) fn of(ended: &Ended, bytes_max: usize) -> Self {
        let mut request = match serde_json::from_slice(&ended.request) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        };
        let parameters =
            PARAMETERS.iter().filter_map(|name| Some(((*name).to_owned(), parameter(request.get(*name)?)?)));
        let parameters = parameters.collect();
        let answer = match &ended.answer {
            AnswerContent::None => None,
            AnswerContent::Whole(body) => serde_json::from_slice(body).ok(),
            AnswerContent::Assembled(answer) => Some(Value::clone(answer)),
        };
        let said = Self {
            parameters,
            metadata: metadata(&ended.telling, &mut request),
            finish_reasons: answer.as_ref().map(finish_reasons).unwrap_or_default(),
            ..Self::default()
        };
        if ended.telling.is_redacted {
            let redacted = || Some(Value::from(REDACTED));
            let answered = (ended.event.status == CallStatus::Success).then(redacted).flatten();
            return Self { input: redacted(), output: answered.clone(), response: answered, ..said };
        }
        let cut = |value| bounded(value, bytes_max);
        let input = INPUTS.iter().find_map(|name| request.remove(*name));
        let output = answer.as_ref().and_then(output);
        let (input, output) = (input.map(cut), output.map(cut));
        Self { input, output, response: answer.map(cut), is_told: true, ..said }
    }
}

/// A parameter, where it is a single value.
fn parameter(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(_) | Value::Number(_) => Some(value.clone()),
        Value::String(text) if text.len() <= PARAMETER_BYTES_MAX => Some(value.clone()),
        _ => None,
    }
}

/// What a request says of itself, in its body and where its own protocol has it; what headers say fills in.
fn metadata(telling: &Telling, request: &mut Map<String, Value>) -> Map<String, Value> {
    let mut whole = Map::new();
    let in_protocol = telling.metadata.iter().filter_map(|json| serde_json::from_slice(json).ok());
    let in_body = METADATA.iter().filter_map(|name| request.remove(*name));
    for found in in_protocol.chain(in_body) {
        if let Value::Object(members) = found {
            for (name, value) in members {
                whole.entry(name).or_insert(value);
            }
        }
    }
    for (name, id) in [("trace_id", &telling.trace_id), ("session_id", &telling.session_id)] {
        if let Some(id) = id {
            whole.entry(name).or_insert_with(|| Value::from(id.as_str()));
        }
    }
    match bounded(Value::Object(whole), METADATA_BYTES_MAX) {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// What an answer says. Vectors and sounds say nothing to people.
fn output(answer: &Value) -> Option<Value> {
    let choices = answer.get("choices").and_then(Value::as_array);
    if let Some(first) = choices.and_then(|choices| choices.first()) {
        return first.get("message").or_else(|| first.get("text")).cloned();
    }
    ["text", "results", "output"].iter().find_map(|name| answer.get(*name)).cloned()
}

fn finish_reasons(answer: &Value) -> Vec<String> {
    let choices = answer.get("choices").and_then(Value::as_array).into_iter().flatten();
    choices.filter_map(|choice| Some(choice.get("finish_reason")?.as_str()?.to_owned())).collect()
}

/// `value` without secrets and bytes; the beginning of its text where that is longer than `bytes_max`.
fn bounded(value: Value, bytes_max: usize) -> Value {
    let value = redact(value);
    let text = value.to_string();
    if text.len() <= bytes_max {
        return value;
    }
    let beginning = text.get(..text.floor_char_boundary(bytes_max)).unwrap_or_default();
    json!({ "truncated": true, "bytes": text.len(), "beginning": beginning })
}
