//! Providers have limits of their own. Which of them serves a call is known only when it is routed: all that may are
//! reserved in, and one that refuses is left out, while another remains.

use std::sync::Arc;

use super::{Admission, Applicant};
use crate::counters::{Refusal, ScopeId};
use crate::gateway::charge::is_charged;
use crate::router::Deployment;

impl Applicant<'_> {
    /// Leaves out the deployments of the provider whose limit stands in the way, where there are others; whether it did.
    pub(super) fn bar(&mut self, refusal: &Refusal) -> bool {
        let scope = &refusal.scope;
        if !scope.kind.starts_with("provider") {
            return false;
        }
        let is_its = |one: &Arc<Deployment>| is_charged(scope, Some(&one.provider_name));
        if self.deployments.iter().all(is_its) {
            return false;
        }
        let (its, others) = std::mem::take(&mut self.deployments).into_iter().partition(is_its);
        let its: Vec<Arc<Deployment>> = its;
        self.barred.extend(its);
        self.deployments = others;
        let is_left = |id: &ScopeId| self.deployments.iter().any(|one| is_charged(id, Some(&one.provider_name)));
        self.providers.retain(|provider| is_left(&provider.account.whole.id));
        self.scopes = self.scopes_now();
        true
    }
}

/// What stands in the way, where not all is granted.
pub(super) const fn refusal_of(admission: &Admission) -> Option<&Refusal> {
    match admission {
        Admission::Granted(_) => None,
        Admission::Refused(refusal) | Admission::Short { refusal, .. } => Some(refusal),
    }
}
