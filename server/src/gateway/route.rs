//! Steps 3 and 4 together: deployments are tried until one answers, before anything is sent to the client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rand::RngExt;
use reqwest::header::HeaderMap;

use super::Gateway;
use super::drain::Sending;
use super::error::GatewayError;
use super::settle::Call;
use super::stream::{Chunks, Watcher};
use super::upstream::{Upstream, UpstreamFailure};
use crate::domain::provider::OnClientDisconnect;
use crate::provider::chat::{AnswerHead, StreamDecoder};
use crate::provider::openai::usage::answer_texts;
use crate::provider::openai::{Answer, RequestError, read_answer};
use crate::provider::tokens::TextCounter;
use crate::router::deployment::InFlight;
use crate::router::{Ask, Deployment};

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
    Whole(HeaderMap, Box<Whole>),
    /// The gateway itself, with this text.
    Mock(Arc<str>),
}

/// A stream that has begun.
pub(super) struct Streaming {
    /// The provider's headers.
    pub(super) headers: HeaderMap,
    /// In the form that `read` says.
    pub(super) chunks: Chunks,
    /// How it is read.
    pub(super) read: StreamForm,
}

/// How a provider's stream is read for the ledger.
pub(super) enum StreamForm {
    /// As chat chunks of OpenAI's.
    OpenAi,
    /// As text chunks of OpenAI's, which are read as those of chats are and pass through.
    Completion,
    /// In the client's own protocol, by this decoder.
    Native(Box<dyn StreamDecoder>),
    /// As something else that passes through, by this watcher.
    Watched(Box<dyn Watcher>),
}

/// An answer that is all there.
#[derive(Debug)]
pub(super) struct Whole {
    /// In OpenAI's form.
    pub(super) openai: Bytes,
    /// In the client's own, where the provider answered in it.
    pub(super) native: Option<Bytes>,
    /// What the ledger wants to know of it.
    pub(super) answer: Answer,
    /// Its text, where the provider did not tell what it took.
    pub(super) text: TextCounter,
}

impl Whole {
    /// A chat completion.
    pub(super) fn openai(body: Bytes) -> Self {
        let answer = read_answer(&body);
        let mut text = TextCounter::default();
        if answer.usage.is_none() {
            answer_texts(&body).iter().for_each(|piece| text.push(piece));
        }
        Self { openai: body, native: None, answer, text }
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

/// A call, as any deployment may be asked to do it.
pub(super) trait Attempt {
    /// What one deployment is sent.
    type Outgoing: Outgoing;

    /// Public name of the model.
    fn model(&self) -> &str;

    /// The answer is wanted as a stream.
    fn is_stream(&self) -> bool;

    /// Gets what `deployment` has to be sent and the call does not have.
    ///
    /// # Errors
    /// When it cannot be had.
    async fn prepare(&self, _gateway: &Gateway, _deployment: &Deployment) -> Result<(), RequestError> {
        Ok(())
    }

    /// What `deployment` is sent; `head` is what its answer says of itself where the provider does not. Parameters it
    /// does not take are left out if `drop_params` says so.
    ///
    /// # Errors
    /// When the call cannot be said in its protocol.
    fn outgoing(
        &self,
        deployment: &Deployment,
        drop_params: bool,
        head: AnswerHead,
    ) -> Result<Self::Outgoing, RequestError>;
}

/// What is sent to one deployment.
pub(super) trait Outgoing: Send + 'static {
    /// Sends it and waits until the answer begins, or for all of one that is whole.
    fn send(
        self,
        upstream: &Upstream,
        deployment: &Deployment,
    ) -> impl Future<Output = Result<Source, UpstreamFailure>> + Send;
}

/// Sends the call to one deployment after the other, but not to those that are `barred`.
pub(super) async fn forward<A: Attempt>(
    gateway: &Gateway,
    upstream: &Upstream,
    call: &mut Call,
    attempt: &A,
    barred: &[Arc<Deployment>],
) -> Result<Reply, Unanswered> {
    let ask = Ask { model: attempt.model(), barred: &[], is_stream: attempt.is_stream(), sticky: None };
    let mut tried: Vec<Arc<Deployment>> = barred.to_vec();
    let mut retries_left = gateway.settings.num_retries;
    let mut backoff = BACKOFF_MIN;
    loop {
        let deployment = gateway.router.choose(&Ask { barred: &tried, ..ask });
        let deployment = deployment.map_err(|error| Unanswered::Refused(error.into()))?;
        let prepared = attempt.prepare(gateway, &deployment).await;
        prepared.map_err(|error| Unanswered::Refused(error.into()))?;
        let drop_params = gateway.settings.drop_params;
        let outgoing = attempt.outgoing(&deployment, drop_params, call.answer_head(&deployment));
        let outgoing = outgoing.map_err(|error| Unanswered::Refused(error.into()))?;
        call.sent_to(InFlight::start(Arc::clone(&deployment), gateway.clock.now()));
        let sent = match deployment.on_client_disconnect {
            OnClientDisconnect::Cancel => outgoing.send(upstream, &deployment).await,
            OnClientDisconnect::Drain => {
                let (upstream, to) = (upstream.clone(), Arc::clone(&deployment));
                let sending = Sending::new(async move { outgoing.send(&upstream, &to).await });
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
        if gateway.router.choose(&Ask { barred: &tried, ..ask }).is_ok() {
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
