//! Google's Gemini models, by the Gemini API (Google AI Studio) and by Vertex AI: the protocol is the same.
//!
//! Source: Gemini API reference, "Generating content" (v1beta); Vertex AI API reference,
//! `publishers.models.generateContent` (v1).

mod answer;
mod contents;
pub(super) mod embed;
mod media;
mod model;
mod reading;
mod request;
mod signature;
mod sources;
mod stream;
#[cfg(test)]
mod tests;
mod thinking;
mod tools;
mod usage;
mod wire;

use std::sync::Arc;

use reqwest::Url;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use super::chat::{AnswerHead, ChatBody, Completion, Dialect, Link, StreamDecoder, Translation};
use super::endpoint::{self, Endpoint, Protocol};
use super::openai::RequestError;
use super::task::{TaskEndpoint, TaskProtocol};
use crate::config::DeploymentConfig;
use crate::domain::operation::Operation;
use crate::domain::usage::Usage;

/// Google's word for a wrong key, which it refuses as a bad request.
const WRONG_KEY: &str = "API_KEY_INVALID";
/// Behind a model's path: the whole answer.
pub(super) const WHOLE: &str = ":generateContent";
/// The same as a stream.
pub(super) const STREAM: &str = ":streamGenerateContent";

/// The protocol as a translation of OpenAI's.
#[derive(Clone, Copy, Debug)]
pub struct Gemini;

/// What `usageMetadata` in an answer says.
pub(super) fn usage_of(metadata: &Value) -> Option<Usage> {
    wire::UsageMetadata::deserialize(metadata).ok()?.normalise()
}

/// Where `one` is called at Google AI Studio.
///
/// # Errors
/// As [`Endpoint::at`].
pub(super) fn endpoint(one: &DeploymentConfig) -> Result<Endpoint, String> {
    let mut headers = HeaderMap::new();
    if let Some(key) = &one.api_key {
        headers.insert("x-goog-api-key", endpoint::secret_header("api_key", key.expose())?);
    }
    endpoint::add_extra_headers(one, &mut headers)?;
    let model = one.provider_model.trim_start_matches("models/");
    let folder = if model.starts_with("tunedModels/") { "" } else { "models/" };
    let path = format!("/{folder}{model}");
    let protocol = Protocol::Translated(Arc::new(Gemini));
    let mut endpoint = Endpoint::at(one, &format!("{path}{WHOLE}"), headers, protocol)?;
    let (_, base) = endpoint::base(one)?;
    let at = |method| endpoint::below(base.clone(), &format!("{path}{method}"));
    endpoint.stream_url = stream_url(at(STREAM));
    let protocol = TaskProtocol::Translated(Arc::new(embed::Embed));
    endpoint.tasks.push(TaskEndpoint { operation: Operation::Embedding, url: at(embed::METHOD), protocol });
    Ok(endpoint)
}

/// The address of streams: as events, which are a JSON array otherwise.
pub(super) fn stream_url(mut url: Url) -> Url {
    url.query_pairs_mut().append_pair("alt", "sse");
    url
}

impl Dialect for Gemini {
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

    fn needs_bytes(&self, link: &Link<'_>, model: &str) -> bool {
        media::needs_bytes(link, model)
    }

    fn signs_ids(&self) -> bool {
        true
    }

    fn error_status(&self, status: u16, body: &[u8]) -> u16 {
        let notes = error(body).map(|error| error.details).unwrap_or_default();
        let is_wrong_key = notes.iter().any(|note| note.reason.as_deref() == Some(WRONG_KEY));
        if is_wrong_key { 401 } else { status }
    }

    fn retry_after(&self, body: &[u8]) -> Option<u64> {
        let delay = error(body)?.details.into_iter().find_map(|note| note.retry_delay)?;
        let (seconds, rest) = delay.trim_end_matches('s').split_once('.').unwrap_or((delay.trim_end_matches('s'), ""));
        let is_more = rest.bytes().any(|digit| digit != b'0');
        Some(seconds.parse::<u64>().ok()?.saturating_add(u64::from(is_more)))
    }
}

pub(super) fn error_message(body: &[u8]) -> Option<String> {
    error(body).map(|error| error.message).filter(|message| !message.is_empty())
}

/// The error in a body. Errors of streams come as a list of one.
fn error(body: &[u8]) -> Option<wire::ErrorDetail> {
    let list = serde_json::from_slice::<[wire::ErrorBody; 1]>(body).map(|[one]| one);
    let body = list.or_else(|_| serde_json::from_slice::<wire::ErrorBody>(body));
    body.ok().map(|body| body.error)
}
