//! Which deployment serves a call.
//!
//! Deployments that share a public name form a group. Today's strategy is `simple-shuffle`: at random, by weight,
//! among those that are not cooling down and have not failed this call yet.

mod build;
pub mod checks;
pub mod deployment;
pub mod health;
pub mod history;
pub mod rests;
mod shuffle;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::clock::Clock;
pub use build::deployments;
pub use deployment::Deployment;
use health::HealthSnapshot;
pub use health::{CooldownRule, Failure};
use rests::{Rest, Rests};

/// The deployments of this gateway, replaced as a whole when the model list changes.
#[derive(Debug)]
pub struct Router {
    clock: Clock,
    rule: CooldownRule,
    table: ArcSwap<Table>,
    rests: Rests,
}

#[derive(Debug, Default)]
struct Table {
    /// In the order of the configuration.
    deployments: Vec<Arc<Deployment>>,
    groups: HashMap<Arc<str>, Vec<Arc<Deployment>>>,
}

/// What the choice of a deployment depends on.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Public name of the group.
    pub model: &'a str,
    /// Deployments that are out of the question, or have failed this call already.
    pub barred: &'a [Arc<Deployment>],
    /// The answer is wanted as a stream: what counts is when it begins.
    pub is_stream: bool,
    /// Calls with the same of these go the same way where a group's traffic is split by weight.
    pub sticky: Option<&'a str>,
}

/// Why no deployment can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// No group has this name.
    #[error("Invalid model name passed in model={0}. Call GET /v1/models for the models this key may use.")]
    UnknownModel(String),
    /// The group has only deployments that cannot be called at all.
    #[error("No deployment of model {model} can be called: {reason}.")]
    Unavailable {
        /// Public name.
        model: String,
        /// Of the first of them.
        reason: String,
    },
    /// Every deployment has failed this call already.
    #[error("No deployments available for model {0}: each has been tried.")]
    Exhausted(String),
}

impl Router {
    /// A router over `deployments`.
    #[must_use]
    pub fn new(deployments: Vec<Deployment>, rule: CooldownRule, clock: Clock) -> Self {
        Self { clock, rule, table: ArcSwap::from_pointee(Table::new(deployments)), rests: Rests::default() }
    }

    /// Every deployment, in the order of the configuration.
    #[must_use]
    pub fn deployments(&self) -> Vec<Arc<Deployment>> {
        self.table.load().deployments.clone()
    }

    /// Public names, in the order of the configuration.
    #[must_use]
    pub fn model_names(&self) -> Vec<Arc<str>> {
        let table = self.table.load();
        let mut names: Vec<Arc<str>> = Vec::with_capacity(table.groups.len());
        for deployment in &table.deployments {
            if !names.contains(&deployment.model_name) {
                names.push(Arc::clone(&deployment.model_name));
            }
        }
        names
    }

    /// Whether a group of this name exists.
    #[must_use]
    pub fn has_model(&self, model: &str) -> bool {
        self.table.load().groups.contains_key(model)
    }

    /// The deployments of `model` that can be called, cooling down or not.
    ///
    /// # Errors
    /// When there is none.
    pub fn callable(&self, model: &str) -> Result<Vec<Arc<Deployment>>, RouteError> {
        let table = self.table.load();
        let group = table.groups.get(model).ok_or_else(|| RouteError::UnknownModel(model.to_owned()))?;
        let callable: Vec<Arc<Deployment>> = group.iter().filter(|one| one.unavailable.is_none()).cloned().collect();
        if callable.is_empty() {
            let reason = group.iter().find_map(|one| one.unavailable.clone()).unwrap_or_default();
            return Err(RouteError::Unavailable { model: model.to_owned(), reason });
        }
        Ok(callable)
    }

