//! Old calls leave the log; every sum stays, and says which part of it is no longer in the log.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{DatabaseConnection, DbErr};

use super::batch;
use crate::db::{self, budget_spend, daily_spend, daily_tag_spend, spend_log};

/// Any number: on Postgres nodes take this lock, so that one of them prunes at a time.
const PRUNE_LOCK: i64 = 0x746f_6c6c_7072;
/// Calls of one transaction: others that write wait for it no longer than for a batch of the ledger's writer.
const BATCH_CALLS_MAX: u32 = 1_000;
/// Pause after a batch, so that others get their turn.
const BATCH_PAUSE: Duration = Duration::from_millis(20);

/// Takes calls that arrived before `before` out of the log, batch by batch, and returns how many there were. Where
/// another node is at it, it is left to that one.
///
/// # Errors
/// When the database is away; what was taken out until then is accounted for.
pub async fn prune(db: &DatabaseConnection, before: DateTime<Utc>) -> Result<u64, DbErr> {
    let mut pruned = 0;
    loop {
        let calls = prune_batch(db, before).await?;
        pruned += u64::from(calls);
        if calls < BATCH_CALLS_MAX {
            return Ok(pruned);
        }
        tokio::time::sleep(BATCH_PAUSE).await;
    }
}

async fn prune_batch(db: &DatabaseConnection, before: DateTime<Utc>) -> Result<u32, DbErr> {
    let transaction = db::begin(db).await?;
    if !db::try_lock_until_commit(&transaction, PRUNE_LOCK).await? {
        return Ok(0);
    }
    budget_spend::share_windows(&transaction).await?;
    let calls = spend_log::take_old(&transaction, before, BATCH_CALLS_MAX).await?;
    db::ledger::add::<daily_spend::Entity>(&transaction, batch::pruned_rows(&calls)).await?;
    db::ledger::add::<daily_tag_spend::Entity>(&transaction, batch::pruned_tag_rows(&calls)).await?;
    db::ledger::add::<budget_spend::Entity>(&transaction, batch::pruned_windows(&calls)?).await?;
    transaction.commit().await?;
    Ok(u32::try_from(calls.len()).unwrap_or(u32::MAX))
}
