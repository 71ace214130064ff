//! Headers of an answer: the provider's, and what the gateway adds.

use std::time::Duration;

use actix_web::HttpResponseBuilder;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap as RequestHeaders, HeaderName, HeaderValue};
use reqwest::header::HeaderMap;
use tollgate_openapi::money::NanoUsd;

use super::Gateway;
use super::settle::Settled;
use super::settle::attempts::Tried;
use crate::config::StickyBy;
use crate::counters::{RateState, RateStates};
use crate::error::ApiError;
use crate::policy::Policy;
use crate::provider::openai::RequestError;
use crate::provider::openai::routing::RoutingParams;
use crate::router::Deployment;

/// Tries after the first.
const NUM_RETRIES: &str = "x-litellm-num-retries";

/// Headers of the connection to the provider, and those that are set anew.
const NOT_FORWARDED: [&str; 10] = [
    "connection",
    "keep-alive",
    "transfer-encoding",
    "content-length",
    "content-type",
    "content-encoding",
    "date",
    "server",
    "set-cookie",
    "alt-svc",
];

/// The provider's headers: its request id and rate limits under their names, the others behind `llm_provider-`.
pub(super) fn forward(response: &mut HttpResponseBuilder, upstream: &HeaderMap) {
    for (name, value) in upstream {
        let name = name.as_str();
        if NOT_FORWARDED.contains(&name) {
            continue;
        }
        let is_plain = name == "x-request-id" || name == "retry-after" || name.starts_with("x-ratelimit-");
        let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) else { continue };
        if is_plain {
            response.append_header((name, value.clone()));
        }
        if let Ok(prefixed) = HeaderName::try_from(format!("llm_provider-{name}")) {
            response.append_header((prefixed, value));
        }
    }
}

/// Who answered, and what the key has left.
pub(super) fn describe(
    response: &mut HttpResponseBuilder,
    request_id: &str,
    policy: &Policy,
    deployment: Option<&Deployment>,
    tried: Tried,
) {
    response.insert_header(("x-litellm-call-id", request_id));
    response.insert_header(("x-litellm-version", env!("CARGO_PKG_VERSION")));
    if let Some(deployment) = deployment {
        response.insert_header(("x-litellm-model-id", &*deployment.id));
        response.insert_header(("x-litellm-model-group", &*deployment.model_name));
        if let Some(api_base) = deployment.api_base() {
            response.insert_header(("x-litellm-model-api-base", &**api_base));
        }
    }
    response.insert_header(("x-litellm-attempted-retries", tried.retries));
    response.insert_header(("x-litellm-attempted-fallbacks", tried.fallbacks));
    let limits = policy.account.whole.limits;
    if let Some(max) = limits.max_budget {
        response.insert_header(("x-litellm-key-max-budget", usd(max)));
    }
    for (name, limit) in [("x-litellm-key-rpm-limit", limits.rpm), ("x-litellm-key-tpm-limit", limits.tpm)] {
        if let Some(limit) = limit {
            response.insert_header((name, limit));
        }
    }
}

/// What the key has spent in its window, this call included where it is settled.
pub(super) fn key_spend(response: &mut HttpResponseBuilder, gateway: &Gateway, policy: &Policy) {
    let scope = policy.account.whole.scope(gateway.clock.now());
    let spent = gateway.counters.spent(&scope.id, scope.window_start).unwrap_or(scope.spent_at_load);
    response.insert_header(("x-litellm-key-spend", usd(spent)));
}

/// How the tightest limits by the minute stand, under OpenAI's names; they take the place of the provider's.
pub(super) fn rates(response: &mut HttpResponseBuilder, rates: RateStates) {
    for (unit, state) in [("requests", rates.requests), ("tokens", rates.tokens)] {
        for header in state.into_iter().flat_map(|state| rate(unit, state)) {
            response.insert_header(header);
        }
    }
}

