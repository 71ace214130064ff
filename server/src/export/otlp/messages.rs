//! Conversations in the form of the semantic conventions: messages of parts, as JSON in a text.

use serde_json::{Value, json};

use crate::export::call::Call;

/// What was asked.
pub(super) fn input(call: &Call) -> Option<String> {
    let asked = call.said.input.as_ref()?;
    let messages = match asked {
        Value::Array(messages) if messages.iter().all(|message| message.get("role").is_some()) => {
            messages.iter().map(message).collect()
        }
        other => vec![json!({ "role": "user", "parts": [part(other)] })],
    };
    Some(Value::Array(messages).to_string())
}

/// What was answered.
pub(super) fn output(call: &Call) -> Option<String> {
    let answered = call.said.output.as_ref()?;
    let mut message = match answered.get("role") {
        Some(_) => message(answered),
        None => json!({ "role": "assistant", "parts": [part(answered)] }),
    };
    if let (Some(reason), Value::Object(members)) = (call.said.finish_reasons.first(), &mut message) {
        members.insert("finish_reason".to_owned(), Value::from(reason.as_str()));
    }
    Some(Value::Array(vec![message]).to_string())
}

fn message(message: &Value) -> Value {
    let role = message.get("role").cloned().unwrap_or_default();
    let mut parts: Vec<Value> = match message.get("content") {
        None | Some(Value::Null) => Vec::new(),
        Some(content) if role == "tool" => {
            return json!({ "role": role, "parts": [{
                "type": "tool_call_response", "id": message.get("tool_call_id"), "response": content,
            }] });
        }
        Some(Value::Array(contents)) => contents.iter().map(part).collect(),
        Some(content) => vec![part(content)],
    };
    let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    parts.extend(calls.map(tool_call));
    json!({ "role": role, "parts": parts })
}

fn tool_call(call: &Value) -> Value {
    let function = call.get("function");
    let of_function = |name: &str| function.and_then(|function| function.get(name)).cloned().unwrap_or_default();
    json!({
        "type": "tool_call",
        "id": call.get("id"),
        "name": of_function("name"),
        "arguments": of_function("arguments"),
    })
}

/// A text; what is none as it is, by its kind.
fn part(content: &Value) -> Value {
    match content {
        Value::String(text) => json!({ "type": "text", "content": text }),
        Value::Object(members) => match members.get("text") {
            Some(text) => json!({ "type": "text", "content": text }),
            None => {
                let kind = members.get("type").cloned().unwrap_or_else(|| Value::from("text"));
                json!({ "type": kind, "content": content.to_string() })
            }
        },
        other => json!({ "type": "text", "content": other.to_string() }),
    }
}
