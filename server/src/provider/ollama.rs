//! Ollama's own API.
//!
//! Source: Ollama's API documentation, "Generate a chat completion" (`docs/api.md`), and the types of its server
//! (`api/types.go`).

mod answer;
mod embed;
mod messages;
mod request;
mod stream;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::Arc;

use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde::Deserialize;

use super::chat::{AnswerHead, ChatBody, Completion, Dialect, Link, LinkKind, StreamDecoder, Translation};
use super::endpoint::{self, Endpoint, Protocol};
use super::openai::RequestError;
use super::task::{TaskEndpoint, TaskProtocol};
use crate::config::DeploymentConfig;
use crate::domain::operation::Operation;

/// The protocol as a translation of OpenAI's.
#[derive(Clone, Copy, Debug)]
pub struct Ollama;

/// Where `one` is called. A key is only needed in Ollama's cloud.
///
/// # Errors
/// As [`Endpoint::at`].
pub fn endpoint(one: &DeploymentConfig) -> Result<Endpoint, String> {
    let mut headers = HeaderMap::new();
    if let Some(key) = &one.api_key {
        headers.insert(AUTHORIZATION, endpoint::secret_header("api_key", &format!("Bearer {}", key.expose()))?);
    }
    endpoint::add_extra_headers(one, &mut headers)?;
    let path = match one.api_base.as_deref().unwrap_or_default() {
        base if base.ends_with("/api/chat") => "",
        base if base.ends_with("/api") => "/chat",
        _ => "/api/chat",
    };
    let mut endpoint = Endpoint::at(one, path, headers, Protocol::Translated(Arc::new(Ollama)))?;
    let url = endpoint::beside(endpoint.whole_url.clone(), "embed");
    let protocol = TaskProtocol::Translated(Arc::new(embed::Embed));
    endpoint.tasks.push(TaskEndpoint { operation: Operation::Embedding, url, protocol });
    Ok(endpoint)
}

impl Dialect for Ollama {
    fn request(&self, body: &ChatBody, how: &Translation<'_>) -> Result<Vec<u8>, RequestError> {
        let request = request::translate(body, how)?;
        serde_json::to_vec(&request).map_err(|error| RequestError { param: None, message: error.to_string() })
    }

    fn answer(&self, body: &[u8], head: &AnswerHead) -> Result<Completion, String> {
        answer::translate(body, head)
    }

    fn stream(&self, head: AnswerHead) -> Box<dyn StreamDecoder> {
        Box::new(stream::Decoder::new(head))
    }

    fn error_message(&self, body: &[u8]) -> Option<String> {
        error_message(body)
    }

    /// It takes pictures and nothing else, and fetches none.
    fn needs_bytes(&self, link: &Link<'_>, _model: &str) -> bool {
        link.kind == LinkKind::Image
    }
}

fn error_message(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct ErrorBody {
        error: String,
    }
    serde_json::from_slice::<ErrorBody>(body).ok().map(|body| body.error)
}
