//! A call as it came.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use reqwest::header::HeaderMap;

use super::media::Media;
use super::messages::request;
use crate::provider::chat::{ChatBody, signed_id};
use crate::provider::openai::{ChatRequest, RequestError};

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
    /// What it links to, as far as that was fetched.
    pub(super) media: Media,
}

impl Incoming {
    /// A chat completion.
    ///
    /// # Errors
    /// When a field the gateway reads is wrong.
    pub(super) fn chat_completion(body: Bytes, model_from_path: Option<&str>) -> Result<Self, RequestError> {
        let (request, body) = ChatRequest::read(body, model_from_path)?;
        Ok(Self {
            request,
            body,
            parsed: OnceLock::new(),
            headers: HeaderMap::new(),
            messages: None,
            media: Media::default(),
        })
    }

    /// A message in Anthropic's protocol.
    ///
    /// # Errors
    /// When a field has the wrong type.
    pub(super) fn messages(body: Bytes) -> Result<Self, RequestError> {
        let (native, body) = ChatRequest::read(body, None)?;
        let chat = request::translate(serde_json::from_slice(&body).map_err(unreadable)?);
        // What the call may cost is reckoned with these bytes, so that nothing Anthropic would read is missing in them.
        let in_bytes = ChatBody { thinking: None, top_k: None, ..chat.clone() };
        let chat_bytes = Bytes::from(serde_json::to_vec(&in_bytes).map_err(unreadable)?);
        let chat = request::without_anthropics(chat);
        let mut request = ChatRequest::parse(&chat_bytes, None)?;
        request.tags.clone_from(&native.tags);
        let parsed = OnceLock::from(Ok(Arc::new(chat)));
        let (headers, media) = (HeaderMap::new(), Media::default());
        Ok(Self { request, body: chat_bytes, parsed, headers, messages: Some((native, body)), media })
    }

    /// The call in Anthropic's protocol, where it came in it: what was read of it, and the body.
    pub(super) const fn as_messages(&self) -> Option<&(ChatRequest, Bytes)> {
        self.messages.as_ref()
    }

    /// The same call with plain ids of tool calls, for a provider that signs none; `None` where they are plain.
    ///
    /// # Errors
    /// As when it came.
    pub(super) fn with_plain_ids(&self) -> Result<Option<Self>, RequestError> {
        let plain = match &self.messages {
            Some((_, native)) => signed_id::plain_body(native).map(|body| Self::messages(Bytes::from(body))),
            None => signed_id::plain_body(&self.body)
                .map(|body| Self::chat_completion(Bytes::from(body), Some(&self.request.model))),
        };
        let plain = plain.transpose()?;
        Ok(plain.map(|plain| Self { media: self.media.clone(), ..plain }))
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

fn unreadable(error: serde_json::Error) -> RequestError {
    RequestError { param: None, message: format!("The request body cannot be read: {error}.") }
}
