//! Why a call is let through or refused: the same code that decides, run dry.

use std::sync::Arc;

use tollgate_openapi::money::NanoUsd;

use super::{Applicant, Decision, providers_of};
use crate::counters::{Limits, Scope, Standing};
use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::gateway::error::GatewayError;
use crate::gateway::estimate::Bounds;
use crate::policy::CallPolicy;
use crate::provider::openai::ChatRequest;
use crate::router::Deployment;

/// What would become of a call, and what it was judged by.
#[derive(Debug)]
pub struct Explanation {
    /// What would become of it.
    pub judgement: Judgement,
    /// The scopes it would be charged to, with how each stands and how people know it.
    pub scopes: Vec<(Scope, Standing, Arc<str>)>,
    /// The most it could cost.
    pub cost: NanoUsd,
    /// Tokens it would count as in limits by the minute.
    pub tokens: u64,
    /// The longest answer it could get, in tokens.
    pub longest: u64,
    /// What answers like it usually need, in tokens.
    pub usual: Option<u64>,
}

/// What would become of a call.
#[derive(Debug)]
pub enum Judgement {
    /// It would be made; with a limit of output tokens where the budget affords no more.
    Admitted(Option<u64>),
    /// It would wait for money that others have reserved.
    Waits,
    /// It would be refused with this error.
    Refused(ApiError),
}

/// Judges a call with a prompt of `input` tokens.
///
/// # Errors
/// When the limits of providers cannot be looked up.
pub async fn explain(
    gateway: &Gateway,
    policy: &CallPolicy,
    request: &ChatRequest,
    input: u64,
    deployments: Vec<Arc<Deployment>>,
) -> Result<Explanation, GatewayError> {
    let bounds = Bounds::known(request, input);
    let providers = providers_of(gateway, &deployments).await?;
    let applicant = Applicant::new(gateway, policy, &request.model, deployments, providers, bounds);
    let mut applicant = Applicant { is_trial: true, ..applicant };
    let judgement = match applicant.decide().await {
        Decision::Admitted(admitted) => Judgement::Admitted(admitted.output_limit),
        Decision::Waits(_) => Judgement::Waits,
        Decision::Refused(error) => Judgement::Refused(error.into()),
    };
    let standings = gateway.counters.standings(&applicant.scopes).await;
    let names: Vec<Arc<str>> = applicant.scopes.iter().map(|scope| applicant.name_of(&scope.id)).collect();
    let tokens = applicant.tokens(bounds);
    let (longest, usual) = (applicant.longest(), applicant.usual_length());
    let cost = bounds.cost(&applicant.deployments);
    let scopes = applicant.scopes.into_iter().zip(standings).zip(names);
    let scopes = scopes.map(|((scope, standing), name)| (scope, standing, name)).collect();
    Ok(Explanation { judgement, scopes, cost, tokens, longest, usual })
}

impl Explanation {
    /// Whether the call fits in `limits` of a scope that stands so, limit by limit: budget, requests, tokens, parallel.
    #[must_use]
    pub fn fits(&self, limits: Limits, standing: Standing) -> [Option<bool>; 4] {
        [
            limits.max_budget.map(|max| standing.spent < max && standing.spent + standing.reserved + self.cost <= max),
            limits.rpm.map(|limit| standing.requests < limit),
            limits.tpm.map(|limit| standing.tokens + self.tokens <= limit),
            limits.parallel.map(|limit| standing.in_flight < limit),
        ]
    }
}
