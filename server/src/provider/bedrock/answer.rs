//! Answers: what whole ones and streams have in common, and whole ones.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::ANSWER_TOOL;
use crate::domain::usage::Usage;
use crate::provider::chat::{
    AnswerHead, Choice, Completion, CompletionUsage, FinishReason, FunctionCall, ReplyMessage, ToolCall,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    output: Output,
    stop_reason: Option<String>,
    usage: Option<WireUsage>,
    #[serde(flatten)]
    about: About,
}

#[derive(Deserialize)]
struct Output {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Vec<Block>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Block {
    text: Option<String>,
    tool_use: Option<ToolUse>,
    reasoning_content: Option<Reasoning>,
    citations_content: Option<Citations>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolUse {
    tool_use_id: String,
    name: String,
    #[serde(default)]
    input: Value,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Reasoning {
    reasoning_text: Option<ReasoningText>,
    redacted_content: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReasoningText {
    text: String,
    signature: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Citations {
    content: Vec<CitedText>,
    citations: Vec<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CitedText {
    text: String,
}

/// What comes beside the answer and is passed on as it is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct About {
    /// What guardrails and routers did.
    trace: Option<Value>,
    performance_config: Option<Value>,
    additional_model_response_fields: Option<Value>,
    service_tier: Option<Tier>,
}

#[derive(Clone, Debug, Deserialize)]
struct Tier {
    #[serde(rename = "type")]
    kind: String,
}

/// Where Claude says in its own fields how much it thought.
const THINKING_TOKENS: &str = "/usage/output_tokens_details/thinking_tokens";

/// Tokens. What was read from the cache or written to it is not among `inputTokens` (User Guide, "Prompt caching").
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireUsage {
    input_tokens: u64,
    output_tokens: u64,
    cache_read_input_tokens: Option<u64>,
    cache_write_input_tokens: Option<u64>,
    /// What was written to the cache, by how long it is kept.
    cache_details: Option<Vec<CacheDetail>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CacheDetail {
    ttl: String,
    input_tokens: u64,
}

/// What `usage` says, of an answer of which nothing else is known.
pub(super) fn usage_of(usage: &Value) -> Option<Usage> {
    WireUsage::deserialize(usage).ok().map(|usage| usage.normalise(&About::default()))
}

impl WireUsage {
    /// Each leg apart. What thinking took is among the output; only Claude tells how much it was, in `about`.
    pub(super) fn normalise(&self, about: &About) -> Usage {
        let written = self.cache_write_input_tokens.unwrap_or(0);
        let details = self.cache_details.as_deref().unwrap_or_default();
        let for_an_hour = details.iter().filter(|detail| detail.ttl == "1h").map(|detail| detail.input_tokens);
        let cache_write_1h = for_an_hour.fold(0, u64::saturating_add).min(written);
        let reasoning = about.thinking_tokens().min(self.output_tokens);
        Usage {
            input: self.input_tokens,
            cache_read: self.cache_read_input_tokens.unwrap_or(0),
            cache_write_5m: written - cache_write_1h,
            cache_write_1h,
            output: self.output_tokens - reasoning,
            reasoning,
            ..Usage::default()
        }
    }
}

impl About {
    fn thinking_tokens(&self) -> u64 {
        let fields = self.additional_model_response_fields.as_ref();
        let tokens = fields.and_then(|fields| fields.pointer(THINKING_TOKENS)).and_then(Value::as_u64);
        tokens.unwrap_or(0)
    }

    pub(super) fn service_tier(&self) -> Option<String> {
        self.service_tier.as_ref().map(|tier| tier.kind.clone())
    }

    /// The fields of a completion that say it.
    pub(super) fn fields(&self) -> Map<String, Value> {
        let fields = [
            ("trace", &self.trace),
            ("performanceConfig", &self.performance_config),
            ("additionalModelResponseFields", &self.additional_model_response_fields),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))).collect()
    }
}

/// Why the model stopped; `calls` where it calls a tool of the client's.
pub(super) fn finish_reason(stop_reason: Option<&str>, calls: bool) -> FinishReason {
    match stop_reason {
        Some("tool_use") if calls => FinishReason::ToolCalls,
        Some("end_turn" | "stop_sequence" | "tool_use") | None => FinishReason::Stop,
        Some("max_tokens" | "model_context_window_exceeded") => FinishReason::Length,
        Some("guardrail_intervened" | "content_filtered") => FinishReason::ContentFilter,
        Some(_) => FinishReason::Other,
    }
}

/// Anthropic's form of a thought.
pub(super) fn thinking(text: &str, signature: Option<&str>) -> Value {
    let mut block = json!({ "type": "thinking", "thinking": text });
    if let (Some(signature), Some(block)) = (signature, block.as_object_mut()) {
        block.insert("signature".to_owned(), Value::from(signature));
    }
    block
}

/// Anthropic's form of a thought that is not shown.
pub(super) fn redacted(data: &str) -> Value {
    json!({ "type": "redacted_thinking", "data": data })
}

/// OpenAI's form of a citation of a page, for the text from one character to another.
pub(super) fn annotation(citation: &Value, from: usize, to: usize) -> Option<Value> {
    let web = citation.pointer("/location/web/url").and_then(Value::as_str);
    let url = web.or_else(|| citation.get("source").and_then(Value::as_str).filter(|text| text.starts_with("http")))?;
    let title = citation.get("title").and_then(Value::as_str).unwrap_or_default();
    Some(json!({
        "type": "url_citation",
        "url_citation": { "url": url, "title": title, "start_index": from, "end_index": to },
    }))
}

pub(super) fn translate(body: &[u8], head: &AnswerHead) -> Result<Completion, String> {
    let answer: Answer =
        serde_json::from_slice(body).map_err(|error| format!("its answer is none of Converse: {error}"))?;
    let mut reply = Reply::default();
    for block in answer.output.message.content {
        reply.add(block);
    }
    let finish = finish_reason(answer.stop_reason.as_deref(), !reply.calls.is_empty());
    Ok(Completion {
        id: head.id.clone(),
        object: "chat.completion".to_owned(),
        created: head.created,
        model: head.model.clone(),
        choices: vec![Choice { index: 0, message: reply.message(), finish_reason: Some(finish), logprobs: None }],
        usage: answer.usage.map(|usage| CompletionUsage::from(usage.normalise(&answer.about))),
        service_tier: answer.about.service_tier(),
        other: answer.about.fields(),
        ..Completion::default()
    })
}

/// A message as its blocks add up to it.
#[derive(Default)]
struct Reply {
    text: String,
    /// JSON of the schema that was asked for.
    json: Option<String>,
    reasoning: String,
    thoughts: Vec<Value>,
    calls: Vec<ToolCall>,
    annotations: Vec<Value>,
    citations: Vec<Value>,
}

impl Reply {
    fn add(&mut self, block: Block) {
        self.text.push_str(block.text.as_deref().unwrap_or_default());
        if let Some(reasoning) = block.reasoning_content {
            if let Some(shown) = reasoning.reasoning_text {
                self.reasoning.push_str(&shown.text);
                self.thoughts.push(thinking(&shown.text, shown.signature.as_deref()));
            }
            self.thoughts.extend(reasoning.redacted_content.as_deref().map(redacted));
        }
        if let Some(call) = block.tool_use {
            self.call(call);
        }
        if let Some(cited) = block.citations_content {
            let from = self.text.chars().count();
            cited.content.iter().for_each(|piece| self.text.push_str(&piece.text));
            let to = self.text.chars().count();
            self.annotations.extend(cited.citations.iter().filter_map(|citation| annotation(citation, from, to)));
            self.citations.extend(cited.citations);
        }
    }

    fn call(&mut self, call: ToolUse) {
        let arguments = if call.input.is_null() { "{}".to_owned() } else { call.input.to_string() };
        if call.name == ANSWER_TOOL {
            self.json = Some(arguments);
            return;
        }
        let function = FunctionCall { name: call.name, arguments };
        let kind = "function".to_owned();
        self.calls.push(ToolCall { id: call.tool_use_id, kind, function, ..ToolCall::default() });
    }

    fn message(self) -> ReplyMessage {
        let content = self.json.or_else(|| (!self.text.is_empty() || self.calls.is_empty()).then_some(self.text));
        let has_citations = !self.citations.is_empty();
        ReplyMessage {
            role: "assistant".to_owned(),
            content,
            tool_calls: self.calls,
            reasoning_content: (!self.reasoning.is_empty()).then_some(self.reasoning),
            thinking_blocks: self.thoughts,
            annotations: self.annotations,
            provider_specific_fields: has_citations.then(|| json!({ "citations": self.citations })),
            ..ReplyMessage::default()
        }
    }
}

/// Bedrock's errors say `message`, those before it (of signatures, say) `Message`.
pub(super) fn error_message(body: &[u8]) -> Option<String> {
    let error: Map<String, Value> = serde_json::from_slice(body).ok()?;
    ["message", "Message"].into_iter().find_map(|name| error.get(name)?.as_str().map(str::to_owned))
}
