//! Anthropic's request as one of OpenAI's.

use actix_web::http::header::HeaderMap;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::gateway::incoming::{BEYOND_OPENAI, Incoming};
use crate::provider::anthropic::wire::{Block, Blocks, MessagesBody, Side, Source, ToolDefinition, Turn};
use crate::provider::chat::request::JsonSchema;
use crate::provider::chat::{
    ChatBody, Content, FilePart, FunctionCall, FunctionDefinition, ImageUrl, Message, Part, ResponseFormat, Role, Stop,
    Tool, ToolCall, ToolChoice,
};
use crate::provider::openai::RequestError;

/// Headers by which a client of Anthropic's chooses what its body may say.
const FORWARDED: [&str; 2] = ["anthropic-version", "anthropic-beta"];
/// Budgets for thinking from which on an effort is meant, in tokens: LiteLLM's.
const EFFORTS: [(u64, &str); 3] = [(10_000, "high"), (5_000, "medium"), (2_000, "low")];

/// Reads a call that is to be answered: it has to say how long the answer may be.
///
/// # Errors
/// When it does not, or a field has the wrong type.
pub(in crate::gateway) fn read(headers: &HeaderMap, body: Bytes) -> Result<Incoming, RequestError> {
    let mut incoming = Incoming::messages(body)?;
    for name in FORWARDED {
        for value in headers.get_all(name) {
            // Both crates have the same rules for values.
            if let Ok(value) = reqwest::header::HeaderValue::from_bytes(value.as_bytes()) {
                incoming.headers.append(name, value);
            }
        }
    }
    if incoming.request.max_output_tokens.is_none() {
        let message = "Invalid 'max_tokens': expected a whole number from 1.".to_owned();
        return Err(RequestError { param: Some("max_tokens".into()), message });
    }
    Ok(incoming)
}

/// A conversation that the provider is to hold (`thread`) is refused: what it costs cannot be told from the call, whoever
/// else has the provider's key could read it, and only the deployment that began it could go on with it.
///
/// # Errors
/// When the call begins one, or goes on with one.
pub(in crate::gateway) fn check(body: &MessagesBody) -> Result<(), RequestError> {
    if body.other.get("thread").is_none_or(Value::is_null) {
        return Ok(());
    }
    let message =
        "Invalid 'thread': no conversations are held here. Send the whole conversation without 'thread'.".to_owned();
    Err(RequestError { param: Some("thread".into()), message })
}

/// Says in OpenAI's words what was said in Anthropic's.
pub(in crate::gateway) fn translate(body: MessagesBody) -> ChatBody {
    let mut messages = Vec::new();
    if let Some(system) = body.system {
        let content = Some(content(system.into_vec()));
        messages.push(Message { role: Role::System, content, ..Message::default() });
    }
    for turn in body.messages {
        add_turn(&mut messages, turn);
    }
    let parallel = body.tool_choice.as_ref().and_then(|choice| choice.disable_parallel_tool_use).map(|off| !off);
    let choice = body.tool_choice.and_then(|choice| match (&*choice.kind, choice.name) {
        ("auto", _) => Some(ToolChoice::Auto),
        ("any", _) => Some(ToolChoice::Required),
        ("none", _) => Some(ToolChoice::None),
        ("tool", Some(name)) => Some(ToolChoice::Function(name)),
        _ => None,
    });
    let is_search = |tool: &ToolDefinition| tool.kind.as_deref().is_some_and(|kind| kind.starts_with("web_search"));
    let searches = body.tools.iter().any(is_search);
    let tools: Vec<Tool> = body.tools.into_iter().filter(|one| !is_search(one)).map(tool).collect();
    let user = body.metadata.as_ref().and_then(|metadata| metadata.get("user_id")).and_then(Value::as_str);
    let is_stream = body.stream == Some(true);
    ChatBody {
        model: body.model,
        messages,
        max_tokens: body.max_tokens,
        temperature: body.temperature,
        top_p: body.top_p,
        top_k: body.top_k,
        stop: (!body.stop_sequences.is_empty()).then_some(Stop::Many(body.stop_sequences)),
        stream: body.stream,
        // The client's stream says what was used.
        stream_options: is_stream.then(|| json!({ "include_usage": true })),
        tool_choice: choice.filter(|_| !tools.is_empty()),
        parallel_tool_calls: parallel.filter(|_| !tools.is_empty()),
        tools,
        reasoning_effort: body.thinking.as_ref().and_then(effort),
        thinking: body.thinking,
        user: user.map(str::to_owned),
        response_format: format(&body.other),
        web_search_options: searches.then(|| json!({})),
        other: beyond_openai(body.other),
        ..ChatBody::default()
    }
}

