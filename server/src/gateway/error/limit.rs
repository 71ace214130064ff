//! What a client is told whose call a limit does not allow: which limit of which entity, its figures, and when to come
//! back.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use chrono::{DateTime, TimeDelta, Utc};
use tollgate_openapi::money::NanoUsd;

use crate::counters::{Exceeded, RateState, Refusal};
use crate::error::ApiError;
use crate::gateway::headers::error_with_rates;
use crate::ledger::RefusingBudget;

/// How soon a slot of a parallel limit may be free, or money that others have reserved.
const SOON: Duration = Duration::from_secs(1);

/// `budget_status` is the status of a refusal for money.
pub(super) fn error(
    refusal: &Refusal,
    name: &str,
    estimate: NanoUsd,
    budget_status: StatusCode,
    now: DateTime<Utc>,
) -> ApiError {
    // The name says which model is meant.
    let kind = refusal.scope.kind.strip_suffix("_model").unwrap_or(refusal.scope.kind);
    let mut rates = *refusal.rates;
    let error = match &refusal.exceeded {
        Exceeded::Budget { max, spent, reserved, window_end, .. } => {
            let figures = Budget { max: *max, spent: *spent, reserved: *reserved, window_end: *window_end };
            budget(kind, name, &figures, estimate, budget_status, now)
        }
        Exceeded::Requests(state) => {
            rates.requests = decisive(*state).or(rates.requests);
            rate(kind, name, "requests", *state, now)
        }
        Exceeded::Tokens(state) => {
            rates.tokens = decisive(*state).or(rates.tokens);
            rate(kind, name, "tokens", *state, now)
        }
        Exceeded::Parallel { limit } => {
            let message = format!(
                "Rate limit exceeded for {kind}: {name}. Limit type: max_parallel_requests. Current limit: {limit}, \
                 Remaining: 0. Try again when one of the calls in flight has ended. {}",
                whom_to_ask(kind)
            );
            too_many(message, SOON)
        }
        Exceeded::Unavailable => {
            let message = "The counters of budgets are away, and this gateway makes no calls with budgets without them. \
                           Try again.";
            ApiError::unavailable(message).with_header(RETRY_AFTER, seconds(SOON))
        }
    };
    error_with_rates(error, rates)
}

/// The limit that refuses, whichever is the tightest, unless the call never fits in it.
fn decisive(state: RateState) -> Option<RateState> {
    (!state.reset.is_zero()).then_some(state)
}

/// The budget that has nothing left for a call. Where others have reserved some of it, it may have something later.
pub(in crate::gateway) fn refusing_budget(refusal: &Refusal) -> Option<RefusingBudget> {
    match &refusal.exceeded {
        Exceeded::Budget { max, spent, reserved, window_start, window_end } if *reserved == NanoUsd::ZERO => {
            Some(RefusingBudget {
                kind: refusal.scope.kind.into(),
                id: Arc::clone(&refusal.scope.id),
                spent_nano: spent.0,
                max_nano: max.0,
                window_start: *window_start,
                window_end: *window_end,
            })
        }
        _ => None,
    }
}

struct Budget {
    max: NanoUsd,
    spent: NanoUsd,
    reserved: NanoUsd,
    window_end: Option<DateTime<Utc>>,
}

/// `Retry-After` only where waiting helps: money that is merely reserved comes back, and a window ends.
fn budget(
    kind: &str,
    name: &str,
    figures: &Budget,
    estimate: NanoUsd,
    status: StatusCode,
    now: DateTime<Utc>,
) -> ApiError {
    let Budget { max, spent, reserved, window_end } = *figures;
    let mut message = format!(
        "Budget has been exceeded! {}={name} Current cost: {}, Max budget: {}",
        label(kind),
        spent.to_usd(),
        max.to_usd(),
    );
    if reserved > NanoUsd::ZERO {
        message.push_str(&format!(", Reserved by calls in flight: {}", reserved.to_usd()));
    }
    if spent < max {
        message.push_str(&format!(", Estimated request cost: {}", estimate.to_usd()));
    }
    match window_end {
        Some(end) => message.push_str(&format!(". The budget resets at {}.", end.format("%Y-%m-%d %H:%M:%S UTC"))),
        None => message.push_str(". The budget does not reset by itself."),
    }
    message.push_str(&format!(" {}", whom_to_ask(kind)));
    let is_only_reserved = spent < max && reserved > NanoUsd::ZERO;
    let until_reset = window_end.and_then(|end| (end - now).to_std().ok());
    let error = ApiError::new(status, "budget_exceeded", message);
    match if is_only_reserved { Some(SOON) } else { until_reset } {
        Some(wait) => error.with_header(RETRY_AFTER, seconds(wait)),
        None => error,
    }
}

fn rate(kind: &str, name: &str, unit: &'static str, state: RateState, now: DateTime<Utc>) -> ApiError {
    let RateState { limit, remaining, reset } = state;
    let mut message = format!(
        "Rate limit exceeded for {kind}: {name}. Limit type: {unit}. Current limit: {limit}, Remaining: {remaining}."
    );
    if reset.is_zero() {
        message.push_str(&format!(" The call alone needs more than that. {}", whom_to_ask(kind)));
        return ApiError::new(StatusCode::TOO_MANY_REQUESTS, "throttling_error", message);
    }
    let resets_at = now + TimeDelta::from_std(reset).unwrap_or(TimeDelta::zero());
    message.push_str(&format!(" Limit resets at: {}", resets_at.format("%Y-%m-%d %H:%M:%S UTC")));
    message.push_str(&format!(". {}", whom_to_ask(kind)));
    too_many(message, reset)
}

fn too_many(message: String, retry_after: Duration) -> ApiError {
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, "throttling_error", message)
        .with_header(RETRY_AFTER, seconds(retry_after))
}

/// Whole seconds, rounded up: who comes back earlier comes in vain.
fn seconds(duration: Duration) -> HeaderValue {
    HeaderValue::from(duration.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(u64::MAX))
}

/// How messages begin that name an entity of this kind.
pub(super) fn label(kind: &str) -> String {
    let words = kind.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Who can raise a limit.
fn whom_to_ask(kind: &str) -> &'static str {
    match kind {
        "key" => "The key's owner or an administrator of the gateway can raise the limit.",
        "team_member" => "An admin of the team can raise the limit.",
        "organization_member" => "An admin of the organization can raise the limit.",
        "team" => "An admin of the team's organization or an administrator of the gateway can raise the limit.",
        "organization" => "Ask an admin of the organization: an administrator of the gateway can raise the limit.",
        _ => "An administrator of the gateway can raise the limit.",
    }
}
