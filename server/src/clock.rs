//! The one source of time. Tests move it; nothing else reads the system's clock.

mod steady;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use steady::Steady;

/// A clock that can be cloned cheaply; clones of a manual clock move together.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<Manual>),
}

/// The time of this process: one, however many clocks there are.
static SYSTEM: Steady = Steady::new();

#[derive(Debug)]
struct Manual {
    start: DateTime<Utc>,
    start_monotonic: Instant,
    advanced_us: AtomicU64,
    /// How far the wall clock was set away from where it would be.
    stepped_us: AtomicI64,
    steady: Steady,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `start` until it is advanced.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the clock is where time is read")]
    pub fn manual(start: DateTime<Utc>) -> Self {
        Self(Source::Manual(Arc::new(Manual {
            start,
            start_monotonic: Instant::now(),
            advanced_us: AtomicU64::new(0),
            stepped_us: AtomicI64::new(0),
            steady: Steady::new(),
        })))
    }

    /// Wall-clock time, which never goes back: where the system's clock is set back, this one goes on at half speed
    /// until the system's has caught up. Where it is set forward, this one follows at once.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the clock is where time is read")]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Source::System => SYSTEM.now(Utc::now(), Instant::now),
            Source::Manual(manual) => manual.steady.now(manual.wall(), || self.monotonic()),
        }
    }

    /// Time that never goes back, to measure durations with.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the clock is where time is read")]
    pub fn monotonic(&self) -> Instant {
        match &self.0 {
            Source::System => Instant::now(),
            Source::Manual(manual) => manual.start_monotonic + manual.advanced(),
        }
    }

    /// The time of a manual clock: what has a clock of its own, as Redis does, is told it. `None`: the system's clock.
    #[must_use]
    pub fn manual_now(&self) -> Option<DateTime<Utc>> {
        matches!(self.0, Source::Manual(_)).then(|| self.now())
    }

    /// Moves a manual clock forward; the system's clock is not moved.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(manual) = &self.0 {
            let by_us = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
            manual.advanced_us.fetch_add(by_us, Ordering::SeqCst);
        }
    }

    /// Sets the wall clock that a manual clock follows, forward or back, as an administrator would.
    pub fn step(&self, by: TimeDelta) {
        if let Source::Manual(manual) = &self.0 {
            manual.stepped_us.fetch_add(by.num_microseconds().unwrap_or(0), Ordering::SeqCst);
        }
    }
}

impl Manual {
    fn advanced(&self) -> Duration {
        Duration::from_micros(self.advanced_us.load(Ordering::SeqCst))
    }

    fn wall(&self) -> DateTime<Utc> {
        let stepped = TimeDelta::microseconds(self.stepped_us.load(Ordering::SeqCst));
        self.start + TimeDelta::from_std(self.advanced()).unwrap_or(TimeDelta::MAX) + stepped
    }
}
