//! Thought signatures: what the model needs back to go on thinking where it was.
//!
//! Source: Gemini API documentation, "Thought signatures". Clients keep them where LiteLLM puts them: in
//! `provider_specific_fields`, and, since most clients keep nothing of a tool call but its id, in the id.

use serde_json::{Map, Value, json};

use crate::provider::chat::{Message, ToolCall, signed_id};

/// Base64 of what Google takes where there is no signature, as in a history that another model wrote.
pub(super) const NONE: &str = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

/// The fields of a tool call that carry its signature.
pub(super) fn fields(signature: Option<&str>) -> Option<Value> {
    signature.map(|signature| json!({ "thought_signature": signature }))
}

/// The signature of a call that a client sends back.
pub(super) fn of_call(call: &ToolCall) -> Option<&str> {
    let kept = call.provider_specific_fields.as_ref().and_then(|fields| fields.get("thought_signature"));
    kept.and_then(Value::as_str).or_else(|| signed_id::signature(call))
}

/// The signature of a message's text: the first of its signatures that no call has.
pub(super) fn of_text(message: &Message) -> Option<&str> {
    let fields = message.provider_specific_fields.as_ref()?;
    let all = fields.get("thought_signatures")?.as_array()?.iter().filter_map(Value::as_str);
    let of_calls: Vec<_> = message.tool_calls.iter().filter_map(of_call).collect();
    all.into_iter().find(|signature| !of_calls.contains(signature))
}

/// The field of a message with all its signatures.
pub(super) fn add_to(fields: &mut Map<String, Value>, signatures: Vec<String>) {
    if !signatures.is_empty() {
        fields.insert("thought_signatures".to_owned(), Value::from(signatures));
    }
}
