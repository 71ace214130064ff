//! Providers' own APIs: the client sends its provider's path and body with a key of the gateway's, and the gateway
//! puts the credentials of a configured deployment in the key's place. The call is still authenticated, limited,
//! metered and logged; what comes back passes as it is.

mod asked;
mod head;
mod sent;
mod target;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::admit::{OUTPUT_TOKENS_USUAL, Wanted};
use super::call::{Arrived, Context, Deployments, Named, Started};
use super::client::Client;
use super::drain::Sending;
use super::error::GatewayError;
use super::route::{Source, Streaming, Unanswered, Whole};
use super::settle::attempts::AttemptKind;
use super::settle::{self, Call, Outcome};
use super::stream::{AnswerStream, Reading};
use super::upstream::{Upstream, UpstreamFailure};
use super::{Gateway, headers};
use crate::domain::provider::{OnClientDisconnect, ProviderKind};
use crate::error::ApiError;
use crate::ledger::contents::AnswerContent;
use crate::provider::openai::telling::TellingParams;
use crate::provider::pass_through::NativeApi;
use crate::router::{Deployment, Reserved, RouteError};
use asked::Asked;
use sent::{Sent, Status};
use target::Target;

/// LiteLLM's name of such calls in the log.
const CALL_TYPE: &str = "pass_through_endpoint";

/// Answers a call of a provider's own API.
///
/// # Errors
/// When the call is refused or the provider does not answer.
pub async fn pass_through(
    api: &'static NativeApi,
    http: HttpRequest,
    payload: web::Payload,
    gateway: web::Data<Gateway>,
    upstream: web::Data<Upstream>,
) -> Result<HttpResponse, ApiError> {
    let answer = pass(api, http, payload, gateway.into_inner(), &upstream).await;
    answer.map_err(|error| match api.provider {
        ProviderKind::Anthropic => Client::Messages.error(error),
        _ => error,
    })
}

async fn pass(
    api: &'static NativeApi,
    http: HttpRequest,
    payload: web::Payload,
    gateway: Arc<Gateway>,
    upstream: &Upstream,
) -> Result<HttpResponse, ApiError> {
    let arrived = Arrived::with_headers(gateway, &http, &head::with_key_of_query(api, &http), CALL_TYPE).await?;
    let body = arrived.body(payload).await?;
    let asked = Asked::read(api, &http, body).map_err(GatewayError::from)?;
    let target = Target::of(&arrived, &asked);
    let model = target.as_ref().map_or(asked.model.as_str(), |target| target.model.as_str());
    let context = arrived
        .named(
            &http,
            Named {
                model,
                user: None,
                tags: &[],
                telling: TellingParams::default(),
                stream: asked.is_stream(),
                routing: None,
                alias: None,
            },
        )
        .await?;
    let (target, started) = match start(&context, &asked, target).await {
        Ok(started) => started,
        Err(error) => return Err(context.refuse(error)),
    };
    let Started { mut call, barred, .. } = started;
    call.note("path", Value::from(format!("{} {}", asked.method, http.path())));
    let reserved = match reserve(&context, &asked, &target, barred).await {
        Ok(reserved) => reserved,
        Err(error) => return context.fail(call, Unanswered::Refused(error), |_, body| body).await,
    };
    let deployment = Arc::clone(reserved.deployment());
    let sent = match Sent::new(&asked, &target, &deployment) {
        Ok(sent) => sent,
        Err(error) => return context.fail(call, Unanswered::Refused(error.into()), |_, body| body).await,
    };
    let attempt = context.gateway.router.start(reserved, asked.is_stream());
    call.sent_to(attempt, AttemptKind::First);
    let (status, answered) = send(&mut call, sent, upstream, &deployment).await;
    match answered {
        Ok(source) => answer(&context, call, &deployment, status, source).await,
        Err(failure) => fail(&context, call, failure).await,
    }
}

