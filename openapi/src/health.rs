//! Health of the gateway and of its deployments.

use serde::{Deserialize, Serialize};

/// Answer of `GET /health/readiness`; 200 only when calls can be served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"status": "healthy", "db": "connected", "counters": "shared", "spool_pending": 0, "spool_oldest_seconds": 0, "spool_bytes": 4096, "problems": [],
    "version": "0.1.0"})))]
pub struct Readiness {
    /// `healthy` or `unhealthy`.
    pub status: String,
    /// `connected` or `disconnected`.
    pub db: String,
    /// How budgets and limits are counted: `local` by this process alone, `shared` together with other nodes, `degraded`
    /// alone although they should be shared, since Redis is away.
    pub counters: String,
    /// Settled calls that wait for the database, on this node.
    pub spool_pending: u64,
    /// Age of the oldest of them, in seconds.
    pub spool_oldest_seconds: u64,
    /// What the spool takes on this node's disk, in bytes.
    pub spool_bytes: u64,
    /// Why calls cannot be served, one sentence each.
    pub problems: Vec<String>,
    /// Version of this binary.
    pub version: String,
}

/// Answer of `GET /health`: every deployment called once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"healthy_endpoints": [{"model_name": "gpt-4o", "model": "openai/gpt-4o", "model_id": "deployment-1",
    "api_base": "https://api.openai.com/v1", "error": null}], "unhealthy_endpoints": [], "healthy_count": 1,
    "unhealthy_count": 0})))]
pub struct HealthReport {
    /// Deployments that answered.
    pub healthy_endpoints: Vec<EndpointHealth>,
    /// Deployments that did not.
    pub unhealthy_endpoints: Vec<EndpointHealth>,
    /// How many answered.
    pub healthy_count: usize,
    /// How many did not.
    pub unhealthy_count: usize,
}

/// One deployment's probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct EndpointHealth {
    /// Public name of the group.
    pub model_name: String,
    /// Provider and model, such as `openai/gpt-4o`.
    pub model: String,
    /// Id of the deployment.
    pub model_id: String,
    /// Where it is called, without its query.
    pub api_base: Option<String>,
    /// Why the probe failed.
    pub error: Option<String>,
}
