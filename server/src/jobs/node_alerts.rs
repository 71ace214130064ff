//! What this node sees of itself that somebody should know of: deployments that rest, calls that hang, costs that wait,
//! counters that are counted alone, and models that their provider turns off.
//!
//! Every node looks at itself; what several see is told once.

mod backlog;
mod retiring;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{DatabaseConnection, DbErr};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tollgate_openapi::alert::{AlertLevel, AlertType};

use super::Work;
use crate::clock::Clock;
use crate::config::LiveAlertSettings;
use crate::counters::Counters;
use crate::db;
use crate::domain::alert::{Happened, NewAlert};
use crate::gateway::waiting::{WaitingCall, WaitingCalls};
use crate::ledger::Spool;
use crate::router::{Rest, Router};
use backlog::Backlog;

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The same thing is told of once in this time, in seconds.
const TOLD_EVERY: i64 = 3_600;
/// Alerts that wait for the database; beyond, they are not told.
const WAITING_MAX: usize = 512;
/// Counting alone for less than this is a restart of Redis.
const ALONE_MIN: TimeDelta = TimeDelta::seconds(10);
/// How often models are looked at.
const MODELS_EVERY: TimeDelta = TimeDelta::hours(1);
/// Where Linux says what this machine is called.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// The job, and what it has found so far.
#[derive(Debug)]
pub(super) struct NodeAlerts {
    clock: Clock,
    db: DatabaseConnection,
    settings: LiveAlertSettings,
    router: Arc<Router>,
    waiting: Arc<WaitingCalls>,
    spool: Arc<Spool>,
    counters: Arc<Counters>,
    rests: broadcast::Receiver<Rest>,
    /// What people call this node.
    name: String,
    backlog: Backlog,
    /// Since when it counts alone, and whether that was told.
    alone: Option<(DateTime<Utc>, bool)>,
    models_at: DateTime<Utc>,
    /// Found and not in the database yet.
    /// By what tells them apart: what is found again while the database is away takes no more room.
    found: BTreeMap<String, NewAlert>,
}

