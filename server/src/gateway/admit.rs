//! Step 2: may it be made? The most the call can take is reserved in every scope at once, or it is refused.
//!
//! Where the most does not fit, the call waits a moment for money that others have reserved and may give back. Then
//! its answer's length is limited to what is left, but not below what answers usually need. Only then it is refused.

mod explain;
mod queue;

use std::sync::Arc;

use bytes::Bytes;
use tollgate_openapi::money::NanoUsd;

pub use explain::{Explanation, Judgement, explain};

use super::Gateway;
use super::error::GatewayError;
use super::estimate::Bounds;
use crate::counters::{Admission, Demand, Place, Refusal, Room, Scope, Ticket};
use crate::policy::CallPolicy;
use crate::provider::openai::ChatRequest;
use crate::router::Deployment;

/// A smaller answer is not worth its input.
const OUTPUT_TOKENS_MIN: u64 = 16;

/// Tokens of an answer where nothing is known of its like.
const OUTPUT_TOKENS_USUAL: u64 = 1_024;

/// An admitted call.
#[derive(Debug)]
pub struct Admitted {
    /// Its reservation.
    pub ticket: Ticket,
    /// The limit of output tokens that the reservation affords, where the budget affords no more.
    pub output_limit: Option<u64>,
}

/// A call that wants to be admitted.
struct Applicant<'a> {
    gateway: &'a Gateway,
    policy: &'a CallPolicy,
    request: &'a ChatRequest,
    deployments: &'a [Arc<Deployment>],
    scopes: Vec<Scope>,
    bounds: Bounds,
    /// Nothing is reserved: somebody only wants to know.
    is_trial: bool,
}

/// Reserves what a call to one of `deployments` may take.
///
/// # Errors
/// When a limit does not allow the call.
pub async fn admit(
    gateway: &Gateway,
    policy: &CallPolicy,
    request: &ChatRequest,
    body: &Bytes,
    deployments: &[Arc<Deployment>],
) -> Result<Admitted, GatewayError> {
    let bounds = Bounds::cheap(request, body, deployments);
    let mut applicant = Applicant::new(gateway, policy, request, deployments, bounds);
    match applicant.apply(bounds, None).await {
        Admission::Granted(ticket) => return Ok(Admitted { ticket, output_limit: None }),
        Admission::Refused(refusal) => return Err(applicant.refused(refusal)),
        Admission::Short { .. } => applicant.bounds = Box::pin(bounds.counted(body.clone())).await,
    }
    match applicant.decide().await {
        Decision::Admitted(admitted) => Ok(admitted),
        Decision::Refused(error) => Err(error),
        Decision::Waits(refusal) => Box::pin(applicant.queue(refusal)).await,
    }
}

/// What becomes of a call.
#[derive(Debug)]
enum Decision {
    Admitted(Admitted),
    /// Money that others have reserved may come back.
    Waits(Refusal),
    Refused(GatewayError),
}

impl<'a> Applicant<'a> {
    fn new(
        gateway: &'a Gateway,
        policy: &'a CallPolicy,
        request: &'a ChatRequest,
        deployments: &'a [Arc<Deployment>],
        bounds: Bounds,
    ) -> Self {
        let mut scopes = policy.scopes(&request.model, &[], gateway.clock.now());
        let is_free = deployments.iter().all(|one| one.prices.as_ref().is_none_or(|prices| prices.is_free()));
        if is_free {
            // As in LiteLLM: what costs nothing is not stopped by a budget.
            scopes.iter_mut().for_each(|scope| scope.limits.max_budget = None);
        }
        Self { gateway, policy, request, deployments, scopes, bounds, is_trial: false }
    }

