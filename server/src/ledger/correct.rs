//! Costs that become known after a call was written.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use tollgate_openapi::money::NanoUsd;

use super::batch::{self, Sums};
use super::event::Charge;
use crate::db;
use crate::db::interrupted_call::{ChargedWindow, Charges};
use crate::db::{budget_spend, spend_log};

/// Books `spend` to a call that is in the log, to its day, its totals and the budget windows it was admitted in; where its
/// month is closed, as an adjustment of it, too. Returns the windows that took the place of those, and it as well.
///
/// # Errors
/// When the database is away.
pub async fn correct(
    db: &impl ConnectionTrait,
    call: &spend_log::Model,
    charges: &Charges,
    spend: NanoUsd,
    now: DateTime<Utc>,
) -> Result<Vec<budget_spend::Model>, DbErr> {
    let charge = |charge: &ChargedWindow| Charge {
        kind: charge.kind.clone().into(),
        id: Arc::from(charge.id.as_str()),
        window_start_us: charge.window_start_us,
    };
    let charges: Vec<Charge> = charges.0.iter().map(charge).collect();
    budget_spend::share_windows(db).await?;
    db::ledger::add_to_call(db, &call.request_id, spend.0).await?;
    let touched = Sums::of_correction(call, &charges, spend.0).write(db).await?;
    let carried = batch::book_carried(db, &touched).await?;
    batch::book_correction(db, call, spend.0, now).await?;
    Ok(carried.into_iter().map(|touched| touched.window).collect())
}
