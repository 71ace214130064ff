//! Tags that calls carry.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::check::{
    check_id, null_as_default, patch_id, patch_models, patch_name, valid_ids, valid_models, valid_name,
};
use crate::limit::{LimitPatch, LimitStanding, LimitView};
use crate::patch::Patch;
use crate::stored::StoredKind;

/// Fields of LiteLLM's tag that are kept and shown but have no effect yet.
pub const STORED_FIELDS: &[(&str, StoredKind)] = &[("model_info", StoredKind::Object)];

/// Body of `POST /tag/new`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"name": "batch", "description": "Nightly jobs", "max_budget": 100.0, "budget_duration": "1mo"})))]
pub struct TagCreate {
    /// What calls carry.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_name))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub description: Option<String>,
    /// Models that calls with it may use; empty: all.
    #[serde(default, deserialize_with = "null_as_default")]
    #[garde(custom(valid_models))]
    #[cfg_attr(feature = "spec", schema(max_items = 1000, nullable))]
    pub models: Vec<String>,
    /// The reusable budget to attach it to.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_id))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub budget_id: Patch<String>,
    /// Its limits.
    #[serde(flatten)]
    #[garde(dive)]
    pub limits: LimitPatch,
    /// Fields of LiteLLM's that are kept and shown but have no effect yet.
    #[serde(flatten)]
    #[garde(skip)]
    pub other: BTreeMap<String, Value>,
}

/// Body of `POST /tag/update`: only what is sent changes, `null` clears.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"name": "batch", "max_budget": 150.0, "description": null})))]
pub struct TagPatch {
    /// The tag to change.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_name))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub description: Patch<String>,
    /// Models that calls with it may use; empty: all.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_models))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Vec<String>>))]
    pub models: Patch<Vec<String>>,
    /// The reusable budget to attach it to.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_id))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub budget_id: Patch<String>,
    /// Its limits.
    #[serde(flatten)]
    #[garde(dive)]
    pub limits: LimitPatch,
    /// Fields of LiteLLM's that are kept and shown but have no effect yet; `null` removes one.
    #[serde(flatten)]
    #[garde(skip)]
    pub other: BTreeMap<String, Value>,
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"name": "batch", "description": "Nightly jobs", "models": [], "max_budget": 100.0,
    "soft_budget": null, "budget_duration": "1mo", "max_parallel_requests": null, "rpm_limit": null, "tpm_limit": null,
    "model_max_budget": {}, "model_rpm_limit": {}, "model_tpm_limit": {}, "budget_id": null,
    "litellm_budget_table": null, "spend": 1.5, "total_spend": 8.25, "budget_reset_at": "2026-12-01T00:00:00Z",
    "created_at": "2026-11-01T08:00:00Z", "created_by": "default_user_id", "updated_at": "2026-11-01T08:00:00Z",
    "updated_by": "default_user_id"})))]
pub struct TagView {
    /// What calls carry.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Models that calls with it may use; empty: all.
    pub models: Vec<String>,
    /// Its limits.
    #[serde(flatten)]
    pub limits: LimitView,
    /// How they stand.
    #[serde(flatten)]
    pub standing: LimitStanding,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Option<String>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: Option<String>,
    /// Fields of LiteLLM's that are kept and shown but have no effect yet.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

/// Body of `POST /tag/info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"names": ["batch"]})))]
#[serde(deny_unknown_fields)]
pub struct TagInfo {
    /// Tags, at most 1000 at once.
    #[garde(custom(valid_ids))]
    #[cfg_attr(feature = "spec", schema(max_items = 1000))]
    pub names: Vec<String>,
}

/// Query of `GET /tag/list`.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct TagListQuery {
    /// Part of a name or a description, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub search: Option<String>,
    /// Page, from 1.
    #[garde(range(min = 1, max = 10_000_000))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 10_000_000))]
    pub page: u64,
    /// Tags a page, 1 to 1000.
    #[garde(range(min = 1, max = 1000))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 1000))]
    pub page_size: u64,
    /// Where the page before ended, as it came with it: then `page` is of no account, and any page is as fast as the
    /// first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 4096))]
    #[cfg_attr(feature = "spec", param(max_length = 4096))]
    pub cursor: Option<String>,
}

impl Default for TagListQuery {
    fn default() -> Self {
        Self { search: None, page: 1, page_size: crate::page::PAGE_SIZE_DEFAULT, cursor: None }
    }
}

/// Body of `POST /tag/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"name": "batch"})))]
#[serde(deny_unknown_fields)]
pub struct TagDelete {
    /// The tag to delete.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub name: String,
}

/// Answer of `POST /tag/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"message": "Tag 'batch' is deleted."})))]
pub struct TagDeleted {
    /// What happened, in a sentence.
    pub message: String,
}
