//! When settled calls that wait for the database are too many. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use crate::ledger::spool::SpoolHealth;

/// Fewer calls that wait are nothing.
const PENDING_MIN: u64 = 1_000;
/// As many wait as before for so long: they grow faster than they are written, or are not written at all.
const GROWS_FOR: TimeDelta = TimeDelta::minutes(5);
/// A single one that waits for so long is stuck, in seconds.
const STUCK_SECONDS: u64 = 300;
/// It is told anew after this time.
const TOLD_EVERY: TimeDelta = TimeDelta::hours(1);

/// What was seen of a spool so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backlog {
    /// The fewest that waited since, and when that was.
    low: Option<(u64, DateTime<Utc>)>,
    told_at: Option<DateTime<Utc>>,
}

impl Backlog {
    /// Whether it is to be told now how many wait: the disk takes none or is half full, the oldest is stuck, or for five
    /// minutes they have not become fewer.
    pub(super) fn look(&mut self, health: &SpoolHealth, disk_bytes_max: u64, now: DateTime<Utc>) -> bool {
        self.low = match self.low.filter(|_| health.pending >= PENDING_MIN) {
            Some((low, since)) if health.pending >= low => Some((low, since)),
            _ => (health.pending >= PENDING_MIN).then_some((health.pending, now)),
        };
        let grows = self.low.is_some_and(|(_, since)| now - since >= GROWS_FOR);
        let is_stuck = health.pending > 0 && health.oldest_seconds >= STUCK_SECONDS;
        let is_half_full = health.pending > 0 && health.disk_bytes >= disk_bytes_max / 2;
        let is_bad = grows || is_stuck || is_half_full || health.failure.is_some();
        if !is_bad {
            return false;
        }
        let is_due = self.told_at.is_none_or(|told| now - told >= TOLD_EVERY);
        if is_due {
            self.told_at = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(pending: u64, oldest_seconds: u64, disk_bytes: u64) -> SpoolHealth {
        SpoolHealth { pending, oldest_seconds, failure: None, disk_bytes, memory_bytes: 0, is_full: false }
    }

    #[test]
    fn a_backlog_that_does_not_shrink_is_told_of_once_an_hour() {
        let start: DateTime<Utc> = "2026-11-21T12:00:00Z".parse().unwrap();
        let at = |minutes: i64| start + TimeDelta::minutes(minutes);
        let mut backlog = Backlog::default();
        assert!(!backlog.look(&waiting(2_000, 1, 10), 1_000, at(0)));
        assert!(!backlog.look(&waiting(2_500, 1, 10), 1_000, at(4)));
        // It shrinks: it is looked at anew.
        assert!(!backlog.look(&waiting(1_500, 1, 10), 1_000, at(5)));
        assert!(!backlog.look(&waiting(1_600, 1, 10), 1_000, at(9)));
        assert!(backlog.look(&waiting(1_500, 1, 10), 1_000, at(10)));
        assert!(!backlog.look(&waiting(9_000, 1, 10), 1_000, at(11)), "told already");
        assert!(backlog.look(&waiting(9_000, 1, 10), 1_000, at(70)));
        assert!(!backlog.look(&waiting(999, 299, 499), 1_000, at(140)), "few, young and small");
        assert!(backlog.look(&waiting(1, 300, 10), 1_000, at(141)), "one is stuck");
        assert!(backlog.look(&waiting(1, 1, 500), 1_000, at(300)), "half of the disk");
    }
}
