//! What a node has to tell the shared counters.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;
use tollgate_openapi::money::NanoUsd;

use crate::counters::scope::{Demand, Scope, ScopeId, SharedPart, WindowBounds};

/// One budget window of one scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::counters) struct Window {
    pub(in crate::counters) scope: ScopeId,
    pub(in crate::counters) start: Option<DateTime<Utc>>,
}

impl Window {
    /// The window that a call charged to `scope` counts in.
    pub(in crate::counters) fn of(scope: &Scope) -> Self {
        Self { scope: scope.id.clone(), start: scope.window_start }
    }
}

/// What changed in one scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::counters) struct Change {
    /// Added to what this node has reserved.
    pub(in crate::counters) reserved: i64,
    /// What this node has spent that is not in the ledger's database yet, where it changed.
    pub(in crate::counters) unwritten: Option<NanoUsd>,
    /// When the window ends; `None`: never.
    pub(in crate::counters) window_end: Option<DateTime<Utc>>,
    /// What the ledger's database has: spent, and corrected by administrators.
    pub(in crate::counters) written: Option<(NanoUsd, NanoUsd)>,
    /// Added to this node's calls in flight.
    pub(in crate::counters) in_flight: i64,
    /// Tokens, by the slot they were reserved in: negative ones go back there, positive ones count now.
    pub(in crate::counters) tokens: HashMap<u64, i64>,
    /// Requests that do not count after all, by the slot they counted in.
    pub(in crate::counters) requests_back: HashMap<u64, u64>,
}

impl Change {
    /// What a call that this node admitted by itself takes in a window.
    pub(in crate::counters) fn taken(window: &WindowBounds, part: SharedPart, demand: Demand) -> (Window, Self) {
        let change = Self {
            reserved: if part.budget { demand.cost.0 } else { 0 },
            in_flight: i64::from(part.parallel),
            window_end: window.end.filter(|_| part.budget),
            ..Self::default()
        };
        (Window { scope: window.scope.clone(), start: window.start }, change)
    }

    /// What `later` says, after this.
    fn follow(&mut self, later: Self) {
        self.reserved += later.reserved;
        self.in_flight += later.in_flight;
        self.unwritten = later.unwritten.or(self.unwritten);
        self.window_end = later.window_end.or(self.window_end);
        // Two who read it at once may tell it the other way round, and what has been spent only grows.
        self.written = match (self.written, later.written) {
            (Some((before, _)), Some((spent, adjusted))) => Some((spent.max(before), adjusted)),
            (before, later) => later.or(before),
        };
        for (slot, requests) in later.requests_back {
            *self.requests_back.entry(slot).or_default() += requests;
        }
        for (slot, tokens) in later.tokens {
            *self.tokens.entry(slot).or_default() += tokens;
        }
    }

    /// Forgets what counts under a lease.
    fn without_lease(mut self) -> Self {
        self.reserved = 0;
        self.in_flight = 0;
        self.tokens.clear();
        self.requests_back.clear();
        self
    }
}

/// Changes in the order in which they happened.
#[derive(Debug)]
pub(in crate::counters) struct Note {
    /// What this node's reservations were counted under.
    pub(in crate::counters) lease: Option<Arc<str>>,
    pub(in crate::counters) changes: Vec<(Window, Change)>,
    /// Told whether it, and all before it, arrived.
    pub(in crate::counters) done: Option<oneshot::Sender<bool>>,
}

/// Many notes as one.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) changes: HashMap<Window, Change>,
    pub(super) done: Vec<oneshot::Sender<bool>>,
}

impl Batch {
    /// Adds a note. What was reserved under another lease than `lease` is not counted any more.
    pub(super) fn add(&mut self, note: Note, lease: Option<&Arc<str>>) {
        let is_current = lease.is_some() && note.lease.as_ref() == lease;
        for (window, change) in note.changes {
            let change = if is_current { change } else { change.without_lease() };
            self.changes.entry(window).or_default().follow(change);
        }
        self.done.extend(note.done);
    }

    /// Keeps what has to be told once there is a connection again: the rest is told when the node joins anew.
    pub(super) fn keep_written(&mut self) {
        self.changes.retain(|_, change| change.written.is_some());
        for change in self.changes.values_mut() {
            *change = std::mem::take(change).without_lease();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_ledger_has_never_falls_behind_what_was_told_of_it() {
        let window = Window { scope: ScopeId::named("key", &Arc::from("one")).unwrap(), start: None };
        let told = |spent: i64, adjusted: i64, unwritten: i64| {
            let written = Some((NanoUsd(spent), NanoUsd(adjusted)));
            let change = Change { written, unwritten: Some(NanoUsd(unwritten)), ..Change::default() };
            Note { lease: None, changes: vec![(window.clone(), change)], done: None }
        };
        let mut batch = Batch::default();
        batch.add(told(100, 0, 20), None);
        batch.add(told(80, -5, 0), None);
        let change = &batch.changes[&window];
        assert_eq!((change.written, change.unwritten), (Some((NanoUsd(100), NanoUsd(-5))), Some(NanoUsd(0))));
    }
}
