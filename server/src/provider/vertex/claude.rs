//! Claude on Vertex AI: Anthropic's protocol, with the model in the address and the version in the body.
//!
//! Source: Anthropic's documentation, "Claude on Vertex AI"; Vertex AI API reference, `publishers.models.rawPredict` and
//! `streamRawPredict`.

use serde_json::{Map, Value};

use crate::provider::anthropic::{self, Anthropic, Place};
use crate::provider::chat::{AnswerHead, ChatBody, Completion, Dialect, Link, LinkKind, StreamDecoder, Translation};
use crate::provider::openai::RequestError;

/// The version of Anthropic's protocol that Vertex AI speaks.
const VERSION: &str = "vertex-2023-10-16";

/// The protocol as a translation of OpenAI's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claude;

impl Dialect for Claude {
    fn request(&self, body: &ChatBody, how: &Translation<'_>) -> Result<Vec<u8>, RequestError> {
        let unreadable = |error: serde_json::Error| RequestError { param: None, message: error.to_string() };
        let request = anthropic::request(body, how, Place::Elsewhere)?;
        let mut request: Map<String, Value> = serde_json::from_slice(&request).map_err(unreadable)?;
        // In its order, without the model: prompts that begin alike are cached.
        request.shift_remove("model");
        request.insert("anthropic_version".to_owned(), Value::from(VERSION));
        serde_json::to_vec(&request).map_err(unreadable)
    }

    fn answer(&self, body: &[u8], head: &AnswerHead) -> Result<Completion, String> {
        Anthropic.answer(body, head)
    }

    fn stream(&self, head: AnswerHead) -> Box<dyn StreamDecoder> {
        Anthropic.stream(head)
    }

    /// Anthropic's own API fetches, Vertex AI does not.
    fn needs_bytes(&self, link: &Link<'_>, _model: &str) -> bool {
        matches!(link.kind, LinkKind::Image | LinkKind::Document)
    }

    fn error_message(&self, body: &[u8]) -> Option<String> {
        // Anthropic's errors and Google's have the same place for it.
        crate::provider::gemini::Gemini.error_message(body)
    }
}