    /// Chooses a deployment of the group that is not barred. While all the others cool down, the one that is
    /// soonest ready is taken: an answer may come, a refusal never is one.
    ///
    /// # Errors
    /// When there is none to be had.
    pub fn choose(&self, ask: &Ask<'_>) -> Result<Arc<Deployment>, RouteError> {
        let Ask { model, barred, .. } = *ask;
        let callable = self.callable(model)?;
        let untried: Vec<&Arc<Deployment>> =
            callable.iter().filter(|one| !barred.iter().any(|other| Arc::ptr_eq(one, other))).collect();
        let now = self.clock.monotonic();
        let mut ready: Vec<&Arc<Deployment>> =
            untried.iter().copied().filter(|one| one.health.cooldown_left(now).is_none()).collect();
        if let Some(first) = ready.iter().filter_map(|one| one.order).min() {
            ready.retain(|one| one.order == Some(first));
        }
        let soonest = || untried.iter().copied().min_by_key(|one| one.health.cooldown_left(now));
        shuffle::pick(&ready).or_else(soonest).cloned().ok_or_else(|| RouteError::Exhausted(model.to_owned()))
    }

    /// Notes a failure of `deployment`; it may have to cool down. A deployment without siblings never does.
    pub fn note_failure(&self, deployment: &Deployment, failure: Failure) {
        let reason = failure.reason.clone();
        let (may_rest, wall_now) = (self.may_rest(deployment), self.clock.now());
        let until = deployment.health.note_failure(&self.rule, failure, may_rest, self.clock.monotonic(), wall_now);
        if until.is_some() {
            self.rests.post(Rest { deployment: deployment.id.to_string(), until, reason });
        }
    }

    /// Lets `deployment` rest for `length`, for what was found out about it beside its calls. One without siblings
    /// never does.
    pub fn rest(&self, deployment: &Deployment, length: Duration, reason: &str) {
        if !self.may_rest(deployment) {
            return;
        }
        let until = deployment.health.rest(length, reason, self.clock.monotonic(), self.clock.now());
        if until.is_some() {
            self.rests.post(Rest { deployment: deployment.id.to_string(), until, reason: reason.to_owned() });
        }
    }

    /// Ends a rest early: `deployment` was seen to answer.
    pub fn end_rest(&self, deployment: &Deployment) {
        if deployment.health.end_rest(self.clock.monotonic()) {
            self.rests.post(Rest { deployment: deployment.id.to_string(), until: None, reason: String::new() });
        }
    }

    /// How long a deployment that failed rests where nobody says otherwise; zero: never.
    #[must_use]
    pub const fn cooldown(&self) -> Duration {
        self.rule.cooldown
    }

    fn may_rest(&self, deployment: &Deployment) -> bool {
        let has_siblings = self.table.load().groups.get(&deployment.model_name).is_some_and(|group| group.len() > 1);
        has_siblings && !self.rule.cooldown.is_zero()
    }

    /// What another node told. It is not told any further.
    fn rest_as_told(&self, told: &Rest) {
        let table = self.table.load();
        let (now, wall_now) = (self.clock.monotonic(), self.clock.now());
        for deployment in table.deployments.iter().filter(|one| *one.id == *told.deployment) {
            match told.until.map(|until| (until - wall_now).to_std()) {
                Some(Ok(length)) if self.may_rest(deployment) => {
                    deployment.health.rest(length, &told.reason, now, wall_now);
                }
                Some(_) => {}
                None => _ = deployment.health.end_rest(now),
            }
        }
    }

    /// The rests in force.
    fn resting(&self) -> Vec<Rest> {
        let now = self.clock.monotonic();
        let table = self.table.load();
        let snapshots = table.deployments.iter().map(|one| (one, one.health.snapshot(now)));
        let resting = snapshots.filter(|(_, health)| health.cooldown_until.is_some());
        let rest = |(one, health): (&Arc<Deployment>, HealthSnapshot)| Rest {
            deployment: one.id.to_string(),
            until: health.cooldown_until,
            reason: health.last_failure.unwrap_or_default(),
        };
        resting.map(rest).collect()
    }
}

impl Table {
    fn new(deployments: Vec<Deployment>) -> Self {
        let deployments: Vec<Arc<Deployment>> = deployments.into_iter().map(Arc::new).collect();
        let mut groups: HashMap<Arc<str>, Vec<Arc<Deployment>>> = HashMap::new();
        for deployment in &deployments {
            groups.entry(Arc::clone(&deployment.model_name)).or_default().push(Arc::clone(deployment));
        }
        Self { deployments, groups }
    }
}

#[cfg(test)]
mod tests;
