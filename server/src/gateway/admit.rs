//! Step 2: may it be made? The most the call can cost is reserved in every scope at once, or it is refused.

use std::sync::Arc;

use bytes::Bytes;
use tollgate_openapi::money::NanoUsd;

use super::Gateway;
use super::error::GatewayError;
use super::estimate::Bounds;
use crate::counters::{Admission, Refusal, Scope, Ticket};
use crate::policy::Policy;
use crate::provider::openai::ChatRequest;
use crate::router::Deployment;

/// A smaller answer is not worth its input.
const OUTPUT_TOKENS_MIN: u64 = 16;
/// Attempts to reserve what was left a moment ago.
const CLAMP_ATTEMPTS: u32 = 3;

/// An admitted call.
#[derive(Debug)]
pub struct Admitted {
    /// Its reservation.
    pub ticket: Ticket,
    /// The limit of output tokens that the reservation affords, where the budget affords no more.
    pub output_limit: Option<u64>,
}

/// Reserves money for a call to one of `deployments`.
///
/// # Errors
/// When the key may not use the model, or a budget does not afford the call.
pub async fn admit(
    gateway: &Gateway,
    policy: &Policy,
    request: &ChatRequest,
    body: &Bytes,
    deployments: &[Arc<Deployment>],
) -> Result<Admitted, GatewayError> {
    let mut scopes = policy.scopes(gateway.clock.now());
    let is_free = deployments.iter().all(|one| one.prices.as_ref().is_none_or(|prices| prices.is_free()));
    if is_free {
        // As in LiteLLM: what costs nothing is not stopped by a budget.
        scopes.iter_mut().for_each(|scope| scope.max_budget = None);
    }
    let bounds = Bounds::cheap(request, body);
    match gateway.counters.admit(&scopes, bounds.cost(request, deployments)) {
        Admission::Granted(ticket) => Ok(Admitted { ticket, output_limit: None }),
        Admission::Short { left, refusal } if left <= NanoUsd::ZERO => {
            Err(refused(gateway, policy, refusal, NanoUsd::ZERO))
        }
        Admission::Short { .. } => {
            let bounds = bounds.counted(body.clone()).await;
            admit_tight(gateway, policy, request, bounds, &scopes, deployments)
        }
    }
}

/// Admits a call whose cheap bound does not fit: with its input counted, and with less output if need be.
fn admit_tight(
    gateway: &Gateway,
    policy: &Policy,
    request: &ChatRequest,
    mut bounds: Bounds,
    scopes: &[Scope],
    deployments: &[Arc<Deployment>],
) -> Result<Admitted, GatewayError> {
    let mut output_limit = None;
    let mut attempts_left = CLAMP_ATTEMPTS;
    loop {
        let estimate = bounds.cost(request, deployments);
        let (left, refusal) = match gateway.counters.admit(scopes, estimate) {
            Admission::Granted(ticket) => return Ok(Admitted { ticket, output_limit }),
            Admission::Short { left, refusal } => (left, refusal),
        };
        let affordable = bounds.affordable_output(left, request, deployments).unwrap_or(0);
        let wanted = request.max_output_tokens.unwrap_or(u64::MAX);
        if attempts_left == 0 || affordable < OUTPUT_TOKENS_MIN.min(wanted) {
            return Err(refused(gateway, policy, refusal, estimate));
        }
        attempts_left -= 1;
        output_limit = Some(affordable);
        bounds = bounds.clamped(affordable);
    }
}

fn refused(gateway: &Gateway, policy: &Policy, refusal: Refusal, estimate: NanoUsd) -> GatewayError {
    let scope_name = match &policy.key_alias {
        Some(alias) => format!("{alias} ({})", policy.key_name),
        None => policy.key_name.to_string(),
    };
    GatewayError::BudgetExceeded {
        refusal: Box::new(refusal),
        scope_name,
        estimate,
        status: gateway.settings.budget_exceeded_status,
        now: gateway.clock.now(),
    }
}
