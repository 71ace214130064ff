//! What is sent and received, as far as it is read here.
//!
//! Source: Gemini API reference, "Generating content" (`GenerateContentRequest`, `Content`, `GenerateContentResponse`);
//! Vertex AI API reference, `publishers.models.generateContent`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A request.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    pub(super) contents: Vec<Content>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) system_instruction: Option<Content>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_config: Option<ToolConfig>,
    #[serde(skip_serializing_if = "GenerationConfig::is_empty")]
    pub(super) generation_config: GenerationConfig,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) service_tier: Option<&'static str>,
    /// Google's own, as the client sent them: `safetySettings`, `cachedContent`, `labels`.
    #[serde(flatten)]
    pub(super) other: Map<String, Value>,
}

/// What one side says in a turn.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Content {
    /// `user` or `model`; a system instruction has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<String>,
    pub(super) parts: Vec<Part>,
}

/// A part of it: one of text, data, call and result, and what goes with any of them.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Part {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    /// The text is a summary of thoughts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thought: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) inline_data: Option<Blob>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file_data: Option<FileData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_call: Option<FunctionCall>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_response: Option<FunctionResponse>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) executable_code: Option<ExecutableCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code_execution_result: Option<CodeExecutionResult>,
    /// Base64; what the model needs to go on thinking where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thought_signature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) media_resolution: Option<MediaResolution>,
}

/// Data within the body.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Blob {
    pub(super) mime_type: String,
    /// Base64.
    pub(super) data: String,
}

/// Data elsewhere: a file of Google's, a bucket's object, a public address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct FileData {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mime_type: Option<String>,
    pub(super) file_uri: String,
}

/// A call of a function.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct FunctionCall {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) args: Map<String, Value>,
}

/// What a function gave.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct FunctionResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) response: Map<String, Value>,
}

/// Code the model runs at Google's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct ExecutableCode {
    pub(super) language: String,
    pub(super) code: String,
}

/// What that code gave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct CodeExecutionResult {
    pub(super) outcome: String,
    pub(super) output: String,
}

/// How closely one image is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct MediaResolution {
    pub(super) level: String,
}

/// How functions are called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolConfig {
    pub(super) function_calling_config: FunctionCallingConfig,
}

/// Whether, and which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FunctionCallingConfig {
    /// `AUTO`, `ANY` or `NONE`.
    pub(super) mode: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) allowed_function_names: Vec<String>,
}

/// How the answer is made.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GenerationConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_k: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) candidate_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) stop_sequences: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) presence_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logprobs: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_json_schema: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) response_modalities: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thinking_config: Option<ThinkingConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) media_resolution: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) speech_config: Option<Value>,
    /// Google's own, as the client sent them.
    #[serde(flatten)]
    pub(super) other: Map<String, Value>,
}

impl GenerationConfig {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How much the model thinks before it answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ThinkingConfig {
    pub(super) include_thoughts: bool,
    /// Tokens; -1 leaves it to the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thinking_budget: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thinking_level: Option<&'static str>,
}

/// An answer, or one event of a stream.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Response {
    pub(super) candidates: Vec<Candidate>,
    pub(super) prompt_feedback: Option<PromptFeedback>,
    pub(super) usage_metadata: Option<UsageMetadata>,
    pub(super) model_version: Option<String>,
    pub(super) response_id: Option<String>,
    /// In a stream, an error comes as an event.
    pub(super) error: Option<ErrorDetail>,
}

/// One of the answers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Candidate {
    pub(super) index: u64,
    pub(super) content: Content,
    pub(super) finish_reason: Option<String>,
    pub(super) finish_message: Option<String>,
    pub(super) safety_ratings: Option<Value>,
    pub(super) citation_metadata: Option<Value>,
    pub(super) grounding_metadata: Option<Value>,
    pub(super) url_context_metadata: Option<Value>,
    pub(super) logprobs_result: Option<LogprobsResult>,
}

/// Why a prompt was not answered.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PromptFeedback {
    pub(super) block_reason: Option<String>,
    pub(super) block_reason_message: Option<String>,
    pub(super) safety_ratings: Option<Value>,
}

/// How likely each token was.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct LogprobsResult {
    pub(super) chosen_candidates: Vec<TokenLogprob>,
    pub(super) top_candidates: Vec<TopCandidates>,
}

/// What else could have stood in a token's place.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TopCandidates {
    pub(super) candidates: Vec<TokenLogprob>,
}

/// A token and its likelihood.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct TokenLogprob {
    pub(super) token: String,
    pub(super) log_probability: f64,
}

/// Tokens of a call. Cached ones are part of the prompt's; thoughts and what tools read are part of neither count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct UsageMetadata {
    pub(super) prompt_token_count: Option<u64>,
    pub(super) candidates_token_count: Option<u64>,
    pub(super) thoughts_token_count: Option<u64>,
    pub(super) tool_use_prompt_token_count: Option<u64>,
    pub(super) cached_content_token_count: Option<u64>,
    pub(super) total_token_count: Option<u64>,
    pub(super) prompt_tokens_details: Option<Vec<ModalityTokenCount>>,
    pub(super) candidates_tokens_details: Option<Vec<ModalityTokenCount>>,
    pub(super) cache_tokens_details: Option<Vec<ModalityTokenCount>>,
    /// The tier the call was served in.
    pub(super) traffic_type: Option<String>,
}

/// Tokens of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ModalityTokenCount {
    pub(super) modality: String,
    pub(super) token_count: u64,
}

/// The body of an error.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct ErrorBody {
    pub(super) error: ErrorDetail,
}

/// What went wrong.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ErrorDetail {
    pub(super) message: String,
    pub(super) details: Vec<ErrorNote>,
}

/// What is said of an error besides: `ErrorInfo` has a reason, `RetryInfo` a delay.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ErrorNote {
    /// Such as `API_KEY_INVALID`.
    pub(super) reason: Option<String>,
    /// Seconds, as `34.07s`.
    pub(super) retry_delay: Option<String>,
}
