//! Organizations: the tenants.

pub mod create;
pub mod delete;
mod member;
pub mod member_add;
pub mod member_delete;
pub mod member_update;
pub mod read;
pub mod update;
mod view;

use chrono_tz::Tz;
use sea_orm::DatabaseTransaction;

use super::rules::Problems;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Relation;
use crate::error::{ApiError, ApiResult};

pub(super) use member::{join_missing, record_deleted};

/// The fields of an organization, besides its limits.
const FIELDS: &[&str] =
    &["organization_id", "organization_alias", "models", "metadata", "timezone", "cost_center", "budget_id"];
/// What refusals call an organization that does not exist.
const NOT_FOUND: &str = "Organization not found.";

/// Checks the name of a calendar.
fn check_timezone(problems: &mut Problems, timezone: Option<&str>) {
    if timezone.is_some_and(|name| name.parse::<Tz>().is_err()) {
        problems.add("timezone", "expected the name of a time zone such as Europe/Berlin");
    }
}

/// How the caller stands to an organization.
fn relations_to(principal: &Principal, organization_id: &str) -> [Relation; 1] {
    [principal.memberships.to_organization(organization_id)]
}

/// Refuses an organization that does not exist; keeps other writers from it.
async fn exists(transaction: &DatabaseTransaction, organization_id: &str) -> ApiResult<()> {
    let found = db::organization::find_for_update(transaction, organization_id).await?;
    found.map(drop).ok_or_else(|| ApiError::not_found(NOT_FOUND))
}
