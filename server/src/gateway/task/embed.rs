//! Embeddings of which some are known: only the others are bought.

use actix_web::http::StatusCode;
use actix_web::http::header::AGE;
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde_json::Value;

use super::request::TaskRequest;
use super::{HeaderMap, answer, describe};
use crate::domain::usage::Usage;
use crate::error::ApiError;
use crate::gateway::cache::{Basket, Taken, describe_hit};
use crate::gateway::call::{Context, Started};
use crate::gateway::headers;
use crate::gateway::route::{self, Reply, Source, Whole};
use crate::gateway::settle::{Call, FromCache, Outcome};
use crate::gateway::upstream::Upstream;
use crate::ledger::contents::AnswerContent;
use crate::provider::openai::Answer;
use crate::provider::tokens::TextCounter;
use crate::router::Deployment;

/// Answers a call with what is known, and what a provider says of the rest.
///
/// # Errors
/// When no deployment answers.
pub(super) async fn embed(
    context: &Context,
    upstream: &Upstream,
    mut started: Started,
    task: &TaskRequest,
    mut basket: Basket,
) -> Result<HttpResponse, ApiError> {
    if basket.is_complete()
        && let Some(body) = basket.known_answer()
    {
        return Ok(known(context, started.call, &basket, body).await);
    }
    let rest = if basket.is_all_bought() { None } else { basket.body(&task.body).map(|body| task.with_body(body)) };
    let rest = rest.and_then(Result::ok);
    let is_part = rest.is_some();
    if let Some(rest) = &rest {
        started.call.note("cache", basket.note(context.gateway.clock.now()));
        started.call.saved_by_cache(basket.saved());
        started.call.counts_by(rest.body.clone());
    }
    match route::forward(context, upstream, started, rest.as_ref().unwrap_or(task)).await {
        Ok((call, Reply { deployment, source: Source::Whole(provided, whole) })) => {
            if call.tried().fallbacks > 0 {
                basket.forgo();
            }
            send(context, call, &deployment, Given { provided, whole: *whole, is_part }, basket).await
        }
        // Nothing else is ever answered; it would go on as it is.
        Ok((call, reply)) => answer(context, call, reply, None).await,
        Err((call, unanswered)) => context.fail(call, unanswered, |_, body| body).await,
    }
}

/// What a provider gave.
struct Given {
    provided: HeaderMap,
    whole: Whole,
    /// Of a part of what was asked.
    is_part: bool,
}

async fn send(
    context: &Context,
    call: Call,
    deployment: &Deployment,
    given: Given,
    basket: Basket,
) -> Result<HttpResponse, ApiError> {
    let Given { provided, whole: Whole { openai: given, answer, text, .. }, is_part } = given;
    let mut head = context.head(StatusCode::OK, Some(deployment), Some(&call));
    describe(&mut head, &provided);
    headers::rates(&mut head, call.rates());
    basket.describe(&mut head);
    let body = if is_part { basket.answer(&given) } else { Some(given.clone()) };
    let Some(body) = body else {
        let reason = "the provider answered another number of inputs than it was asked";
        call.finish(Outcome::broken(answer, text, reason)).await;
        return Err(ApiError::new(
            StatusCode::BAD_GATEWAY,
            "api_connection_error",
            "The provider's answer is not whole.",
        )
        .with_call_id(&context.caller.request_id));
    };
    let (overhead, taken) = (call.overhead(), call.taken(&answer));
    let outcome = Outcome::answered(200, answer, text).with_content(AnswerContent::Whole(body.clone()));
    let settled = call.finish(outcome).await;
    headers::settled(&mut head, &settled, overhead);
    headers::key_spend(&mut head, &context.gateway, &context.policy.key);
    basket.keep(&given, Taken { settled, ..taken });
    Ok(head.body(body))
}

/// Ends a call of which everything is known.
async fn known(context: &Context, mut call: Call, basket: &Basket, body: bytes::Bytes) -> HttpResponse {
    let now = context.gateway.clock.now();
    let mut head: HttpResponseBuilder = context.head(StatusCode::OK, None, None);
    let rates = call.rates();
    let served = basket.oldest().map(|entry| entry.head.served.clone()).unwrap_or_default();
    let age_ms = basket.oldest().map_or(0, |entry| entry.age_ms(now));
    let note: Value = basket.note(now);
    describe_hit(&mut head, basket.key(), &served);
    call.answered_from_cache(FromCache { served, key: basket.key().as_str().to_owned(), saved: basket.saved(), note });
    let answer = Answer { usage: Some(Usage::default()), ..Answer::default() };
    let outcome = Outcome::answered(200, answer, TextCounter::default());
    let settled = call.finish(outcome.with_content(AnswerContent::Whole(body.clone()))).await;
    headers::rates(&mut head, rates);
    headers::key_spend(&mut head, &context.gateway, &context.policy.key);
    headers::settled(&mut head, &settled, settled.duration);
    head.insert_header((AGE, age_ms / 1_000)).content_type("application/json").body(body)
}
