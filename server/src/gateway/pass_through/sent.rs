//! What a provider is sent, and what comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use actix_web::http::StatusCode;
use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, Response, Url};

use super::asked::Asked;
use super::target::Target;
use super::watch::PassingWatcher;
use crate::domain::usage::Usage;
use crate::gateway::outgoing;
use crate::gateway::route::{Source, StreamForm, Streaming, Whole};
use crate::gateway::upstream::{self, Upstream, UpstreamFailure};
use crate::provider::chat::AnswerHead;
use crate::provider::endpoint::Endpoint;
use crate::provider::openai::{Answer, RequestError};
use crate::provider::pass_through::reading::{Spoken, spoken};
use crate::provider::pass_through::{NativePath, Place, model_at, usage_in};
use crate::provider::tokens::TextCounter;
use crate::router::Deployment;
use crate::router::deployment::Target as Reached;

/// The client's choice of a version goes before the one that is sent by default.
const VERSION: &str = "anthropic-version";
/// Where Bedrock tells what a call took, whatever its model answers.
const COUNTS: [&str; 2] = ["x-amzn-bedrock-input-token-count", "x-amzn-bedrock-output-token-count"];

/// The status of an answer, told beside it: answers of other calls have only one.
#[derive(Clone, Debug, Default)]
pub(super) struct Status(Arc<AtomicU16>);

impl Status {
    pub(super) fn get(&self) -> StatusCode {
        StatusCode::from_u16(self.0.load(Ordering::Relaxed)).unwrap_or(StatusCode::OK)
    }
}

/// A call on its way to a provider.
#[derive(Debug)]
pub(super) struct Sent {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
    is_stream: bool,
    /// A model works for it, and is paid for it.
    asks_model: bool,
    spoken: Option<Spoken>,
    status: Status,
    head: AnswerHead,
}

impl Sent {
    /// What `deployment` is sent.
    ///
    /// # Errors
    /// When the path is not below its address.
    pub(super) fn new(asked: &Asked, target: &Target, deployment: &Deployment) -> Result<Self, RequestError> {
        let Reached::Provider(endpoint) = &deployment.target else {
            return Err(RequestError { param: None, message: "The deployment has no provider.".to_owned() });
        };
        let (path, body) = renamed(asked, target, deployment, endpoint);
        let spoken = spoken(asked.api, &path);
        let url = Place { path, query: asked.query.as_deref() }.at(asked.api, endpoint)?;
        Ok(Self {
            method: asked.method.clone(),
            url,
            headers: headers(asked, endpoint),
            body,
            is_stream: asked.is_stream(),
            asks_model: asked.asks_model(),
            spoken,
            status: Status::default(),
            head: AnswerHead::default(),
        })
    }

    /// The same, telling its status; `head` is what the answer says of itself where the provider does not.
    pub(super) fn telling(self, status: Status, head: AnswerHead) -> Self {
        Self { status, head, ..self }
    }

    /// Sends it and waits until the answer begins, or for all of one that is whole.
    pub(super) async fn send(self, upstream: &Upstream, deployment: &Deployment) -> Result<Source, UpstreamFailure> {
        let Self { method, url, headers, body, is_stream, asks_model, spoken, status, head } = self;
        let Reached::Provider(endpoint) = &deployment.target else {
            return Err(UpstreamFailure::Unreachable(deployment.unavailable.clone().unwrap_or_default()));
        };
        let timeout = if is_stream { deployment.stream_timeout } else { deployment.timeout };
        let request = upstream.request(method, url).headers(headers).body(body);
        let response = upstream.send(endpoint, request, timeout).await?;
        status.0.store(response.status().as_u16(), Ordering::Relaxed);
        let headers = response.headers().clone();
        let media_type = media_type(&response);
        if media_type.ends_with("json") || response.content_length() == Some(0) {
            let reading = tokio::time::timeout(timeout, upstream::read_answer(response)).await;
            let body = reading.unwrap_or(Err(UpstreamFailure::Timeout(timeout)))?;
            let whole = whole(spoken.as_ref(), &headers, body, asks_model, &head);
            return Ok(Source::Whole(headers, Box::new(whole)));
        }
        let watcher = PassingWatcher::new(spoken, &media_type, asks_model, head);
        let read = StreamForm::Watched(Box::new(watcher));
        Ok(Source::Stream(Streaming { headers, chunks: Box::pin(response.bytes_stream()), read }))
    }
}

/// Path and body with the provider's name of the model, where the call has the public one.
fn renamed(asked: &Asked, target: &Target, deployment: &Deployment, endpoint: &Endpoint) -> (NativePath, Bytes) {
    let (path, body) = (asked.path.clone(), asked.body.clone());
    if !target.is_renamed {
        return (path, body);
    }
    match path.model(asked.api.model).zip(model_at(asked.api, endpoint)) {
        Some(((at, _), name)) => (path.with_model(at, name), body),
        None => {
            let body = asked.request.with_model(&body, &deployment.upstream_model);
            (path, body)
        }
    }
}

/// The client's headers under those of the configuration.
fn headers(asked: &Asked, endpoint: &Endpoint) -> HeaderMap {
    let mut headers = asked.headers.clone();
    let version = headers.get(VERSION).cloned();
    for name in endpoint.headers.keys() {
        headers.remove(name);
    }
    for (name, value) in &endpoint.headers {
        headers.append(name, value.clone());
    }
    if let Some(version) = version {
        headers.insert(VERSION, version);
    }
    headers
}

fn media_type(response: &Response) -> String {
    let text = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().unwrap_or(text).trim().to_ascii_lowercase()
}

/// A whole answer, and what it says of what it took. What no model worked for takes nothing.
fn whole(spoken: Option<&Spoken>, headers: &HeaderMap, body: Bytes, asks_model: bool, head: &AnswerHead) -> Whole {
    let read = match spoken {
        Some(Spoken::OpenAi) => Some(Whole::openai(body.clone())),
        Some(Spoken::Translated(dialect)) => outgoing::openai_answer(&**dialect, &body, head).ok().map(Whole::openai),
        None => None,
    };
    if let Some(Whole { answer, text, .. }) = read {
        return Whole { openai: body, native: None, answer, text };
    }
    let json = serde_json::from_slice::<serde_json::Value>(&body).ok();
    let told = json.as_ref().and_then(usage_in).or_else(|| counts(headers));
    let usage = told.or_else(|| (!asks_model).then(Usage::default));
    Whole { openai: body, native: None, answer: Answer { usage, ..Answer::default() }, text: TextCounter::default() }
}

fn counts(headers: &HeaderMap) -> Option<Usage> {
    let [input, output] = COUNTS.map(|name| headers.get(name)?.to_str().ok()?.parse::<u64>().ok());
    let usage = serde_json::json!({ "usage": { "inputTokens": input?, "outputTokens": output.unwrap_or(0) } });
    usage_in(&usage)
}