    /// Decides with what is known of the call.
    async fn decide(&self) -> Decision {
        match self.apply(self.bounds, None).await {
            Admission::Granted(ticket) => Decision::Admitted(Admitted { ticket, output_limit: None }),
            Admission::Refused(refusal) => Decision::Refused(self.refused(refusal)),
            Admission::Short { room, refusal } if room.may_grow => Decision::Waits(refusal),
            Admission::Short { room, refusal } => match self.limited(room, None).await {
                Some(Ok(admitted)) => Decision::Admitted(admitted),
                Some(Err(error)) => Decision::Refused(error),
                None => Decision::Refused(self.refused(refusal)),
            },
        }
    }

    /// Asks for as much as `bounds` say.
    async fn apply(&self, bounds: Bounds, place: Option<&Place>) -> Admission {
        let demand = Demand { cost: bounds.cost(self.request, self.deployments), tokens: self.tokens(bounds) };
        if self.is_trial {
            return self.gateway.counters.try_out(&self.scopes, demand).await;
        }
        self.gateway.counters.admit(&self.scopes, demand, place).await
    }

    /// Tokens that count against limits by the minute: unlike money, those of an answer as it usually is, since the most
    /// it could be would fill many a minute with one call. The real figure takes their place at the end.
    fn tokens(&self, bounds: Bounds) -> u64 {
        let Some(limit) = self.scopes.iter().filter_map(|scope| scope.limits.tpm).min() else { return 0 };
        let output = self.usual_length().unwrap_or(OUTPUT_TOKENS_USUAL).min(bounds.longest(self.deployments));
        let tokens = bounds.tokens(output);
        // An answer that might be too long for the minute is no reason to refuse, a prompt that is, is.
        if bounds.input() <= limit { tokens.min(limit) } else { tokens }
    }

    fn usual_length(&self) -> Option<u64> {
        self.gateway.usual_lengths.p95(&self.policy.key.token, &self.request.model)
    }

    /// The longest answer that can be wanted, in tokens.
    fn longest(&self) -> u64 {
        self.bounds.longest(self.deployments)
    }

    /// An answer below this is not worth having.
    fn shortest(&self) -> u64 {
        self.usual_length().unwrap_or(OUTPUT_TOKENS_MIN).min(self.longest())
    }

    /// Admits the call with an answer as long as `room` affords, where that is long enough; `None` where it is not.
    async fn limited(&self, room: Room, place: Option<&Place>) -> Option<Result<Admitted, GatewayError>> {
        let limit = self.affordable(room).min(self.longest());
        if limit >= self.shortest() { self.apply_limited(limit, place).await } else { None }
    }

    /// The longest answer that `room` affords, in tokens.
    fn affordable(&self, room: Room) -> u64 {
        let by_cost = room.cost.and_then(|left| self.bounds.affordable_output(left, self.request, self.deployments));
        by_cost.unwrap_or(u64::MAX)
    }

    /// Admits the call with an answer of at most `limit` tokens; `None` where somebody else was faster.
    async fn apply_limited(&self, limit: u64, place: Option<&Place>) -> Option<Result<Admitted, GatewayError>> {
        match self.apply(self.bounds.clamped(limit), place).await {
            Admission::Granted(ticket) => {
                let output_limit = (limit < self.longest()).then_some(limit);
                Some(Ok(Admitted { ticket, output_limit }))
            }
            Admission::Refused(refusal) => Some(Err(self.refused(refusal))),
            Admission::Short { .. } => None,
        }
    }

    fn refused(&self, refusal: Refusal) -> GatewayError {
        let name = self
            .policy
            .limited(&refusal.scope)
            .map_or_else(|| Arc::clone(&refusal.scope.id), |entity| Arc::clone(&entity.name));
        GatewayError::LimitExceeded {
            refusal: Box::new(refusal),
            name,
            estimate: self.bounds.clamped(self.shortest()).cost(self.request, self.deployments),
            budget_status: self.gateway.settings.budget_exceeded_status,
            now: self.gateway.clock.now(),
        }
    }
}

/// What one of several that wait may take now.
fn share(room: Room) -> Room {
    let waiting = i64::try_from(room.waiting.max(1)).unwrap_or(i64::MAX);
    Room { cost: room.cost.map(|left| NanoUsd(left.0 / waiting)), ..room }
}
