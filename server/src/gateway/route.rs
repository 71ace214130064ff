//! Steps 3 and 4 together: deployments are tried until one answers, before anything is sent to the client. First those
//! of the model that was asked for, then those of the models that stand in for it.

mod fallback;
mod group;
mod hedge;
mod tries;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use tokio::time::Instant;

use super::Gateway;
use super::admit::{Admitted, Wanted};
use super::call::{Context, Deployments, Started};
use super::error::GatewayError;
use super::failure::FailureKind;
use super::settle::attempts::AttemptKind;
use super::settle::{Asked, Call};
use super::stream::{Chunks, Watcher};
use super::upstream::{Upstream, UpstreamFailure};
use crate::config::{ErrorClass, RouterSettings};
use crate::provider::chat::{AnswerHead, StreamDecoder};
use crate::provider::openai::usage::answer_texts;
use crate::provider::openai::{Answer, RequestError, read_answer};
use crate::provider::tokens::TextCounter;
use crate::router::Deployment;
use fallback::Plan;
use group::Group;

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

impl Unanswered {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Failed(failure) => failure.kind(),
            Self::Refused(error) => error.stands_in_for().unwrap_or(FailureKind::Other),
        }
    }

    fn status_and_class(&self) -> (Option<u16>, ErrorClass) {
        match self {
            Self::Failed(failure) => (failure.status(), failure.class()),
            Self::Refused(_) => (None, ErrorClass::Default),
        }
    }
}

/// A call, as any deployment may be asked to do it.
pub(super) trait Attempt {
    /// What one deployment is sent.
    type Outgoing: Outgoing;

    /// Public name of the model that was asked for.
    fn model(&self) -> &str;

    /// The answer is wanted as a stream.
    fn is_stream(&self) -> bool;

    /// The deployments of `model` that can do it, and those that cannot.
    ///
    /// # Errors
    /// When the caller may not have it done, or nobody can do it.
    async fn deployments(&self, context: &Context, model: &str) -> Result<Deployments, GatewayError>;

    /// What has to be admitted before any of `deployments` of `model` is asked.
    fn wanted<'a>(&'a self, model: &'a str, deployments: &[Arc<Deployment>]) -> Wanted<'a>;

    /// What is counted of it where none of `deployments` tells what it took.
    fn asked(&self, deployments: &[Arc<Deployment>]) -> Asked;

    /// Gets what `deployment` has to be sent and the call does not have.
    ///
    /// # Errors
    /// When it cannot be had.
    async fn prepare(&self, _gateway: &Gateway, _deployment: &Deployment) -> Result<(), RequestError> {
        Ok(())
    }

    /// What `deployment` is sent.
    ///
    /// # Errors
    /// When the call cannot be said in its protocol.
    fn outgoing(&self, deployment: &Deployment, how: Said) -> Result<Self::Outgoing, RequestError>;
}

/// How a call is said to a deployment.
pub(super) struct Said {
    /// What is left of a budget, in output tokens.
    pub(super) output_limit: Option<u64>,
    /// Parameters it does not take are left out.
    pub(super) drop_params: bool,
    /// What its answer says of itself where the provider does not.
    pub(super) head: AnswerHead,
}

/// What is sent to one deployment.
pub(super) trait Outgoing: Send + 'static {
    /// Sends it and waits until the answer begins, or for all of one that is whole, no longer than `timeout`.
    fn send(
        self,
        upstream: &Upstream,
        deployment: &Deployment,
        timeout: Duration,
    ) -> impl Future<Output = Result<Source, UpstreamFailure>> + Send;
}

/// A call that has been answered, or not.
pub(super) type Outcome = Result<(Call, Reply), (Call, Unanswered)>;

/// A call on its way from one deployment to the next.
struct Forwarding<'a, A> {
    context: &'a Context,
    upstream: &'a Upstream,
    attempt: &'a A,
    settings: Arc<RouterSettings>,
    call: Call,
    /// When the client has to have an answer, or the beginning of a stream.
    deadline: Instant,
}