/// Fields that only Anthropic has, in one: a provider that gets the call as it came reads them, so that they count.
fn beyond_openai(other: Map<String, Value>) -> Map<String, Value> {
    let beyond = (!other.is_empty()).then(|| (BEYOND_OPENAI.to_owned(), Value::Object(other)));
    beyond.into_iter().collect()
}

/// The same call without what only Anthropic has.
pub(in crate::gateway) fn without_anthropics(mut body: ChatBody) -> ChatBody {
    body.other.remove(BEYOND_OPENAI);
    for message in &mut body.messages {
        if let Some(Content::Parts(parts)) = &mut message.content {
            parts.retain(|part| !matches!(part, Part::Other(_)));
        }
    }
    body
}

/// What the configuration says of parameters, as far as Anthropic's protocol has them.
pub(in crate::gateway) fn native_defaults(defaults: &Map<String, Value>) -> Map<String, Value> {
    const NAMES: [(&str, &str); 5] = [
        ("temperature", "temperature"),
        ("top_p", "top_p"),
        ("top_k", "top_k"),
        ("thinking", "thinking"),
        ("stop", "stop_sequences"),
    ];
    NAMES.iter().filter_map(|(name, native)| Some(((*native).to_owned(), defaults.get(*name)?.clone()))).collect()
}

fn effort(thinking: &Value) -> Option<String> {
    let kind = thinking.get("type").and_then(Value::as_str)?;
    let budget = thinking.get("budget_tokens").and_then(Value::as_u64).unwrap_or(0);
    let by_budget = EFFORTS.into_iter().find(|(from, _)| budget >= *from).map_or("minimal", |(_, effort)| effort);
    match kind {
        "enabled" => Some(by_budget.to_owned()),
        "adaptive" => Some("medium".to_owned()),
        _ => None,
    }
}

/// The schema of the answer, in either of the places that Anthropic has for it.
fn format(other: &Map<String, Value>) -> Option<ResponseFormat> {
    let format = other.get("output_format").or_else(|| other.get("output_config")?.get("format"))?;
    let schema = format.get("schema").cloned().filter(|_| format.get("type").is_some_and(|kind| kind == "json_schema"));
    let json_schema =
        JsonSchema { name: "answer".to_owned(), strict: Some(true), schema: Some(schema?), description: None };
    Some(ResponseFormat::JsonSchema { json_schema })
}

fn tool(tool: ToolDefinition) -> Tool {
    let ToolDefinition { kind, name, description, input_schema, cache_control, mut other } = tool;
    if let Some(kind) = kind.filter(|kind| kind != "custom") {
        other.insert("name".to_owned(), Value::from(name));
        return Tool { kind, function: None, cache_control, other };
    }
    let function = FunctionDefinition { name, description, parameters: input_schema, ..FunctionDefinition::default() };
    Tool { kind: "function".to_owned(), function: Some(function), cache_control, other: Map::new() }
}

fn add_turn(messages: &mut Vec<Message>, turn: Turn) {
    match turn.role {
        Side::System => {
            let content = Some(content(turn.content.into_vec()));
            messages.push(Message { role: Role::System, content, ..Message::default() });
        }
        Side::Assistant => messages.push(assistant(turn.content)),
        Side::User => add_user(messages, turn.content),
    }
}

