//! How long the model may think and answer.

use serde_json::{Value, json};

use super::model::{EFFORTS, Thinking, adaptive_effort};
use crate::provider::chat::{ChatBody, Translation};
use crate::provider::openai::RequestError;

/// Output tokens where nobody says how many: the API needs a number.
const MAX_TOKENS: u64 = 4096;
/// The least that the API takes as a budget for thinking, in tokens.
const THINKING_MIN: u64 = 1024;

/// What the model is told.
#[derive(Debug)]
pub(super) struct Plan {
    /// Output tokens at most.
    pub(super) max_tokens: u64,
    /// The request to think.
    pub(super) thinking: Option<Value>,
    /// How much, of a model that finds its budget itself.
    pub(super) effort: Option<String>,
}

/// Output tokens at most, and the request to think. The budget for thinking is part of the output and has to leave room
/// for an answer; where even the least does not fit, there is no thinking.
///
/// # Errors
/// When effort is asked of a model that does not think.
pub(super) fn of(body: &ChatBody, how: &Translation<'_>) -> Result<Plan, RequestError> {
    let (asked, effort) = asked(body, how)?;
    let default = how.model_max_output_tokens.unwrap_or(MAX_TOKENS).max(1);
    let max_tokens = how.max_output_tokens.unwrap_or_else(|| {
        let budget = asked.as_ref().and_then(budget);
        budget.map_or(default, |tokens| default.max(tokens.saturating_add(MAX_TOKENS)))
    });
    let thinking = asked.and_then(|thinking| fitted(thinking, max_tokens));
    Ok(Plan { max_tokens, thinking, effort })
}

fn asked(body: &ChatBody, how: &Translation<'_>) -> Result<(Option<Value>, Option<String>), RequestError> {
    if let Some(thinking) = &body.thinking {
        return Ok((Some(thinking.clone()), None));
    }
    let level = body.reasoning_effort.as_deref();
    let Some((level, tokens)) = EFFORTS.into_iter().find(|(name, _)| Some(*name) == level) else {
        return Ok((None, None));
    };
    match Thinking::of(how.model) {
        Thinking::None => how.unsupported.check("reasoning_effort", true).map(|()| (None, None)),
        Thinking::Budget => Ok((Some(json!({ "type": "enabled", "budget_tokens": tokens })), None)),
        Thinking::Adaptive => {
            // The later models only show what they think where they are asked to.
            let thinking = json!({ "type": "adaptive", "display": "summarized" });
            Ok((Some(thinking), Some(adaptive_effort(level).to_owned())))
        }
    }
}

fn budget(thinking: &Value) -> Option<u64> {
    thinking.get("budget_tokens").and_then(Value::as_u64)
}

/// Whether a request to think leaves room for an answer of at most `max_tokens` with what was thought.
pub(in crate::provider) fn fits(thinking: &Value, max_tokens: u64) -> bool {
    budget(thinking).is_none_or(|tokens| tokens < max_tokens)
}

/// The same request with a budget that does: its own, half of all, or the least there is where that leaves a quarter for the answer;
/// none where it does not.
pub(in crate::provider) fn fitted(mut thinking: Value, max_tokens: u64) -> Option<Value> {
    if fits(&thinking, max_tokens) {
        return Some(thinking);
    }
    let tokens = THINKING_MIN.max(max_tokens / 2);
    let fields = thinking.as_object_mut().filter(|_| tokens <= max_tokens - max_tokens / 4)?;
    fields.insert("budget_tokens".to_owned(), Value::from(tokens));
    Some(thinking)
}

/// Whether the model will think.
pub(super) fn is_on(thinking: Option<&Value>) -> bool {
    let kind = thinking.and_then(|thinking| thinking.get("type")).and_then(Value::as_str);
    matches!(kind, Some("enabled" | "adaptive"))
}
