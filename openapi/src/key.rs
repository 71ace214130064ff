//! Virtual keys.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::money::NanoUsd;
use crate::patch::Patch;

/// Fields of LiteLLM's key that are kept and shown as they came. `model_max_budget`, `model_rpm_limit` and
/// `model_tpm_limit` are in force; the others have no effect yet. Anything else is an unknown field.
pub const STORED_FIELDS: &[(&str, StoredKind)] = &[
    ("agent_id", StoredKind::Text),
    ("aliases", StoredKind::Object),
    ("allowed_cache_controls", StoredKind::Array),
    ("allowed_passthrough_routes", StoredKind::Array),
    ("allowed_routes", StoredKind::Array),
    ("auto_rotate", StoredKind::Flag),
    ("budget_fallbacks", StoredKind::Object),
    ("budget_id", StoredKind::Text),
    ("budget_limits", StoredKind::Array),
    ("config", StoredKind::Object),
    ("default_estimated_output_tokens", StoredKind::Count),
    ("default_estimated_output_tokens_per_model", StoredKind::Object),
    ("denied_passthrough_routes", StoredKind::Array),
    ("disable_global_guardrails", StoredKind::Flag),
    ("enable_prompt_caching", StoredKind::Flag),
    ("end_user_budget_id", StoredKind::Text),
    ("enforced_params", StoredKind::Array),
    ("access_group_ids", StoredKind::Array),
    ("guardrails", StoredKind::Array),
    ("key_type", StoredKind::Text),
    ("mcp_rpm_limit", StoredKind::Object),
    ("model_max_budget", StoredKind::Object),
    ("model_rpm_limit", StoredKind::Object),
    ("model_tpm_limit", StoredKind::Object),
    ("object_permission", StoredKind::Object),
    ("permissions", StoredKind::Object),
    ("policies", StoredKind::Array),
    ("project_id", StoredKind::Text),
    ("prompts", StoredKind::Array),
    ("rotation_interval", StoredKind::Text),
    ("router_settings", StoredKind::Object),
    ("rpm_limit_type", StoredKind::Text),
    ("send_invite_email", StoredKind::Flag),
    ("tag_rpm_limit", StoredKind::Object),
    ("tags", StoredKind::Array),
    ("throttle_on_budget_exceeded", StoredKind::Flag),
    ("tpd_limit", StoredKind::Count),
    ("tpm_limit_type", StoredKind::Text),
];

/// JSON type of a field that is only kept. `null` is as good as no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredKind {
    /// An array.
    Array,
    /// Zero or a whole number above it.
    Count,
    /// `true` or `false`.
    Flag,
    /// An object.
    Object,
    /// A string.
    Text,
}

impl StoredKind {
    /// Whether `value` is of this type.
    #[must_use]
    pub fn fits(self, value: &Value) -> bool {
        match self {
            _ if value.is_null() => true,
            Self::Array => value.is_array(),
            Self::Count => value.is_u64(),
            Self::Flag => value.is_boolean(),
            Self::Object => value.is_object(),
            Self::Text => value.is_string(),
        }
    }

    /// What to expect, in words.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Array => "expected an array",
            Self::Count => "expected a whole number, zero or more",
            Self::Flag => "expected true or false",
            Self::Object => "expected an object",
            Self::Text => "expected a string",
        }
    }
}

/// Body of `POST /key/generate`. Every field is optional.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"key_alias": "checkout", "models": ["gpt-4o"], "max_budget": 50.0, "budget_duration": "30d", "rpm_limit": 600,
    "metadata": {"purpose": "shop"}})))]
