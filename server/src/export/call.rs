//! An ended call as every tool knows it; each words it in its own way.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::CallStatus;
use uuid::Uuid;

use super::names::TeamNames;
use super::queue::Ended;
use super::said::Said;
use super::telling::TraceParent;
use crate::ledger::SpendEvent;
use crate::ledger::event::CACHE_KEY_NOTE;

/// Notes of calls that were made for another one: its id.
const MADE_FOR_NOTES: [&str; 2] = ["hedge_of", "made_for"];
/// Characters of an id that a request chooses. Langfuse takes no longer ones.
const ID_CHARS_MAX: usize = 200;

/// An ended call.
#[derive(Debug)]
pub(super) struct Call {
    ended: Arc<Ended>,
    /// What was asked and answered.
    pub(super) said: Arc<Said>,
    /// Who it is booked to, by name.
    pub(super) names: TeamNames,
}

impl Call {
    pub(super) fn new(ended: Arc<Ended>, names: TeamNames, bytes_max: usize) -> Self {
        let said = ended.said(bytes_max);
        Self { ended, said, names }
    }

    /// What the ledger knows of it.
    pub(super) fn event(&self) -> &SpendEvent {
        &self.ended.event
    }

    /// Its id with the hyphens of a UUID, which it is.
    pub(super) fn uuid(&self) -> String {
        let id = &self.event().request_id;
        Uuid::parse_str(id).map_or_else(|_| id.to_string(), |id| id.to_string())
    }

    /// Its cost in US dollars.
    pub(super) fn cost(&self) -> f64 {
        NanoUsd(self.event().spend_nano).to_usd()
    }

    /// The span that it was made in.
    pub(super) fn parent(&self) -> Option<&TraceParent> {
        self.ended.telling.parent.as_ref()
    }

    /// What belongs together: what the request says, or the call that it was made for, or itself.
    pub(super) fn trace_id(&self) -> String {
        let of_request = self.chosen("trace_id");
        let made_for = || MADE_FOR_NOTES.iter().find_map(|name| self.note(name)).map(str::to_owned);
        of_request.or_else(made_for).unwrap_or_else(|| self.event().request_id.to_string())
    }

    /// An id or a name that the request chooses in its `metadata`.
    pub(super) fn chosen(&self, name: &str) -> Option<String> {
        let text = match self.said.metadata.get(name)? {
            Value::String(text) => text.trim().chars().take(ID_CHARS_MAX).collect(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// What went wrong.
    pub(super) fn error(&self) -> Option<&str> {
        let is_failure = self.event().status != CallStatus::Success;
        is_failure.then(|| self.note("error").unwrap_or("the call failed"))
    }

    /// What kind of error, in a word.
    pub(super) fn error_kind(&self) -> String {
        error_kind(self.event())
    }

    fn note(&self, name: &str) -> Option<&str> {
        note(self.event(), name)
    }

    /// What the answer is kept under in the cache.
    pub(super) fn cache_key(&self) -> Option<&str> {
        self.note(CACHE_KEY_NOTE)
    }

    /// When the first token came.
    pub(super) fn completion_start(&self) -> Option<DateTime<Utc>> {
        self.event().completion_start_time
    }

    /// Who called, in LiteLLM's words.
    pub(super) fn caller(&self) -> Map<String, Value> {
        let event = self.event();
        let told = [
            ("user_api_key_hash", Some(Value::from(&*event.api_key))),
            ("user_api_key_alias", event.key_alias.as_deref().map(Value::from)),
            ("user_api_key_user_id", event.user_id.as_deref().map(Value::from)),
            ("user_api_key_team_id", event.team_id.as_deref().map(Value::from)),
            ("user_api_key_team_alias", self.names.team.as_deref().map(Value::from)),
            ("user_api_key_org_id", event.organization_id.as_deref().map(Value::from)),
            ("user_api_key_org_alias", self.names.organization.as_deref().map(Value::from)),
            ("user_api_key_end_user_id", event.end_user.as_deref().map(Value::from)),
            ("requester_ip_address", event.requester_ip_address.as_deref().map(Value::from)),
        ];
        told.into_iter().map(|(name, value)| (name.to_owned(), value.unwrap_or_default())).collect()
    }

    /// The usage as the provider told it.
    pub(super) fn provider_usage(&self) -> Option<Value> {
        self.event().provider_usage.as_deref().and_then(|json| serde_json::from_str(json).ok())
    }

    /// What went wrong, in LiteLLM's words.
    pub(super) fn error_information(&self) -> Option<Value> {
        let event = self.event();
        self.error().map(|message| {
            json!({
                "error_code": event.status_code.to_string(),
                "error_class": self.error_kind(),
                "llm_provider": event.provider,
                "error_message": message,
                "traceback": "",
            })
        })
    }
}

/// What kind of error, in a word, where it was one.
pub(super) fn error_kind(event: &SpendEvent) -> String {
    note(event, "error_type").map_or_else(|| event.status_code.to_string(), str::to_owned)
}

fn note<'e>(event: &'e SpendEvent, name: &str) -> Option<&'e str> {
    event.metadata.get(name)?.as_str()
}
