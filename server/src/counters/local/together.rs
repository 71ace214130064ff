//! Counting together with other nodes: what happens here is told there, in order.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tollgate_openapi::money::NanoUsd;

use super::{Local, State};
use crate::counters::Charge;
use crate::counters::counter::Counter;
use crate::counters::scope::{Charged, Demand, Scope, ScopeId, SharedPart, WindowBounds};
use crate::counters::shared::{Change, Grant, Note, Window, Written};

/// How all nodes hear of it.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) notes: UnboundedSender<Note>,
    /// What this node's reservations count under; none while it counts alone.
    pub(super) lease: Option<Arc<str>>,
    /// What was spent in windows that others took the place of, and is not in the ledger's database yet.
    former: HashMap<ScopeId, Vec<Former>>,
}

/// Where a window starts, and what was spent there.
type Former = (Option<DateTime<Utc>>, NanoUsd);

impl Local {
    /// Counts this node's reservations under `lease` from now on and tells all of them, and what it has spent that is
    /// not in the ledger's database. `done` hears whether that arrived.
    pub(in crate::counters) fn join(&self, lease: &Arc<str>, done: oneshot::Sender<bool>) {
        let mut state = self.state.lock();
        let State { scopes, feed, .. } = &mut *state;
        let Some(feed) = feed else { return };
        feed.lease = Some(Arc::clone(lease));
        let changes = scopes.iter().filter_map(|(id, counter)| {
            let share = counter.share.as_ref().filter(|share| share.is_limited)?;
            let change = Change {
                reserved: share.reserved.0,
                unwritten: Some(share.unwritten),
                window_end: counter.window_end,
                in_flight: i64::try_from(share.in_flight).unwrap_or(i64::MAX),
                ..Change::default()
            };
            Some((Window { scope: id.clone(), start: counter.window_start }, change))
        });
        feed.send(Note { lease: Some(Arc::clone(lease)), changes: changes.collect(), done: Some(done) });
    }

    /// Counts alone from now on.
    pub(in crate::counters) fn part(&self) {
        if let Some(feed) = &mut self.state.lock().feed {
            feed.lease = None;
        }
    }

    /// Notes whether `charges` of this node are on their way to the ledger's database, or are not after all.
    pub(in crate::counters) fn note_writing(&self, charges: &[Charge], is_writing: bool) {
        let mut state = self.state.lock();
        for (scope, start, spent) in charges {
            let counter = state.scopes.get_mut(scope).filter(|counter| counter.window_start == *start);
            if let Some(share) = counter.and_then(|counter| counter.share.as_mut()) {
                share.writing += if is_writing { *spent } else { NanoUsd::ZERO - *spent };
                share.writing = share.writing.clamp(NanoUsd::ZERO, share.unwritten);
            }
        }
    }

    /// Tells what was written to the ledger's database: of each window what of it came from this node, and what the
    /// database has now.
    pub(in crate::counters) fn written(&self, windows: Vec<Written>) {
        let mut state = self.state.lock();
        let State { scopes, feed, .. } = &mut *state;
        let Some(feed) = feed else { return };
        let mut changes = Vec::with_capacity(windows.len());
        for (window, own, written) in windows {
            let of_former = feed.written_of_former(&window, own);
            let mut counter = scopes.get_mut(&window.scope);
            let is_present = counter.as_ref().is_some_and(|counter| counter.window_start == window.start);
            if let Some(share) = counter.as_mut().and_then(|counter| counter.share.as_mut()) {
                let own = if is_present { own } else { of_former };
                share.unwritten = (share.unwritten - own).max(NanoUsd::ZERO);
                share.writing = (share.writing - own).max(NanoUsd::ZERO);
            }
            let change = Change { written: Some(written), ..Change::default() };
            let unwritten = counter.as_ref().map_or(NanoUsd::ZERO, |counter| counter.unwritten());
            if let Some(counter) = counter.filter(|_| of_former > NanoUsd::ZERO && !is_present) {
                let present = Window { scope: window.scope.clone(), start: counter.window_start };
                changes.push((present, Change { unwritten: Some(unwritten), ..Change::default() }));
            }
            let unwritten = if is_present { unwritten } else { NanoUsd::ZERO };
            changes.push((window, Change { unwritten: Some(unwritten), ..change }));
        }
        feed.tell(changes);
    }

    /// Hears when all that was told before has arrived.
    pub(in crate::counters) fn flush(&self, done: oneshot::Sender<bool>) {
        if let Some(feed) = &self.state.lock().feed {
            feed.send(Note { lease: None, changes: Vec::new(), done: Some(done) });
        }
    }

    /// The windows that all nodes count together and this one has seen.
    pub(in crate::counters) fn shared_windows(&self) -> Vec<Window> {
        let state = self.state.lock();
        let is_limited = |counter: &Counter| counter.share.as_ref().is_some_and(|share| share.is_limited);
        let shared = state.scopes.iter().filter(|(_, counter)| is_limited(counter));
        shared.map(|(id, counter)| Window { scope: id.clone(), start: counter.window_start }).collect()
    }

    /// The windows that those of `scopes` are in that this node has seen.
    pub(in crate::counters) fn windows_of(&self, scopes: &[ScopeId]) -> Vec<(ScopeId, Option<DateTime<Utc>>)> {
        let state = self.state.lock();
        let window = |scope: &ScopeId| Some((scope.clone(), state.scopes.get(scope)?.window_start));
        scopes.iter().filter_map(window).collect()
    }

