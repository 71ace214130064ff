//! The line before a budget: calls that wait for money which others have reserved, first come, first served.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::Notify;

use super::Counters;
use super::scope::ScopeId;

/// Calls that may wait for one scope; further ones are refused.
const WAITING_MAX: usize = 10_000;

/// Who waits for a scope.
#[derive(Debug, Default)]
pub(super) struct Line {
    waiting: VecDeque<(u64, Arc<Notify>)>,
}

impl Line {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether the call at `place` has to wait for others.
    pub(super) fn is_before(&self, place: Option<&Place>) -> bool {
        self.waiting.front().is_some_and(|(first, _)| place.is_none_or(|place| place.number != *first))
    }

    /// Lets the first one look.
    pub(super) fn wake(&self) {
        if let Some((_, turn)) = self.waiting.front() {
            turn.notify_one();
        }
    }

    /// Joins at the end; `None` where the line is full.
    pub(super) fn join(&mut self, number: u64) -> Option<Arc<Notify>> {
        if self.waiting.len() >= WAITING_MAX {
            return None;
        }
        let turn = Arc::new(Notify::new());
        self.waiting.push_back((number, Arc::clone(&turn)));
        if self.waiting.len() == 1 {
            turn.notify_one();
        }
        Some(turn)
    }

    fn leave(&mut self, number: u64) {
        let was_first = self.waiting.front().is_some_and(|(first, _)| *first == number);
        self.waiting.retain(|(other, _)| *other != number);
        if was_first {
            self.wake();
        }
    }
}

/// A place in the line of a scope. Dropping it leaves the line.
#[derive(Debug)]
pub struct Place {
    pub(super) counters: Arc<Counters>,
    pub(super) scope: ScopeId,
    pub(super) number: u64,
    pub(super) turn: Arc<Notify>,
}

impl Place {
    /// Waits until it is worth looking again: this call is the first in line and something has changed.
    pub async fn turn(&self) {
        self.turn.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.counters.local.with_line(&self.scope, |line| {
            line.leave(self.number);
            Some(())
        });
    }
}
