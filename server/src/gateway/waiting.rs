//! Calls whose answer has not begun, so that one that hangs can be told of while it does.
//!
//! A call is noted when it is sent and struck off when its answer begins or it ends: a short critical section each, of
//! one of many shards.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Calls rarely meet in one of so many.
const SHARDS: u64 = 16;
/// Calls of a shard that are watched; beyond, they go on unwatched.
const SHARD_CALLS_MAX: usize = 4_096;

/// A call that waits for its answer to begin.
#[derive(Clone, Debug)]
pub struct WaitingCall {
    /// Its id.
    pub request_id: Arc<str>,
    /// Public name of the model.
    pub model: Arc<str>,
    /// The provider that was asked.
    pub provider: Arc<str>,
    /// When it arrived.
    pub started: Instant,
}

/// The calls of this process that wait.
#[derive(Debug)]
pub struct WaitingCalls {
    shards: Box<[Mutex<HashMap<u64, Entry, ahash::RandomState>>]>,
    next: AtomicU64,
}

#[derive(Debug)]
struct Entry {
    call: WaitingCall,
    is_told: bool,
}

/// A call that waits for its answer to begin, until this is dropped.
#[derive(Debug)]
pub(super) struct Waits(Arc<WaitingCalls>, u64);

impl Drop for Waits {
    fn drop(&mut self) {
        // What the entry holds is given back outside the lock.
        let entry = self.0.shard(self.1).and_then(|shard| shard.lock().remove(&self.1));
        drop(entry);
    }
}

impl Default for WaitingCalls {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), next: AtomicU64::new(0) }
    }
}

impl WaitingCalls {
    /// Watches a call until what it returns is dropped; `None`: there are too many.
    pub(super) fn enter(self: &Arc<Self>, call: WaitingCall) -> Option<Waits> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut calls = self.shard(number)?.lock();
        if calls.len() >= SHARD_CALLS_MAX {
            return None;
        }
        calls.insert(number, Entry { call, is_told: false });
        Some(Waits(Arc::clone(self), number))
    }

    fn shard(&self, number: u64) -> Option<&Mutex<HashMap<u64, Entry, ahash::RandomState>>> {
        self.shards.get(usize::try_from(number % SHARDS).ok()?)
    }

    /// The calls that wait for longer than `threshold` at `now`, each once; at most `at_most` at a time.
    #[must_use]
    pub fn take_hanging(&self, threshold: Duration, now: Instant, at_most: usize) -> Vec<WaitingCall> {
        let mut hanging = Vec::new();
        for shard in &self.shards {
            for entry in shard.lock().values_mut() {
                let waits = now.saturating_duration_since(entry.call.started);
                if !entry.is_told && waits > threshold && hanging.len() < at_most {
                    entry.is_told = true;
                    hanging.push(entry.call.clone());
                }
            }
        }
        hanging
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn calls_beyond_the_bound_are_not_watched_and_those_struck_off_make_room() {
        let (waiting, started) = (Arc::new(WaitingCalls::default()), Clock::system().monotonic());
        let name: Arc<str> = Arc::from("a");
        let call = || WaitingCall { request_id: name.clone(), model: name.clone(), provider: name.clone(), started };
        let bound = SHARD_CALLS_MAX * usize::try_from(SHARDS).unwrap();
        let watched: Vec<Waits> = (0..bound).filter_map(|_| waiting.enter(call())).collect();
        assert_eq!(watched.len(), bound);
        assert!(waiting.enter(call()).is_none());
        drop(watched);
        let _watched = waiting.enter(call()).unwrap();
        let later = started + Duration::from_secs(11);
        assert!(waiting.take_hanging(Duration::from_secs(11), later, 10).is_empty(), "not longer than");
        assert_eq!(waiting.take_hanging(Duration::from_secs(10), later, 10).len(), 1);
        assert!(waiting.take_hanging(Duration::from_secs(10), later, 10).is_empty(), "each once");
    }
}