#[serde(default)]
pub struct KeyCreate {
    /// Name shown to people; unique among live keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_name))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub key_alias: Option<String>,
    /// The key itself, when it is not to be made up: starts with `sk-`, at least 16 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 16, max = 255), prefix("sk-"))]
    #[cfg_attr(feature = "spec", schema(min_length = 16, max_length = 255, pattern = "^sk-[!-~]*$"))]
    pub key: Option<String>,
    /// How long the key is valid, such as `30s`, `30m`, `24h`, `30d`, `1w`, `1mo`; absent: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 1, max = 32))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 32))]
    pub duration: Option<String>,
    /// Models the key may use; empty: all.
    #[garde(custom(valid_models))]
    #[serde(deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "spec", schema(max_items = 1000, nullable))]
    pub models: Vec<String>,
    /// Money already spent when the key starts, in dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(not_negative))]
    pub spend: Option<NanoUsd>,
    /// Hard limit in dollars per budget window; absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(not_negative))]
    pub max_budget: Option<NanoUsd>,
    /// Limit in dollars that only warns.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(not_negative))]
    pub soft_budget: Option<NanoUsd>,
    /// Length of the budget window, such as `30d` or `monthly`; absent: the budget never resets.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 1, max = 32))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 32))]
    pub budget_duration: Option<String>,
    /// Owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub user_id: Option<String>,
    /// Team.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub team_id: Option<String>,
    /// Organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub organization_id: Option<String>,
    /// Calls in flight at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(range(min = 0))]
    #[cfg_attr(feature = "spec", schema(minimum = 0))]
    pub max_parallel_requests: Option<i64>,
    /// Requests a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(range(min = 0))]
    #[cfg_attr(feature = "spec", schema(minimum = 0))]
    pub rpm_limit: Option<i64>,
    /// Tokens a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(range(min = 0))]
    #[cfg_attr(feature = "spec", schema(minimum = 0))]
    pub tpm_limit: Option<i64>,
    /// Anything the caller wants to keep with the key.
    #[serde(skip_serializing_if = "Map::is_empty", deserialize_with = "null_as_default")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Object>))]
    pub metadata: Map<String, Value>,
    /// A blocked key is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub blocked: Option<bool>,
    /// Fields of LiteLLM's that are kept and shown but have no effect yet, such as `tags`.
    #[serde(flatten)]
    #[garde(skip)]
    pub other: BTreeMap<String, Value>,
}

/// Body of `POST /key/update`: only what is sent changes, `null` clears. One of `key` and `key_alias` names the key;
/// where both are sent, `key` names it and `key_alias` is its new alias.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"key": "b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4", "max_budget": 100.0, "duration": null})))]
#[serde(default)]
pub struct KeyPatch {
    /// The key or its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 1, max = 255))]
    pub key: Option<String>,
    /// Name shown to people.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_name))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub key_alias: Patch<String>,
    /// New validity, counted from now.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub duration: Patch<String>,
    /// Models the key may use; empty: all.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_models))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Vec<String>>))]
    pub models: Patch<Vec<String>>,
    /// Spend of the current budget window, in dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(not_negative))]
    pub spend: Option<NanoUsd>,
    /// Hard limit in dollars per budget window.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_not_negative))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<NanoUsd>))]
    pub max_budget: Patch<NanoUsd>,
    /// Limit in dollars that only warns.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_not_negative))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<NanoUsd>))]
    pub soft_budget: Patch<NanoUsd>,
    /// Length of the budget window.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub budget_duration: Patch<String>,
    /// Owner.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_id))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub user_id: Patch<String>,
    /// Team.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_id))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub team_id: Patch<String>,
    /// Organization.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_id))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub organization_id: Patch<String>,
    /// Calls in flight at once.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_count))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<i64>))]
    pub max_parallel_requests: Patch<i64>,
    /// Requests a minute.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_count))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<i64>))]
    pub rpm_limit: Patch<i64>,
    /// Tokens a minute.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_count))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<i64>))]
    pub tpm_limit: Patch<i64>,
    /// Replaces the key's metadata.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Object>))]
    pub metadata: Patch<Map<String, Value>>,
    /// A blocked key is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub blocked: Option<bool>,
    /// Fields of LiteLLM's that are kept and shown but have no effect yet, such as `tags`; `null` removes one.
    #[serde(flatten)]
    #[garde(skip)]
    pub other: BTreeMap<String, Value>,
}

