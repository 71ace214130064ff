//! Anthropic's Messages API.
//!
//! Source: Anthropic's API reference, "Create a message", "Streaming messages" and "Errors", version 2023-06-01.

mod answer;
pub(super) mod budget;
pub(super) mod model;
mod request;
mod schema;
mod stream;
pub(super) mod thinking;
#[cfg(test)]
mod tests;
mod turns;
pub mod usage;
pub mod wire;

use std::sync::Arc;

use reqwest::header::{HeaderMap, HeaderValue};
use serde::Deserialize;

use super::chat::{AnswerHead, ChatBody, Completion, Dialect, Link, LinkKind, StreamDecoder, Translation};
use super::endpoint::{self, Endpoint, Protocol};
use super::openai::RequestError;
use crate::config::DeploymentConfig;

/// The version of the API that is spoken here.
pub const VERSION: &str = "2023-06-01";

/// The protocol as a translation of OpenAI's.
#[derive(Clone, Copy, Debug)]
pub struct Anthropic;

/// Where `one` is called.
///
/// # Errors
/// As [`Endpoint::at`].
pub(super) fn endpoint(one: &DeploymentConfig) -> Result<Endpoint, String> {
    let mut headers = HeaderMap::new();
    if let Some(key) = &one.api_key {
        headers.insert("x-api-key", endpoint::secret_header("api_key", key.expose())?);
    }
    headers.insert("anthropic-version", HeaderValue::from_static(VERSION));
    endpoint::add_extra_headers(one, &mut headers)?;
    let base = one.api_base.as_deref().unwrap_or_default();
    let path = match base {
        base if base.ends_with("/v1/messages") => "",
        base if base.ends_with("/v1") => "/messages",
        _ => "/v1/messages",
    };
    Endpoint::at(one, path, headers, Protocol::Translated(Arc::new(Anthropic)))
}

/// Who serves a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Anthropic, who holds models to a schema.
    Own,
    /// A cloud of others.
    Elsewhere,
}

/// A request in its protocol.
///
/// # Errors
/// When it has what Anthropic does not take.
pub(super) fn request(body: &ChatBody, how: &Translation<'_>, place: Place) -> Result<Vec<u8>, RequestError> {
    let request = request::translate(body, how, place)?;
    serde_json::to_vec(&request).map_err(|error| RequestError { param: None, message: error.to_string() })
}

impl Dialect for Anthropic {
    fn request(&self, body: &ChatBody, how: &Translation<'_>) -> Result<Vec<u8>, RequestError> {
        request(body, how, Place::Own)
    }

    fn answer(&self, body: &[u8], head: &AnswerHead) -> Result<Completion, String> {
        answer::translate(body, head)
    }

    fn stream(&self, head: AnswerHead) -> Box<dyn StreamDecoder> {
        Box::new(stream::Decoder::new(head))
    }

    fn error_message(&self, body: &[u8]) -> Option<String> {
        serde_json::from_slice::<ErrorBody>(body).ok().map(|body| body.error.message)
    }

    /// It fetches by itself, but only by https.
    fn needs_bytes(&self, link: &Link<'_>, _model: &str) -> bool {
        matches!(link.kind, LinkKind::Image | LinkKind::Document) && !link.is_https()
    }

    fn is_messages(&self) -> bool {
        true
    }
}

/// The body of an error, and the event of one.
#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorDetail,
}

#[derive(Deserialize)]
struct ErrorDetail {
    message: String,
}
