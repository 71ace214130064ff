//! A call as it came.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde_json::{Map, Value};

use super::completions;
use super::media::Media;
use super::messages::request;
use super::responses::{self, Form, ResponsesCall};
use crate::domain::operation::Operation;
use crate::provider::chat::{ChatBody, signed_id};
use crate::provider::openai::{ChatRequest, RequestError};

/// Where all that chat completions have no words for stands in the copy that a call is reckoned with.
pub(super) const BEYOND_OPENAI: &str = "beyond_openai";

/// Members in which a call says something of itself.
const METADATA: [&str; 2] = ["litellm_metadata", "metadata"];
/// What of them is told to tools, in bytes each.
const METADATA_BYTES_MAX: usize = 16 * 1024;

/// A call's body and what was read of it.
#[derive(Debug)]
pub(super) struct Incoming {
    /// What every step reads.
    pub(super) request: ChatRequest,
    /// In OpenAI's form.
    pub(super) body: Bytes,
    parsed: OnceLock<Result<Arc<ChatBody>, RequestError>>,
    /// Headers for a provider that speaks the client's own protocol.
    pub(super) headers: HeaderMap,
    /// As it came, where that was in Anthropic's protocol.
    messages: Option<(ChatRequest, Bytes)>,
    /// As it came, where that was a call of the Responses API.
    responses: Option<Box<ResponsesCall>>,
    /// What it links to, as far as that was fetched.
    pub(super) media: Media,
    /// It is a text to go on with, not a conversation.
    is_completion: bool,
}

impl Incoming {
    /// A chat completion.
    ///
    /// # Errors
    /// When a field the gateway reads is wrong.
    pub(super) fn chat_completion(body: Bytes, model_from_path: Option<&str>) -> Result<Self, RequestError> {
        let (request, body) = ChatRequest::read(body, model_from_path)?;
        Ok(Self::new(request, body))
    }

    /// A text to go on with.
    ///
    /// # Errors
    /// When a field the gateway reads is wrong.
    pub(super) fn completion(body: Bytes, model_from_path: Option<&str>) -> Result<Self, RequestError> {
        let (request, body) = ChatRequest::read_for(Operation::Completion, body, model_from_path)?;
        Ok(Self { is_completion: true, ..Self::new(request, body) })
    }

    fn new(request: ChatRequest, body: Bytes) -> Self {
        let (parsed, headers, media) = (OnceLock::new(), HeaderMap::new(), Media::default());
        Self { request, body, parsed, headers, messages: None, responses: None, media, is_completion: false }
    }

    /// Whether it is a text to go on with.
    pub(super) const fn is_completion(&self) -> bool {
        self.is_completion
    }

    /// The text to go on with as a conversation.
    ///
    /// # Errors
    /// When it asks for what conversations cannot do.
    pub(super) fn in_conversation(&self) -> Result<Self, RequestError> {
        let body = completions::request::translate(&self.body)?;
        Self::chat_completion(body, Some(&self.request.model))
    }

    /// A message in Anthropic's protocol.
    ///
    /// # Errors
    /// When a field has the wrong type.
    pub(super) fn messages(body: Bytes) -> Result<Self, RequestError> {
        let (native, body) = ChatRequest::read(body, None)?;
        let message = serde_json::from_slice(&body).map_err(unreadable)?;
        request::check(&message)?;
        let chat = request::translate(message);
        // What the call may cost is reckoned with these bytes, so that nothing Anthropic would read is missing in them.
        let in_bytes = ChatBody { thinking: None, top_k: None, ..chat.clone() };
        let chat_bytes = Bytes::from(serde_json::to_vec(&in_bytes).map_err(unreadable)?);
        let chat = request::without_anthropics(chat);
        let mut request = ChatRequest::parse(&chat_bytes, None)?;
        request.tags.clone_from(&native.tags);
        request.telling = native.telling;
        request.routing.clone_from(&native.routing);
        let parsed = OnceLock::from(Ok(Arc::new(chat)));
        Ok(Self { parsed, messages: Some((native, body)), ..Self::new(request, chat_bytes) })
    }

    /// A call of the Responses API.
    ///
    /// # Errors
    /// When a field has the wrong type.
    pub(super) fn responses(body: Bytes) -> Result<Self, RequestError> {
        let responses::Read { call, chat, in_bytes, reads_unknown, tags, telling } = responses::read(body)?;
        let body = Bytes::from(serde_json::to_vec(&in_bytes).map_err(unreadable)?);
        let mut request = ChatRequest::parse(&body, None)?;
        request.tags = tags;
        request.telling = telling;
        request.reads_unknown = reads_unknown;
        let (parsed, responses) = (OnceLock::from(Ok(Arc::new(chat))), Some(Box::new(call)));
        Ok(Self { parsed, responses, ..Self::new(request, body) })
    }

    /// The call of the Responses API, where it came as one.
    pub(super) fn as_responses(&self) -> Option<&ResponsesCall> {
        self.responses.as_deref()
    }

    /// The same, to be changed.
    pub(super) fn as_responses_mut(&mut self) -> Option<&mut ResponsesCall> {
        self.responses.as_deref_mut()
    }

    /// What the answer to it says that the provider does not.
    pub(super) fn response_form(&self) -> Arc<Form> {
        self.responses.as_ref().map_or_else(Arc::default, |call| Arc::clone(&call.form))
    }

