//! Which deployment serves a call.
//!
//! Deployments that share a public name form a group. Of those that are not cooling down, have not failed this call yet
//! and come first by `order`, the strategy chooses one: see `deploy/docs/routing.md`.

mod build;
pub mod caps;
pub mod checks;
pub mod deployment;
mod dice;
mod fastest;
pub mod health;
pub mod history;
pub mod in_flight;
mod latency;
mod patterns;
mod quota;
mod ranked;
pub mod rests;
pub mod rules;
mod shuffle;
mod table;
mod usage;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::broadcast;

use crate::clock::Clock;
use crate::config::RoutingStrategy;
use crate::counters::Counters;
use crate::domain::price::ServiceTier;
use crate::domain::usage::Usage;
use crate::telemetry;
pub use build::{deployments, deployments_of, prices_of};
pub use caps::{Need, Reserved};
pub use deployment::Deployment;
use dice::{Dice, Draw};
use health::HealthSnapshot;
pub use health::{CooldownRule, Failure};
pub use in_flight::InFlight;
use latency::Kind;
pub use patterns::{Patterns, known_names};
pub use rests::Rest;
use rests::Rests;
pub use rules::{LatencyRule, Rules};
pub use table::Models;
use table::{Group, Ready, Table};

/// The call that `cost-based-routing` compares prices by, in tokens.
const TYPICAL_CALL: (u64, u64) = (1_000, 250);

/// The deployments of this gateway, replaced as a whole when the model list changes.
#[derive(Debug)]
pub struct Router {
    clock: Clock,
    dice: Dice,
    table: ArcSwap<Table>,
    rests: Rests,
    /// Where caps of deployments are counted.
    counters: Option<Arc<Counters>>,
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
    /// All that can be called have reached their caps.
    #[error(
        "No deployments available for selected model, Try again in {} seconds. Passed model={model}.",
        whole_seconds(*room_in)
    )]
    Full {
        /// Public name.
        model: String,
        /// How long until the first of them may have room.
        room_in: Duration,
    },
    /// Every deployment has failed this call already.
    #[error("No deployments available for model {0}: each has been tried.")]
    Exhausted(String),
}

impl Router {
    /// A router over `models`.
    #[must_use]
    pub fn new(models: impl Into<Models>, rules: Rules, clock: Clock) -> Self {
        Self::with_seed(models, rules, clock, rand::random())
    }

    /// The same whose choices by chance follow from `seed`.
    #[must_use]
    pub fn with_seed(models: impl Into<Models>, rules: Rules, clock: Clock, seed: u64) -> Self {
        let table = ArcSwap::from_pointee(Table::new(models.into(), rules, None));
        Self { clock, dice: Dice::new(seed), table, rests: Rests::default(), counters: None }
    }

    /// The same whose deployments' caps are counted with `counters`.
    #[must_use]
    pub fn counting_with(self, counters: Arc<Counters>) -> Self {
        Self { counters: Some(counters), ..self }
    }

