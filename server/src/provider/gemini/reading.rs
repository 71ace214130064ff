//! A candidate's parts, read into OpenAI's fields: of a whole answer all at once, of a stream piece by piece.

use serde_json::{Map, Value, json};

use super::signature;
use super::wire::{Candidate, FunctionCall, Part};
use crate::provider::chat::answer::{FinishReason, ReplyMessage};
use crate::provider::chat::{self, ToolCall, signed_id};

/// What parts say.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) text: Option<String>,
    pub(super) reasoning: Option<String>,
    pub(super) calls: Vec<ToolCall>,
    /// OpenAI has no images in answers; this is LiteLLM's form of them.
    pub(super) images: Vec<Value>,
    pub(super) audio: Option<Value>,
    /// All signatures, those of calls among them.
    pub(super) signatures: Vec<String>,
}

/// Reads the parts of one candidate, one event after the other.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// Calls and images so far.
    calls: usize,
    images: usize,
}

impl Reader {
    /// Reads more parts. `id` is the answer's: calls that have no id get theirs from it.
    pub(super) fn read(&mut self, parts: Vec<Part>, candidate: u64, id: &str) -> Said {
        let mut said = Said::default();
        for part in parts {
            let signature = part.thought_signature.filter(|signature| !signature.is_empty());
            let to = if part.thought == Some(true) { &mut said.reasoning } else { &mut said.text };
            append(to, part.text);
            append(&mut said.text, part.executable_code.map(|code| fenced(&code.language.to_lowercase(), &code.code)));
            append(&mut said.text, part.code_execution_result.map(|result| fenced("", &result.output)));
            if let Some(call) = part.function_call {
                let number = self.calls;
                self.calls += 1;
                let own_id = || format!("call_{}_{candidate}_{number}", id.trim_start_matches("chatcmpl-"));
                said.calls.push(tool_call(call, own_id, signature.as_deref()));
            }
            if let Some(data) = part.inline_data {
                if data.mime_type.starts_with("audio/") {
                    said.audio = Some(json!({ "id": format!("audio_{id}"), "data": data.data, "transcript": "" }));
                } else {
                    let url = format!("data:{};base64,{}", data.mime_type, data.data);
                    let image_url = json!({ "url": url, "detail": "auto" });
                    said.images.push(json!({ "type": "image_url", "index": self.images, "image_url": image_url }));
                    self.images += 1;
                }
            }
            said.signatures.extend(signature);
        }
        said
    }

    /// Whether functions were called.
    pub(super) const fn has_calls(&self) -> bool {
        self.calls > 0
    }
}

fn append(to: &mut Option<String>, text: Option<String>) {
    if let Some(text) = text {
        match to {
            Some(so_far) => so_far.push_str(&text),
            None if text.is_empty() => {}
            None => *to = Some(text),
        }
    }
}

fn fenced(language: &str, text: &str) -> String {
    format!("\n```{language}\n{}\n```\n", text.trim_end())
}

fn tool_call(call: FunctionCall, own_id: impl FnOnce() -> String, signature: Option<&str>) -> ToolCall {
    let id = call.id.filter(|id| !id.is_empty()).unwrap_or_else(own_id);
    ToolCall {
        id: signed_id::with(&id, signature),
        kind: "function".to_owned(),
        function: chat::FunctionCall { name: call.name, arguments: Value::Object(call.args).to_string() },
        provider_specific_fields: signature::fields(signature),
    }
}

impl Said {
    /// As a message.
    pub(super) fn into_message(self) -> ReplyMessage {
        let mut fields = Map::new();
        signature::add_to(&mut fields, self.signatures);
        ReplyMessage {
            role: "assistant".to_owned(),
            content: self.text,
            tool_calls: self.calls,
            reasoning_content: self.reasoning,
            images: self.images,
            audio: self.audio,
            provider_specific_fields: (!fields.is_empty()).then_some(Value::Object(fields)),
            ..ReplyMessage::default()
        }
    }
}

/// Why an answer ended, in OpenAI's words.
///
/// Source: Gemini API reference and Vertex AI API reference, `FinishReason`.
pub(super) fn finish_reason(reason: &str, has_calls: bool) -> FinishReason {
    match reason {
        "MAX_TOKENS" => FinishReason::Length,
        "SAFETY"
        | "RECITATION"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION"
        | "MODEL_ARMOR" => FinishReason::ContentFilter,
        _ if has_calls => FinishReason::ToolCalls,
        _ => FinishReason::Stop,
    }
}

/// What Google says of an ending that OpenAI has no word for: why, and how it rated the answer.
pub(super) fn ending_details(candidate: &Candidate) -> Map<String, Value> {
    let mut details = Map::new();
    let reason = candidate.finish_reason.as_deref().unwrap_or_default();
    if !matches!(reason, "" | "STOP" | "MAX_TOKENS") {
        details.insert("native_finish_reason".to_owned(), Value::from(reason));
        let message = candidate.finish_message.as_ref().map(|message| Value::from(message.as_str()));
        let named = [("finish_message", message), ("safety_ratings", candidate.safety_ratings.clone())];
        details.extend(named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    details
}
