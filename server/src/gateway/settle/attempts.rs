//! The attempts of a call, as its entry in the ledger shows them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tollgate_openapi::spend::CallStatus;

use super::{Asked, Call, Open};
use crate::config::ErrorClass;
use crate::counters::Ticket;
use crate::error::ApiError;
use crate::gateway::charge::Soft;
use crate::gateway::error::GatewayError;
use crate::gateway::record;
use crate::gateway::upstream::UpstreamFailure;
use crate::ledger::event::ASKED_FOR_NOTE;
use crate::provider::chat::EarlyUsage;
use crate::router::Deployment;
use crate::telemetry::deployments::{self, Ended};

/// Characters of an error that are kept.
const ERROR_CHARS_MAX: usize = 500;

/// Why an attempt is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum AttemptKind {
    /// It is the first.
    First,
    /// The one before failed, for the same model.
    Retry,
    /// The first of a model that stands in.
    Fallback,
    /// The first takes long.
    Hedge,
}

impl AttemptKind {
    const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Retry => "retry",
            Self::Fallback => "fallback",
            Self::Hedge => "hedge",
        }
    }
}

/// The attempts of a call so far.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// Those that failed, as they are written down.
    failed: Vec<Value>,
    /// The one that is being made.
    current: Option<(AttemptKind, Duration)>,
    has_begun: bool,
    retries: usize,
    fallbacks: usize,
    /// The class of the failure that the first model stood in for.
    fallback_reason: Option<Value>,
}

/// How often a call was tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::gateway) struct Tried {
    /// Attempts after the first of a model.
    pub retries: usize,
    /// Models that stood in.
    pub fallbacks: usize,
}

impl Attempts {
    /// An attempt begins, so long after the call arrived.
    pub(super) fn begin(&mut self, kind: AttemptKind, after: Duration) {
        match kind {
            AttemptKind::First | AttemptKind::Hedge => {}
            AttemptKind::Retry => self.retries += 1,
            AttemptKind::Fallback => {
                self.fallbacks += 1;
                let reason = || self.failed.last()?.get("error_class").cloned();
                self.fallback_reason = self.fallback_reason.take().or_else(reason);
            }
        }
        self.has_begun = true;
        self.current = Some((kind, after));
    }

    /// Whether no deployment was asked so far.
    pub(super) const fn is_first(&self) -> bool {
        !self.has_begun
    }

    /// How long the attempt that is being made takes so far.
    pub(super) fn took(&self, now: Duration) -> Duration {
        self.current.map_or(Duration::ZERO, |(_, start)| now.saturating_sub(start))
    }

    /// The notes of an attempt at `deployment` that ends now.
    fn note(&mut self, deployment: &Deployment, now: Duration) -> Map<String, Value> {
        let (kind, start) = self.current.take().unwrap_or((AttemptKind::First, now));
        let mut note = Map::new();
        note.insert("kind".to_owned(), json!(kind.name()));
        note.insert("model_group".to_owned(), json!(&*deployment.model_name));
        note.insert("model_id".to_owned(), json!(&*deployment.id));
        note.insert("provider".to_owned(), json!(&*deployment.provider_name));
        note.insert("model".to_owned(), json!(&*deployment.upstream_model));
        note.insert("api_base".to_owned(), json!(deployment.api_base().map(|base| &**base)));
        if let Some(place) = &deployment.place_name {
            note.insert("place".to_owned(), json!(&**place));
        }
        note.insert("start_ms".to_owned(), json!(milliseconds(start)));
        note.insert("duration_ms".to_owned(), json!(milliseconds(now.saturating_sub(start))));
        note
    }

    fn fail(&mut self, mut note: Map<String, Value>, error: &str, status: Option<u16>, class: ErrorClass) {
        note.insert("error".to_owned(), json!(shortened(error)));
        note.insert("status".to_owned(), json!(status));
        note.insert("error_class".to_owned(), json!(class.name()));
        self.failed.push(Value::Object(note));
    }

    /// What is written down at the end, where there was more than one attempt: those that failed, and the one at
    /// `served`.
    pub(super) fn into_notes(mut self, served: Option<&Deployment>, now: Duration) -> Vec<(&'static str, Value)> {
        if self.failed.is_empty() {
            return Vec::new();
        }
        let served = served.map(|deployment| ("served", Value::Object(self.note(deployment, now))));
        let counts = [("attempted_retries", json!(self.retries)), ("attempted_fallbacks", json!(self.fallbacks))];
        let reason = self.fallback_reason.map(|reason| ("fallback_reason", reason));
        let attempts = [("attempts", Value::Array(self.failed))];
        attempts.into_iter().chain(counts).chain(served).chain(reason).collect()
    }
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

fn shortened(error: &str) -> String {
    error.chars().take(ERROR_CHARS_MAX).collect()
}

impl Open {
    /// Time since the call arrived.
    pub(super) fn age(&self) -> Duration {
        age(self.gateway.clock.monotonic(), self.started)
    }

