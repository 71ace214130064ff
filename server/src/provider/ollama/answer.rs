//! A whole answer, and what whole answers and streams have in common.

use serde_json::{Value, json};

use super::wire::{ChatAnswer, ToolCall as WireCall};
use crate::provider::chat::{AnswerHead, Choice, Completion, FinishReason, FunctionCall, ReplyMessage, ToolCall};

/// # Errors
/// When the body is no answer.
pub(super) fn translate(body: &[u8], head: &AnswerHead) -> Result<Completion, String> {
    let answer: ChatAnswer = serde_json::from_slice(body).map_err(|error| format!("not an answer: {error}"))?;
    if let Some(error) = answer.error {
        return Err(error);
    }
    let usage = answer.usage();
    let Some(message) = answer.message else { return Err("not an answer: it has no message".to_owned()) };
    let calls = message.tool_calls.unwrap_or_default();
    let finish_reason = finish_reason(answer.done_reason.as_deref(), !calls.is_empty());
    let tool_calls = calls.into_iter().enumerate().map(|(index, call)| openai_call(&head.id, index, call));
    let message = ReplyMessage {
        role: "assistant".to_owned(),
        tool_calls: tool_calls.collect(),
        content: Some(message.content).filter(|text| !text.is_empty()),
        reasoning_content: message.thinking.filter(|text| !text.is_empty()),
        ..ReplyMessage::default()
    };
    Ok(Completion {
        id: head.id.clone(),
        object: "chat.completion".to_owned(),
        created: head.created,
        model: head.model.clone(),
        choices: vec![Choice {
            index: 0,
            message,
            finish_reason: Some(finish_reason),
            logprobs: answer.logprobs.map(logprobs),
        }],
        usage: Some(usage.into()),
        ..Completion::default()
    })
}

/// A call as OpenAI has it. Older servers give it no id: it gets one that no other call has.
pub(super) fn openai_call(answer_id: &str, index: usize, call: WireCall) -> ToolCall {
    let arguments = Value::Object(call.function.arguments).to_string();
    let id = call.id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call_{answer_id}_{index}"));
    let function = FunctionCall { name: call.function.name, arguments };
    ToolCall { id, kind: "function".to_owned(), function, provider_specific_fields: None }
}

/// Why the model stopped: that it calls tools, it does not say.
pub(super) fn finish_reason(name: Option<&str>, calls_tools: bool) -> FinishReason {
    match name {
        Some("length") => FinishReason::Length,
        _ if calls_tools => FinishReason::ToolCalls,
        _ => FinishReason::Stop,
    }
}

/// Ollama's figures, which are OpenAI's but for what it leaves out.
pub(super) fn logprobs(tokens: Vec<Value>) -> Value {
    let complete = |mut token: Value| {
        if let Some(fields) = token.as_object_mut() {
            fields.entry("bytes").or_insert(Value::Null);
            fields.entry("top_logprobs").or_insert_with(|| json!([]));
        }
        token
    };
    json!({ "content": tokens.into_iter().map(complete).collect::<Vec<_>>() })
}