/// A key without its secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"token": "b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4",
    "key_name": "sk-...h8Qz", "key_alias": "checkout", "spend": 1.25, "total_spend": 40.5, "max_budget": 50.0,
    "soft_budget": null, "budget_duration": "30d", "budget_reset_at": "2026-12-01T00:00:00Z", "models": ["gpt-4o"],
    "user_id": "ada", "team_id": null, "organization_id": null, "max_parallel_requests": null, "rpm_limit": 600,
    "tpm_limit": null, "metadata": {"purpose": "shop"}, "blocked": false, "expires": null,
    "last_used_at": "2026-11-21T09:30:00Z", "created_at": "2026-11-01T08:00:00Z", "created_by": "default_user_id",
    "updated_at": "2026-11-01T08:00:00Z", "updated_by": "default_user_id", "tags": ["prod"]})))]
pub struct KeyView {
    /// SHA-256 of the key in hex: its id.
    pub token: String,
    /// `sk-...` and the last four characters.
    pub key_name: String,
    /// Name shown to people.
    pub key_alias: Option<String>,
    /// Spend of the current budget window, in dollars.
    pub spend: NanoUsd,
    /// Spend since the key exists, in dollars.
    pub total_spend: NanoUsd,
    /// Hard limit in dollars per budget window.
    pub max_budget: Option<NanoUsd>,
    /// Limit in dollars that only warns.
    pub soft_budget: Option<NanoUsd>,
    /// Length of the budget window.
    pub budget_duration: Option<String>,
    /// When the current window ends.
    pub budget_reset_at: Option<DateTime<Utc>>,
    /// Models the key may use; empty: all.
    pub models: Vec<String>,
    /// Owner.
    pub user_id: Option<String>,
    /// Team.
    pub team_id: Option<String>,
    /// Organization.
    pub organization_id: Option<String>,
    /// Calls in flight at once.
    pub max_parallel_requests: Option<i64>,
    /// Requests a minute.
    pub rpm_limit: Option<i64>,
    /// Tokens a minute.
    pub tpm_limit: Option<i64>,
    /// What the caller keeps with the key.
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub metadata: Map<String, Value>,
    /// A blocked key is refused.
    pub blocked: bool,
    /// When the key stops working.
    pub expires: Option<DateTime<Utc>>,
    /// When the key last served a call, as far as the ledger knows.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Option<String>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: Option<String>,
    /// Fields of LiteLLM's that are kept and shown but have no effect yet, such as `tags`.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

/// Answer of `POST /key/generate`: the only time the key itself is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"key": "sk-4mJ2hT8vQx1ZkP6wR9sLdB3nYc5uE7gA0fXiKoVrHtM1aWqh8Qz", "token_id": "b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4", "token": "b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4",
    "key_name": "sk-...h8Qz", "key_alias": "checkout", "spend": 1.25, "total_spend": 40.5, "max_budget": 50.0,
    "soft_budget": null, "budget_duration": "30d", "budget_reset_at": "2026-12-01T00:00:00Z", "models": ["gpt-4o"],
    "user_id": "ada", "team_id": null, "organization_id": null, "max_parallel_requests": null, "rpm_limit": 600,
    "tpm_limit": null, "metadata": {"purpose": "shop"}, "blocked": false, "expires": null,
    "last_used_at": "2026-11-21T09:30:00Z", "created_at": "2026-11-01T08:00:00Z", "created_by": "default_user_id",
    "updated_at": "2026-11-01T08:00:00Z", "updated_by": "default_user_id", "tags": ["prod"]})))]
pub struct KeyCreated {
    /// The key. It is stored only as a hash and never shown again.
    pub key: String,
    /// The hash once more, under LiteLLM's other name.
    pub token_id: String,
    /// Everything else.
    #[serde(flatten)]
    pub view: KeyView,
}

