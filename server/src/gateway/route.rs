//! Steps 3 and 4 together: deployments are tried until one answers, before anything is sent to the client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rand::RngExt;
use reqwest::header::HeaderMap;
use serde_json::json;

use super::drain::Sending;
use super::error::GatewayError;
use super::incoming::Incoming;
use super::settle::Call;
use super::stream::Chunks;
use super::upstream::{self, Upstream, UpstreamFailure};
use super::{Gateway, media, outgoing};
use crate::domain::provider::OnClientDisconnect;
use crate::provider::chat::{AnswerHead, StreamDecoder};
use crate::provider::endpoint::{Endpoint, Protocol};
use crate::provider::quirks;
use crate::router::Deployment;
use crate::router::deployment::{InFlight, Target};

/// First pause before the same deployment is tried again; it doubles.
const BACKOFF_MIN: Duration = Duration::from_millis(250);
/// Longest pause.
const BACKOFF_MAX: Duration = Duration::from_secs(8);

/// An answer that has begun.
#[derive(Debug)]
pub(super) struct Reply {
    /// Who answers.
    pub(super) deployment: Arc<Deployment>,
    /// With what.
    pub(super) source: Source,
}

/// Where the answer comes from.
#[derive(Debug)]
pub(super) enum Source {
    /// The provider, as a stream.
    Stream(Streaming),
    /// The provider, whole.
    Whole(HeaderMap, Whole),
    /// The gateway itself, with this text.
    Mock(Arc<str>),
}

/// A stream that has begun.
pub(super) struct Streaming {
    /// The provider's headers.
    pub(super) headers: HeaderMap,
    /// In OpenAI's form, or in the client's own.
    pub(super) chunks: Chunks,
    /// What reads the client's own.
    pub(super) native: Option<Box<dyn StreamDecoder>>,
}

/// An answer that is all there.
#[derive(Debug)]
pub(super) struct Whole {
    /// In OpenAI's form.
    pub(super) openai: Bytes,
    /// In the client's own, where the provider answered in it.
    pub(super) native: Option<Bytes>,
}

impl Whole {
    /// One of OpenAI's form.
    pub(super) const fn openai(body: Bytes) -> Self {
        Self { openai: body, native: None }
    }
}

impl fmt::Debug for Streaming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streaming").field("headers", &self.headers).finish_non_exhaustive()
    }
}

/// Why no deployment answered.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// None could be asked.
    Refused(GatewayError),
    /// The last one asked failed.
    Failed(UpstreamFailure),
}

/// Sends the call to one deployment after the other, but not to those that are `barred`.
pub(super) async fn forward(
    gateway: &Gateway,
    upstream: &Upstream,
    call: &mut Call,
    incoming: &Incoming,
    output_limit: Option<u64>,
    barred: &[Arc<Deployment>],
) -> Result<Reply, Unanswered> {
    let (model, is_stream) = (&incoming.request.model, incoming.request.stream);
    let mut tried: Vec<Arc<Deployment>> = barred.to_vec();
    let mut retries_left = gateway.settings.num_retries;
    let mut backoff = BACKOFF_MIN;
    loop {
        let deployment = gateway.router.choose(model, &tried).map_err(|error| Unanswered::Refused(error.into()))?;
        let fetched = media::fetch(gateway, &deployment, incoming).await;
        fetched.map_err(|error| Unanswered::Refused(error.into()))?;
        let body = outgoing::body(&deployment, incoming, output_limit, gateway.settings.drop_params)
            .map_err(|error| Unanswered::Refused(error.into()))?;
        call.sent_to(InFlight::start(Arc::clone(&deployment), gateway.clock.now()));
        let passes = outgoing::passes(&deployment, incoming);
        let headers = outgoing::headers(&deployment, incoming);
        let outgoing = Outgoing { headers, body, is_stream, passes, head: call.answer_head(&deployment) };
        let sent = match deployment.on_client_disconnect {
            OnClientDisconnect::Cancel => send(upstream, &deployment, outgoing).await,
            OnClientDisconnect::Drain => {
                let (upstream, to) = (upstream.clone(), Arc::clone(&deployment));
                let sending = Sending::new(async move { send(&upstream, &to, outgoing).await });
                call.wait_for(sending).await
            }
        };
        let failure = match sent {
            Ok(source) => return Ok(Reply { deployment, source }),
            Err(failure) => failure,
        };
        let for_router = failure.for_router();
        call.attempt_failed(&for_router.reason, for_router.status);
        gateway.router.note_failure(&deployment, for_router);
        if retries_left == 0 || !failure.is_worth_another() {
            return Err(Unanswered::Failed(failure));
        }
        retries_left -= 1;
        tried.push(deployment);
        if gateway.router.choose(model, &tried).is_ok() {
            continue;
        }
        if !failure.is_worth_the_same() {
            return Err(Unanswered::Failed(failure));
        }
        tried.truncate(barred.len());
        let pause = backoff.mul_f64(rand::rng().random_range(0.5..1.0));
        tokio::time::sleep(pause.max(gateway.settings.retry_after)).await;
        backoff = (backoff * 2).min(BACKOFF_MAX);
    }
}

