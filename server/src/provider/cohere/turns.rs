//! The messages of a request.

use serde_json::{Value, json};

use super::wire::{ToolCall, ToolFunction, Turn};
use crate::provider::chat::{Content, Message, Part, Role};
use crate::provider::openai::RequestError;

/// # Errors
/// When a message says what Cohere does not take.
pub(super) fn translate(messages: &[Message]) -> Result<Vec<Turn>, RequestError> {
    messages.iter().map(turn).collect()
}

fn turn(message: &Message) -> Result<Turn, RequestError> {
    Ok(match message.role {
        Role::System | Role::Developer => Turn { role: "system", content: text(message), ..Turn::default() },
        Role::User => Turn { role: "user", content: user_content(message.content.as_ref())?, ..Turn::default() },
        Role::Assistant => assistant(message),
        Role::Tool | Role::Function => Turn {
            role: "tool",
            content: text(message),
            tool_call_id: message.tool_call_id.clone().or_else(|| message.name.clone()),
            ..Turn::default()
        },
    })
}

fn text(message: &Message) -> Option<Value> {
    Some(Value::from(message.content.as_ref().map(Content::text).unwrap_or_default()))
}

fn assistant(message: &Message) -> Turn {
    let said = message.content.as_ref().map(Content::text).filter(|text| !text.is_empty());
    let plan = message.provider_specific_fields.as_ref().and_then(|fields| fields.get("tool_plan")?.as_str());
    let thought = message.reasoning_content.as_deref().filter(|thought| !thought.is_empty() && plan.is_none());
    let content = match (thought, said) {
        (None, said) => said.map(Value::from),
        (Some(thought), said) => {
            let said = said.map(|text| json!({ "type": "text", "text": text }));
            let thought = json!({ "type": "thinking", "thinking": thought });
            Some(std::iter::once(thought).chain(said).collect())
        }
    };
    let tool_calls = message.tool_calls.iter().map(|call| ToolCall {
        id: call.id.clone(),
        kind: "function".to_owned(),
        function: ToolFunction { name: call.function.name.clone(), arguments: arguments(&call.function.arguments) },
    });
    Turn {
        role: "assistant",
        content,
        tool_calls: tool_calls.collect(),
        tool_plan: plan.map(str::to_owned),
        tool_call_id: None,
    }
}

/// A call without arguments has an empty object of them.
pub(super) fn arguments(text: &str) -> String {
    if text.trim().is_empty() { "{}".to_owned() } else { text.to_owned() }
}

fn user_content(content: Option<&Content>) -> Result<Option<Value>, RequestError> {
    let parts = match content {
        None => return Ok(Some(Value::from(""))),
        Some(Content::Text(text)) => return Ok(Some(Value::from(text.as_str()))),
        Some(Content::Parts(parts)) => parts,
    };
    parts.iter().map(part).collect::<Result<Vec<Value>, _>>().map(|parts| Some(Value::from(parts)))
}

fn part(part: &Part) -> Result<Value, RequestError> {
    match part {
        Part::Text { text, .. } | Part::Refusal { refusal: text } => Ok(json!({ "type": "text", "text": text })),
        Part::ImageUrl { image_url, .. } => {
            let mut image = json!({ "url": image_url.url });
            if let (Some(detail), Some(fields)) = (&image_url.detail, image.as_object_mut()) {
                fields.insert("detail".to_owned(), Value::from(detail.as_str()));
            }
            Ok(json!({ "type": "image_url", "image_url": image }))
        }
        Part::InputAudio { .. } => Err(refused("sound")),
        Part::VideoUrl { .. } => Err(refused("video")),
        Part::File { .. } => Err(refused("files in messages; it takes texts as 'documents'")),
        Part::Other(_) => Err(refused("this kind of content; it takes text and images")),
    }
}

fn refused(what: &str) -> RequestError {
    RequestError {
        param: Some("messages".into()),
        message: format!("Invalid 'messages': Cohere does not take {what}."),
    }
}
