//! Periodic work of this process. Each job can be stopped and repeated at any time.

mod prune;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{DatabaseConnection, DbErr};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::db;
use crate::ledger::Spool;
use crate::ledger::contents::ContentWriter;
use crate::ledger::writer::Writer;
use crate::policy::PolicyStore;
use crate::telemetry;

pub use prune::Retention;

/// How long a settled call may be in the kernel only.
const SPOOL_SYNC_EVERY: Duration = Duration::from_millis(50);
/// How soon a change of a key made on another node is in force here.
const POLICY_POLL_EVERY: Duration = Duration::from_millis(500);
/// Changes that cannot be read in this time are read on another connection: this one may lead nowhere.
const POLICY_POLL_TIMEOUT: Duration = Duration::from_secs(5);
/// How often histogram samples are summed up.
const METRICS_UPKEEP_EVERY: Duration = Duration::from_secs(5);
/// Changes are read this far back: on Postgres a smaller id may be committed after a larger one.
const POLICY_LOOK_BACK: i64 = 64;
/// Changes read at once.
const POLICY_CHANGES_MAX: u64 = 1_000;

/// What the jobs work on.
#[derive(Clone, Debug)]
pub struct Work {
    /// State.
    pub db: DatabaseConnection,
    /// Settled calls.
    pub spool: Arc<Spool>,
    /// Policies in memory.
    pub policy: Arc<PolicyStore>,
    /// Time.
    pub clock: Clock,
    /// How long calls stay in the log; `None`: for ever.
    pub retention: Option<Retention>,
}

/// Starts all jobs; they end some time after `stop`.
pub fn start(work: &Work, writer: Writer, contents: Option<ContentWriter>, stop: &CancellationToken) -> JoinSet<()> {
    let mut jobs = JoinSet::new();
    jobs.spawn(writer.run(stop.clone()));
    jobs.spawn(sync_spool(Arc::clone(&work.spool), stop.clone()));
    jobs.spawn(follow_policy_changes(work.clone(), stop.clone()));
    jobs.spawn(keep_metrics_up(stop.clone()));
    if let Some(contents) = contents {
        jobs.spawn(contents.run(stop.clone()));
    }
    if let Some(retention) = work.retention {
        jobs.spawn(prune::prune(work.db.clone(), work.clock.clone(), retention, stop.clone()));
    }
    jobs
}

async fn sync_spool(spool: Arc<Spool>, stop: CancellationToken) {
    let mut ticks = interval(SPOOL_SYNC_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let spool = Arc::clone(&spool);
        if let Err(error) = tokio::task::spawn_blocking(move || spool.sync()).await {
            tracing::error!(%error, "syncing the spool failed");
        }
    }
}

/// Forgets keys and other entities with limits that other nodes changed.
async fn follow_policy_changes(work: Work, stop: CancellationToken) {
    let mut seen: BTreeSet<i64> = BTreeSet::new();
    let mut is_away = false;
    let mut ticks = interval(POLICY_POLL_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = db::policy_change::last_id(&work.db).await.unwrap_or(0);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let from = last.saturating_sub(POLICY_LOOK_BACK);
        let reading = db::policy_change::since(&work.db, from, POLICY_CHANGES_MAX);
        let read = tokio::time::timeout(POLICY_POLL_TIMEOUT, reading).await;
        match read.unwrap_or_else(|_| Err(DbErr::Custom("the database does not answer".to_owned()))) {
            Ok(changes) => {
                is_away = false;
                for change in changes {
                    if seen.insert(change.id) {
                        work.policy.forget(&change.entity_kind, &change.entity_id);
                    }
                    last = last.max(change.id);
                }
                seen = seen.split_off(&last.saturating_sub(POLICY_LOOK_BACK));
            }
            Err(error) if !is_away => {
                is_away = true;
                tracing::warn!(%error, "changes of limits cannot be followed; what is known goes on as it is");
            }
            Err(_) => {}
        }
    }
}

async fn keep_metrics_up(stop: CancellationToken) {
    let mut ticks = interval(METRICS_UPKEEP_EVERY);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        if let Some(metrics) = telemetry::metrics() {
            metrics.run_upkeep();
        }
    }
}
