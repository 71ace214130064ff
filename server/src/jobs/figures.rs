//! Counts what metrics tell of the database, so that whoever reads them does not wait for it.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{DatabaseConnection, DbErr};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::db;
use crate::telemetry::database::{Counted, DatabaseFigures};

/// How often.
const COUNT_EVERY: Duration = Duration::from_secs(15);
/// A database that takes longer is away: a connection may never tell.
const COUNT_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) async fn count(db: DatabaseConnection, figures: Arc<DatabaseFigures>, stop: CancellationToken) {
    let mut ticks = interval(COUNT_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        match tokio::time::timeout(COUNT_TIMEOUT, counted(&db)).await {
            Ok(Ok(counted)) => figures.set(Some(counted)),
            Ok(Err(error)) => {
                tracing::debug!(%error, "what metrics tell of the database cannot be counted");
                figures.set(None);
            }
            Err(_) => figures.set(None),
        }
    }
}

async fn counted(db: &DatabaseConnection) -> Result<Counted, DbErr> {
    Ok(Counted {
        users: db::user::count(db).await?,
        teams: db::team::count(db).await?,
        alerts: db::alert::count_waiting(db).await?,
        deliveries: db::alert_delivery::count_pending(db).await?,
    })
}
