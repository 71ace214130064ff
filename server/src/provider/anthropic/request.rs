//! An OpenAI request as one of Anthropic's.

use serde_json::{Map, Value, json};

use super::wire::{Blocks, Choice, MessagesBody, ToolDefinition};
use super::{Place, budget, model, schema, thinking, turns};
use crate::provider::chat::{ChatBody, ResponseFormat, Tool, ToolChoice, Translation};
use crate::provider::openai::RequestError;

/// The tool whose input is the answer, where JSON is asked for: Anthropic takes schemas for tools.
pub(super) const JSON_TOOL: &str = "json_tool_call";
/// The same where the schema is not of an object, as a tool's input must be: the answer is its field `value`.
pub(super) const JSON_VALUE_TOOL: &str = "json_tool_call_value";

/// Fields of Anthropic's own that are passed on as they are.
const OWN_FIELDS: [&str; 8] = [
    "mcp_servers",
    "container",
    "context_management",
    "output_config",
    "output_format",
    "inference_geo",
    "speed",
    "cache_control",
];

/// # Errors
/// When the request has what Anthropic does not take.
pub(super) fn translate(body: &ChatBody, how: &Translation<'_>, place: Place) -> Result<MessagesBody, RequestError> {
    check(body, how)?;
    let mut other = how.unsupported.others(&body.other, &OWN_FIELDS)?;
    let (system, messages) = turns::translate(&body.messages)?;
    let budget::Plan { max_tokens, thinking, effort } = budget::of(body, how)?;
    let thinks = budget::is_on(thinking.as_ref());
    if thinks {
        how.unsupported.check_all(thinking::refused(body))?;
    }
    let holds = thinks && place == Place::Own && model::is_held_to_schemas(how.model);
    let schema = asked_schema(body.response_format.as_ref()).filter(|_| holds).and_then(schema::held_to);
    let format = schema.map(|schema| json!({ "type": "json_schema", "schema": schema }));
    let is_held = format.is_some();
    configure(&mut other, [("effort", effort.map(Value::from)), ("format", format)]);
    let mut tools: Vec<ToolDefinition> = body.tools.iter().map(tool).collect();
    tools.extend(body.web_search_options.as_ref().map(web_search));
    let mut tool_choice = choice(body.tool_choice.as_ref(), body.parallel_tool_calls);
    let is_forced = tool_choice.as_ref().is_some_and(|choice| matches!(choice.kind.as_str(), "any" | "tool"));
    if let Some(answer_tool) = answer_tool(body.response_format.as_ref()).filter(|_| !is_held) {
        tool_choice = Some(answer_choice(&answer_tool, !tools.is_empty(), thinks));
        tools.push(answer_tool);
    } else if thinks && is_forced {
        how.unsupported.check("tool_choice", true)?;
        tool_choice = choice(Some(&ToolChoice::Auto), body.parallel_tool_calls);
    }
    Ok(MessagesBody {
        model: how.model.to_owned(),
        max_tokens: Some(max_tokens),
        system: (!system.is_empty()).then_some(Blocks::Many(system)),
        messages,
        // Empty words are refused there.
        stop_sequences: body.stop.iter().flat_map(|stop| stop.words()).filter(|word| !word.trim().is_empty()).collect(),
        stream: body.stream.filter(|stream| *stream),
        temperature: body.temperature.filter(|_| !thinks),
        top_p: body.top_p.filter(|p| !thinks || !thinking::is_narrow(*p)),
        top_k: body.top_k.filter(|_| !thinks),
        tool_choice: tool_choice.filter(|_| !tools.is_empty()),
        tools,
        thinking,
        metadata: user_id(body).map(|user| Map::from_iter([("user_id".to_owned(), Value::from(user))])),
        service_tier: body.service_tier.as_deref().and_then(service_tier).map(str::to_owned),
        other,
    })
}

/// How the model is to answer. The client's own word goes before.
fn configure(other: &mut Map<String, Value>, fields: [(&str, Option<Value>); 2]) {
    for (name, value) in fields.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        let config = other.entry("output_config").or_insert_with(|| json!({}));
        if let Some(config) = config.as_object_mut() {
            config.entry(name).or_insert(value);
        }
    }
}

/// The schema of the answer. A model that thinks cannot be forced to call a tool: where it can be held to the schema
/// instead, it is.
fn asked_schema(format: Option<&ResponseFormat>) -> Option<&Value> {
    match format? {
        ResponseFormat::JsonSchema { json_schema } => json_schema.schema.as_ref(),
        ResponseFormat::Text | ResponseFormat::JsonObject => None,
    }
}

fn check(body: &ChatBody, how: &Translation<'_>) -> Result<(), RequestError> {
    let speaks = body.modalities.as_ref().is_some_and(|kinds| kinds.iter().any(|kind| kind != "text"));
    how.unsupported.check_all([
        ("n", body.n.is_some_and(|n| n > 1)),
        ("logprobs", body.logprobs == Some(true)),
        ("top_logprobs", body.top_logprobs.is_some_and(|count| count > 0)),
        ("logit_bias", body.logit_bias.is_some()),
        ("presence_penalty", body.presence_penalty.is_some_and(|penalty| penalty != 0.0)),
        ("frequency_penalty", body.frequency_penalty.is_some_and(|penalty| penalty != 0.0)),
        ("seed", body.seed.is_some()),
        ("modalities", speaks),
        ("audio", body.audio.is_some()),
    ])
}

