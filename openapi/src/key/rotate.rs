//! A new secret for a key, and what is reset of it.

use garde::Validate;
use serde::{Deserialize, Serialize};

use super::KeyPatch;
use crate::money::NanoUsd;

/// Body of `POST /key/regenerate` and `/key/{key}/regenerate`: a new secret for the key, and any change of its fields.
/// Its id, spend, budgets and history stay.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"key": "b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4", "grace_period": "24h"})))]
#[serde(default)]
pub struct KeyRegenerate {
    /// The new secret, when it is not to be made up: starts with `sk-`, at least 16 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 16, max = 255), prefix("sk-"))]
    #[cfg_attr(feature = "spec", schema(min_length = 16, max_length = 255, pattern = "^sk-[!-~]*$"))]
    pub new_key: Option<String>,
    /// How long the old secret still works, such as `1h` or `7d`; absent: not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 1, max = 32))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 32))]
    pub grace_period: Option<String>,
    /// Which key, and what else changes. The path names the key where it has one.
    #[serde(flatten)]
    #[garde(dive)]
    pub patch: KeyPatch,
}

/// Body of `POST /key/{key}/reset_spend`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"reset_to": 0.0})))]
#[serde(deny_unknown_fields)]
pub struct KeyResetSpend {
    /// Spend of the current budget window from now on, in dollars: at most what it is, and at most `max_budget`.
    #[garde(custom(at_least_zero))]
    pub reset_to: NanoUsd,
}

fn at_least_zero<C>(value: &NanoUsd, _context: &C) -> garde::Result {
    if *value < NanoUsd::ZERO {
        return Err(garde::Error::new("expected zero or more US dollars"));
    }
    Ok(())
}
