//! The messages of a request.

use super::wire::{Function, Message, ToolCall};
use crate::provider::chat::content::DataUri;
use crate::provider::chat::{Content, Message as Said, Part, Role};
use crate::provider::openai::RequestError;

/// # Errors
/// When a message says what Ollama does not take.
pub(super) fn translate(messages: &[Said]) -> Result<Vec<Message>, RequestError> {
    messages
        .iter()
        .enumerate()
        .map(|(index, message)| one(message, messages.get(..index).unwrap_or_default()))
        .collect()
}

fn one(message: &Said, before: &[Said]) -> Result<Message, RequestError> {
    let (content, images) = content(message.content.as_ref())?;
    let role = match message.role {
        Role::System | Role::Developer => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool | Role::Function => "tool",
    };
    let calls = message.tool_calls.iter().map(|call| ToolCall {
        id: Some(call.id.clone()).filter(|id| !id.is_empty()),
        function: Function { name: call.function.name.clone(), arguments: call.function.arguments_object() },
    });
    let is_result = role == "tool";
    Ok(Message {
        role: role.to_owned(),
        content,
        thinking: message.reasoning_content.clone().filter(|thought| !thought.is_empty()),
        images,
        tool_calls: Some(calls.collect::<Vec<_>>()).filter(|calls| !calls.is_empty()),
        tool_name: message.name.clone().or_else(|| called(message, before)).filter(|_| is_result),
        tool_call_id: message.tool_call_id.clone().filter(|_| is_result),
    })
}

/// The name of the tool whose result this is: only the call says it.
fn called(result: &Said, before: &[Said]) -> Option<String> {
    let id = result.tool_call_id.as_deref()?;
    let mut calls = before.iter().rev().flat_map(|message| &message.tool_calls);
    calls.find(|call| call.id == id).map(|call| call.function.name.clone())
}

/// Text, and images in base64.
fn content(content: Option<&Content>) -> Result<(String, Vec<String>), RequestError> {
    let parts = match content {
        None => return Ok((String::new(), Vec::new())),
        Some(Content::Text(text)) => return Ok((text.clone(), Vec::new())),
        Some(Content::Parts(parts)) => parts,
    };
    let (mut texts, mut images) = (Vec::new(), Vec::new());
    for part in parts {
        match part {
            Part::Text { text, .. } | Part::Refusal { refusal: text } => texts.push(text.as_str()),
            Part::ImageUrl { image_url, .. } => images.push(image(&image_url.url)?),
            Part::InputAudio { .. } => return Err(refused("sound")),
            Part::VideoUrl { .. } => return Err(refused("video")),
            Part::File { .. } => return Err(refused("files")),
            Part::Other(_) => return Err(refused("this kind of content; it takes text and images")),
        }
    }
    Ok((texts.join("\n"), images))
}

fn image(url: &str) -> Result<String, RequestError> {
    let uri = DataUri::parse(url);
    uri.map(|uri| uri.data.to_owned())
        .ok_or_else(|| refused("images by address: send them as a data URI (data:image/png;base64,…)"))
}

fn refused(what: &str) -> RequestError {
    RequestError {
        param: Some("messages".into()),
        message: format!("Invalid 'messages': Ollama does not take {what}."),
    }
}
