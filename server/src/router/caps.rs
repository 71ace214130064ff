//! Hard caps of deployments: requests and tokens a minute and calls in flight, counted by all nodes together where they
//! share counters.

use std::sync::Arc;
use std::time::Duration;

use super::deployment::Deployment;
use crate::config::DeploymentConfig;
use crate::counters::{Admission, Counters, Demand, Exceeded, Limits, Refusal, Scope, ScopeId, Ticket};
use tollgate_openapi::money::NanoUsd;

/// A call in flight may be over at any time: whoever finds them too many may come back so soon.
const PARALLEL_RETRY: Duration = Duration::from_secs(1);

/// Tokens that a call is reckoned to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Of its prompt.
    pub input: u64,
    /// Of its answer.
    pub output: u64,
}

/// A deployment that a call may be sent to, with what the call takes of its caps. Dropped, that is given back.
#[derive(Debug)]
#[must_use = "dropped, it is given back"]
pub struct Reserved {
    pub(super) deployment: Arc<Deployment>,
    pub(super) ticket: Option<Ticket>,
}

impl Reserved {
    /// The deployment.
    #[must_use]
    pub const fn deployment(&self) -> &Arc<Deployment> {
        &self.deployment
    }
}

/// What is counted for the caps of a deployment, where it has any.
pub(super) fn scope(one: &DeploymentConfig) -> Option<Scope> {
    let limits = Limits { max_budget: None, rpm: one.rpm, tpm: one.tpm, parallel: one.max_parallel_requests };
    let id = ScopeId { kind: "deployment", id: Arc::from(one.id.as_str()) };
    let scope = Scope {
        id,
        limits,
        window_start: None,
        window_end: None,
        spent_at_load: NanoUsd::ZERO,
        loaded_window_start: None,
    };
    (limits != Limits::default()).then_some(scope)
}

/// Takes what a call needs from the caps of `deployment`.
///
/// # Errors
/// How long until it may have room again, where it has none now.
pub(super) async fn reserve(
    counters: Option<&Arc<Counters>>,
    deployment: &Arc<Deployment>,
    need: Need,
) -> Result<Reserved, Duration> {
    let deployment = Arc::clone(deployment);
    let Some((scope, counters)) = deployment.caps.as_ref().zip(counters) else {
        return Ok(Reserved { deployment, ticket: None });
    };
    let demand = Demand { cost: NanoUsd::ZERO, tokens: tokens(need, scope.limits.tpm) };
    match counters.admit(std::slice::from_ref(scope), demand, None).await {
        Admission::Granted(ticket) => Ok(Reserved { ticket: Some(ticket), deployment }),
        Admission::Refused(refusal) | Admission::Short { refusal, .. } => Err(room_in(&refusal)),
    }
}

/// Tokens counted at the start. An answer that might be too long for the minute is no reason to refuse, a prompt that is,
/// is.
fn tokens(need: Need, limit: Option<u64>) -> u64 {
    let Some(limit) = limit else { return 0 };
    let tokens = need.input.saturating_add(need.output);
    if need.input <= limit { tokens.min(limit) } else { tokens }
}

fn room_in(refusal: &Refusal) -> Duration {
    match &refusal.exceeded {
        Exceeded::Requests(state) | Exceeded::Tokens(state) => state.reset,
        Exceeded::Parallel { .. } | Exceeded::Budget { .. } | Exceeded::Unavailable => PARALLEL_RETRY,
    }
}
