//! Counters in the process: one short critical section an admission, all scopes or none.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tollgate_openapi::money::NanoUsd;

use super::counter::{Counter, Scopes, current};
use super::line::{Line, Place};
use super::scope::{Charged, Demand, RateStates, Refusal, Scope, ScopeId, SharedPart, Standing};
use super::shared::{Change, Grant, Note, Window, Written};
use super::sliding::SLOT;
use super::verdict::{Admission, Traffic, Verdict};
use crate::clock::Clock;

/// What every scope seen by this process has spent, reserved and let through.
#[derive(Debug)]
pub(super) struct Local {
    clock: Clock,
    /// Where slots are numbered from.
    origin: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    scopes: Scopes,
    /// Where all nodes count together: what happens here is told there, in order.
    feed: Option<Feed>,
}

#[derive(Debug)]
struct Feed {
    notes: UnboundedSender<Note>,
    /// What this node's reservations count under; none while it counts alone.
    lease: Option<Arc<str>>,
}

/// Scopes that are looked at in one go, while calls wait.
const WALK: usize = 256;

/// A scope nobody uses.
#[derive(Clone, Debug)]
pub struct IdleScope {
    /// Which.
    pub id: ScopeId,
    /// The slot it was last used in.
    last_used: u64,
}

/// What a granted call took.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) charged: Vec<Charged>,
    pub(super) slot: u64,
    pub(super) rates: RateStates,
}

impl Local {
    /// Empty counters. Where `notes` are taken, what happens here is told there.
    pub(super) fn new(clock: Clock, notes: Option<UnboundedSender<Note>>) -> Self {
        let origin = clock.monotonic();
        let feed = notes.map(|notes| Feed { notes, lease: None });
        Self { clock, origin, state: Mutex::new(State { scopes: Scopes::default(), feed }) }
    }

    /// Takes `demand` from every scope, or says why not.
    pub(super) fn admit(&self, scopes: &[Scope], demand: Demand, place: Option<&Place>) -> Result<Taken, Admission> {
        let now = self.clock.monotonic();
        let mut state = self.state.lock();
        if let Some(refusal) = Verdict::into_refusal(self.check(&mut state.scopes, scopes, demand, place, now)) {
            return Err(refusal);
        }
        Ok(self.take(&mut state, scopes, demand, now, None))
    }

    /// Counts here what all nodes together have granted.
    pub(super) fn note_grant(&self, scopes: &[Scope], demand: Demand, grant: &Grant) -> Taken {
        let now = self.clock.monotonic();
        self.take(&mut self.state.lock(), scopes, demand, now, Some(grant))
    }

    /// What stands in the way of `demand`; `None`: nothing.
    pub(super) fn refusal(&self, scopes: &[Scope], demand: Demand, place: Option<&Place>) -> Option<Admission> {
        let now = self.clock.monotonic();
        Verdict::into_refusal(self.check(&mut self.state.lock().scopes, scopes, demand, place, now))
    }

    /// Whether the call has to wait for others of this process.
    pub(super) fn is_behind(&self, scopes: &[Scope], place: Option<&Place>) -> bool {
        let state = self.state.lock();
        scopes.iter().any(|scope| state.scopes.get(&scope.id).is_some_and(|counter| counter.line.is_before(place)))
    }

    /// Calls in line before each of `scopes`.
    pub(super) fn waiting(&self, scopes: &[Scope]) -> Vec<usize> {
        let state = self.state.lock();
        scopes.iter().map(|scope| state.scopes.get(&scope.id).map_or(0, |counter| counter.line.len())).collect()
    }

    /// How each of `scopes` stands.
    pub(super) fn standings(&self, scopes: &[Scope]) -> Vec<Standing> {
        let slot = self.slot(self.clock.monotonic());
        let mut state = self.state.lock();
        scopes.iter().map(|scope| current(&mut state.scopes, scope).standing(slot)).collect()
    }

    /// What a call at `place` would find.
    pub(super) fn look(&self, scopes: &[Scope], place: &Place) -> Result<Verdict, Refusal> {
        let now = self.clock.monotonic();
        self.check(&mut self.state.lock().scopes, scopes, Demand::default(), Some(place), now)?.finish()
    }