    /// Puts other deployments and rules in force. Those whose id stays keep what is known of their health; calls in
    /// flight end where they are.
    pub fn replace(&self, models: impl Into<Models>, rules: Rules) {
        let former = self.table.load();
        self.table.store(Arc::new(Table::new(models.into(), rules, Some(&former))));
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

    /// Models that patterns are known to serve, by name.
    #[must_use]
    pub fn names_of_patterns(&self) -> Vec<String> {
        self.table.load().patterns.known().collect()
    }

    /// Whether a model of this name is served, or would be.
    #[must_use]
    pub fn serves(&self, model: &str) -> bool {
        let table = self.table.load();
        table.groups.contains_key(model) || table.patterns.fits(model)
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
        if !self.has_model(model) {
            self.meet(model);
        }
        Ok(self.table.load().callable(model)?.callable.clone())
    }

    /// Makes deployments of the model of this name where a pattern fits it.
    fn meet(&self, model: &str) {
        self.table.rcu(|table| match table.with(model) {
            Some(with) if !table.groups.contains_key(model) => Arc::new(with),
            _ => Arc::clone(table),
        });
    }

    /// Chooses a deployment of the group that is not barred. While all the others cool down, the one that is
    /// soonest ready is taken: an answer may come, a refusal never is one.
    ///
    /// # Errors
    /// When there is none to be had.
    pub fn choose(&self, ask: &Ask<'_>) -> Result<Arc<Deployment>, RouteError> {
        let table = self.table.load();
        let group = table.callable(ask.model)?;
        let ready = Ready::new(group, ask.barred, self.clock.monotonic());
        let chosen = match &*group.callable {
            [only] => Some(only).filter(|only| ready.has(only)),
            _ => pick(&table.rules, &ready, ask, self.dice.draw()),
        };
        let chosen = chosen.or_else(|| ready.soonest());
        chosen.cloned().ok_or_else(|| RouteError::Exhausted(ask.model.to_owned()))
    }

    /// Chooses a deployment as [`Self::choose`] does and takes what the call needs from its caps. One whose caps have no
    /// room is passed over for another.
    ///
    /// # Errors
    /// When there is none to be had, or none has room.
    pub async fn take(&self, ask: &Ask<'_>, need: Need) -> Result<Reserved, RouteError> {
        let mut barred: Option<Vec<Arc<Deployment>>> = None;
        let mut soonest: Option<Duration> = None;
        loop {
            let chosen = self.choose(&Ask { barred: barred.as_deref().unwrap_or(ask.barred), ..*ask });
            let chosen = chosen.map_err(|error| match soonest {
                Some(room_in) => RouteError::Full { model: ask.model.to_owned(), room_in },
                None => error,
            })?;
            match self.reserve(&chosen, need).await {
                Ok(reserved) => return Ok(reserved),
                Err(room_in) => soonest = Some(soonest.map_or(room_in, |soonest| soonest.min(room_in))),
            }
            barred.get_or_insert_with(|| ask.barred.to_vec()).push(chosen);
        }
    }

    /// Takes what a call needs from the caps of `deployment`.
    ///
    /// # Errors
    /// How long until it may have room again, where it has none now.
    pub async fn reserve(&self, deployment: &Arc<Deployment>, need: Need) -> Result<Reserved, Duration> {
        caps::reserve(self.counters.as_ref(), deployment, need).await
    }

    /// Whether a deployment of `model` has a cap of tokens.
    #[must_use]
    pub fn counts_tokens(&self, model: &str) -> bool {
        let has_cap = |one: &Arc<Deployment>| one.caps.as_ref().is_some_and(|caps| caps.limits.tpm.is_some());
        self.table.load().groups.get(model).is_some_and(|group| group.callable.iter().any(has_cap))
    }

    /// Notes that an attempt starts.
    #[must_use]
    pub fn start(&self, reserved: Reserved, is_stream: bool) -> InFlight {
        InFlight::start(reserved, &self.clock, is_stream, self.table.load().rules.latency)
    }

    /// Notes that `attempt` failed; its deployment may have to cool down. One without siblings never does.
    pub fn attempt_failed(&self, attempt: &InFlight, failure: Failure) {
        let (table, deployment) = (self.table.load(), attempt.deployment());
        // What providers' own APIs are called with is a deployment as it is for that call: here it is as configured.
        let configured = table.deployments.iter().find(|one| one.id == deployment.id).unwrap_or(deployment);
        if attempt.is_outdated() {
            configured.health.count_failure(self.clock.now());
        } else {
            self.note_failure(configured, failure);
        }
    }

    /// Notes a failure of `deployment`; it may have to cool down. A deployment without siblings never does.
    pub fn note_failure(&self, deployment: &Deployment, failure: Failure) {
        let table = self.table.load();
        let rule = &table.rules.cooldown;
        let (reason, status) = (failure.reason.clone(), failure.status);
        let (may_rest, wall_now) = (self.may_rest(deployment), self.clock.now());
        let until = deployment.health.note_failure(rule, failure, may_rest, self.clock.monotonic(), wall_now);
        if until.is_some() {
            telemetry::deployments::cooled_down(deployment.place(), status);
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
            telemetry::deployments::cooled_down(deployment.place(), None);
            self.rests.post(Rest { deployment: deployment.id.to_string(), until, reason: reason.to_owned() });
        }
    }

    /// Ends a rest early: `deployment` was seen to answer.
    pub fn end_rest(&self, deployment: &Deployment) {
        if deployment.health.end_rest(self.clock.monotonic()) {
            self.rests.post(Rest { deployment: deployment.id.to_string(), until: None, reason: String::new() });
        }
    }

    /// Rests that this node begins or ends from now on.
    #[must_use]
    pub fn rests(&self) -> broadcast::Receiver<Rest> {
        self.rests.subscribe()
    }

    /// How long a deployment that failed rests where nobody says otherwise; zero: never.
    #[must_use]
    pub fn cooldown(&self) -> Duration {
        self.table.load().rules.cooldown.cooldown
    }

    fn may_rest(&self, deployment: &Deployment) -> bool {
        let table = self.table.load();
        let has_siblings = table.groups.get(&deployment.model_name).is_some_and(|group| group.size > 1);
        has_siblings && !table.rules.cooldown.cooldown.is_zero()
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
    /// The group of `model`.
    ///
    /// # Errors
    /// When there is none, or none of it can be called.
    fn callable(&self, model: &str) -> Result<&Group, RouteError> {
        let group = self.groups.get(model).ok_or_else(|| RouteError::UnknownModel(model.to_owned()))?;
        if group.callable.is_empty() {
            let reason = group.reason.clone().unwrap_or_default();
            return Err(RouteError::Unavailable { model: model.to_owned(), reason });
        }
        Ok(group)
    }
}

/// One of `ready`, or none where there is none.
fn pick<'a>(rules: &Rules, ready: &Ready<'a>, ask: &Ask<'_>, draw: Draw) -> Option<&'a Arc<Deployment>> {
    match rules.strategy {
        RoutingStrategy::Latency => fastest::pick(ready, Kind::of(ask.is_stream), &rules.latency, draw),
        RoutingStrategy::LeastBusy => ranked::lowest(ready, draw, |one| one.health.in_flight()),
        RoutingStrategy::Usage => ranked::lowest(ready, draw, |one| usage::used(one, ready.now)),
        RoutingStrategy::Cost => ranked::lowest(ready, draw, typical_cost),
        // Providers without budget are barred when the call is admitted.
        RoutingStrategy::SimpleShuffle | RoutingStrategy::ProviderBudget => shuffle::pick(ready, ask.sticky, draw),
    }
}

/// Seconds to wait, at least one.
#[must_use]
pub fn whole_seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0)).max(1)
}

/// What a typical call costs, in nano-dollars.
fn typical_cost(one: &Deployment) -> i64 {
    let (input, output) = TYPICAL_CALL;
    let usage = Usage { input, output, ..Usage::default() };
    one.prices.as_ref().map_or(0, |prices| prices.cost(&usage, ServiceTier::Standard).0)
}

#[cfg(test)]
mod tests;
