//! Step 6: the real cost replaces the reservation, and the call is written down.
//!
//! An admitted call is a [`Call`]. It ends exactly once: by [`Call::finish`], or by being dropped, which means that
//! the client left.

mod asked;
pub(super) mod attempts;
mod cached;
mod outcome;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::TimeDelta;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::CallStatus;

use super::charge::Soft;
use super::drain::{self, Sending};
use super::route::Source;
use super::upstream::UpstreamFailure;
use super::waiting::{WaitingCall, Waits};
use super::{Counted, Gateway, charge, record};
use crate::counters::{Demand, RateStates, Ticket};
use crate::domain::price::ServiceTier;
use crate::domain::provider::OnClientDisconnect;
use crate::domain::usage::Usage;
use crate::export::Ended;
use crate::ledger::contents::{AnswerContent, Content, Contents};
use crate::ledger::{BeginRecord, SpendEvent};
use crate::provider::chat::{AnswerHead, EarlyUsage};
use crate::provider::openai::Answer;
use crate::provider::tokens::{self, TextCounter};
use crate::router::{Deployment, Failure, InFlight};
pub(super) use asked::{Asked, ImageAsked};
use attempts::{AttemptKind, Attempts};
pub(super) use cached::FromCache;
pub use outcome::Outcome;

/// What is noted of a call that nobody waits for any more.
const OVERTAKEN: &str = "another deployment answered first";

/// What a settled call cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Cost of the call.
    pub cost: NanoUsd,
    /// From arrival to end.
    pub duration: Duration,
    /// What it took.
    pub usage: Usage,
}

/// An admitted call that has not ended yet.
#[derive(Debug)]
#[must_use = "a dropped call is one whose client left"]
pub struct Call(Option<Box<Open>>);

/// What is known of a call while it runs.
#[derive(Debug)]
struct Open {
    gateway: Arc<Gateway>,
    event: SpendEvent,
    ticket: Ticket,
    soft: Vec<Soft>,
    started: Instant,
    asked: Asked,
    /// Where it was sent last.
    target: Option<InFlight>,
    /// What it told of the usage before its end.
    early_usage: EarlyUsage,
    attempts: Attempts,
    /// What is asked of the provider, where that is less than what the call asks for.
    counted: Option<Bytes>,
    /// An answer that was asked for and will be read even if the client leaves.
    sending: Option<Sending>,
    /// Another attempt at the same was faster: nobody waits for this one.
    is_overtaken: bool,
    /// Its answer has not begun.
    waits: Option<Waits>,
    _counted: Counted,
}

impl Call {
    /// Starts a call. `started` is when it arrived.
    pub(super) fn begin(
        gateway: &Arc<Gateway>,
        event: SpendEvent,
        ticket: Ticket,
        soft: Vec<Soft>,
        asked: Asked,
        started: Instant,
    ) -> Self {
        Self(Some(Box::new(Open {
            gateway: Arc::clone(gateway),
            event,
            ticket,
            soft,
            started,
            asked,
            target: None,
            early_usage: EarlyUsage::default(),
            attempts: Attempts::default(),
            counted: None,
            sending: None,
            is_overtaken: false,
            waits: None,
            _counted: Counted::enter(gateway),
        })))
    }

    /// Notes that the call is sent to `target` now: from here on it costs money, and is in the spool.
    pub(super) fn sent_to(&mut self, target: InFlight, kind: AttemptKind) {
        let Some(open) = &mut self.0 else { return };
        let deployment = target.deployment();
        open.event.model = Arc::clone(&deployment.upstream_model);
        open.event.model_id = Some(Arc::clone(&deployment.id));
        open.event.provider = Some(Arc::clone(&deployment.provider_name));
        open.event.api_base = deployment.api_base().cloned();
        open.event.charges = charge::charges(&open.ticket, Some(&deployment.provider_name));
        let age = open.age();
        if open.attempts.is_first() {
            open.event.overhead_us = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
        }
        open.attempts.begin(kind, age);
        open.target = Some(target);
        open.waits = open.waits();
        let begin = BeginRecord { event: Cow::Borrowed(&open.event), reserved_nano: open.ticket.reserved().cost.0 };
        if let Err(error) = open.gateway.spool.begin(&begin) {
            tracing::error!(%error, "a call's begin is not in the spool");
        }
    }

