//! The error envelope of the management API and the OpenAI-compatible routes.

use serde::{Deserialize, Serialize};

/// `{"error": {...}}`: the body of every refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"error": {"message": "Key not found.", "type": "not_found_error", "param": null, "code": "404"}})))]
pub struct ErrorEnvelope {
    /// What went wrong.
    pub error: ErrorBody,
}

/// LiteLLM's `ProxyException` body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// What happened and what to do, for a person.
    pub message: String,
    /// Stable word for programs, such as `budget_exceeded`.
    pub r#type: String,
    /// The field or parameter at fault.
    pub param: Option<String>,
    /// The HTTP status as a string, or the provider's own code.
    pub code: Option<String>,
}

/// `{"detail": [...]}`: the 422 answer to a body that does not fit the operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"detail": [{"type": "value_error", "loc": ["body", "max_budget"],
    "msg": "invalid type: string \"ten\", expected a number"}]})))]
pub struct ValidationErrors {
    /// One entry a problem.
    pub detail: Vec<ValidationError>,
}

/// One problem of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct ValidationError {
    /// The kind of problem, such as `value_error` or `extra_forbidden`.
    pub r#type: String,
    /// Where it is: `body` or `query`, then the path of the field.
    pub loc: Vec<String>,
    /// What was expected.
    pub msg: String,
}
