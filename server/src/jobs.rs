//! Periodic work of this process. Each job can be stopped and repeated at any time.

mod exporters;
mod figures;
mod health_checks;
pub mod idle_counters;
mod model_prices;
mod node_alerts;
mod policy_changes;
mod prune;
mod reports;

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use sea_orm::DatabaseConnection;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::alerts::{Alerts, Lookout, Sender};
use crate::app::App;
use crate::clock::Clock;
use crate::counters::Counters;
use crate::export::Exporters;
use crate::gateway::waiting::WaitingCalls;
use crate::ledger::Spool;
use crate::ledger::contents::ContentWriter;
use crate::ledger::writer::Writer;
use crate::models::LiveModels;
use crate::policy::{Channel, PolicyStore};
use crate::router::{Router, rests};
use crate::settings::LiveSettings;
use crate::telemetry;
use crate::telemetry::database::DatabaseFigures;

pub use health_checks::HealthChecks;
pub use prune::Retention;

/// How long a settled call may be in the kernel only.
const SPOOL_SYNC_EVERY: Duration = Duration::from_millis(50);
/// How often histogram samples are summed up.
const METRICS_UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// What the jobs work on.
#[derive(Clone, Debug)]
pub struct Work {
    /// Time.
    pub clock: Clock,
    /// State.
    pub db: DatabaseConnection,
    /// Settled calls.
    pub spool: Arc<Spool>,
    /// Policies in memory.
    pub policy: Arc<PolicyStore>,
    /// What scopes have spent.
    pub counters: Arc<Counters>,
    /// Which deployment serves a call.
    pub router: Arc<Router>,
    /// Calls whose answer has not begun.
    pub waiting: Arc<WaitingCalls>,
    /// The models in force.
    pub models: Arc<LiveModels>,
    /// Tells people what happened.
    pub alerts: Arc<Alerts>,
    /// The settings in force.
    pub settings: Arc<LiveSettings>,
    /// What metrics tell of the database.
    pub figures: Arc<DatabaseFigures>,
    /// Where nodes tell each other which deployments rest.
    pub rests: Option<Arc<Channel>>,
    /// How deployments are checked; `None`: they are not.
    pub health_checks: Option<HealthChecks>,
    /// How long calls stay in the log; `None`: for ever.
    pub retention: Option<Retention>,
    /// The control plane's parts.
    pub app: Data<App>,
}

/// Who takes calls that have ended, besides the writer of the ledger.
#[derive(Debug)]
pub struct Takers {
    /// Writes prompts and answers, where they are kept.
    pub contents: Option<ContentWriter>,
    /// Tell observability tools of them.
    pub exporters: Exporters,
}

/// Starts all jobs; they end some time after `stop`.
pub fn start(work: &Work, writer: Writer, takers: Takers, stop: &CancellationToken) -> JoinSet<()> {
    let mut jobs = JoinSet::new();
    jobs.spawn(writer.run(stop.clone()));
    jobs.spawn(sync_spool(Arc::clone(&work.spool), stop.clone()));
    jobs.spawn(policy_changes::follow(work.clone(), stop.clone()));
    jobs.spawn(model_prices::enter(work.clone(), stop.clone()));
    let (policy, until) = (Arc::clone(&work.policy), stop.clone());
    jobs.spawn(async move { policy.bulletin().run(until).await });
    if let Some(channel) = work.rests.clone() {
        let (router, until) = (Arc::clone(&work.router), stop.clone());
        jobs.spawn(async move { rests::share(&router, &channel, until).await });
    }
    if let Some(checks) = work.health_checks.clone() {
        jobs.spawn(checks.run(stop.clone()));
    }
    jobs.spawn(idle_counters::IdleCounters::new(work, idle_counters::KEPT).run(stop.clone()));
    jobs.spawn(keep_metrics_up(stop.clone()));
    jobs.spawn(figures::count(work.db.clone(), Arc::clone(&work.figures), stop.clone()));
    jobs.spawn(node_alerts::NodeAlerts::new(work).run(stop.clone()));
    jobs.spawn(Sender::new(Arc::clone(&work.alerts)).run(stop.clone()));
    jobs.spawn(reports::Reports::new(work.app.clone()).run(stop.clone()));
    jobs.spawn(Lookout::new(Arc::clone(&work.alerts)).run(stop.clone()));
    if let Some(contents) = takers.contents {
        jobs.spawn(contents.run(stop.clone()));
    }
    jobs.spawn(exporters::run(takers.exporters, stop.clone()));
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

async fn keep_metrics_up(stop: CancellationToken) {
    let mut ticks = interval(METRICS_UPKEEP_EVERY);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        if let Some(metrics) = telemetry::metrics() {
            metrics.run_upkeep();
        }
    }
}
