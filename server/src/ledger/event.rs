//! What the ledger knows of a call.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tollgate_openapi::spend::CallStatus;

use crate::db::budget_spend;
use crate::domain::usage::Usage;

/// Bytes of a text that sums are kept by. Postgres refuses an index row above 2,704 bytes, and `daily_spend`'s key has
/// eight of them; whoever sends a call chooses two.
pub const TEXT_BYTES_MAX: usize = 255;

/// Where a call that was looked up in the cache notes under what.
pub const CACHE_KEY_NOTE: &str = "cache_key";

/// Where a call that another model stood in for notes which was asked for.
pub const ASKED_FOR_NOTE: &str = "original_model_group";

/// Where a call that a budget refused notes which: a [`RefusingBudget`].
pub const REFUSING_BUDGET_NOTE: &str = "refusing_budget";

/// Where an interrupted call notes what was reserved for it, in nano-dollars.
pub(super) const RESERVED_NOTE: &str = "reserved_nano_usd";

/// Written before a provider is called. A begin without an end is a call that was in flight when the process died.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BeginRecord<'a> {
    /// The event as far as it is known: no cost, no end.
    pub event: Cow<'a, SpendEvent>,
    /// What was reserved for the call, in nano-dollars.
    pub reserved_nano: i64,
}

/// One call, ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpendEvent {
    /// Id of the call; the ledger's key.
    pub request_id: Arc<str>,
    /// Kind of call, such as `acompletion`.
    pub call_type: Cow<'static, str>,
    /// Hex digest of the key.
    pub api_key: Arc<str>,
    /// Alias of the key at the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_alias: Option<Arc<str>>,
    /// Owner of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Arc<str>>,
    /// Team of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_id: Option<Arc<str>>,
    /// Organization of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<Arc<str>>,
    /// The `user` field of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_user: Option<String>,
    /// Cost in nano-dollars.
    pub spend_nano: i64,
    /// What caches spared of it.
    #[serde(default, skip_serializing_if = "Saved::is_nothing")]
    pub saved: Saved,
    /// Tokens, each leg apart.
    pub usage: Usage,
    /// When the call arrived.
    #[serde(with = "chrono::serde::ts_microseconds")]
    pub start_time: DateTime<Utc>,
    /// When its answer ended.
    #[serde(with = "chrono::serde::ts_microseconds")]
    pub end_time: DateTime<Utc>,
    /// When the first token came, for streams.
    #[serde(default, with = "chrono::serde::ts_microseconds_option", skip_serializing_if = "Option::is_none")]
    pub completion_start_time: Option<DateTime<Utc>>,
    /// Time the gateway added before it called the provider, in microseconds.
    pub overhead_us: i64,
    /// Public name the client asked for.
    pub model_group: Arc<str>,
    /// The provider's model.
    pub model: Arc<str>,
    /// Id of the deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_id: Option<Arc<str>>,
    /// Provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Arc<str>>,
    /// Where the provider was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_base: Option<Arc<str>>,
    /// Address of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester_ip_address: Option<String>,
    /// Whether the answer was streamed.
    pub stream: bool,
    /// How the call ended.
    pub status: CallStatus,
    /// HTTP status the client got.
    pub status_code: u16,
    /// The answer came from the cache.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cache_hit: bool,
    /// The provider's id of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_id: Option<String>,
    /// Usage as the provider sent it: JSON, which is read when it is written to the database and not before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_usage: Option<String>,
    /// Error, attempts and other notes.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// Tags of the call and of its key, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Arc<str>>,
    /// The budget windows the call is charged to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub charges: Vec<Charge>,
}

/// What caches spared of the cost of a call, in nano-dollars, at the prices of its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// What the call cost that the gateway's cache had the answer of.
    pub by_cache_nano: i64,
    /// What it would have cost more had the provider cached nothing; less than nothing where writing into that cache cost
    /// more than reading from it spared.
    pub by_prompt_cache_nano: i64,
}

impl Saved {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// A budget that has nothing left for a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusingBudget {
    /// `key`, `team`, …
    pub kind: Cow<'static, str>,
    /// Id of the entity.
    pub id: Arc<str>,
    /// What is spent in its window, in nano-dollars.
    pub spent_nano: i64,
    /// The limit, in nano-dollars.
    pub max_nano: i64,
    /// When its window began.
    pub window_start: Option<DateTime<Utc>>,
    /// When its window ends.
    pub window_end: Option<DateTime<Utc>>,
}

