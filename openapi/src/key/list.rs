//! Lists of keys.

use garde::Validate;
use serde::{Deserialize, Serialize};

use super::KeyView;

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
    /// Where the page before ended, as it came with it: then `page` is of no account, and any page is as fast as the
    /// first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 4096))]
    #[cfg_attr(feature = "spec", param(max_length = 4096))]
    pub cursor: Option<String>,
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
            cursor: None,
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
    /// The `cursor` of the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
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
