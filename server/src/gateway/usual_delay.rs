//! How long the calls of a model usually wait for their answer, and how many of them were sent twice.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use quick_cache::sync::Cache;

use crate::domain::sketch::Sketch;

/// Models that are remembered, streams and whole answers apart.
const REMEMBERED: usize = 1_000;
/// What is usual is not known before this many answers.
const SAMPLES_MIN: u32 = 20;
/// Calls that may be sent twice one after the other where none was for long.
const BURST: i64 = 5;
/// What one call sent twice takes, in percent of a call.
const WHOLE: i64 = 100;

/// What this process has seen.
#[derive(Debug)]
pub struct UsualDelays(Cache<(Arc<str>, bool), Arc<Delays>>);

#[derive(Debug, Default)]
struct Delays {
    milliseconds: Mutex<Sketch>,
    /// What calls have saved up for being sent twice, in percent of a call.
    saved: AtomicI64,
}

impl Default for UsualDelays {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

impl UsualDelays {
    fn of(&self, model: &Arc<str>, is_stream: bool) -> Arc<Delays> {
        let made = self.0.get_or_insert_with(&(Arc::clone(model), is_stream), || Ok::<_, Infallible>(Arc::default()));
        made.unwrap_or_default()
    }

    /// Counts a call of `model` that is hedged, and how long it waited for its answer.
    pub(super) fn note(&self, model: &Arc<str>, is_stream: bool, delay: Duration) {
        let milliseconds = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.of(model, is_stream).milliseconds.lock().note(milliseconds);
    }

    /// How long 95 of 100 calls of `model` wait at most, where that is known.
    pub(super) fn p95(&self, model: &Arc<str>, is_stream: bool) -> Option<Duration> {
        let delays = self.of(model, is_stream);
        let sketch = delays.milliseconds.lock();
        sketch.p95().filter(|_| sketch.samples() >= SAMPLES_MIN).map(Duration::from_millis)
    }

    /// Counts a call of `model`, of whose calls `percent` may be sent twice.
    pub(super) fn save(&self, model: &Arc<str>, is_stream: bool, percent: u64) {
        let delays = self.of(model, is_stream);
        let percent = i64::try_from(percent).unwrap_or(WHOLE);
        let save = |saved: i64| Some((saved + percent).min(BURST * WHOLE));
        delays.saved.fetch_update(Ordering::Relaxed, Ordering::Relaxed, save).ok();
    }

    /// Whether one more may be sent twice; if so, it counts.
    pub(super) fn spend(&self, model: &Arc<str>, is_stream: bool) -> bool {
        let delays = self.of(model, is_stream);
        let spend = |saved: i64| (saved >= WHOLE).then_some(saved - WHOLE);
        delays.saved.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_usual_takes_some_calls_to_know() {
        let (delays, model) = (UsualDelays::default(), Arc::from("m"));
        for _ in 0..19 {
            delays.note(&model, false, Duration::from_millis(100));
        }
        assert_eq!(delays.p95(&model, false), None);
        delays.note(&model, false, Duration::from_millis(100));
        assert!(delays.p95(&model, false).is_some_and(|p95| (100..=113).contains(&p95.as_millis())));
        assert_eq!(delays.p95(&model, true), None);
    }

    #[test]
    fn a_share_of_calls_is_sent_twice_at_most() {
        let (delays, model) = (UsualDelays::default(), Arc::from("m"));
        assert!(!delays.spend(&model, false), "the first call has saved nothing");
        let twice = (0..1_000).filter(|_| {
            delays.save(&model, false, 10);
            delays.spend(&model, false)
        });
        assert_eq!(twice.count(), 100);
    }
}
