//! Enters prices that this node has found changed in config.yaml or the catalog.

use std::collections::HashSet;
use std::time::Duration;

use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;

use super::Work;
use crate::models::{PricesInForce, enter_prices};

/// How soon it is tried again where the database is away.
const TRY_AGAIN: Duration = Duration::from_secs(5);
/// How soon it is looked again whether there is room for what changes too often.
const LOOK_AGAIN: Duration = Duration::from_secs(600);
/// What takes longer is tried again on another connection: this one may lead nowhere.
const ENTER_TIMEOUT: Duration = Duration::from_secs(30);

/// Enters what was put in force, in order, whenever something was.
pub(super) async fn enter(work: Work, stop: CancellationToken) {
    let (mut is_away, mut deferred) = (false, HashSet::new());
    loop {
        let mut pause = None;
        if let Some((prices, has_more)) = work.models.waiting_prices() {
            let Some(entered) = stop.run_until_cancelled(in_time(&work, &prices, &deferred)).await else { return };
            match entered {
                Ok(left_out) => {
                    (is_away, deferred) = (false, left_out);
                    if deferred.is_empty() || has_more {
                        // What is left out is looked at again with what came after it, which holds now.
                        work.models.forget_prices(&prices);
                        continue;
                    }
                    pause = Some(LOOK_AGAIN);
                }
                Err(error) => {
                    if !std::mem::replace(&mut is_away, true) {
                        tracing::warn!(%error, "changed prices are not in their history yet");
                    }
                    pause = Some(TRY_AGAIN);
                }
            }
        }
        let other = async {
            tokio::select! {
                () = work.models.other_prices() => {}
                () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => {}
            }
        };
        if stop.run_until_cancelled(other).await.is_none() {
            return;
        }
    }
}

async fn in_time(work: &Work, prices: &PricesInForce, deferred: &HashSet<String>) -> Result<HashSet<String>, DbErr> {
    let entering = tokio::time::timeout(ENTER_TIMEOUT, enter_prices(&work.db, prices, deferred, work.clock.now()));
    entering.await.unwrap_or_else(|_| Err(DbErr::Custom("the database does not answer".to_owned())))
}
