//! Why a call would be let through or refused.

use tollgate_openapi::paths;
use tollgate_openapi::policy::{PolicyExplain, PolicyExplanation};

use super::{ApiError, post};

pub(crate) async fn explain(question: &PolicyExplain) -> Result<PolicyExplanation, ApiError> {
    post(paths::POLICY_EXPLAIN, question).await
}
