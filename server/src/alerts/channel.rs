//! Channels as alerts are told in them, wherever they are set.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use reqwest::Url;
use tollgate_openapi::alert::{AlertLevel, AlertType, ChannelKind, QuietHours};

use super::AlertVariables;
use crate::config::{AlertSettings, Secret};
use crate::crypto::{SealError, Sealer};
use crate::db::alert::Model as Alert;
use crate::db::alert_channel::{Model as Row, place};

/// Where PagerDuty takes events, where a channel says nothing else.
const PAGERDUTY_URL: &str = "https://events.pagerduty.com/v2/enqueue";

/// A channel.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it speaks.
    pub kind: ChannelKind,
    /// Where it leads.
    pub target: Target,
    /// E-mail addresses that are told of everything.
    pub email_to: Vec<String>,
    /// Whose alerts it tells.
    pub organization_id: Option<String>,
    /// Whose alerts it tells.
    pub team_id: Option<String>,
    /// What it tells.
    pub alert_types: Vec<AlertType>,
    /// Nothing less bad is told.
    pub min_level: AlertLevel,
    /// Messages in a minute at most.
    pub messages_per_minute: usize,
    /// When only what is bad is told.
    pub quiet_hours: Option<QuietHours>,
    /// Nothing is told before.
    pub muted_until: Option<DateTime<Utc>>,
    /// Its row, where it is not configured.
    pub row: Option<Row>,
}

/// Where a channel leads.
#[derive(Clone, Debug)]
pub enum Target {
    /// To the address, with what is signed with.
    Configured {
        /// `None`: it is not set.
        url: Option<Secret>,
        /// Of webhooks.
        secret: Option<Secret>,
    },
    /// Where the row says, which is sealed.
    Stored,
}

/// Where a channel leads, opened.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    pub(super) url: Option<Secret>,
    pub(super) secret: Option<Secret>,
}

impl Channel {
    /// A channel of the database; `None`: it is of a kind that a newer version knows.
    #[must_use]
    pub fn of_row(row: Row, settings: &AlertSettings) -> Option<Self> {
        let named: Vec<AlertType> = row.alert_types.0.iter().filter_map(|name| AlertType::named(name)).collect();
        let quiet_hours = row.quiet_hours.as_ref().map(|hours| serde_json::Value::Object(hours.0.clone()));
        Some(Self {
            id: row.channel_id.clone(),
            name: row.name.clone(),
            kind: ChannelKind::named(&row.kind)?,
            target: Target::Stored,
            email_to: row.email_to.0.clone(),
            organization_id: row.organization_id.clone(),
            team_id: row.team_id.clone(),
            alert_types: if named.is_empty() { settings.told() } else { named },
            min_level: AlertLevel::named(&row.min_level).unwrap_or(AlertLevel::Low),
            messages_per_minute: usize::try_from(row.messages_per_minute).unwrap_or(1).max(1),
            quiet_hours: quiet_hours.and_then(|hours| serde_json::from_value(hours).ok()),
            muted_until: None,
            row: Some(row),
        })
    }

    /// Whether whoever runs the gateway has set it: it may lead anywhere.
    #[must_use]
    pub const fn is_ours(&self) -> bool {
        self.organization_id.is_none() && self.team_id.is_none()
    }

    /// Whom it tells, one by one: its addresses, or nobody by name where it is none of e-mail.
    #[must_use]
    pub fn recipients(&self) -> Vec<String> {
        match self.kind {
            ChannelKind::Email => self.email_to.clone(),
            _ => vec![String::new()],
        }
    }

    /// Whether it tells an alert.
    #[must_use]
    pub fn tells(&self, alert: &Alert) -> bool {
        let is_of = |own: &Option<String>, of: &Option<String>| own.is_none() || own == of;
        let alert_type = AlertType::named(&alert.alert_type);
        let level = AlertLevel::named(&alert.level).unwrap_or(AlertLevel::High);
        let is_about_itself = alert.subject_kind == "alert_channel" && alert.subject_id == self.id;
        alert_type.is_some_and(|one| self.alert_types.contains(&one) && (self.is_ours() || one.is_of_tenants()))
            && level >= self.min_level
            && is_of(&self.organization_id, &alert.organization_id)
            && is_of(&self.team_id, &alert.team_id)
            && !is_about_itself
    }

    /// Whether nothing is told now.
    #[must_use]
    pub fn is_muted(&self, now: DateTime<Utc>) -> bool {
        self.muted_until.is_some_and(|until| now < until)
    }

    /// When something as bad as this may be told: now, or at the end of quiet hours.
    #[must_use]
    pub fn not_before(&self, level: AlertLevel, now: DateTime<Utc>, tz: Tz) -> DateTime<Utc> {
        match &self.quiet_hours {
            Some(hours) if level < AlertLevel::High => quiet_until(hours, now, tz).unwrap_or(now),
            _ => now,
        }
    }

    /// Where it leads.
    pub(super) fn open(&self, sealer: &Sealer) -> Result<Opened, SealError> {
        let (url, secret) = match (&self.target, &self.row) {
            (Target::Configured { url, secret }, _) => (url.clone(), secret.clone()),
            (Target::Stored, None) => (None, None),
            (Target::Stored, Some(row)) => {
                let open = |sealed: &Option<String>| {
                    let opened = sealed.as_ref().map(|sealed| sealer.open(&place(&row.channel_id), sealed));
                    opened.transpose().map(|text| text.map(Secret::new))
                };
                (open(&row.sealed_target)?, open(&row.sealed_secret)?)
            }
        };
        let by_default = || (self.kind == ChannelKind::Pagerduty).then(|| Secret::new(PAGERDUTY_URL));
        Ok(Opened { url: url.or_else(by_default), secret })
    }
}

