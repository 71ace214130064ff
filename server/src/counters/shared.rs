//! Counters that all nodes share, in Redis: one script, one round trip an admission.
//!
//! What a scope has spent is the sum of what the ledger's database has (`s`, corrected by `a`) and of what each node
//! has settled and not written there yet (`u:<node>`). Each of these is told as it is, not by how much it changed, so
//! that telling it again does no harm. What is reserved counts under the lease of the node that reserved it
//! (`r:<lease>`): a node that dies or is cut off loses its lease, and its reservations with it.
//!
//! Redis lost or emptied is a new *generation* of counters: what was spent is read from the ledger, and for a moment
//! nodes count alone until each has told what it holds. A node that cannot reach Redis counts alone, too, from what it
//! last saw there and the totals of the database, and joins again under a new lease. All keys carry one hash tag, so
//! that a cluster keeps them on one node and a script may touch them together.

mod ask;
mod change;
mod connection;
mod feed;
mod keeper;
mod keys;
mod reading;
mod times;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use chrono::{DateTime, Utc};
use metrics::{counter, gauge};
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{Client, Script};
use sea_orm::DatabaseConnection;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tollgate_openapi::money::NanoUsd;

use super::local::Local;
use super::scope::{RateStates, ScopeId};
use super::{Charge, Counters};
use crate::clock::Clock;
pub(super) use ask::Reply;
pub(super) use change::{Change, Note, Window};
use keys::Keys;
use reading::{InLedger, Readings, in_ledger};
use times::Times;

/// Where the ledger's database does not answer for so long, what it has is told later.
const LEDGER_TIMEOUT: Duration = Duration::from_secs(5);
/// Questions that a node asks at once: further ones wait here for their turn. All of them together in Redis would have the
/// last wait for its answer longer than Redis may take, and that looks like a Redis that is away.
const QUESTIONS_MAX: usize = 256;
/// Windows read from the ledger at once.
const WINDOWS_MAX: usize = 500;

/// Where and how nodes count together.
#[derive(Clone, Debug)]
pub struct SharedSettings {
    /// Redis.
    pub client: Client,
    /// What all keys begin with: gateways that have nothing to do with each other may use one Redis.
    pub namespace: String,
    /// How long Redis may take to answer before this node counts alone.
    pub timeout: Duration,
    /// What becomes of calls with a hard budget while this node counts alone.
    pub on_outage: OnOutage,
    /// What this node's spend is told under; the same after a restart.
    pub node: String,
}

/// What becomes of calls with a hard budget while a node counts alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnOutage {
    /// They go on: nodes together may spend more than the budget.
    #[default]
    Allow,
    /// They are refused.
    Deny,
}

/// The shared counters, as this node reaches them.
#[derive(Debug)]
pub(super) struct Shared {
    settings: SharedSettings,
    db: DatabaseConnection,
    clock: Clock,
    keys: Keys,
    scripts: Scripts,
    /// The connection and the lease, also while joining.
    link: ArcSwapOption<Link>,
    /// Set while this node counts together with others.
    online: ArcSwapOption<Online>,
    /// Leases that were lost: what counts under them is told anew under the next one.
    lost_leases: Mutex<Vec<Arc<str>>>,
    /// Wakes the keeper when the connection is lost.
    lost: Notify,
    /// Wakes those who wait until this node counts together with others.
    joined: Notify,
    stop: CancellationToken,
    /// What a former process of this node spent is in the ledger's database, and told to be.
    former: Former,
    /// Written to the ledger's database and not told yet.
    untold: Mutex<HashMap<Window, Untold>>,
    times: Times,
    /// Questions that may be asked now.
    questions: Semaphore,
    readings: Readings,
}

/// A window, what of it this node has written now, and what the ledger's database has: spent, and corrected.
pub(super) type Written = (Window, NanoUsd, (NanoUsd, NanoUsd));

/// What is to be told of a window.
#[derive(Clone, Copy, Debug, Default)]
struct Untold {
    /// What of it this node has written.
    own: NanoUsd,
    /// An administrator has corrected it.
    is_corrected: bool,
}

/// How far what a former process left is dealt with.
#[derive(Debug, Default)]
struct Former {
    is_written: AtomicBool,
    is_told: AtomicBool,
}

#[derive(Debug)]
struct Scripts {
    admit: Script,
    apply: Script,
    join: Script,
    stay: Script,
}

#[derive(Debug)]
struct Link {
    connection: MultiplexedConnection,
    lease: Arc<str>,
}

/// A generation of counters that this node has joined.
#[derive(Debug)]
pub(super) struct Online {
    link: Arc<Link>,
    /// As Redis keeps it: an id, when it was made and from when it may be used.
    generation: String,
    /// When it was made, in ms since 1970.
    made_ms: i64,
}

/// What all nodes together have granted.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) lease: Arc<str>,
    /// The slot that tokens count in, by the shared clock.
    pub(super) slot: Option<u64>,
    /// What each scope has spent, where that is counted together.
    pub(super) spent: Vec<Option<NanoUsd>>,
    pub(super) rates: RateStates,
}

/// The shared counters cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Away;

impl Shared {
    /// Counters in the Redis of `settings`; nothing is reached yet.
    pub(super) fn new(settings: SharedSettings, db: DatabaseConnection, clock: Clock) -> Self {
        Self {
            keys: Keys::new(&settings.namespace),
            settings,
            db,
            clock,
            scripts: Scripts {
                admit: Script::new(include_str!("shared/admit.lua")),
                apply: Script::new(include_str!("shared/apply.lua")),
                join: Script::new(include_str!("shared/join.lua")),
                stay: Script::new(include_str!("shared/stay.lua")),
            },
            link: ArcSwapOption::empty(),
            online: ArcSwapOption::empty(),
            lost_leases: Mutex::default(),
            lost: Notify::new(),
            joined: Notify::new(),
            stop: CancellationToken::new(),
            former: Former::default(),
            untold: Mutex::default(),
            times: Times::new(),
            questions: Semaphore::new(QUESTIONS_MAX),
            readings: Readings::default(),
        }
    }

