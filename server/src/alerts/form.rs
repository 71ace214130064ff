//! Messages as each kind of channel takes them: pure.

mod discord;
mod pagerduty;
mod slack;
mod teams;
mod webhook;

use serde_json::Value;
use tollgate_openapi::alert::{AlertLevel, ChannelKind};

use super::Message;
use crate::mail::Letter;

/// What messages need to know of where they come from.
#[derive(Clone, Debug)]
pub(super) struct Sender<'a> {
    /// Where people reach the console, without a slash at the end.
    pub(super) base_url: &'a str,
    /// PagerDuty's integration key.
    pub(super) routing_key: Option<&'a str>,
}

impl Sender<'_> {
    /// The address of the page that shows a message.
    fn link(&self, message: &Message) -> Option<String> {
        message.words.link.as_ref().map(|path| format!("{}{path}", self.base_url))
    }
}

/// The bodies of the requests that tell a message, one after the other; `None` of e-mail, which has none.
pub(super) fn bodies(kind: ChannelKind, message: &Message, sender: &Sender<'_>) -> Option<Vec<Value>> {
    match kind {
        ChannelKind::Slack => Some(vec![slack::body(message, sender)]),
        ChannelKind::Webhook => Some(vec![webhook::body(message, sender)]),
        ChannelKind::Teams => Some(vec![teams::body(message, sender)]),
        ChannelKind::Discord => Some(vec![discord::body(message, sender)]),
        ChannelKind::Pagerduty => Some(pagerduty::bodies(message, sender)),
        ChannelKind::Email => None,
    }
}

/// A message as a letter.
pub(super) fn letter(to: &str, message: &Message, sender: &Sender<'_>) -> Letter {
    let words = &message.words;
    let facts: Vec<(&str, &str)> = words.facts.iter().map(|fact| (fact.name.as_str(), fact.value.as_str())).collect();
    let link = sender.link(message);
    let link = link.as_deref().map(|url| ("Open it in Tollgate", url));
    Letter::with_table(to, &format!("[Tollgate] {}", words.title), &[words.text.as_str()], &facts, link)
}

/// A text of at most `max` characters.
fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(max.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// A mark that tells levels apart at a glance, and to those who do not see colours.
const fn mark(level: AlertLevel) -> &'static str {
    match level {
        AlertLevel::Low => "🔵",
        AlertLevel::Medium => "🟠",
        AlertLevel::High => "🔴",
    }
}