    fn check(
        &self,
        counters: &mut Scopes,
        scopes: &[Scope],
        demand: Demand,
        place: Option<&Place>,
        now: Instant,
    ) -> Result<Verdict, Refusal> {
        let slot = self.slot(now);
        let mut verdict = Verdict::default();
        for scope in scopes {
            let counter = current(counters, scope);
            let position = counter.position(slot, place);
            verdict.add(scope, position, demand, |traffic: Traffic, amount, limit| {
                counter.fits_at(traffic, slot, amount, limit).map_or(Duration::ZERO, |at| self.until(at, now))
            })?;
        }
        Ok(verdict)
    }

    fn take(
        &self,
        state: &mut MutexGuard<'_, State>,
        scopes: &[Scope],
        demand: Demand,
        now: Instant,
        grant: Option<&Grant>,
    ) -> Taken {
        let slot = self.slot(now);
        let mut rates = grant.map_or_else(RateStates::default, |grant| grant.rates);
        let mut charged = Vec::with_capacity(scopes.len());
        let State { scopes: counters, feed } = &mut **state;
        let mut changes = Vec::new();
        for (index, scope) in scopes.iter().enumerate() {
            let counter = current(counters, scope);
            let counts_rates = counter.take(demand, scope, slot);
            if grant.is_none() {
                counter.note_rates(scope, slot, |at| self.until(at, now), &mut rates);
            }
            let mut shared = SharedPart::default();
            if feed.is_some() {
                shared = share(counter, scope, demand, grant, index);
                changes.push((Window::of(scope), Change::taken(scope, shared, demand)));
            }
            let Scope { id, window_start, window_end, .. } = scope;
            let (window_start, window_end) = (*window_start, *window_end);
            charged.push(Charged { id: id.clone(), window_start, window_end, counts_rates, shared });
        }
        if let Some(feed) = feed {
            // What was granted under the present lease is known there already.
            let is_known = grant.is_some_and(|grant| Some(&grant.lease) == feed.lease.as_ref());
            if !is_known {
                feed.tell(changes);
            }
        }
        Taken { charged, slot, rates }
    }

    /// Joins the line before `scope`; `None` where it is full.
    pub(super) fn with_line<T>(&self, scope: &ScopeId, act: impl FnOnce(&mut Line) -> Option<T>) -> Option<T> {
        self.state.lock().scopes.get_mut(scope).and_then(|counter| act(&mut counter.line))
    }

    pub(super) fn spent(&self, scope: &ScopeId, window_start: Option<DateTime<Utc>>) -> Option<NanoUsd> {
        let state = self.state.lock();
        state.scopes.get(scope).filter(|counter| counter.window_start == window_start).map(|counter| counter.spent)
    }

    pub(super) fn adjust(&self, scope: &ScopeId, delta: NanoUsd) {
        let mut state = self.state.lock();
        let State { scopes, feed } = &mut *state;
        let Some(counter) = scopes.get_mut(scope) else { return };
        counter.spent += delta;
        counter.line.wake();
        if let (Some(feed), Some(share)) = (feed, &counter.share) {
            let window = Window { scope: scope.clone(), start: counter.window_start };
            feed.tell(vec![(window, Change { adjusted: delta.0, window_end: share.window_end, ..Change::default() })]);
        }
    }

    /// What all nodes know of the scope goes before what this one counted: it was changed elsewhere.
    pub(super) fn doubt(&self, scope: &ScopeId) {
        let mut state = self.state.lock();
        if let Some(share) = state.scopes.get_mut(scope).and_then(|counter| counter.share.as_mut()) {
            share.is_stale = true;
        }
    }

    pub(super) fn forget(&self, scope: &ScopeId) {
        self.state.lock().scopes.swap_remove(scope);
    }

    pub(super) fn reserved_total(&self) -> NanoUsd {
        self.state.lock().scopes.values().map(|counter| counter.reserved).sum()
    }

    pub(super) fn settle(&self, charged: &[Charged], reserved: Demand, used: Demand, slot: u64) {
        self.end(charged, |counter, charged, is_shared| {
            counter.settle(charged, reserved, used, slot);
            is_shared.then(|| unshare(counter, charged, reserved, used)).flatten()
        });
    }

