//! A chat call as a request of Converse.

use serde_json::{Map, Value, json};

use super::messages::Conversation;
use super::model::Model;
use super::tools::Asked;
use super::wire::{InferenceConfig, Request, System};
use super::{additional, wire};
use crate::provider::anthropic::thinking;
use crate::provider::chat::request::JsonSchema;
use crate::provider::chat::unsupported::is_not_sent_on;
use crate::provider::chat::{ChatBody, ResponseFormat, Stop, Translation};
use crate::provider::openai::RequestError;

/// Converse's own fields: where the client writes them, they go where Converse has them.
const OWN_FIELDS: &[&str] = &[
    "additionalModelResponseFieldPaths",
    "guardrailConfig",
    "outputConfig",
    "performanceConfig",
    "promptVariables",
    "requestMetadata",
    "serviceTier",
];

/// OpenAI's fields that no model on Bedrock has.
const REFUSED: &[&str] = &["function_call", "functions", "prediction", "verbosity"];

/// Where Claude says how much of its output it thought: Converse's own usage does not.
const THINKING_TOKENS: &str = "/usage/output_tokens_details";

/// The instruction that stands for `response_format: json_object`, which Bedrock has no field for.
const JSON_ONLY: &str = "Answer with one valid JSON object and nothing else: no text around it, no code fence.";

pub(super) fn translate(
    body: &ChatBody,
    how: &Translation<'_>,
    model: &Model,
    defaults: &Map<String, Value>,
) -> Result<Request, RequestError> {
    refuse(body, how)?;
    let mut conversation = Conversation::of(&body.messages, model)?;
    let Fields { mut own, models: mut fields } = sort_fields(body, defaults)?;
    let thinks = additional::reasoning(body, how, model, conversation.hides_thinking, &mut fields)?;
    let is_bound = thinks && model.is_claude();
    if is_bound {
        how.unsupported.check_all(thinking::refused(body))?;
    } else {
        additional::top_k(body, how, model, &mut fields)?;
    }
    if thinks {
        own.entry("additionalModelResponseFieldPaths").or_insert_with(|| json!([THINKING_TOKENS]));
    }
    let answer = match schema(body) {
        Some(schema) if model.takes_schema(thinks) => {
            own.entry("outputConfig").or_insert_with(|| output_config(schema));
            None
        }
        schema => schema,
    };
    if wants_object(body) {
        conversation.system.push(System::Text(JSON_ONLY.to_owned()));
    }
    let tool_config = Asked { body, how, model, is_free: model.must_be_free(thinks), answer }
        .config(&mut conversation, &mut fields)?;
    if let Some(tier) = service_tier(body, how)? {
        own.entry("serviceTier").or_insert_with(|| json!({ "type": tier }));
    }
    Ok(Request {
        messages: conversation.turns,
        system: conversation.system,
        inference_config: inference_config(body, how, is_bound),
        tool_config,
        additional_model_request_fields: fields,
        own,
    })
}

fn refuse(body: &ChatBody, how: &Translation<'_>) -> Result<(), RequestError> {
    let is_some_penalty = |penalty: Option<f64>| penalty.is_some_and(|penalty| penalty != 0.0);
    let wants_sound = body.modalities.as_ref().is_some_and(|kinds| kinds.iter().any(|kind| kind != "text"));
    how.unsupported.check_all([
        ("n", body.n.is_some_and(|n| n > 1)),
        ("seed", body.seed.is_some()),
        ("presence_penalty", is_some_penalty(body.presence_penalty)),
        ("frequency_penalty", is_some_penalty(body.frequency_penalty)),
        ("logit_bias", body.logit_bias.is_some()),
        ("logprobs", body.logprobs == Some(true)),
        ("top_logprobs", body.top_logprobs.is_some()),
        ("modalities", wants_sound),
        ("audio", body.audio.is_some()),
    ])?;
    how.unsupported
        .check_all(REFUSED.iter().map(|name| (*name, body.other.get(*name).is_some_and(|value| !value.is_null()))))
}

/// The fields this gateway does not know.
struct Fields {
    /// Converse's own.
    own: Map<String, Value>,
    /// The model's: all others.
    models: Map<String, Value>,
}

fn sort_fields(body: &ChatBody, defaults: &Map<String, Value>) -> Result<Fields, RequestError> {
    let mut fields = Fields { own: defaults.clone(), models: Map::new() };
    for (name, value) in &body.other {
        if is_not_sent_on(name) || REFUSED.contains(&name.as_str()) || value.is_null() {
            continue;
        }
        if OWN_FIELDS.contains(&name.as_str()) {
            fields.own.insert(name.clone(), value.clone());
        } else if name == "additionalModelRequestFields" {
            let Value::Object(given) = value else {
                let message = format!("{name}: expected an object.");
                return Err(RequestError { param: Some("additionalModelRequestFields".into()), message });
            };
            fields.models.extend(given.clone());
        } else {
            fields.models.insert(name.clone(), value.clone());
        }
    }
    Ok(fields)
}

fn schema(body: &ChatBody) -> Option<&JsonSchema> {
    match &body.response_format {
        Some(ResponseFormat::JsonSchema { json_schema }) if json_schema.schema.is_some() => Some(json_schema),
        _ => None,
    }
}

fn wants_object(body: &ChatBody) -> bool {
    matches!(body.response_format, Some(ResponseFormat::JsonObject | ResponseFormat::JsonSchema { .. }))
        && schema(body).is_none()
}

fn inference_config(body: &ChatBody, how: &Translation<'_>, is_bound: bool) -> Option<InferenceConfig> {
    let words = body.stop.as_ref().map(Stop::words).unwrap_or_default();
    let config = wire::InferenceConfig {
        max_tokens: how.max_output_tokens,
        temperature: body.temperature.filter(|_| !is_bound),
        top_p: body.top_p.filter(|p| !is_bound || !thinking::is_narrow(*p)),
        stop_sequences: words.into_iter().filter(|word| !word.is_empty()).collect(),
    };
    (config != InferenceConfig::default()).then_some(config)
}

/// Bedrock's word for OpenAI's tier; `auto` is what it does anyway.
fn service_tier<'b>(body: &'b ChatBody, how: &Translation<'_>) -> Result<Option<&'b str>, RequestError> {
    let tier = body.service_tier.as_deref().filter(|tier| *tier != "auto");
    let is_known = |tier: &&str| matches!(*tier, "default" | "flex" | "priority" | "reserved");
    how.unsupported.check("service_tier", tier.is_some_and(|tier| !is_known(&tier)))?;
    Ok(tier.filter(is_known))
}

fn output_config(schema: &JsonSchema) -> Value {
    let mut closed = schema.schema.clone().unwrap_or_default();
    close_objects(&mut closed);
    let mut definition = Map::from_iter([("schema".to_owned(), Value::from(closed.to_string()))]);
    for (name, text) in [("name", Some(&schema.name)), ("description", schema.description.as_ref())] {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            definition.insert(name.to_owned(), Value::from(text.as_str()));
        }
    }
    json!({ "textFormat": { "type": "json_schema", "structure": { "jsonSchema": definition } } })
}

/// Says of every object of a schema that it has no other properties: Bedrock wants it said.
fn close_objects(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let is_object = fields.get("type").and_then(Value::as_str) == Some("object");
            if is_object {
                fields.entry("additionalProperties").or_insert(Value::Bool(false));
            }
            fields.values_mut().for_each(close_objects);
        }
        Value::Array(items) => items.iter_mut().for_each(close_objects),
        _ => {}
    }
}
