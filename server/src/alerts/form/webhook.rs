//! JSON for machines: LiteLLM's fields of budget alerts, and ours of all.

use serde_json::{Map, Value, json};
use tollgate_openapi::money::NanoUsd;

use super::Sender;
use crate::alerts::Message;

pub(super) fn body(message: &Message, sender: &Sender<'_>) -> Value {
    let (words, subject) = (&message.words, &message.subject);
    let mut body = litellm(message);
    let own = json!({
        "alert_id": message.id.to_string(),
        "alert_type": message.alert_type,
        "level": message.level,
        "title": words.title,
        "text": words.text,
        "facts": words.facts,
        "link": sender.link(message),
        "occurred_at": message.at,
        "subject_kind": subject.kind,
        "subject_id": subject.id,
        "details": message.details,
    });
    if let Value::Object(own) = own {
        body.extend(own);
    }
    Value::Object(body)
}

/// LiteLLM's `WebhookEvent`.
fn litellm(message: &Message) -> Map<String, Value> {
    let subject = &message.subject;
    let dollars = |name: &str| message.details.get(name).and_then(Value::as_i64).map(|nano| NanoUsd(nano).to_usd());
    let of = |kind: &str| (subject.kind == kind).then_some(subject.id.as_str());
    let group = match subject.kind.as_str() {
        "user" => "internal_user",
        "gateway" => "proxy",
        other => other,
    };
    let event = json!({
        "spend": dollars("spent"),
        "max_budget": dollars("max_budget"),
        "soft_budget": dollars("soft_budget"),
        "token": of("key"),
        "customer_id": of("customer"),
        "user_id": subject.user_id,
        "team_id": subject.team_id,
        "organization_id": subject.organization_id,
        "projected_exceeded_date": message.details.get("exceeded_at"),
        "projected_spend": dollars("projected"),
        "event": message.event,
        "event_group": group,
        "event_message": message.words.title,
    });
    match event {
        Value::Object(event) => event,
        _ => Map::new(),
    }
}
