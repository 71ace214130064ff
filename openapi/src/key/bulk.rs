//! Many keys at once: each succeeds or fails by itself.

use garde::Validate;
use serde::{Deserialize, Serialize};

use super::{KeyPatch, KeyView};

/// Keys of one request.
pub const BULK_MAX: usize = 500;

/// Body of `POST /key/bulk_update`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"keys": [{"key": "b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4", "max_budget": 100.0}]})))]
#[serde(deny_unknown_fields)]
pub struct KeyBulkUpdate {
    /// A change of each key, as `/key/update` takes it.
    // Checked one by one: what is wrong with one leaves the others alone.
    #[garde(length(min = 1, max = BULK_MAX))]
    #[cfg_attr(feature = "spec", schema(min_items = 1, max_items = 500))]
    pub keys: Vec<KeyPatch>,
}

/// Body of `POST /team/key/bulk_update`: one change of keys of a team, of those that are named or of all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"team_id": "web-shop", "all_keys_in_team": true, "update_fields": {"max_budget": 100.0}})))]
#[serde(deny_unknown_fields)]
pub struct TeamKeyBulkUpdate {
    /// The team.
    #[garde(length(min = 1, max = 255))]
    pub team_id: String,
    /// Keys of it or their hashes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 1, max = BULK_MAX), inner(inner(length(min = 1, max = 255))))]
    #[cfg_attr(feature = "spec", schema(min_items = 1, max_items = 500))]
    pub key_ids: Option<Vec<String>>,
    /// All keys of it, in the place of `key_ids`.
    #[serde(default)]
    #[garde(skip)]
    pub all_keys_in_team: bool,
    /// What `/key/update` takes, but for what is one key's own: which it is, its name, whose it is and its spend.
    #[garde(dive)]
    pub update_fields: KeyPatch,
}

/// Answer of `POST /team/key/bulk_update`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"team_id": "web-shop", "total_requested": 1, "successful_updates": [],
    "failed_updates": [{"key": "sk-gone", "failed_reason": "The team has no such key.", "param": "key_ids"}]})))]
pub struct TeamKeyBulkUpdated {
    /// The team.
    pub team_id: String,
    /// What became of each.
    #[serde(flatten)]
    pub keys: KeyBulkUpdated,
}

/// Body of `POST /key/bulk_delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"keys": ["b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4"]})))]
#[serde(deny_unknown_fields)]
pub struct KeyBulkDelete {
    /// Keys or their hashes.
    #[garde(length(min = 1, max = BULK_MAX), inner(length(min = 1, max = 255)))]
    #[cfg_attr(feature = "spec", schema(min_items = 1, max_items = 500))]
    pub keys: Vec<String>,
}

/// A key that was not changed, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"key": "sk-gone", "failed_reason": "Key not found.", "param": null})))]
pub struct KeyFailure {
    /// The key as it was named; empty where it was not.
    pub key: String,
    /// What happened, for a person.
    pub failed_reason: String,
    /// The field at fault, where one is.
    pub param: Option<String>,
}

/// Answer of `POST /key/bulk_update`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"total_requested": 1, "successful_updates": [],
    "failed_updates": [{"key": "sk-gone", "failed_reason": "Key not found.", "param": null}]})))]
pub struct KeyBulkUpdated {
    /// Changes asked for.
    pub total_requested: usize,
    /// The keys as they are now.
    pub successful_updates: Vec<KeyUpdate>,
    /// Those that are as they were.
    pub failed_updates: Vec<KeyFailure>,
}

/// A key that was changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct KeyUpdate {
    /// The key as it was named.
    pub key: String,
    /// The key as it is now.
    pub key_info: KeyView,
}

/// Answer of `POST /key/bulk_delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"total_requested": 1,
    "successful_deletes": ["b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4"], "failed_deletes": []})))]
pub struct KeyBulkDeleted {
    /// Deletions asked for.
    pub total_requested: usize,
    /// Keys that are gone, as they were named.
    pub successful_deletes: Vec<String>,
    /// Those that are not.
    pub failed_deletes: Vec<KeyFailure>,
}

/// Body of `POST /v2/key/info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"keys": ["b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4"]})))]
#[serde(deny_unknown_fields)]
pub struct KeysInfoQuery {
    /// Keys or their hashes.
    #[garde(length(min = 1, max = BULK_MAX), inner(length(min = 1, max = 255)))]
    #[cfg_attr(feature = "spec", schema(min_items = 1, max_items = 500))]
    pub keys: Vec<String>,
}

/// Answer of `POST /v2/key/info`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"key": ["sk-gone"], "info": []})))]
pub struct KeysInfo {
    /// The keys as they were asked for.
    pub key: Vec<String>,
    /// Those that there are for the caller, in the same order.
    pub info: Vec<KeyView>,
}

/// Query of `GET /key/aliases`.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct KeyAliasQuery {
    /// Page, from 1.
    #[garde(range(min = 1, max = 10_000_000))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 10_000_000))]
    pub page: u64,
    /// Aliases a page, 1 to 100.
    #[garde(range(min = 1, max = 100))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 100))]
    pub size: u64,
    /// Part of an alias, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub search: Option<String>,
    /// Only this team's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub team_id: Option<String>,
    /// Where the page before ended, as it came with it: then `page` is of no account, and any page is as fast as the
    /// first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 4096))]
    #[cfg_attr(feature = "spec", param(max_length = 4096))]
    pub cursor: Option<String>,
}

impl Default for KeyAliasQuery {
    fn default() -> Self {
        Self { page: 1, size: 50, search: None, team_id: None, cursor: None }
    }
}

/// Answer of `GET /key/aliases`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"aliases": ["checkout"], "total_count": 1, "current_page": 1, "total_pages": 1, "size": 50})))]
pub struct KeyAliases {
    /// Names of keys, in their order.
    pub aliases: Vec<String>,
    /// Aliases that match.
    pub total_count: u64,
    /// This page, from 1.
    pub current_page: u64,
    /// Pages there are.
    pub total_pages: u64,
    /// Aliases a page.
    pub size: u64,
    /// The `cursor` of the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
