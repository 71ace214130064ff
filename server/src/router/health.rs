//! How a deployment is doing on this node: in flight, failed, cooling down.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;

use super::checks::Checks;
use super::history::History;
use super::latency::Latency;
use super::quota::Quota;
use super::usage::Recent;
use crate::config::{ErrorClass, ErrorPolicy};

/// Failures are counted over this window.
const FAILURE_WINDOW: Duration = Duration::from_secs(60);
/// Fewer calls say nothing of the share of failures among them.
const CALLS_MIN: u64 = 5;
/// So many failures in a row are no accident.
const FAILING_FROM: u32 = 3;
/// Share of a new sample in the moving averages.
const AVERAGE_SHARE: f64 = 0.2;
/// The longest rest, whatever a provider or another node asks for.
const REST_MAX: Duration = Duration::from_secs(3600);
/// A rest that is prolonged by less is nothing new to others.
const PROLONGED_MIN: Duration = Duration::from_millis(500);

/// When a deployment has to cool down.
#[derive(Clone, Debug)]
pub struct CooldownRule {
    /// Failures a minute that are put up with; `None`: as long as they are not more than half of at least five calls.
    pub allowed_fails: Option<u64>,
    /// The same by class of failure, where that has a number of its own.
    pub allowed_fails_policy: ErrorPolicy,
    /// How long it cools down; zero: never.
    pub cooldown: Duration,
}

/// A failed call, as far as it says something about its deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// HTTP status of the provider; `None` where it gave no answer.
    pub status: Option<u16>,
    /// `Retry-After` of the provider.
    pub retry_after: Option<Duration>,
    /// What happened, for people.
    pub reason: String,
}

impl Failure {
    /// Refusals that the next call would meet, too: wrong credentials, no such model, too many calls.
    const fn cools_at_once(&self) -> bool {
        matches!(self.status, Some(401 | 402 | 404 | 408 | 429))
    }

    /// Other 4xx are the client's doing.
    fn is_deployments_fault(&self) -> bool {
        self.status.is_none_or(|status| status >= 500) || self.cools_at_once()
    }
}

/// Live state of a deployment.
#[derive(Debug, Default)]
pub struct Health {
    in_flight: AtomicU32,
    /// It may be cooling down: most are not, and are asked often.
    may_cool: AtomicBool,
    latency: Latency,
    state: Mutex<State>,
    history: History,
    checks: Checks,
    quota: Quota,
}

#[derive(Debug, Default)]
struct State {
    requests: u64,
    failures: u64,
    window_start: Option<Instant>,
    window_failures: u64,
    window_successes: u64,
    cooldown_until: Option<(Instant, DateTime<Utc>)>,
    /// Failures at its fault since it last worked; as many as it takes to be failing where the next call would meet the
    /// last one, too.
    failures_in_row: u32,
    last_failure: Option<String>,
    latency_ms: Option<f64>,
    time_to_first_token_ms: Option<f64>,
    last_used_at: Option<DateTime<Utc>>,
    recent: Recent,
}

/// A copy of the state, to be shown.
#[derive(Clone, Debug, Default)]
pub struct HealthSnapshot {
    /// Calls in flight.
    pub in_flight: u64,
    /// Calls ended.
    pub requests: u64,
    /// Calls that failed.
    pub failures: u64,
    /// When it may be called again, where it cools down.
    pub cooldown_until: Option<DateTime<Utc>>,
    /// Its last calls all failed.
    pub is_failing: bool,
    /// The last failure since it last worked.
    pub last_failure: Option<String>,
    /// Moving average of the whole call, in milliseconds.
    pub latency_ms: Option<f64>,
    /// Moving average of the time to the first token, in milliseconds.
    pub time_to_first_token_ms: Option<f64>,
    /// When it was last called.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl Health {
    /// How it did in the last hour.
    #[must_use]
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// What health checks found.
    #[must_use]
    pub const fn checks(&self) -> &Checks {
        &self.checks
    }

    /// What its provider says is left of the limits there.
    #[must_use]
    pub const fn quota(&self) -> &Quota {
        &self.quota
    }