    /// Keeps an answer that was asked for, to be waited for by [`Self::held`]. Where the provider bills it anyway, it is read
    /// to its end even if the client leaves meanwhile.
    pub(super) fn hold(&mut self, sending: Sending) {
        if let Some(open) = &mut self.0 {
            open.sending = Some(sending);
        }
    }

    /// Waits for the answer that is held.
    pub(super) async fn held(&mut self) -> Result<Source, UpstreamFailure> {
        let sending = self.0.as_mut().and_then(|open| open.sending.as_mut());
        let Some(sending) = sending else { return Err(UpstreamFailure::Unreachable("nothing was sent".to_owned())) };
        let source = sending.await;
        if let Some(open) = &mut self.0 {
            open.sending = None;
        }
        source
    }

    /// A place to read on in though the client has left; `None` where the provider's call is to be cancelled.
    pub(super) fn drain_place(&self) -> Option<drain::Place> {
        let open = self.0.as_ref()?;
        let is_drained = open.target.as_ref()?.deployment().on_client_disconnect == OnClientDisconnect::Drain;
        is_drained.then(|| open.gateway.drains.enter()).flatten()
    }

    /// Text of the answer that is kept or exported, in bytes; `None` where answers are neither.
    pub(super) fn content_bytes_max(&self) -> Option<usize> {
        let Open { gateway, asked, .. } = &**self.0.as_ref().filter(|open| !open.asked.telling.is_redacted)?;
        let kept = gateway.contents.as_ref().map(Contents::bytes_max);
        kept.or_else(|| gateway.exports.tell(&asked.telling).then(|| gateway.exports.content_bytes_max()))
    }

    /// Adds a note to the call's entry in the ledger.
    pub(super) fn note(&mut self, name: &str, value: Value) {
        if let Some(open) = &mut self.0 {
            open.event.metadata.insert(name.to_owned(), value);
        }
    }

    /// What `deployment`'s answer says of itself where the provider does not.
    pub(super) fn answer_head(&self, deployment: &Deployment) -> AnswerHead {
        let event = self.0.as_ref().map(|open| &open.event);
        AnswerHead {
            id: event.map_or_else(String::new, |event| format!("chatcmpl-{}", event.request_id)),
            created: event.map_or(0, |event| event.start_time.timestamp()),
            model: deployment.upstream_model.to_string(),
            early_usage: self.0.as_ref().map(|open| open.early_usage.clone()).unwrap_or_default(),
        }
    }

    /// Its id in the ledger.
    pub(super) fn request_id(&self) -> Option<&str> {
        self.0.as_ref().map(|open| &*open.event.request_id)
    }

    /// How the limits by the minute stand, this call counted.
    #[must_use]
    pub fn rates(&self) -> RateStates {
        self.0.as_ref().map_or_else(RateStates::default, |open| open.ticket.rates())
    }

    /// Time spent before the provider was called.
    #[must_use]
    pub fn overhead(&self) -> Duration {
        let overhead_us = self.0.as_ref().map_or(0, |open| open.event.overhead_us);
        Duration::from_micros(u64::try_from(overhead_us).unwrap_or(0))
    }

    /// Notes that the first token came.
    pub fn first_token(&mut self) {
        let Some(open) = &mut self.0 else { return };
        if open.event.completion_start_time.is_none() {
            open.event.completion_start_time = Some(open.gateway.clock.now());
            open.waits = None;
            if let Some(target) = &mut open.target {
                target.first_token();
            }
        }
    }

