//! What a deployment is sent, in its own protocol, and what comes back, in OpenAI's.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use reqwest::Url;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::{Map, Value, json};

use super::completions;
use super::incoming::{BEYOND_OPENAI, Incoming};
use super::stream::Chunks;
use super::upstream::UpstreamFailure;
use crate::config::RequestConfig;
use crate::provider::chat::stream::OpenAiEvents;
use crate::provider::chat::unsupported::Unsupported;
use crate::provider::chat::{AnswerHead, ChatBody, Content, Dialect, Part, StreamDecoder, Translation};
use crate::provider::endpoint::Protocol;
use crate::provider::openai::request::Changes;
use crate::provider::openai::{ChatRequest, RequestError};
use crate::provider::quirks::{self, AnswerRewriter, Quirks};
use crate::provider::responses::Responses;
use crate::router::Deployment;
use crate::router::deployment::Target;

/// Characters that `user` may have there.
const USER_LENGTH_MAX: usize = 64;
/// What clients of Anthropic's say to every model: Claude Code asks all of them to think, and AI SDKs for one call at a
/// time.
const MESSAGES_WISHES: [&str; 3] = ["parallel_tool_calls", "reasoning_effort", "thinking"];
/// What clients of the Responses API say to every model: the Codex CLI names what is its default.
const RESPONSES_WISHES: [&str; 1] = ["parallel_tool_calls"];
/// Anthropic's status where it is overloaded; nobody else knows it.
const OVERLOADED: u16 = 529;

/// The body as it is sent to `deployment`; `output_limit` is what is left of a budget.
///
/// # Errors
/// When the call cannot be said in its protocol.
pub(super) fn body(
    deployment: &Deployment,
    incoming: &Incoming,
    output_limit: Option<u64>,
    drop_params: bool,
) -> Result<Bytes, RequestError> {
    if incoming.is_completion() {
        return match completions::endpoint(deployment) {
            Some(_) => completion_body(deployment, incoming, output_limit, drop_params),
            None => body(deployment, &incoming.in_conversation()?, output_limit, drop_params),
        };
    }
    let with_plain_ids = if signs_ids(deployment) { None } else { incoming.with_plain_ids()? };
    let incoming = with_plain_ids.as_ref().unwrap_or(incoming);
    let completed = incoming.with_defaults(&deployment.request.defaults)?;
    let incoming = completed.as_ref().unwrap_or(incoming);
    let request = &incoming.request;
    let Target::Provider(endpoint) = &deployment.target else { return Ok(incoming.body.clone()) };
    let default_limit = deployment.default_max_tokens.filter(|_| request.max_output_tokens.is_none());
    let lower_limit = output_limit.into_iter().chain(default_limit).min();
    let params = &deployment.request;
    let drop_params = drop_params || params.drop_params || request.params.drop_params;
    if let Some(call) = incoming.as_responses() {
        if endpoint.responses_url.is_some() {
            return call.upstream_body(deployment, lower_limit, &request.params);
        }
        call.check_said(drop_params)?;
    }
    match &endpoint.protocol {
        Protocol::OpenAi(quirks) => {
            let model = &deployment.upstream_model;
            let changes = Changes { model, max_output_tokens: lower_limit, quirks, params, drop_params };
            openai_body(deployment, incoming, &changes)
        }
        Protocol::Translated(dialect) => {
            if let Some((messages, body)) = incoming.as_messages().filter(|_| dialect.is_messages()) {
                return Ok(messages.messages_body(body, &deployment.upstream_model, lower_limit));
            }
            let how = Translation {
                model: &deployment.upstream_model,
                max_output_tokens: lower_limit.into_iter().chain(request.max_output_tokens).min(),
                model_max_output_tokens: deployment.max_output_tokens,
                unsupported: Unsupported {
                    provider: &deployment.provider_name,
                    drop_params,
                    wishes: wishes_of(incoming),
                },
            };
            translated_body(&**dialect, incoming, params, &how)
        }
    }
}

/// What the call's protocol has as a matter of course, so that it is meant where the provider can be told.
fn wishes_of(incoming: &Incoming) -> &'static [&'static str] {
    match (incoming.as_messages(), incoming.as_responses()) {
        (Some(_), _) => &MESSAGES_WISHES,
        (None, Some(_)) => &RESPONSES_WISHES,
        (None, None) => &[],
    }
}

/// The body of a text to go on with, for a provider that does that.
fn completion_body(
    deployment: &Deployment,
    incoming: &Incoming,
    output_limit: Option<u64>,
    drop_params: bool,
) -> Result<Bytes, RequestError> {
    let (model, params, quirks) = (&deployment.upstream_model, &deployment.request, Quirks::NONE);
    let default_limit = deployment.default_max_tokens.filter(|_| incoming.request.max_output_tokens.is_none());
    let max_output_tokens = output_limit.into_iter().chain(default_limit).min();
    let drop_params = drop_params || params.drop_params || incoming.request.params.drop_params;
    incoming.request.upstream_body(&incoming.body, &Changes { model, max_output_tokens, quirks, params, drop_params })
}