fn tool(tool: &Tool) -> ToolDefinition {
    let Some(function) = &tool.function else {
        // A tool of Anthropic's own, as it is.
        let mut other = tool.other.clone();
        let name = other.remove("name").and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default();
        let (kind, cache_control) = (Some(tool.kind.clone()), tool.cache_control.clone());
        return ToolDefinition { kind, name, cache_control, other, ..ToolDefinition::default() };
    };
    ToolDefinition {
        name: function.name.clone(),
        description: function.description.clone(),
        input_schema: Some(object_schema(function.parameters.clone())),
        cache_control: tool.cache_control.clone().or_else(|| function.cache_control.clone()),
        ..ToolDefinition::default()
    }
}

/// A schema as it must be there: one of an object.
fn object_schema(schema: Option<Value>) -> Value {
    let Some(Value::Object(mut schema)) = schema else { return json!({ "type": "object", "properties": {} }) };
    schema.entry("type").or_insert_with(|| json!("object"));
    Value::Object(schema)
}

/// Anthropic's search tool, for OpenAI's `web_search_options`.
fn web_search(options: &Value) -> ToolDefinition {
    let mut other = Map::new();
    let uses = match options.get("search_context_size").and_then(Value::as_str) {
        Some("low") => Some(1),
        Some("high") => Some(10),
        Some("medium") => Some(5),
        _ => None,
    };
    other.extend(uses.map(|uses| ("max_uses".to_owned(), Value::from(uses))));
    if let Some(Value::Object(place)) = options.pointer("/user_location/approximate") {
        let mut place = place.clone();
        place.insert("type".to_owned(), json!("approximate"));
        other.insert("user_location".to_owned(), Value::Object(place));
    }
    let (kind, name) = (Some("web_search_20250305".to_owned()), "web_search".to_owned());
    ToolDefinition { kind, name, other, ..ToolDefinition::default() }
}

fn choice(asked: Option<&ToolChoice>, parallel: Option<bool>) -> Option<Choice> {
    let one_at_a_time = (parallel == Some(false)).then_some(true);
    let of = |kind: &str, name: Option<&String>| Choice {
        kind: kind.to_owned(),
        name: name.cloned(),
        disable_parallel_tool_use: one_at_a_time,
    };
    match asked {
        None => one_at_a_time.map(|_| of("auto", None)),
        Some(ToolChoice::Auto) => Some(of("auto", None)),
        Some(ToolChoice::Required) => Some(of("any", None)),
        Some(ToolChoice::Function(name)) => Some(of("tool", Some(name))),
        Some(ToolChoice::None) => Some(Choice { kind: "none".to_owned(), ..Choice::default() }),
    }
}

fn answer_tool(format: Option<&ResponseFormat>) -> Option<ToolDefinition> {
    let (schema, description) = match format? {
        ResponseFormat::Text => return None,
        ResponseFormat::JsonObject => (None, None),
        ResponseFormat::JsonSchema { json_schema } => (json_schema.schema.clone(), json_schema.description.clone()),
    };
    let schema = schema.unwrap_or_else(|| json!({ "type": "object", "additionalProperties": true }));
    let is_object = schema.get("type").is_none_or(|kind| kind == "object");
    let (name, schema) = if is_object {
        (JSON_TOOL, object_schema(Some(schema)))
    } else {
        (JSON_VALUE_TOOL, json!({ "type": "object", "properties": { "value": schema }, "required": ["value"] }))
    };
    let description = description.unwrap_or_else(|| "Gives the answer to the user, in the form asked for.".to_owned());
    let (name, description, input_schema) = (name.to_owned(), Some(description), Some(schema));
    Some(ToolDefinition { name, description, input_schema, ..ToolDefinition::default() })
}

/// The answer's tool has to be called, but other tools may be called before; a model that thinks cannot be forced.
fn answer_choice(tool: &ToolDefinition, has_others: bool, thinks: bool) -> Choice {
    match (thinks, has_others) {
        (true, _) => Choice { kind: "auto".to_owned(), ..Choice::default() },
        (false, true) => Choice { kind: "any".to_owned(), ..Choice::default() },
        (false, false) => Choice { kind: "tool".to_owned(), name: Some(tool.name.clone()), ..Choice::default() },
    }
}

/// The end user, where the name is no address of a person.
fn user_id(body: &ChatBody) -> Option<String> {
    let of_metadata = body.other.get("metadata").and_then(|metadata| metadata.get("user_id")).and_then(Value::as_str);
    let user = of_metadata.or(body.user.as_deref())?;
    (!user.is_empty() && !user.contains('@')).then(|| user.to_owned())
}

/// OpenAI's tiers in Anthropic's words.
fn service_tier(tier: &str) -> Option<&'static str> {
    match tier {
        "auto" | "priority" => Some("auto"),
        "default" | "standard" | "standard_only" => Some("standard_only"),
        _ => None,
    }
}
