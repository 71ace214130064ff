//! A conversation as one deployment is asked to go on with it, in its own protocol.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Url;
use reqwest::header::HeaderMap;

use super::incoming::Incoming;
use super::outgoing::Native;
use super::route::{Attempt, Outgoing, Source, StreamForm, Streaming, Whole};
use super::stream::Chunks;
use super::upstream::{self, Upstream, UpstreamFailure};
use super::{Gateway, completions, media, outgoing};
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
    /// What is left of a budget, in output tokens.
    pub(super) output_limit: Option<u64>,
}

impl Attempt for Exchange<'_> {
    type Outgoing = Said;

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

    fn outgoing(&self, deployment: &Deployment, drop_params: bool, head: AnswerHead) -> Result<Said, RequestError> {
        let Self { incoming, output_limit } = self;
        let body = outgoing::body(deployment, incoming, *output_limit, drop_params)?;
        let native = outgoing::native(deployment, incoming);
        let headers = outgoing::headers(deployment, incoming);
        let url = completions::endpoint(deployment).filter(|_| incoming.is_completion()).map(|place| place.url.clone());
        Ok(Said { headers, body, is_stream: incoming.request.stream, native, url, head })
    }
}

/// What is sent to a deployment.
pub(super) struct Said {
    headers: HeaderMap,
    body: Bytes,
    is_stream: bool,
    /// What client and provider both speak, where that is no chat completion.
    native: Option<Native>,
    /// Where it is sent, if not where conversations are.
    url: Option<Url>,
    head: AnswerHead,
}

impl Outgoing for Said {
    async fn send(self, upstream: &Upstream, deployment: &Deployment) -> Result<Source, UpstreamFailure> {
        let endpoint = match &deployment.target {
            Target::Mock(text) => return Ok(Source::Mock(text.clone())),
            Target::None => {
                return Err(UpstreamFailure::Unreachable(deployment.unavailable.clone().unwrap_or_default()));
            }
            Target::Provider(endpoint) => endpoint,
        };
        let sent = if self.is_stream {
            self.stream(upstream, endpoint, deployment.stream_timeout).await
        } else {
            // Nothing is sent to the client before the answer is whole: one that breaks off may still be tried again.
            let in_time = tokio::time::timeout(deployment.timeout, self.whole(upstream, endpoint, deployment.timeout));
            in_time.await.unwrap_or(Err(UpstreamFailure::Timeout(deployment.timeout)))
        };
        sent.map_err(|failure| outgoing::openai_error(&endpoint.protocol, failure))
    }
}

impl Said {
    async fn stream(
        self,
        upstream: &Upstream,
        endpoint: &Endpoint,
        timeout: Duration,
    ) -> Result<Source, UpstreamFailure> {
        let Self { headers, body, native, head, url, .. } = self;
        let place = url.as_ref().or(native.as_ref().map(|native| &native.url)).unwrap_or(&endpoint.stream_url);
        let response = upstream.post_json(endpoint, place, headers, body, timeout).await?;
        let headers = response.headers().clone();
        let chunks: Chunks = Box::pin(response.bytes_stream());
        if url.is_some() {
            return Ok(Source::Stream(Streaming { headers, chunks, read: StreamForm::Completion }));
        }
        if let Some(native) = native {
            let read = StreamForm::Native(native.dialect.stream(head));
            return Ok(Source::Stream(Streaming { headers, chunks, read }));
        }
        let (chunks, read) = match &endpoint.protocol {
            Protocol::OpenAi(quirks) => (outgoing::compatible_stream(quirks, head.id, chunks), StreamForm::OpenAi),
            Protocol::Translated(dialect) => {
                (outgoing::openai_stream(chunks, dialect.stream(head)), StreamForm::OpenAi)
            }
        };
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
            let whole = Whole { native: Some(body.clone()), ..Whole::openai(body) };
            return Ok(Source::Whole(headers, Box::new(whole)));
        }
        let openai = |dialect: &dyn Dialect| outgoing::openai_answer(dialect, &body, &head);
        if let Some(native) = native {
            let whole = Whole::openai(openai(&*native.dialect).map_err(UpstreamFailure::Unreachable)?);
            return Ok(Source::Whole(headers, Box::new(Whole { native: Some(body), ..whole })));
        }
        let whole = match &endpoint.protocol {
            Protocol::OpenAi(quirks) => Whole::openai(quirks::openai_answer(quirks, &head.id, &body)),
            Protocol::Translated(dialect) => Whole::openai(openai(&**dialect).map_err(UpstreamFailure::Unreachable)?),
        };
        Ok(Source::Whole(headers, Box::new(whole)))
    }
}
