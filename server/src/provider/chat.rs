//! A chat call in the form that all protocols are translated from and to: OpenAI's chat completion, with the fields that
//! LiteLLM adds to it for what other providers have (`reasoning_content`, `thinking_blocks`, `cache_control`,
//! `provider_specific_fields`).
//!
//! Source: OpenAI's API reference, "Chat completions"; LiteLLM's documentation, "Output" and "Reasoning content".

pub mod answer;
pub mod chunk;
pub mod content;
pub mod dialect;
pub mod link;
pub mod request;
pub mod signed_id;
pub mod sse;
pub mod stream;
pub mod unsupported;

pub use answer::{Choice, Completion, CompletionUsage, FinishReason, ReplyMessage};
pub use chunk::{Chunk, ChunkChoice, Delta, FunctionDelta, ToolCallDelta};
pub use content::{Content, FilePart, ImageUrl, InputAudio, Part};
pub use dialect::{AnswerHead, Dialect, EarlyUsage, StreamDecoder, Translation};
pub use link::{Link, LinkKind};
pub use request::{
    ChatBody, FunctionCall, FunctionDefinition, Message, ResponseFormat, Role, Stop, Tool, ToolCall, ToolChoice,
};
