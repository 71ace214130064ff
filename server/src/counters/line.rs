//! The line before a budget: calls that wait for money which others have reserved, first come, first served.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::Notify;

use super::Counters;
use super::scope::ScopeId;

/// Calls that may wait for one scope; further ones are refused.
const WAITING_MAX: usize = 10_000;

/// Numbers of those who wait, and how each is told to look.
type Waiting = VecDeque<(u64, Arc<Notify>)>;

/// Who waits for a scope.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Boxed: few lines have anybody in them, and every key has one.
    waiting: Option<Box<Waiting>>,
}

impl Line {
    pub(super) fn len(&self) -> usize {
        self.waiting.as_ref().map_or(0, |waiting| waiting.len())
    }

    /// Whether the call at `place` has to wait for others.
    pub(super) fn is_before(&self, place: Option<&Place>) -> bool {
        self.first().is_some_and(|(first, _)| place.is_none_or(|place| place.number != *first))
    }

    /// Lets the first one look.
    pub(super) fn wake(&self) {
        if let Some((_, turn)) = self.first() {
            turn.notify_one();
        }
    }

    /// Joins at the end; `None` where the line is full.
    pub(super) fn join(&mut self, number: u64) -> Option<Arc<Notify>> {
        let waiting = self.waiting.get_or_insert_default();
        if waiting.len() >= WAITING_MAX {
            return None;
        }
        let turn = Arc::new(Notify::new());
        waiting.push_back((number, Arc::clone(&turn)));
        if waiting.len() == 1 {
            turn.notify_one();
        }
        Some(turn)
    }

    fn first(&self) -> Option<&(u64, Arc<Notify>)> {
        self.waiting.as_ref()?.front()
    }

    fn leave(&mut self, number: u64) {
        let was_first = self.first().is_some_and(|(first, _)| *first == number);
        if let Some(waiting) = &mut self.waiting {
            if was_first {
                waiting.pop_front();
            } else {
                waiting.retain(|(other, _)| *other != number);
            }
        }
        self.waiting.take_if(|waiting| waiting.is_empty());
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
    /// Whether nobody is before it.
    #[must_use]
    pub fn is_first(&self) -> bool {
        let is_first = |line: &mut Line| Some(!line.is_before(Some(self)));
        self.counters.local.with_line(&self.scope, is_first).unwrap_or(true)
    }

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
