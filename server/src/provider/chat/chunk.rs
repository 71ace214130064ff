//! A piece of a streamed answer.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::answer::{CompletionUsage, FinishReason};

/// One event of a stream.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are OpenAI's, documented there")]
pub struct Chunk {
    pub id: String,
    pub object: String,
    /// Seconds since 1970.
    pub created: i64,
    pub model: String,
    pub choices: Vec<ChunkChoice>,
    /// Only of the last chunk, which has no choices then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<CompletionUsage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// Fields of a provider's own.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// What is new in one of the answers.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are OpenAI's, documented there")]
pub struct ChunkChoice {
    pub index: u64,
    pub delta: Delta,
    pub finish_reason: Option<FinishReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<Value>,
}

/// What is added to the message.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are OpenAI's and LiteLLM's, documented there")]
pub struct Delta {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<String>,
    /// A piece of a thinking block, or its signature, in the block's own form.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "super::request::null_as_empty")]
    pub thinking_blocks: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "super::request::null_as_empty")]
    pub tool_calls: Vec<ToolCallDelta>,
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

/// A piece of a tool call: the first one of an index has id and name.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are OpenAI's, documented there")]
pub struct ToolCallDelta {
    pub index: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    pub function: FunctionDelta,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_specific_fields: Option<Value>,
}

/// Name and arguments, as far as they are new.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are OpenAI's, documented there")]
pub struct FunctionDelta {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<String>,
}

impl Delta {
    /// Text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { content: Some(text.into()), ..Self::default() }
    }

    /// Reasoning.
    #[must_use]
    pub fn reasoning(text: impl Into<String>) -> Self {
        Self { reasoning_content: Some(text.into()), ..Self::default() }
    }

    /// The beginning of the tool call number `index`.
    #[must_use]
    pub fn tool_start(index: u64, id: impl Into<String>, name: impl Into<String>) -> Self {
        let function = FunctionDelta { name: Some(name.into()), arguments: Some(String::new()) };
        let (id, kind) = (Some(id.into()), Some("function".to_owned()));
        Self {
            tool_calls: vec![ToolCallDelta { index, id, kind, function, ..ToolCallDelta::default() }],
            ..Self::default()
        }
    }

    /// More of its arguments.
    #[must_use]
    pub fn tool_arguments(index: u64, arguments: impl Into<String>) -> Self {
        let function = FunctionDelta { name: None, arguments: Some(arguments.into()) };
        Self { tool_calls: vec![ToolCallDelta { index, function, ..ToolCallDelta::default() }], ..Self::default() }
    }
}
