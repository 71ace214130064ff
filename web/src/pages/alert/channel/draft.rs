//! What somebody typed about a channel, understood. Pure.

use std::collections::BTreeMap;

use tollgate_openapi::alert::{
    AlertChannel, AlertChannelCreate, AlertChannelPatch, AlertLevel, AlertType, ChannelKind, QuietHours,
};
use tollgate_openapi::patch::Patch;

use crate::input::some_text;
use crate::url::{parse_word, word_of};

/// A form's texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) kind: ChannelKind,
    pub(super) name: String,
    pub(super) url: String,
    pub(super) routing_key: String,
    pub(super) email_to: Vec<String>,
    /// `organization/ID`, `team/ID`, or nothing: the gateway.
    pub(super) of: String,
    /// Names of types; none: what the settings say.
    pub(super) alert_types: Vec<String>,
    pub(super) min_level: String,
    pub(super) messages_per_minute: String,
    pub(super) quiet_start: String,
    pub(super) quiet_end: String,
    pub(super) quiet_zone: String,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            kind: ChannelKind::Slack,
            name: String::new(),
            url: String::new(),
            routing_key: String::new(),
            email_to: Vec::new(),
            of: String::new(),
            alert_types: Vec::new(),
            min_level: word_of(&AlertLevel::Low),
            messages_per_minute: "20".to_owned(),
            quiet_start: String::new(),
            quiet_end: String::new(),
            quiet_zone: String::new(),
        }
    }
}

impl From<&AlertChannel> for Draft {
    fn from(channel: &AlertChannel) -> Self {
        let hours = channel.quiet_hours.clone();
        let hour = |part: fn(&QuietHours) -> String| hours.as_ref().map(part).unwrap_or_default();
        Self {
            kind: channel.kind,
            name: channel.name.clone(),
            email_to: channel.email_to.clone(),
            alert_types: channel.alert_types.iter().map(|one| one.name().to_owned()).collect(),
            min_level: word_of(&channel.min_level),
            messages_per_minute: channel.messages_per_minute.to_string(),
            quiet_start: hour(|hours| hours.start.clone()),
            quiet_end: hour(|hours| hours.end.clone()),
            quiet_zone: hour(|hours| hours.timezone.clone().unwrap_or_default()),
            ..Self::default()
        }
    }
}

/// What is wrong with which field.
type Errors = BTreeMap<String, String>;

impl Draft {
    /// A new channel.
    pub(super) fn create(&self) -> Result<AlertChannelCreate, Errors> {
        let mut errors = Errors::new();
        let (organization_id, team_id) = match self.of.split_once('/') {
            Some(("organization", id)) => (Some(id.to_owned()), None),
            Some((_, id)) => (None, Some(id.to_owned())),
            None => (None, None),
        };
        let takes = |is: bool, text: &str| some_text(text).filter(|_| is);
        let created = AlertChannelCreate {
            name: self.name(&mut errors),
            kind: self.kind,
            url: takes(self.kind != ChannelKind::Email, &self.url),
            routing_key: takes(self.kind == ChannelKind::Pagerduty, &self.routing_key),
            email_to: if self.kind == ChannelKind::Email { self.email_to.clone() } else { Vec::new() },
            organization_id,
            team_id,
            alert_types: self.types(&mut errors),
            min_level: parse_word(&self.min_level),
            messages_per_minute: self.messages(&mut errors),
            quiet_hours: self.hours(&mut errors),
        };
        if errors.is_empty() { Ok(created) } else { Err(errors) }
    }

    /// What of it is other than `before`.
    pub(super) fn patch(&self, before: &AlertChannel) -> Result<AlertChannelPatch, Errors> {
        let mut errors = Errors::new();
        let former = Self::from(before);
        let (name, types, messages) = (self.name(&mut errors), self.types(&mut errors), self.messages(&mut errors));
        let hours = self.hours(&mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let quiet_hours = match hours {
            hours if hours == before.quiet_hours => Patch::Absent,
            Some(hours) => Patch::Set(hours),
            None => Patch::Clear,
        };
        Ok(AlertChannelPatch {
            channel_id: before.channel_id.clone(),
            name: (name != before.name).then_some(name),
            url: some_text(&self.url),
            routing_key: some_text(&self.routing_key),
            email_to: (self.email_to != former.email_to).then(|| self.email_to.clone()),
            alert_types: (self.alert_types != former.alert_types).then_some(types),
            min_level: parse_word(&self.min_level).filter(|level| *level != before.min_level),
            messages_per_minute: (messages != before.messages_per_minute).then_some(messages),
            quiet_hours,
            muted_until: Patch::Absent,
        })
    }

    fn name(&self, errors: &mut Errors) -> String {
        let name = self.name.trim();
        if name.is_empty() {
            errors.insert("name".to_owned(), "Enter a name.".to_owned());
        }
        name.to_owned()
    }

    fn types(&self, errors: &mut Errors) -> Vec<AlertType> {
        let typed = self.alert_types.iter().map(|name| (name, AlertType::named(name)));
        let unknown = typed.clone().find(|(_, found)| found.is_none()).map(|(name, _)| name);
        if let Some(name) = unknown {
            errors.insert("alert_types".to_owned(), format!("There are no alerts of the type “{name}”."));
        }
        typed.filter_map(|(_, found)| found).collect()
    }

    fn messages(&self, errors: &mut Errors) -> u32 {
        let messages = self.messages_per_minute.trim().parse().ok().filter(|count| (1..=600).contains(count));
        if messages.is_none() {
            errors.insert("messages_per_minute".to_owned(), "Enter a whole number from 1 to 600.".to_owned());
        }
        messages.unwrap_or_default()
    }

    fn hours(&self, errors: &mut Errors) -> Option<QuietHours> {
        match (some_text(&self.quiet_start), some_text(&self.quiet_end)) {
            (Some(start), Some(end)) => Some(QuietHours { start, end, timezone: some_text(&self.quiet_zone) }),
            (None, None) => None,
            (start, _) => {
                let field = if start.is_some() { "quiet_end" } else { "quiet_start" };
                errors.insert(field.to_owned(), "Enter when they begin and when they end, or neither.".to_owned());
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_has_what_its_kind_needs() {
        let draft = Draft {
            name: " On call ".to_owned(),
            url: "https://hooks.test/x".to_owned(),
            routing_key: "left over".to_owned(),
            of: "team/search/one".to_owned(),
            quiet_start: "22:00".to_owned(),
            quiet_end: "07:00".to_owned(),
            ..Draft::default()
        };
        let created = draft.create().unwrap();
        assert_eq!((created.name.as_str(), created.routing_key), ("On call", None));
        assert_eq!((created.team_id.as_deref(), created.organization_id), (Some("search/one"), None));
        assert_eq!(created.quiet_hours.unwrap().start, "22:00");
        let errors = Draft { name: String::new(), quiet_end: String::new(), ..draft }.create().unwrap_err();
        assert_eq!(errors.keys().collect::<Vec<_>>(), ["name", "quiet_end"]);
    }
}
