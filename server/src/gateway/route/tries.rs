//! Whether a call that failed is tried again with the same model, where, and when.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;

use super::Unanswered;
use super::fallback;
use crate::config::{ErrorClass, RouterSettings};
use crate::gateway::call::Context;
use crate::gateway::failure::FailureKind;
use crate::gateway::upstream::UpstreamFailure;
use crate::router::Deployment;

/// First pause before the same deployment is tried again; it doubles.
const BACKOFF_MIN: Duration = Duration::from_millis(250);
/// Longest pause.
const BACKOFF_MAX: Duration = Duration::from_secs(8);
/// A provider that wants to be left alone for longer is not waited for: the client is told how long.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(5);
/// Tries of the same deployments where the configuration does not say: LiteLLM's figure.
const RETRIES: u32 = 2;
/// Deployments of one model that a call is sent to at most.
const DEPLOYMENTS_MAX: u32 = 16;

/// What is tried next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A deployment that has not been tried.
    Another,
    /// The same ones, after this pause.
    SameAfter(Duration),
    /// Nothing.
    None,
}

/// The tries of one model.
pub(super) struct Tries<'a> {
    context: &'a Context,
    settings: Arc<RouterSettings>,
    model: &'a str,
    /// Tries after the first.
    made: u32,
    /// Those of deployments that had been tried before.
    made_again: u32,
    backoff: Duration,
}

impl<'a> Tries<'a> {
    /// None so far.
    pub(super) fn new(context: &'a Context, settings: &Arc<RouterSettings>, model: &'a str) -> Self {
        let settings = Arc::clone(settings);
        Self { context, settings, model, made: 0, made_again: 0, backoff: BACKOFF_MIN }
    }

    /// What comes after `deployment` failed; `has_another`: one has not been tried.
    pub(super) fn next(
        &mut self,
        deployment: &Deployment,
        unanswered: &Unanswered,
        has_another: bool,
        time_left: Duration,
    ) -> Next {
        let next = match unanswered {
            // What one cannot be told another may understand; the same one will not.
            Unanswered::Refused(_) if has_another => Next::Another,
            Unanswered::Refused(_) => Next::None,
            Unanswered::Failed(failure) => self.after(deployment, failure, has_another),
        };
        let is_in_time = match next {
            Next::Another => !time_left.is_zero(),
            Next::SameAfter(pause) => pause < time_left,
            Next::None => false,
        };
        if !is_in_time {
            return Next::None;
        }
        self.made += 1;
        if let Next::SameAfter(_) = next {
            self.made_again += 1;
            self.backoff = (self.backoff * 2).min(BACKOFF_MAX);
        }
        next
    }

    fn after(&self, deployment: &Deployment, failure: &UpstreamFailure, has_another: bool) -> Next {
        let class = failure.class();
        let policy = self.of_policy(class);
        let overrides = || self.context.policy.routing().find_map(|own| own.num_retries);
        let of_caller = self.context.routing.num_retries.or_else(overrides);
        let allowed = of_caller.or(deployment.num_retries).or(policy).or(self.settings.num_retries);
        let is_allowed = match allowed {
            Some(allowed) => self.made < allowed,
            None if has_another => self.made < DEPLOYMENTS_MAX,
            None => self.made_again < RETRIES,
        };
        let is_wanted = policy.is_some();
        if !is_allowed || !(is_wanted || failure.is_worth_another()) {
            return Next::None;
        }
        let stands_in = || fallback::exists(self.context, &self.settings, self.model, failure.kind());
        if failure.kind() != FailureKind::Other && stands_in() {
            return Next::None;
        }
        if has_another {
            return Next::Another;
        }
        let is_worth_it = is_wanted || failure.is_worth_the_same();
        let is_busy = class == ErrorClass::RateLimit;
        match failure.retry_after() {
            _ if !is_worth_it => Next::None,
            _ if is_busy && stands_in() => Next::None,
            Some(wait) if wait > RETRY_AFTER_MAX => Next::None,
            Some(wait) => Next::SameAfter(wait.max(self.pause())),
            None => Next::SameAfter(self.pause()),
        }
    }

    /// What the configuration says of this class of failures, for the model or for all.
    fn of_policy(&self, class: ErrorClass) -> Option<u32> {
        let of_group = self.settings.model_group_retry_policy.get(self.model);
        let policies = of_group.into_iter().chain(std::iter::once(&self.settings.retry_policy));
        let mut found = policies.map(|policy| policy.get(&class).or_else(|| policy.get(&ErrorClass::Default)).copied());
        found.find(Option::is_some).flatten()
    }

    /// Doubling, with as much chance in it as certainty, so that calls that failed together do not come back together.
    fn pause(&self) -> Duration {
        self.backoff.mul_f64(rand::rng().random_range(0.5..1.0)).max(self.settings.retry_after)
    }
}
