//! Cohere's own types, as far as they are touched.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::usage::Usage;

/// No answer has more tokens of a kind: what is claimed beyond is a mistake.
const COUNT_MAX: f64 = 1e10;

/// A request.
#[derive(Debug, Default, Serialize)]
pub(super) struct ChatRequest {
    pub(super) model: String,
    pub(super) messages: Vec<Turn>,
    pub(super) stream: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_choice: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) strict_tools: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_format: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) stop_sequences: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) presence_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) k: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thinking: Option<Value>,
    /// Fields of Cohere's own, as the client has them.
    #[serde(flatten)]
    pub(super) other: Map<String, Value>,
}

/// A message of a request.
#[derive(Debug, Default, Serialize)]
pub(super) struct Turn {
    pub(super) role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_calls: Vec<ToolCall>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_plan: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_call_id: Option<String>,
}

/// A call of a tool, in a request, an answer or the event that begins one.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct ToolCall {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) function: ToolFunction,
}

/// Which tool, and its arguments as text.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct ToolFunction {
    pub(super) name: String,
    pub(super) arguments: String,
}

/// A whole answer.
#[derive(Debug, Deserialize)]
pub(super) struct ChatAnswer {
    pub(super) id: String,
    pub(super) finish_reason: String,
    pub(super) message: AnswerMessage,
    #[serde(default)]
    pub(super) usage: Option<WireUsage>,
    #[serde(default)]
    pub(super) logprobs: Option<Vec<LogProb>>,
}

/// What the model says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AnswerMessage {
    pub(super) content: Option<Vec<ContentPart>>,
    pub(super) tool_calls: Option<Vec<ToolCall>>,
    pub(super) tool_plan: Option<String>,
    pub(super) citations: Option<Vec<Value>>,
}

/// A part of it: text, or what the model thought.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ContentPart {
    pub(super) text: Option<String>,
    pub(super) thinking: Option<String>,
}

/// How likely some text was.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LogProb {
    pub(super) text: Option<String>,
    /// Of each token of the text.
    pub(super) logprobs: Option<Vec<f64>>,
}

/// Figures come as numbers with a decimal point.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireUsage {
    billed_units: Option<Units>,
    tokens: Option<Units>,
    cached_tokens: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Units {
    input_tokens: Option<f64>,
    output_tokens: Option<f64>,
}

impl WireUsage {
    /// What is billed, where it says so; else every token.
    pub(super) fn normalise(self) -> Usage {
        let (billed, tokens) = (self.billed_units.unwrap_or_default(), self.tokens.unwrap_or_default());
        let input = whole(billed.input_tokens.or(tokens.input_tokens));
        let cache_read = whole(self.cached_tokens).min(input);
        let output = whole(billed.output_tokens.or(tokens.output_tokens));
        Usage { input: input - cache_read, cache_read, output, ..Usage::default() }
    }
}

/// A count, however it is written; what is no count is none.
fn whole(count: Option<f64>) -> u64 {
    // Printed without a fraction it is a whole number, which needs no conversion that may go wrong.
    let count = count.filter(|count| *count > 0.0).map(|count| count.ceil().min(COUNT_MAX));
    count.and_then(|count| format!("{count:.0}").parse().ok()).unwrap_or(0)
}
