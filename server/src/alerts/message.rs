//! Alerts in words.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tollgate_openapi::alert::{AlertFact, AlertLevel, AlertType};

use super::names::Names;
use super::words::{time, words};
use crate::db::JsonMap;
use crate::db::alert::Model as Alert;
use crate::db::alert_delivery::Count;
use crate::domain::alert::Happened;

/// Characters of a title.
const TITLE_CHARS_MAX: usize = 150;

/// An alert as it is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The alert; of a digest its worst one.
    pub id: i64,
    /// Tells it from every other message: the same when it is sent again.
    pub key: String,
    /// What it is about.
    pub alert_type: AlertType,
    /// How bad it is.
    pub level: AlertLevel,
    /// What happened, in a word.
    pub event: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What it happened to, and whose that is.
    pub subject: Subject,
    /// What happened, with all numbers.
    pub details: Map<String, Value>,
    /// Its words.
    pub words: Words,
    /// What tells the incident that it opens from others, where another message says that it is over.
    pub incident: Option<String>,
    /// The incidents that are over by it.
    pub over: Vec<String>,
}

/// What an alert is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Its kind.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// The organization it belongs to.
    pub organization_id: Option<String>,
    /// The team it belongs to.
    pub team_id: Option<String>,
    /// Whose it is.
    pub user_id: Option<String>,
}

/// The words of an alert.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// It in a line.
    pub title: String,
    /// It in a few sentences.
    pub text: String,
    /// Its numbers.
    pub facts: Vec<AlertFact>,
    /// The page of the console that shows it, from its root on.
    pub link: Option<String>,
}

impl Words {
    /// As the outbox keeps them.
    #[must_use]
    pub fn stored(&self) -> JsonMap {
        match serde_json::to_value(self) {
            Ok(Value::Object(members)) => JsonMap(members),
            _ => JsonMap::default(),
        }
    }

    /// Those that the outbox keeps.
    #[must_use]
    pub fn of_stored(stored: &JsonMap) -> Option<Self> {
        serde_json::from_value(Value::Object(stored.0.clone())).ok()
    }

    pub(crate) fn new(title: impl Into<String>, text: impl Into<String>) -> Self {
        let title: String = title.into();
        let title = title.chars().map(|one| if one.is_control() { ' ' } else { one }).take(TITLE_CHARS_MAX).collect();
        Self { title, text: text.into(), facts: Vec::new(), link: None }
    }

    pub(crate) fn fact(mut self, name: &str, value: impl Into<String>) -> Self {
        let value: String = value.into();
        if !value.is_empty() {
            self.facts.push(AlertFact { name: name.to_owned(), value });
        }
        self
    }

    pub(crate) fn link(self, link: impl Into<String>) -> Self {
        Self { link: Some(link.into()), ..self }
    }
}

impl Message {
    /// The alert of a row; `None`: it is of a type that a newer version knows. Its words are those it was told in, or new
    /// ones with these names, and times of this zone.
    pub(super) fn of(alert: &Alert, names: &Names, tz: Tz) -> Option<Self> {
        let what: Happened = serde_json::from_value(Value::Object(alert.details.0.clone())).ok()?;
        let subject = Subject {
            kind: alert.subject_kind.clone(),
            id: alert.subject_id.clone(),
            organization_id: alert.organization_id.clone(),
            team_id: alert.team_id.clone(),
            user_id: alert.user_id.clone(),
        };
        let incident = matches!(what, Happened::ProviderDown { .. } | Happened::RegionDown { .. });
        let incident = incident.then(|| alert.dedup_key.clone());
        let over = match &what {
            Happened::Recovered { outages, .. } => outages.clone(),
            _ => Vec::new(),
        };
        let told = alert.message.as_ref().and_then(Words::of_stored);
        let words = told.unwrap_or_else(|| {
            let name = names.subject(&subject.kind, &subject.id);
            words(&what, &subject, &name, tz)
        });
        Some(Self {
            id: alert.id,
            key: format!("alert_{}", alert.id),
            alert_type: AlertType::named(&alert.alert_type)?,
            level: AlertLevel::named(&alert.level)?,
            event: alert.event.clone(),
            at: alert.occurred_at,
            subject,
            details: alert.details.0.clone(),
            words,
            incident,
            over,
        })
    }

    /// Many alerts in one message: the worst of them, and how many there are of what.
    pub(super) fn digest(named: &[Self], counts: &[Count], last_delivery: i64) -> Self {
        let total: i64 = counts.iter().map(|count| count.alerts).sum();
        let worst = counts.iter().filter_map(|count| AlertLevel::named(&count.level)).max();
        let mut lines: Vec<String> = named.iter().map(|message| format!("• {}", message.words.title)).collect();
        let others = total - i64::try_from(named.len()).unwrap_or(i64::MAX);
        if others > 0 {
            lines.push(format!("… and {others} more"));
        }
        let mut words = Words::new(format!("{total} alerts"), lines.join("\n")).link("/ui/alerts");
        let mut counts: Vec<&Count> = counts.iter().collect();
        counts.sort_by_key(|count| std::cmp::Reverse((AlertLevel::named(&count.level), count.alerts)));
        for count in counts {
            words = words.fact(&format!("{} ({})", count.alert_type, count.level), count.alerts.to_string());
        }
        let of = named.first();
        Self {
            id: of.map_or(0, |message| message.id),
            // With another one in it, it is another digest.
            key: format!("digest_{last_delivery}"),
            alert_type: of.map_or(AlertType::BudgetAlerts, |message| message.alert_type),
            level: worst.unwrap_or(AlertLevel::High),
            event: "digest".to_owned(),
            at: named.iter().map(|message| message.at).min().unwrap_or_default(),
            subject: Subject { kind: "gateway".to_owned(), id: "digest".to_owned(), ..Subject::default() },
            details: Map::new(),
            words,
            incident: None,
            over: named.iter().flat_map(|message| message.over.clone()).collect(),
        }
    }

    /// A message that cannot go by the outbox, since that is what is away.
    pub(super) fn database_is_away(since: DateTime<Utc>, error: &str, tz: Tz) -> Self {
        let text = "Calls go on with what the gateway knows; what they cost waits on the disk. Nothing can be changed.";
        let words = Words::new("The database is away", text).fact("Since", time(since, tz)).fact("Error", error);
        Self {
            id: 0,
            key: format!("database_{}", since.timestamp()),
            alert_type: AlertType::DbExceptions,
            level: AlertLevel::High,
            event: "database_is_away".to_owned(),
            at: since,
            subject: Subject { kind: "gateway".to_owned(), id: "gateway".to_owned(), ..Subject::default() },
            details: Map::new(),
            words: words.link("/ui/"),
            incident: None,
            over: Vec::new(),
        }
    }

    /// A message that is told because somebody tries a channel.
    #[must_use]
    pub fn test(actor: &str, at: DateTime<Utc>) -> Self {
        let text = format!("{actor} tries whether alerts arrive here. They do.");
        Self {
            id: 0,
            key: format!("test_{}", at.timestamp_micros()),
            alert_type: AlertType::AlertChannelFailing,
            level: AlertLevel::Low,
            event: "test".to_owned(),
            at,
            subject: Subject { kind: "gateway".to_owned(), id: "gateway".to_owned(), ..Subject::default() },
            details: Map::new(),
            words: Words::new("A test of Tollgate's alerts", text).link("/ui/alerts?tab=channels"),
            incident: None,
            over: Vec::new(),
        }
    }
}
