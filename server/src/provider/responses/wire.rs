//! Wire types, as far as they are read or written here; the rest is kept as it came.

mod response;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

pub use response::{
    Event, IncompleteDetails, InputTokensDetails, OutputItem, OutputPart, OutputTokensDetails, Response, ResponseError,
    WireUsage,
};

/// A request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are OpenAI's, documented there")]
pub struct ResponsesBody {
    pub model: Option<String>,
    pub input: Option<Input>,
    pub instructions: Option<String>,
    #[serde(deserialize_with = "null_as_empty")]
    pub tools: Vec<Tool>,
    pub tool_choice: Option<Value>,
    pub parallel_tool_calls: Option<bool>,
    pub text: Option<TextConfig>,
    pub reasoning: Option<Reasoning>,
    pub max_output_tokens: Option<u64>,
    pub max_tool_calls: Option<u64>,
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    pub top_logprobs: Option<u64>,
    pub user: Option<String>,
    pub safety_identifier: Option<String>,
    pub metadata: Option<Value>,
    pub store: Option<bool>,
    pub truncation: Option<String>,
    #[serde(deserialize_with = "null_as_empty")]
    pub include: Vec<String>,
    pub service_tier: Option<String>,
    pub prompt_cache_key: Option<String>,
    pub stream: Option<bool>,
    pub previous_response_id: Option<String>,
    pub conversation: Option<Value>,
    pub background: Option<bool>,
    pub prompt: Option<Value>,
    pub context_management: Option<Value>,
    pub moderation: Option<Value>,
    /// Everything else.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// What the model reads.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected a text, or a list of items")]
#[expect(missing_docs, reason = "one text or several items")]
pub enum Input {
    Text(String),
    Items(Vec<InputItem>),
}

/// One item of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields are OpenAI's, documented there")]
pub enum Item {
    Message {
        role: Role,
        content: Said,
    },
    FunctionCall {
        call_id: String,
        name: String,
        #[serde(default)]
        namespace: Option<String>,
        #[serde(default)]
        arguments: String,
    },
    FunctionCallOutput {
        call_id: String,
        output: Said,
    },
    CustomToolCall {
        call_id: String,
        name: String,
        #[serde(default)]
        namespace: Option<String>,
        #[serde(default)]
        input: String,
    },
    CustomToolCallOutput {
        call_id: String,
        output: Said,
    },
    Reasoning {
        #[serde(default)]
        id: Option<String>,
        #[serde(default, deserialize_with = "null_as_empty")]
        summary: Vec<Thought>,
        #[serde(default, deserialize_with = "null_as_empty")]
        content: Vec<Thought>,
        #[serde(default)]
        encrypted_content: Option<String>,
    },
    /// A kind that only the API itself makes something of.
    #[serde(untagged)]
    Other(Map<String, Value>),
}

/// An item as clients send it: a message may leave its type out.
#[derive(Clone, Debug)]
pub struct InputItem(pub Item);

impl<'de> Deserialize<'de> for InputItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Map::deserialize(deserializer)?;
        if !fields.contains_key("type") && fields.contains_key("role") {
            fields.insert("type".to_owned(), Value::from("message"));
        }
        serde_json::from_value(Value::Object(fields)).map(Self).map_err(serde::de::Error::custom)
    }
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "names are OpenAI's")]
pub enum Role {
    User,
    Assistant,
    System,
    Developer,
}

/// Text, or parts of several kinds.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged, expecting = "expected a text, or a list of parts")]
#[expect(missing_docs, reason = "one or several")]
pub enum Said {
    Text(String),
    Parts(Vec<Part>),
}

/// A part of a message, or of what a tool answers.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields are OpenAI's, documented there")]
pub enum Part {
    #[serde(alias = "text")]
    InputText {
        text: String,
    },
    OutputText {
        text: String,
    },
    Refusal {
        refusal: String,
    },
    InputImage {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        image_url: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file_id: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    InputFile {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file_id: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file_url: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file_data: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        filename: Option<String>,
    },
    InputAudio {
        input_audio: crate::provider::chat::InputAudio,
    },
    /// A kind this gateway does not know.
    #[serde(untagged)]
    Other(Map<String, Value>),
}

/// A piece of what the model thought: `summary_text` or `reasoning_text`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Thought {
    /// Which of both.
    #[serde(rename = "type")]
    pub kind: String,
    /// The text.
    pub text: String,
}

/// A tool.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields are OpenAI's, documented there")]
pub enum Tool {
    Function {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        #[serde(default)]
        parameters: Option<Value>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        strict: Option<bool>,
    },
    Custom {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<Value>,
    },
    /// Functions and custom tools that belong together.
    Namespace {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        tools: Vec<Self>,
    },
    /// One that the provider runs, or that only some models know.
    #[serde(untagged)]
    Other(Map<String, Value>),
}

/// In which form the answer is wanted.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are OpenAI's, documented there")]
pub struct TextConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verbosity: Option<String>,
}

/// The form itself.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields are OpenAI's, documented there")]
pub enum Format {
    Text,
    JsonObject,
    JsonSchema {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        schema: Value,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        strict: Option<bool>,
    },
}

/// How much the model thinks, and what it tells of it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are OpenAI's, documented there")]
pub struct Reasoning {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

pub(super) fn null_as_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn null_as_zero<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
