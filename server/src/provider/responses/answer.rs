//! A whole response as a chat completion.

use serde_json::{Value, json};

use super::Responses;
use super::wire::{OutputItem, OutputPart, Response, Thought};
use crate::domain::usage::Usage;
use crate::provider::chat::{
    AnswerHead, Choice, Completion, CompletionUsage, FinishReason, FunctionCall, ReplyMessage, ToolCall,
};

impl Responses {
    /// Reads a whole response.
    ///
    /// # Errors
    /// When the body is none, or one that failed; the text says why.
    pub(super) fn read(body: &[u8], head: &AnswerHead) -> Result<Completion, String> {
        let response: Response =
            serde_json::from_slice(body).map_err(|error| format!("its answer is no response: {error}"))?;
        let (reason, usage) = (finish_reason(&response), usage(&response));
        let message = message(response.output);
        let reason = if message.tool_calls.is_empty() { reason } else { FinishReason::ToolCalls };
        let is_named = |text: &String| !text.is_empty();
        Ok(Completion {
            id: Some(response.id).filter(is_named).unwrap_or_else(|| head.id.clone()),
            object: "chat.completion".to_owned(),
            created: head.created,
            model: Some(response.model).filter(is_named).unwrap_or_else(|| head.model.clone()),
            choices: vec![Choice { index: 0, message, finish_reason: Some(reason), logprobs: None }],
            usage,
            service_tier: response.service_tier,
            ..Completion::default()
        })
    }
}

/// What a response used, searches included; `None` where it does not tell.
pub(super) fn usage(response: &Response) -> Option<CompletionUsage> {
    let searches = response.output.iter().filter(|item| item.is_search()).count();
    let queries = u64::try_from(searches).unwrap_or(u64::MAX);
    response.usage.map(|usage| CompletionUsage::from(Usage { queries, ..usage.into() }))
}

/// Why a response ended.
pub(super) fn finish_reason(response: &Response) -> FinishReason {
    let details = response.incomplete_details.as_ref().and_then(|details| details.reason.as_deref());
    match (response.status.as_str(), details) {
        ("incomplete", Some("content_filter")) => FinishReason::ContentFilter,
        ("incomplete", _) => FinishReason::Length,
        _ => FinishReason::Stop,
    }
}

fn message(output: Vec<OutputItem>) -> ReplyMessage {
    let mut message = ReplyMessage { role: "assistant".to_owned(), ..ReplyMessage::default() };
    for item in output {
        match item {
            OutputItem::Message { content } => content.into_iter().for_each(|part| add_part(&mut message, part)),
            OutputItem::FunctionCall { call_id, name, arguments }
            | OutputItem::CustomToolCall { call_id, name, input: arguments } => {
                let function = FunctionCall { name, arguments };
                let kind = "function".to_owned();
                message.tool_calls.push(ToolCall { id: call_id, kind, function, ..ToolCall::default() });
            }
            OutputItem::Reasoning { summary, content } => {
                let text = thoughts(if summary.is_empty() { &content } else { &summary });
                if !text.is_empty() {
                    message.reasoning_content.get_or_insert_default().push_str(&text);
                }
            }
            OutputItem::Other(_) => {}
        }
    }
    message
}

fn add_part(message: &mut ReplyMessage, part: OutputPart) {
    match part {
        OutputPart::OutputText { text, annotations, .. } => {
            message.content.get_or_insert_default().push_str(&text);
            message.annotations.extend(annotations.iter().filter_map(chat_annotation));
        }
        OutputPart::Refusal { refusal } => message.refusal.get_or_insert_default().push_str(&refusal),
        OutputPart::Other(_) => {}
    }
}

/// A citation as chat completions have it; `None` where they have nothing like it.
pub(super) fn chat_annotation(annotation: &Value) -> Option<Value> {
    let fields =
        annotation.as_object().filter(|_| annotation.get("type").is_some_and(|kind| kind == "url_citation"))?;
    let mut citation = fields.clone();
    citation.remove("type");
    Some(json!({ "type": "url_citation", "url_citation": citation }))
}

/// All that was thought, a blank line between pieces.
#[must_use]
pub fn thoughts(pieces: &[Thought]) -> String {
    pieces.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>().join("\n\n")
}
