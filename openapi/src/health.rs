//! Health of the gateway and of its deployments.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};

/// Query of `GET /health` and `GET /health/history`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct HealthQuery {
    /// Only deployments that serve this public name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub model: Option<String>,
    /// Only the deployment with this id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(max = 255))]
    #[cfg_attr(feature = "spec", param(max_length = 255))]
    pub model_id: Option<String>,
}

/// Query of `GET /health/services`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
pub struct HealthServiceQuery {
    /// A callback of the configuration, such as `langfuse`, or `slack`, `email` or `webhook` for channels of alerts.
    #[garde(length(min = 1, max = 100))]
    #[cfg_attr(feature = "spec", param(min_length = 1, max_length = 100))]
    pub service: String,
}

/// Answer of `GET /health/services`; 200 only when the test was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"status": "success",
    "message": "A test was sent and taken: look for it in langfuse."})))]
pub struct HealthService {
    /// `success` or `error`.
    pub status: String,
    /// What came of it.
    pub message: String,
}

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

/// Answer of `GET /health`: what deployments said when they were last asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"healthy_endpoints": [{"model_name": "gpt-4o", "model": "openai/gpt-4o", "model_id": "deployment-1",
    "api_base": "https://api.openai.com/v1", "error": null, "checked_at": "2026-11-21T09:30:00Z", "duration_ms": 412.5}], "unhealthy_endpoints": [], "healthy_count": 1,
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

/// One deployment's check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Why it is not well.
    pub error: Option<String>,
    /// When it was asked.
    pub checked_at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
}

/// One check of a deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct HealthCheckView {
    /// Public name of the group.
    pub model_name: String,
    /// Id of the deployment.
    pub model_id: String,
    /// `healthy` or `unhealthy`.
    pub status: String,
    /// Why it is not well.
    pub error_message: Option<String>,
    /// How long the check took, in milliseconds.
    pub response_time_ms: f64,
    /// When it ended.
    pub checked_at: DateTime<Utc>,
}

/// Answer of `GET /health/latest`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"latest_health_checks": {"deployment-1": {"model_name": "gpt-4o", "model_id": "deployment-1",
    "status": "healthy", "error_message": null, "response_time_ms": 412.5, "checked_at": "2026-11-21T09:30:00Z"}}, "total_models": 1})))]
pub struct HealthLatest {
    /// The last check of each deployment that was ever asked, by its id.
    pub latest_health_checks: BTreeMap<String, HealthCheckView>,
    /// How many they are.
    pub total_models: usize,
}

/// Answer of `GET /health/history`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"health_checks": [{"model_name": "gpt-4o", "model_id": "deployment-1", "status": "unhealthy",
    "error_message": "no answer within 60 s", "response_time_ms": 60000.0, "checked_at": "2026-11-21T09:30:00Z"}], "total_records": 1})))]
pub struct HealthHistory {
    /// The last 24 checks of each deployment, newest first.
    pub health_checks: Vec<HealthCheckView>,
    /// How many they are.
    pub total_records: usize,
}