    /// Counts the attempt that took so long, if there was one; how long its answer took, if it gave one.
    pub(super) fn count_attempt(&self, took: Duration) -> Option<Duration> {
        self.target.as_ref()?;
        let ended = match self.event.status {
            CallStatus::Success => Ended::Answered,
            CallStatus::Failure => Ended::Failed(None, ErrorClass::of_status(None)),
            CallStatus::Cancelled | CallStatus::Interrupted => Ended::Left,
        };
        deployments::attempted(&self.event, ended, took, || record::aliases(&self.gateway, &self.event));
        (ended == Ended::Answered).then_some(took)
    }
}

fn age(now: Instant, started: Instant) -> Duration {
    now.saturating_duration_since(started)
}

impl Call {
    /// Notes that the attempt failed: where it was sent no longer bills it.
    pub(in crate::gateway) fn attempt_failed(&mut self, failure: &UpstreamFailure) {
        let Some(open) = &mut self.0 else { return };
        let Some(target) = open.target.take() else { return };
        open.early_usage = EarlyUsage::default();
        let now = open.age();
        let note = open.attempts.note(target.deployment(), now);
        let told = failure.for_router();
        open.attempts.fail(note, &told.reason, told.status, failure.class());
        let ended = Ended::Failed(told.status, failure.class());
        deployments::attempted(&open.event, ended, Duration::ZERO, || record::aliases(&open.gateway, &open.event));
        open.gateway.router.attempt_failed(&target, told);
    }

    /// Notes a failure that the client asked for, so that nobody was asked.
    pub(in crate::gateway) fn mock_failed(&mut self, failure: &UpstreamFailure) {
        let Some(open) = &mut self.0 else { return };
        let mut note = Map::new();
        note.insert("kind".to_owned(), json!(AttemptKind::First.name()));
        note.insert("model_group".to_owned(), json!(&*open.event.model_group));
        let told = failure.for_router();
        open.attempts.fail(note, &told.reason, told.status, failure.class());
    }

    /// Counts that this call's model stood in for the one asked for because of `failure`: its status and class.
    pub(in crate::gateway) fn fell_back(&self, failure: (Option<u16>, ErrorClass), has_answered: bool) {
        let Some(open) = &self.0 else { return };
        deployments::fell_back(&open.event, failure, has_answered, record::aliases(&open.gateway, &open.event));
    }

    /// Gives back all that the call was admitted with: it is to be admitted for another model.
    pub(in crate::gateway) fn give_back(&mut self) {
        if let Some(open) = &mut self.0 {
            open.ticket.release(|_| true);
            open.soft.clear();
        }
    }

    /// Notes that the call is now one to `model`, and admitted as such.
    pub(in crate::gateway) fn moved_to(&mut self, model: &str, asked: Asked, ticket: Ticket, soft: Vec<Soft>) {
        let Some(open) = &mut self.0 else { return };
        let asked_for = std::mem::replace(&mut open.event.model_group, Arc::from(model));
        open.event.metadata.entry(ASKED_FOR_NOTE).or_insert_with(|| json!(&*asked_for));
        open.asked = asked;
        open.ticket = ticket;
        open.soft = soft;
    }

    /// Notes that the call could not be moved to `model`.
    pub(in crate::gateway) fn not_moved(&mut self, model: &str, refusal: GatewayError) {
        self.not_asked(AttemptKind::Fallback, model, refusal);
    }

    /// Notes that the call could not be one to `model`, which it asks for.
    pub(in crate::gateway) fn not_started(&mut self, model: &str, refusal: GatewayError) {
        self.not_asked(AttemptKind::First, model, refusal);
    }

    fn not_asked(&mut self, kind: AttemptKind, model: &str, refusal: GatewayError) {
        let Some(open) = &mut self.0 else { return };
        let error = ApiError::from(refusal);
        let mut note = Map::new();
        note.insert("kind".to_owned(), json!(kind.name()));
        note.insert("model_group".to_owned(), json!(model));
        open.attempts.fail(note, &error.message(), Some(error.status().as_u16()), ErrorClass::Default);
    }

    /// Notes that another attempt at what this call asks for was faster, and ends it.
    pub(in crate::gateway) fn overtaken(mut self) {
        if let Some(open) = &mut self.0 {
            open.is_overtaken = true;
        }
    }

    /// How often the call was tried so far.
    #[must_use]
    pub(in crate::gateway) fn tried(&self) -> Tried {
        let attempts = self.0.as_ref().map(|open| &open.attempts);
        attempts.map_or_else(Tried::default, |all| Tried { retries: all.retries, fallbacks: all.fallbacks })
    }
}
