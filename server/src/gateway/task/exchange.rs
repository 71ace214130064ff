//! A call that is no conversation, as one deployment is asked to do it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::amount::Amount;
use super::form::Form;
use super::request::TaskRequest;
use super::watch::TaskWatcher;
use crate::domain::operation::Operation;
use crate::gateway::admit::Wanted;
use crate::gateway::call::{Context, Deployments};
use crate::gateway::error::GatewayError;
use crate::gateway::first_event;
use crate::gateway::outgoing;
use crate::gateway::route::{Attempt, Outgoing, Said, Source, StreamForm, Streaming, Whole};
use crate::gateway::settle::{Asked, ImageAsked};
use crate::gateway::upstream::{self, Payload, Upstream, UpstreamFailure};
use crate::gateway::usable;
use crate::provider::chat::AnswerHead;
use crate::provider::chat::unsupported::Unsupported;
use crate::provider::endpoint::Endpoint;
use crate::provider::openai::request::Changes;
use crate::provider::openai::{RequestError, read_task_answer};
use crate::provider::quirks::{self, Quirks};
use crate::provider::task::{TaskAnswer, TaskDialect, TaskEndpoint, TaskProtocol, TaskTranslation};
use crate::provider::tokens::TextCounter;
use crate::router::Deployment;
use crate::router::deployment::Target;

/// Requests of one call that a provider is sent at once, where it takes one input at a time.
const REQUESTS_AT_ONCE: usize = 8;

impl Attempt for TaskRequest {
    type Outgoing = Task;

    fn model(&self) -> &str {
        &self.request.model
    }

    fn is_stream(&self) -> bool {
        // What is spoken is passed on as it comes.
        self.request.stream || self.operation == Operation::Speech
    }

    async fn deployments(&self, context: &Context, model: &str) -> Result<Deployments, GatewayError> {
        context.deployments(model, self.operation)
    }

    fn wanted<'a>(&'a self, model: &'a str, deployments: &[Arc<Deployment>]) -> Wanted<'a> {
        Wanted { model, body: &self.body, bounds: Amount::of(self, deployments).bounds(deployments) }
    }

    fn asked(&self, deployments: &[Arc<Deployment>]) -> Asked {
        let units = Amount::of(self, deployments).untold;
        let (body, tier) = (self.body.clone(), self.request.service_tier);
        Asked { body, units, tier, image: image_asked(self), telling: Arc::default() }
    }

    fn outgoing(&self, deployment: &Deployment, how: Said) -> Result<Task, RequestError> {
        let Self { operation, request, body, form, .. } = self;
        let Said { drop_params, head, .. } = how;
        let (model, params) = (&*deployment.upstream_model, &deployment.request);
        let drop_params = drop_params || params.drop_params || request.params.drop_params;
        let asking = match (form, dialect(deployment, *operation)) {
            (Some(form), _) => Asking::Form(form.clone()),
            (None, None) => {
                let (max_output_tokens, quirks) = (None, Quirks::TASKS);
                let changes = Changes { model, max_output_tokens, quirks, params, drop_params };
                Asking::Json(request.upstream_body(body, &changes)?)
            }
            (None, Some(dialect)) => {
                let unsupported = Unsupported { provider: &deployment.provider_name, drop_params, wishes: &[] };
                let body = self.members();
                let requests = dialect.requests(&body, &TaskTranslation { model, unsupported })?;
                Asking::Translated { dialect: Arc::clone(dialect), body, requests }
            }
        };
        let is_stream = self.is_stream();
        let headers = outgoing::with_extra(HeaderMap::new(), deployment, request);
        Ok(Task { operation: *operation, headers, asking, is_stream, head })
    }
}

/// What picture a call asks for.
fn image_asked(task: &TaskRequest) -> Option<ImageAsked> {
    if !matches!(task.operation, Operation::Image | Operation::ImageEdit) {
        return None;
    }
    let members = task.members();
    let text = |name: &str| members.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    Some(ImageAsked { quality: text("quality"), size: text("size") })
}

fn dialect(deployment: &Deployment, operation: Operation) -> Option<&Arc<dyn TaskDialect>> {
    let Target::Provider(endpoint) = &deployment.target else { return None };
    match &endpoint.task(operation)?.protocol {
        TaskProtocol::Passing => None,
        TaskProtocol::Translated(dialect) => Some(dialect),
    }
}

/// What is sent to a deployment.
pub(in crate::gateway) struct Task {
    operation: Operation,
    headers: HeaderMap,
    asking: Asking,
    is_stream: bool,
    head: AnswerHead,
}

enum Asking {
    Json(Bytes),
    Form(Form),
    Translated { dialect: Arc<dyn TaskDialect>, body: Map<String, Value>, requests: Vec<Bytes> },
}

