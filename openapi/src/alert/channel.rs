//! Where alerts are told.

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};

use super::{AlertLevel, AlertType};
use crate::check::{check_id, is_unseen, null_as_default, valid_addresses, valid_id};
use crate::patch::Patch;

/// Messages to one channel in a minute where nobody says otherwise.
const MESSAGES_PER_MINUTE_DEFAULT: u32 = 20;
/// Bytes of an address of the web.
const URL_MAX: usize = 2_000;

/// What a channel speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// An incoming webhook of Slack.
    Slack,
    /// E-mail.
    Email,
    /// JSON, signed as Standard Webhooks say.
    Webhook,
    /// A workflow of Microsoft Teams that takes adaptive cards.
    Teams,
    /// A webhook of Discord.
    Discord,
    /// PagerDuty's Events API v2.
    Pagerduty,
}

impl ChannelKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Slack, Self::Email, Self::Webhook, Self::Teams, Self::Discord, Self::Pagerduty];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Email => "email",
            Self::Webhook => "webhook",
            Self::Teams => "teams",
            Self::Discord => "discord",
            Self::Pagerduty => "pagerduty",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// Where a channel is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChannelSource {
    /// `general_settings.alerting`: it is changed in the settings.
    Config,
    /// The database: it is changed here.
    Database,
}

/// Hours of the day in which only what is bad is told; the rest waits for their end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// When they begin, such as `22:00`.
    #[garde(custom(check_time))]
    #[cfg_attr(feature = "spec", schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub start: String,
    /// When they end; before the start: on the next day.
    #[garde(custom(check_time))]
    #[cfg_attr(feature = "spec", schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub end: String,
    /// The zone of both, such as `Europe/Berlin`. Default: the gateway's.
    #[serde(default)]
    #[garde(custom(valid_id))]
    pub timezone: Option<String>,
}

/// A channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"channel_id": "5b1c", "name": "On call", "kind": "slack",
    "source": "database", "target": "hooks.slack.com", "email_to": [], "organization_id": null, "team_id": null,
    "alert_types": ["budget_alerts", "outage_alerts"], "min_level": "low", "messages_per_minute": 20,
    "quiet_hours": null, "muted_until": null, "is_signed": false, "failing_since": null, "last_error": null,
    "last_sent_at": "2026-11-21T10:00:01Z", "created_at": "2026-11-01T08:00:00Z", "created_by": "default_user_id",
    "updated_at": "2026-11-01T08:00:00Z", "updated_by": "default_user_id"})))]
pub struct AlertChannel {
    /// Id.
    pub channel_id: String,
    /// What it is called.
    pub name: String,
    /// What it speaks.
    pub kind: ChannelKind,
    /// Where it is set.
    pub source: ChannelSource,
    /// Where it leads, as far as that is no secret: a host; null for e-mail.
    pub target: Option<String>,
    /// E-mail addresses that are told of everything. Of a configured channel for e-mail, who a budget belongs to is told
    /// besides.
    pub email_to: Vec<String>,
    /// Only what belongs to this organization is told.
    pub organization_id: Option<String>,
    /// Only what belongs to this team is told.
    pub team_id: Option<String>,
    /// What is told.
    pub alert_types: Vec<AlertType>,
    /// Nothing less bad is told.
    pub min_level: AlertLevel,
    /// Messages in a minute at most; what is more comes as a digest.
    pub messages_per_minute: u32,
    /// When only what is bad is told.
    pub quiet_hours: Option<QuietHours>,
    /// Nothing is told before.
    pub muted_until: Option<DateTime<Utc>>,
    /// Messages are signed.
    pub is_signed: bool,
    /// Since when nothing was taken.
    pub failing_since: Option<DateTime<Utc>>,
    /// Why the last message was not taken.
    pub last_error: Option<String>,
    /// When a message was last taken.
    pub last_sent_at: Option<DateTime<Utc>>,
    /// When it was made; null for configured ones.
    pub created_at: Option<DateTime<Utc>>,
    /// By whom.
    pub created_by: Option<String>,
    /// When it last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// By whom.
    pub updated_by: Option<String>,
}

/// Answer of `GET /alert/channel/list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct AlertChannelList {
    /// The channels, configured ones first.
    pub channels: Vec<AlertChannel>,
}

/// Body of `POST /alert/channel/new`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"name": "On call", "kind": "slack",
    "url": "https://hooks.slack.com/services/T000/B000/XXXX", "alert_types": ["budget_alerts"]})))]
