//! Stays in touch with Redis: holds this node's lease, joins again after an outage.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use metrics::gauge;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::reading::in_ledger;
use super::{Link, Online, Shared, WINDOWS_MAX, Window};
use crate::counters::Counters;

/// How often the lease is renewed, and Redis looked for while it is away.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long a node may be silent before what it has reserved counts no more, in ms.
const LEASE_MS: u64 = 10_000;
/// How long new counters are not used, in ms: every node notices them in this time and tells what it holds.
const NEW_COUNTERS_WAIT_MS: u64 = 1_500;

/// Why a node could not join.
#[derive(Debug, thiserror::Error)]
enum JoinError {
    #[error("{0}")]
    Redis(#[from] redis::RedisError),
    #[error("what budgets have spent cannot be read: {0}")]
    Ledger(#[from] sea_orm::DbErr),
    #[error("what this node holds could not be told")]
    NotTold,
}

/// Holds the lease, or joins, until the counters stop.
pub(super) async fn run(counters: Arc<Counters>) {
    let Some(shared) = &counters.shared else { return };
    let (mut is_known, mut has_failed) = (false, false);
    while !shared.stop.is_cancelled() {
        match shared.online() {
            Some(online) => {
                shared.stay(&online).await;
                shared.tell_former(&counters, &online).await;
            }
            None => match shared.join(&counters).await {
                Ok(()) => {
                    is_known = false;
                    gauge!("tollgate_shared_counters_up").set(1.0);
                    tracing::info!("this node counts together with others");
                    continue;
                }
                Err(error) => {
                    has_failed = true;
                    if !std::mem::replace(&mut is_known, true) {
                        gauge!("tollgate_shared_counters_up").set(0.0);
                        tracing::warn!(%error, "shared counters cannot be joined: this node counts alone");
                    }
                    counters.local.part();
                    shared.follow_ledger(&counters).await;
                }
            },
        }
        // Whoever has just failed to join does not try again at once.
        let has_failed = std::mem::take(&mut has_failed);
        let pause = async {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = shared.lost.notified(), if !has_failed => {}
            }
        };
        shared.stop.run_until_cancelled(pause).await;
    }
    shared.leave().await;
}

impl Shared {
    async fn stay(&self, online: &Online) {
        let mut connection = online.link.connection.clone();
        let mut call = self.scripts.stay.key(self.keys.generation());
        call.key(self.keys.lease(&online.link.lease)).arg(&online.generation).arg(LEASE_MS);
        match self.in_time(call.invoke_async::<u8>(&mut connection)).await {
            Ok(1) => {}
            Ok(2) => self.lose(&online.link.lease, &"this node was silent for too long"),
            Ok(_) => self.lose(&online.link.lease, &"they are new"),
            Err(error) => self.lose(&online.link.lease, &error),
        }
    }

    /// Takes a lease, tells what this node holds, and counts together with others once the counters may be used.
    async fn join(&self, counters: &Counters) -> Result<(), JoinError> {
        let mut connection = self.connect().await?;
        let lease: Arc<str> = Arc::from(Uuid::new_v4().simple().to_string());
        let mut call = self.scripts.join.key(self.keys.generation());
        call.arg(Uuid::new_v4().simple().to_string()).arg(self.told_time()).arg(NEW_COUNTERS_WAIT_MS);
        let (generation, opens_in_ms): (String, u64) = self.in_time(call.invoke_async(&mut connection)).await?;
        let mut taken = redis::cmd("SET");
        taken.arg(self.keys.lease(&lease)).arg(1).arg("PX").arg(LEASE_MS);
        self.in_time(taken.exec_async(&mut connection)).await?;
        let link = Arc::new(Link { connection, lease: Arc::clone(&lease) });
        self.link.store(Some(Arc::clone(&link)));
        if let Err(error) = self.tell(counters, &link).await {
            // What was told under this lease must not count beside what is told under the next one.
            self.lose(&lease, &error);
            return Err(error);
        }
        // With a clock that tests move, nobody else is to be waited for.
        if self.clock.manual_now().is_none() {
            tokio::time::sleep(Duration::from_millis(opens_in_ms)).await;
        }
        let made_ms = generation.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or(i64::MAX);
        let is_lost = self.link.load().as_ref().is_none_or(|now| !Arc::ptr_eq(now, &link));
        if is_lost {
            return Err(JoinError::NotTold);
        }
        self.online.store(Some(Arc::new(Online { link, generation, made_ms })));
        self.joined.notify_waiters();
        Ok(())
    }