    /// Starts bringing `notes` to Redis and staying in touch with it.
    pub(super) fn start(counters: &Arc<Counters>, notes: mpsc::UnboundedReceiver<Note>) {
        tokio::spawn(feed::run(Arc::clone(counters), notes));
        tokio::spawn(keeper::run(Arc::clone(counters)));
    }

    pub(super) fn online(&self) -> Option<Arc<Online>> {
        self.online.load_full()
    }

    /// Notes that the ledger's database has all that a former process of this node left.
    pub(super) fn former_written(&self) {
        self.former.is_written.store(true, Ordering::Relaxed);
    }

    /// Ends what [`Shared::start`] started.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    pub(super) const fn on_outage(&self) -> OnOutage {
        self.settings.on_outage
    }

    /// Counts alone from now on, unless that was noticed before.
    fn lose(&self, lease: &Arc<str>, reason: &dyn std::fmt::Display) {
        let is_current = self.link.load().as_ref().is_some_and(|link| Arc::ptr_eq(&link.lease, lease));
        if !is_current {
            return;
        }
        self.link.store(None);
        self.lost_leases.lock().push(Arc::clone(lease));
        if self.online.swap(None).is_some() {
            counter!("tollgate_shared_counters_outages_total").increment(1);
            gauge!("tollgate_shared_counters_up").set(0.0);
            tracing::error!(%reason, "shared counters are away: this node counts alone");
        }
        self.lost.notify_one();
    }

    /// The time that scripts are told: none, so that they take Redis's own, unless tests move the clock.
    fn told_time(&self) -> String {
        self.clock.manual_now().map_or_else(String::new, |now| now.timestamp_millis().to_string())
    }

    /// Tells that `charges` were written to the ledger's database, some of it to windows that took it over, and what could
    /// not be told before.
    pub(super) async fn tell_written(&self, local: &Local, charges: Vec<Charge>, taken_over: Vec<Charge>) {
        let mut untold = std::mem::take(&mut *self.untold.lock());
        charges.into_iter().for_each(|charge| note(&mut untold, charge, false));
        let windows = taken_over.into_iter();
        windows.for_each(|(scope, start, _)| note(&mut untold, (scope, start, NanoUsd::ZERO), true));
        self.tell_now(local, untold).await;
    }

    /// Tells what the ledger's database has of windows that were corrected there.
    pub(super) async fn tell_corrected(
        &self,
        local: &Local,
        windows: impl Iterator<Item = (ScopeId, Option<DateTime<Utc>>)>,
    ) {
        let mut corrected = HashMap::new();
        windows.for_each(|(scope, start)| note(&mut corrected, (scope, start, NanoUsd::ZERO), true));
        self.tell_now(local, corrected).await;
    }

    /// What cannot be told now is told with what is written next.
    async fn tell_now(&self, local: &Local, untold: HashMap<Window, Untold>) {
        let mut untold: Vec<(Window, Untold)> = untold.into_iter().collect();
        while !untold.is_empty() {
            let some = untold.split_off(untold.len().saturating_sub(WINDOWS_MAX));
            let windows: Vec<Window> = some.iter().map(|(window, _)| window.clone()).collect();
            let reading = tokio::time::timeout(LEDGER_TIMEOUT, in_ledger(&self.db, &windows)).await;
            match reading.map_err(|error| error.to_string()).and_then(|read| read.map_err(|error| error.to_string())) {
                Ok(found) => tell(local, some, &found),
                Err(error) => {
                    tracing::warn!(%error, "what the ledger has now cannot be told to the shared counters");
                    let mut later = self.untold.lock();
                    for (Window { scope, start }, Untold { own, is_corrected }) in untold.into_iter().chain(some) {
                        note(&mut later, (scope, start, own), is_corrected);
                    }
                    return;
                }
            }
        }
    }
}

fn note(untold: &mut HashMap<Window, Untold>, (scope, start, own): Charge, is_corrected: bool) {
    let window = untold.entry(Window { scope, start }).or_default();
    window.own += own;
    window.is_corrected |= is_corrected;
}

fn tell(local: &Local, untold: Vec<(Window, Untold)>, found: &InLedger) {
    let with_ledger = untold.into_iter().filter_map(|(window, untold)| {
        let in_ledger = *found.get(&window)?;
        Some((window, untold, in_ledger))
    });
    let (corrected, written): (Vec<_>, Vec<_>) = with_ledger
        .map(|(window, Untold { own, is_corrected }, in_ledger)| {
            let (spent, adjusted) = in_ledger;
            (is_corrected.then(|| (window.clone(), spent + adjusted)), (window, own, in_ledger))
        })
        .unzip();
    local.written(written);
    corrected.into_iter().flatten().for_each(|(window, in_ledger)| local.count_anew_from(&window, in_ledger));
}

impl Counters {
    /// Waits until this node counts together with others, at most for `at_most`; whether it does.
    pub async fn joined(&self, at_most: Duration) -> bool {
        let Some(shared) = &self.shared else { return true };
        let online = async {
            loop {
                let mut joined = std::pin::pin!(shared.joined.notified());
                joined.as_mut().enable();
                if shared.online().is_some() {
                    return;
                }
                joined.await;
            }
        };
        tokio::time::timeout(at_most, online).await.is_ok()
    }
}
