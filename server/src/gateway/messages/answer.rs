//! OpenAI's answer as one of Anthropic's.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::provider::anthropic::usage::WireUsage;
use crate::provider::anthropic::wire::{Block, Message};
use crate::provider::chat::{Completion, FinishReason, ReplyMessage};
use crate::provider::openai::read_answer;

/// The answer; `None` where it is none that can be read.
pub(in crate::gateway) fn encode(openai: &Bytes) -> Option<Bytes> {
    let completion: Completion = serde_json::from_slice(openai).ok()?;
    let usage = read_answer(openai).usage.unwrap_or_default();
    let choice = completion.choices.into_iter().next()?;
    let is_refused = choice.message.refusal.as_ref().is_some_and(|text| !text.is_empty());
    let message = Message {
        id: message_id(&completion.id),
        kind: "message".to_owned(),
        role: "assistant".to_owned(),
        model: completion.model,
        content: blocks(choice.message),
        stop_reason: Some(stop_reason(choice.finish_reason, is_refused).to_owned()),
        stop_sequence: None,
        usage: Some(WireUsage::from(&usage)),
    };
    serde_json::to_vec(&message).ok().map(Bytes::from)
}

/// Anthropic's ids begin like this.
pub(super) fn message_id(id: &str) -> String {
    if id.starts_with("msg_") { id.to_owned() } else { format!("msg_{}", id.trim_start_matches("chatcmpl-")) }
}

fn blocks(reply: ReplyMessage) -> Vec<Block> {
    let thoughts: Vec<Block> =
        reply.thinking_blocks.into_iter().filter_map(|block| serde_json::from_value(block).ok()).collect();
    let mut blocks = thoughts;
    if blocks.is_empty()
        && let Some(thinking) = reply.reasoning_content.filter(|text| !text.is_empty())
    {
        blocks.push(Block::Thinking { thinking, signature: String::new() });
    }
    let text = reply.content.or(reply.refusal).filter(|text| !text.is_empty());
    blocks.extend(text.map(Block::text));
    blocks.extend(reply.tool_calls.into_iter().map(|call| {
        let input = Value::Object(call.function.arguments_object());
        Block::ToolUse { id: call.id, name: call.function.name, input, cache_control: None }
    }));
    blocks
}

/// Why it ended, in Anthropic's words. A refusal of OpenAI's ends like any other answer.
pub(super) const fn stop_reason(reason: Option<FinishReason>, is_refused: bool) -> &'static str {
    if is_refused {
        return "refusal";
    }
    match reason {
        Some(FinishReason::Length) => "max_tokens",
        Some(FinishReason::ToolCalls | FinishReason::FunctionCall) => "tool_use",
        Some(FinishReason::ContentFilter) => "refusal",
        Some(FinishReason::Stop | FinishReason::Other) | None => "end_turn",
    }
}

/// An error's body.
pub(in crate::gateway) fn encode_error(status: u16, openai: &Bytes) -> Bytes {
    let body: Value = serde_json::from_slice(openai).unwrap_or_default();
    let message = body.pointer("/error/message").and_then(Value::as_str).unwrap_or("The provider failed.");
    Bytes::from(error(crate::error::anthropic_type(status), message).to_string())
}

/// An error as Anthropic words it.
pub(super) fn error(kind: &str, message: &str) -> Value {
    json!({ "type": "error", "error": { "type": kind, "message": message } })
}
