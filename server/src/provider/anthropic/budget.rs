//! How long the model may think and answer.

use serde_json::{Value, json};

use crate::provider::chat::{ChatBody, Translation};

/// Output tokens where nobody says how many: the API needs a number.
const MAX_TOKENS: u64 = 4096;
/// The least that the API takes as a budget for thinking, in tokens.
const THINKING_MIN: u64 = 1024;

/// Tokens of thinking for each `reasoning_effort`: LiteLLM's, and twice as many for each step above.
const EFFORTS: [(&str, u64); 6] =
    [("minimal", 1024), ("low", 1024), ("medium", 2048), ("high", 4096), ("xhigh", 8192), ("max", 16384)];

/// Output tokens at most, and the request to think. The budget for thinking is part of the output and has to leave room
/// for an answer; where even the least does not fit, there is no thinking.
pub(super) fn of(body: &ChatBody, how: &Translation<'_>) -> (u64, Option<Value>) {
    let asked = asked_thinking(body);
    let tokens = asked.as_ref().and_then(|thinking| thinking.get("budget_tokens")).and_then(Value::as_u64);
    let default = how.model_max_output_tokens.unwrap_or(MAX_TOKENS).max(1);
    let Some(tokens) = tokens else { return (how.max_output_tokens.unwrap_or(default), asked) };
    let limit = how.max_output_tokens.unwrap_or_else(|| default.max(tokens.saturating_add(MAX_TOKENS)));
    if tokens < limit {
        return (limit, asked);
    }
    let fits = limit / 2;
    (limit, (fits >= THINKING_MIN).then(|| json!({ "type": "enabled", "budget_tokens": fits })))
}

fn asked_thinking(body: &ChatBody) -> Option<Value> {
    if let Some(thinking) = &body.thinking {
        return Some(thinking.clone());
    }
    let effort = body.reasoning_effort.as_deref()?;
    let (_, tokens) = EFFORTS.into_iter().find(|(name, _)| *name == effort)?;
    Some(json!({ "type": "enabled", "budget_tokens": tokens }))
}

/// Whether the model will think.
pub(super) fn is_on(thinking: Option<&Value>) -> bool {
    let kind = thinking.and_then(|thinking| thinking.get("type")).and_then(Value::as_str);
    matches!(kind, Some("enabled" | "adaptive"))
}
