//! Calls that fail, take long, or are answered by another model than was asked for; and providers that fail for many.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tollgate_openapi::alert::{AlertLevel, AlertType};
use tollgate_openapi::spend::CallStatus;

use super::gateway_alert;
use crate::config::AlertSettings;
use crate::domain::alert::{Happened, NewAlert};
use crate::ledger::event::{ASKED_FOR_NOTE, SpendEvent};

/// The same thing is told of once in this time, in seconds.
const TOLD_EVERY: i64 = 3_600;
/// Failures are counted by this time, in seconds.
const OUTAGE_WINDOW: i64 = 60;
/// Characters of an error that are told.
const ERROR_CHARS_MAX: usize = 300;
/// Statuses that are the client's own doing: nobody else need know.
const OF_CLIENTS: [u16; 6] = [400, 404, 413, 415, 422, 499];

/// What providers failed in the last minute, by name. Each node counts for itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Outages(HashMap<String, (i64, i64)>);

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
        for attempt in attempts(event) {
            alerts.extend(outages.note(&attempt, event.end_time, settings));
        }
    }
    alerts
}

/// An alert about the model that a call asked for.
fn of_model(alert_type: AlertType, level: AlertLevel, event: &SpendEvent, key: &str, what: Happened) -> NewAlert {
    let hour = event.end_time.timestamp().div_euclid(TOLD_EVERY);
    NewAlert {
        subject_kind: "model".to_owned(),
        subject_id: event.model_group.to_string(),
        dedup_key: format!("{alert_type}/{}/{key}/{hour}", event.model_group),
        at: event.end_time,
        ..gateway_alert(alert_type, level, what)
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

/// A try that a provider failed.
struct Attempt<'e> {
    provider: &'e str,
    error: &'e str,
}

/// The tries of a call that failed for the provider's part: it was away, or says so itself.
fn attempts(event: &SpendEvent) -> impl Iterator<Item = Attempt<'_>> {
    let noted = event.metadata.get("attempts").and_then(Value::as_array);
    noted.into_iter().flatten().filter_map(|note| {
        let status = note.get("status").and_then(Value::as_u64);
        let is_outage = status.is_none_or(|status| status >= 500 || status == 408);
        let text = |name: &str| note.get(name).and_then(Value::as_str);
        Some(Attempt { provider: text("provider")?, error: text("error").unwrap_or_default() }).filter(|_| is_outage)
    })
}

impl Outages {
    /// Counts a failure; the one that makes it an outage is told of.
    fn note(&mut self, attempt: &Attempt<'_>, at: DateTime<Utc>, settings: &AlertSettings) -> Option<NewAlert> {
        let minute = at.timestamp().div_euclid(OUTAGE_WINDOW);
        let counted = self.0.entry(attempt.provider.to_owned()).or_insert((minute, 0));
        if counted.0 < minute {
            *counted = (minute, 0);
        }
        counted.1 += 1;
        let (level, grade) = if counted.1 == settings.major_outage {
            (AlertLevel::High, "major")
        } else if counted.1 == settings.minor_outage {
            (AlertLevel::Medium, "minor")
        } else {
            return None;
        };
        let hour = at.timestamp().div_euclid(TOLD_EVERY);
        let error = shortened(attempt.error);
        let what = Happened::ProviderDown { failures: counted.1, threshold: counted.1, error };
        Some(NewAlert {
            subject_kind: "provider".to_owned(),
            subject_id: attempt.provider.to_owned(),
            dedup_key: format!("outage_alerts/{}/{grade}/{hour}", attempt.provider),
            at,
            ..gateway_alert(AlertType::OutageAlerts, level, what)
        })
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(ERROR_CHARS_MAX).collect()
}
