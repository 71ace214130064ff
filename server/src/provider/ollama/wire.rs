//! Ollama's own types, as far as they are touched.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::usage::Usage;
use crate::provider::openai::usage::TOKENS_MAX;

/// A request.
#[derive(Debug, Default, Serialize)]
pub(super) struct ChatRequest {
    pub(super) model: String,
    pub(super) messages: Vec<Message>,
    /// Always said: it streams by default.
    pub(super) stream: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tools: Vec<Value>,
    /// `json`, or a schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) format: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) think: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_logprobs: Option<u64>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) options: Map<String, Value>,
    /// Fields of Ollama's own, as the client has them.
    #[serde(flatten)]
    pub(super) other: Map<String, Value>,
}

/// A message, in a request or an answer.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Message {
    pub(super) role: String,
    pub(super) content: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thinking: Option<String>,
    /// In base64.
    #[serde(skip_serializing_if = "Vec::is_empty", skip_deserializing)]
    pub(super) images: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_calls: Option<Vec<ToolCall>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_call_id: Option<String>,
}

/// A call of a tool; it always comes whole.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct ToolCall {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    pub(super) function: Function,
}

/// Which tool, and its arguments.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) arguments: Map<String, Value>,
}

/// An answer, or a line of a stream of them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ChatAnswer {
    pub(super) message: Option<Message>,
    pub(super) done: bool,
    pub(super) done_reason: Option<String>,
    pub(super) logprobs: Option<Vec<Value>>,
    pub(super) prompt_eval_count: Option<u64>,
    pub(super) eval_count: Option<u64>,
    /// What went wrong after the stream had begun.
    pub(super) error: Option<String>,
}

impl ChatAnswer {
    /// What was read and written; thinking is part of what was written. Zero counts are left out on the wire.
    pub(super) fn usage(&self) -> Usage {
        let count = |count: Option<u64>| count.unwrap_or(0).min(TOKENS_MAX);
        Usage { input: count(self.prompt_eval_count), output: count(self.eval_count), ..Usage::default() }
    }
}