    /// Ends the call. When this returns, its event is in the spool.
    pub async fn finish(self, outcome: Outcome) -> Settled {
        match self.finish_or_count(outcome) {
            Ok(settled) => settled,
            Err(counting) => counting.await.unwrap_or_default(),
        }
    }

    /// Ends the call; where tokens have to be counted first, on another thread.
    ///
    /// # Errors
    /// The handle of that thread's work is no error: it goes on even where nobody waits for it.
    pub fn finish_or_count(mut self, outcome: Outcome) -> Result<Settled, JoinHandle<Settled>> {
        let Some(open) = self.0.take() else { return Ok(Settled::default()) };
        settle(open, outcome)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let sending = self.0.as_mut().and_then(|open| open.sending.take());
        if let (Some(sending), Ok(runtime)) = (sending, Handle::try_current())
            && let Some(place) = self.drain_place()
        {
            drain::read_answer_of(&runtime, sending, Self(self.0.take()), place);
            return;
        }
        if let Some(open) = self.0.take() {
            let outcome = Outcome::left(Answer::default(), TextCounter::default());
            drop(settle(open, outcome));
        }
    }
}

fn settle(open: Box<Open>, outcome: Outcome) -> Result<Settled, JoinHandle<Settled>> {
    let answer = &outcome.answer;
    let needs_counting = open.target.is_some() && (answer.usage.is_none() || answer.is_usage_early);
    match Handle::try_current() {
        Ok(runtime) if needs_counting => Err(runtime.spawn_blocking(move || open.settle(outcome))),
        _ => Ok(open.settle(outcome)),
    }
}

impl Open {
    /// Notes that it waits for where it was sent.
    fn waits(&self) -> Option<Waits> {
        self.gateway.waiting.enter(WaitingCall {
            request_id: Arc::clone(&self.event.request_id),
            model: Arc::clone(&self.event.model_group),
            provider: self.event.provider.clone()?,
            started: self.started,
        })
    }

    fn settle(mut self: Box<Self>, mut outcome: Outcome) -> Settled {
        let content = std::mem::take(&mut outcome.content);
        self.keep_content(&content);
        let usage = self.usage(&outcome);
        let tier = outcome.answer.service_tier.unwrap_or(self.asked.tier);
        let cost = self.cost(&usage, tier);
        let uncached = usage.uncached();
        if uncached != usage {
            self.event.saved.by_prompt_cache_nano = self.priced(&uncached, tier).map_or(0, |full| (full - cost).0);
        }
        let duration = self.age();
        self.note_health(&outcome, &usage);
        self.note_length(&outcome, &usage);
        let took = self.attempts.took(duration);
        self.fill_event(outcome, usage, cost, duration);
        let provider_time = self.count_attempt(took);
        let provider = self.target.as_ref().map(|target| Arc::clone(&target.deployment().provider_name));
        if provider.is_none() || self.ticket.may_have_moved() {
            self.event.charges = charge::charges(&self.ticket, provider.as_deref());
        }
        let Self { gateway, mut event, mut ticket, soft, asked, .. } = *self;
        if let Some(used_up) = charge::used_up(&soft, &gateway.counters, provider.as_deref(), cost) {
            event.metadata.insert("soft_budget_exceeded".to_owned(), used_up);
        }
        record::record(&gateway, &event, provider_time);
        ticket.release(|scope| !charge::is_charged(scope, provider.as_deref()));
        // What nobody had to answer takes nothing from a limit of tokens.
        let tokens = if event.cache_hit { 0 } else { usage.total_tokens() };
        ticket.settle(Demand { cost, tokens });
        gateway.exports.push(Ended::new(event, asked.body, content, asked.telling));
        Settled { cost, duration, usage }
    }