#[serde(deny_unknown_fields)]
pub struct AlertChannelCreate {
    /// What it is called.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub name: String,
    /// What it speaks.
    #[garde(skip)]
    pub kind: ChannelKind,
    /// Where it leads: an address that is never shown again. Not for e-mail and PagerDuty.
    #[serde(default)]
    #[garde(custom(valid_url))]
    #[cfg_attr(feature = "spec", schema(max_length = 2000))]
    pub url: Option<String>,
    /// PagerDuty's integration key, which is never shown again.
    #[serde(default)]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(max_length = 255))]
    pub routing_key: Option<String>,
    /// Addresses, for e-mail.
    #[serde(default, deserialize_with = "null_as_default")]
    #[garde(custom(valid_addresses))]
    #[cfg_attr(feature = "spec", schema(max_items = 50, nullable))]
    pub email_to: Vec<String>,
    /// Tell only what belongs to this organization.
    #[serde(default)]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(max_length = 255))]
    pub organization_id: Option<String>,
    /// Tell only what belongs to this team.
    #[serde(default)]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(max_length = 255))]
    pub team_id: Option<String>,
    /// What is told; empty: `alert_types` of the settings.
    #[serde(default, deserialize_with = "null_as_default")]
    #[garde(length(max = 100))]
    #[cfg_attr(feature = "spec", schema(max_items = 100, nullable))]
    pub alert_types: Vec<AlertType>,
    /// Nothing less bad is told. Default: `low`.
    #[serde(default)]
    #[garde(skip)]
    pub min_level: Option<AlertLevel>,
    /// Messages in a minute at most, 1 to 600; what is more comes as a digest.
    #[serde(default = "messages_per_minute_default")]
    #[garde(range(min = 1, max = 600))]
    #[cfg_attr(feature = "spec", schema(minimum = 1, maximum = 600))]
    pub messages_per_minute: u32,
    /// When only what is bad is told.
    #[serde(default)]
    #[garde(dive)]
    pub quiet_hours: Option<QuietHours>,
}

const fn messages_per_minute_default() -> u32 {
    MESSAGES_PER_MINUTE_DEFAULT
}

/// Answer of `POST /alert/channel/new`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct AlertChannelCreated {
    /// The channel.
    #[serde(flatten)]
    pub channel: AlertChannel,
    /// With what a webhook's messages are signed (`whsec_…`). It is shown this once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_secret: Option<String>,
}

/// Body of `POST /alert/channel/update`: only what is sent changes, `null` clears.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"channel_id": "5b1c", "muted_until": "2026-11-21T12:00:00Z"})))]
#[serde(deny_unknown_fields)]
pub struct AlertChannelPatch {
    /// The channel to change.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub channel_id: String,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(max_length = 255))]
    pub name: Option<String>,
    /// Where it leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_url))]
    #[cfg_attr(feature = "spec", schema(max_length = 2000))]
    pub url: Option<String>,
    /// PagerDuty's integration key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(max_length = 255))]
    pub routing_key: Option<String>,
    /// Addresses, for e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(custom(valid_addresses)))]
    #[cfg_attr(feature = "spec", schema(max_items = 50))]
    pub email_to: Option<Vec<String>>,
    /// What is told; empty: `alert_types` of the settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(max_items = 100))]
    pub alert_types: Option<Vec<AlertType>>,
    /// Nothing less bad is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub min_level: Option<AlertLevel>,
    /// Messages in a minute at most, 1 to 600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(range(min = 1, max = 600))]
    #[cfg_attr(feature = "spec", schema(minimum = 1, maximum = 600))]
    pub messages_per_minute: Option<u32>,
    /// When only what is bad is told.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_hours))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<QuietHours>))]
    pub quiet_hours: Patch<QuietHours>,
    /// Tell nothing before.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<DateTime<Utc>>))]
    pub muted_until: Patch<DateTime<Utc>>,
}

/// Body of `POST /alert/channel/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"channel_id": "5b1c"})))]
#[serde(deny_unknown_fields)]
pub struct AlertChannelDelete {
    /// The channel to delete.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub channel_id: String,
}

/// Answer of `POST /alert/channel/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"message": "Channel 'On call' is deleted."})))]
pub struct AlertChannelDeleted {
    /// What happened, in a sentence.
    pub message: String,
}

/// Body of `POST /alert/channel/test`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"channel_id": "slack"})))]
#[serde(deny_unknown_fields)]
pub struct AlertChannelTest {
    /// The channel to try.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub channel_id: String,
}

/// Answer of `POST /alert/channel/test`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"is_sent": false, "error": "hooks.slack.com answers with status 404: no_service"})))]
pub struct AlertChannelTested {
    /// It was taken.
    pub is_sent: bool,
    /// Why it was not.
    pub error: Option<String>,
}

fn check_time<C>(text: &str, _context: &C) -> garde::Result {
    let is_time = text.len() == 5 && chrono::NaiveTime::parse_from_str(text, "%H:%M").is_ok();
    if is_time { Ok(()) } else { Err(garde::Error::new("expected a time such as \"22:00\"")) }
}

fn patch_hours<C>(value: &Patch<QuietHours>, _context: &C) -> garde::Result {
    let Some(hours) = value.as_set() else { return Ok(()) };
    hours.validate().map_err(|report| garde::Error::new(report.to_string()))
}

fn valid_url<C>(value: &Option<String>, _context: &C) -> garde::Result {
    let Some(url) = value else { return Ok(()) };
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    if is_web && url.len() <= URL_MAX && !url.chars().any(|one| one.is_whitespace() || is_unseen(one)) {
        return Ok(());
    }
    Err(garde::Error::new("expected an http or https address"))
}
