//! Everything but conversations: embeddings, pictures, sound, moderation, reranking. OpenAI's protocol, and Cohere's
//! where documents are ranked.

mod amount;
mod embed;
mod exchange;
mod form;
pub(super) mod request;
mod sound;
#[cfg(test)]
mod tests;
mod watch;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use reqwest::header::HeaderMap;

use super::cache::{self, Basket, Found, Plan, Recording, Taken};
use super::call::{Arrived, Context, Named};
use super::error::GatewayError;
use super::route::{self, Reply, Source, Streaming, Whole};
use super::settle::{Call, Outcome};
use super::stream::{AnswerStream, Reading};
use super::upstream::Upstream;
use super::{Gateway, headers};
use crate::domain::operation::Operation;
use crate::error::ApiError;
use crate::ledger::contents::AnswerContent;
use request::TaskRequest;

/// Answers a call that asks for `operation`.
///
/// # Errors
/// When the call is refused or no deployment answers.
pub async fn perform(
    operation: Operation,
    http: HttpRequest,
    payload: web::Payload,
    gateway: web::Data<Gateway>,
    upstream: web::Data<Upstream>,
) -> Result<HttpResponse, ApiError> {
    let arrived = Arrived::new(gateway.into_inner(), &http, operation.call_type()).await?;
    let body = arrived.body(payload).await?;
    let mut task = TaskRequest::read(operation, &http, body).await.map_err(GatewayError::from)?;
    if let Some(model) = arrived.gateway().model_of_alias(&task.request.model) {
        task.request.resolve(&model);
    }
    let context = arrived.named(&http, Named::from(&task.request)).await?;
    let plan = match Plan::of_task(&context, &task, http.headers()).await {
        Ok(plan) => plan,
        Err(error) => return Err(context.refuse(error.into())),
    };
    let mut started = match route::start(&context, &task).await {
        Ok(started) => started,
        Err(error) => return Err(context.refuse(error)),
    };
    let plan = match plan {
        Some(plan) if plan.is_by_item() => {
            let basket = Basket::look_up(plan, &context, &mut started.call).await;
            return embed::embed(&context, &upstream, started, &task, basket).await;
        }
        plan => plan,
    };
    let recording = match Plan::look_up(plan, &context, &upstream, &mut started).await {
        Found::Hit(hit) => return Ok(cache::replay(&context, started.call, hit).await),
        Found::Miss(recording) => recording,
    };
    match route::forward(&context, &upstream, started, &task).await {
        Ok((call, reply)) => answer(&context, call, reply, recording).await,
        Err((call, unanswered)) => context.fail(call, unanswered, |_, body| body).await,
    }
}

async fn answer(
    context: &Context,
    call: Call,
    reply: Reply,
    recording: Option<Recording>,
) -> Result<HttpResponse, ApiError> {
    let recording = Recording::of(recording, &call);
    let Reply { deployment, source } = reply;
    let mut head = context.head(StatusCode::OK, Some(&deployment), Some(&call));
    if let Some(recording) = &recording {
        recording.describe(&mut head);
    }
    let rates = call.rates();
    match source {
        Source::Stream(Streaming { headers: provided, chunks, read }) => {
            describe(&mut head, &provided);
            headers::rates(&mut head, rates);
            let mut reading = Reading::new(true, call);
            reading.read_as(read);
            headers::key_spend(&mut head, &context.gateway, &context.policy.key);
            Ok(head.body(AnswerStream::new(chunks, reading, context.gateway.settings.load().stream_idle_timeout)))
        }
        Source::Whole(provided, whole) => {
            let content_type = describe(&mut head, &provided);
            headers::rates(&mut head, rates);
            let recording = recording.map(|recording| (recording, content_type));
            Ok(send_whole(head, context, call, *whole, recording).await)
        }
        // Texts of the configuration are answers in conversations.
        Source::Mock(_) => Err(ApiError::internal("a deployment that answers by itself was asked for no conversation")),
    }
}

/// The provider's headers and the type of its answer, which is given.
fn describe(head: &mut HttpResponseBuilder, provided: &HeaderMap) -> HeaderValue {
    headers::forward(head, provided);
    let content_type = provided.get(reqwest::header::CONTENT_TYPE).map(|value| value.as_bytes());
    let content_type = content_type.and_then(|value| HeaderValue::from_bytes(value).ok());
    let content_type = content_type.unwrap_or(HeaderValue::from_static("application/json"));
    head.insert_header((CONTENT_TYPE, content_type.clone()));
    content_type
}

async fn send_whole(
    mut head: HttpResponseBuilder,
    context: &Context,
    call: Call,
    whole: Whole,
    recording: Option<(Recording, HeaderValue)>,
) -> HttpResponse {
    let Whole { openai: body, answer, text, .. } = whole;
    let overhead = call.overhead();
    let taken = recording.is_some().then(|| call.taken(&answer));
    let outcome = Outcome::answered(200, answer, text).with_content(AnswerContent::Whole(body.clone()));
    let settled = call.finish(outcome).await;
    headers::settled(&mut head, &settled, overhead);
    headers::key_spend(&mut head, &context.gateway, &context.policy.key);
    if let (Some((recording, content_type)), Some(taken)) = (recording, taken) {
        let content_type = content_type.to_str().unwrap_or_default();
        recording.keep(body.clone(), content_type, Taken { settled, ..taken });
    }
    head.body(body)
}
