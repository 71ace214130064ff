//! Messages as a provider takes them. They are only read where something in them may have to change.

use memchr::memmem;
use serde_json::{Map, Value};

use super::MessageQuirks;
use crate::provider::chat::unsupported::Unsupported;
use crate::provider::openai::RequestError;

/// The name under which clients have what the model thought.
const REASONING: &str = "reasoning_content";

/// The list of messages as `quirks` want it; `None`: as it is.
pub(super) fn rewrite_messages(
    text: &[u8],
    quirks: &MessageQuirks,
    unsupported: &Unsupported<'_>,
) -> Result<Option<String>, RequestError> {
    if !may_change(text, quirks) {
        return Ok(None);
    }
    let Ok(Value::Array(mut messages)) = serde_json::from_slice(text) else {
        return Ok(None);
    };
    let mut is_changed = false;
    for message in messages.iter_mut().filter_map(Value::as_object_mut) {
        is_changed |= rewrite(message, quirks, unsupported)?;
    }
    Ok(is_changed.then(|| Value::Array(messages).to_string()))
}

fn may_change(text: &[u8], quirks: &MessageQuirks) -> bool {
    // In quotes, which stand escaped where they are part of a text.
    let has = |name: &str| memmem::find(text, format!("\"{name}\"").as_bytes()).is_some();
    (!quirks.takes_developer && has("developer"))
        || (!quirks.takes_name && has("name"))
        || quirks.dropped.iter().any(|name| has(name))
        || (quirks.reasoning.is_some_and(|name| name != REASONING) && has(REASONING))
}

fn rewrite(
    message: &mut Map<String, Value>,
    quirks: &MessageQuirks,
    unsupported: &Unsupported<'_>,
) -> Result<bool, RequestError> {
    let mut is_changed = false;
    if !quirks.takes_developer && message.get("role").is_some_and(|role| role == "developer") {
        message.insert("role".to_owned(), "system".into());
        is_changed = true;
    }
    let is_tool = message.get("role").is_some_and(|role| role == "tool" || role == "function");
    if !quirks.takes_name && !is_tool && message.contains_key("name") {
        unsupported.check("messages[].name", true)?;
        message.shift_remove("name");
        is_changed = true;
    }
    for name in quirks.dropped {
        is_changed |= message.shift_remove(*name).is_some();
    }
    if quirks.dropped.contains(&"cache_control") {
        is_changed |= unmark_parts(message);
    }
    if let Some(name) = quirks.reasoning.filter(|name| *name != REASONING)
        && let Some(reasoning) = message.shift_remove(REASONING)
    {
        message.entry(name).or_insert(reasoning);
        is_changed = true;
    }
    Ok(is_changed)
}

/// Parts of the content may be marked for caching, too.
fn unmark_parts(message: &mut Map<String, Value>) -> bool {
    let parts = message.get_mut("content").and_then(Value::as_array_mut);
    let parts = parts.into_iter().flatten().filter_map(Value::as_object_mut);
    let mut is_changed = false;
    for part in parts {
        is_changed |= part.shift_remove("cache_control").is_some();
    }
    is_changed
}

/// Tools without the marks for caching; `None`: they have none.
pub(super) fn unmarked_tools(text: &[u8]) -> Option<Value> {
    memmem::find(text, b"\"cache_control\"")?;
    let mut tools: Vec<Value> = serde_json::from_slice(text).ok()?;
    let mut is_changed = false;
    for tool in tools.iter_mut().filter_map(Value::as_object_mut) {
        is_changed |= tool.shift_remove("cache_control").is_some();
        let function = tool.get_mut("function").and_then(Value::as_object_mut);
        is_changed |= function.is_some_and(|function| function.shift_remove("cache_control").is_some());
    }
    is_changed.then_some(Value::Array(tools))
}
