//! What a deployment is sent, in its own protocol, and what comes back, in OpenAI's.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use reqwest::header::RETRY_AFTER;
use serde_json::json;

use super::incoming::Incoming;
use super::stream::Chunks;
use super::upstream::UpstreamFailure;
use crate::domain::provider::ProviderKind;
use crate::provider::chat::stream::OpenAiEvents;
use crate::provider::chat::unsupported::Unsupported;
use crate::provider::chat::{AnswerHead, ChatBody, Content, Dialect, Part, StreamDecoder, Translation};
use crate::provider::endpoint::Protocol;
use crate::provider::openai::request::Changes;
use crate::provider::openai::{ChatRequest, RequestError};
use crate::router::Deployment;
use crate::router::deployment::Target;

/// What providers say where a prompt is longer than the model reads.
const CONTEXT_WINDOW_WORDS: [&str; 7] = [
    "prompt is too long",
    "input is too long",
    "context length",
    "context window",
    "context_length_exceeded",
    "too many input tokens",
    "exceeds the maximum number of tokens",
];
/// Characters that `user` may have there.
const USER_LENGTH_MAX: usize = 64;
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
    let with_plain_ids = if signs_ids(deployment) { None } else { incoming.with_plain_ids()? };
    let incoming = with_plain_ids.as_ref().unwrap_or(incoming);
    let request = &incoming.request;
    let default_limit = deployment.default_max_tokens.filter(|_| request.max_output_tokens.is_none());
    let lower_limit = output_limit.into_iter().chain(default_limit).min();
    match &deployment.target {
        Target::Provider(endpoint) => match &endpoint.protocol {
            Protocol::OpenAi => openai_body(deployment, incoming, lower_limit),
            Protocol::Translated(dialect) => {
                if let Some((messages, body)) = incoming.as_messages().filter(|_| dialect.is_messages()) {
                    return Ok(messages.messages_body(body, &deployment.upstream_model, lower_limit));
                }
                let how = Translation {
                    model: &deployment.upstream_model,
                    max_output_tokens: lower_limit.into_iter().chain(request.max_output_tokens).min(),
                    model_max_output_tokens: deployment.max_output_tokens,
                    unsupported: Unsupported { provider: &deployment.provider_name, drop_params },
                };
                Ok(Bytes::from(dialect.request(&*incoming.chat()?, &how)?))
            }
        },
        Target::Mock(_) | Target::None => Ok(incoming.body.clone()),
    }
}

fn signs_ids(deployment: &Deployment) -> bool {
    match &deployment.target {
        Target::Provider(endpoint) => match &endpoint.protocol {
            Protocol::Translated(dialect) => dialect.signs_ids(),
            Protocol::OpenAi => false,
        },
        Target::Mock(_) | Target::None => true,
    }
}

/// Whether `deployment` answers in the client's own protocol, which is not OpenAI's.
pub(super) fn passes(deployment: &Deployment, incoming: &Incoming) -> bool {
    match &deployment.target {
        Target::Provider(endpoint) => match &endpoint.protocol {
            Protocol::Translated(dialect) => dialect.is_messages() && incoming.as_messages().is_some(),
            Protocol::OpenAi => false,
        },
        Target::Mock(_) | Target::None => false,
    }
}

fn openai_body(deployment: &Deployment, incoming: &Incoming, lower_limit: Option<u64>) -> Result<Bytes, RequestError> {
    let max_tokens_field = max_tokens_field(deployment.provider);
    let changes = Changes { model: &deployment.upstream_model, max_output_tokens: lower_limit, max_tokens_field };
    if incoming.as_messages().is_none() {
        return Ok(incoming.request.upstream_body(&incoming.body, &changes));
    }
    let body = openai_form(&*incoming.chat()?, deployment, max_tokens_field);
    let json = serde_json::to_vec(&body).map_err(|error| RequestError { param: None, message: error.to_string() })?;
    let json = Bytes::from(json);
    Ok(ChatRequest::parse(&json, None)?.upstream_body(&json, &changes))
}

/// What was said in Anthropic's protocol as OpenAI's models take it: without what they refuse.
fn openai_form(body: &ChatBody, deployment: &Deployment, max_tokens_field: &str) -> ChatBody {
    let reasons = deployment.model_info.get("supports_reasoning").and_then(serde_json::Value::as_bool) == Some(true);
    let mut body = ChatBody {
        thinking: None,
        top_k: None,
        reasoning_effort: body.reasoning_effort.clone().filter(|_| reasons),
        user: body.user.clone().filter(|user| user.chars().count() <= USER_LENGTH_MAX),
        // A search is run by OpenAI's search models only.
        web_search_options: None,
        ..body.clone()
    };
    if max_tokens_field == "max_completion_tokens" {
        body.max_completion_tokens = body.max_tokens.take();
    }
    for message in &mut body.messages {
        message.thinking_blocks.clear();
        message.reasoning_content = None;
        message.cache_control = None;
        if let Some(Content::Parts(parts)) = &mut message.content {
            parts.iter_mut().for_each(Part::forget_cache);
        }
    }
    body.tools.iter_mut().for_each(|tool| tool.cache_control = None);
    body
}

/// OpenAI's newer models refuse `max_tokens`; its imitators know nothing else.
const fn max_tokens_field(provider: ProviderKind) -> &'static str {
    match provider {
        ProviderKind::OpenAi => "max_completion_tokens",
        _ => "max_tokens",
    }
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
pub(super) fn openai_error(dialect: &dyn Dialect, failure: UpstreamFailure) -> UpstreamFailure {
    let UpstreamFailure::Status { status, mut headers, body } = failure else { return failure };
    if let Some(seconds) = dialect.retry_after(&body) {
        headers.entry(RETRY_AFTER).or_insert_with(|| seconds.into());
    }
    let Some(message) = dialect.error_message(&body) else {
        return UpstreamFailure::Status { status, headers, body };
    };
    let status = match dialect.error_status(status, &body) {
        OVERLOADED => 503,
        status => status,
    };
    let lower = message.to_lowercase();
    let is_too_long = matches!(status, 400 | 413) && CONTEXT_WINDOW_WORDS.iter().any(|words| lower.contains(words));
    let code = if is_too_long { "context_length_exceeded".to_owned() } else { status.to_string() };
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
