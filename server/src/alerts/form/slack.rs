//! Slack's Block Kit. Bounds: docs.slack.dev/reference/block-kit/blocks.

use serde_json::{Value, json};

use super::{Sender, cut, mark};
use crate::alerts::Message;

/// Characters of a header.
const HEADER_MAX: usize = 150;
/// Characters of a section's text.
const SECTION_MAX: usize = 3_000;
/// Fields of a section, and characters of each.
const FIELDS_MAX: usize = 10;
/// Characters of a field.
const FIELD_MAX: usize = 2_000;
/// Characters of a button's address.
const URL_MAX: usize = 3_000;

pub(super) fn body(message: &Message, sender: &Sender<'_>) -> Value {
    let words = &message.words;
    let title = format!("{} {}", mark(message.level), words.title);
    let mut blocks = vec![json!({
        "type": "header", "text": { "type": "plain_text", "text": cut(&title, HEADER_MAX), "emoji": true }
    })];
    if !words.text.is_empty() {
        let text = escaped(&words.text, SECTION_MAX);
        blocks.push(json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } }));
    }
    let field = |name: &str, value: &str| {
        // Both are cut before they are put together, so that neither mark is lost.
        let text = format!("*{}*\n{}", escaped(name, 200), escaped(value, FIELD_MAX - 300));
        json!({ "type": "mrkdwn", "text": text })
    };
    let fields: Vec<Value> = words.facts.iter().take(FIELDS_MAX).map(|fact| field(&fact.name, &fact.value)).collect();
    if !fields.is_empty() {
        blocks.push(json!({ "type": "section", "fields": fields }));
    }
    let seconds = message.at.timestamp();
    let fallback = message.at.format("%Y-%m-%d %H:%M UTC");
    let when = format!("<!date^{seconds}^{{date_short_pretty}}, {{time}}|{fallback}>");
    let note = format!("`{}` · {} · {when}", message.alert_type, message.level.name());
    blocks.push(json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": note }] }));
    if let Some(url) = sender.link(message).filter(|url| url.len() <= URL_MAX) {
        let text = json!({ "type": "plain_text", "text": "Open in Tollgate" });
        blocks.push(json!({ "type": "actions", "elements": [{ "type": "button", "text": text, "url": url }] }));
    }
    json!({ "text": escaped(&title, SECTION_MAX), "blocks": blocks })
}

/// Text in which Slack finds no links or mentions of its own, of at most `max` characters.
fn escaped(text: &str, max: usize) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut left = max.saturating_sub(1);
    for character in text.chars() {
        let word = match character {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            _ => "",
        };
        let length = if word.is_empty() { 1 } else { word.len() };
        if length > left {
            escaped.push('…');
            break;
        }
        left -= length;
        if word.is_empty() { escaped.push(character) } else { escaped.push_str(word) }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_a_mention_or_too_long() {
        assert_eq!(escaped("<!channel> & <@U1>", 100), "&lt;!channel&gt; &amp; &lt;@U1&gt;");
        for max in [1, 2, 5, 6, 7, 50] {
            let text = escaped(&"<".repeat(100), max);
            assert!(text.chars().count() <= max, "{max}: {text}");
            assert!(text.trim_end_matches('…').len().is_multiple_of(4), "{max}: {text}");
        }
    }
}
