//! Alerts: what happened that somebody should know of, and where they are told.

mod channel;
mod kind;

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};

pub use channel::{
    AlertChannel, AlertChannelCreate, AlertChannelCreated, AlertChannelDelete, AlertChannelDeleted, AlertChannelList,
    AlertChannelPatch, AlertChannelTest, AlertChannelTested, ChannelKind, ChannelSource, QuietHours,
};
pub use kind::AlertType;

/// Alerts are counted up to here: more than that many are not told apart in `total`.
pub const COUNTED_MAX: u64 = 10_000;
/// Alerts of a page where nobody says how many.
const PAGE_SIZE_DEFAULT: u64 = 50;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlertLevel {
    /// Good to know.
    Low,
    /// Look at it today.
    Medium,
    /// Look at it now.
    High,
}

impl AlertLevel {
    /// Every level.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// The level of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// What became of an alert in one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It waits: for its turn, for the end of quiet hours, or for another try.
    Pending,
    /// It was taken.
    Sent,
    /// The channel was muted.
    Muted,
    /// It was tried for a day, or its channel is gone.
    Failed,
}

impl DeliveryState {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Muted => "muted",
            Self::Failed => "failed",
        }
    }

    /// The state of this name; unknown ones are failures.
    #[must_use]
    pub fn named(name: &str) -> Self {
        [Self::Pending, Self::Sent, Self::Muted].into_iter().find(|one| one.name() == name).unwrap_or(Self::Failed)
    }
}

/// An alert in one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct AlertDelivery {
    /// The channel.
    pub channel_id: String,
    /// What the channel is called; null: it is gone.
    pub channel_name: Option<String>,
    /// The e-mail address, where it is one.
    pub recipient: Option<String>,
    /// What became of it.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last try failed.
    pub error: Option<String>,
    /// When it is tried next.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// When it was taken.
    pub sent_at: Option<DateTime<Utc>>,
}

/// A number or a name that an alert is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct AlertFact {
    /// What it is.
    pub name: String,
    /// It, as it is shown.
    pub value: String,
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"alert_id": "42", "alert_type": "budget_alerts", "level": "medium",
    "event": "threshold_crossed", "title": "Team search has used 80 % of its budget",
    "text": "$80.12 of $100.00 are spent. The budget starts anew on 1 December 2026, 00:00 UTC.",
    "facts": [{"name": "Spent", "value": "$80.12"}, {"name": "Budget", "value": "$100.00"}],
    "link": "/ui/teams?id=search", "subject_kind": "team", "subject_id": "search", "organization_id": null,
    "team_id": "search", "occurrences": 1, "occurred_at": "2026-11-21T10:00:00Z", "last_at": "2026-11-21T10:00:00Z",
    "deliveries": [{"channel_id": "slack", "channel_name": "Slack", "recipient": null, "state": "sent", "attempts": 1,
    "error": null, "next_attempt_at": null, "sent_at": "2026-11-21T10:00:01Z"}]})))]
pub struct AlertView {
    /// Id.
    pub alert_id: String,
    /// What it is about.
    pub alert_type: AlertType,
    /// How bad it is.
    pub level: AlertLevel,
    /// What precisely happened, in a word: LiteLLM's `event` of budget alerts, and others in the same manner.
    pub event: String,
    /// It in a line.
    pub title: String,
    /// It in a few sentences.
    pub text: String,
    /// Its numbers.
    pub facts: Vec<AlertFact>,
    /// The page of the console that shows it.
    pub link: Option<String>,
    /// The kind of what it is about: `key`, `team`, `provider`, …
    pub subject_kind: String,
    /// Its id.
    pub subject_id: String,
    /// The organization it belongs to.
    pub organization_id: Option<String>,
    /// The team it belongs to.
    pub team_id: Option<String>,
    /// How often it happened so far.
    pub occurrences: u64,
    /// When it first happened.
    pub occurred_at: DateTime<Utc>,
    /// When it last happened.
    pub last_at: DateTime<Utc>,
    /// What became of it in each channel.
    pub deliveries: Vec<AlertDelivery>,
}

/// Query of `GET /alert/list`.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct AlertListQuery {
    /// Only of this type.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", param(inline))]
    pub alert_type: Option<AlertType>,
    /// Only as bad as this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", param(inline))]
    pub level: Option<AlertLevel>,
    /// From this day or time on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 40))]
    #[cfg_attr(feature = "spec", param(max_length = 40))]
    pub start_date: Option<String>,
    /// Until this day, it included, or time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 40))]
    #[cfg_attr(feature = "spec", param(max_length = 40))]
    pub end_date: Option<String>,
    /// Page, from 1.
    #[garde(range(min = 1, max = 10_000_000))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 10_000_000))]
    pub page: u64,
    /// Alerts a page, 1 to 100.
    #[garde(range(min = 1, max = 100))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 100))]
    pub page_size: u64,
    /// Where the page before ended, as it came with it: then `page` is of no account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 4096))]
    #[cfg_attr(feature = "spec", param(max_length = 4096))]
    pub cursor: Option<String>,
}

impl Default for AlertListQuery {
    fn default() -> Self {
        Self {
            alert_type: None,
            level: None,
            start_date: None,
            end_date: None,
            page: 1,
            page_size: PAGE_SIZE_DEFAULT,
            cursor: None,
        }
    }
}

/// Answer of `GET /alert/list`, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct AlertPage {
    /// The alerts.
    pub alerts: Vec<AlertView>,
    /// How many there are, up to 10,000.
    pub total: u64,
    /// This page, from 1.
    pub page: u64,
    /// Alerts a page.
    pub page_size: u64,
    /// How many pages there are.
    pub total_pages: u64,
    /// What the next page is to be asked for with; null: there is none.
    pub next_cursor: Option<String>,
}