/// The same of an answer that is an error.
pub(super) fn error_with_rates(error: ApiError, rates: RateStates) -> ApiError {
    let states = [("requests", rates.requests), ("tokens", rates.tokens)].into_iter();
    let headers = states.flat_map(|(unit, state)| state.into_iter().flat_map(move |state| rate(unit, state)));
    headers.fold(error, |error, (name, value)| match HeaderName::try_from(name) {
        Ok(name) => error.with_header(name, value),
        Err(_) => error,
    })
}

/// The three headers of one limit by the minute; `unit` is `requests` or `tokens`.
fn rate(unit: &str, state: RateState) -> [(String, HeaderValue); 3] {
    let reset = format!("{}s", state.reset.as_millis().div_ceil(1000));
    [
        (format!("x-ratelimit-limit-{unit}"), HeaderValue::from(state.limit)),
        (format!("x-ratelimit-remaining-{unit}"), HeaderValue::from(state.remaining)),
        (format!("x-ratelimit-reset-{unit}"), HeaderValue::try_from(reset).unwrap_or(HeaderValue::from_static("0s"))),
    ]
}

/// What tells clients and proxies on the way that events follow.
pub(super) fn event_stream(response: &mut HttpResponseBuilder) -> &mut HttpResponseBuilder {
    response
        .insert_header((CONTENT_TYPE, "text/event-stream; charset=utf-8"))
        .insert_header(("cache-control", "no-cache"))
        .insert_header(("x-accel-buffering", "no"))
}

/// What the call cost and how long it took.
pub(super) fn settled(response: &mut HttpResponseBuilder, settled: &Settled, overhead: Duration) {
    response.insert_header(("x-litellm-response-cost", usd(settled.cost)));
    response.insert_header(("x-litellm-response-duration-ms", ms(settled.duration)));
    response.insert_header(("x-litellm-overhead-duration-ms", ms(overhead)));
}

fn usd(money: NanoUsd) -> String {
    money.to_usd().to_string()
}

fn ms(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64() * 1000.0)
}

/// What `params` of the body leave open of the call's routing, from the headers LiteLLM has for it.
///
/// # Errors
/// When a header has a wrong value.
pub(super) fn routing(headers: &RequestHeaders, params: RoutingParams) -> Result<RoutingParams, RequestError> {
    let seconds = |name: &'static str| {
        let wrong = || wrong_header(name, "a number of seconds above 0, at most 86400");
        let parse = |value: &str| value.parse().ok().and_then(RoutingParams::duration).ok_or_else(wrong);
        text(headers, name).map(parse).transpose()
    };
    let retries = |value: &str| {
        let count = value.parse().ok().and_then(RoutingParams::retries);
        count.ok_or_else(|| wrong_header(NUM_RETRIES, "a whole number from 0 to 10"))
    };
    let (timeout, stream_timeout) = (seconds("x-litellm-timeout")?, seconds("x-litellm-stream-timeout")?);
    let num_retries = text(headers, NUM_RETRIES).map(retries).transpose()?;
    Ok(RoutingParams {
        timeout: params.timeout.or(timeout),
        stream_timeout: params.stream_timeout.or(stream_timeout),
        num_retries: params.num_retries.or(num_retries),
        ..params
    })
}

fn text<'a>(headers: &'a RequestHeaders, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default().trim())
}

fn wrong_header(name: &'static str, expected: &str) -> RequestError {
    RequestError { param: Some(name.into()), message: format!("Invalid header '{name}': expected {expected}.") }
}

/// What calls that go the same way have in common.
pub(super) fn sticky(by: &StickyBy, headers: &RequestHeaders, end_user: Option<&str>) -> Option<String> {
    let value = match by {
        StickyBy::Nothing => None,
        StickyBy::User => end_user,
        StickyBy::Header(name) => headers.get(name.as_str()).and_then(|value| value.to_str().ok()),
    };
    value.map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned)
}
