//! Step 2: may it be made? The most the call can take is reserved in every scope at once, or it is refused.
//!
//! Where the most does not fit, the call waits a moment for money that others have reserved and may give back. Then
//! its answer's length is limited to what is left, but not below what answers usually need. Only then it is refused.

mod explain;
mod providers;
mod queue;

use std::sync::Arc;

use bytes::Bytes;
use tollgate_openapi::money::NanoUsd;

pub use explain::{Explanation, Judgement, explain};

use super::Gateway;
use super::charge::Soft;
use super::error::GatewayError;
use super::estimate::Bounds;
use crate::counters::{Admission, Demand, Place, Refusal, Room, Scope, ScopeId, Ticket};
use crate::policy::{CallPolicy, Entity};
use crate::provider::openai::ChatRequest;
use crate::router::Deployment;
use crate::telemetry::limits;

/// A smaller answer is not worth its input.
const OUTPUT_TOKENS_MIN: u64 = 16;

/// Tokens of an answer where nothing is known of its like.
pub(super) const OUTPUT_TOKENS_USUAL: u64 = 1_024;

/// An admitted call.
#[derive(Debug)]
pub struct Admitted {
    /// Its reservation.
    pub ticket: Ticket,
    /// The limit of output tokens that the reservation affords, where the budget affords no more.
    pub output_limit: Option<u64>,
    /// Deployments it may not be sent to: a limit of their provider stands in the way.
    pub barred: Vec<Arc<Deployment>>,
    /// Budgets it is charged to that only warn.
    pub soft: Vec<Soft>,
}

/// What a call wants.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Public name of the model.
    pub(super) model: &'a str,
    /// What is counted where the outcome depends on it.
    pub(super) body: &'a Bytes,
    /// The most it can take.
    pub(super) bounds: Bounds,
}

impl<'a> Wanted<'a> {
    /// What a conversation wants of any of `deployments`.
    #[must_use]
    pub fn conversation(request: &'a ChatRequest, body: &'a Bytes, deployments: &[Arc<Deployment>]) -> Self {
        Self { model: &request.model, body, bounds: Bounds::cheap(request, body, deployments) }
    }
}

/// A call that wants to be admitted.
struct Applicant<'a> {
    gateway: &'a Gateway,
    policy: &'a CallPolicy,
    /// Public name.
    model: &'a str,
    /// Those that may serve it.
    deployments: Vec<Arc<Deployment>>,
    /// Those that may not, since their provider has reached a limit.
    barred: Vec<Arc<Deployment>>,
    /// Providers with limits among those that may serve it.
    providers: Vec<Arc<Entity>>,
    scopes: Vec<Scope>,
    bounds: Bounds,
    /// Tokens that the client allows each answer.
    allowed_output: Option<u64>,
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
    wanted: Wanted<'_>,
    deployments: Vec<Arc<Deployment>>,
) -> Result<Admitted, GatewayError> {
    let Wanted { model, body, bounds } = wanted;
    let providers = providers_of(gateway, &deployments).await?;
    let mut applicant = Applicant::new(gateway, policy, model, deployments, providers, bounds);
    loop {
        match applicant.apply(bounds, None).await {
            Admission::Granted(ticket) => return Ok(applicant.admitted(ticket, None)),
            Admission::Refused(refusal) if applicant.bar(&refusal) => {}
            Admission::Refused(refusal) => return Err(applicant.refused(refusal)),
            Admission::Short { .. } => break,
        }
    }
    applicant.bounds = Box::pin(bounds.counted(body.clone())).await;
    match applicant.decide().await {
        Decision::Admitted(admitted) => Ok(admitted),
        Decision::Refused(error) => Err(error),
        Decision::Waits(refusal) => Box::pin(applicant.queue(refusal)).await,
    }
}

