//! Deployments as they really are, which nobody but the oracle knows.

use std::collections::VecDeque;
use std::time::Duration;

use super::chance::{self, part};

/// How long a provider takes to refuse a connection, and to refuse a call.
const REFUSED_AFTER: Duration = Duration::from_millis(30);
/// How long the gateway waits for a hanging one.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);
/// Output tokens of an answer in the mean, and the deviation of their logarithm.
const TOKENS: f64 = 200.0;
const TOKENS_SIGMA: f64 = 0.7;
/// What of a whole answer's time does not depend on its length.
const HEAD: f64 = 0.2;
const MINUTE: Duration = Duration::from_secs(60);

/// What follows from the time of a trace, in seconds.
type Follows<T> = Box<dyn Fn(f64) -> T>;

/// Whether a deployment is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Up,
    Refuses,
    Hangs,
}

/// How a deployment behaves at each second of a trace.
pub(crate) struct Course {
    pub(crate) mean: Follows<f64>,
    pub(crate) sigma: f64,
    pub(crate) failing: Follows<f64>,
    pub(crate) state: Follows<State>,
    /// Calls it works on at once; others wait.
    pub(crate) slots: Option<u32>,
    /// Calls a minute it takes; it refuses others.
    pub(crate) per_minute: Option<usize>,
}

impl Course {
    pub(crate) fn new(mean: impl Fn(f64) -> f64 + 'static) -> Self {
        let (failing, state): (Follows<f64>, Follows<State>) = (Box::new(|_| 0.0), Box::new(|_| State::Up));
        Self { mean: Box::new(mean), sigma: 0.35, failing, state, slots: None, per_minute: None }
    }
}

/// What becomes of an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    Answer { work: Duration },
    Failure { after: Duration, status: Option<u16>, retry_after: Option<Duration> },
}

pub(crate) struct World {
    pub(crate) deployments: Vec<Course>,
    pub(crate) now: Duration,
    pub(crate) is_stream: bool,
    pub(crate) seed: u64,
    /// In each: calls it works on, and calls that wait.
    pub(crate) busy: Vec<u32>,
    pub(crate) waiting: Vec<VecDeque<usize>>,
    recent: Vec<VecDeque<Duration>>,
}

impl World {
    pub(crate) fn new(deployments: Vec<Course>, is_stream: bool, seed: u64) -> Self {
        let count = deployments.len();
        Self {
            deployments,
            now: Duration::ZERO,
            is_stream,
            seed,
            busy: vec![0; count],
            waiting: vec![VecDeque::new(); count],
            recent: vec![VecDeque::new(); count],
        }
    }

    /// Output tokens of a call, wherever it is sent.
    pub(crate) fn tokens(&self, call: usize) -> u32 {
        let tokens = TOKENS * chance::log_normal(TOKENS_SIGMA, &[self.seed, part(call), 7]);
        u32::try_from(Duration::from_secs_f64(tokens.max(1.0)).as_secs()).unwrap()
    }

    /// What becomes of a call that `to` is sent now. The same call meets the same fortune there, whoever sends it.
    pub(crate) fn send(&mut self, call: usize, to: usize) -> Fate {
        let at = self.now.as_secs_f64();
        let failure = |after, status, retry_after| Fate::Failure { after, status, retry_after };
        match (self.deployments[to].state)(at) {
            State::Refuses => return failure(REFUSED_AFTER, None, None),
            State::Hangs => return failure(TIMEOUT, Some(408), None),
            State::Up => {}
        }
        if let Some(left) = self.limited(to) {
            return failure(REFUSED_AFTER, Some(429), Some(Duration::from_secs(left.as_secs() + 1)));
        }
        let course = &self.deployments[to];
        if course.per_minute.is_some() {
            self.recent[to].push_back(self.now);
        }
        let mean = (course.mean)(at);
        let about = [self.seed, part(call), part(to)];
        if chance::unit(&about) < (course.failing)(at) {
            return failure(Duration::from_secs_f64(mean / 2.0), Some(500), None);
        }
        let work = mean * chance::log_normal(course.sigma, &about) * self.length(call);
        Fate::Answer { work: Duration::from_secs_f64(work) }
    }

    /// A call's length, 1 in the mean.
    fn length(&self, call: usize) -> f64 {
        if self.is_stream { 1.0 } else { HEAD + (1.0 - HEAD) * f64::from(self.tokens(call)) / TOKENS }
    }

    /// How long until `to` takes another call, where it does not now.
    fn limited(&mut self, to: usize) -> Option<Duration> {
        let limit = self.deployments[to].per_minute?;
        let (now, recent) = (self.now, &mut self.recent[to]);
        while recent.front().is_some_and(|at| *at + MINUTE <= now) {
            recent.pop_front();
        }
        if recent.len() < limit { None } else { recent.front().map(|at| *at + MINUTE - now) }
    }

    /// What one more call at `to` can expect to take now, in seconds: its mean latency, the queue before it, and what
    /// failures cost. Infinite where it would not be answered.
    pub(crate) fn expected(&mut self, to: usize) -> f64 {
        let at = self.now.as_secs_f64();
        if self.limited(to).is_some() || (self.deployments[to].state)(at) != State::Up {
            return f64::INFINITY;
        }
        let course = &self.deployments[to];
        let mean = (course.mean)(at);
        let queued = u32::try_from(self.waiting[to].len()).unwrap();
        let queue = course.slots.map_or(0.0, |slots| {
            let before = f64::from(self.busy[to] + queued + 1) - f64::from(slots);
            mean * before.max(0.0) / f64::from(slots)
        });
        let failing = (course.failing)(at);
        // A failure takes half an answer's time, and then it is another's turn.
        mean + queue + failing * mean / 2.0
    }
}
