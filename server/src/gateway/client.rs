//! Which protocol a client speaks, and what it is answered in it.

use actix_web::HttpRequest;
use bytes::Bytes;

use super::incoming::Incoming;
use super::{completions, messages, responses};
use crate::domain::operation::Operation;
use crate::error::ApiError;
use crate::provider::openai::RequestError;

/// A client's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// OpenAI's chat completions: the form in which all calls are metered.
    Chat,
    /// Anthropic's messages.
    Messages,
    /// OpenAI's text completions.
    Completions,
    /// OpenAI's responses.
    Responses,
}

/// Writes a stream in a client's protocol.
pub(super) trait StreamEncoder: Send {
    /// Takes OpenAI's events and gives the client's.
    fn push(&mut self, bytes: &[u8]) -> Bytes;

    /// What is left to say at the end.
    fn finish(&mut self) -> Bytes;
}

/// Passes on a stream that comes in the client's own protocol.
pub(super) trait Forwarder: Send {
    /// Takes the provider's bytes and gives the client's.
    fn push(&mut self, bytes: Bytes) -> Bytes {
        bytes
    }

    /// What is left to say of a stream that ends too early.
    fn broken_off(&mut self) -> Bytes;
}

impl Client {
    /// Reads a call.
    ///
    /// # Errors
    /// When a field the gateway reads is wrong.
    pub(super) fn read(self, http: &HttpRequest, body: Bytes) -> Result<Incoming, RequestError> {
        match self {
            Self::Chat => Incoming::chat_completion(body, http.match_info().get("model")),
            Self::Messages => messages::request::read(http.headers(), body),
            Self::Completions => Incoming::completion(body, http.match_info().get("model")),
            Self::Responses => Incoming::responses(body),
        }
    }

    /// What it asks for.
    pub(super) const fn operation(self) -> Operation {
        match self {
            Self::Chat | Self::Messages | Self::Responses => Operation::Chat,
            Self::Completions => Operation::Completion,
        }
    }

    /// LiteLLM's name of the call in the log.
    pub(super) const fn call_type(self) -> &'static str {
        match self {
            Self::Messages => "anthropic_messages",
            Self::Responses => "aresponses",
            Self::Chat | Self::Completions => self.operation().call_type(),
        }
    }

    /// A whole answer to `incoming`, given OpenAI's.
    pub(super) fn answer(self, incoming: &Incoming, openai: Bytes) -> Bytes {
        match self {
            Self::Chat => openai,
            Self::Messages => messages::answer::encode(&openai).unwrap_or(openai),
            Self::Completions => completions::answer::encode(&openai).unwrap_or(openai),
            Self::Responses => responses::answer::encode(&openai, &incoming.response_form()).unwrap_or(openai),
        }
    }

    /// The writer of the stream that answers `incoming`; none where OpenAI's is what it reads.
    pub(super) fn encoder(self, incoming: &Incoming) -> Option<Box<dyn StreamEncoder>> {
        match self {
            Self::Chat => None,
            Self::Messages => Some(Box::new(messages::stream::Encoder::default())),
            Self::Completions => Some(Box::new(completions::answer::Encoder::default())),
            Self::Responses => Some(Box::new(responses::stream::Encoder::new(incoming.response_form()))),
        }
    }

    /// An error as it expects it.
    pub(super) fn error(self, error: ApiError) -> ApiError {
        match self {
            Self::Chat | Self::Completions => error,
            Self::Responses => error.with_field_named_as(&responses::FIELDS_OF_CHAT),
            Self::Messages => error.in_anthropics_form(),
        }
    }

    /// A provider's error, given in OpenAI's form.
    pub(super) fn error_body(self, status: u16, openai: Bytes) -> Bytes {
        match self {
            Self::Chat | Self::Completions | Self::Responses => openai,
            Self::Messages => messages::answer::encode_error(status, &openai),
        }
    }
}
