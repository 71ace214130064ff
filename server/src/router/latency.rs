//! How fast a deployment is, as its attempts tell: the ones that ended, and those still waiting.
//!
//! Streams and whole answers are kept apart. A stream counts by the time to its first token; a whole answer by its time
//! per output token, where the time to the first token counts as [`HEAD_TOKENS`] more.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::rules::LatencyRule;

/// What the time to the first token of a whole answer is worth, in output tokens.
const HEAD_TOKENS: f64 = 50.0;
/// News older than this is compared with a new sample before the two are averaged.
const STALE: Duration = Duration::from_secs(2);
/// A new sample so many times away from stale news takes its place.
const NEWS_RATIO: f64 = 2.0;
/// A sample so many times above the average counts double: it is noticed sooner when things get worse.
const PEAK_RATIO: f64 = 2.0;
/// In this time the best that was ever learned is forgotten by a factor of e.
const BEST_MEMORY: Duration = Duration::from_secs(1200);
/// So many answers overdue count against a deployment.
const OVERDUE: f64 = 5.0;
/// Answers that one which comes stands for: by chance alone hardly any are overdue for long.
const OVERDUE_RELIEF: f64 = 2.0;
/// Share of an attempt in the moving average of failures.
const FAILURE_SHARE: f64 = 0.15;
/// From this share of failures on, a deployment has to prove by single calls that it works.
const SUSPECT: f64 = 0.35;
/// Failures that were not repeated are forgotten by a factor of e in this time.
const FAILURE_MEMORY: Duration = Duration::from_secs(10);
/// What a failed attempt costs, in answers.
const FAILURE_COST: f64 = 3.0;

/// Share of an attempt that proves that the deployment works again.
const REDEMPTION_SHARE: f64 = 0.9;
/// Share of a new sample in what is learned of queues.
const STRAIN_SHARE: f64 = 0.005;
/// From so many samples on, an average is no accident that others could be compared with.
const STRAIN_SAMPLES_MIN: u32 = 10;
/// Variance of the logarithm of a count below which nothing can be learned from it.
const STRAIN_DOUBT: f64 = 0.02;
/// A call is felt by others only when it has waited itself: to keep queues from swinging, what they feel counts so many
/// times.
const STRAIN_FACTOR: f64 = 4.0;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The first token of a stream.
    Stream,
    /// A whole answer.
    Whole,
}

impl Kind {
    pub(super) const fn of(is_stream: bool) -> Self {
        if is_stream { Self::Stream } else { Self::Whole }
    }
}

/// What is learned of one deployment.
#[derive(Debug, Default)]
pub(super) struct Latency(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    stream: Track,
    whole: Track,
    /// Moving average of failures, 0 to 1, when it last changed.
    failures: f64,
    failed_at: Option<Instant>,
    /// When the newest attempt that worked was sent.
    worked_from: Option<Instant>,
}

/// What is learned of one kind.
#[derive(Debug, Default)]
struct Track {
    /// Moving average, in seconds per unit of work: a stream is one, a whole answer has its tokens.
    level: f64,
    /// Samples that `level` was made of since the last news.
    samples: u32,
    /// The lowest that `level` has been lately.
    best: f64,
    /// Moving average of an answer's work.
    work: f64,
    /// Moving average of the calls in flight when these samples were sent.
    load: f64,
    /// By how much answers are slower when more calls are in flight.
    strain: Strain,
    heard_at: Option<Instant>,
    /// Attempts still waiting.
    waiting: u32,
    /// Answers that should have come by `owed_at`, less those that did (Page's cumulative sum, 1954).
    owed: f64,
    owed_at: Option<Instant>,
    sent_at: Option<Instant>,
}

/// What is to be expected of one more call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outlook {
    /// Comparable among deployments of a group; `None`: nothing is known.
    pub(super) cost: Option<f64>,
    /// What it may cost at best, in the light of what it once was and how little is known.
    pub(super) hope: f64,
    /// Samples behind it.
    pub(super) samples: u32,
    /// It failed lately and has not shown yet that it works again.
    pub(super) is_suspect: bool,
    /// Attempts still waiting.
    pub(super) waiting: u32,
    /// Time since it was last asked.
    pub(super) unasked: Duration,
}

