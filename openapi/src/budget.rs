//! Reusable budgets: limits under a name, attached to any number of keys, teams, users and so on.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::check::{check_id, valid_id};
use crate::limit::{LimitPatch, LimitView};
use crate::stored::StoredKind;

/// Fields of LiteLLM's budget that are kept and shown but have no effect yet.
pub const STORED_FIELDS: &[(&str, StoredKind)] =
    &[("budget_reset_at", StoredKind::Text), ("tpd_limit", StoredKind::Count)];

/// Body of `POST /budget/new`. Every field is optional.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"budget_id": "starter", "max_budget": 20.0, "soft_budget": 15.0, "budget_duration": "30d",
    "rpm_limit": 60})))]
#[serde(default)]
pub struct BudgetCreate {
    /// Its id; made up where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub budget_id: Option<String>,
    /// The limits.
    #[serde(flatten)]
    #[garde(dive)]
    pub limits: LimitPatch,
    /// Fields of LiteLLM's that are kept and shown but have no effect yet.
    #[serde(flatten)]
    #[garde(skip)]
    pub other: BTreeMap<String, Value>,
}

/// Body of `POST /budget/update`: only what is sent changes, `null` clears.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"budget_id": "starter", "max_budget": 25.0, "soft_budget": null})))]
pub struct BudgetPatch {
    /// The budget to change.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub budget_id: String,
    /// The limits.
    #[serde(flatten)]
    #[garde(dive)]
    pub limits: LimitPatch,
    /// Fields of LiteLLM's that are kept and shown but have no effect yet.
    #[serde(flatten)]
    #[garde(skip)]
    pub other: BTreeMap<String, Value>,
}

/// A budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"budget_id": "starter", "max_budget": 20.0, "soft_budget": 15.0, "budget_duration": "30d",
    "max_parallel_requests": null, "rpm_limit": 60, "tpm_limit": null, "model_max_budget": {}, "model_rpm_limit": {},
    "model_tpm_limit": {}, "attached_to": {"key": 12, "team": 2}, "created_at": "2026-11-01T08:00:00Z",
    "created_by": "default_user_id", "updated_at": "2026-11-01T08:00:00Z", "updated_by": "default_user_id"})))]
pub struct BudgetView {
    /// Its id.
    pub budget_id: String,
    /// The limits.
    #[serde(flatten)]
    pub limits: LimitView,
    /// How many of each kind are attached to it, such as `{"key": 12}`. Each spends on its own account.
    #[serde(default)]
    pub attached_to: BTreeMap<String, u64>,
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

/// Body of `POST /budget/info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"budgets": ["starter"]})))]
#[serde(deny_unknown_fields)]
pub struct BudgetInfo {
    /// Ids.
    #[garde(length(min = 1, max = 1000))]
    #[cfg_attr(feature = "spec", schema(min_items = 1, max_items = 1000))]
    pub budgets: Vec<String>,
}

/// Body of `POST /budget/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"id": "starter"})))]
#[serde(deny_unknown_fields)]
pub struct BudgetDelete {
    /// The budget to delete.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub id: String,
}