    /// What the provider told, with what was counted in the place of what it did not.
    fn usage(&self, outcome: &Outcome) -> Usage {
        let answer = &outcome.answer;
        if let Some(usage) = answer.usage.filter(|_| !answer.is_usage_early) {
            return usage;
        }
        let Some(target) = &self.target else { return Usage::default() };
        match answer.usage.or_else(|| self.early_usage.get()) {
            Some(told) => told.with_written(outcome.text.tokens()),
            None => {
                let input = tokens::count_prompt(
                    self.counted.as_ref().unwrap_or(&self.asked.body),
                    &target.deployment().upstream_model,
                );
                Usage { input, output: outcome.text.tokens(), ..self.asked.units }
            }
        }
    }

    fn keep_content(&self, answer: &AnswerContent) {
        let is_kept = !self.asked.telling.is_redacted;
        let Some(contents) = self.gateway.contents.as_ref().filter(|_| is_kept) else { return };
        contents.push(Content {
            request_id: Arc::clone(&self.event.request_id),
            start_time: self.event.start_time,
            request: self.asked.body.clone(),
            answer: answer.clone(),
        });
    }

    fn cost(&self, usage: &Usage, tier: ServiceTier) -> NanoUsd {
        let Some(target) = &self.target else { return NanoUsd::ZERO };
        self.priced(usage, tier).unwrap_or_else(|| {
            record::unpriced(target.deployment());
            NanoUsd::ZERO
        })
    }

    /// What so much costs where it was sent; `None` where that has no prices.
    fn priced(&self, usage: &Usage, tier: ServiceTier) -> Option<NanoUsd> {
        let prices = self.target.as_ref()?.deployment().prices.as_ref()?;
        Some(match &self.asked.image {
            Some(image) => prices.image_cost(image.quality.as_deref(), image.size.as_deref(), usage, tier),
            None => prices.cost(usage, tier),
        })
    }

    fn note_health(&mut self, outcome: &Outcome, usage: &Usage) {
        let Some(target) = &mut self.target else { return };
        target.used(usage);
        if outcome.status == CallStatus::Success {
            target.succeeded(usage);
        } else if let (CallStatus::Failure, Some(reason)) = (outcome.status, &outcome.error) {
            let failure = Failure { status: None, retry_after: None, reason: reason.clone() };
            self.gateway.router.attempt_failed(target, failure);
        }
    }

    /// Answers that ended by themselves tell how long the next ones will be.
    fn note_length(&self, outcome: &Outcome, usage: &Usage) {
        if outcome.status == CallStatus::Success && self.target.is_some() {
            let Self { gateway, event, .. } = self;
            gateway.usual_lengths.note(&event.api_key, &event.model_group, usage.completion_tokens());
        }
    }

    fn fill_event(&mut self, outcome: Outcome, usage: Usage, cost: NanoUsd, duration: Duration) {
        let event = &mut self.event;
        event.spend_nano = cost.0;
        event.usage = usage;
        event.end_time = event.start_time + TimeDelta::from_std(duration).unwrap_or(TimeDelta::zero());
        event.status = outcome.status;
        event.status_code = outcome.status_code;
        if event.status != CallStatus::Success {
            // What was known beforehand was given to nobody.
            event.saved.by_cache_nano = 0;
        }
        event.response_id = outcome.answer.response_id;
        let error = if self.is_overtaken { Some(OVERTAKEN.to_owned()) } else { outcome.error };
        let is_counted = outcome.answer.raw_usage.is_none() && usage != Usage::default() && !event.cache_hit;
        event.provider_usage = outcome.answer.raw_usage;
        let notes = [("usage_source", is_counted.then(|| Value::from("counted"))), ("error", error.map(Value::from))];
        for (name, note) in notes {
            if let Some(note) = note {
                event.metadata.insert(name.to_owned(), note);
            }
        }
        let served = self.target.as_ref().map(|target| &**target.deployment());
        for (name, note) in std::mem::take(&mut self.attempts).into_notes(served, duration) {
            event.metadata.insert(name.to_owned(), note);
        }
    }
}
