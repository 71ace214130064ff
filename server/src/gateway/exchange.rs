//! A conversation as one deployment is asked to go on with it, in its own protocol.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Url;
use reqwest::header::HeaderMap;
use tokio::time::Instant;

use super::admit::Wanted;
use super::call::{Context, Deployments};
use super::error::GatewayError;
use super::incoming::Incoming;
use super::outgoing::Native;
use super::route::{Attempt, Outgoing, Said, Source, StreamForm, Streaming, Whole};
use super::settle::Asked;
use super::stream::Chunks;
use super::upstream::{self, Upstream, UpstreamFailure};
use super::{Gateway, completions, first_event, media, outgoing, responses, suitable, usable};
use crate::domain::operation::Operation;
use crate::provider::chat::{AnswerHead, Dialect};
use crate::provider::endpoint::{Endpoint, Protocol};
use crate::provider::openai::RequestError;
use crate::provider::quirks;
use crate::router::Deployment;
use crate::router::deployment::Target;

/// A conversation, to be sent to one deployment or another.
pub(super) struct Exchange<'a> {
    /// As it came.
    pub(super) incoming: &'a Incoming,
    /// What is asked for.
    pub(super) operation: Operation,
}

impl Attempt for Exchange<'_> {
    type Outgoing = Sent;

    fn model(&self) -> &str {
        &self.incoming.request.model
    }

    fn is_stream(&self) -> bool {
        self.incoming.request.stream
    }

    async fn prepare(&self, gateway: &Gateway, deployment: &Deployment) -> Result<(), RequestError> {
        // Texts to go on with link to nothing.
        if self.incoming.is_completion() { Ok(()) } else { media::fetch(gateway, deployment, self.incoming).await }
    }

    async fn deployments(&self, context: &Context, model: &str) -> Result<Deployments, GatewayError> {
        let deployments = context.deployments(model, self.operation)?;
        let deployments = responses::fit(self.incoming, deployments, context.gateway.settings.load().drop_params)?;
        if !context.gateway.routing.load().enable_pre_call_checks {
            return Ok(deployments);
        }
        suitable::by_contents(deployments, &self.incoming.body).await
    }

    fn wanted<'a>(&'a self, model: &'a str, deployments: &[Arc<Deployment>]) -> Wanted<'a> {
        let Incoming { request, body, .. } = self.incoming;
        Wanted { model, ..Wanted::conversation(request, body, deployments) }
    }

    fn asked(&self, _deployments: &[Arc<Deployment>]) -> Asked {
        Asked::text(self.incoming.body.clone(), self.incoming.request.service_tier)
    }

    fn outgoing(&self, deployment: &Deployment, how: Said) -> Result<Sent, RequestError> {
        let (incoming, Said { output_limit, drop_params, head }) = (self.incoming, how);
        let body = outgoing::body(deployment, incoming, output_limit, drop_params)?;
        let native = outgoing::native(deployment, incoming);
        let headers = outgoing::headers(deployment, incoming);
        let url = completions::endpoint(deployment).filter(|_| incoming.is_completion()).map(|place| place.url.clone());
        Ok(Sent { headers, body, is_stream: incoming.request.stream, native, url, head })
    }
}

/// What is sent to a deployment.
pub(super) struct Sent {
    headers: HeaderMap,
    body: Bytes,
    is_stream: bool,
    /// What client and provider both speak, where that is no chat completion.
    native: Option<Native>,
    /// Where it is sent, if not where conversations are.
    url: Option<Url>,
    head: AnswerHead,
}

impl Outgoing for Sent {
    async fn send(
        self,
        upstream: &Upstream,
        deployment: &Deployment,
        timeout: Duration,
    ) -> Result<Source, UpstreamFailure> {
        let endpoint = match &deployment.target {
            Target::Mock(text) => return Ok(Source::Mock(text.clone())),
            Target::None => {
                return Err(UpstreamFailure::Unreachable(deployment.unavailable.clone().unwrap_or_default()));
            }
            Target::Provider(endpoint) => endpoint,
        };
        let sent = if self.is_stream {
            self.stream(upstream, endpoint, timeout).await
        } else {
            // Nothing is sent to the client before the answer is whole: one that breaks off may still be tried again.
            let in_time = tokio::time::timeout(timeout, self.whole(upstream, endpoint, timeout));
            in_time.await.unwrap_or(Err(UpstreamFailure::Timeout(timeout)))
        };
        sent.map_err(|failure| outgoing::openai_error(&endpoint.protocol, failure))
    }
}

impl Sent {
    async fn stream(
        self,
        upstream: &Upstream,
        endpoint: &Endpoint,
        timeout: Duration,
    ) -> Result<Source, UpstreamFailure> {
        let Self { headers, body, native, head, url, .. } = self;
        let place = url.as_ref().or(native.as_ref().map(|native| &native.url)).unwrap_or(&endpoint.stream_url);
        let asked_at = Instant::now();
        let response = upstream.post_json(endpoint, place, headers, body, timeout).await?;
        let headers = response.headers().clone();
        let chunks: Chunks = Box::pin(response.bytes_stream());
        let (chunks, read) = match (native, &endpoint.protocol) {
            _ if url.is_some() => (chunks, StreamForm::Completion),
            (Some(native), _) => (chunks, StreamForm::Native(native.dialect.stream(head))),
            (None, Protocol::OpenAi(quirks)) => {
                (outgoing::compatible_stream(quirks, head.id, chunks), StreamForm::OpenAi)
            }
            (None, Protocol::Translated(dialect)) => {
                (outgoing::openai_stream(chunks, dialect.stream(head)), StreamForm::OpenAi)
            }
        };
        let form = match &read {
            StreamForm::Native(_) => first_event::Form::Typed,
            _ => first_event::Form::Chunks,
        };
        let chunks = first_event::begun(chunks, form, &headers, asked_at, timeout).await?;
        Ok(Source::Stream(Streaming { headers, chunks, read }))
    }

    async fn whole(
        self,
        upstream: &Upstream,
        endpoint: &Endpoint,
        timeout: Duration,
    ) -> Result<Source, UpstreamFailure> {
        let Self { headers, body, native, head, url, .. } = self;
        let place = url.as_ref().or(native.as_ref().map(|native| &native.url)).unwrap_or(&endpoint.whole_url);
        let response = upstream.post_json(endpoint, place, headers, body, timeout).await?;
        let headers = response.headers().clone();
        let body = upstream::read_answer(response).await?;
        if url.is_some() {
            let whole = usable::chat_completion(&headers, body.clone())?;
            return Ok(Source::Whole(headers, Box::new(Whole { native: Some(body), ..whole })));
        }
        let openai = |dialect: &dyn Dialect| {
            usable::check_json(&headers, &body)?;
            let answer = outgoing::openai_answer(dialect, &body, &head).map_err(UpstreamFailure::Unreachable);
            answer.map(Whole::openai).map_err(Box::new)
        };
        if let Some(native) = native {
            let whole = openai(&*native.dialect)?;
            return Ok(Source::Whole(headers, Box::new(Whole { native: Some(body), ..whole })));
        }
        let whole = match &endpoint.protocol {
            Protocol::OpenAi(quirks) => {
                usable::chat_completion(&headers, quirks::openai_answer(quirks, &head.id, &body))?
            }
            Protocol::Translated(dialect) => openai(&**dialect)?,
        };
        Ok(Source::Whole(headers, Box::new(whole)))
    }
}