    /// Gives back what was reserved, the requests included.
    pub(super) fn release(&self, charged: &[Charged], reserved: Demand, slot: u64) {
        self.end(charged, |counter, charged, is_shared| {
            counter.release(charged, reserved, slot);
            let unshared = is_shared.then(|| unshare(counter, charged, reserved, Demand::default()));
            let (window, mut change) = unshared.flatten()?;
            change.requests_back.extend(charged.shared.slot.map(|slot| (slot, 1)));
            Some((window, change))
        });
    }

    fn end(&self, charged: &[Charged], act: impl Fn(&mut Counter, &Charged, bool) -> Option<(Window, Change)>) {
        let now = self.slot(self.clock.monotonic());
        let mut state = self.state.lock();
        let State { scopes, feed } = &mut *state;
        let is_shared = feed.is_some();
        let end = |charged: &Charged| {
            let counter = scopes.get_mut(&charged.id)?;
            counter.last_used = counter.last_used.max(now);
            act(counter, charged, is_shared)
        };
        let changes: Vec<_> = charged.iter().filter_map(end).collect();
        if let Some(feed) = feed {
            feed.tell(changes);
        }
    }

    fn slot(&self, now: Instant) -> u64 {
        let slots = now.saturating_duration_since(self.origin).as_millis() / SLOT.as_millis();
        u64::try_from(slots).unwrap_or(u64::MAX)
    }

    /// Time until `slot` begins.
    fn until(&self, slot: u64, now: Instant) -> Duration {
        let begins = u32::try_from(slot).ok().and_then(|slot| SLOT.checked_mul(slot)).unwrap_or_default();
        (self.origin + begins).saturating_duration_since(now)
    }
}

/// Making room.
impl Local {
    /// How many scopes are counted.
    pub(super) fn len(&self) -> usize {
        self.state.lock().scopes.len()
    }

    /// Of the scopes from `index` on, so many as are looked at in one go, those that have been idle for `period`, and
    /// where to go on; `None` where that was the last of them.
    pub(super) fn idle(&self, index: usize, period: Duration) -> (Vec<IdleScope>, Option<usize>) {
        let slot = self.slot(self.clock.monotonic());
        let slots = u64::try_from(period.as_millis() / SLOT.as_millis()).unwrap_or(u64::MAX);
        let mut state = self.state.lock();
        let end = state.scopes.len().min(index.saturating_add(WALK));
        let Some(some) = state.scopes.get_range_mut(index..end) else { return (Vec::new(), None) };
        let is_idle = |counter: &mut Counter| counter.last_used + slots <= slot && counter.is_idle(slot);
        let idle = some.iter_mut().filter_map(|(id, counter)| {
            is_idle(counter).then(|| IdleScope { id: id.clone(), last_used: counter.last_used })
        });
        let idle = idle.collect();
        (idle, (end < state.scopes.len()).then_some(end))
    }

    /// Drops those of `idle` that were not used since.
    pub(super) fn drop_unused(&self, idle: &[IdleScope]) {
        let slot = self.slot(self.clock.monotonic());
        for some in idle.chunks(WALK) {
            let mut state = self.state.lock();
            for IdleScope { id, last_used } in some {
                let counter = state.scopes.get_mut(id);
                if counter.is_some_and(|counter| counter.last_used == *last_used && counter.is_idle(slot)) {
                    state.scopes.swap_remove(id);
                }
            }
        }
    }
}

/// Counting together with other nodes.
impl Local {
    /// Counts this node's reservations under `lease` from now on and tells all of them, and what it has spent that is
    /// not in the ledger's database. `done` hears whether that arrived.
    pub(super) fn join(&self, lease: &Arc<str>, done: oneshot::Sender<bool>) {
        let mut state = self.state.lock();
        let State { scopes, feed } = &mut *state;
        let Some(feed) = feed else { return };
        feed.lease = Some(Arc::clone(lease));
        let changes = scopes.iter().filter_map(|(id, counter)| {
            let share = counter.share.as_ref()?;
            let change = Change {
                reserved: share.reserved.0,
                unwritten: Some(share.unwritten),
                window_end: share.window_end,
                in_flight: i64::try_from(share.in_flight).unwrap_or(i64::MAX),
                ..Change::default()
            };
            Some((Window { scope: id.clone(), start: counter.window_start }, change))
        });
        feed.send(Note { lease: Some(Arc::clone(lease)), changes: changes.collect(), done: Some(done) });
    }