    /// Tells what this node holds, and what the ledger's database has of it.
    async fn tell(&self, counters: &Counters, link: &Link) -> Result<(), JoinError> {
        let (done, told) = oneshot::channel();
        counters.local.join(&link.lease, done);
        if !told.await.unwrap_or(false) {
            return Err(JoinError::NotTold);
        }
        self.end_lost_leases(link).await?;
        self.tell_ledger(counters).await
    }

    /// What was reserved under lost leases has been told under the present one, and is not to count twice.
    async fn end_lost_leases(&self, link: &Link) -> redis::RedisResult<()> {
        let lost: Vec<String> = self.lost_leases.lock().drain(..).map(|lease| self.keys.lease(&lease)).collect();
        if lost.is_empty() {
            return Ok(());
        }
        self.in_time(redis::cmd("DEL").arg(lost).exec_async(&mut link.connection.clone())).await
    }

    /// Tells what the ledger's database has of the windows this node has seen: it may have been written while Redis was
    /// away.
    async fn tell_ledger(&self, counters: &Counters) -> Result<(), JoinError> {
        for windows in counters.local.shared_windows().chunks(WINDOWS_MAX) {
            let found = in_ledger(&self.db, windows).await?;
            let written = found.into_iter().map(|(window, written)| (window, Default::default(), written));
            counters.local.written(written.collect());
        }
        let (done, told) = oneshot::channel();
        counters.local.flush(done);
        if told.await.unwrap_or(false) { Ok(()) } else { Err(JoinError::NotTold) }
    }

    /// What a former process of this node had told as unwritten is in the ledger's database by now: it may have died
    /// between writing it and telling so.
    async fn tell_former(&self, counters: &Counters, online: &Online) {
        if !self.former.is_written.load(Ordering::Relaxed) || self.former.is_told.load(Ordering::Relaxed) {
            return;
        }
        let mut connection = online.link.connection.clone();
        let mut asked = redis::cmd("SMEMBERS");
        asked.arg(self.keys.owing(&self.settings.node));
        let owing: Vec<String> = match self.in_time(asked.query_async(&mut connection)).await {
            Ok(owing) => owing,
            Err(error) => return self.lose(&online.link.lease, &error),
        };
        let windows: Vec<Window> = owing.iter().filter_map(|key| self.keys.window_of(key)).collect();
        for windows in windows.chunks(WINDOWS_MAX) {
            let Ok(found) = in_ledger(&self.db, windows).await else { return };
            let written = found.into_iter().map(|(window, written)| (window, Default::default(), written));
            counters.local.written(written.collect());
        }
        self.former.is_told.store(true, Ordering::Relaxed);
    }

    /// While this node counts alone, other nodes' spend comes to it through the database.
    async fn follow_ledger(&self, counters: &Counters) {
        let windows: Vec<Window> = counters.local.shared_windows();
        for windows in windows.chunks(WINDOWS_MAX) {
            match in_ledger(&self.db, windows).await {
                Ok(found) => {
                    for (window, (spent, adjusted)) in found {
                        counters.local.count_on_from(&window, spent + adjusted);
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "the database's totals cannot be read either");
                    return;
                }
            }
        }
    }

    /// Gives the lease back: nothing is reserved by a node that has stopped.
    async fn leave(&self) {
        self.online.store(None);
        if let Some(link) = self.link.swap(None) {
            let mut connection = link.connection.clone();
            let mut given_back = redis::cmd("DEL");
            given_back.arg(self.keys.lease(&link.lease));
            if let Err(error) = self.in_time(given_back.exec_async(&mut connection)).await {
                tracing::debug!(%error, "the lease runs out by itself");
            }
        }
    }
}