/// Results of tools come first: they belong to the calls before them. What OpenAI's tools cannot answer with, such as
/// images, is said by the user.
fn add_user(messages: &mut Vec<Message>, blocks: Blocks) {
    let blocks = match blocks {
        Blocks::Text(text) => {
            let content = Some(Content::Text(text));
            messages.push(Message { role: Role::User, content, ..Message::default() });
            return;
        }
        Blocks::Many(blocks) => blocks,
    };
    let mut said = Vec::new();
    for block in blocks {
        let Block::ToolResult { tool_use_id, content, is_error, cache_control } = block else {
            said.extend(part(block));
            continue;
        };
        let parts = content.map(Blocks::into_vec).unwrap_or_default().into_iter().filter_map(part);
        let (texts, others): (Vec<Part>, Vec<Part>) = parts.partition(|part| part.text().is_some());
        let mut text: String = texts.iter().filter_map(Part::text).collect();
        if is_error == Some(true) {
            text.insert_str(0, "Error: ");
        }
        messages.push(Message {
            role: Role::Tool,
            content: Some(Content::Text(text)),
            tool_call_id: Some(tool_use_id),
            cache_control,
            ..Message::default()
        });
        said.extend(others);
    }
    if !said.is_empty() {
        messages.push(Message { role: Role::User, content: Some(plain(said)), ..Message::default() });
    }
}

fn assistant(blocks: Blocks) -> Message {
    let mut message = Message { role: Role::Assistant, ..Message::default() };
    let mut said = Vec::new();
    for block in blocks.into_vec() {
        match block {
            Block::ToolUse { id, name, input, cache_control } => {
                message.cache_control = cache_control.or(message.cache_control.take());
                let function = FunctionCall { name, arguments: input.to_string() };
                message.tool_calls.push(ToolCall { id, kind: "function".to_owned(), function, ..ToolCall::default() });
            }
            Block::Thinking { ref thinking, .. } => {
                message.reasoning_content.get_or_insert_default().push_str(thinking);
                message.thinking_blocks.extend(serde_json::to_value(&block));
            }
            Block::RedactedThinking { .. } => message.thinking_blocks.extend(serde_json::to_value(&block)),
            block => said.extend(part(block)),
        }
    }
    message.content = (!said.is_empty()).then(|| plain(said));
    message
}

fn content(blocks: Vec<Block>) -> Content {
    plain(blocks.into_iter().filter_map(part).collect())
}

/// One text without marks is sent as such: not everybody takes parts.
fn plain(parts: Vec<Part>) -> Content {
    match parts.as_slice() {
        [Part::Text { text, cache_control: None }] => Content::Text(text.clone()),
        _ => Content::Parts(parts),
    }
}

/// A block as a part; `None` where its message has a place of its own for it.
fn part(block: Block) -> Option<Part> {
    if is_unknown(&block) {
        return serde_json::to_value(block).ok()?.as_object().cloned().map(Part::Other);
    }
    Some(match block {
        Block::Text { text, cache_control, .. } => Part::Text { text, cache_control },
        Block::Image { source, cache_control } => {
            Part::ImageUrl { image_url: ImageUrl { url: address(source)?, detail: None, format: None }, cache_control }
        }
        Block::Document { source: Source::Text { data, .. }, cache_control, .. } => {
            Part::Text { text: data, cache_control }
        }
        Block::Document { source, title, cache_control } => {
            let is_kept = matches!(source, Source::Url { .. } | Source::File { .. });
            let at = address(source)?;
            let (file_id, file_data) = if is_kept { (Some(at), None) } else { (None, Some(at)) };
            let filename = title.or_else(|| Some("document.pdf".to_owned()));
            Part::File { file: FilePart { file_id, file_data, filename, format: None }, cache_control }
        }
        Block::ToolUse { .. } | Block::ToolResult { .. } | Block::Thinking { .. } | Block::RedactedThinking { .. } => {
            return None;
        }
        Block::Other(fields) => Part::Other(fields),
    })
}

/// Whether OpenAI has nothing like it, as of a source of a new kind.
const fn is_unknown(block: &Block) -> bool {
    matches!(
        block,
        Block::Image { source: Source::Text { .. } | Source::Other(_), .. }
            | Block::Document { source: Source::Other(_), .. }
    )
}

fn address(source: Source) -> Option<String> {
    match source {
        Source::Base64 { media_type, data } => Some(format!("data:{media_type};base64,{data}")),
        Source::Url { url } => Some(url),
        Source::File { file_id } => Some(file_id),
        Source::Text { .. } | Source::Other(_) => None,
    }
}
