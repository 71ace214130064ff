//! Reports: made when their period is over, by the one node that does so, and tried again where a place does not take them.

use std::time::Duration;

use actix_web::web::Data;
use chrono::TimeDelta;
use sea_orm::DbErr;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::db::lease::Lease;
use crate::db::report_run::{self, Model as Run};
use crate::db::{self, report};
use crate::management::report::{days_due, deliver, due_after, give_up};

/// How often it is looked whether there is something to do.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The name of the lease of whoever makes reports.
const LEASE: &str = "reports";
/// How long another node waits for one that is gone.
const LEASE_TIME: TimeDelta = TimeDelta::seconds(30);
/// One report takes no longer; what took it until then is noted, the rest is tried again.
const MAKE_TIMEOUT: Duration = Duration::from_secs(600);
/// How often the lease is held on to while a report is made, which may take long.
const HOLD_EVERY: Duration = Duration::from_secs(10);

/// Makes reports while this node is the one that does.
#[derive(Debug)]
pub(super) struct Reports {
    app: Data<App>,
    lease: Lease,
}

impl Reports {
    pub(super) fn new(app: Data<App>) -> Self {
        Self { app, lease: Lease::new(LEASE, LEASE_TIME) }
    }

    /// Works until `stop`. A report that is being made then is made again by the next node.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            if let Err(error) = self.look(&stop).await {
                tracing::warn!(%error, "reports wait for the database");
            }
        }
        self.lease.give_back(&self.app.db).await;
    }

    async fn look(&mut self, stop: &CancellationToken) -> Result<(), DbErr> {
        if !self.lease.hold(&self.app.db, self.app.clock.now()).await? {
            return Ok(());
        }
        self.ask_for_due().await?;
        let now = db::stored_time(self.app.clock.now());
        let mut tried = Vec::new();
        // Read anew for each: meanwhile somebody may have asked for one, or deleted one.
        while !stop.is_cancelled()
            && let Some(run) = report_run::next_waiting(&self.app.db, now, &tried).await?
        {
            tried.push(run.report_id.clone());
            if !self.lease.hold(&self.app.db, self.app.clock.now()).await? {
                return Ok(());
            }
            let held = hold(&self.app, &mut self.lease);
            let made = tokio::time::timeout(MAKE_TIMEOUT, Box::pin(make(&self.app, run)));
            tokio::select! {
                done = made => match done {
                    Ok(Err(error)) => tracing::warn!(%error, "what became of a report cannot be noted"),
                    Err(_) => tracing::warn!("a report took too long: it is tried again where it was not taken"),
                    Ok(Ok(())) => {}
                },
                error = held => return Err(error),
                // Making one may take long.
                () = stop.cancelled() => return Ok(()),
            }
        }
        Ok(())
    }

    /// Has every report made whose period is over: those that were missed, one after the other.
    async fn ask_for_due(&self) -> Result<(), DbErr> {
        let now = db::stored_time(self.app.clock.now());
        for report in report::due(&self.app.db, now).await? {
            let Some(due_at) = report.next_due_at else { continue };
            let (period, transaction) = (report.period(), db::begin(&self.app.db).await?);
            if report::put_off(&transaction, &report.report_id, (due_at, due_after(period, due_at))).await? {
                let run = Run::new(&report.report_id, days_due(period, due_at), now);
                report_run::ask(&transaction, run, false).await?;
            }
            transaction.commit().await?;
        }
        Ok(())
    }
}

/// Makes one report, and notes what became of it.
async fn make(app: &Data<App>, mut run: Run) -> Result<(), DbErr> {
    let Some(report) = report::find(&app.db, &run.report_id).await? else {
        return report_run::delete_of(&app.db, &[run.report_id]).await;
    };
    if let Err(error) = deliver(app, &report, &mut run).await {
        let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        tracing::warn!(report = run.report_id, error = cause, "a report could not be made");
        give_up(&mut run, &error, app.clock.now());
    } else if let Some(error) = &run.error {
        tracing::warn!(report = run.report_id, error, attempts = run.attempts, "a report was not taken everywhere");
    }
    report_run::write(&app.db, &run).await
}

/// Holds on to the lease; ends only where that is not possible.
async fn hold(app: &App, lease: &mut Lease) -> DbErr {
    loop {
        sleep(HOLD_EVERY).await;
        match lease.hold(&app.db, app.clock.now()).await {
            Ok(true) => {}
            Ok(false) => return DbErr::Custom("another node makes reports".to_owned()),
            Err(error) => return error,
        }
    }
}