/// Has a call admitted for the model it asks for, or, where that cannot be called at all, for one that stands in.
///
/// # Errors
/// When the call may not be made, nobody can do it, or a limit does not allow it.
pub(super) async fn start<A: Attempt>(context: &Context, attempt: &A) -> Result<Started, GatewayError> {
    let asked_for = attempt.model();
    let error = match context.start(attempt, asked_for).await {
        Ok(started) => return Ok(started),
        Err(error) => error,
    };
    let Some(kind) = error.stands_in_for() else { return Err(error) };
    let settings = context.gateway.routing.load_full();
    let mut plan = Plan::new(context, &settings, asked_for);
    plan.failed(asked_for, kind);
    while let Some(model) = plan.next() {
        if let Ok(mut started) = Box::pin(context.start(attempt, &model)).await {
            started.call.not_started(asked_for, error);
            return Ok(started);
        }
    }
    Err(error)
}

/// Sends an admitted call to one deployment after the other.
pub(super) async fn forward<A: Attempt>(
    context: &Context,
    upstream: &Upstream,
    started: Started,
    attempt: &A,
) -> Outcome {
    let Started { model, call, output_limit, barred } = started;
    let settings = context.gateway.routing.load_full();
    let deadline = context.deadline(&settings, attempt.is_stream());
    let mut forwarding = Forwarding { context, upstream, attempt, settings, call, deadline };
    let kind = if model == attempt.model() { AttemptKind::First } else { AttemptKind::Fallback };
    let group = Group { model: &model, barred, output_limit };
    let asked = forwarding.ask_group(group, kind).await;
    if kind == AttemptKind::Fallback {
        // The model that was asked for could not be called at all.
        forwarding.call.fell_back((None, ErrorClass::Default), asked.is_ok());
    }
    let answered = match asked {
        Ok(reply) => Ok(reply),
        Err(unanswered) => Box::pin(forwarding.fall_back(&model, unanswered)).await,
    };
    match answered {
        Ok(reply) => Ok((forwarding.call, reply)),
        Err(unanswered) => Err((forwarding.call, unanswered)),
    }
}

impl<A: Attempt> Forwarding<'_, A> {
    fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Asks the models that stand in for `model`, which did not answer.
    async fn fall_back(&mut self, model: &str, unanswered: Unanswered) -> Result<Reply, Unanswered> {
        let (settings, asked_for) = (Arc::clone(&self.settings), self.attempt.model());
        let mut plan = Plan::new(self.context, &settings, asked_for).with(model);
        let mut last = unanswered;
        plan.failed(model, last.kind());
        while let Some(model) = plan.next() {
            if self.time_left().is_zero() {
                break;
            }
            let group = match self.move_to(&model).await {
                Ok(group) => group,
                Err(refusal) => {
                    self.call.not_moved(&model, refusal);
                    continue;
                }
            };
            let asked = self.ask_group(group, AttemptKind::Fallback).await;
            self.call.fell_back(last.status_and_class(), asked.is_ok());
            match asked {
                Ok(reply) => return Ok(reply),
                Err(unanswered) => {
                    plan.failed(&model, unanswered.kind());
                    // What a provider said tells more than why none could be asked.
                    if matches!(unanswered, Unanswered::Failed(_)) {
                        last = unanswered;
                    }
                }
            }
        }
        Err(last)
    }

    /// Has the call admitted for another model, in the place of the one it was admitted for.
    async fn move_to<'m>(&mut self, model: &'m str) -> Result<Group<'m>, GatewayError> {
        self.call.give_back();
        let deployments = self.attempt.deployments(self.context, model).await?;
        let wanted = self.attempt.wanted(model, &deployments.able);
        let asked = self.attempt.asked(&deployments.able);
        let Admitted { ticket, output_limit, barred, soft } = self.context.reserve(wanted, deployments).await?;
        self.call.moved_to(model, asked, ticket, soft);
        Ok(Group { model, barred, output_limit })
    }
}