impl Latency {
    /// An attempt of this kind is sent; how many others are waiting.
    pub(super) fn note_start(&self, kind: Kind, now: Instant) -> f64 {
        let mut state = self.0.lock();
        let track = state.track(kind);
        track.owed = track.owed_until(now);
        track.owed_at = Some(now);
        track.waiting += 1;
        track.sent_at = Some(now);
        f64::from(track.waiting - 1)
    }

    /// What it waited for came after `waited`; `load` calls were in flight when it was sent.
    pub(super) fn note_answer(
        &self,
        kind: Kind,
        waited: Duration,
        work: f64,
        load: f64,
        rule: &LatencyRule,
        now: Instant,
    ) {
        let mut state = self.0.lock();
        let track = state.track(kind);
        track.end_waiting(now);
        track.learn(waited.as_secs_f64(), work, load, rule, now);
        state.note_success(now.checked_sub(waited).unwrap_or(now));
    }

    /// An attempt ended after `waited` without what it waited for: that would have taken at least so long.
    pub(super) fn note_given_up(&self, kind: Kind, waited: Duration, load: f64, rule: &LatencyRule, now: Instant) {
        let mut state = self.0.lock();
        let is_outdated = now.checked_sub(waited).is_some_and(|sent_at| state.is_outdated(sent_at));
        let track = state.track(kind);
        track.end_waiting(now);
        let work = track.typical_work();
        if !is_outdated && track.samples > 0 && waited.as_secs_f64() / work > track.level {
            track.learn(waited.as_secs_f64(), work, load, rule, now);
        }
    }

    /// Whether an attempt that was sent at `sent_at` and was never answered says nothing of now: one that was sent clearly
    /// later was answered.
    pub(super) fn is_outdated(&self, sent_at: Instant) -> bool {
        self.0.lock().is_outdated(sent_at)
    }

    /// An attempt failed, and it was the deployment's fault. One that has to cool down proves itself afterwards.
    pub(super) fn note_failure(&self, cools: bool, now: Instant) {
        let mut state = self.0.lock();
        // Only time and an answer clear a suspicion, not a pause between two attempts.
        let recent = if state.failures >= SUSPECT { state.failures } else { state.recent_failures(now) };
        state.failures = recent + (1.0 - recent) * FAILURE_SHARE;
        if cools {
            state.failures = state.failures.max(SUSPECT);
        }
        state.failed_at = Some(now);
    }

    /// It was seen to work.
    pub(super) fn forget_failures(&self) {
        self.0.lock().failures = 0.0;
    }

    /// What one more call can expect.
    pub(super) fn outlook(&self, kind: Kind, rule: &LatencyRule, now: Instant) -> Outlook {
        let mut state = self.0.lock();
        let is_suspect = state.failures >= SUSPECT;
        let failures = state.recent_failures(now);
        let track = state.track(kind);
        if track.heard_at.is_some_and(|heard| now.saturating_duration_since(heard) > rule.ttl) {
            track.forget();
        }
        let slowed = track.crowding().max(track.overdue(now));
        let cost = track.level * slowed * (1.0 + FAILURE_COST * failures);
        let unasked = track.sent_at.map_or(Duration::MAX, |sent| now.saturating_duration_since(sent));
        Outlook {
            cost: (track.samples > 0).then_some(cost),
            hope: track.best * (-1.0 / f64::from(track.samples.max(1)).sqrt()).exp(),
            samples: track.samples,
            is_suspect,
            waiting: track.waiting,
            unasked,
        }
    }
}

impl State {
    /// An attempt that was sent at `sent_at` worked. What was sent before a failure says nothing of the time after it.
    fn note_success(&mut self, sent_at: Instant) {
        self.worked_from = self.worked_from.max(Some(sent_at));
        if self.failed_at.is_none_or(|failed| sent_at > failed) {
            // One that works again is believed more readily than one that failed is doubted.
            let share = if self.failures >= SUSPECT { REDEMPTION_SHARE } else { FAILURE_SHARE };
            self.failures -= self.failures * share;
        }
    }

    fn is_outdated(&self, sent_at: Instant) -> bool {
        self.worked_from.is_some_and(|worked| worked >= sent_at + STALE)
    }

    fn track(&mut self, kind: Kind) -> &mut Track {
        match kind {
            Kind::Stream => &mut self.stream,
            Kind::Whole => &mut self.whole,
        }
    }