/// What is sent to a deployment.
struct Outgoing {
    headers: HeaderMap,
    body: Bytes,
    is_stream: bool,
    /// Client and provider speak the same protocol, which is not OpenAI's.
    passes: bool,
    head: AnswerHead,
}

async fn send(upstream: &Upstream, deployment: &Deployment, outgoing: Outgoing) -> Result<Source, UpstreamFailure> {
    let endpoint = match &deployment.target {
        Target::Mock(text) => return Ok(Source::Mock(Arc::clone(text))),
        Target::None => {
            return Err(UpstreamFailure::Unreachable(deployment.unavailable.clone().unwrap_or_default()));
        }
        Target::Provider(endpoint) => endpoint,
    };
    let sent = if outgoing.is_stream {
        stream(upstream, endpoint, deployment.stream_timeout, outgoing).await
    } else {
        // Nothing is sent to the client before the answer is whole: one that breaks off may still be tried again.
        let whole = whole(upstream, endpoint, deployment.timeout, outgoing);
        let in_time = tokio::time::timeout(deployment.timeout, whole).await;
        in_time.unwrap_or(Err(UpstreamFailure::Timeout(deployment.timeout)))
    };
    sent.map_err(|failure| outgoing::openai_error(&endpoint.protocol, failure))
}

async fn stream(
    upstream: &Upstream,
    endpoint: &Endpoint,
    timeout: Duration,
    outgoing: Outgoing,
) -> Result<Source, UpstreamFailure> {
    let Outgoing { headers, body, passes, head, .. } = outgoing;
    let response = upstream.post_json(endpoint, &endpoint.stream_url, headers, body, timeout).await?;
    let headers = response.headers().clone();
    let chunks: Chunks = Box::pin(response.bytes_stream());
    Ok(Source::Stream(match &endpoint.protocol {
        Protocol::OpenAi(quirks) => {
            Streaming { headers, chunks: outgoing::compatible_stream(quirks, head.id, chunks), native: None }
        }
        Protocol::Translated(dialect) if passes => Streaming { headers, chunks, native: Some(dialect.stream(head)) },
        Protocol::Translated(dialect) => {
            Streaming { headers, chunks: outgoing::openai_stream(chunks, dialect.stream(head)), native: None }
        }
    }))
}

async fn whole(
    upstream: &Upstream,
    endpoint: &Endpoint,
    timeout: Duration,
    outgoing: Outgoing,
) -> Result<Source, UpstreamFailure> {
    let Outgoing { headers, body, passes, head, .. } = outgoing;
    let response = upstream.post_json(endpoint, &endpoint.whole_url, headers, body, timeout).await?;
    let headers = response.headers().clone();
    let body = upstream::read_answer(response).await?;
    let whole = match &endpoint.protocol {
        Protocol::OpenAi(quirks) => Whole::openai(quirks::openai_answer(quirks, &head.id, &body)),
        Protocol::Translated(dialect) => {
            let openai = outgoing::openai_answer(&**dialect, &body, &head).map_err(UpstreamFailure::Unreachable)?;
            Whole { openai, native: passes.then_some(body) }
        }
    };
    Ok(Source::Whole(headers, whole))
}

/// Asks a deployment for one token, which is booked to nobody.
///
/// # Errors
/// When it does not answer; the text says why.
pub async fn ping(deployment: &Deployment, upstream: &Upstream, timeout: Duration) -> Result<(), String> {
    let body = json!({ "model": &*deployment.model_name, "messages": [{ "role": "user", "content": "ping" }] });
    let body = Bytes::from(body.to_string());
    let incoming = Incoming::chat_completion(body, None).map_err(|error| error.message)?;
    let body = outgoing::body(deployment, &incoming, Some(1), true).map_err(|error| error.message)?;
    let head = AnswerHead { model: deployment.upstream_model.to_string(), ..AnswerHead::default() };
    let outgoing = Outgoing { headers: HeaderMap::new(), body, is_stream: false, passes: false, head };
    match tokio::time::timeout(timeout, send(upstream, deployment, outgoing)).await {
        Ok(sent) => sent.map(drop).map_err(|failure| failure.for_router().reason),
        Err(_) => Err(UpstreamFailure::Timeout(timeout).for_router().reason),
    }
}
