//! PagerDuty's Events API v2 (developer.pagerduty.com/docs/send-alert-event).

use serde_json::{Map, Value, json};
use tollgate_openapi::alert::AlertLevel;

use super::{Sender, cut};
use crate::alerts::Message;

/// Characters of a summary.
const SUMMARY_MAX: usize = 1_024;
/// Characters of what tells incidents apart.
const DEDUP_MAX: usize = 255;
/// The event that says that others are over.
const RECOVERED: &str = "recovered";

/// An incident that is opened, and those that are over. Of what only ends others, no incident is opened.
pub(super) fn bodies(message: &Message, sender: &Sender<'_>) -> Vec<Value> {
    let opens = (message.event != RECOVERED).then(|| opened(message, sender));
    let resolve = |incident: &String| {
        json!({
            "routing_key": sender.routing_key,
            "event_action": "resolve",
            "dedup_key": cut(&format!("tollgate/{incident}"), DEDUP_MAX),
        })
    };
    opens.into_iter().chain(message.over.iter().map(resolve)).collect()
}

fn opened(message: &Message, sender: &Sender<'_>) -> Value {
    let words = &message.words;
    let severity = match message.level {
        AlertLevel::Low => "info",
        AlertLevel::Medium => "warning",
        AlertLevel::High => "critical",
    };
    let mut details: Map<String, Value> =
        words.facts.iter().map(|fact| (fact.name.clone(), Value::from(fact.value.as_str()))).collect();
    details.insert("text".to_owned(), Value::from(words.text.as_str()));
    // Each alert is an incident: a worse one about the same thing must not go under in a lesser one that is open.
    let of = match &message.incident {
        Some(incident) => format!("tollgate/{incident}"),
        None => format!("tollgate/{}/{}", message.event, message.key),
    };
    let links: Vec<Value> =
        sender.link(message).into_iter().map(|href| json!({ "href": href, "text": "Open in Tollgate" })).collect();
    json!({
        "routing_key": sender.routing_key,
        "event_action": "trigger",
        "dedup_key": cut(&of, DEDUP_MAX),
        "payload": {
            "summary": cut(&words.title, SUMMARY_MAX),
            "source": sender.base_url,
            "severity": severity,
            "timestamp": message.at.to_rfc3339(),
            "component": message.subject.id,
            "group": message.subject.kind,
            "class": message.event,
            "custom_details": details,
        },
        "client": "Tollgate",
        "client_url": sender.base_url,
        "links": links,
    })
}