    /// The field that holds the conversation, as the client knows it.
    pub(super) const fn input_field(&self) -> &'static str {
        if self.responses.is_some() { "input" } else { "messages" }
    }

    /// It came as a chat completion.
    pub(super) const fn is_chat(&self) -> bool {
        self.messages.is_none() && self.responses.is_none()
    }

    /// The call in Anthropic's protocol, where it came in it: what was read of it, and the body.
    pub(super) const fn as_messages(&self) -> Option<&(ChatRequest, Bytes)> {
        self.messages.as_ref()
    }

    /// What the call says of itself that its body in OpenAI's form does not have; the first goes before.
    pub(super) fn metadata(&self) -> Vec<Bytes> {
        let value = |name| match (&self.messages, &self.responses) {
            (Some((native, body)), _) => native.value(body, name),
            (None, Some(call)) => call.value(name),
            (None, None) => None,
        };
        let told = METADATA.into_iter().filter_map(value).filter(|value| value.len() <= METADATA_BYTES_MAX);
        told.map(Bytes::copy_from_slice).collect()
    }

    /// The same call with plain ids of tool calls, for a provider that signs none; `None` where they are plain.
    ///
    /// # Errors
    /// As when it came.
    pub(super) fn with_plain_ids(&self) -> Result<Option<Self>, RequestError> {
        let plain = match (&self.messages, &self.responses) {
            (Some((_, native)), _) => signed_id::plain_body(native).map(|body| Self::messages(Bytes::from(body))),
            (None, Some(call)) => signed_id::plain_body(call.bytes()).map(|body| {
                let plain = Self::responses(Bytes::from(body))?;
                Ok(Self { responses: plain.responses.map(|one| one.with_previous_of(call)), ..plain })
            }),
            (None, None) => signed_id::plain_body(&self.body)
                .map(|body| Self::chat_completion(Bytes::from(body), Some(&self.request.model))),
        };
        let plain = plain.transpose()?;
        Ok(plain.map(|plain| Self { media: self.media.clone(), ..plain }))
    }

    /// The same call with the configuration's word on parameters that it does not name; `None` where it names them all.
    ///
    /// # Errors
    /// As when it came.
    pub(super) fn with_defaults(&self, defaults: &Map<String, Value>) -> Result<Option<Self>, RequestError> {
        if defaults.is_empty() {
            return Ok(None);
        }
        let completed = match (&self.messages, &self.responses) {
            (None, None) => {
                let missing = missing(defaults, |name| self.request.names(&self.body, name));
                if missing.is_empty() {
                    return Ok(None);
                }
                let body = self.request.with_members(&self.body, &missing);
                Self::chat_completion(body, Some(&self.request.model))?
            }
            (Some((native, body)), _) => {
                let own = missing(&request::native_defaults(defaults), |name| native.names(body, name));
                Self::messages(native.with_members(body, &own))?.with_chat_defaults(defaults)?
            }
            (None, Some(call)) => {
                let completed = Self::responses(call.with_defaults(defaults))?.with_chat_defaults(defaults)?;
                Self { responses: completed.responses.map(|one| one.with_previous_of(call)), ..completed }
            }
        };
        Ok(Some(Self { headers: self.headers.clone(), media: self.media.clone(), ..completed }))
    }

    /// The same in the words of chat completions: whoever does not speak the client's protocol takes more parameters
    /// than that has.
    fn with_chat_defaults(self, defaults: &Map<String, Value>) -> Result<Self, RequestError> {
        let mut chat = serde_json::to_value(&*self.chat()?).map_err(unreadable)?;
        if let Some(fields) = chat.as_object_mut() {
            let missing = missing(defaults, |name| fields.contains_key(name));
            fields.extend(missing);
        }
        let chat = serde_json::from_value(chat).map_err(unreadable)?;
        Ok(Self { parsed: OnceLock::from(Ok(Arc::new(chat))), ..self })
    }

    /// All of it, typed: read once, and only where a deployment needs it translated.
    ///
    /// # Errors
    /// When a field has the wrong type.
    pub(super) fn chat(&self) -> Result<Arc<ChatBody>, RequestError> {
        let parse = || Self::read_chat(&self.body).map(Arc::new);
        self.parsed.get_or_init(parse).clone()
    }

    /// A body in OpenAI's form, typed.
    ///
    /// # Errors
    /// When a field has the wrong type.
    pub(super) fn read_chat(body: &[u8]) -> Result<ChatBody, RequestError> {
        serde_json::from_slice(body).map_err(unreadable)
    }
}

/// Parameters that say the same: a client that names one of them has said it.
const THINKING: [&str; 3] = ["thinking", "reasoning_effort", "reasoning"];

/// Those of `defaults` that a call does not name.
fn missing(defaults: &Map<String, Value>, names: impl Fn(&str) -> bool) -> Map<String, Value> {
    let is_said = |name: &str| {
        if THINKING.contains(&name) { THINKING.iter().any(|name| names(name)) } else { names(name) }
    };
    let missing = defaults.iter().filter(|(name, _)| !is_said(name));
    missing.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn unreadable(error: serde_json::Error) -> RequestError {
    RequestError { param: None, message: format!("The request body cannot be read: {error}.") }
}
