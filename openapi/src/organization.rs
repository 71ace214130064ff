//! Organizations: the tenants.

mod member;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use member::{
    OrganizationInfo, OrganizationMember, OrganizationMemberAdd, OrganizationMemberDelete, OrganizationMemberPatch,
    OrganizationMembers, OrganizationMembersAdded, OrganizationMembership, OrganizationRole,
};

use crate::check::{
    check_id, check_name, null_as_default, patch_id, patch_models, patch_name, valid_id, valid_ids, valid_models,
    valid_name,
};
use crate::limit::{LimitPatch, LimitStanding, LimitView};
use crate::patch::Patch;
use crate::stored::StoredKind;

/// Fields of LiteLLM's organization that are kept and shown but have no effect yet.
pub const STORED_FIELDS: &[(&str, StoredKind)] = &[
    ("key_generation_settings", StoredKind::Object),
    ("allowed_models", StoredKind::Array),
    ("object_permission", StoredKind::Object),
    ("tpd_limit", StoredKind::Count),
];

/// Body of `POST /organization/new`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"organization_alias": "Acme", "max_budget": 5000.0, "budget_duration": "1mo", "timezone": "Europe/Berlin"})))]
pub struct OrganizationCreate {
    /// Its id; made up where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub organization_id: Option<String>,
    /// Name shown to people.
    #[garde(custom(named))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub organization_alias: String,
    /// Models it may use; empty: all.
    #[serde(default, deserialize_with = "null_as_default")]
    #[garde(custom(valid_models))]
    #[cfg_attr(feature = "spec", schema(max_items = 1000, nullable))]
    pub models: Vec<String>,
    /// Anything the caller wants to keep with the organization.
    #[serde(default, skip_serializing_if = "Map::is_empty", deserialize_with = "null_as_default")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Object>))]
    pub metadata: Map<String, Value>,
    /// Whose calendar the budget windows of the organization, its teams and its keys follow, such as `Europe/Berlin`;
    /// absent: the gateway's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 1, max = 64))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 64))]
    pub timezone: Option<String>,
    /// What finance books its spend to, where its teams have no cost centre of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_name))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub cost_center: Option<String>,
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

/// Body of `PATCH /organization/update`: only what is sent changes, `null` clears.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"organization_id": "acme", "max_budget": 7500.0, "timezone": null})))]
pub struct OrganizationPatch {
    /// The organization to change.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub organization_id: String,
    /// Name shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_name))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub organization_alias: Option<String>,
    /// Models it may use; empty: all.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_models))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Vec<String>>))]
    pub models: Patch<Vec<String>>,
    /// Replaces the organization's metadata.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Object>))]
    pub metadata: Patch<Map<String, Value>>,
    /// Whose calendar its budget windows follow.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub timezone: Patch<String>,
    /// What finance books its spend to, where its teams have no cost centre of their own.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_name))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub cost_center: Patch<String>,
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

fn named<C>(value: &str, _context: &C) -> garde::Result {
    check_name(value, value.chars().count())
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"organization_id": "acme", "organization_alias": "Acme", "models": [], "metadata": {},
    "timezone": "Europe/Berlin", "cost_center": "CC-100", "teams": ["5b1a"], "members_count": 12, "max_budget": 5000.0, "soft_budget": null, "budget_duration": "1mo",
    "max_parallel_requests": null, "rpm_limit": null, "tpm_limit": null, "model_max_budget": {}, "model_rpm_limit": {},
    "model_tpm_limit": {}, "budget_id": null, "litellm_budget_table": null, "spend": 12.5, "total_spend": 812.25,
    "budget_reset_at": "2026-11-30T23:00:00Z", "created_at": "2026-11-01T08:00:00Z", "created_by": "default_user_id",
    "updated_at": "2026-11-01T08:00:00Z", "updated_by": "default_user_id"})))]
pub struct OrganizationView {
    /// Its id.
    pub organization_id: String,
    /// Name shown to people.
    pub organization_alias: String,
    /// Models it may use; empty: all.
    pub models: Vec<String>,
    /// What the caller keeps with it.
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub metadata: Map<String, Value>,
    /// Whose calendar its budget windows follow; none: the gateway's.
    pub timezone: Option<String>,
    /// What finance books its spend to, where its teams have no cost centre of their own.
    pub cost_center: Option<String>,
    /// Ids of its teams.
    pub teams: Vec<String>,
    /// How many members it has.
    pub members_count: u64,
    /// Its limits.
    #[serde(flatten)]
    pub limits: LimitView,
    /// How they stand.
    #[serde(flatten)]
    pub standing: LimitStanding,
    /// When it was made.
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

/// Query of `GET /organization/info`.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
pub struct OrganizationInfoQuery {
    /// The organization.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", param(min_length = 1, max_length = 255))]
    pub organization_id: String,
}

/// Query of `GET /organization/list`.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct OrganizationListQuery {
    /// Only the organization with this id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub org_id: Option<String>,
    /// Part of a name, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub org_alias: Option<String>,
    /// Part of an id or a name, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub search: Option<String>,
    /// Page, from 1.
    #[garde(range(min = 1, max = 10_000_000))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 10_000_000))]
    pub page: u64,
    /// Organizations a page, 1 to 1000.
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

impl Default for OrganizationListQuery {
    fn default() -> Self {
        Self {
            org_id: None,
            org_alias: None,
            search: None,
            page: 1,
            page_size: crate::page::PAGE_SIZE_DEFAULT,
            cursor: None,
        }
    }
}

/// Body of `DELETE /organization/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"organization_ids": ["acme"]})))]
#[serde(deny_unknown_fields)]
pub struct OrganizationDelete {
    /// Organizations to delete, at most 1000 at once.
    #[garde(length(min = 1), custom(valid_ids))]
    #[cfg_attr(feature = "spec", schema(min_items = 1, max_items = 1000))]
    pub organization_ids: Vec<String>,
}
