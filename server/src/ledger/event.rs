//! What the ledger knows of a call.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tollgate_openapi::spend::CallStatus;

use crate::domain::usage::Usage;

/// Written when a call is admitted, before its provider is called. A begin without an end is a call that was in
/// flight when the process died.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BeginRecord {
    /// The event as far as it is known: no cost, no end.
    pub event: SpendEvent,
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
    /// The provider's id of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_id: Option<String>,
    /// Error, attempts, usage as the provider sent it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// The budget windows the call is charged to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub charges: Vec<Charge>,
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

impl BeginRecord {
    /// The event of a call that was cut off by the end of the process: no cost is known, so none is booked, and what
    /// was reserved stays visible.
    #[must_use]
    pub fn into_interrupted(self, noticed_at: DateTime<Utc>) -> SpendEvent {
        let mut event = self.event;
        event.status = CallStatus::Interrupted;
        event.status_code = 0;
        event.spend_nano = 0;
        event.end_time = noticed_at;
        event.metadata.insert("reserved_nano_usd".to_owned(), Value::from(self.reserved_nano));
        event
    }
}
