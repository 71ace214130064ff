//! What the caller may give a key, told beforehand.

use garde::Validate;
use serde::{Deserialize, Serialize};

/// Query of `GET /key/bounds`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct KeyBoundsQuery {
    /// Of a key of this team; absent: of one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub team_id: Option<String>,
}

/// Answer of `GET /key/bounds`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"may_create": true, "refusal": null, "required_params": ["key_alias"],
    "bounds": [{"field": "max_budget", "expected": "at most 10 US dollars in 30d",
        "whose": "upperbound_key_generate_params of the gateway", "must_be_set": true}]})))]
pub struct KeyBounds {
    /// Whether the caller may make such a key.
    pub may_create: bool,
    /// Why not.
    pub refusal: Option<String>,
    /// Fields that the key must set.
    pub required_params: Vec<String>,
    /// The most that its fields may be.
    pub bounds: Vec<KeyBound>,
}

/// The most that a field of a key may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct KeyBound {
    /// The field.
    pub field: String,
    /// What is expected of it, in words.
    pub expected: String,
    /// What says so.
    pub whose: String,
    /// Where the field is left out, a new key gets the bound itself. If not, it may be left out.
    pub must_be_set: bool,
}