    /// Counts alone from now on.
    pub(super) fn part(&self) {
        if let Some(feed) = &mut self.state.lock().feed {
            feed.lease = None;
        }
    }

    /// Tells what was written to the ledger's database: of each window what of it came from this node, and what the
    /// database has now.
    pub(super) fn written(&self, windows: Vec<Written>) {
        let mut state = self.state.lock();
        let State { scopes, feed } = &mut *state;
        let Some(feed) = feed else { return };
        let changes = windows.into_iter().map(|(window, own, written)| {
            let counter = scopes.get_mut(&window.scope).filter(|counter| counter.window_start == window.start);
            let share = counter.and_then(|counter| counter.share.as_mut());
            let unwritten = share.map_or(NanoUsd::ZERO, |share| {
                share.unwritten = (share.unwritten - own).max(NanoUsd::ZERO);
                share.unwritten
            });
            let change = Change { unwritten: Some(unwritten), written: Some(written), ..Change::default() };
            (window, change)
        });
        let changes = changes.collect();
        feed.tell(changes);
    }

    /// Hears when all that was told before has arrived.
    pub(super) fn flush(&self, done: oneshot::Sender<bool>) {
        if let Some(feed) = &self.state.lock().feed {
            feed.send(Note { lease: None, changes: Vec::new(), done: Some(done) });
        }
    }

    /// The windows that all nodes count together and this one has seen.
    pub(super) fn shared_windows(&self) -> Vec<Window> {
        let state = self.state.lock();
        let shared = state.scopes.iter().filter(|(_, counter)| counter.share.is_some());
        shared.map(|(id, counter)| Window { scope: id.clone(), start: counter.window_start }).collect()
    }

    /// Counts on from what the ledger's database has, while this node counts alone.
    pub(super) fn count_on_from(&self, window: &Window, written: NanoUsd) {
        let mut state = self.state.lock();
        let counter = state.scopes.get_mut(&window.scope).filter(|counter| counter.window_start == window.start);
        if let Some(counter) = counter {
            let unwritten = counter.share.as_ref().map_or(NanoUsd::ZERO, |share| share.unwritten);
            counter.spent = counter.spent.max(written + unwritten);
        }
    }
}

impl Feed {
    fn tell(&self, mut changes: Vec<(Window, Change)>) {
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

/// Notes what of a call all nodes count together.
fn share(counter: &mut Counter, scope: &Scope, demand: Demand, grant: Option<&Grant>, index: usize) -> SharedPart {
    let limits = scope.limits;
    let slot = grant.and_then(|grant| grant.slot).filter(|_| limits.rpm.is_some() || limits.tpm.is_some());
    let part = SharedPart { budget: limits.max_budget.is_some(), parallel: limits.parallel.is_some(), slot };
    if !part.budget && !part.parallel {
        return part;
    }
    let known = grant.and_then(|grant| grant.spent.get(index).copied().flatten());
    let share = counter.share.get_or_insert_default();
    share.window_end = scope.window_end;
    if part.budget {
        share.reserved += demand.cost;
    }
    share.in_flight += u64::from(part.parallel);
    if let Some(known) = known.filter(|_| part.budget) {
        counter.spent = if share.is_stale { known } else { known.max(counter.spent) };
        share.is_stale = false;
    }
    part
}

/// What all nodes have to hear of a call that ended.
fn unshare(counter: &mut Counter, charged: &Charged, reserved: Demand, used: Demand) -> Option<(Window, Change)> {
    let SharedPart { budget, parallel, slot } = charged.shared;
    let window = Window { scope: charged.id.clone(), start: charged.window_start };
    let mut change = Change::default();
    if let Some(share) = counter.share.as_mut() {
        if parallel {
            share.in_flight = share.in_flight.saturating_sub(1);
            change.in_flight = -1;
        }
        if budget && counter.window_start == charged.window_start {
            share.reserved -= reserved.cost;
            share.unwritten += used.cost;
            change.unwritten = Some(share.unwritten);
            change.reserved = -reserved.cost.0;
            change.window_end = charged.window_end;
        }
    }
    if let Some(slot) = slot {
        let difference = i128::from(used.tokens) - i128::from(reserved.tokens);
        change.tokens.insert(slot, i64::try_from(difference).unwrap_or(i64::MAX));
    }
    (change != Change::default()).then_some((window, change))
}
