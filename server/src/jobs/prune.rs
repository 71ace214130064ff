//! Takes old calls out of the log.

use std::time::Duration;

use chrono::TimeDelta;
use sea_orm::DatabaseConnection;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::ledger::retention;

/// How long calls stay in the log, and how often older ones are taken out.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// How long they stay.
    pub period: Duration,
    /// How often that is looked at.
    pub interval: Duration,
}

pub(super) async fn prune(db: DatabaseConnection, clock: Clock, retention: Retention, stop: CancellationToken) {
    let mut ticks = interval(retention.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let period = TimeDelta::from_std(retention.period).unwrap_or(TimeDelta::MAX);
        let Some(before) = clock.now().checked_sub_signed(period) else { continue };
        match stop.run_until_cancelled(retention::prune(&db, before)).await {
            Some(Ok(0)) | None => {}
            Some(Ok(calls)) => tracing::info!(calls, %before, "old calls were taken out of the log"),
            Some(Err(error)) => tracing::warn!(%error, "old calls stay in the log until the next time"),
        }
    }
}
