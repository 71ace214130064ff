//! Alerts and channels as they are shown.

use std::collections::HashMap;

use serde_json::Value;
use tollgate_openapi::alert::{
    AlertChannel, AlertDelivery, AlertLevel, AlertType, AlertView, ChannelKind, ChannelSource, DeliveryState,
};

use crate::alerts::{Channel, Target, Words, host_of};
use crate::app::App;
use crate::db;
use crate::db::alert::Model as Alert;
use crate::db::alert_channel::Model as Row;
use crate::db::alert_channel_state::Model as State;
use crate::db::alert_delivery::Model as Delivery;
use crate::error::{ApiError, ApiResult};
use crate::management::change;

/// Shows a channel of the database.
pub(super) async fn of_row(app: &App, row: Row) -> ApiResult<AlertChannel> {
    let state = db::alert_channel_state::find(&app.db, &row.channel_id).await?;
    channel(app, row, state).ok_or_else(|| ApiError::internal("a channel is of no kind that is known"))
}

fn channel(app: &App, row: Row, state: Option<State>) -> Option<AlertChannel> {
    let mut channel = Channel::of_row(row, &app.alerts.settings.load())?;
    channel.muted_until = state.as_ref().and_then(|state| state.muted_until);
    Some(show(channel, state))
}

/// A channel as the audit chain keeps it.
pub(super) fn snapshot(app: &App, row: &Row) -> Option<Value> {
    Some(change::snapshot(&channel(app, row.clone(), None)?))
}

/// Shows a channel.
pub(super) fn show(channel: Channel, state: Option<State>) -> AlertChannel {
    let (source, target, is_signed) = match (&channel.target, &channel.row) {
        (Target::Configured { url, secret }, _) => {
            let host = url.as_ref().and_then(|url| host_of(url.expose()));
            (ChannelSource::Config, host, secret.is_some())
        }
        (Target::Stored, row) => {
            let is_signed = row.as_ref().is_some_and(|row| row.sealed_secret.is_some());
            let host = row.as_ref().and_then(|row| row.host.clone());
            (ChannelSource::Database, host, is_signed && channel.kind == ChannelKind::Webhook)
        }
    };
    let row = channel.row;
    let state = state.as_ref();
    AlertChannel {
        channel_id: channel.id,
        name: channel.name,
        kind: channel.kind,
        source,
        target,
        email_to: channel.email_to,
        organization_id: channel.organization_id,
        team_id: channel.team_id,
        alert_types: channel.alert_types,
        min_level: channel.min_level,
        messages_per_minute: u32::try_from(channel.messages_per_minute).unwrap_or(u32::MAX),
        quiet_hours: channel.quiet_hours,
        muted_until: channel.muted_until,
        is_signed,
        failing_since: state.and_then(|state| state.failing_since),
        last_error: state.and_then(|state| state.last_error.clone()),
        last_sent_at: state.and_then(|state| state.last_sent_at),
        created_at: row.as_ref().map(|row| row.created_at),
        created_by: row.as_ref().and_then(|row| row.created_by.clone()),
        updated_at: row.as_ref().map(|row| row.updated_at),
        updated_by: row.and_then(|row| row.updated_by),
    }
}

/// Shows alerts with what became of them in those channels that `is_seen`.
pub(super) async fn alerts(
    app: &App,
    rows: Vec<Alert>,
    names: &HashMap<String, String>,
    sees_all: bool,
) -> ApiResult<Vec<AlertView>> {
    let ids = rows.iter().map(|row| row.id).collect();
    let mut deliveries: HashMap<i64, Vec<AlertDelivery>> = HashMap::new();
    for delivery in db::alert_delivery::of_alerts(&app.db, ids).await? {
        if sees_all || names.contains_key(&delivery.channel_id) {
            deliveries.entry(delivery.alert_id).or_default().push(of_delivery(delivery, names));
        }
    }
    let shown = rows.into_iter().filter_map(|row| {
        let deliveries = deliveries.remove(&row.id).unwrap_or_default();
        alert(row, deliveries)
    });
    Ok(shown.collect())
}

fn of_delivery(row: Delivery, names: &HashMap<String, String>) -> AlertDelivery {
    let state = DeliveryState::named(&row.state);
    AlertDelivery {
        channel_name: names.get(&row.channel_id).cloned(),
        channel_id: row.channel_id,
        recipient: Some(row.recipient).filter(|recipient| !recipient.is_empty()),
        state,
        attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
        error: row.error,
        next_attempt_at: (state == DeliveryState::Pending).then_some(row.next_attempt_at),
        sent_at: row.sent_at,
    }
}

fn alert(row: Alert, deliveries: Vec<AlertDelivery>) -> Option<AlertView> {
    // Until it is decided who is told, for half a second, there are no words.
    let words = row.message.as_ref().and_then(Words::of_stored).unwrap_or_default();
    Some(AlertView {
        alert_id: row.id.to_string(),
        alert_type: AlertType::named(&row.alert_type)?,
        level: AlertLevel::named(&row.level)?,
        title: if words.title.is_empty() { row.event.replace('_', " ") } else { words.title },
        event: row.event,
        text: words.text,
        facts: words.facts,
        link: words.link,
        subject_kind: row.subject_kind,
        subject_id: row.subject_id,
        organization_id: row.organization_id,
        team_id: row.team_id,
        occurrences: u64::try_from(row.occurrences).unwrap_or(1),
        occurred_at: row.occurred_at,
        last_at: row.last_at,
        deliveries,
    })
}
