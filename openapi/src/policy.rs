//! Policies: what a key may do, and why a call is let through or refused.

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::model::DeploymentStatus;
use crate::money::NanoUsd;

/// Body of `POST /policy/explain`: a call to be judged without being made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"key": "sk-1234567890123456", "model": "gpt-4o", "input_tokens": 1000,
    "end_user": "customer-7", "tags": ["nightly"]})))]
#[serde(deny_unknown_fields)]
pub struct PolicyExplain {
    /// The key that would call, or its hash. Absent, and no principal named: the key that asks.
    #[serde(default)]
    #[garde(length(min = 1, max = 255))]
    pub key: Option<String>,
    /// The owner of a key without limits of its own, in place of `key`.
    #[serde(default)]
    #[garde(length(min = 1, max = 255))]
    pub user_id: Option<String>,
    /// The team of such a key.
    #[serde(default)]
    #[garde(length(min = 1, max = 255))]
    pub team_id: Option<String>,
    /// Public name of the model.
    #[garde(length(min = 1, max = 255))]
    pub model: String,
    /// Tokens of the prompt.
    #[serde(default)]
    #[garde(range(max = 100_000_000))]
    pub input_tokens: u64,
    /// The call's `max_tokens`. Absent: it names none.
    #[serde(default)]
    #[garde(range(min = 1, max = 100_000_000))]
    pub max_tokens: Option<u64>,
    /// The customer that the call's `user` would name.
    #[serde(default)]
    #[garde(length(min = 1, max = 255))]
    pub end_user: Option<String>,
    /// Tags that the call would carry, beside its key's.
    #[serde(default)]
    #[garde(length(max = 64), inner(length(min = 1, max = 255)))]
    pub tags: Vec<String>,
}

/// Answer of `POST /policy/explain`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"verdict": "allowed", "summary": "The call would be made.", "refusal": null,
    "estimate": {"cost": 0.1663, "input_tokens": 1000, "output_tokens": 16384, "usual_output_tokens": 480, "output_limit": null},
    "checks": [{"check": "max_budget", "passed": true, "detail": "37.5 of 50 US dollars left.", "scope": "key",
        "scope_id": "b1946ac92492d2347c6235b4d2611184c0c0d1d5e7b7b0d4d2a5b2c0f1e0d3a4", "scope_name": "checkout (sk-...h8Qz)",
        "limit": 50.0, "used": 12.5, "reserved": 0.0, "resets_at": "2026-12-01T00:00:00Z"}],
    "deployments": [{"model_id": "gpt-4o-eu", "model": "gpt-4o", "provider": "openai", "status": "available", "reason": null}]})))]
pub struct PolicyExplanation {
    /// What would happen now.
    pub verdict: PolicyVerdict,
    /// The same in a sentence, for people.
    pub summary: String,
    /// The answer that the client would get, where the call is refused.
    pub refusal: Option<PolicyRefusal>,
    /// What the call would take, where it comes so far.
    pub estimate: Option<PolicyEstimate>,
    /// Every check, in order.
    pub checks: Vec<PolicyCheck>,
    /// Who could serve it.
    pub deployments: Vec<PolicyDeployment>,
}

/// What would happen to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PolicyVerdict {
    /// It would be made as it is.
    Allowed,
    /// It would be made with a shorter answer.
    Limited,
    /// It would wait for money that calls in flight have reserved.
    Waits,
    /// It would be refused.
    Refused,
}

/// The answer that a refused client gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct PolicyRefusal {
    /// HTTP status.
    #[cfg_attr(feature = "spec", schema(example = 400))]
    pub status: u16,
    /// The error's `type`.
    #[serde(rename = "type")]
    #[cfg_attr(feature = "spec", schema(example = "budget_exceeded"))]
    pub kind: String,
    /// The error's `message`.
    pub message: String,
}

/// What a call would take from each limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct PolicyEstimate {
    /// The most it could cost, in US dollars: this is reserved.
    pub cost: NanoUsd,
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// The longest answer it could get, in tokens.
    pub output_tokens: u64,
    /// The longest answer that answers like it usually are, in tokens; absent where none was seen.
    pub usual_output_tokens: Option<u64>,
    /// The limit of output tokens it would be sent with, where the gateway sets one.
    pub output_limit: Option<u64>,
}

/// One check of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct PolicyCheck {
    /// What is checked.
    pub check: PolicyCheckKind,
    /// Does the call pass it?
    pub passed: bool,
    /// In words, for people.
    pub detail: String,
    /// Whose limit it is: `key`, `team_member`, `organization_member`, `user`, `team`, `organization`, `customer`, `tag`,
    /// `provider`, `gateway`, or with `_model` behind it the limit of one of them for the model.
    pub scope: Option<String>,
    /// The entity's id.
    pub scope_id: Option<String>,
    /// The entity as people know it.
    pub scope_name: Option<String>,
    /// The limit: US dollars, requests, tokens or calls.
    pub limit: Option<f64>,
    /// Used up of it.
    pub used: Option<f64>,
    /// Reserved by calls in flight.
    pub reserved: Option<f64>,
    /// When a budget starts anew.
    pub resets_at: Option<DateTime<Utc>>,
}

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PolicyCheckKind {
    /// The key is not blocked.
    Blocked,
    /// The key has not expired.
    Expired,
    /// The key may use the model.
    ModelAccess,
    /// A deployment can serve the model.
    Deployment,
    /// Hard budget.
    MaxBudget,
    /// Requests a minute.
    RpmLimit,
    /// Tokens a minute.
    TpmLimit,
    /// Calls in flight.
    MaxParallelRequests,
}

/// A deployment that could serve the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct PolicyDeployment {
    /// Its id.
    pub model_id: String,
    /// The provider's name of its model.
    pub model: String,
    /// The provider.
    pub provider: String,
    /// May it be called?
    pub status: DeploymentStatus,
    /// Why not, or what the last failure was.
    pub reason: Option<String>,
}
