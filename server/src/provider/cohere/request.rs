//! An OpenAI request as one of Cohere's.

use serde_json::{Value, json};

use super::turns;
use super::wire::ChatRequest;
use crate::provider::chat::{ChatBody, FunctionDefinition, ResponseFormat, Tool, ToolChoice, Translation};
use crate::provider::openai::RequestError;

/// Fields of Cohere's own that are passed on as they are.
const OWN_FIELDS: [&str; 8] =
    ["documents", "citation_options", "safety_mode", "strict_tools", "priority", "k", "p", "stop_sequences"];
/// Tokens that may be thought with, by effort; more effort has no limit.
const THINKING_BUDGETS: [(&str, u64); 3] = [("minimal", 128), ("low", 1024), ("medium", 2048)];

/// # Errors
/// When the request has what Cohere does not take.
pub(super) fn translate(body: &ChatBody, how: &Translation<'_>) -> Result<ChatRequest, RequestError> {
    let speaks = body.modalities.as_ref().is_some_and(|kinds| kinds.iter().any(|kind| kind != "text"));
    how.unsupported.check_all([
        ("n", body.n.is_some_and(|n| n > 1)),
        ("top_logprobs", body.top_logprobs.is_some_and(|count| count > 0)),
        ("logit_bias", body.logit_bias.is_some()),
        ("parallel_tool_calls", body.parallel_tool_calls == Some(false)),
        ("service_tier", body.service_tier.as_deref().is_some_and(|tier| !matches!(tier, "auto" | "default"))),
        ("modalities", speaks),
        ("audio", body.audio.is_some()),
        ("web_search_options", body.web_search_options.is_some()),
    ])?;
    let other = how.unsupported.others(&body.other, &OWN_FIELDS)?;
    let (tools, tool_choice) = tools(body)?;
    let has = |name: &str| other.contains_key(name);
    Ok(ChatRequest {
        model: how.model.to_owned(),
        messages: turns::translate(&body.messages)?,
        stream: body.stream == Some(true),
        strict_tools: (!has("strict_tools") && is_strict(body)).then_some(true),
        tools,
        tool_choice,
        response_format: body.response_format.as_ref().and_then(format),
        max_tokens: how.max_output_tokens,
        stop_sequences: body.stop.iter().flat_map(|stop| stop.words()).filter(|_| !has("stop_sequences")).collect(),
        temperature: body.temperature,
        seed: body.seed,
        frequency_penalty: body.frequency_penalty,
        presence_penalty: body.presence_penalty,
        k: body.top_k.filter(|_| !has("k")),
        p: body.top_p.filter(|_| !has("p")),
        logprobs: body.logprobs.filter(|wanted| *wanted),
        thinking: thinking(body),
        other,
    })
}

/// The tools, and whether one has to be called. One of them is asked for by offering no other.
fn tools(body: &ChatBody) -> Result<(Vec<Value>, Option<&'static str>), RequestError> {
    let functions = body.tools.iter().filter_map(|tool| tool.function.as_ref());
    let only = match &body.tool_choice {
        Some(ToolChoice::Function(name)) => Some(name),
        _ => None,
    };
    let offered: Vec<Value> =
        functions.filter(|function| only.is_none_or(|only| function.name == *only)).map(tool).collect();
    if let Some(name) = only.filter(|_| offered.is_empty()) {
        let message = format!("Invalid 'tool_choice': there is no function \"{name}\" in 'tools'.");
        return Err(RequestError { param: Some("tool_choice".into()), message });
    }
    let choice = match body.tool_choice {
        Some(ToolChoice::Required | ToolChoice::Function(_)) => Some("REQUIRED"),
        Some(ToolChoice::None) => Some("NONE"),
        Some(ToolChoice::Auto) | None => None,
    };
    let choice = choice.filter(|_| !offered.is_empty());
    Ok((offered, choice))
}

fn tool(function: &FunctionDefinition) -> Value {
    let parameters = function.parameters.clone().filter(Value::is_object);
    let parameters = parameters.unwrap_or_else(|| json!({ "type": "object", "properties": {} }));
    let mut definition = json!({ "name": function.name, "parameters": parameters });
    if let (Some(description), Some(fields)) = (&function.description, definition.as_object_mut()) {
        fields.insert("description".to_owned(), Value::from(description.as_str()));
    }
    json!({ "type": "function", "function": definition })
}

/// Cohere holds all tools to their definitions or none.
fn is_strict(body: &ChatBody) -> bool {
    let is_strict = |tool: &Tool| tool.function.as_ref().is_some_and(|function| function.strict == Some(true));
    !body.tools.is_empty() && body.tools.iter().all(is_strict)
}

fn format(format: &ResponseFormat) -> Option<Value> {
    match format {
        ResponseFormat::Text => None,
        ResponseFormat::JsonObject => Some(json!({ "type": "json_object" })),
        ResponseFormat::JsonSchema { json_schema } => Some(match &json_schema.schema {
            Some(schema) => json!({ "type": "json_object", "json_schema": schema }),
            None => json!({ "type": "json_object" }),
        }),
    }
}

/// Anthropic's form goes before the effort, as it says more.
fn thinking(body: &ChatBody) -> Option<Value> {
    if let Some(thinking) = &body.thinking {
        let kind = thinking.get("type").and_then(Value::as_str).unwrap_or("enabled");
        return Some(match thinking.get("budget_tokens").or_else(|| thinking.get("token_budget")) {
            Some(budget) if kind != "disabled" => json!({ "type": "enabled", "token_budget": budget }),
            _ => json!({ "type": if kind == "disabled" { kind } else { "enabled" } }),
        });
    }
    let effort = body.reasoning_effort.as_deref()?;
    let budget = THINKING_BUDGETS.into_iter().find(|(name, _)| *name == effort).map(|(_, budget)| budget);
    Some(match (effort, budget) {
        ("none", _) => json!({ "type": "disabled" }),
        (_, Some(budget)) => json!({ "type": "enabled", "token_budget": budget }),
        (_, None) => json!({ "type": "enabled" }),
    })
}