fn signs_ids(deployment: &Deployment) -> bool {
    match &deployment.target {
        Target::Provider(endpoint) => match &endpoint.protocol {
            Protocol::Translated(dialect) => dialect.signs_ids(),
            Protocol::OpenAi(_) => false,
        },
        Target::Mock(_) | Target::None => true,
    }
}

/// The body in a provider's own protocol. Parameters that are to be sent whatever is known of the provider stand in it
/// as they came.
fn translated_body(
    dialect: &dyn Dialect,
    incoming: &Incoming,
    params: &RequestConfig,
    how: &Translation<'_>,
) -> Result<Bytes, RequestError> {
    let of_client = &incoming.request.params;
    let is_in = |one: &[String], other: &[String], name: &str| one.iter().chain(other).any(|listed| listed == name);
    let is_dropped = |name: &str| is_in(&params.additional_drop_params, &of_client.additional_drop_params, name);
    let is_allowed = |name: &str| is_in(&params.allowed_openai_params, &of_client.allowed_openai_params, name);
    let (kept, allowed) = incoming.request.split(&incoming.body, is_dropped, is_allowed);
    let chat = match kept {
        None => incoming.chat()?,
        Some(kept) => {
            let mut chat = Incoming::read_chat(&kept)?;
            chat.other.remove(BEYOND_OPENAI);
            Arc::new(chat)
        }
    };
    let body = dialect.request(&incoming.media.embedded(chat, dialect, how.model), how)?;
    if params.extra_body.is_empty() && of_client.extra_body.is_empty() && allowed.is_empty() {
        return Ok(Bytes::from(body));
    }
    let unreadable = |error: serde_json::Error| RequestError { param: None, message: error.to_string() };
    let mut body: Map<String, Value> = serde_json::from_slice(&body).map_err(unreadable)?;
    body.extend(params.extra_body.clone());
    // Under the provider's own names there may be limits that hold for the client.
    for (name, value) in of_client.extra_body.clone().into_iter().chain(allowed) {
        body.entry(name).or_insert(value);
    }
    serde_json::to_vec(&body).map(Bytes::from).map_err(unreadable)
}

/// A protocol other than chat completions that client and provider both speak.
#[derive(Clone, Debug)]
pub(super) struct Native {
    /// Where it is spoken.
    pub(super) url: Url,
    /// What reads its answers.
    pub(super) dialect: Arc<dyn Dialect>,
}

/// What `deployment` answers in, where that is the client's own protocol and no chat completion.
pub(super) fn native(deployment: &Deployment, incoming: &Incoming) -> Option<Native> {
    let Target::Provider(endpoint) = &deployment.target else { return None };
    if incoming.as_responses().is_some() {
        return Some(Native { url: endpoint.responses_url.clone()?, dialect: Arc::new(Responses) });
    }
    match &endpoint.protocol {
        Protocol::Translated(dialect) if dialect.is_messages() && incoming.as_messages().is_some() => {
            let url = if incoming.request.stream { &endpoint.stream_url } else { &endpoint.whole_url };
            Some(Native { url: url.clone(), dialect: Arc::clone(dialect) })
        }
        _ => None,
    }
}

/// Headers of this call alone: those that belong to the client's own protocol, and those it wants sent.
pub(super) fn headers(deployment: &Deployment, incoming: &Incoming) -> HeaderMap {
    let is_native = native(deployment, incoming).is_some();
    let own = if is_native { incoming.headers.clone() } else { HeaderMap::new() };
    with_extra(own, deployment, &incoming.request)
}

/// The same with the headers that the client wants sent. They never take the place of what the configuration sends.
pub(super) fn with_extra(mut headers: HeaderMap, deployment: &Deployment, request: &ChatRequest) -> HeaderMap {
    let Target::Provider(endpoint) = &deployment.target else { return headers };
    for (name, value) in &request.params.extra_headers {
        if !endpoint.headers.contains_key(name) {
            headers.append(name, value.clone());
        }
    }
    headers
}

fn openai_body(deployment: &Deployment, incoming: &Incoming, changes: &Changes<'_>) -> Result<Bytes, RequestError> {
    if incoming.is_chat() {
        return incoming.request.upstream_body(&incoming.body, changes);
    }
    let body = openai_form(incoming, deployment, changes.quirks)?;
    let json = serde_json::to_vec(&body).map_err(|error| RequestError { param: None, message: error.to_string() })?;
    let json = Bytes::from(json);
    ChatRequest::parse(&json, None)?.upstream_body(&json, changes)
}

