//! A response, and the events of its stream.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Thought, null_as_default, null_as_empty, null_as_zero};
use crate::domain::usage::Usage;
use crate::provider::openai::usage::TOKENS_MAX;

/// A response, as far as it is read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are OpenAI's, documented there")]
pub struct Response {
    pub id: String,
    pub object: String,
    /// Seconds since 1970; some write them as a float.
    pub created_at: f64,
    pub model: String,
    /// `completed`, `incomplete`, `failed`, `in_progress`, `queued` or `cancelled`.
    pub status: String,
    #[serde(deserialize_with = "null_as_empty")]
    pub output: Vec<OutputItem>,
    pub incomplete_details: Option<IncompleteDetails>,
    pub error: Option<ResponseError>,
    pub usage: Option<WireUsage>,
    pub service_tier: Option<String>,
}

/// Why it ended too early.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IncompleteDetails {
    /// `max_output_tokens` or `content_filter`.
    pub reason: Option<String>,
}

/// What went wrong.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ResponseError {
    /// For people.
    pub message: String,
}

/// One item of a response.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields are OpenAI's, documented there")]
pub enum OutputItem {
    Message {
        #[serde(default)]
        content: Vec<OutputPart>,
    },
    FunctionCall {
        #[serde(default)]
        call_id: String,
        #[serde(default)]
        name: String,
        #[serde(default)]
        arguments: String,
    },
    CustomToolCall {
        #[serde(default)]
        call_id: String,
        #[serde(default)]
        name: String,
        #[serde(default)]
        input: String,
    },
    Reasoning {
        #[serde(default, deserialize_with = "null_as_empty")]
        summary: Vec<Thought>,
        #[serde(default, deserialize_with = "null_as_empty")]
        content: Vec<Thought>,
    },
    /// What the provider's own tools did.
    #[serde(untagged)]
    Other(Map<String, Value>),
}

impl OutputItem {
    /// The provider searched the web.
    #[must_use]
    pub fn is_search(&self) -> bool {
        matches!(self, Self::Other(fields) if fields.get("type").is_some_and(|kind| kind == "web_search_call"))
    }
}

/// A part of what the model says.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields are OpenAI's, documented there")]
pub enum OutputPart {
    OutputText {
        text: String,
        #[serde(default, deserialize_with = "null_as_empty")]
        annotations: Vec<Value>,
        #[serde(default)]
        logprobs: Option<Value>,
    },
    Refusal {
        refusal: String,
    },
    #[serde(untagged)]
    Other(Map<String, Value>),
}

/// Usage: details are parts of their wholes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are OpenAI's, documented there")]
pub struct WireUsage {
    #[serde(deserialize_with = "null_as_zero")]
    pub input_tokens: u64,
    #[serde(deserialize_with = "null_as_default")]
    pub input_tokens_details: InputTokensDetails,
    #[serde(deserialize_with = "null_as_zero")]
    pub output_tokens: u64,
    #[serde(deserialize_with = "null_as_default")]
    pub output_tokens_details: OutputTokensDetails,
    #[serde(deserialize_with = "null_as_zero")]
    pub total_tokens: u64,
}

/// Parts of `input_tokens`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are OpenAI's, documented there")]
pub struct InputTokensDetails {
    #[serde(deserialize_with = "null_as_zero")]
    pub cached_tokens: u64,
    #[serde(deserialize_with = "null_as_zero")]
    pub cache_write_tokens: u64,
}

/// Parts of `output_tokens`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct OutputTokensDetails {
    /// What the model thought.
    #[serde(deserialize_with = "null_as_zero")]
    pub reasoning_tokens: u64,
}

impl From<WireUsage> for Usage {
    /// Each leg apart. A detail larger than its whole is cut to it.
    fn from(wire: WireUsage) -> Self {
        let read = wire.input_tokens.min(TOKENS_MAX);
        let cache_read = wire.input_tokens_details.cached_tokens.min(read);
        let cache_write_5m = wire.input_tokens_details.cache_write_tokens.min(read - cache_read);
        let written = wire.output_tokens.min(TOKENS_MAX);
        let reasoning = wire.output_tokens_details.reasoning_tokens.min(written);
        Self {
            input: read - cache_read - cache_write_5m,
            cache_read,
            cache_write_5m,
            output: written - reasoning,
            reasoning,
            ..Self::default()
        }
    }
}

impl From<&Usage> for WireUsage {
    fn from(usage: &Usage) -> Self {
        Self {
            input_tokens: usage.prompt_tokens(),
            input_tokens_details: InputTokensDetails {
                cached_tokens: usage.cache_read,
                cache_write_tokens: usage.cache_write_5m.saturating_add(usage.cache_write_1h),
            },
            output_tokens: usage.completion_tokens(),
            output_tokens_details: OutputTokensDetails { reasoning_tokens: usage.reasoning },
            total_tokens: usage.total_tokens(),
        }
    }
}

/// An event of a stream, as far as it is read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are OpenAI's, documented there")]
pub struct Event {
    #[serde(rename = "type")]
    pub kind: String,
    pub response: Option<Response>,
    pub item: Option<OutputItem>,
    pub output_index: u64,
    pub delta: Option<Value>,
    pub annotation: Option<Value>,
    pub message: Option<String>,
    pub error: Option<ResponseError>,
}
