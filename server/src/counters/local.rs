//! Counters in the process: one short critical section an admission, all scopes or none.

mod busy;
mod idle;
mod together;

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::mpsc::UnboundedSender;
use tollgate_openapi::money::NanoUsd;

use super::counter::{Counter, Scopes};
use super::line::{Line, Place};
use super::scope::{Charged, Demand, RateStates, Refusal, Scope, ScopeId, SharedPart, Standing, WindowBounds};
use super::shared::{Change, Grant, Note, Window};
use super::sliding::SLOT;
use super::verdict::{Admission, Traffic, Verdict};
use super::{Charge, Correction, Moved};
use crate::clock::Clock;
pub use idle::IdleScope;
use together::{Feed, share, unshare};

/// What every scope seen by this process has spent, reserved and let through.
#[derive(Debug)]
pub(super) struct Local {
    clock: Clock,
    /// Where slots are numbered from.
    origin: Instant,
    /// A window has once taken another one's place while calls were in flight.
    has_moved: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    scopes: Scopes,
    /// Counters made so far.
    made: u64,
    /// Where all nodes count together: what happens here is told there, in order.
    feed: Option<Feed>,
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
        let feed = notes.map(Feed::new);
        let has_moved = AtomicBool::new(false);
        Self { clock, origin, has_moved, state: Mutex::new(State { scopes: Scopes::default(), made: 0, feed }) }
    }

    /// Takes `demand` from every scope, or says why not.
    pub(super) fn admit(
        &self,
        scopes: &[Scope],
        demand: Demand,
        place: Option<&Place>,
    ) -> Result<Taken, Box<Admission>> {
        let now = self.clock.monotonic();
        let mut state = self.state.lock();
        if let Some(refusal) = Verdict::into_refusal(self.check(&mut state, scopes, demand, place, now)) {
            return Err(Box::new(refusal.with_rates(|| self.rates(&mut state, scopes, now))));
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
        let mut state = self.state.lock();
        let refusal = Verdict::into_refusal(self.check(&mut state, scopes, demand, place, now))?;
        Some(refusal.with_rates(|| self.rates(&mut state, scopes, now)))
    }

    /// How the tightest limits by the minute stand.
    fn rates(&self, state: &mut State, scopes: &[Scope], now: Instant) -> RateStates {
        let (slot, mut rates) = (self.slot(now), RateStates::default());
        for scope in scopes {
            self.current(state, scope).note_rates(scope, slot, |at| self.until(at, now), &mut rates);
        }
        rates
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
        scopes.iter().map(|scope| self.current(&mut state, scope).standing(slot)).collect()
    }

    /// The same, and nothing is noted.
    pub(super) fn glance(&self, scopes: &[Scope]) -> Vec<Standing> {
        let slot = self.slot(self.clock.monotonic());
        let mut state = self.state.lock();
        let standing = |scope: &Scope| {
            let counter = state.scopes.get_mut(&scope.id);
            let mut standing = counter.map(|counter| (counter.window_start, counter.standing(slot)));
            if let Some((_, standing)) = standing.take_if(|(start, _)| *start == scope.window_start) {
                return standing;
            }
            let of_former = standing.map(|(_, standing)| standing).unwrap_or_default();
            Standing { spent: scope.seed(), reserved: NanoUsd::ZERO, ..of_former }
        };
        scopes.iter().map(standing).collect()
    }

    /// What a call at `place` would find.
    pub(super) fn look(&self, scopes: &[Scope], place: &Place) -> Result<Verdict, Refusal> {
        let now = self.clock.monotonic();
        self.check(&mut self.state.lock(), scopes, Demand::default(), Some(place), now)?.finish()
    }

    fn check(
        &self,
        state: &mut State,
        scopes: &[Scope],
        demand: Demand,
        place: Option<&Place>,
        now: Instant,
    ) -> Result<Verdict, Refusal> {
        let slot = self.slot(now);
        let mut verdict = Verdict::default();
        for scope in scopes {
            let counter = self.current(state, scope);
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
        let mut changes = Vec::new();
        for (index, scope) in scopes.iter().enumerate() {
            let is_shared = state.feed.is_some();
            let counter = self.current(state, scope);
            // A window that has just ended takes no more calls here; what Redis has granted is charged there.
            let window = if grant.is_some() { scope.window() } else { counter.window(scope) };
            let counts_rates = counter.take(demand, scope, window.start, slot);
            if grant.is_none() {
                counter.note_rates(scope, slot, |at| self.until(at, now), &mut rates);
            }
            let mut shared = SharedPart::default();
            if is_shared {
                shared = share(counter, (scope, &window), demand, grant, index);
                changes.push(Change::taken(&window, shared, demand));
            }
            let counter = if counter.window_start == window.start { counter.present() } else { counter.elsewhere() };
            let WindowBounds { scope: id, start: window_start, end: window_end } = window;
            charged.push(Charged { id, counter, window_start, window_end, counts_rates, shared });
        }
        if let Some(feed) = &state.feed {
            // What was granted under the present lease is known there already.
            let is_known = grant.is_some_and(|grant| Some(&grant.lease) == feed.lease.as_ref());
            if !is_known {
                feed.tell(changes);
            }
        }
        Taken { charged, slot, rates }
    }

    /// The counter of `scope`, in the window that is now. A new window starts with what was read of it.
    fn current<'a>(&self, state: &'a mut State, scope: &Scope) -> &'a mut Counter {
        let State { scopes, made, feed } = state;
        let new = || {
            *made += 1;
            Counter::new(*made, scope)
        };
        let counter = scopes.entry(scope.id.clone()).or_insert_with(new);
        if counter.window_start != scope.window_start {
            let now = self.clock.now();
            // Whoever looked the window up before it ended does not bring it back.
            if !scope.is_over(now) {
                self.go_on(counter, feed.as_mut(), &scope.window(), scope.seed(), now);
            }
        } else if counter.window_end != scope.window_end {
            counter.window_end = scope.window_end;
        }
        counter
    }

    fn go_on(
        &self,
        counter: &mut Counter,
        feed: Option<&mut Feed>,
        window: &WindowBounds,
        spent: NanoUsd,
        now: DateTime<Utc>,
    ) {
        let before = counter.present();
        let from = counter.window_start;
        let changes = counter.move_to(window, spent, now);
        if counter.present() == before {
            self.has_moved.store(true, Ordering::Relaxed);
        }
        if let Some(feed) = feed {
            feed.go_on(&window.scope, [from, window.start], counter.unwritten());
            feed.tell(changes);
        }
    }

    /// Goes on to the window that took the place of another one, where it did.
    pub(super) fn replace(&self, Correction { scope, window_start, moved, .. }: &Correction) {
        let Some(Moved { from, end, spent }) = *moved else { return };
        let to = WindowBounds { scope: scope.clone(), start: *window_start, end };
        let now = self.clock.now();
        let mut state = self.state.lock();
        let State { scopes, feed, .. } = &mut *state;
        if let Some(counter) = scopes.get_mut(&to.scope).filter(|counter| counter.window_start == from) {
            self.go_on(counter, feed.as_mut(), &to, spent, now);
        }
    }

    /// Whether a window has ever taken another one's place while calls were in flight.
    pub(super) fn has_moved(&self) -> bool {
        self.has_moved.load(Ordering::Relaxed)
    }

    /// The windows that `charged` count in now: one that took the place of another has taken over its calls.
    pub(super) fn charged_now<'a>(&self, charged: &'a [Charged]) -> Cow<'a, [Charged]> {
        if !self.has_moved() {
            return Cow::Borrowed(charged);
        }
        let state = self.state.lock();
        let now = |charged: &Charged| {
            let counter = state.scopes.get(&charged.id);
            let window_start = counter.map_or(charged.window_start, |counter| counter.start_of(charged));
            Charged { window_start, ..charged.clone() }
        };
        Cow::Owned(charged.iter().map(now).collect())
    }

    /// Joins the line before `scope`; `None` where it is full.
    pub(super) fn with_line<T>(&self, scope: &ScopeId, act: impl FnOnce(&mut Line) -> Option<T>) -> Option<T> {
        self.state.lock().scopes.get_mut(scope).and_then(|counter| act(&mut counter.line))
    }

    pub(super) fn spent(&self, scope: &ScopeId, window_start: Option<DateTime<Utc>>) -> Option<NanoUsd> {
        let state = self.state.lock();
        state.scopes.get(scope).filter(|counter| counter.window_start == window_start).map(|counter| counter.spent)
    }

    /// What `scope` has spent in a window of which the ledger has `in_ledger`.
    pub(super) fn spent_with(&self, scope: &ScopeId, start: Option<DateTime<Utc>>, in_ledger: NanoUsd) -> NanoUsd {
        let state = self.state.lock();
        let counter = state.scopes.get(scope).filter(|counter| counter.window_start == start);
        match counter {
            None => in_ledger,
            Some(counter) if state.feed.is_some() => counter.spent_with(in_ledger),
            Some(counter) => counter.spent.max(in_ledger),
        }
    }

    /// Corrects what a window has spent, where it is counted.
    pub(super) fn adjust(&self, Correction { scope, window_start, counted, .. }: &Correction) {
        let window = Window { scope: scope.clone(), start: *window_start };
        self.with_window(&window, |counter| {
            counter.spent += *counted;
            counter.line.wake();
        });
    }

    /// Counts on from what the ledger's database has of a window, where it is counted.
    pub(super) fn catch_up(&self, (scope, start, written): &Charge) {
        self.count_on_from(&Window { scope: scope.clone(), start: *start }, *written);
    }

    pub(super) fn forget(&self, scope: &ScopeId) {
        self.state.lock().scopes.swap_remove(scope);
    }

    pub(super) fn reserved_total(&self) -> NanoUsd {
        self.state.lock().scopes.values().map(|counter| counter.reserved).sum()
    }

    pub(super) fn settle(&self, charged: &[Charged], reserved: Demand, used: Demand, slot: u64) {
        self.end(charged, |mut counter, charged, is_shared| {
            let told = is_shared.then(|| unshare(counter.as_deref_mut(), charged, reserved, used)).flatten();
            counter.into_iter().for_each(|counter| counter.settle(charged, reserved, used, slot));
            told
        });
    }

    /// Gives back what was reserved, the requests included.
    pub(super) fn release(&self, charged: &[Charged], reserved: Demand, slot: u64) {
        self.end(charged, |mut counter, charged, is_shared| {
            let unshared = is_shared.then(|| unshare(counter.as_deref_mut(), charged, reserved, Demand::default()));
            counter.into_iter().for_each(|counter| counter.release(charged, reserved, slot));
            let (window, mut change) = unshared.flatten()?;
            change.requests_back.extend(charged.shared.slot.map(|slot| (slot, 1)));
            Some((window, change))
        });
    }

    /// Ends calls' part in their scopes, in counters that are still those they were counted in.
    fn end(&self, charged: &[Charged], act: impl Fn(Option<&mut Counter>, &Charged, bool) -> Option<(Window, Change)>) {
        let now = self.slot(self.clock.monotonic());
        let mut state = self.state.lock();
        let State { scopes, feed, .. } = &mut *state;
        let is_shared = feed.is_some();
        let end = |charged: &Charged| {
            // Of a scope that was deleted and made again, there is another one.
            let mut counter = scopes.get_mut(&charged.id).filter(|counter| counter.number == charged.counter.0);
            if let Some(counter) = &mut counter {
                counter.last_used = counter.last_used.max(now);
            }
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