impl Outgoing for Task {
    async fn send(
        self,
        upstream: &Upstream,
        deployment: &Deployment,
        timeout: Duration,
    ) -> Result<Source, UpstreamFailure> {
        let Target::Provider(endpoint) = &deployment.target else {
            return Err(UpstreamFailure::Unreachable(deployment.unavailable.clone().unwrap_or_default()));
        };
        let Some(place) = endpoint.task(self.operation) else {
            return Err(UpstreamFailure::Unreachable(format!("it does no {}", self.operation)));
        };
        let call = Sent { upstream, endpoint, place, deployment, timeout, headers: self.headers };
        let (is_stream, operation) = (self.is_stream, self.operation);
        match self.asking {
            Asking::Json(body) => call.passing(operation, Payload::Json(body), is_stream).await,
            Asking::Form(form) => {
                let form = form.for_provider(&deployment.upstream_model).map_err(UpstreamFailure::Unreachable)?;
                call.passing(operation, Payload::Form(form), is_stream).await
            }
            Asking::Translated { dialect, body, requests } => {
                call.translated(operation, &*dialect, &body, requests, &self.head).await
            }
        }
    }
}

/// A call on its way to a deployment.
struct Sent<'a> {
    upstream: &'a Upstream,
    endpoint: &'a Endpoint,
    place: &'a TaskEndpoint,
    deployment: &'a Deployment,
    timeout: Duration,
    headers: HeaderMap,
}

impl Sent<'_> {
    async fn passing(
        &self,
        operation: Operation,
        payload: Payload,
        is_stream: bool,
    ) -> Result<Source, UpstreamFailure> {
        let Self { upstream, endpoint, place, deployment, timeout, headers } = self;
        let asked_at = Instant::now();
        let sent = upstream.post(endpoint, &place.url, headers.clone(), payload, *timeout).await;
        let response = sent.map_err(in_openais_words)?;
        let headers = response.headers().clone();
        if is_stream {
            let watcher = TaskWatcher::new(operation, headers.get(CONTENT_TYPE));
            // Sound may be called anything.
            let reads_events = watcher.reads_events() && operation != Operation::Speech;
            let form = if reads_events { first_event::Form::Typed } else { first_event::Form::Opaque };
            let chunks = Box::pin(response.bytes_stream());
            let begun = first_event::begun(chunks, form, &headers, asked_at, *timeout).await;
            let chunks = begun.map_err(in_openais_words)?;
            return Ok(Source::Stream(Streaming { headers, chunks, read: StreamForm::Watched(Box::new(watcher)) }));
        }
        let reading = tokio::time::timeout(*timeout, upstream::read_answer(response)).await;
        let body = reading.unwrap_or(Err(UpstreamFailure::Timeout(*timeout)))?;
        let checked = if is_text(operation) { usable::check_text } else { usable::check_json };
        checked(&headers, &body).map_err(|failure| in_openais_words(*failure))?;
        Ok(Source::Whole(headers, Box::new(whole(operation, body, deployment))))
    }

    async fn translated(
        &self,
        operation: Operation,
        dialect: &dyn TaskDialect,
        body: &Map<String, Value>,
        requests: Vec<Bytes>,
        head: &AnswerHead,
    ) -> Result<Source, UpstreamFailure> {
        let timeout = self.timeout;
        let asked = stream::iter(requests).map(|request| self.ask(request)).buffered(REQUESTS_AT_ONCE).try_collect();
        let answers: Result<Vec<TaskAnswer>, UpstreamFailure> =
            tokio::time::timeout(timeout, asked).await.unwrap_or(Err(UpstreamFailure::Timeout(timeout)));
        let answers = answers.map_err(|failure| outgoing::worded(failure, |body| dialect.error_message(body)))?;
        let answer = dialect.answer(body, &answers, head).map_err(UpstreamFailure::Unreachable)?;
        let headers = answers.into_iter().next().map(|answer| answer.headers).unwrap_or_default();
        let answer = whole(operation, Bytes::from(answer.to_string()), self.deployment);
        Ok(Source::Whole(headers, Box::new(answer)))
    }

    async fn ask(&self, request: Bytes) -> Result<TaskAnswer, UpstreamFailure> {
        let Self { upstream, endpoint, place, timeout, headers, .. } = self;
        let payload = Payload::Json(request);
        let response = upstream.post(endpoint, &place.url, headers.clone(), payload, *timeout).await?;
        let headers = response.headers().clone();
        Ok(TaskAnswer { headers, body: upstream::read_answer(response).await? })
    }
}

/// What is written down may come as plain text.
const fn is_text(operation: Operation) -> bool {
    matches!(operation, Operation::Transcription | Operation::Translation)
}

fn whole(operation: Operation, body: Bytes, deployment: &Deployment) -> Whole {
    let answer = read_task_answer(operation, &body);
    let mut text = TextCounter::default();
    // What is written down is all that is told, in plain texts and subtitles; paid by the second, it costs no more.
    let is_by_second = deployment.prices.as_ref().is_some_and(|prices| prices.per_second.is_some());
    if is_text(operation) && answer.usage.is_none() && !is_by_second {
        text.push(&String::from_utf8_lossy(&body));
    }
    Whole { openai: body, native: None, answer, text }
}

fn in_openais_words(failure: UpstreamFailure) -> UpstreamFailure {
    match failure {
        UpstreamFailure::Status { status, headers, body } => {
            UpstreamFailure::Status { status, headers, body: quirks::openai_error(status, body) }
        }
        other => other,
    }
}