    /// Counts on from what the ledger's database has, while this node counts alone.
    pub(in crate::counters) fn count_on_from(&self, window: &Window, written: NanoUsd) {
        self.with_window(window, |counter| counter.spent = counter.spent.max(counter.spent_with(written)));
    }

    /// Counts on from what the ledger's database has, which an administrator has corrected.
    pub(in crate::counters) fn count_anew_from(&self, window: &Window, written: NanoUsd) {
        self.with_window(window, |counter| {
            counter.spent = counter.spent_with(written);
            counter.line.wake();
        });
    }

    pub(super) fn with_window(&self, window: &Window, act: impl FnOnce(&mut Counter)) {
        let mut state = self.state.lock();
        let counter = state.scopes.get_mut(&window.scope).filter(|counter| counter.window_start == window.start);
        if let Some(counter) = counter {
            act(counter);
        }
    }
}

impl Feed {
    pub(super) fn new(notes: UnboundedSender<Note>) -> Self {
        Self { notes, lease: None, former: HashMap::new() }
    }

    /// A counter goes on to another window, and what is on its way to the ledger goes along: `unwritten`, nothing where the
    /// former window is over.
    pub(super) fn go_on(&mut self, scope: &ScopeId, [from, to]: [Option<DateTime<Utc>>; 2], unwritten: NanoUsd) {
        if unwritten == NanoUsd::ZERO {
            self.former.remove(scope);
            return;
        }
        let former = self.former.entry(scope.clone()).or_default();
        let of_others: NanoUsd = former.iter().map(|(_, spent)| *spent).sum();
        former.push((from, unwritten - of_others));
        // In force again, it is the present one.
        former.retain(|(start, _)| *start != to);
    }

    /// How much of what is written now to `window` has gone along into another one since.
    fn written_of_former(&mut self, window: &Window, written: NanoUsd) -> NanoUsd {
        let Some(former) = self.former.get_mut(&window.scope) else { return NanoUsd::ZERO };
        let Some((_, left)) = former.iter_mut().find(|(start, _)| *start == window.start) else { return NanoUsd::ZERO };
        let of_it = written.min(*left);
        *left -= of_it;
        former.retain(|(_, left)| *left > NanoUsd::ZERO);
        if former.is_empty() {
            self.former.remove(&window.scope);
        }
        of_it
    }

    pub(super) fn tell(&self, mut changes: Vec<(Window, Change)>) {
        changes.retain(|(_, change)| *change != Change::default());
        // A node that counts alone tells all of it when it joins; only what was written must not be lost.
        if self.lease.is_none() {
            changes.retain(|(_, change)| change.written.is_some());
        }
        if !changes.is_empty() {
            self.send(Note { lease: self.lease.clone(), changes, done: None });
        }
    }

    fn send(&self, note: Note) {
        if self.notes.send(note).is_err() {
            tracing::error!("nobody brings counters to Redis any more");
        }
    }
}

/// Notes what of a call all nodes count together. It is charged to this window of the scope.
pub(super) fn share(
    counter: &mut Counter,
    (scope, window): (&Scope, &WindowBounds),
    demand: Demand,
    grant: Option<&Grant>,
    index: usize,
) -> SharedPart {
    let limits = scope.limits;
    let slot = grant.and_then(|grant| grant.slot).filter(|_| limits.rpm.is_some() || limits.tpm.is_some());
    let part = SharedPart { budget: limits.max_budget.is_some(), parallel: limits.parallel.is_some(), slot };
    let is_present = counter.window_start == window.start;
    let share = counter.share.get_or_insert_default();
    share.is_limited = part.budget || part.parallel;
    if !share.is_limited {
        return part;
    }
    share.in_flight += u64::from(part.parallel);
    if part.budget && is_present {
        share.reserved += demand.cost;
        let known = grant.and_then(|grant| grant.spent.get(index).copied().flatten());
        counter.spent = known.map_or(counter.spent, |known| known.max(counter.spent));
    }
    part
}

/// What all nodes have to hear of a call that ended; `counter` is the one it was counted in, if there still is.
pub(super) fn unshare(
    counter: Option<&mut Counter>,
    charged: &Charged,
    reserved: Demand,
    used: Demand,
) -> Option<(Window, Change)> {
    let SharedPart { budget, parallel, slot } = charged.shared;
    let mut window = WindowBounds { scope: charged.id.clone(), start: charged.window_start, end: charged.window_end };
    let mut change = Change { in_flight: -i64::from(parallel), ..Change::default() };
    if let Some(counter) = counter {
        let is_counted = counter.counts(charged);
        if is_counted {
            (window.start, window.end) = (counter.window_start, counter.window_end);
        }
        if let Some(share) = counter.share.as_mut() {
            share.in_flight = share.in_flight.saturating_sub(u64::from(parallel));
            if is_counted {
                share.unwritten += used.cost;
            }
            if is_counted && budget {
                share.reserved -= reserved.cost;
                change.unwritten = Some(share.unwritten);
            }
        }
    }
    if budget {
        // Also where its window is over: it was reserved there.
        (change.reserved, change.window_end) = (-reserved.cost.0, window.end);
    }
    if let Some(slot) = slot {
        let difference = i128::from(used.tokens) - i128::from(reserved.tokens);
        change.tokens.insert(slot, i64::try_from(difference).unwrap_or(i64::MAX));
    }
    let is_any = change != Change::default();
    is_any.then_some((Window { scope: window.scope, start: window.start }, change))
}
