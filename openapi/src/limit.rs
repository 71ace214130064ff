//! Limits, wherever they stand: of a budget, and of all that can be limited besides keys.

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::check::{null_as_default, patch_count, patch_not_negative};
use crate::money::NanoUsd;
use crate::patch::Patch;

/// Names of the fields of [`LimitPatch`].
pub const LIMIT_FIELDS: &[&str] = &[
    "max_budget",
    "soft_budget",
    "budget_duration",
    "max_parallel_requests",
    "rpm_limit",
    "tpm_limit",
    "model_max_budget",
    "model_rpm_limit",
    "model_tpm_limit",
];

/// Limits to be set: what is not sent stays as it is, `null` clears. Flattened into every body that sets limits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(default, remote = "Self")]
pub struct LimitPatch {
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
    /// Length of the budget window, such as `30d` or `monthly`; none: the budget never resets.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>))]
    pub budget_duration: Patch<String>,
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
    /// Budgets of single models, such as `{"gpt-4o": {"max_budget": 5.0, "budget_duration": "1d"}}`.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Object>))]
    pub model_max_budget: Patch<Map<String, Value>>,
    /// Requests a minute of single models, such as `{"gpt-4o": 10}`.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Object>))]
    pub model_rpm_limit: Patch<Map<String, Value>>,
    /// Tokens a minute of single models, such as `{"gpt-4o": 10000}`.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Object>))]
    pub model_tpm_limit: Patch<Map<String, Value>>,
}

impl LimitPatch {
    /// True when nothing is to be set or cleared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Serialize for LimitPatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for LimitPatch {
    /// What is flattened loses its place in the body: the error's text begins with it instead, as in
    /// `max_budget: invalid type: …`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut track = serde_path_to_error::Track::new();
        let result = Self::deserialize(serde_path_to_error::Deserializer::new(deserializer, &mut track));
        result.map_err(|error| D::Error::custom(format!("{}: {error}", track.path())))
    }
}

/// Limits as they are set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct LimitView {
    /// Hard limit in dollars per budget window.
    pub max_budget: Option<NanoUsd>,
    /// Limit in dollars that only warns.
    pub soft_budget: Option<NanoUsd>,
    /// Length of the budget window; none: the budget never resets.
    pub budget_duration: Option<String>,
    /// Calls in flight at once.
    pub max_parallel_requests: Option<i64>,
    /// Requests a minute.
    pub rpm_limit: Option<i64>,
    /// Tokens a minute.
    pub tpm_limit: Option<i64>,
    /// Budgets of single models.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub model_max_budget: Map<String, Value>,
    /// Requests a minute of single models.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub model_rpm_limit: Map<String, Value>,
    /// Tokens a minute of single models.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub model_tpm_limit: Map<String, Value>,
}

/// Limits that are in force: those of the scope, filled up from the budget it is attached to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct LimitsInForce {
    /// The budget that fills them up.
    pub budget_id: Option<String>,
    /// The limits.
    #[serde(flatten)]
    pub limits: LimitView,
}

/// How the limits of a scope stand. Flattened, like its [`LimitView`], into the view of all that can be limited.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct LimitStanding {
    /// The reusable budget it is attached to, which fills up what it does not set itself.
    pub budget_id: Option<String>,
    /// What is in force; absent where nothing is limited.
    pub litellm_budget_table: Option<LimitsInForce>,
    /// Spend of the current budget window, in dollars.
    pub spend: NanoUsd,
    /// Spend since it exists, in dollars.
    pub total_spend: NanoUsd,
    /// When the current window ends; none: never.
    pub budget_reset_at: Option<DateTime<Utc>>,
}
