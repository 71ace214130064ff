//! What a team may be given: nothing beyond what those who give it hold.

use sea_orm::DatabaseTransaction;
use tollgate_openapi::money::NanoUsd;

use crate::db::limit::Model as Limit;
use crate::db::team::Model;
use crate::db::{self, Strings};
use crate::error::{ApiError, ApiResult};
use crate::management::limit;
use crate::policy::ModelAccess;

/// Refuses models that were not among those before: who does not administer a team may only narrow its list.
pub(super) fn check_narrower(before: &Strings, after: &Strings) -> ApiResult<()> {
    match beyond(&before.0, &after.0) {
        Some(model) => {
            let message =
                format!("models: '{model}' is not among the team's models. Only its administrators add some.");
            Err(ApiError::forbidden(message).with_param("models"))
        }
        None => Ok(()),
    }
}

/// Refuses models and limits beyond those of the team's organization, which would never come to bear.
pub(super) async fn check_within_organization(
    transaction: &DatabaseTransaction,
    team: &Model,
    limits: &Limit,
) -> ApiResult<()> {
    let Some(organization_id) = team.organization_id.as_deref() else { return Ok(()) };
    let Some(organization) = db::organization::find(transaction, organization_id).await? else { return Ok(()) };
    // No list is the organization's own list.
    if let Some(model) = beyond(&organization.models.0, &team.models.0).filter(|_| !team.models.0.is_empty()) {
        let message = format!("models: '{model}' is not among the models of the organization '{organization_id}'");
        return Err(ApiError::bad_request("models", message));
    }
    let theirs = db::limit::find(transaction, limit::ORGANIZATION.scope, organization_id).await?;
    theirs.map_or(Ok(()), |theirs| check_limits(organization_id, &theirs, limits))
}

fn check_limits(organization_id: &str, theirs: &Limit, own: &Limit) -> ApiResult<()> {
    // Budgets of different windows cannot be compared: both hold.
    let same_window = theirs.budget_duration == own.budget_duration;
    let budgets = (theirs.max_budget.filter(|_| same_window), own.max_budget);
    let counts = [
        ("rpm_limit", theirs.rpm_limit, own.rpm_limit),
        ("tpm_limit", theirs.tpm_limit, own.tpm_limit),
        ("max_parallel_requests", theirs.max_parallel_requests, own.max_parallel_requests),
    ];
    if let (Some(most), Some(wanted)) = budgets
        && wanted > most
    {
        let most = NanoUsd(most);
        let message = format!("max_budget: expected at most {most}, which the organization '{organization_id}' has");
        return Err(ApiError::bad_request("max_budget", message));
    }
    for (field, most, wanted) in counts {
        if let (Some(most), Some(wanted)) = (most, wanted)
            && wanted > most
        {
            let message = format!("{field}: expected at most {most}, which the organization '{organization_id}' has");
            return Err(ApiError::bad_request(field, message));
        }
    }
    Ok(())
}

/// The first of `wanted` that `held` does not allow. An empty list stands for all models.
fn beyond(held: &[String], wanted: &[String]) -> Option<String> {
    let held = ModelAccess::from_list(held);
    if held == ModelAccess::All {
        return None;
    }
    if ModelAccess::from_list(wanted) == ModelAccess::All {
        return Some("*".to_owned());
    }
    // A pattern is allowed where the same or a wider one is held: its own text begins with that one's prefix.
    wanted.iter().find(|model| !held.allows(model)).cloned()
}
