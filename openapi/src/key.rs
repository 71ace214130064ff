//! Virtual keys.

mod bounds;
mod bulk;
mod list;
mod rotate;
mod stored;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::check::{
    not_negative, null_as_default, patch_count, patch_id, patch_models, patch_name, patch_not_negative, valid_id,
    valid_models, valid_name,
};
use crate::limit::LimitsInForce;
use crate::money::NanoUsd;
use crate::patch::Patch;
pub use bounds::{KeyBound, KeyBounds, KeyBoundsQuery};
pub use bulk::{
    BULK_MAX, KeyAliasQuery, KeyAliases, KeyBulkDelete, KeyBulkDeleted, KeyBulkUpdate, KeyBulkUpdated, KeyFailure,
    KeyUpdate, KeysInfo, KeysInfoQuery, TeamKeyBulkUpdate, TeamKeyBulkUpdated,
};
pub use list::{KeyListItem, KeyListQuery, KeyPage, KeySort, KeyStatus, SortOrder};
pub use rotate::{KeyRegenerate, KeyResetSpend};
pub use stored::STORED_FIELDS;

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
    /// Dollars by which `max_budget` is higher until `temp_budget_expiry`.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_not_negative))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<NanoUsd>))]
    pub temp_budget_increase: Patch<NanoUsd>,
    /// Until when.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<DateTime<Utc>>))]
    pub temp_budget_expiry: Patch<DateTime<Utc>>,
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
    /// What is in force where the key is attached to a reusable budget by its `budget_id`: its own limits, filled up from
    /// that.
    pub litellm_budget_table: Option<LimitsInForce>,
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
    /// Dollars by which `max_budget` is higher until `temp_budget_expiry`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temp_budget_increase: Option<NanoUsd>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temp_budget_expiry: Option<DateTime<Utc>>,
    /// When the key got its present secret, where that is not its first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated_at: Option<DateTime<Utc>>,
    /// When the last of its former secrets stops working, where one still does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_ends_at: Option<DateTime<Utc>>,
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