/// The host of an address: what of it is no secret.
#[must_use]
pub fn host_of(url: &str) -> Option<String> {
    Url::parse(url).ok()?.host_str().map(str::to_owned)
}

/// The end of the quiet hours that `now` is in.
fn quiet_until(hours: &QuietHours, now: DateTime<Utc>, tz: Tz) -> Option<DateTime<Utc>> {
    let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").ok();
    let (start, end) = (time(&hours.start)?, time(&hours.end)?);
    let tz = hours.timezone.as_deref().and_then(|name| name.parse().ok()).unwrap_or(tz);
    let local = now.with_timezone(&tz).naive_local();
    let (today, clock) = (local.date(), local.time());
    let ends_on = match (start <= end, clock) {
        (true, clock) if start <= clock && clock < end => today,
        (false, clock) if clock < end => today,
        (false, clock) if clock >= start => today.checked_add_days(Days::new(1))?,
        _ => return None,
    };
    // Where clocks skip the end, it is an hour later.
    let found = |time| tz.from_local_datetime(&ends_on.and_time(time)).earliest();
    let end = found(end).or_else(|| found(end.overflowing_add_signed(chrono::TimeDelta::hours(1)).0))?;
    Some(end.with_timezone(&Utc)).filter(|end| *end > now)
}

/// The channels of the configuration. One whose address or server is not set is among them: it says so when it is tried.
pub(super) fn configured(settings: &AlertSettings, variables: &AlertVariables) -> Vec<Channel> {
    let mut channels = Vec::new();
    let elsewhere = slack_elsewhere(settings);
    for kind in &settings.channels {
        let told = settings.told();
        match kind {
            ChannelKind::Slack => {
                let is_here = |one: &AlertType| !settings.to_webhook_url.contains_key(one);
                let here = told.iter().copied().filter(is_here).collect();
                channels.push(of_config(settings, ("slack", "Slack"), *kind, here, variables.slack_url.clone(), None));
                for (index, (url, types)) in elsewhere.iter().enumerate() {
                    let (id, name) = (format!("slack-{}", index + 1), format!("Slack ({})", index + 1));
                    let types = types.iter().copied().filter(|one| told.contains(one)).collect();
                    let url = Some(Secret::new(url.clone()));
                    channels.push(of_config(settings, (&id, &name), *kind, types, url, None));
                }
            }
            ChannelKind::Webhook => {
                let (url, secret) = (variables.webhook_url.clone(), settings.webhook_secret.clone());
                channels.push(of_config(settings, ("webhook", "Webhook"), *kind, told, url, secret));
            }
            ChannelKind::Email => {
                let mut channel = of_config(settings, ("email", "E-mail"), *kind, told, None, None);
                channel.email_to.clone_from(&settings.email_to);
                channels.push(channel);
            }
            ChannelKind::Teams | ChannelKind::Discord | ChannelKind::Pagerduty => {}
        }
    }
    channels
}

/// What is told at other addresses of Slack, by address.
fn slack_elsewhere(settings: &AlertSettings) -> BTreeMap<String, Vec<AlertType>> {
    let mut elsewhere: BTreeMap<String, Vec<AlertType>> = BTreeMap::new();
    for (alert_type, urls) in &settings.to_webhook_url {
        for url in urls {
            elsewhere.entry(url.expose().to_owned()).or_default().push(*alert_type);
        }
    }
    elsewhere
}

fn of_config(
    settings: &AlertSettings,
    (id, name): (&str, &str),
    kind: ChannelKind,
    alert_types: Vec<AlertType>,
    url: Option<Secret>,
    secret: Option<Secret>,
) -> Channel {
    Channel {
        id: id.to_owned(),
        name: name.to_owned(),
        kind,
        target: Target::Configured { url, secret },
        email_to: Vec::new(),
        organization_id: None,
        team_id: None,
        alert_types,
        min_level: AlertLevel::Low,
        messages_per_minute: usize::try_from(settings.messages_per_minute).unwrap_or(1),
        quiet_hours: settings.quiet_hours.clone(),
        muted_until: None,
        row: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_end_by_the_local_clock() {
        let until = |start: &str, end: &str, now: &str| {
            let timezone = Some("Europe/Berlin".to_owned());
            let hours = QuietHours { start: start.to_owned(), end: end.to_owned(), timezone };
            quiet_until(&hours, now.parse().unwrap(), Tz::UTC).map(|end| end.to_rfc3339())
        };
        let at = |text: &str| Some(format!("{text}+00:00"));
        // Winter: an hour ahead of UTC.
        assert_eq!(until("22:00", "07:00", "2026-11-21T22:30:00Z"), at("2026-11-22T06:00:00"));
        assert_eq!(until("22:00", "07:00", "2026-11-22T05:59:59Z"), at("2026-11-22T06:00:00"));
        assert_eq!(until("22:00", "07:00", "2026-11-22T06:00:00Z"), None);
        assert_eq!(until("12:00", "13:00", "2026-11-22T11:30:00Z"), at("2026-11-22T12:00:00"));
        assert_eq!(until("12:00", "13:00", "2026-11-22T10:59:00Z"), None);
        // The night in which clocks go forward is an hour shorter, and at 02:30 there is no such time.
        assert_eq!(until("22:00", "07:00", "2027-03-27T21:30:00Z"), at("2027-03-28T05:00:00"));
        assert_eq!(until("22:00", "02:30", "2027-03-27T21:30:00Z"), at("2027-03-28T01:30:00"));
        // And the one in which they go back is an hour longer.
        assert_eq!(until("22:00", "07:00", "2026-10-24T20:30:00Z"), at("2026-10-25T06:00:00"));
    }
}