    fn recent_failures(&self, now: Instant) -> f64 {
        let age = self.failed_at.map_or(0.0, |at| now.saturating_duration_since(at).as_secs_f64());
        self.failures * (-age / FAILURE_MEMORY.as_secs_f64()).exp()
    }
}

impl Track {
    fn end_waiting(&mut self, now: Instant) {
        self.owed = (self.owed_until(now) - OVERDUE_RELIEF).max(0.0);
        self.owed_at = Some(now);
        self.waiting = self.waiting.saturating_sub(1);
    }

    fn typical_work(&self) -> f64 {
        if self.work > 0.0 { self.work } else { 1.0 }
    }

    fn learn(&mut self, waited: f64, work: f64, load: f64, rule: &LatencyRule, now: Instant) {
        let sample = waited / work;
        let age = self.heard_at.map_or(Duration::ZERO, |heard| now.saturating_duration_since(heard));
        self.heard_at = Some(now);
        let ratio = sample / self.level;
        let is_news = age > STALE && !(1.0 / NEWS_RATIO..=NEWS_RATIO).contains(&ratio);
        if self.samples == 0 || is_news {
            self.samples = 0;
            self.load = load;
        }
        if self.samples >= STRAIN_SAMPLES_MIN && ratio > 0.0 && ratio.is_finite() {
            self.strain.learn(((load + 1.0) / (self.load + 1.0)).ln(), ratio.ln());
        }
        self.samples = self.samples.saturating_add(1);
        let mut share = rule.share.max(1.0 / f64::from(self.samples));
        self.work += (work - self.work) * if self.work > 0.0 { share } else { 1.0 };
        self.load += (load - self.load) * share;
        if ratio > PEAK_RATIO {
            share = (2.0 * share).min(1.0);
        }
        self.level += (sample - self.level) * share;
        let faded = self.best * (age.as_secs_f64() / BEST_MEMORY.as_secs_f64()).exp();
        self.best = if self.best > 0.0 { faded.min(self.level) } else { self.level };
    }

    fn forget(&mut self) {
        self.samples = 0;
        self.level = 0.0;
        self.best = 0.0;
        self.heard_at = None;
    }

    /// How many times slower it may be with so many calls waiting than when it was measured. What chance adds to a count,
    /// and a few more, is no crowd, unless it was seen that it is.
    fn crowding(&self) -> f64 {
        let waiting = f64::from(self.waiting) + 1.0;
        let crowd = waiting / (self.load + 2.0 * self.load.sqrt() + 3.0);
        let strained = (waiting / (self.load + 1.0)).powf(self.strain.exponent());
        strained.max(crowd)
    }

    /// Answers that should have come by now and did not: of `n` calls of length `l`, one ends every `l / n`.
    fn owed_until(&self, now: Instant) -> f64 {
        let Some(since) = self.owed_at.filter(|_| self.waiting > 0) else { return 0.0 };
        let passed = now.saturating_duration_since(since).as_secs_f64();
        let length = self.level * self.typical_work();
        // Those that were sent just now, more than usual, cannot have ended yet.
        let ending = f64::from(self.waiting).min(self.load + 1.0);
        self.owed + if length > 0.0 { passed * ending / length } else { 0.0 }
    }

    /// How many times slower it seems since answers are overdue.
    fn overdue(&self, now: Instant) -> f64 {
        (self.owed_until(now) / OVERDUE).max(1.0)
    }
}

/// How latency follows the number of calls that wait: as its power, whose exponent is 0 where there is room for all and
/// 1 where one more waits for all others. Learned by a regression of logarithms over many answers.
#[derive(Debug, Default)]
struct Strain {
    covariance: f64,
    variance: f64,
}

impl Strain {
    fn learn(&mut self, load: f64, latency: f64) {
        self.covariance += (load * latency - self.covariance) * STRAIN_SHARE;
        self.variance += (load * load - self.variance) * STRAIN_SHARE;
    }

    fn exponent(&self) -> f64 {
        (STRAIN_FACTOR * self.covariance / (self.variance + STRAIN_DOUBT)).clamp(0.0, 1.0)
    }
}

/// The work of a whole answer of so many tokens.
pub(super) fn work(output_tokens: u64) -> f64 {
    HEAD_TOKENS + float(output_tokens)
}

/// A count as a number to reckon with.
pub(super) fn float(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}
