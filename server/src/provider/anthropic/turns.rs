//! Messages as turns: Anthropic has two sides that take turns, and instructions apart.

use serde_json::{Value, json};

use super::wire::{Block, Blocks, Side, Source, Turn};
use crate::provider::chat::content::DataUri;
use crate::provider::chat::{Content, FilePart, FunctionCall, ImageUrl, Message, Part, Role};
use crate::provider::openai::RequestError;

/// What stands for a turn of the user where the conversation has none at its beginning.
const NOTHING_SAID: &str = ".";

/// Instructions, and turns that alternate.
pub(super) fn translate(messages: &[Message]) -> Result<(Vec<Block>, Vec<Turn>), RequestError> {
    let (mut system, mut turns) = (Vec::new(), Vec::new());
    for message in messages {
        match message.role {
            Role::System | Role::Developer => system.extend(said(message)?),
            Role::User => add(&mut turns, Side::User, said(message)?),
            Role::Assistant => add(&mut turns, Side::Assistant, answered(message)?),
            Role::Tool | Role::Function => add(&mut turns, Side::User, vec![result(message)?]),
        }
    }
    if turns.first().is_none_or(|first| first.role != Side::User) {
        let content = Blocks::Many(vec![Block::text(NOTHING_SAID)]);
        turns.insert(0, Turn { role: Side::User, content });
    }
    trim_last(&mut turns);
    Ok((system, turns))
}

fn add(turns: &mut Vec<Turn>, role: Side, blocks: Vec<Block>) {
    if blocks.is_empty() {
        return;
    }
    match turns.last_mut() {
        Some(Turn { role: last, content: Blocks::Many(said) }) if *last == role => said.extend(blocks),
        _ => turns.push(Turn { role, content: Blocks::Many(blocks) }),
    }
}

/// The beginning of an answer that the model is to go on with may not end in white space.
fn trim_last(turns: &mut [Turn]) {
    if let Some(Turn { role: Side::Assistant, content: Blocks::Many(blocks) }) = turns.last_mut()
        && let Some(Block::Text { text, .. }) = blocks.last_mut()
    {
        text.truncate(text.trim_end().len());
    }
}

fn said(message: &Message) -> Result<Vec<Block>, RequestError> {
    let mut blocks = Vec::new();
    for part in message.content.iter().flat_map(Content::parts) {
        blocks.extend(block(part)?);
    }
    mark_last(&mut blocks, message.cache_control.as_ref());
    Ok(blocks)
}

fn answered(message: &Message) -> Result<Vec<Block>, RequestError> {
    let thoughts = message.thinking_blocks.iter().filter_map(|block| serde_json::from_value(block.clone()).ok());
    let mut blocks: Vec<Block> = thoughts.collect();
    for part in message.content.iter().flat_map(Content::parts) {
        blocks.extend(block(part)?);
    }
    blocks.extend(message.refusal.as_deref().filter(|text| !text.is_empty()).map(Block::text));
    let calls = message.tool_calls.iter().map(|call| (tool_id(&call.id), &call.function));
    let former = message.function_call.iter().map(|call| (former_id(&call.name), call));
    blocks.extend(calls.chain(former).map(|(id, call)| use_of(id, call)));
    mark_last(&mut blocks, message.cache_control.as_ref());
    Ok(blocks)
}

fn use_of(id: String, call: &FunctionCall) -> Block {
    let (name, input) = (call.name.clone(), Value::Object(call.arguments_object()));
    Block::ToolUse { id, name, input, cache_control: None }
}

fn result(message: &Message) -> Result<Block, RequestError> {
    let by_name = || message.name.as_deref().map(former_id);
    let tool_use_id = message.tool_call_id.as_deref().map(tool_id).or_else(by_name).ok_or_else(|| RequestError {
        param: Some("messages".into()),
        message: "Invalid 'messages': expected 'tool_call_id' in a message of role 'tool'.".to_owned(),
    })?;
    let mut content = Vec::new();
    for part in message.content.iter().flat_map(Content::parts) {
        content.extend(block(part)?);
    }
    let content = (!content.is_empty()).then_some(Blocks::Many(content));
    Ok(Block::ToolResult { tool_use_id, content, is_error: None, cache_control: message.cache_control.clone() })
}