    /// Notes that an attempt starts.
    pub(super) fn note_start(&self, now: Instant, wall_now: DateTime<Utc>) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let mut state = self.state.lock();
        state.last_used_at = Some(wall_now);
        state.recent.add(1.0, 0.0, now);
    }

    pub(super) fn note_end(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// Calls in flight.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// What is learned of its speed.
    pub(super) const fn latency(&self) -> &Latency {
        &self.latency
    }

    /// What it took lately.
    pub(super) fn recent(&self, now: Instant) -> Recent {
        self.state.lock().recent.at(now)
    }

    /// How long the deployment still has to cool down.
    #[must_use]
    pub fn cooldown_left(&self, now: Instant) -> Option<Duration> {
        if !self.may_cool.load(Ordering::Acquire) {
            return None;
        }
        let state = self.state.lock();
        let left = state.cooldown_until.and_then(|(until, _)| until.checked_duration_since(now));
        let left = left.filter(|left| !left.is_zero());
        if left.is_none() {
            self.may_cool.store(false, Ordering::Release);
        }
        left
    }

    /// Notes a call that worked: how long it took, until its first token came, and how many tokens it took.
    pub(super) fn note_success(
        &self,
        latency: Duration,
        time_to_first_token: Option<Duration>,
        tokens: f64,
        now: Instant,
    ) {
        let mut state = self.state.lock();
        state.requests += 1;
        state.window_successes += 1;
        state.failures_in_row = 0;
        state.recent.add(0.0, tokens, now);
        state.last_failure = None;
        if let Some(at) = state.last_used_at {
            self.history.note(at, Some(latency));
        }
        state.latency_ms = Some(average(state.latency_ms, latency));
        if let Some(first) = time_to_first_token {
            state.time_to_first_token_ms = Some(average(state.time_to_first_token_ms, first));
        }
    }

    /// Notes a failed call; the end of the rest it takes, where that is new.
    pub(super) fn note_failure(
        &self,
        rule: &CooldownRule,
        failure: Failure,
        may_rest: bool,
        now: Instant,
        wall_now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        self.history.note(wall_now, None);
        let mut state = self.state.lock();
        state.count_failure();
        if !failure.is_deployments_fault() {
            return None;
        }
        let is_new_window = state.window_start.is_none_or(|start| now.duration_since(start) >= FAILURE_WINDOW);
        if is_new_window {
            state.window_start = Some(now);
            state.window_failures = 0;
            state.window_successes = 0;
        }
        state.window_failures += 1;
        let in_row = state.failures_in_row.saturating_add(1);
        state.failures_in_row = if failure.cools_at_once() { in_row.max(FAILING_FROM) } else { in_row };
        let is_too_often = match rule.allowed_fails_policy.get(&ErrorClass::of_status(failure.status)) {
            Some(allowed) => state.window_failures > u64::from(*allowed),
            None => state.fails_too_often(rule) || failure.cools_at_once(),
        };
        let rests = may_rest && is_too_often && !rule.cooldown.is_zero();
        self.latency.note_failure(rests, now);
        let length = failure.retry_after.unwrap_or(rule.cooldown).max(rule.cooldown);
        state.last_failure = Some(failure.reason);
        if !rests {
            return None;
        }
        self.may_cool.store(true, Ordering::Release);
        // After its rest it is as good as any.
        state.failures_in_row = 0;
        state.rest(length, now, wall_now)
    }

    /// Counts a failure that says nothing of how the deployment is now.
    pub(super) fn count_failure(&self, wall_now: DateTime<Utc>) {
        self.history.note(wall_now, None);
        self.state.lock().count_failure();
    }

    /// Lets the deployment rest for `length`, if it does not longer already; the end of the rest, where that is new.
    pub(super) fn rest(
        &self,
        length: Duration,
        reason: &str,
        now: Instant,
        wall_now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        self.latency.note_failure(true, now);
        self.may_cool.store(true, Ordering::Release);
        let mut state = self.state.lock();
        state.last_failure = Some(reason.to_owned());
        state.rest(length, now, wall_now)
    }

    /// Ends a rest; whether there was one.
    pub(super) fn end_rest(&self, now: Instant) -> bool {
        self.latency.forget_failures();
        let mut state = self.state.lock();
        state.window_start = None;
        state.failures_in_row = 0;
        state.last_failure = None;
        state.cooldown_until.take().is_some_and(|(until, _)| until > now)
    }

    /// A copy of the state at `now`.
    #[must_use]
    pub fn snapshot(&self, now: Instant) -> HealthSnapshot {
        let state = self.state.lock();
        HealthSnapshot {
            in_flight: u64::from(self.in_flight()),
            requests: state.requests,
            failures: state.failures,
            cooldown_until: state.cooldown_until.filter(|(until, _)| *until > now).map(|(_, wall)| wall),
            is_failing: state.failures_in_row >= FAILING_FROM,
            last_failure: state.last_failure.clone(),
            latency_ms: state.latency_ms,
            time_to_first_token_ms: state.time_to_first_token_ms,
            last_used_at: state.last_used_at,
        }
    }
}

impl State {
    const fn count_failure(&mut self) {
        self.requests += 1;
        self.failures += 1;
    }

    fn fails_too_often(&self, rule: &CooldownRule) -> bool {
        let (failures, successes) = (self.window_failures, self.window_successes);
        match rule.allowed_fails {
            Some(allowed) => failures > allowed,
            None => failures + successes >= CALLS_MIN && failures > successes,
        }
    }

    /// Takes over a longer rest; its end, where that is new.
    fn rest(&mut self, length: Duration, now: Instant, wall_now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let length = length.min(REST_MAX);
        let until = now + length;
        let former = self.cooldown_until.map(|(former, _)| former).filter(|former| *former > now);
        if former.is_some_and(|former| former >= until) {
            return None;
        }
        let wall_until = wall_now + TimeDelta::from_std(length).unwrap_or(TimeDelta::zero());
        self.cooldown_until = Some((until, wall_until));
        let is_new = former.is_none_or(|former| until.duration_since(former) >= PROLONGED_MIN);
        is_new.then_some(wall_until)
    }
}

fn average(before: Option<f64>, sample: Duration) -> f64 {
    let sample = sample.as_secs_f64() * 1000.0;
    before.map_or(sample, |before| before + (sample - before) * AVERAGE_SHARE)
}
