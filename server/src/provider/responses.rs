//! OpenAI's Responses API: its wire format, and what its answers are in the form that calls are metered in.
//!
//! Sources: OpenAI's API reference, "Responses" and "Streaming events" (the types of its Python SDK, generated from the
//! same specification); Microsoft Learn, "Azure OpenAI Responses API"; xAI, "Responses API"; Groq, "OpenAI
//! Compatibility"; OpenRouter, "Responses API".

pub mod answer;
pub mod body;
pub mod ids;
mod request;
pub mod stream;
#[cfg(test)]
mod tests;
pub mod wire;

use super::chat::{AnswerHead, ChatBody, Completion, Dialect, StreamDecoder, Translation};
use super::openai::RequestError;

/// The protocol.
#[derive(Clone, Copy, Debug)]
pub struct Responses;

impl Dialect for Responses {
    fn request(&self, body: &ChatBody, how: &Translation<'_>) -> Result<Vec<u8>, RequestError> {
        let request = request::translate(body, how)?;
        serde_json::to_vec(&request).map_err(|error| RequestError { param: None, message: error.to_string() })
    }

    fn answer(&self, body: &[u8], head: &AnswerHead) -> Result<Completion, String> {
        Self::read(body, head)
    }

    fn stream(&self, head: AnswerHead) -> Box<dyn StreamDecoder> {
        Box::new(stream::Decoder::new(head))
    }

    /// They are OpenAI's already.
    fn error_message(&self, _body: &[u8]) -> Option<String> {
        None
    }

    fn is_responses(&self) -> bool {
        true
    }
}