/// Ids may only have some characters there.
fn tool_id(id: &str) -> String {
    id.chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || "_-".contains(letter) { letter } else { '_' })
        .collect()
}

/// The id of a call in the form before tools, which had none.
fn former_id(name: &str) -> String {
    tool_id(&format!("call_{name}"))
}

fn mark_last(blocks: &mut Vec<Block>, mark: Option<&Value>) {
    if let Some(mark) = mark
        && let Some(last) = blocks.pop()
    {
        blocks.push(last.cached(Some(mark.clone())));
    }
}

/// A part of a message; `None` where it says nothing.
fn block(part: Part) -> Result<Option<Block>, RequestError> {
    Ok(match part {
        // Empty texts are refused there.
        Part::Text { text, .. } | Part::Refusal { refusal: text } if text.is_empty() => None,
        Part::Text { text, cache_control } => Some(Block::text(text).cached(cache_control)),
        Part::Refusal { refusal } => Some(Block::text(refusal)),
        Part::ImageUrl { image_url, cache_control } => Some(image(image_url).cached(cache_control)),
        Part::File { file, cache_control } => Some(document(file)?.cached(cache_control)),
        // What is said is no parameter that could be dropped.
        Part::InputAudio { .. } => return Err(refused("sound")),
        Part::VideoUrl { .. } => return Err(refused("video")),
        Part::Other(fields) => Some(Block::Other(fields)),
    })
}

fn refused(what: &str) -> RequestError {
    RequestError {
        param: Some("messages".into()),
        message: format!("Invalid 'messages': Claude does not take {what}."),
    }
}

fn image(image: ImageUrl) -> Block {
    let ImageUrl { url, format, .. } = image;
    let source = match DataUri::parse(&url) {
        Some(uri) => base64(format.as_deref().unwrap_or(uri.media_type), uri.data),
        None => Source::Url { url },
    };
    Block::Image { source, cache_control: None }
}

fn base64(media_type: &str, data: &str) -> Source {
    Source::Base64 { media_type: media_type.to_owned(), data: data.to_owned() }
}

fn document(file: FilePart) -> Result<Block, RequestError> {
    let FilePart { file_id, file_data, filename, format } = file;
    let source = match (&file_data, file_id) {
        (Some(data), _) => file_source(data, format.as_deref())?,
        (None, Some(url)) if url.starts_with("https://") || url.starts_with("http://") => Source::Url { url },
        (None, Some(file_id)) => Source::File { file_id },
        (None, None) => return Err(wrong_file("expected 'file_data' or 'file_id'")),
    };
    if let Source::Base64 { media_type, .. } = &source
        && media_type.starts_with("image/")
    {
        return Ok(Block::Image { source, cache_control: None });
    }
    Ok(Block::Document { source, title: filename, cache_control: None })
}

fn file_source(data: &str, format: Option<&str>) -> Result<Source, RequestError> {
    let uri = DataUri::parse(data).ok_or_else(|| wrong_file("expected 'file_data' as \"data:TYPE;base64,…\""))?;
    let media_type = format.unwrap_or(uri.media_type);
    if media_type != "text/plain" {
        return Ok(base64(media_type, uri.data));
    }
    let text = base64_text(uri.data).ok_or_else(|| wrong_file("expected text in UTF-8 and base64"))?;
    Ok(Source::Text { media_type: media_type.to_owned(), data: text })
}

fn base64_text(data: &str) -> Option<String> {
    use base64::Engine;
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(data).ok()?).ok()
}

fn wrong_file(expected: &str) -> RequestError {
    RequestError { param: Some("messages".into()), message: format!("Invalid 'file' in 'messages': {expected}.") }
}

/// A thinking block in the form it has in messages.
pub(super) fn thinking_block(thinking: &str, signature: &str) -> Value {
    json!({ "type": "thinking", "thinking": thinking, "signature": signature })
}
