//! Steps 3 and 4 together: deployments are tried until one answers, before anything is sent to the client.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rand::RngExt;
use reqwest::Response;
use reqwest::header::HeaderMap;

use super::Gateway;
use super::drain::Sending;
use super::error::GatewayError;
use super::settle::Call;
use super::upstream::{self, Upstream, UpstreamFailure};
use crate::domain::provider::{OnClientDisconnect, ProviderKind};
use crate::provider::openai::ChatRequest;
use crate::provider::openai::request::Changes;
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
    Stream(Response),
    /// The provider, whole.
    Whole(HeaderMap, Bytes),
    /// The gateway itself, with this text.
    Mock(Arc<str>),
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
    request: &ChatRequest,
    body: &Bytes,
    output_limit: Option<u64>,
    barred: &[Arc<Deployment>],
) -> Result<Reply, Unanswered> {
    let mut tried: Vec<Arc<Deployment>> = barred.to_vec();
    let mut retries_left = gateway.settings.num_retries;
    let mut backoff = BACKOFF_MIN;
    loop {
        let deployment =
            gateway.router.choose(&request.model, &tried).map_err(|error| Unanswered::Refused(error.into()))?;
        call.sent_to(InFlight::start(Arc::clone(&deployment), gateway.clock.now()));
        let body = upstream_body(&deployment, request, body, output_limit);
        let sent = match deployment.on_client_disconnect {
            OnClientDisconnect::Cancel => send(upstream, &deployment, body, request.stream).await,
            OnClientDisconnect::Drain => {
                let (upstream, to, is_stream) = (upstream.clone(), Arc::clone(&deployment), request.stream);
                let sending = Sending::new(async move { send(&upstream, &to, body, is_stream).await });
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
        if gateway.router.choose(&request.model, &tried).is_ok() {
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

/// The body as it is sent to `deployment`.
fn upstream_body(deployment: &Deployment, request: &ChatRequest, body: &Bytes, output_limit: Option<u64>) -> Bytes {
    let default_limit = deployment.default_max_tokens.filter(|_| request.max_output_tokens.is_none());
    let changes = Changes {
        model: &deployment.upstream_model,
        max_output_tokens: output_limit.into_iter().chain(default_limit).min(),
        max_tokens_field: max_tokens_field(deployment.provider),
    };
    request.upstream_body(body, &changes)
}

async fn send(
    upstream: &Upstream,
    deployment: &Deployment,
    body: Bytes,
    is_stream: bool,
) -> Result<Source, UpstreamFailure> {
    match &deployment.target {
        Target::Mock(text) => Ok(Source::Mock(Arc::clone(text))),
        Target::None => Err(UpstreamFailure::Unreachable(deployment.unavailable.clone().unwrap_or_default())),
        Target::OpenAi { chat_url, headers, .. } => {
            if is_stream {
                let response = upstream.post_json(chat_url, headers, body, deployment.stream_timeout).await?;
                return Ok(Source::Stream(response));
            }
            // Nothing is sent to the client before the answer is whole: one that breaks off may still be tried again.
            let whole = async {
                let response = upstream.post_json(chat_url, headers, body, deployment.timeout).await?;
                let headers = response.headers().clone();
                Ok(Source::Whole(headers, upstream::read_answer(response).await?))
            };
            match tokio::time::timeout(deployment.timeout, whole).await {
                Ok(whole) => whole,
                Err(_) => Err(UpstreamFailure::Timeout(deployment.timeout)),
            }
        }
    }
}

/// OpenAI's newer models refuse `max_tokens`; its imitators know nothing else.
const fn max_tokens_field(provider: ProviderKind) -> &'static str {
    match provider {
        ProviderKind::OpenAi => "max_completion_tokens",
        _ => "max_tokens",
    }
}
