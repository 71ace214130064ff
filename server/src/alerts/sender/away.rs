//! Word of the database's outage while it lasts, and of its end.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::DbErr;
use tollgate_openapi::alert::{AlertLevel, AlertType};

use super::Sender;
use crate::alerts::{Channel, Message};
use crate::db;
use crate::domain::alert::{Happened, NewAlert};

/// A database that is away for so long is told of: a restart is no incident.
pub(super) const AWAY_MIN: TimeDelta = TimeDelta::seconds(10);

/// That the database is away.
#[derive(Debug)]
pub(super) struct Away {
    since: DateTime<Utc>,
    error: String,
    is_told: bool,
}

impl Sender {
    /// What cannot be written into the outbox is told without it, once, by the node that told alerts before.
    pub(super) fn database_is_away(&mut self, error: &DbErr, began: DateTime<Utc>) {
        let now = self.alerts.clock.now();
        let away = self.away.get_or_insert_with(|| {
            tracing::warn!(%error, "alerts wait for the database");
            Away { since: began, error: error.to_string(), is_told: false }
        });
        if away.is_told || now - away.since < AWAY_MIN || self.lease.held_until().is_none() {
            return;
        }
        away.is_told = true;
        let message = Message::database_is_away(away.since, &away.error, self.alerts.timezone);
        let told =
            |channel: &&Channel| channel.alert_types.contains(&AlertType::DbExceptions) && !channel.is_muted(now);
        for channel in self.known.iter().filter(told).cloned() {
            let (alerts, message) = (Arc::clone(&self.alerts), message.clone());
            tokio::spawn(async move {
                if let Err(error) = alerts.tell_now(&channel, &message).await {
                    tracing::error!(channel = channel.id, error, "nobody is told that the database is away");
                }
            });
        }
    }

    /// Who told that the database is away tells that it is back: in every channel, and in the history.
    pub(super) async fn database_is_back(&mut self) {
        let Some(Away { since, error, .. }) = self.away.take().filter(|away| away.is_told) else { return };
        let alert = NewAlert {
            alert_type: AlertType::DbExceptions,
            level: AlertLevel::High,
            subject_kind: "gateway".to_owned(),
            subject_id: "gateway".to_owned(),
            organization_id: None,
            team_id: None,
            user_id: None,
            dedup_key: format!("db_exceptions/{}", since.timestamp_micros()),
            occurrences: 1,
            at: since,
            what: Happened::DatabaseAway { seconds: (self.alerts.clock.now() - since).num_seconds(), error },
        };
        if let Err(error) = db::alert::raise(&self.alerts.db, vec![alert]).await {
            tracing::warn!(%error, "nobody is told that the database is back");
        }
    }
}
