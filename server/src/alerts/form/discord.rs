//! Discord: a message with one embed. Bounds: docs.discord.com/developers/resources/message.

use serde_json::{Value, json};
use tollgate_openapi::alert::AlertLevel;

use super::{Sender, cut, mark};
use crate::alerts::Message;

/// Characters of a title, a description, a field's name and its value; all of an embed together may have 6,000.
const TITLE_MAX: usize = 256;
/// The same of a description.
const DESCRIPTION_MAX: usize = 3_000;
/// Fields of an embed.
const FIELDS_MAX: usize = 10;
/// Characters of a field's value.
const VALUE_MAX: usize = 200;

pub(super) fn body(message: &Message, sender: &Sender<'_>) -> Value {
    let words = &message.words;
    let colour = match message.level {
        AlertLevel::Low => 0x002f_6fd0,
        AlertLevel::Medium => 0x00d9_822b,
        AlertLevel::High => 0x00c9_3636,
    };
    let fields: Vec<Value> = words
        .facts
        .iter()
        .take(FIELDS_MAX)
        .map(|fact| json!({ "name": cut(&fact.name, 100), "value": cut(&fact.value, VALUE_MAX), "inline": true }))
        .collect();
    json!({
        // Nobody is mentioned, whatever a name says.
        "allowed_mentions": { "parse": [] },
        "embeds": [{
            "title": cut(&format!("{} {}", mark(message.level), words.title), TITLE_MAX),
            "description": cut(&words.text, DESCRIPTION_MAX),
            "url": sender.link(message),
            "color": colour,
            "timestamp": message.at.to_rfc3339(),
            "fields": fields,
            "footer": { "text": format!("{} · {}", message.alert_type, message.level.name()) },
        }],
    })
}
