//! Microsoft Teams: an adaptive card, as a workflow's webhook takes it
//! (learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors).

use serde_json::{Value, json};
use tollgate_openapi::alert::AlertLevel;

use super::{Sender, cut, mark};
use crate::alerts::Message;

/// Characters of a text: a whole message may have 28 kB.
const TEXT_MAX: usize = 5_000;
/// Facts of a card.
const FACTS_MAX: usize = 20;

pub(super) fn body(message: &Message, sender: &Sender<'_>) -> Value {
    let words = &message.words;
    let colour = match message.level {
        AlertLevel::Low => "accent",
        AlertLevel::Medium => "warning",
        AlertLevel::High => "attention",
    };
    let title = format!("{} {}", mark(message.level), words.title);
    let facts: Vec<Value> = words
        .facts
        .iter()
        .take(FACTS_MAX)
        .map(|fact| json!({ "title": fact.name, "value": cut(&fact.value, 500) }))
        .collect();
    let note =
        format!("{} · {} · {}", message.alert_type, message.level.name(), message.at.format("%Y-%m-%d %H:%M UTC"));
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            { "type": "TextBlock", "size": "medium", "weight": "bolder", "color": colour, "wrap": true, "text": title },
            { "type": "TextBlock", "wrap": true, "text": cut(&words.text, TEXT_MAX) },
            { "type": "FactSet", "facts": facts },
            { "type": "TextBlock", "isSubtle": true, "wrap": true, "text": note },
        ],
    });
    if let (Some(url), Some(card)) = (sender.link(message), card.as_object_mut()) {
        card.insert(
            "actions".to_owned(),
            json!([{ "type": "Action.OpenUrl", "title": "Open in Tollgate", "url": url }]),
        );
    }
    json!({
        "type": "message",
        "attachments": [{ "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card }],
    })
}
