//! The cache of answers.

use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::check::valid_ids;

/// Answer of `GET /cache/ping`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"status": "healthy", "cache_type": "redis", "ping_response": true,
    "set_cache_response": "success", "litellm_cache_params": {"isolation": "organization", "mode": "default_on",
    "namespace": null, "supported_call_types": null, "ttl": 600.0}})))]
pub struct CachePing {
    /// `healthy`.
    pub status: String,
    /// `local`, `redis`, `local-semantic` or `redis-semantic`.
    pub cache_type: String,
    /// It answered.
    pub ping_response: bool,
    /// `success`: an answer was kept, found and forgotten.
    pub set_cache_response: String,
    /// What the configuration says of it, secrets left out.
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub litellm_cache_params: Map<String, Value>,
}

/// Body of `POST /cache/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"keys":
    ["b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4"]})))]
#[serde(deny_unknown_fields)]
pub struct CacheDelete {
    /// As answers name them in `x-litellm-cache-key`, at most 1000 at once.
    #[garde(custom(valid_ids))]
    #[cfg_attr(feature = "spec", schema(max_items = 1000))]
    pub keys: Vec<String>,
}

/// Answer of `POST /cache/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"status": "success", "deleted": 1})))]
pub struct CacheDeleted {
    /// `success`.
    pub status: String,
    /// Answers that there were.
    pub deleted: u64,
}

/// Answer of `POST /cache/flushall`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"status": "success"})))]
pub struct CacheFlushed {
    /// `success`.
    pub status: String,
}