/// Answer of `POST /key/update`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"key": "b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4", "token": "b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4",
    "key_name": "sk-...h8Qz", "key_alias": "checkout", "spend": 1.25, "total_spend": 40.5, "max_budget": 50.0,
    "soft_budget": null, "budget_duration": "30d", "budget_reset_at": "2026-12-01T00:00:00Z", "models": ["gpt-4o"],
    "user_id": "ada", "team_id": null, "organization_id": null, "max_parallel_requests": null, "rpm_limit": 600,
    "tpm_limit": null, "metadata": {"purpose": "shop"}, "blocked": false, "expires": null,
    "last_used_at": "2026-11-21T09:30:00Z", "created_at": "2026-11-01T08:00:00Z", "created_by": "default_user_id",
    "updated_at": "2026-11-01T08:00:00Z", "updated_by": "default_user_id", "tags": ["prod"]})))]
pub struct KeyUpdated {
    /// The key as it was named, or its hash where an alias named it.
    pub key: String,
    /// The key as it is now.
    #[serde(flatten)]
    pub view: KeyView,
}

/// Answer of `GET /key/info`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"key": "b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4", "info": {"token": "b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4",
    "key_name": "sk-...h8Qz", "key_alias": "checkout", "spend": 1.25, "total_spend": 40.5, "max_budget": 50.0,
    "soft_budget": null, "budget_duration": "30d", "budget_reset_at": "2026-12-01T00:00:00Z", "models": ["gpt-4o"],
    "user_id": "ada", "team_id": null, "organization_id": null, "max_parallel_requests": null, "rpm_limit": 600,
    "tpm_limit": null, "metadata": {"purpose": "shop"}, "blocked": false, "expires": null,
    "last_used_at": "2026-11-21T09:30:00Z", "created_at": "2026-11-01T08:00:00Z", "created_by": "default_user_id",
    "updated_at": "2026-11-01T08:00:00Z", "updated_by": "default_user_id", "tags": ["prod"]}})))]
pub struct KeyInfo {
    /// The key as it was asked for.
    pub key: String,
    /// The key without its secret.
    pub info: KeyView,
}

/// Query of `GET /key/info`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct KeyInfoQuery {
    /// The key or its hash; absent: the caller's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 1, max = 255))]
    #[cfg_attr(feature = "spec", param(min_length = 1, max_length = 255))]
    pub key: Option<String>,
}

/// Query of `GET /key/list`.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct KeyListQuery {
    /// Page, from 1.
    #[garde(range(min = 1, max = 10_000_000))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 10_000_000))]
    pub page: u64,
    /// Keys a page, 1 to 100.
    #[garde(range(min = 1, max = 100))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 100))]
    pub size: u64,
    /// Only this owner's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub user_id: Option<String>,
    /// Only this team's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub team_id: Option<String>,
    /// Only this organization's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub organization_id: Option<String>,
    /// Only the key with this hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub key_hash: Option<String>,
    /// Only the key with this alias.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub key_alias: Option<String>,
    /// Part of an alias, a key name, an owner or a team, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub search: Option<String>,
    /// Only keys in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub status: Option<KeyStatus>,
    /// Whole keys instead of hashes.
    #[garde(skip)]
    pub return_full_object: bool,
    /// Column to sort by.
    #[garde(skip)]
    pub sort_by: KeySort,
    /// Direction.
    #[garde(skip)]
    pub sort_order: SortOrder,
}

impl Default for KeyListQuery {
    fn default() -> Self {
        Self {
            page: 1,
            size: 10,
            user_id: None,
            team_id: None,
            organization_id: None,
            key_hash: None,
            key_alias: None,
            search: None,
            status: None,
            return_full_object: false,
            sort_by: KeySort::CreatedAt,
            sort_order: SortOrder::Desc,
        }
    }
}

/// State of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum KeyStatus {
    /// Works.
    Active,
    /// Its time is over.
    Expired,
    /// Blocked by somebody.
    #[serde(alias = "revoked")]
    Blocked,
}

/// Columns `GET /key/list` sorts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum KeySort {
    /// When it was made.
    CreatedAt,
    /// When it last changed.
    UpdatedAt,
    /// Its alias.
    KeyAlias,
    /// Its spend since it exists.
    Spend,
    /// Its hard limit.
    MaxBudget,
    /// When it stops working.
    Expires,
}