/// Providers with limits among those of `deployments`.
async fn providers_of(gateway: &Gateway, deployments: &[Arc<Deployment>]) -> Result<Vec<Arc<Entity>>, GatewayError> {
    let names = deployments.iter().map(|deployment| &*deployment.provider_name);
    Ok(gateway.policy.providers(names).await?)
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
        model: &'a str,
        deployments: Vec<Arc<Deployment>>,
        providers: Vec<Arc<Entity>>,
        bounds: Bounds,
    ) -> Self {
        let mut applicant = Self {
            gateway,
            policy,
            model,
            deployments,
            barred: Vec::new(),
            providers,
            scopes: Vec::new(),
            bounds,
            allowed_output: bounds.allowed_output(),
            is_trial: false,
        };
        applicant.scopes = applicant.scopes_now();
        applicant
    }

    /// What the call is charged to, whoever serves it.
    fn scopes_now(&self) -> Vec<Scope> {
        let mut scopes = self.policy.scopes(self.model, &self.providers, self.gateway.clock.now());
        let is_free = self.deployments.iter().all(|one| one.prices.as_ref().is_none_or(|prices| prices.is_free()));
        if is_free && !self.bounds.is_costly() {
            // As in LiteLLM: what costs nothing is not stopped by a budget.
            scopes.iter_mut().for_each(|scope| scope.limits.max_budget = None);
        }
        scopes
    }

    fn admitted(&self, ticket: Ticket, output_limit: Option<u64>) -> Admitted {
        let soft = Soft::of_call(self.policy, &self.providers, self.model, self.gateway.clock.now());
        Admitted { ticket, output_limit, barred: self.barred.clone(), soft }
    }

    /// Decides with what is known of the call.
    async fn decide(&mut self) -> Decision {
        // A window may have ended since they were looked up.
        self.scopes = self.scopes_now();
        let mut admission = self.apply(self.bounds, None).await;
        while let Some(refusal) = providers::refusal_of(&admission)
            && self.bar(refusal)
        {
            admission = self.apply(self.bounds, None).await;
        }
        match admission {
            Admission::Granted(ticket) => Decision::Admitted(self.admitted(ticket, None)),
            Admission::Refused(refusal) => Decision::Refused(self.refused(refusal)),
            // Whoever is behind others waits, too, however much is left: they may be about to take it.
            Admission::Short { room, refusal } if room.may_grow || room.waiting > 0 => Decision::Waits(refusal),
            Admission::Short { room, refusal } => match self.limited(room, None).await {
                Some(Ok(admitted)) => Decision::Admitted(admitted),
                Some(Err(error)) => Decision::Refused(error),
                None => Decision::Refused(self.refused(refusal)),
            },
        }
    }

    /// Asks for as much as `bounds` say.
    async fn apply(&self, bounds: Bounds, place: Option<&Place>) -> Admission {
        let demand = Demand { cost: bounds.cost(&self.deployments), tokens: self.tokens(bounds) };
        if self.is_trial {
            return self.gateway.counters.try_out(&self.scopes, demand).await;
        }
        self.gateway.counters.admit(&self.scopes, demand, place).await
    }

    /// Tokens that count against limits by the minute: those that the client allows the answer, as OpenAI counts them.
    /// Where it allows any number, unlike money, those of an answer as it usually is, since the most it could be would fill
    /// many a minute with one call. The real figure takes their place at the end.
    fn tokens(&self, bounds: Bounds) -> u64 {
        let Some(limit) = self.scopes.iter().filter_map(|scope| scope.limits.tpm).min() else { return 0 };
        let allowed = self.allowed_output.or_else(|| self.usual_length()).unwrap_or(OUTPUT_TOKENS_USUAL);
        let output = allowed.min(bounds.longest(&self.deployments));
        let tokens = bounds.tokens(output);
        // An answer that might be too long for the minute is no reason to refuse, a prompt that is, is.
        if bounds.input() <= limit { tokens.min(limit) } else { tokens }
    }

    fn usual_length(&self) -> Option<u64> {
        self.gateway.usual_lengths.p95(&self.policy.key.token, self.model)
    }

    /// The longest answer that can be wanted, in tokens.
    fn longest(&self) -> u64 {
        self.bounds.longest(&self.deployments)
    }

    /// An answer below this is not worth having.
    fn shortest(&self) -> u64 {
        if self.bounds.is_fixed() {
            return self.longest();
        }
        self.usual_length().unwrap_or(OUTPUT_TOKENS_MIN).min(self.longest())
    }

    /// As long as answers usually are; as long as can be, where that is not known or cannot be helped.
    fn enough(&self) -> u64 {
        let usual = self.usual_length().filter(|_| !self.bounds.is_fixed());
        usual.unwrap_or(u64::MAX).min(self.longest())
    }

    /// Admits the call with an answer as long as `room` affords, where that is long enough; `None` where it is not.
    async fn limited(&self, room: Room, place: Option<&Place>) -> Option<Result<Admitted, GatewayError>> {
        let limit = self.affordable(room).min(self.longest());
        if limit >= self.shortest() { self.apply_limited(limit, place).await } else { None }
    }

    /// The longest answer that `room` affords, in tokens.
    fn affordable(&self, room: Room) -> u64 {
        let by_cost = room.cost.and_then(|left| self.bounds.affordable_output(left, &self.deployments));
        by_cost.unwrap_or(u64::MAX)
    }

    /// Admits the call with an answer of at most `limit` tokens; `None` where somebody else was faster.
    async fn apply_limited(&self, limit: u64, place: Option<&Place>) -> Option<Result<Admitted, GatewayError>> {
        match self.apply(self.bounds.clamped(limit), place).await {
            Admission::Granted(ticket) => {
                let output_limit = (limit < self.longest()).then_some(limit);
                Some(Ok(self.admitted(ticket, output_limit)))
            }
            Admission::Refused(refusal) => Some(Err(self.refused(refusal))),
            Admission::Short { .. } => None,
        }
    }

    /// How people know what is charged as `scope`.
    fn name_of(&self, scope: &ScopeId) -> Arc<str> {
        let of_provider = || self.providers.iter().flat_map(|one| one.account.all()).find(|one| one.id == *scope);
        let limited = self.policy.limited(scope).or_else(of_provider);
        limited.map_or_else(|| Arc::clone(&scope.id), |limited| Arc::clone(&limited.name))
    }

    fn refused(&self, refusal: Refusal) -> GatewayError {
        if !self.is_trial {
            limits::refused(&refusal);
        }
        let name = self.name_of(&refusal.scope);
        GatewayError::LimitExceeded {
            refusal: Box::new(refusal),
            name,
            estimate: self.bounds.clamped(self.shortest()).cost(&self.deployments),
            budget_status: self.gateway.settings.load().budget_exceeded_status,
            now: self.gateway.clock.now(),
        }
    }
}

/// What one of several that wait may take now.
fn share(room: Room) -> Room {
    let waiting = i64::try_from(room.waiting.max(1)).unwrap_or(i64::MAX);
    Room { cost: room.cost.map(|left| NanoUsd(left.0 / waiting)), ..room }
}
