//! Wall-clock time that never goes back, whatever is done to the system's clock.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

/// A wall clock behind what was told last by less than this was not set back: two threads read it in another order than
/// they told it. Time stands still for that long.
const JITTER: Duration = Duration::from_millis(10);
/// Time goes this many times slower while the wall clock catches up.
const SLOWED_BY: u32 = 2;

/// What was told so far.
#[derive(Debug)]
pub(super) struct Steady {
    /// The latest time told, in nanoseconds since 1970.
    last_ns: AtomicI64,
    /// Time goes slowly: `slowed` says since when.
    is_slow: AtomicBool,
    /// When time began to go slowly, and what time it was then.
    slowed: Mutex<Option<(Instant, i64)>>,
}

impl Steady {
    pub(super) const fn new() -> Self {
        Self { last_ns: AtomicI64::new(i64::MIN), is_slow: AtomicBool::new(false), slowed: Mutex::new(None) }
    }

    /// The time, when the wall clock says `wall`. Unless that was set back, this takes two loads and a store.
    pub(super) fn now(&self, wall: DateTime<Utc>, monotonic: impl FnOnce() -> Instant) -> DateTime<Utc> {
        let wall_ns = wall.timestamp_nanos_opt().unwrap_or(i64::MAX);
        let last_ns = self.last_ns.load(Ordering::Relaxed);
        let is_behind = wall_ns.saturating_add(nanoseconds(JITTER)) < last_ns;
        let ns = if is_behind || self.is_slow.load(Ordering::Relaxed) {
            self.slowly(wall_ns, last_ns, monotonic())
        } else {
            wall_ns
        };
        DateTime::from_timestamp_nanos(ns.max(self.last_ns.fetch_max(ns, Ordering::Relaxed)))
    }

    /// Goes on from where time began to go slowly, or begins to; or the wall's time once that has caught up.
    fn slowly(&self, wall_ns: i64, last_ns: i64, monotonic: Instant) -> i64 {
        let mut slowed = self.slowed.lock();
        let (since, from_ns) = *slowed.get_or_insert_with(|| {
            tracing::warn!("the system's clock was set back: time goes at half its speed until it has caught up");
            self.is_slow.store(true, Ordering::Relaxed);
            (monotonic, last_ns)
        });
        let passed = nanoseconds(monotonic.saturating_duration_since(since) / SLOWED_BY);
        let slow_ns = from_ns.saturating_add(passed);
        if wall_ns < slow_ns {
            return slow_ns;
        }
        *slowed = None;
        self.is_slow.store(false, Ordering::Relaxed);
        wall_ns
    }
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    /// A wall clock and a monotonic one.
    struct Sources {
        steady: Steady,
        wall: DateTime<Utc>,
        monotonic: Instant,
    }

    impl Sources {
        fn new() -> Self {
            let monotonic = crate::clock::Clock::system().monotonic();
            Self { steady: Steady::new(), wall: "2026-11-21T12:00:00Z".parse().unwrap(), monotonic }
        }

        fn pass(&mut self, passed: Duration) {
            self.wall += TimeDelta::from_std(passed).unwrap();
            self.monotonic += passed;
        }

        fn step(&mut self, by: TimeDelta) {
            self.wall += by;
        }

        fn now(&self) -> DateTime<Utc> {
            self.steady.now(self.wall, || self.monotonic)
        }
    }

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_step_back_slows_time_until_the_wall_has_caught_up() {
        let mut sources = Sources::new();
        let before = sources.now();
        sources.step(-TimeDelta::hours(1));
        assert_eq!(sources.now(), before);
        sources.pass(HOUR);
        assert_eq!(sources.now(), before + TimeDelta::minutes(30));
        sources.pass(HOUR);
        assert_eq!(sources.now(), sources.wall, "an hour behind is caught up after two");
        sources.pass(HOUR);
        assert_eq!(sources.now(), sources.wall);
        // And once more.
        let before = sources.now();
        sources.step(-TimeDelta::hours(1));
        sources.now();
        sources.pass(HOUR);
        assert_eq!(sources.now(), before + TimeDelta::minutes(30));
    }

    #[test]
    fn a_step_forward_is_followed_at_once() {
        let mut sources = Sources::new();
        sources.now();
        sources.step(TimeDelta::hours(1));
        assert_eq!(sources.now(), sources.wall);
    }

    proptest! {
        #[test]
        fn time_never_goes_back_and_never_runs_ahead_for_good(
            steps in proptest::collection::vec((0_u64..10_000_000, -5_000_000_i64..5_000_000), 1..200)
        ) {
            let mut sources = Sources::new();
            let mut last = sources.now();
            for (passed_us, stepped_us) in steps {
                sources.pass(Duration::from_micros(passed_us));
                if stepped_us % 3 == 0 {
                    sources.step(TimeDelta::microseconds(stepped_us));
                }
                let now = sources.now();
                prop_assert!(now >= last, "{last} {now}");
                prop_assert!(now >= sources.wall);
                last = now;
            }
            let ahead = (last - sources.wall).to_std().unwrap();
            for _ in 0..10 {
                sources.pass(ahead / 4 + JITTER);
                sources.now();
            }
            prop_assert_eq!(sources.now(), sources.wall);
        }
    }
}
