//! `additionalModelRequestFields`: what a model takes beside the fields that all have.

use serde_json::{Map, Value, json};

use super::model::{Model, Reasoning, TopK};
use crate::provider::anthropic::model::{EFFORTS, adaptive_effort};
use crate::provider::chat::{ChatBody, Translation};
use crate::provider::openai::RequestError;

/// Claude does not think with less, in tokens.
const BUDGET_MIN: u64 = 1024;

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
    if let Some(thinking) = body.thinking.as_ref().filter(|_| model.takes_thinking()) {
        fields.insert("thinking".to_owned(), thinking.clone());
    }
    let thinks = asked.is_some() && model.takes_thinking();
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
        Reasoning::Budget => return Ok(budget(level, how.max_output_tokens, fields)),
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
        RequestError { param: Some("reasoning_effort"), message }
    })
}

/// A budget for thinking that leaves something for the answer; none where too little would be left.
fn budget(level: &str, max_output_tokens: Option<u64>, fields: &mut Map<String, Value>) -> bool {
    let wanted = EFFORTS.iter().find(|(name, _)| *name == level).map_or(BUDGET_MIN, |(_, budget)| *budget);
    let budget = wanted.min(max_output_tokens.map_or(u64::MAX, |limit| limit.saturating_sub(1)));
    if budget < BUDGET_MIN {
        return false;
    }
    fields.insert("thinking".to_owned(), json!({ "type": "enabled", "budget_tokens": budget }));
    true
}