/// Takes what the call needs from the caps of a deployment that is not `barred`.
async fn reserve(
    context: &Context,
    asked: &Asked,
    target: &Target,
    mut barred: Vec<Arc<Deployment>>,
) -> Result<Reserved, GatewayError> {
    let need = target.bounds(asked).need(OUTPUT_TOKENS_USUAL, &target.deployments);
    let mut soonest: Option<Duration> = None;
    while let Some(deployment) = target.choose(&context.gateway, &barred) {
        match context.gateway.router.reserve(&deployment, need).await {
            Ok(reserved) => return Ok(reserved),
            Err(room_in) => soonest = Some(soonest.map_or(room_in, |soonest| soonest.min(room_in))),
        }
        barred.push(deployment);
    }
    Err(match soonest {
        Some(room_in) => RouteError::Full { model: target.model.clone(), room_in }.into(),
        None => GatewayError::NoProvider { provider: asked.api.provider },
    })
}

/// Admits the call.
async fn start(
    context: &Context,
    asked: &Asked,
    target: Result<Target, GatewayError>,
) -> Result<(Target, Started), GatewayError> {
    let target = target?;
    if !context.gateway.spool.is_accepting() {
        return Err(GatewayError::SpoolFailed);
    }
    let denied = context.policy.check(&target.model).err();
    if let Some(denial) = denied {
        // A key of certain models could have any other one work with a path that does not tell its model.
        let is_told = !target.model.is_empty();
        return Err(if is_told { GatewayError::denied(denial, &target.model) } else { GatewayError::NoModelInPath });
    }
    let bounds = target.bounds(asked);
    let body = asked.counted();
    let wanted = Wanted { model: &target.model, body: &body, bounds };
    let deployments = context.suiting(Deployments::all(target.deployments.clone()))?;
    let started =
        context.admit(wanted, settle::Asked::text(asked.body.clone(), asked.request.tier), deployments).await?;
    Ok((target, started))
}

async fn send(
    call: &mut Call,
    sent: Sent,
    upstream: &Upstream,
    deployment: &Arc<Deployment>,
) -> (StatusCode, Result<Source, UpstreamFailure>) {
    let status = Status::default();
    let sent = sent.telling(status.clone(), call.answer_head(deployment));
    let answered = match deployment.on_client_disconnect {
        OnClientDisconnect::Cancel => sent.send(upstream, deployment).await,
        OnClientDisconnect::Drain => {
            let (upstream, to) = (upstream.clone(), Arc::clone(deployment));
            call.hold(Sending::new(async move { sent.send(&upstream, &to).await }));
            call.held().await
        }
    };
    (status.get(), answered)
}

async fn answer(
    context: &Context,
    call: Call,
    deployment: &Deployment,
    status: StatusCode,
    source: Source,
) -> Result<HttpResponse, ApiError> {
    let mut response = context.head(status, Some(deployment), Some(&call));
    match source {
        Source::Stream(Streaming { headers, chunks, read }) => {
            head::pass_back(&mut response, &headers);
            let mut reading = Reading::new(true, call);
            reading.read_as(read);
            headers::key_spend(&mut response, &context.gateway, &context.policy.key);
            Ok(response.body(AnswerStream::new(chunks, reading, context.gateway.settings.load().stream_idle_timeout)))
        }
        Source::Whole(headers, whole) => {
            head::pass_back(&mut response, &headers);
            let Whole { openai: body, answer, text, .. } = *whole;
            let overhead = call.overhead();
            let outcome = Outcome::answered(status.as_u16(), answer, text);
            let settled = call.finish(outcome.with_content(AnswerContent::Whole(body.clone()))).await;
            headers::settled(&mut response, &settled, overhead);
            headers::key_spend(&mut response, &context.gateway, &context.policy.key);
            Ok(response.body(body))
        }
        Source::Mock(_) => Err(ApiError::internal("a deployment that answers by itself has no API of its own")),
    }
}

/// Settles a call that failed; the provider's own word passes as it is.
async fn fail(context: &Context, mut call: Call, failure: UpstreamFailure) -> Result<HttpResponse, ApiError> {
    let reason = failure.for_router().reason;
    call.attempt_failed(&failure);
    let UpstreamFailure::Status { status, headers, body } = failure else {
        return context.fail(call, Unanswered::Failed(failure), |_, body| body).await;
    };
    let mut response = context.head(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY), None, None);
    head::pass_back(&mut response, &headers);
    call.finish(Outcome::failed(status, reason)).await;
    Ok(response.body(body))
}
