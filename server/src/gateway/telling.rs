//! What a call says of how tools are told of it, in LiteLLM's words: whether what was said is told, and what it belongs to.

use std::sync::Arc;

use actix_web::http::header::HeaderMap;

use super::Gateway;
use super::call::Context;
use super::incoming::Incoming;
use crate::config::Callback;
use crate::export::{Telling, TraceParent};
use crate::policy::CallPolicy;
use crate::provider::openai::telling::TellingParams;

/// Asks for what was said to be told where the configuration says that it is not.
const DISABLE_REDACTION: &str = "litellm-disable-message-redaction";
/// Asks for it not to be told.
const ENABLE_REDACTION: [&str; 2] = ["x-litellm-enable-message-redaction", "litellm-enable-message-redaction"];
/// Names tools that are not told of the call, with commas.
const DISABLE_CALLBACKS: &str = "x-litellm-disable-callbacks";
const TRACE_ID: &str = "x-litellm-trace-id";
const SESSION_ID: &str = "x-litellm-session-id";
const TRACE_PARENT: &str = "traceparent";
/// Bytes of an id in a header.
const ID_BYTES_MAX: usize = 256;

impl Context {
    /// Adds what the call says of itself where its own protocol has it.
    pub(super) fn tell(&mut self, incoming: &Incoming) {
        if self.gateway.exports.tell(&self.telling) && !incoming.is_chat() {
            Arc::make_mut(&mut self.telling).metadata = incoming.metadata();
        }
    }
}

/// What `headers` and the body say.
pub(super) fn of_call(
    gateway: &Gateway,
    policy: &CallPolicy,
    headers: &HeaderMap,
    in_body: TellingParams,
) -> Arc<Telling> {
    let own = policy.callbacks().cloned();
    if !gateway.exports.has_any() && gateway.contents.is_none() && own.is_none() {
        return Arc::default();
    }
    let settings = gateway.settings.load();
    let is_off = own.as_ref().and_then(|own| own.turn_off_message_logging);
    let is_off = is_off.unwrap_or(settings.turn_off_message_logging);
    let is_unlogged = in_body.is_unlogged && settings.calls_go_unlogged;
    let not_told = if settings.calls_disable_callbacks { disabled(headers) } else { Vec::new() };
    let id = |name| text(headers, name).filter(|id| !id.is_empty() && id.len() <= ID_BYTES_MAX).map(str::to_owned);
    Arc::new(Telling {
        // What nobody is to be told of is not kept either.
        is_redacted: is_unlogged || is_redacted(headers, in_body.turn_off_message_logging, is_off),
        is_unlogged,
        not_told,
        metadata: Vec::new(),
        trace_id: id(TRACE_ID),
        session_id: id(SESSION_ID),
        parent: text(headers, TRACE_PARENT).and_then(TraceParent::parse),
        own,
    })
}

/// The tools that the header names. Names of tools that there are not here are as good as none: nobody is told there.
fn disabled(headers: &HeaderMap) -> Vec<Callback> {
    let names = headers.get_all(DISABLE_CALLBACKS).filter_map(|value| value.to_str().ok());
    let names = names.flat_map(|names| names.split(','));
    names.filter_map(|name| Callback::named(&name.trim().to_ascii_lowercase())).collect()
}

/// In LiteLLM's order. A header that asks for silence is taken at its word whatever it says but no; one that breaks it has
/// to say yes.
fn is_redacted(headers: &HeaderMap, in_body: Option<bool>, is_off: bool) -> bool {
    let says = |name, words: [&str; 3]| {
        text(headers, name).map(|text| words.iter().any(|word| text.eq_ignore_ascii_case(word)))
    };
    if says(DISABLE_REDACTION, ["true", "1", "yes"]) == Some(true) {
        return false;
    }
    let is_asked_for = ENABLE_REDACTION.into_iter().any(|name| says(name, ["false", "0", "no"]) == Some(false));
    in_body.unwrap_or(is_asked_for || is_off)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default().trim())
}
