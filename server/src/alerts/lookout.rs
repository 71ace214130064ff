//! What one node looks for in the database from time to time: users who spend much, keys that expire, a day that does not
//! add up. What it finds again is told once.

mod keys;
mod ledger;
mod users;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sea_orm::DbErr;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Alerts;
use crate::db;
use crate::db::lease::Lease;

/// How often it is looked whether it is time.
const TICK_EVERY: Duration = Duration::from_millis(500);
/// How often it is time.
const LOOK_EVERY: TimeDelta = TimeDelta::minutes(10);
/// How long after its start: a node that starts has other things to do than adding up days.
const FIRST_LOOK_AFTER: TimeDelta = TimeDelta::minutes(1);
/// How long after a look that failed it is time again.
const LOOK_AGAIN_AFTER: TimeDelta = TimeDelta::minutes(1);
/// The name of the lease of whoever looks.
const LEASE: &str = "alerts_lookout";

/// Looks while this node is the one that does.
#[derive(Debug)]
pub struct Lookout {
    alerts: Arc<Alerts>,
    lease: Lease,
    next_at: DateTime<Utc>,
    /// The last day that was added up.
    verified: Option<NaiveDate>,
}

impl Lookout {
    /// A node that may look.
    #[must_use]
    pub fn new(alerts: Arc<Alerts>) -> Self {
        let next_at = alerts.clock.now() + FIRST_LOOK_AFTER;
        // Held for longer than until the next look: the same node goes on with it.
        Self { alerts, lease: Lease::new(LEASE, LOOK_EVERY * 2), next_at, verified: None }
    }

    /// Looks until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut ticks = interval(TICK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let now = db::stored_time(self.alerts.clock.now());
            if now < self.next_at {
                continue;
            }
            // To its end: what is broken off leaves a transaction open until its connection is used again.
            match self.look(now).await {
                Ok(()) => self.next_at = now + LOOK_EVERY,
                Err(error) => {
                    tracing::warn!(%error, "what is looked for in the database is looked for again in a minute");
                    self.next_at = now + LOOK_AGAIN_AFTER;
                }
            }
        }
        self.lease.give_back(&self.alerts.db).await;
    }

    async fn look(&mut self, now: DateTime<Utc>) -> Result<(), DbErr> {
        if !self.lease.hold(&self.alerts.db, now).await? {
            return Ok(());
        }
        // One that fails keeps no other from being looked at.
        let users = self.alerts.look_at_users(now).await;
        let keys = self.alerts.look_at_keys(now).await;
        self.verified = self.alerts.look_at_yesterday(now, self.verified).await?;
        users.and(keys)
    }
}
