//! PagerDuty's Events API v2 (developer.pagerduty.com/docs/send-alert-event).

use serde_json::{Map, Value, json};
use tollgate_openapi::alert::AlertLevel;

use super::{Sender, cut};
use crate::alerts::Message;

/// Characters of a summary.
const SUMMARY_MAX: usize = 1_024;
/// Characters of what tells incidents apart.
const DEDUP_MAX: usize = 255;

pub(super) fn body(message: &Message, sender: &Sender<'_>) -> Value {
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
    let of = format!("tollgate/{}/{}", message.event, message.key);
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
