//! Alerts in words. Pure.

use tollgate_openapi::alert::{AlertDelivery, AlertLevel, AlertType, AlertView, ChannelKind, DeliveryState};

use crate::ui::badge::Tone;

/// Types to filter by.
pub(super) const TYPE_OPTIONS: &[(&str, &str)] = &[
    ("", "Anything"),
    ("budget_alerts", "Budgets"),
    ("llm_exceptions", "Calls that fail"),
    ("llm_too_slow", "Calls that are slow"),
    ("llm_requests_hanging", "Calls that hang"),
    ("outage_alerts", "Outages of providers"),
    ("region_outage_alerts", "Outages of regions"),
    ("cooldown_deployment", "Deployments that rest"),
    ("fallback_reports", "Fallbacks"),
    ("failed_tracking_spend", "Costs that are not booked"),
    ("db_exceptions", "The database"),
    ("spend_reports", "Reports of spend"),
    ("daily_reports", "Reports of models"),
    ("user_spend_thresholds", "Users who spend much"),
    ("user_spend_anomalies", "Users who spend unusually"),
    ("model_deprecation_warnings", "Models that end"),
    ("new_model_added", "New models"),
    ("alert_channel_failing", "Channels that fail"),
    ("spool_growing", "Costs that wait"),
    ("counters_degraded", "Redis"),
    ("ledger_mismatch", "The ledger"),
    ("credential_expiring", "Keys that expire"),
    ("new_virtual_key_created", "Keys made"),
    ("virtual_key_updated", "Keys changed"),
    ("virtual_key_deleted", "Keys deleted"),
    ("new_team_created", "Teams made"),
    ("team_updated", "Teams changed"),
    ("team_deleted", "Teams deleted"),
    ("new_internal_user_created", "Users made"),
    ("internal_user_updated", "Users changed"),
    ("internal_user_deleted", "Users deleted"),
];

/// Levels to filter by.
pub(super) const LEVEL_OPTIONS: &[(&str, &str)] =
    &[("", "However bad"), ("high", "High"), ("medium", "Medium"), ("low", "Low")];

/// A type as people say it.
pub(super) fn type_name(alert_type: AlertType) -> &'static str {
    let name = alert_type.name();
    TYPE_OPTIONS.iter().find(|(word, _)| *word == name).map_or(name, |(_, text)| text)
}

/// A level and how it feels.
pub(crate) const fn level(level: AlertLevel) -> (Tone, &'static str) {
    match level {
        AlertLevel::Low => (Tone::Neutral, "Low"),
        AlertLevel::Medium => (Tone::Warning, "Medium"),
        AlertLevel::High => (Tone::Bad, "High"),
    }
}

/// What became of an alert in a channel, and how it feels.
pub(super) const fn delivery(state: DeliveryState) -> (Tone, &'static str) {
    match state {
        DeliveryState::Pending => (Tone::Warning, "Waits"),
        DeliveryState::Sent => (Tone::Good, "Told"),
        DeliveryState::Muted => (Tone::Neutral, "Muted"),
        DeliveryState::Failed => (Tone::Bad, "Failed"),
    }
}

/// What a channel speaks.
pub(super) const fn kind_name(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Slack => "Slack",
        ChannelKind::Email => "E-mail",
        ChannelKind::Webhook => "Webhook",
        ChannelKind::Teams => "Microsoft Teams",
        ChannelKind::Discord => "Discord",
        ChannelKind::Pagerduty => "PagerDuty",
    }
}

/// Where an alert was told, in short.
pub(super) fn told(alert: &AlertView) -> String {
    let count = |state: DeliveryState| alert.deliveries.iter().filter(|one| one.state == state).count();
    let sent: Vec<&str> =
        alert.deliveries.iter().filter(|one| one.state == DeliveryState::Sent).map(channel_name).collect();
    let (waiting, failed) = (count(DeliveryState::Pending), count(DeliveryState::Failed));
    let mut parts = Vec::new();
    match sent.as_slice() {
        [] => {}
        [one] => parts.push((*one).to_owned()),
        many => parts.push(format!("{} channels", many.len())),
    }
    if waiting > 0 {
        parts.push(format!("{waiting} waiting"));
    }
    if failed > 0 {
        parts.push(format!("{failed} failed"));
    }
    if parts.is_empty() { "nowhere".to_owned() } else { parts.join(", ") }
}

/// What the channel of a delivery is called.
pub(super) fn channel_name(delivery: &AlertDelivery) -> &str {
    delivery.channel_name.as_deref().unwrap_or("a channel that is gone")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_name_to_filter_by() {
        for alert_type in AlertType::ALL {
            assert_ne!(type_name(alert_type), alert_type.name());
        }
        assert_eq!(TYPE_OPTIONS.len(), AlertType::ALL.len() + 1);
    }
}