/// Direction of a sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SortOrder {
    /// Smallest first.
    Asc,
    /// Largest first.
    Desc,
}

/// Answer of `GET /key/list`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"keys": ["b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4"], "total_count": 1, "current_page": 1, "total_pages": 1})))]
pub struct KeyPage {
    /// Hashes, or whole keys where `return_full_object` asks for them.
    pub keys: Vec<KeyListItem>,
    /// Keys that match.
    pub total_count: u64,
    /// This page, from 1.
    pub current_page: u64,
    /// Pages there are.
    pub total_pages: u64,
}

/// One entry of a key list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum KeyListItem {
    /// Only the hash.
    Token(String),
    /// The whole key.
    Full(Box<KeyView>),
}

/// Body of `POST /key/delete`; at least one of the two lists.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"keys": ["b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4"]})))]
#[serde(default, deny_unknown_fields)]
pub struct KeyDelete {
    /// Keys or their hashes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(inner(length(min = 1, max = 1000)))]
    pub keys: Option<Vec<String>>,
    /// Aliases.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(inner(length(min = 1, max = 1000)))]
    pub key_aliases: Option<Vec<String>>,
}

/// Answer of `POST /key/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"deleted_keys": ["b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4"]})))]
pub struct KeyDeleted {
    /// What was deleted, as it was passed.
    pub deleted_keys: Vec<String>,
}

/// Body of `POST /key/block` and `/key/unblock`.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"key": "b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4"})))]
#[serde(deny_unknown_fields)]
pub struct KeyBlock {
    /// The key or its hash.
    #[garde(length(min = 1, max = 255))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub key: String,
}

fn not_negative<C>(value: &Option<NanoUsd>, _context: &C) -> garde::Result {
    match value {
        Some(money) if *money < NanoUsd::ZERO => Err(garde::Error::new("expected zero or more US dollars")),
        _ => Ok(()),
    }
}

/// Most models of one key.
const MODELS_MAX: usize = 1000;
/// Longest name, in characters, and longest id, in bytes: ids are parts of the ledger's index rows.
const NAME_MAX: usize = 255;

fn null_as_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

fn check_name(text: &str, length: usize) -> garde::Result {
    if length > NAME_MAX || text.trim().is_empty() {
        return Err(garde::Error::new(format!("expected 1 to {NAME_MAX} characters, not all of them spaces")));
    }
    if text.chars().any(is_unseen) {
        return Err(garde::Error::new("expected text without control characters"));
    }
    Ok(())
}

/// Control characters, and those that turn the direction of the text around them.
fn is_unseen(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn valid_name<C>(value: &Option<String>, _context: &C) -> garde::Result {
    value.as_deref().map_or(Ok(()), |text| check_name(text, text.chars().count()))
}

fn valid_id<C>(value: &Option<String>, _context: &C) -> garde::Result {
    value.as_deref().map_or(Ok(()), |text| check_name(text, text.len()))
}

fn valid_models<C>(value: &[String], context: &C) -> garde::Result {
    if value.len() > MODELS_MAX {
        return Err(garde::Error::new(format!("expected at most {MODELS_MAX} models")));
    }
    value.iter().try_for_each(|model| valid_id(&Some(model.clone()), context))
}

fn patch_name<C>(value: &Patch<String>, context: &C) -> garde::Result {
    valid_name(&value.as_set().cloned(), context)
}

fn patch_id<C>(value: &Patch<String>, context: &C) -> garde::Result {
    valid_id(&value.as_set().cloned(), context)
}

fn patch_models<C>(value: &Patch<Vec<String>>, context: &C) -> garde::Result {
    value.as_set().map_or(Ok(()), |list| valid_models(list, context))
}

fn patch_not_negative<C>(value: &Patch<NanoUsd>, context: &C) -> garde::Result {
    not_negative(&value.as_set().copied(), context)
}

fn patch_count<C>(value: &Patch<i64>, _context: &C) -> garde::Result {
    match value.as_set() {
        Some(count) if *count < 0 => Err(garde::Error::new("expected zero or more")),
        _ => Ok(()),
    }
}
