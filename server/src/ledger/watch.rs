//! Looks at calls as they are written into the ledger for what somebody should know of. What it finds is written in the
//! same transaction: an alert is lost no more than the call that causes it, and told of no more often.

mod budget;
mod calls;
mod outages;

use std::borrow::Cow;
use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sea_orm::{DatabaseTransaction, DbErr, TransactionTrait};
use tollgate_openapi::alert::{AlertLevel, AlertType};

pub use budget::{BudgetLine, ConfiguredBudgets};
use outages::Outages;

use super::event::SpendEvent;
use crate::config::LiveAlertSettings;
use crate::db;
use crate::db::budget_spend;
use crate::domain::alert::{Happened, NewAlert};

/// What is looked for.
#[derive(Debug)]
pub struct Watch {
    settings: LiveAlertSettings,
    budgets: ConfiguredBudgets,
}

/// A window of a budget as a batch leaves it.
#[derive(Clone, Debug)]
pub(super) struct Touched {
    /// The window, with all that is spent in it.
    pub(super) window: budget_spend::Model,
    /// What the batch added.
    pub(super) added: i64,
}

impl Watch {
    /// A watch by these settings, and for these budgets besides those of the database.
    #[must_use]
    pub fn new(settings: LiveAlertSettings, budgets: ConfiguredBudgets) -> Self {
        Self { settings, budgets }
    }

    /// Writes what is to be told of a batch: of those of its `events` that are new, and of the budgets they are charged
    /// to.
    pub(super) async fn look(
        &self,
        db: &DatabaseTransaction,
        events: &[Cow<'_, SpendEvent>],
        inserted: &HashSet<String>,
        touched: Vec<Touched>,
        now: DateTime<Utc>,
    ) -> Result<(), DbErr> {
        let settings = self.settings.load_full();
        let new = || events.iter().map(AsRef::as_ref).filter(|event| inserted.contains(&*event.request_id));
        let mut outages = Outages::load(db, new()).await?;
        let mut alerts = calls::of(new(), &settings, &mut outages);
        outages.store(db).await?;
        alerts.extend(budget::refused(new(), now));
        alerts.extend(budget::of(db, &self.budgets, &settings, new(), touched, now).await?);
        if alerts.is_empty() { Ok(()) } else { raise(db, alerts).await }
    }
}

/// Writes alerts in a part of the transaction that can be taken back: one that the database refuses costs no booking.
async fn raise(db: &DatabaseTransaction, alerts: Vec<NewAlert>) -> Result<(), DbErr> {
    let part = db.begin().await?;
    match db::alert::raise(&part, alerts).await {
        Ok(()) => part.commit().await,
        Err(error) if db::is_data_refused(&error) => {
            tracing::error!(%error, "the database refuses alerts: they are not told");
            part.rollback().await
        }
        Err(error) => Err(error),
    }
}

/// What is to be told of an event that the database refuses.
pub(super) fn not_tracked(event: &SpendEvent, error: &str, now: DateTime<Utc>) -> NewAlert {
    let request_id = event.request_id.to_string();
    let key = format!("failed_tracking_spend/{request_id}");
    let what = Happened::SpendNotTracked { request_id: request_id.clone(), error: error.to_owned() };
    NewAlert {
        subject_kind: "call".to_owned(),
        subject_id: request_id,
        ..NewAlert::of_gateway(AlertType::FailedTrackingSpend, AlertLevel::High, key, now, what)
    }
}
