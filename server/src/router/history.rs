//! How a deployment did in each minute of the last hour, to be shown.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;

/// Minutes that are remembered.
const MINUTES: i64 = 60;

/// One minute in which calls ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Minute {
    /// When it began.
    pub start: DateTime<Utc>,
    /// Calls that ended in it.
    pub calls: u64,
    /// Those of them that failed.
    pub failures: u64,
    /// What the others took together.
    took: Duration,
}

impl Minute {
    /// What a call took on average, in milliseconds; `None` where all failed.
    #[must_use]
    pub fn latency_ms(&self) -> Option<f64> {
        let served = u32::try_from(self.calls - self.failures).ok().filter(|served| *served > 0)?;
        Some(self.took.as_secs_f64() * 1000.0 / f64::from(served))
    }
}

/// The minutes of the last hour in which calls ended, oldest first.
#[derive(Debug, Default)]
pub struct History(Mutex<VecDeque<Minute>>);

impl History {
    /// Notes a call that ended at `now`: what it took, or that it failed.
    pub fn note(&self, now: DateTime<Utc>, took: Option<Duration>) {
        let second = now.timestamp();
        let Some(start) = DateTime::from_timestamp(second - second.rem_euclid(60), 0) else { return };
        let mut minutes = self.0.lock();
        // A clock that was set back goes on in the last minute.
        if minutes.back().is_none_or(|last| last.start < start) {
            minutes.push_back(Minute { start, calls: 0, failures: 0, took: Duration::ZERO });
            while minutes.front().is_some_and(|first| start - first.start >= TimeDelta::minutes(MINUTES)) {
                minutes.pop_front();
            }
        }
        let Some(minute) = minutes.back_mut() else { return };
        minute.calls += 1;
        match took {
            Some(took) => minute.took += took,
            None => minute.failures += 1,
        }
    }

    /// The minutes of the hour before `now`, oldest first; those without calls are left out.
    #[must_use]
    pub fn last_hour(&self, now: DateTime<Utc>) -> Vec<Minute> {
        let is_in = |minute: &&Minute| now - minute.start < TimeDelta::minutes(MINUTES);
        self.0.lock().iter().filter(is_in).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_remembered_by_the_minute() {
        let history = History::default();
        let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        for minute in 0..90 {
            let now = start + TimeDelta::minutes(minute) + TimeDelta::seconds(30);
            history.note(now, Some(Duration::from_millis(100)));
            history.note(now, Some(Duration::from_millis(300)));
            history.note(now, None);
        }
        let now = start + TimeDelta::minutes(89) + TimeDelta::seconds(40);
        let minutes = history.last_hour(now);
        assert_eq!(minutes.len(), 60);
        assert_eq!(minutes.first().map(|minute| minute.start), Some(start + TimeDelta::minutes(30)));
        assert!(minutes.iter().all(|minute| (minute.calls, minute.failures) == (3, 1)));
        assert!(minutes.iter().all(|minute| minute.latency_ms() == Some(200.0)));
        assert!(history.last_hour(now + TimeDelta::hours(2)).is_empty());
    }

    #[test]
    fn a_minute_of_failures_has_no_latency() {
        let history = History::default();
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        history.note(now, None);
        assert_eq!(history.last_hour(now).first().and_then(Minute::latency_ms), None);
    }
}
