//! A conversation with a model, from its arrival to its answer: the steps of a call in their order, whichever protocol
//! the client speaks.

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use bytes::Bytes;
use serde_json::Value;

use super::admit::Admitted;
use super::client::Client;
use super::error::GatewayError;
use super::incoming::Incoming;
use super::mock::Mock;
use super::record::{self, Caller};
use super::route::{self, Reply, Source, Streaming, Unanswered, Whole};
use super::settle::{Call, Outcome};
use super::stream::{AnswerStream, Reading};
use super::upstream::{Upstream, UpstreamFailure};
use super::{Gateway, admit, authenticate, headers, tags};
use crate::error::ApiError;
use crate::ledger::SpendEvent;
use crate::ledger::contents::AnswerContent;
use crate::policy::CallPolicy;
use crate::provider::chat::StreamDecoder;
use crate::provider::openai::read_answer;
use crate::provider::openai::usage::answer_texts;
use crate::provider::tokens::TextCounter;
use crate::router::Deployment;

/// A call on its way: what every later step needs.
struct Context {
    client: Client,
    gateway: Arc<Gateway>,
    policy: CallPolicy,
    caller: Caller,
    started: Instant,
    incoming: Incoming,
    tags: Vec<Arc<str>>,
}

/// An admitted call.
struct Started {
    call: Call,
    output_limit: Option<u64>,
    /// Where it may not be sent.
    barred: Vec<Arc<Deployment>>,
}

/// Answers a call, streamed or whole.
///
/// # Errors
/// When the call is refused or no deployment answers.
pub(super) async fn converse(
    client: Client,
    http: HttpRequest,
    payload: web::Payload,
    gateway: Arc<Gateway>,
    upstream: &Upstream,
) -> Result<HttpResponse, ApiError> {
    let started = gateway.clock.monotonic();
    let start_time = gateway.clock.now();
    let caller = Caller {
        request_id: Arc::from(gateway.call_ids.next(start_time)),
        start_time,
        ip_address: http.peer_addr().map(|address| address.ip().to_string()),
        call_type: client.call_type(),
    };
    if gateway.in_flight.is_draining() {
        return Err(GatewayError::Draining.into());
    }
    let policy = authenticate::authenticate(&gateway, http.headers()).await?;
    let body = read_body(payload, gateway.settings.max_body_bytes).await?;
    let incoming = client.read(&http, body).map_err(GatewayError::from)?;
    let tags = tags::of_call(http.headers(), &incoming.request.tags, &policy)?;
    let end_user = incoming.request.end_user();
    let policy = gateway.policy.call(policy, end_user, &tags).await.map_err(GatewayError::from)?;
    let context = Context { client, gateway, policy, caller, started, incoming, tags };
    let Started { mut call, output_limit, barred } = match start(&context).await {
        Ok(started) => started,
        Err(error) => return Err(refuse(&context, error)),
    };
    match route::forward(&context.gateway, upstream, &mut call, &context.incoming, output_limit, &barred).await {
        Ok(reply) => answer(&context, call, reply).await,
        Err(unanswered) => fail(&context, call, unanswered).await,
    }
}

/// The body, up to `limit` bytes.
///
/// # Errors
/// When it is longer, or does not arrive.
pub(super) async fn read_body(payload: web::Payload, limit: usize) -> Result<Bytes, GatewayError> {
    match payload.to_bytes_limited(limit).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => Err(GatewayError::BodyIncomplete(error.to_string())),
        Err(_) => Err(GatewayError::BodyTooLarge(limit)),
    }
}

/// Admits the call.
async fn start(context: &Context) -> Result<Started, GatewayError> {
    let Context { gateway, policy, incoming: Incoming { request, body, .. }, .. } = context;
    if !gateway.spool.is_accepting() {
        return Err(GatewayError::SpoolFailed);
    }
    policy.check(&request.model).map_err(|denial| GatewayError::denied(denial, &request.model))?;
    let deployments = gateway.router.callable(&request.model)?;
    let admitted = admit::admit(gateway, policy, request, body, deployments).await?;
    let mut event = context.event();
    if let Some(limit) = admitted.output_limit {
        event.metadata.insert("output_tokens_limited_to".to_owned(), Value::from(limit));
    }
    let tier = request.service_tier;
    let Admitted { ticket, output_limit, barred, soft } = admitted;
    let call = Call::begin(gateway, event, ticket, soft, tier, body.clone(), context.started);
    Ok(Started { call, output_limit, barred })
}

impl Context {
    fn event(&self) -> SpendEvent {
        let Self { caller, policy, incoming: Incoming { request, .. }, .. } = self;
        let event = record::new_event(caller, policy, &request.model, request.user.as_deref(), request.stream);
        SpendEvent { tags: self.tags.clone(), ..event }
    }

    /// Reads the stream that answers `call`; `native` where it is in the client's own protocol already.
    fn reading(&self, call: Call, native: Option<Box<dyn StreamDecoder>>) -> Reading {
        let mut reading = Reading::new(self.incoming.request.wants_usage, call);
        match native {
            Some(decoder) => reading.pass(decoder),
            None => reading.write(self.client.encoder()),
        }
        reading
    }