/// What was said in another protocol as OpenAI's models take it: without what they refuse, where Anthropic's clients
/// cannot know that they do.
fn openai_form(incoming: &Incoming, deployment: &Deployment, quirks: &Quirks) -> Result<ChatBody, RequestError> {
    let (body, is_messages) = (incoming.chat()?, incoming.as_messages().is_some());
    let reasons = deployment.model_info.get("supports_reasoning").and_then(serde_json::Value::as_bool) == Some(true);
    let mut body = ChatBody {
        thinking: None,
        top_k: None,
        reasoning_effort: body.reasoning_effort.clone().filter(|_| reasons || !is_messages),
        parallel_tool_calls: body.parallel_tool_calls.filter(|_| !quirks.unsupported.contains(&"parallel_tool_calls")),
        user: body.user.clone().filter(|user| user.chars().count() <= USER_LENGTH_MAX),
        // A search is run by OpenAI's search models only.
        web_search_options: body.web_search_options.clone().filter(|_| !is_messages),
        ..(*body).clone()
    };
    if quirks.max_tokens == "max_completion_tokens" {
        body.max_completion_tokens = body.max_tokens.take();
    }
    for message in &mut body.messages {
        message.thinking_blocks.clear();
        message.reasoning_content = message.reasoning_content.take().filter(|_| quirks.messages.reasoning.is_some());
        message.cache_control = None;
        if let Some(Content::Parts(parts)) = &mut message.content {
            parts.iter_mut().for_each(Part::forget_cache);
        }
    }
    body.tools.iter_mut().for_each(|tool| tool.cache_control = None);
    Ok(body)
}

/// A stream of an OpenAI-compatible provider as OpenAI's.
pub(super) fn compatible_stream(quirks: &'static Quirks, id: String, chunks: Chunks) -> Chunks {
    if quirks.keeps_answers() {
        return chunks;
    }
    let start = (chunks, Some(AnswerRewriter::new(quirks, id)));
    Box::pin(stream::unfold(start, |(mut chunks, rewriter)| async move {
        let mut rewriter = rewriter?;
        Some(match chunks.next().await {
            Some(Ok(bytes)) => (Ok(rewriter.push(bytes)), (chunks, Some(rewriter))),
            Some(Err(error)) => (Err(error), (chunks, None)),
            None => (Ok(rewriter.finish()), (chunks, None)),
        })
    }))
}

/// A provider's stream as OpenAI's.
pub(super) fn openai_stream(chunks: Chunks, decoder: Box<dyn StreamDecoder>) -> Chunks {
    let start = (chunks, Some(OpenAiEvents::new(decoder)));
    Box::pin(stream::unfold(start, |(mut chunks, events)| async move {
        let mut events = events?;
        Some(match chunks.next().await {
            Some(Ok(bytes)) => {
                let out = events.push(&bytes);
                (Ok(out), (chunks, Some(events)))
            }
            Some(Err(error)) => (Err(error), (chunks, None)),
            None => (Ok(events.finish()), (chunks, None)),
        })
    }))
}

/// A whole answer as OpenAI's.
pub(super) fn openai_answer(dialect: &dyn Dialect, body: &Bytes, head: &AnswerHead) -> Result<Bytes, String> {
    let answer = dialect.answer(body, head)?;
    serde_json::to_vec(&answer).map(Bytes::from).map_err(|error| error.to_string())
}

/// A provider's error in OpenAI's form.
pub(super) fn openai_error(protocol: &Protocol, failure: UpstreamFailure) -> UpstreamFailure {
    let UpstreamFailure::Status { status, mut headers, body } = failure else { return failure };
    let Protocol::Translated(dialect) = protocol else {
        return UpstreamFailure::Status { status, headers, body: quirks::openai_error(status, body) };
    };
    if let Some(seconds) = dialect.retry_after(&body) {
        headers.entry(RETRY_AFTER).or_insert_with(|| seconds.into());
    }
    let status = match dialect.error_status(status, &body) {
        OVERLOADED => 503,
        status => status,
    };
    worded(UpstreamFailure::Status { status, headers, body }, |body| dialect.error_message(body))
}

/// A provider's error in OpenAI's form, given what reads its message.
pub(super) fn worded(failure: UpstreamFailure, message: impl FnOnce(&[u8]) -> Option<String>) -> UpstreamFailure {
    let UpstreamFailure::Status { status, headers, body } = failure else { return failure };
    let Some(message) = message(&body) else {
        return UpstreamFailure::Status { status, headers, body: quirks::openai_error(status, body) };
    };
    let code = quirks::error_code(status, &message);
    let error = json!({ "error": { "message": message, "type": error_type(status), "param": null, "code": code } });
    UpstreamFailure::Status { status, headers, body: Bytes::from(error.to_string()) }
}

const fn error_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        408 => "timeout_error",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    }
}
