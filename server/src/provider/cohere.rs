//! Cohere's API, version 2.
//!
//! Sources: Cohere's API reference, "Chat" and "Chat with Streaming" (and the types its Python client is generated with),
//! "How Does Cohere's Pricing Work" (what is billed is `billed_units`).

mod answer;
pub(in crate::provider) mod embed;
mod request;
mod rerank;
mod stream;
#[cfg(test)]
mod tests;
mod turns;
mod wire;

use std::sync::Arc;

use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde::Deserialize;
use serde_json::Value;

use super::chat::{AnswerHead, ChatBody, Completion, Dialect, StreamDecoder, Translation};
use super::endpoint::{self, Endpoint, Protocol};
use super::openai::RequestError;
use super::task::{TaskDialect, TaskEndpoint, TaskProtocol};
use crate::config::DeploymentConfig;
use crate::domain::operation::Operation;
use crate::domain::usage::Usage;

/// The protocol as a translation of OpenAI's.
#[derive(Clone, Copy, Debug)]
pub struct Cohere;

/// What `usage` in an answer says.
pub(super) fn usage_of(usage: &Value) -> Option<Usage> {
    wire::WireUsage::deserialize(usage).ok().map(wire::WireUsage::normalise)
}

/// Where `one` is called.
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
        base if base.ends_with("/chat") => "",
        base if base.ends_with("/v2") => "/chat",
        _ => "/v2/chat",
    };
    let mut endpoint = Endpoint::at(one, path, headers, Protocol::Translated(Arc::new(Cohere)))?;
    let dialects: [(Operation, &str, Arc<dyn TaskDialect>); 2] = [
        (Operation::Embedding, "embed", Arc::new(embed::Embed)),
        (Operation::Rerank, "rerank", Arc::new(rerank::Rerank)),
    ];
    endpoint.tasks.extend(dialects.map(|(operation, name, dialect)| {
        let url = endpoint::beside(endpoint.whole_url.clone(), name);
        TaskEndpoint { operation, url, protocol: TaskProtocol::Translated(dialect) }
    }));
    Ok(endpoint)
}

impl Dialect for Cohere {
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
}

fn error_message(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct ErrorBody {
        message: String,
    }
    serde_json::from_slice::<ErrorBody>(body).ok().map(|body| body.message)
}
