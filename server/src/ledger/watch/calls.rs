//! Calls that fail, take long, or are answered by another model than was asked for.

use serde_json::Value;
use tollgate_openapi::alert::{AlertLevel, AlertType};
use tollgate_openapi::spend::CallStatus;

use super::outages::Outages;
use crate::config::AlertSettings;
use crate::domain::alert::{Happened, NewAlert};
use crate::ledger::event::{ASKED_FOR_NOTE, SpendEvent};

/// The same thing is told of once in this time, in seconds.
pub(super) const TOLD_EVERY: i64 = 3_600;
/// Characters of an error that are told.
const ERROR_CHARS_MAX: usize = 300;
/// Statuses that are the client's own doing: nobody else need know.
const OF_CLIENTS: [u16; 6] = [400, 404, 413, 415, 422, 499];

/// What is to be told of these calls.
pub(super) fn of<'e>(
    events: impl Iterator<Item = &'e SpendEvent>,
    settings: &AlertSettings,
    outages: &mut Outages,
) -> Vec<NewAlert> {
    let mut alerts = Vec::new();
    for event in events {
        alerts.extend(failed(event));
        alerts.extend(slow(event, settings));
        alerts.extend(fell_back(event));
        alerts.extend(outages.look(event, settings));
    }
    alerts
}

/// An alert about the model that a call asked for.
fn of_model(alert_type: AlertType, level: AlertLevel, event: &SpendEvent, key: &str, what: Happened) -> NewAlert {
    let hour = event.end_time.timestamp().div_euclid(TOLD_EVERY);
    let key = format!("{alert_type}/{}/{key}/{hour}", event.model_group);
    NewAlert {
        subject_kind: "model".to_owned(),
        subject_id: event.model_group.to_string(),
        ..NewAlert::of_gateway(alert_type, level, key, event.end_time, what)
    }
}

fn failed(event: &SpendEvent) -> Option<NewAlert> {
    let provider = event.provider.as_deref()?;
    let is_failure = event.status == CallStatus::Failure && !OF_CLIENTS.contains(&event.status_code);
    let what = Happened::CallsFailed {
        model: event.model_group.to_string(),
        provider: provider.to_owned(),
        status_code: event.status_code,
        error: shortened(event.metadata.get("error").and_then(Value::as_str).unwrap_or_default()),
        request_id: event.request_id.to_string(),
    };
    let key = format!("{provider}/{}", event.status_code);
    is_failure.then(|| of_model(AlertType::LlmExceptions, AlertLevel::Medium, event, &key, what))
}

fn slow(event: &SpendEvent, settings: &AlertSettings) -> Option<NewAlert> {
    let provider = event.provider.as_deref().filter(|_| !event.cache_hit)?;
    let took = (event.end_time - event.start_time).to_std().ok().filter(|took| *took > settings.slow_after)?;
    let seconds = |duration: std::time::Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    let what = Happened::CallsSlow {
        model: event.model_group.to_string(),
        provider: provider.to_owned(),
        seconds: seconds(took),
        threshold_seconds: seconds(settings.slow_after),
        request_id: event.request_id.to_string(),
    };
    Some(of_model(AlertType::LlmTooSlow, AlertLevel::Low, event, provider, what))
}

fn fell_back(event: &SpendEvent) -> Option<NewAlert> {
    let fallbacks = event.metadata.get("attempted_fallbacks").and_then(Value::as_u64)?;
    let noted = |name: &str| event.metadata.get(name).and_then(Value::as_str);
    let asked = noted(ASKED_FOR_NOTE).unwrap_or(&event.model_group);
    let what = Happened::FellBack {
        model: asked.to_owned(),
        stood_in: event.model_group.to_string(),
        reason: noted("fallback_reason").unwrap_or_default().to_owned(),
        request_id: event.request_id.to_string(),
    };
    let is_told = fallbacks > 0 && event.status == CallStatus::Success;
    is_told.then(|| NewAlert {
        subject_id: asked.to_owned(),
        ..of_model(AlertType::FallbackReports, AlertLevel::Low, event, asked, what)
    })
}

pub(super) fn shortened(text: &str) -> String {
    text.chars().take(ERROR_CHARS_MAX).collect()
}