/// A budget window a call is charged to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Charge {
    /// `key`, `team`, …
    pub kind: Cow<'static, str>,
    /// Id of the entity.
    pub id: Arc<str>,
    /// Start of the window in microseconds since the epoch; 0 where the budget never resets.
    pub window_start_us: i64,
}

impl Charge {
    /// Start of the window; `None` where the budget never resets.
    #[must_use]
    pub fn window_start(&self) -> Option<DateTime<Utc>> {
        budget_spend::window_start(self.window_start_us)
    }
}

impl SpendEvent {
    /// The event as every database can keep it: texts that came from outside are cut to [`TEXT_BYTES_MAX`] and have no
    /// U+0000, which Postgres refuses. One row that is refused would keep all others waiting.
    #[must_use]
    pub fn storable(&self) -> Cow<'_, Self> {
        let ids = [&self.user_id, &self.team_id, &self.organization_id, &self.model_id, &self.provider];
        let optional =
            ids.into_iter().map(Option::as_deref).chain([self.end_user.as_deref(), self.response_id.as_deref()]);
        let tags = self.tags.iter().map(|tag| &**tag);
        let mut texts = optional.flatten().chain([&*self.model_group, &*self.model]).chain(tags);
        if texts.all(is_storable) && !self.metadata.iter().any(|(name, value)| name.contains('\0') || has_nul(value)) {
            return Cow::Borrowed(self);
        }
        let shared = |text: &Option<Arc<str>>| text.as_deref().map(|text| Arc::from(storable_text(text)));
        Cow::Owned(Self {
            user_id: shared(&self.user_id),
            team_id: shared(&self.team_id),
            organization_id: shared(&self.organization_id),
            model_id: shared(&self.model_id),
            provider: shared(&self.provider),
            end_user: self.end_user.as_deref().map(storable_text),
            response_id: self.response_id.as_deref().map(storable_text),
            model_group: Arc::from(storable_text(&self.model_group)),
            model: Arc::from(storable_text(&self.model)),
            tags: self.tags.iter().map(|tag| Arc::from(storable_text(tag))).collect(),
            metadata: self.metadata.iter().map(|(name, value)| (without_nul(name), value_without_nul(value))).collect(),
            ..self.clone()
        })
    }
}

fn is_storable(text: &str) -> bool {
    text.len() <= TEXT_BYTES_MAX && !text.contains('\0')
}

fn storable_text(text: &str) -> String {
    let end = text.floor_char_boundary(TEXT_BYTES_MAX);
    without_nul(text.get(..end).unwrap_or_default())
}

/// One byte for one byte, so that a cut text stays within its bound.
fn without_nul(text: &str) -> String {
    text.replace('\0', "?")
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn value_without_nul(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(without_nul(text)),
        Value::Array(items) => items.iter().map(value_without_nul).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (without_nul(name), value_without_nul(value))).collect()
        }
        other => other.clone(),
    }
}

impl SpendEvent {
    /// All notes, among them the provider's usage and what was used that is not counted in tokens.
    #[must_use]
    pub fn notes(&self) -> Map<String, Value> {
        let mut notes = self.metadata.clone();
        let usage = self.provider_usage.as_deref().and_then(|json| serde_json::from_str::<Value>(json).ok());
        if let Some(usage) = usage {
            notes.insert("usage".to_owned(), if has_nul(&usage) { value_without_nul(&usage) } else { usage });
        }
        let units: Map<String, Value> =
            self.usage.units().map(|(name, count)| (name.to_owned(), Value::from(count))).collect();
        if !units.is_empty() {
            notes.insert("units".to_owned(), Value::Object(units));
        }
        notes
    }
}

impl BeginRecord<'_> {
    /// The event of a call that was cut off by the end of the process: no cost is known, so none is booked, and what
    /// was reserved stays visible.
    #[must_use]
    pub fn into_interrupted(self, noticed_at: DateTime<Utc>) -> SpendEvent {
        let mut event = self.event.into_owned();
        event.status = CallStatus::Interrupted;
        event.status_code = 0;
        event.spend_nano = 0;
        event.end_time = noticed_at;
        event.metadata.insert(RESERVED_NOTE.to_owned(), Value::from(self.reserved_nano));
        event
    }
}
