//! A text to go on with, as a conversation.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::provider::openai::RequestError;

/// Parameters that conversations do not have.
const ONLY_HERE: [&str; 3] = ["suffix", "echo", "best_of"];

/// The same call as a conversation of one message.
///
/// # Errors
/// When it asks for what conversations cannot do.
pub(in crate::gateway) fn translate(body: &Bytes) -> Result<Bytes, RequestError> {
    let mut members: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|error| RequestError { param: None, message: format!("The request body cannot be read: {error}.") })?;
    let prompt = text(members.remove("prompt"))?;
    for name in ONLY_HERE {
        if members.remove(name).is_some_and(|value| asks_for_something(&value)) {
            let message = format!("The parameter '{name}' is not supported: this model holds conversations only.");
            return Err(RequestError { param: Some(name.into()), message });
        }
    }
    members.insert("messages".to_owned(), json!([{ "role": "user", "content": prompt }]));
    if let Some(count) = members.remove("logprobs").filter(|count| !count.is_null()) {
        members.insert("logprobs".to_owned(), Value::Bool(true));
        members.insert("top_logprobs".to_owned(), count);
    }
    Ok(Bytes::from(Value::Object(members).to_string()))
}

/// The one text asked about.
fn text(prompt: Option<Value>) -> Result<Value, RequestError> {
    let prompt = match prompt {
        Some(Value::Array(mut prompts)) if prompts.len() == 1 => prompts.pop(),
        other => other,
    };
    prompt.filter(Value::is_string).ok_or_else(|| RequestError {
        param: Some("prompt".into()),
        message: "Invalid 'prompt': expected one text; this model takes neither several prompts nor tokens.".to_owned(),
    })
}

fn asks_for_something(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && *value != json!(1)
}
