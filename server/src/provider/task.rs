//! What providers do besides conversations, in OpenAI's protocol or their own.

use std::fmt::Debug;
use std::sync::Arc;

use bytes::Bytes;
use reqwest::Url;
use reqwest::header::HeaderMap;
use serde_json::{Map, Value};

use super::chat::AnswerHead;
use super::chat::unsupported::Unsupported;
use super::openai::RequestError;
use crate::domain::operation::Operation;

/// Where a deployment does one operation, and in which protocol.
#[derive(Clone, Debug)]
pub struct TaskEndpoint {
    /// What is done there.
    pub operation: Operation,
    /// Where.
    pub url: Url,
    /// What is spoken.
    pub protocol: TaskProtocol,
}

/// What is spoken where an operation is done.
#[derive(Clone, Debug)]
pub enum TaskProtocol {
    /// OpenAI's (Cohere's where documents are ranked): bodies pass through but for the model's name.
    Passing,
    /// The provider's own.
    Translated(Arc<dyn TaskDialect>),
}

/// How a request is to be translated.
#[derive(Clone, Copy, Debug)]
pub struct TaskTranslation<'a> {
    /// The provider's name of the model.
    pub model: &'a str,
    /// What becomes of parameters the provider does not take.
    pub unsupported: Unsupported<'a>,
}

/// What a provider answered.
#[derive(Clone, Debug)]
pub struct TaskAnswer {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// A provider's own protocol of an operation that is no conversation.
pub trait TaskDialect: Debug + Send + Sync {
    /// The provider's requests of a call, given OpenAI's body: more than one where the provider takes one input at a
    /// time. There is at least one.
    ///
    /// # Errors
    /// When it cannot be said in this protocol.
    fn requests(&self, body: &Map<String, Value>, how: &TaskTranslation<'_>) -> Result<Vec<Bytes>, RequestError>;

    /// OpenAI's answer, given the provider's in the order of its requests. Usage, where the provider tells it, is in
    /// `usage` as OpenAI has it.
    ///
    /// # Errors
    /// When a provider's body is no answer; the text says why.
    fn answer(&self, body: &Map<String, Value>, answers: &[TaskAnswer], head: &AnswerHead) -> Result<Value, String>;

    /// What the provider says in the body of an error, where it can be read.
    fn error_message(&self, body: &[u8]) -> Option<String>;
}
