//! An OpenAI request as one of Ollama's.

use serde_json::{Map, Value, json};

use super::messages;
use super::wire::ChatRequest;
use crate::provider::chat::{ChatBody, ResponseFormat, Tool, ToolChoice, Translation};
use crate::provider::openai::RequestError;

/// Fields of Ollama's own that are passed on as they are.
const OWN_FIELDS: [&str; 6] = ["keep_alive", "think", "format", "truncate", "shift", "options"];
/// Options of its models that clients may send beside the others.
const OWN_OPTIONS: [&str; 20] = [
    "num_ctx",
    "num_keep",
    "num_predict",
    "num_batch",
    "num_gpu",
    "num_thread",
    "main_gpu",
    "use_mmap",
    "min_p",
    "typical_p",
    "tfs_z",
    "repeat_last_n",
    "repeat_penalty",
    "penalize_newline",
    "mirostat",
    "mirostat_eta",
    "mirostat_tau",
    "low_vram",
    "numa",
    "draft_num_predict",
];

/// # Errors
/// When the request has what Ollama does not take.
pub(super) fn translate(body: &ChatBody, how: &Translation<'_>) -> Result<ChatRequest, RequestError> {
    let speaks = body.modalities.as_ref().is_some_and(|kinds| kinds.iter().any(|kind| kind != "text"));
    let must_call = matches!(body.tool_choice, Some(ToolChoice::Required | ToolChoice::Function(_)));
    how.unsupported.check_all([
        ("n", body.n.is_some_and(|n| n > 1)),
        ("logit_bias", body.logit_bias.is_some()),
        ("tool_choice", must_call),
        ("parallel_tool_calls", body.parallel_tool_calls == Some(false)),
        ("modalities", speaks),
        ("audio", body.audio.is_some()),
        ("web_search_options", body.web_search_options.is_some()),
    ])?;
    let taken: Vec<&str> = OWN_FIELDS.into_iter().chain(OWN_OPTIONS).collect();
    let mut other = how.unsupported.others(&body.other, &taken)?;
    let options = options(body, how, &mut other);
    let has = |name: &str| other.contains_key(name);
    let offers_tools = body.tool_choice != Some(ToolChoice::None);
    Ok(ChatRequest {
        model: how.model.to_owned(),
        messages: messages::translate(&body.messages)?,
        stream: body.stream == Some(true),
        tools: body.tools.iter().filter(|_| offers_tools).filter_map(tool).collect(),
        format: body.response_format.as_ref().and_then(format).filter(|_| !has("format")),
        think: think(body).filter(|_| !has("think")),
        logprobs: body.logprobs.filter(|wanted| *wanted),
        top_logprobs: body.top_logprobs.filter(|_| body.logprobs == Some(true)),
        options,
        other,
    })
}

/// Everything that steers the model; the client's own `options` go before OpenAI's names of them.
fn options(body: &ChatBody, how: &Translation<'_>, other: &mut Map<String, Value>) -> Map<String, Value> {
    let words = body.stop.as_ref().map(|stop| Value::from(stop.words()));
    let named = [
        ("num_predict", how.max_output_tokens.map(Value::from)),
        ("temperature", body.temperature.map(Value::from)),
        ("top_p", body.top_p.map(Value::from)),
        ("top_k", body.top_k.map(Value::from)),
        ("seed", body.seed.map(Value::from)),
        ("stop", words),
        ("presence_penalty", body.presence_penalty.map(Value::from)),
        ("frequency_penalty", body.frequency_penalty.map(Value::from)),
    ];
    let mut options: Map<String, Value> =
        named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    for name in OWN_OPTIONS {
        options.extend(other.shift_remove(name).map(|value| (name.to_owned(), value)));
    }
    if let Some(Value::Object(own)) = other.shift_remove("options") {
        options.extend(own);
    }
    // What is left of a budget, or the client's own limit, holds however else it is said.
    if let Some(limit) = how.max_output_tokens {
        let asked = options.get("num_predict").and_then(Value::as_u64);
        options.insert("num_predict".to_owned(), Value::from(asked.map_or(limit, |asked| asked.min(limit))));
    }
    options
}

fn tool(tool: &Tool) -> Option<Value> {
    let function = tool.function.as_ref()?;
    let parameters = function.parameters.clone().filter(Value::is_object);
    Some(json!({ "type": "function", "function": {
        "name": function.name,
        "description": function.description.as_deref().unwrap_or_default(),
        "parameters": parameters.unwrap_or_else(|| json!({ "type": "object", "properties": {} })),
    }}))
}

fn format(format: &ResponseFormat) -> Option<Value> {
    match format {
        ResponseFormat::Text => None,
        ResponseFormat::JsonObject => Some(Value::from("json")),
        ResponseFormat::JsonSchema { json_schema } => {
            Some(json_schema.schema.clone().unwrap_or_else(|| Value::from("json")))
        }
    }
}

/// Ollama's own reading of OpenAI's efforts. Anthropic's form only says whether to think.
fn think(body: &ChatBody) -> Option<Value> {
    if let Some(thinking) = &body.thinking {
        return Some(Value::from(thinking.get("type").is_none_or(|kind| kind != "disabled")));
    }
    Some(match body.reasoning_effort.as_deref()? {
        "none" => Value::from(false),
        "minimal" | "low" => Value::from("low"),
        "medium" => Value::from("medium"),
        "xhigh" | "max" => Value::from("max"),
        _ => Value::from("high"),
    })
}
