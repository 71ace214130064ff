//! A whole answer of Anthropic's as one of OpenAI's.

use serde_json::{Value, json};

use super::request::{JSON_TOOL, JSON_VALUE_TOOL};
use super::turns::thinking_block;
use super::wire::{Block, Message};
use crate::provider::chat::{AnswerHead, Choice, Completion, FinishReason, FunctionCall, ReplyMessage, ToolCall};

/// # Errors
/// When the body is no message.
pub(super) fn translate(body: &[u8], head: &AnswerHead) -> Result<Completion, String> {
    let message: Message =
        serde_json::from_slice(body).map_err(|error| format!("its answer is no message of Anthropic's: {error}"))?;
    let mut reply = ReplyMessage { role: "assistant".to_owned(), ..ReplyMessage::default() };
    let mut answers_in_json = false;
    for block in message.content {
        answers_in_json |= add(&mut reply, block);
    }
    let reason = finish_reason(message.stop_reason.as_deref());
    let reason = if answers_in_json && reply.tool_calls.is_empty() { FinishReason::Stop } else { reason };
    Ok(Completion {
        id: if message.id.is_empty() { head.id.clone() } else { message.id },
        object: "chat.completion".to_owned(),
        created: head.created,
        model: if message.model.is_empty() { head.model.clone() } else { message.model },
        choices: vec![Choice { message: reply, finish_reason: Some(reason), ..Choice::default() }],
        service_tier: message.usage.as_ref().and_then(|usage| usage.service_tier.clone()),
        usage: message.usage.map(|usage| usage.normalise().into()),
        ..Completion::default()
    })
}

/// Adds a block to the reply; whether it was the answer in JSON.
fn add(reply: &mut ReplyMessage, block: Block) -> bool {
    match block {
        Block::Text { text, citations, .. } => {
            let start = reply.content.as_ref().map_or(0, |content| content.chars().count());
            reply.content.get_or_insert_default().push_str(&text);
            let end = start + text.chars().count();
            let citations = citations.unwrap_or_default();
            reply.annotations.extend(citations.iter().filter_map(|citation| annotation(citation, start, end)));
            cite(&mut reply.provider_specific_fields, citations);
            false
        }
        Block::Thinking { thinking, signature } => {
            reply.reasoning_content.get_or_insert_default().push_str(&thinking);
            reply.thinking_blocks.push(thinking_block(&thinking, &signature));
            false
        }
        Block::RedactedThinking { data } => {
            reply.thinking_blocks.push(json!({ "type": "redacted_thinking", "data": data }));
            false
        }
        Block::ToolUse { name, input, .. } if name == JSON_TOOL || name == JSON_VALUE_TOOL => {
            let answer = if name == JSON_TOOL { Some(&input) } else { input.get("value") };
            reply.content.get_or_insert_default().push_str(&answer.unwrap_or(&input).to_string());
            true
        }
        Block::ToolUse { id, name, input, .. } => {
            let function = FunctionCall { name, arguments: input.to_string() };
            reply.tool_calls.push(ToolCall { id, kind: "function".to_owned(), function, ..ToolCall::default() });
            false
        }
        // What Anthropic's own tools did is told for who knows it.
        Block::Other(fields) => {
            let own = reply.provider_specific_fields.get_or_insert_with(|| json!({}));
            if let Some(own) = own.as_object_mut()
                && let Value::Array(blocks) = own.entry("content_blocks").or_insert_with(|| json!([]))
            {
                blocks.push(Value::Object(fields));
            }
            false
        }
        Block::Image { .. } | Block::Document { .. } | Block::ToolResult { .. } => false,
    }
}

fn cite(fields: &mut Option<Value>, citations: Vec<Value>) {
    if citations.is_empty() {
        return;
    }
    let fields = fields.get_or_insert_with(|| json!({}));
    if let Some(fields) = fields.as_object_mut()
        && let Value::Array(known) = fields.entry("citations").or_insert_with(|| json!([]))
    {
        known.extend(citations);
    }
}

/// A citation of a page as OpenAI's annotation of the text from `start` to `end`.
pub(super) fn annotation(citation: &Value, start: usize, end: usize) -> Option<Value> {
    let url = citation.get("url").and_then(Value::as_str)?;
    let title = citation.get("title").and_then(Value::as_str).unwrap_or_default();
    let place = json!({ "start_index": start, "end_index": end, "url": url, "title": title });
    Some(json!({ "type": "url_citation", "url_citation": place }))
}

/// Why it ended, in OpenAI's words.
pub(super) fn finish_reason(stop_reason: Option<&str>) -> FinishReason {
    match stop_reason {
        Some("max_tokens" | "model_context_window_exceeded") => FinishReason::Length,
        Some("tool_use") => FinishReason::ToolCalls,
        Some("refusal") => FinishReason::ContentFilter,
        _ => FinishReason::Stop,
    }
}
