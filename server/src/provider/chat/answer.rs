//! A whole answer.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::request::ToolCall;
use crate::domain::usage::Usage;

/// A chat completion.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are OpenAI's, documented there")]
pub struct Completion {
    pub id: String,
    pub object: String,
    /// Seconds since 1970.
    pub created: i64,
    pub model: String,
    pub choices: Vec<Choice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<CompletionUsage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_fingerprint: Option<String>,
    /// Fields of a provider's own, such as Perplexity's `citations`.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// One of the answers.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are OpenAI's, documented there")]
pub struct Choice {
    pub index: u64,
    pub message: ReplyMessage,
    pub finish_reason: Option<FinishReason>,
    pub logprobs: Option<Value>,
}

/// What the model says.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are OpenAI's, documented there")]
pub struct ReplyMessage {
    pub role: String,
    /// Null where only tools are called.
    pub content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "super::request::null_as_empty")]
    pub tool_calls: Vec<ToolCall>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<String>,
    /// Anthropic's `thinking` and `redacted_thinking` blocks, signatures included, for the next turn.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "super::request::null_as_empty")]
    pub thinking_blocks: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "super::request::null_as_empty")]
    pub annotations: Vec<Value>,
    /// Images the model made, as LiteLLM has them: `image_url` parts with `data:` URIs.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "super::request::null_as_empty")]
    pub images: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_specific_fields: Option<Value>,
}

/// Why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "names are OpenAI's")]
pub enum FinishReason {
    Stop,
    Length,
    ToolCalls,
    ContentFilter,
    /// The form before `tool_calls`.
    FunctionCall,
    /// What some provider says besides.
    #[serde(other)]
    Other,
}

/// Usage, as OpenAI and LiteLLM report it: details are parts of their wholes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are OpenAI's and LiteLLM's, documented there")]
pub struct CompletionUsage {
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    pub total_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_tokens_details: Option<PromptTokensDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion_tokens_details: Option<CompletionTokensDetails>,
    /// LiteLLM's: Anthropic's figures under Anthropic's names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_creation_input_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read_input_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_tool_use: Option<ServerToolUse>,
}

/// What Anthropic's own tools did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are Anthropic's, documented there")]
pub struct ServerToolUse {
    pub web_search_requests: u64,
}

/// Parts of `prompt_tokens`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are OpenAI's and LiteLLM's, documented there")]
pub struct PromptTokensDetails {
    pub cached_tokens: u64,
    pub audio_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub image_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_creation_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_creation_token_details: Option<CacheCreation>,
}

/// Tokens written to a provider's cache, by how long it keeps them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are Anthropic's, documented there")]
pub struct CacheCreation {
    pub ephemeral_5m_input_tokens: u64,
    pub ephemeral_1h_input_tokens: u64,
}

/// Parts of `completion_tokens`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are OpenAI's and LiteLLM's, documented there")]
pub struct CompletionTokensDetails {
    pub reasoning_tokens: u64,
    pub audio_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub image_tokens: u64,
}

impl From<Usage> for CompletionUsage {
    fn from(usage: Usage) -> Self {
        let written = usage.cache_write_5m.saturating_add(usage.cache_write_1h);
        let split = CacheCreation {
            ephemeral_5m_input_tokens: usage.cache_write_5m,
            ephemeral_1h_input_tokens: usage.cache_write_1h,
        };
        let caches = usage.cache_read > 0 || written > 0;
        Self {
            prompt_tokens: usage.prompt_tokens(),
            completion_tokens: usage.completion_tokens(),
            total_tokens: usage.total_tokens(),
            prompt_tokens_details: Some(PromptTokensDetails {
                cached_tokens: usage.cache_read,
                audio_tokens: usage.input_audio,
                image_tokens: usage.input_image,
                cache_creation_tokens: written,
                cache_creation_token_details: (written > 0).then_some(split),
            }),
            completion_tokens_details: Some(CompletionTokensDetails {
                reasoning_tokens: usage.reasoning,
                audio_tokens: usage.output_audio,
                image_tokens: usage.output_image,
            }),
            cache_creation_input_tokens: caches.then_some(written),
            cache_read_input_tokens: caches.then_some(usage.cache_read),
            server_tool_use: (usage.queries > 0).then_some(ServerToolUse { web_search_requests: usage.queries }),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}
