//! Customers: the end users that calls name in their field `user`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::check::{
    check_id, not_negative, null_as_default, patch_id, patch_models, patch_name, valid_ids, valid_models, valid_name,
};
use crate::limit::{LimitPatch, LimitStanding, LimitView};
use crate::money::NanoUsd;
use crate::patch::Patch;
use crate::stored::StoredKind;

/// Fields of LiteLLM's customer that are kept and shown but have no effect yet.
pub const STORED_FIELDS: &[(&str, StoredKind)] = &[
    ("allowed_model_region", StoredKind::Text),
    ("default_model", StoredKind::Text),
    ("object_permission", StoredKind::Object),
    ("tpd_limit", StoredKind::Count),
];

/// Body of `POST /customer/new`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"user_id": "customer-17", "alias": "Globex", "max_budget": 5.0, "budget_duration": "30d"})))]
pub struct CustomerCreate {
    /// What calls name in their field `user`.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub user_id: String,
    /// Name shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_name))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub alias: Option<String>,
    /// Calls for a blocked customer are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub blocked: Option<bool>,
    /// Models that may serve them; empty: all.
    #[serde(default, deserialize_with = "null_as_default")]
    #[garde(custom(valid_models))]
    #[cfg_attr(feature = "spec", schema(max_items = 1000, nullable))]
    pub models: Vec<String>,
    /// Anything the caller wants to keep with the customer.
    #[serde(default, skip_serializing_if = "Map::is_empty", deserialize_with = "null_as_default")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Object>))]
    pub metadata: Map<String, Value>,
    /// What they are to have spent in the current budget window, in dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(not_negative))]
    pub spend: Option<NanoUsd>,
    /// The reusable budget to attach them to.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_id))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub budget_id: Patch<String>,
    /// Their limits.
    #[serde(flatten)]
    #[garde(dive)]
    pub limits: LimitPatch,
    /// Fields of LiteLLM's that are kept and shown but have no effect yet.
    #[serde(flatten)]
    #[garde(skip)]
    pub other: BTreeMap<String, Value>,
}

/// Body of `POST /customer/update`: only what is sent changes, `null` clears.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"user_id": "customer-17", "max_budget": 10.0})))]
pub struct CustomerPatch {
    /// The customer to change.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub user_id: String,
    /// Name shown to people.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_name))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub alias: Patch<String>,
    /// Calls for a blocked customer are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub blocked: Option<bool>,
    /// Models that may serve them; empty: all.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_models))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Vec<String>>))]
    pub models: Patch<Vec<String>>,
    /// Replaces the customer's metadata.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Object>))]
    pub metadata: Patch<Map<String, Value>>,
    /// Spend of the current budget window, in dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(not_negative))]
    pub spend: Option<NanoUsd>,
    /// The reusable budget to attach them to.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_id))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub budget_id: Patch<String>,
    /// Their limits.
    #[serde(flatten)]
    #[garde(dive)]
    pub limits: LimitPatch,
    /// Fields of LiteLLM's that are kept and shown but have no effect yet; `null` removes one.
    #[serde(flatten)]
    #[garde(skip)]
    pub other: BTreeMap<String, Value>,
}

/// A customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"user_id": "customer-17", "alias": "Globex", "blocked": false, "models": [], "metadata": {},
    "max_budget": 5.0, "soft_budget": null, "budget_duration": "30d", "max_parallel_requests": null, "rpm_limit": null,
    "tpm_limit": null, "model_max_budget": {}, "model_rpm_limit": {}, "model_tpm_limit": {}, "budget_id": null,
    "litellm_budget_table": null, "spend": 1.5, "total_spend": 8.25, "budget_reset_at": "2026-12-01T00:00:00Z",
    "created_at": "2026-11-01T08:00:00Z", "created_by": "default_user_id", "updated_at": "2026-11-01T08:00:00Z",
    "updated_by": "default_user_id"})))]
pub struct CustomerView {
    /// What calls name in their field `user`.
    pub user_id: String,
    /// Name shown to people.
    pub alias: Option<String>,
    /// Calls for a blocked customer are refused.
    pub blocked: bool,
    /// Models that may serve them; empty: all.
    pub models: Vec<String>,
    /// What the caller keeps with the customer.
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub metadata: Map<String, Value>,
    /// Their limits.
    #[serde(flatten)]
    pub limits: LimitView,
    /// How they stand.
    #[serde(flatten)]
    pub standing: LimitStanding,
    /// When the customer was registered.
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

/// Query of `GET /customer/info`.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
pub struct CustomerInfoQuery {
    /// The customer.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", param(min_length = 1, max_length = 255))]
    pub end_user_id: String,
}

/// Query of `GET /customer/list`.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct CustomerListQuery {
    /// Part of an id or a name, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub search: Option<String>,
    /// Page, from 1.
    #[garde(range(min = 1, max = 10_000_000))]
    #[cfg_attr(feature = "spec", param(minimum = 1, maximum = 10_000_000))]
    pub page: u64,
    /// Customers a page, 1 to 1000.
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

impl Default for CustomerListQuery {
    fn default() -> Self {
        // LiteLLM's figure.
        Self { search: None, page: 1, page_size: 50, cursor: None }
    }
}

/// Body of `POST /customer/delete`, `/customer/block` and `/customer/unblock`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"user_ids": ["customer-17"]})))]
#[serde(deny_unknown_fields)]
pub struct CustomerIds {
    /// Customers, at most 1000 at once.
    #[garde(length(min = 1), custom(valid_ids))]
    #[cfg_attr(feature = "spec", schema(min_items = 1, max_items = 1000))]
    pub user_ids: Vec<String>,
}

/// Answer of `POST /customer/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"deleted_customers": 1, "message": "Deleted 1 customer(s)."})))]
pub struct CustomersDeleted {
    /// How many were deleted.
    pub deleted_customers: u64,
    /// The same in a sentence.
    pub message: String,
}

/// Answer of `POST /customer/block`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct CustomersBlocked {
    /// The customers that are blocked now.
    pub blocked_users: Vec<CustomerView>,
}

/// Answer of `POST /customer/unblock`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct CustomersUnblocked {
    /// The customers that are blocked no more.
    pub unblocked_users: Vec<CustomerView>,
}
