//! How much is thought: OpenAI's `reasoning_effort` and Anthropic's `thinking` as `thinkingConfig`.
//!
//! Source: Gemini API documentation, "Gemini thinking" (budgets of 2.5, levels of 3). What an effort means in tokens is
//! what LiteLLM takes it for.

use serde_json::Value;

use super::model::{Generation, can_rest, least_budget};
use super::wire::ThinkingConfig;
use crate::provider::chat::{ChatBody, Translation};
use crate::provider::openai::RequestError;

/// Leaves the budget to the model.
const DYNAMIC: i64 = -1;
/// The most tokens that all models of 2.5 can be told to think with.
const BUDGET_MAX: i64 = 24_576;

/// How much a client wants thought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Nothing,
    Minimal,
    Low,
    Medium,
    High,
    Most,
    /// So many tokens.
    Tokens(i64),
    /// What the model thinks fit.
    Dynamic,
}

/// What is asked of the model; `None` where the client says nothing.
///
/// # Errors
/// When the client's words are not known, or the model does not think.
pub(super) fn config(body: &ChatBody, how: &Translation<'_>) -> Result<Option<ThinkingConfig>, RequestError> {
    let (param, wanted) = match (&body.reasoning_effort, &body.thinking) {
        (Some(effort), _) => ("reasoning_effort", of_effort(effort)?),
        (None, Some(thinking)) => ("thinking", of_thinking(thinking)?),
        (None, None) => return Ok(None),
    };
    match Generation::of(how.model) {
        Generation::Unthinking if wanted == Wanted::Nothing => Ok(None),
        Generation::Unthinking => how.unsupported.check(param, true).map(|()| None),
        Generation::Budget => Ok(Some(budget(wanted, how.model))),
        Generation::Level => Ok(Some(level(wanted, how.model))),
    }
}

fn of_effort(effort: &str) -> Result<Wanted, RequestError> {
    Ok(match effort {
        "none" | "disable" => Wanted::Nothing,
        "minimal" => Wanted::Minimal,
        "low" => Wanted::Low,
        "medium" => Wanted::Medium,
        "high" => Wanted::High,
        "xhigh" | "max" => Wanted::Most,
        _ => {
            return Err(RequestError {
                param: Some("reasoning_effort".into()),
                message: format!(
                    "Invalid 'reasoning_effort': expected none, minimal, low, medium, high or xhigh, got {effort:?}."
                ),
            });
        }
    })
}

fn of_thinking(thinking: &Value) -> Result<Wanted, RequestError> {
    let tokens = thinking.get("budget_tokens").and_then(Value::as_i64);
    match (thinking.get("type").and_then(Value::as_str), tokens) {
        (Some("disabled"), _) | (Some("enabled"), Some(0)) => Ok(Wanted::Nothing),
        (Some("enabled"), Some(tokens)) if tokens > 0 => Ok(Wanted::Tokens(tokens)),
        (Some("enabled"), None) | (Some("adaptive"), _) => Ok(Wanted::Dynamic),
        _ => Err(RequestError {
            param: Some("thinking".into()),
            message: "Invalid 'thinking': expected {\"type\": \"enabled\", \"budget_tokens\": tokens} or {\"type\": \"disabled\"}."
                .to_owned(),
        }),
    }
}

fn budget(wanted: Wanted, model: &str) -> ThinkingConfig {
    let tokens = match wanted {
        Wanted::Nothing if can_rest(model) => 0,
        Wanted::Nothing | Wanted::Minimal => least_budget(model),
        Wanted::Low => 1024,
        Wanted::Medium => 2048,
        Wanted::High => 4096,
        Wanted::Most => BUDGET_MAX,
        Wanted::Tokens(tokens) => tokens,
        Wanted::Dynamic => DYNAMIC,
    };
    ThinkingConfig { include_thoughts: wanted != Wanted::Nothing, thinking_budget: Some(tokens), thinking_level: None }
}

fn level(wanted: Wanted, model: &str) -> ThinkingConfig {
    let least = if can_rest(model) { "MINIMAL" } else { "LOW" };
    let level = match wanted {
        Wanted::Nothing | Wanted::Minimal => Some(least),
        Wanted::Low => Some("LOW"),
        Wanted::Medium => Some("MEDIUM"),
        Wanted::High | Wanted::Most => Some("HIGH"),
        Wanted::Tokens(..=1024) => Some("LOW"),
        Wanted::Tokens(..=8192) => Some("MEDIUM"),
        Wanted::Tokens(_) => Some("HIGH"),
        Wanted::Dynamic => None,
    };
    ThinkingConfig { include_thoughts: wanted != Wanted::Nothing, thinking_budget: None, thinking_level: level }
}
