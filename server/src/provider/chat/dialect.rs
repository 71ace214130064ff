//! What a provider's own protocol makes of a chat call.

use std::fmt::Debug;
use std::sync::Arc;

use parking_lot::Mutex;

use super::answer::Completion;
use super::chunk::Chunk;
use super::link::Link;
use super::request::ChatBody;
use super::unsupported::Unsupported;
use crate::domain::usage::Usage;
use crate::provider::openai::RequestError;

/// How a request is to be translated.
#[derive(Clone, Copy, Debug)]
pub struct Translation<'a> {
    /// The provider's name of the model.
    pub model: &'a str,
    /// Output tokens at most, of the client's limit, the deployment's default and what is left of a budget; `None` where
    /// nobody says.
    pub max_output_tokens: Option<u64>,
    /// Output tokens the model writes at most, where the catalog knows: what a provider that needs a limit is told.
    pub model_max_output_tokens: Option<u64>,
    /// What becomes of parameters the provider does not take.
    pub unsupported: Unsupported<'a>,
}

/// What an answer says of itself where the provider does not.
#[derive(Clone, Debug, Default)]
pub struct AnswerHead {
    /// The call's id.
    pub id: String,
    /// Seconds since 1970.
    pub created: i64,
    /// The provider's name of the model.
    pub model: String,
    /// Where a stream's reader says what is known of its usage before the end.
    pub early_usage: EarlyUsage,
}

/// The usage of a stream as far as the provider told before its end: what it read, but not all of what it wrote.
#[derive(Clone, Debug, Default)]
pub struct EarlyUsage(Arc<Mutex<Option<Usage>>>);

impl EarlyUsage {
    /// The provider has told so far.
    pub fn note(&self, usage: Usage) {
        *self.0.lock() = Some(usage);
    }

    /// What was noted last.
    #[must_use]
    pub fn get(&self) -> Option<Usage> {
        *self.0.lock()
    }
}

/// A protocol that is not OpenAI's.
pub trait Dialect: Debug + Send + Sync {
    /// The provider's form of a request. `body.stream` says whether a stream is wanted.
    ///
    /// # Errors
    /// When it cannot be said in this protocol.
    fn request(&self, body: &ChatBody, how: &Translation<'_>) -> Result<Vec<u8>, RequestError>;

    /// A whole answer.
    ///
    /// # Errors
    /// When the provider's body is no answer; the text says why.
    fn answer(&self, body: &[u8], head: &AnswerHead) -> Result<Completion, String>;

    /// Reads a stream.
    fn stream(&self, head: AnswerHead) -> Box<dyn StreamDecoder>;

    /// What the provider says in the body of an error, where it can be read.
    fn error_message(&self, body: &[u8]) -> Option<String>;

    /// The status that OpenAI gives errors of this kind.
    fn error_status(&self, status: u16, _body: &[u8]) -> u16 {
        status
    }

    /// After how many seconds to ask again, where the body of an error says so and no header does.
    fn retry_after(&self, _body: &[u8]) -> Option<u64> {
        None
    }

    /// Whether what is linked to has to be sent as bytes: the provider, or this model of it, does not fetch it.
    fn needs_bytes(&self, _link: &Link<'_>, _model: &str) -> bool {
        false
    }

    /// Whether ids of tool calls go back with the signatures in them; see [`super::signed_id`].
    fn signs_ids(&self) -> bool {
        false
    }

    /// Whether it is Anthropic's protocol, so that calls in it may pass through as they came.
    fn is_messages(&self) -> bool {
        false
    }

    /// Whether it is OpenAI's Responses API, so that calls of it may pass through as they came.
    fn is_responses(&self) -> bool {
        false
    }
}

/// Reads a provider's stream, however its bytes are cut.
pub trait StreamDecoder: Send {
    /// Takes bytes and adds the chunks they complete to `out`. Usage comes in a chunk of its own, without choices, before
    /// the end.
    ///
    /// # Errors
    /// When the provider reports an error in its stream, or what it sends is no stream; the text says why.
    fn push(&mut self, bytes: &[u8], out: &mut Vec<Chunk>) -> Result<(), String>;

    /// Whether the provider's last event has come.
    fn is_done(&self) -> bool;

    /// The stream ended, and no event was known for the last one. Adds what is left to say.
    ///
    /// # Errors
    /// When the answer is not whole, as it never is for providers that mark their last event.
    fn end(&mut self, _out: &mut Vec<Chunk>) -> Result<(), String> {
        Err("The provider broke off its answer.".to_owned())
    }
}
