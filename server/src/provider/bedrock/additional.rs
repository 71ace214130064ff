//! `additionalModelRequestFields`: what a model takes beside the fields that all have.

use serde_json::{Map, Value, json};

use super::model::{Model, Reasoning, TopK};
use crate::provider::anthropic::budget::fitted;
use crate::provider::anthropic::model::{EFFORTS, adaptive_effort};
use crate::provider::chat::{ChatBody, Translation};
use crate::provider::openai::RequestError;

/// How the model is to reason. Gives whether Claude will think.
pub(super) fn reasoning(
    body: &ChatBody,
    how: &Translation<'_>,
    model: &Model,
    hides_thinking: bool,
    fields: &mut Map<String, Value>,
) -> Result<bool, RequestError> {
    let asked = body.thinking.as_ref().filter(|thinking| kind(thinking) != Some("disabled"));
    how.unsupported.check("thinking", asked.is_some() && !model.takes_thinking())?;
    let thinking = body.thinking.clone().filter(|_| model.takes_thinking());
    let thinking = thinking.and_then(|thinking| fitted(thinking, room(how)));
    let thinks = asked.is_some() && thinking.is_some();
    fields.extend(thinking.map(|thinking| ("thinking".to_owned(), thinking)));
    let Some(effort) = body.reasoning_effort.as_deref().filter(|effort| *effort != "none") else {
        return Ok(thinks);
    };
    let form = model.reasoning();
    how.unsupported.check("reasoning_effort", form == Reasoning::None)?;
    let level = level(effort)?;
    match form {
        Reasoning::Budget if thinks => {}
        // Claude does not go on thinking after an answer that hides what it thought, and clients of OpenAI's protocol
        // do not know that they would have to send it back.
        Reasoning::Budget if hides_thinking => {}
        Reasoning::Budget => return Ok(budget(level, room(how), fields)),
        Reasoning::Adaptive => {
            // The later models only show what they think where they are asked to.
            let thinking = || json!({ "type": "adaptive", "display": "summarized" });
            fields.entry("thinking").or_insert_with(thinking);
            let effort = adaptive_effort(level);
            let config = fields.entry("output_config").or_insert_with(|| json!({}));
            if let Some(config) = config.as_object_mut() {
                config.entry("effort").or_insert_with(|| Value::from(effort));
            }
            return Ok(true);
        }
        Reasoning::Config => {
            let effort = match level {
                "minimal" | "low" => "low",
                "medium" => "medium",
                _ => "high",
            };
            let config = json!({ "type": "enabled", "maxReasoningEffort": effort });
            fields.insert("reasoningConfig".to_owned(), config);
        }
        Reasoning::NestedEffort => {
            fields.insert("reasoning".to_owned(), json!({ "effort": level }));
        }
        Reasoning::Effort => {
            fields.insert("reasoning_effort".to_owned(), Value::from(level));
        }
        Reasoning::None => {}
    }
    Ok(thinks)
}

/// `top_k` under the model's name for it.
pub(super) fn top_k(
    body: &ChatBody,
    how: &Translation<'_>,
    model: &Model,
    fields: &mut Map<String, Value>,
) -> Result<(), RequestError> {
    let Some(top_k) = body.top_k else { return Ok(()) };
    let (name, value) = match model.top_k() {
        TopK::Plain => ("top_k", json!(top_k)),
        TopK::K => ("k", json!(top_k)),
        TopK::InferenceConfig => ("inferenceConfig", json!({ "topK": top_k })),
        TopK::None => return how.unsupported.check("top_k", true),
    };
    fields.insert(name.to_owned(), value);
    Ok(())
}

fn kind(thinking: &Value) -> Option<&str> {
    thinking.get("type").and_then(Value::as_str)
}

fn level(effort: &str) -> Result<&'static str, RequestError> {
    let known = EFFORTS.iter().map(|(level, _)| *level).find(|level| *level == effort);
    known.ok_or_else(|| {
        let message = format!(
            "reasoning_effort: expected \"none\", \"minimal\", \"low\", \"medium\", \"high\", \"xhigh\" or \"max\", got {effort:?}."
        );
        RequestError { param: Some("reasoning_effort".into()), message }
    })
}

/// Tokens for thinking and the answer.
fn room(how: &Translation<'_>) -> u64 {
    how.max_output_tokens.unwrap_or(u64::MAX)
}

/// A budget for thinking that leaves something for the answer; none where too little would be left.
fn budget(level: &str, room: u64, fields: &mut Map<String, Value>) -> bool {
    let Some((_, tokens)) = EFFORTS.iter().find(|(name, _)| *name == level) else { return false };
    let wanted = json!({ "type": "enabled", "budget_tokens": tokens });
    let thinking = fitted(wanted, room);
    let thinks = thinking.is_some();
    fields.extend(thinking.map(|thinking| ("thinking".to_owned(), thinking)));
    thinks
}
