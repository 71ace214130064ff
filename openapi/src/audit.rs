//! The audit log: who changed what.

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Entries are counted up to here: more than that many are not told apart in `total`.
pub const COUNTED_MAX: u64 = 10_000;

/// Query of `GET /audit`.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct AuditQuery {
    /// Page, from 1; beyond the 10,000th entry only by `cursor`.
    #[garde(range(min = 1, max = 10_000))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 10_000))]
    pub page: u64,
    /// Entries a page, 1 to 100.
    #[garde(range(min = 1, max = 100))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 100))]
    pub page_size: u64,
    /// Only what this user did: an id or an e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 320))]
    #[cfg_attr(feature = "spec", param(max_length = 320))]
    pub changed_by: Option<String>,
    /// Only entries with this action, such as `created`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 64))]
    #[cfg_attr(feature = "spec", param(max_length = 64))]
    pub action: Option<String>,
    /// Only what happened to things of this kind, such as `key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 64))]
    #[cfg_attr(feature = "spec", param(max_length = 64))]
    pub table_name: Option<String>,
    /// Only what happened to the thing with this id; a key's is its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 1024))]
    #[cfg_attr(feature = "spec", param(max_length = 1024))]
    pub object_id: Option<String>,
    /// From this day or instant on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 64))]
    #[cfg_attr(feature = "spec", param(max_length = 64))]
    pub start_date: Option<String>,
    /// To this day or instant, which is included.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 64))]
    #[cfg_attr(feature = "spec", param(max_length = 64))]
    pub end_date: Option<String>,
    /// Where the page before ended, as it came with it: then `page` is of no account, and any page is as fast as the
    /// first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 4096))]
    #[cfg_attr(feature = "spec", param(max_length = 4096))]
    pub cursor: Option<String>,
}

impl Default for AuditQuery {
    fn default() -> Self {
        Self {
            page: 1,
            page_size: 50,
            changed_by: None,
            action: None,
            table_name: None,
            object_id: None,
            start_date: None,
            end_date: None,
            cursor: None,
        }
    }
}

/// One change, with LiteLLM's field names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"id": "17", "updated_at": "2026-11-21T09:30:00Z", "changed_by": "ada",
    "changed_by_email": "ada@example.com", "changed_by_api_key": "", "actor_kind": "session", "ip_address": "10.0.0.7",
    "action": "updated", "table_name": "key",
    "object_id": "b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4",
    "before_value": {"key_alias": "checkout", "max_budget": 50.0},
    "updated_values": {"key_alias": "checkout", "max_budget": 75.0}})))]
pub struct AuditView {
    /// Place in the log: a larger one is later.
    pub id: String,
    /// When.
    pub updated_at: DateTime<Utc>,
    /// Who: a user's id; empty for nobody known, such as a refused sign-in.
    pub changed_by: String,
    /// That user's e-mail address, where there is one.
    pub changed_by_email: Option<String>,
    /// `litellm_proxy_master_key` where the master key did it, else empty.
    pub changed_by_api_key: String,
    /// How they showed who they are: `master_key`, `session`, `key` or `anonymous`.
    pub actor_kind: String,
    /// Where the request came from.
    pub ip_address: Option<String>,
    /// What was done, such as `created`, `updated`, `deleted`, `blocked`, `rotated`, `signed_in`.
    pub action: String,
    /// Kind of the thing, such as `key`, `team`, `session`.
    pub table_name: String,
    /// Its id; a key's is its hash.
    pub object_id: String,
    /// The thing as it was, without secrets; `null` where it was not.
    #[cfg_attr(feature = "spec", schema(value_type = Option<Object>))]
    pub before_value: Option<Value>,
    /// The thing as it became, without secrets; `null` where it is gone.
    #[cfg_attr(feature = "spec", schema(value_type = Option<Object>))]
    pub updated_values: Option<Value>,
}

/// Answer of `GET /audit`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"audit_logs": [], "total": 0, "page": 1, "page_size": 50, "total_pages": 0})))]
pub struct AuditPage {
    /// The newest first.
    pub audit_logs: Vec<AuditView>,
    /// Entries that match, counted up to 10,000.
    pub total: u64,
    /// This page, from 1.
    pub page: u64,
    /// Entries a page.
    pub page_size: u64,
    /// Pages that `total` entries fill.
    pub total_pages: u64,
    /// The `cursor` of the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Answer of `GET /audit/{id}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"id": "17", "updated_at": "2026-11-21T09:30:00Z", "changed_by": "ada",
    "changed_by_email": "ada@example.com", "changed_by_api_key": "", "actor_kind": "session", "ip_address": "10.0.0.7",
    "action": "updated", "table_name": "key",
    "object_id": "b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4",
    "before_value": {"key_alias": "checkout", "max_budget": 50.0},
    "updated_values": {"key_alias": "checkout", "max_budget": 75.0},
    "hash": "7d793037a0760186574b0282f2f435e7e1c1a1c1c1c1c1c1c1c1c1c1c1c1c1c1",
    "previous_hash": "9e107d9d372bb6826bd81d3542a419d6e1c1a1c1c1c1c1c1c1c1c1c1c1c1c1c1", "is_intact": true})))]
pub struct AuditEntry {
    /// The change.
    #[serde(flatten)]
    pub view: AuditView,
    /// Hash of this entry and of the one before it.
    pub hash: String,
    /// Hash of the entry before; empty for the first.
    pub previous_hash: String,
    /// Whether it says what it said when it was written, and follows the entry that is before it now.
    pub is_intact: bool,
}