    /// The head of an answer: the provider's headers and ours.
    fn head(&self, status: StatusCode, deployment: Option<&Deployment>, call: Option<&Call>) -> HttpResponseBuilder {
        let mut response = HttpResponse::build(status);
        let failed_attempts = call.map_or(0, Call::failed_attempts);
        headers::describe(&mut response, &self.caller.request_id, &self.policy.key, deployment, failed_attempts);
        response
    }
}

/// Writes a refusal down and words it.
fn refuse(context: &Context, error: GatewayError) -> ApiError {
    let error = ApiError::from(error);
    record::record_refusal(&context.gateway, context.event(), &error);
    error.with_call_id(&context.caller.request_id)
}

async fn answer(context: &Context, call: Call, reply: Reply) -> Result<HttpResponse, ApiError> {
    let Reply { deployment, source } = reply;
    let mut head = context.head(StatusCode::OK, Some(&deployment), Some(&call));
    let rates = call.rates();
    match source {
        Source::Stream(Streaming { headers, chunks, native }) => {
            headers::forward(&mut head, &headers);
            headers::rates(&mut head, rates);
            let idle_timeout = context.gateway.settings.stream_idle_timeout;
            let reading = context.reading(call, native);
            Ok(send_stream(head, context, AnswerStream::new(chunks, reading, idle_timeout)))
        }
        Source::Whole(headers, body) => {
            headers::forward(&mut head, &headers);
            headers::rates(&mut head, rates);
            Ok(send_whole(head, context, call, body).await)
        }
        Source::Mock(text) => {
            let mock = make_mock(context, &deployment, text).await?;
            headers::rates(&mut head, rates);
            let request = &context.incoming.request;
            if request.stream {
                let idle_timeout = context.gateway.settings.stream_idle_timeout;
                let reading = context.reading(call, None);
                return Ok(send_stream(head, context, AnswerStream::new(mock.chunks(), reading, idle_timeout)));
            }
            Ok(send_whole(head, context, call, Whole::openai(mock.whole())).await)
        }
    }
}

async fn make_mock(context: &Context, deployment: &Deployment, text: Arc<str>) -> Result<Mock, ApiError> {
    let request_id = Arc::clone(&context.caller.request_id);
    let (now, model, body) =
        (context.caller.start_time, Arc::clone(&deployment.upstream_model), context.incoming.body.clone());
    let mock = web::block(move || Mock::new(&request_id, now, &model, &text, &body)).await;
    mock.map_err(ApiError::internal)
}

fn send_stream(mut head: HttpResponseBuilder, context: &Context, stream: AnswerStream) -> HttpResponse {
    headers::key_spend(&mut head, &context.gateway, &context.policy.key);
    head.insert_header((CONTENT_TYPE, "text/event-stream; charset=utf-8"))
        .insert_header(("cache-control", "no-cache"))
        .insert_header(("x-accel-buffering", "no"))
        .body(stream)
}

async fn send_whole(mut head: HttpResponseBuilder, context: &Context, call: Call, whole: Whole) -> HttpResponse {
    let Whole { openai, native } = whole;
    let answer = read_answer(&openai);
    let mut text = TextCounter::default();
    if answer.usage.is_none() {
        answer_texts(&openai).iter().for_each(|piece| text.push(piece));
    }
    let overhead = call.overhead();
    let outcome = Outcome::answered(200, answer, text).with_content(AnswerContent::Whole(openai.clone()));
    let settled = call.finish(outcome).await;
    headers::settled(&mut head, &settled, overhead);
    headers::key_spend(&mut head, &context.gateway, &context.policy.key);
    let body = native.unwrap_or_else(|| context.client.answer(openai));
    head.insert_header((CONTENT_TYPE, "application/json")).body(body)
}

/// Settles a call that no deployment answered and passes the last failure on.
async fn fail(context: &Context, call: Call, unanswered: Unanswered) -> Result<HttpResponse, ApiError> {
    let failed_attempts = call.failed_attempts();
    let failure = match unanswered {
        Unanswered::Refused(error) => {
            let error = ApiError::from(error);
            call.finish(Outcome::failed(error.status().as_u16(), error.message())).await;
            return Err(error.with_call_id(&context.caller.request_id));
        }
        Unanswered::Failed(failure) => failure,
    };
    let reason = failure.for_router().reason;
    let error = match failure {
        UpstreamFailure::Status { status, headers, body } => {
            call.finish(Outcome::failed(status, reason)).await;
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            let mut head = context.head(status, None, None);
            head.insert_header(("x-litellm-attempted-retries", failed_attempts.saturating_sub(1)));
            headers::forward(&mut head, &headers);
            let body = context.client.error_body(status.as_u16(), body);
            return Ok(head.insert_header((CONTENT_TYPE, "application/json")).body(body));
        }
        UpstreamFailure::Unreachable(reason) => GatewayError::ProviderUnreachable { reason },
        UpstreamFailure::Timeout(after) => GatewayError::ProviderTimeout { after },
    };
    let error = ApiError::from(error);
    call.finish(Outcome::failed(error.status().as_u16(), reason)).await;
    Err(error.with_call_id(&context.caller.request_id))
}
