//! A sliding window of a minute.
//!
//! Time is cut into slots of 3 seconds, and what came in the current slot and the 20 before it counts whole. So, for
//! any interval of 60 seconds, wherever it begins: Σ of what was let through in it ≤ limit, since the 21 slots that are
//! checked cover it. The price is that a call counts up to 3 seconds longer than a minute. (The two-slot estimate
//! `previous × overlap + current` of Cloudflare's "How we built rate limiting capable of scaling to millions of
//! domains", 2017, is smaller and lets a burst at the end of a slot pass twice.)

use std::time::Duration;

/// Length of a slot.
pub(super) const SLOT: Duration = Duration::from_secs(3);
/// Slots that count: those an interval of a minute can touch.
pub(super) const SLOTS: u64 = 21;
/// The same, as a length.
const LENGTH: usize = 21;

/// Counts by slot; slots are numbered from when counting began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sliding {
    /// Three seconds each: no more bits are needed for centuries.
    newest: u32,
    total: u64,
    /// Slot `n` is at `n % SLOTS`. Every active key has two of these: a slot of three seconds needs no more bits.
    counts: [u32; LENGTH],
}

/// A number as it is kept.
fn counted(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Sliding {
    /// What counts at `slot`, after older slots were forgotten.
    pub(super) fn used(&mut self, slot: u64) -> u64 {
        let newest = self.newest();
        let passed = slot.saturating_sub(newest);
        for age in 1..=passed.min(SLOTS) {
            let expired = newest + age;
            let count = std::mem::take(self.at(expired));
            self.total -= u64::from(count);
        }
        self.newest = self.newest.max(counted(slot));
        self.total
    }

    /// Counts `amount` in `slot`.
    pub(super) fn add(&mut self, slot: u64, amount: u64) {
        self.used(slot);
        if self.newest() - slot < SLOTS {
            let count = self.at(slot);
            let added = counted(amount).min(u32::MAX - *count);
            *count += added;
            self.total += u64::from(added);
        }
    }

    /// Takes back what was counted in `slot`, where it still counts.
    pub(super) fn take_back(&mut self, slot: u64, amount: u64) {
        if self.newest().saturating_sub(slot) < SLOTS {
            let count = self.at(slot);
            let taken = counted(amount).min(*count);
            *count -= taken;
            self.total -= u64::from(taken);
        }
    }

    /// The first slot at which `amount` more fits under `limit`; `None`: it never does.
    pub(super) fn fits_at(&mut self, slot: u64, amount: u64, limit: u64) -> Option<u64> {
        let mut used = self.used(slot);
        let room = limit.checked_sub(amount)?;
        let mut at = self.newest();
        while used > room {
            at += 1;
            used -= u64::from(*self.at(at));
        }
        Some(at)
    }

    /// The first slot at which nothing counts any more.
    pub(super) fn empty_at(&mut self, slot: u64) -> u64 {
        self.used(slot);
        let newest = self.newest();
        let last = (0..SLOTS).find(|age| newest >= *age && *self.at(newest - age) > 0);
        last.map_or(newest, |age| newest - age + SLOTS)
    }

    fn newest(&self) -> u64 {
        u64::from(self.newest)
    }

    #[expect(clippy::indexing_slicing, reason = "a number modulo the length is inside")]
    fn at(&mut self, slot: u64) -> &mut u32 {
        let index = usize::try_from(slot % SLOTS).unwrap_or(0);
        &mut self.counts[index]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_came_counts_for_a_minute() {
        let mut window = Sliding::default();
        window.add(100, 5);
        window.add(110, 2);
        assert_eq!((window.used(120), window.used(121), window.used(130), window.used(131)), (7, 2, 2, 0));
    }

    #[test]
    fn it_says_when_there_is_room_again() {
        let mut window = Sliding::default();
        window.add(100, 5);
        window.add(110, 2);
        assert_eq!(window.fits_at(112, 3, 10), Some(112));
        assert_eq!(window.fits_at(112, 4, 10), Some(121));
        assert_eq!(window.fits_at(112, 10, 10), Some(131));
        assert_eq!(window.fits_at(112, 11, 10), None);
        assert_eq!(window.empty_at(112), 131);
        assert_eq!(Sliding::default().empty_at(7), 7);
    }

    #[test]
    fn what_is_taken_back_late_is_gone_already() {
        let mut window = Sliding::default();
        window.add(100, 5);
        window.take_back(100, 2);
        assert_eq!(window.used(100), 3);
        window.add(150, 1);
        window.take_back(100, 3);
        assert_eq!(window.used(150), 1);
    }

    proptest! {
        /// Whatever comes when, no 60 seconds see more than the limit.
        #[test]
        fn no_minute_lets_through_more(
            calls in prop::collection::vec((0u64..4_000, 1u64..30), 1..200), limit in 1u64..100,
        ) {
            let mut now_ms = 0;
            let mut window = Sliding::default();
            let mut passed: Vec<(u64, u64)> = Vec::new();
            for (pause_ms, amount) in calls {
                now_ms += pause_ms;
                let slot = now_ms / 3_000;
                if window.used(slot) + amount <= limit {
                    window.add(slot, amount);
                    passed.push((now_ms, amount));
                } else if let Some(at) = window.fits_at(slot, amount, limit) {
                    prop_assert!(at > slot && at <= slot + 21);
                    prop_assert!(window.clone().used(at) + amount <= limit);
                    prop_assert!(window.clone().used(at - 1) + amount > limit);
                }
            }
            for (start, _) in &passed {
                let inside = passed.iter().filter(|(at, _)| at >= start && *at < start + 60_000);
                prop_assert!(inside.map(|(_, amount)| amount).sum::<u64>() <= limit);
            }
        }
    }
}
