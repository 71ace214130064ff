//! An attempt on its way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::caps::Reserved;
use super::deployment::Deployment;
use super::latency::{Kind, float, work};
use super::rules::LatencyRule;
use crate::clock::Clock;
use crate::counters::{Demand, Ticket};
use crate::domain::usage::Usage;

/// An attempt in flight to a deployment, counted until this is dropped. It tells the deployment's health how long its
/// answer took; dropped before that came, that it took at least so long.
#[derive(Debug)]
pub struct InFlight {
    deployment: Arc<Deployment>,
    clock: Clock,
    rule: LatencyRule,
    kind: Kind,
    sent_at: Instant,
    /// Calls in flight when it was sent.
    load: f64,
    first_token: Option<Duration>,
    /// What it waits for has come.
    is_answered: bool,
    /// What it takes of the deployment's caps.
    ticket: Option<Ticket>,
}

impl InFlight {
    /// Notes that an attempt starts.
    pub(super) fn start(reserved: Reserved, clock: &Clock, is_stream: bool, rule: LatencyRule) -> Self {
        let Reserved { deployment, ticket } = reserved;
        let (kind, sent_at) = (Kind::of(is_stream), clock.monotonic());
        deployment.health.note_start(sent_at, clock.now());
        let load = deployment.health.latency().note_start(kind, sent_at);
        let clock = clock.clone();
        Self { deployment, clock, rule, kind, sent_at, load, first_token: None, is_answered: false, ticket }
    }

    /// The deployment.
    #[must_use]
    pub const fn deployment(&self) -> &Arc<Deployment> {
        &self.deployment
    }

    /// Notes that the first token came. Only the first time counts.
    pub fn first_token(&mut self) {
        if self.first_token.is_some() {
            return;
        }
        let now = self.clock.monotonic();
        let waited = now.saturating_duration_since(self.sent_at);
        self.first_token = Some(waited);
        if self.kind == Kind::Stream {
            self.answered(waited, 1.0, now);
        }
    }

    /// Notes what it took, however it ended: of the deployment's caps it takes no more and no less.
    pub fn used(&mut self, usage: &Usage) {
        if let Some(ticket) = self.ticket.take() {
            ticket.settle(Demand { tokens: usage.total_tokens(), ..Demand::default() });
        }
    }

    /// Notes that the answer came whole, and what it took.
    pub fn succeeded(&mut self, usage: &Usage) {
        let now = self.clock.monotonic();
        let took = now.saturating_duration_since(self.sent_at);
        if !self.is_answered {
            // A stream without a token said nothing before its end.
            let work = if self.kind == Kind::Stream { 1.0 } else { work(usage.completion_tokens()) };
            self.answered(took, work, now);
        }
        self.deployment.health.note_success(took, self.first_token, float(usage.total_tokens()), now);
    }

    /// Whether it says nothing of how the deployment is now: it was never answered, and one sent later was.
    pub(super) fn is_outdated(&self) -> bool {
        !self.is_answered && self.deployment.health.latency().is_outdated(self.sent_at)
    }

    fn answered(&mut self, waited: Duration, work: f64, now: Instant) {
        self.is_answered = true;
        self.deployment.health.latency().note_answer(self.kind, waited, work, self.load, &self.rule, now);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if !self.is_answered {
            let now = self.clock.monotonic();
            let waited = now.saturating_duration_since(self.sent_at);
            self.deployment.health.latency().note_given_up(self.kind, waited, self.load, &self.rule, now);
        }
        self.deployment.health.note_end();
    }
}