impl NodeAlerts {
    pub(super) fn new(work: &Work) -> Self {
        let name = std::fs::read_to_string(HOST_NAME).unwrap_or_default();
        Self {
            clock: work.clock.clone(),
            db: work.db.clone(),
            settings: Arc::clone(&work.alerts.settings),
            router: Arc::clone(&work.router),
            waiting: Arc::clone(&work.waiting),
            spool: Arc::clone(&work.spool),
            counters: Arc::clone(&work.counters),
            rests: work.router.rests(),
            name: name.trim().to_owned(),
            backlog: Backlog::default(),
            alone: None,
            models_at: DateTime::<Utc>::MIN_UTC,
            found: BTreeMap::new(),
        }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            if let Err(error) = self.look().await {
                tracing::debug!(%error, "what this node has found waits for the database");
            }
        }
    }

    async fn look(&mut self) -> Result<(), DbErr> {
        let now = db::stored_time(self.clock.now());
        self.note_rests(now);
        self.note_hanging(now);
        self.note_alone(now);
        self.note_backlog(now);
        if !self.found.is_empty() {
            match db::alert::raise(&self.db, self.found.values().cloned().collect()).await {
                // It would be refused for ever, and keep all others waiting.
                Err(error) if db::is_data_refused(&error) => {
                    tracing::error!(%error, "the database refuses alerts: they are not told");
                }
                raised => raised?,
            }
            self.found.clear();
        }
        if now >= self.models_at + MODELS_EVERY {
            self.models_at = now;
            db::alert::raise_new(&self.db, retiring::alerts(&self.router.deployments(), now)).await?;
        }
        Ok(())
    }

    fn note(&mut self, alert: NewAlert) {
        match self.found.entry(alert.dedup_key.clone()) {
            Entry::Occupied(mut same) => same.get_mut().occurrences += alert.occurrences,
            Entry::Vacant(free) => drop(free.insert(alert)),
        }
    }

    fn note_rests(&mut self, now: DateTime<Utc>) {
        loop {
            match self.rests.try_recv() {
                Ok(rest) => {
                    if let Some(alert) = rested(&self.router, rest, now) {
                        self.note(alert);
                    }
                }
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    fn note_hanging(&mut self, now: DateTime<Utc>) {
        let (threshold, monotonic) = (self.settings.load().slow_after, self.clock.monotonic());
        for call in self.waiting.take_hanging(threshold, monotonic, WAITING_MAX) {
            let waits = monotonic.saturating_duration_since(call.started);
            self.note(hanging(&call, (waits, threshold), now));
        }
    }

    fn note_alone(&mut self, now: DateTime<Utc>) {
        if !self.counters.is_degraded() {
            self.alone = None;
            return;
        }
        let (since, is_told) = self.alone.unwrap_or((now, false));
        let is_due = !is_told && now - since >= ALONE_MIN;
        self.alone = Some((since, is_told || is_due));
        if is_due {
            let what = Happened::CountersAlone { since, refuses_budgets: self.counters.refuses_budgets() };
            // All nodes lose the same Redis.
            let key = format!("counters_degraded/{}", hour(since));
            let alert = NewAlert::of_gateway(AlertType::CountersDegraded, AlertLevel::High, key, now, what);
            self.note(self.of_node(alert));
        }
    }

    fn note_backlog(&mut self, now: DateTime<Utc>) {
        let health = self.spool.health();
        if !self.backlog.look(&health, self.spool.disk_bytes_max(), now) {
            return;
        }
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let what = Happened::SpoolGrowing {
            pending: whole(health.pending),
            seconds: whole(health.oldest_seconds),
            bytes: whole(health.disk_bytes),
            bytes_max: whole(self.spool.disk_bytes_max()),
            failure: health.failure,
        };
        let key = format!("spool_growing/{}/{}", self.name, hour(now));
        let alert = NewAlert::of_gateway(AlertType::SpoolGrowing, AlertLevel::High, key, now, what);
        self.note(self.of_node(alert));
    }

    fn of_node(&self, alert: NewAlert) -> NewAlert {
        NewAlert { subject_kind: "node".to_owned(), subject_id: self.name.clone(), ..alert }
    }
}

fn hour(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(TOLD_EVERY)
}

/// The alert of a rest that begins.
fn rested(router: &Router, rest: Rest, now: DateTime<Utc>) -> Option<NewAlert> {
    let until = rest.until?;
    let deployment = router.deployments().into_iter().find(|one| *one.id == *rest.deployment)?;
    let what = Happened::CooledDown {
        model: deployment.model_name.to_string(),
        provider: deployment.provider_name.to_string(),
        upstream_model: deployment.upstream_model.to_string(),
        reason: rest.reason,
        until,
    };
    let key = format!("cooldown_deployment/{}/{}", rest.deployment, hour(now));
    Some(NewAlert {
        subject_kind: "deployment".to_owned(),
        subject_id: rest.deployment,
        ..NewAlert::of_gateway(AlertType::CooldownDeployment, AlertLevel::Medium, key, now, what)
    })
}

/// The alert of a call that hangs.
fn hanging(call: &WaitingCall, (waits, threshold): (Duration, Duration), now: DateTime<Utc>) -> NewAlert {
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    let what = Happened::CallsHanging {
        model: call.model.to_string(),
        provider: call.provider.to_string(),
        seconds: seconds(waits),
        threshold_seconds: seconds(threshold),
        request_id: call.request_id.to_string(),
    };
    let key = format!("llm_requests_hanging/{}/{}/{}", call.model, call.provider, hour(now));
    NewAlert {
        subject_kind: "model".to_owned(),
        subject_id: call.model.to_string(),
        ..NewAlert::of_gateway(AlertType::LlmRequestsHanging, AlertLevel::Medium, key, now, what)
    }
}
