//! Organizations: the tenants.

pub mod create;
pub mod delete;
pub mod read;
pub mod update;
mod view;

use chrono_tz::Tz;

use super::rules::Problems;

/// The fields of an organization, besides its limits.
const FIELDS: &[&str] = &["organization_id", "organization_alias", "models", "metadata", "timezone", "budget_id"];
/// What refusals call an organization that does not exist.
const NOT_FOUND: &str = "Organization not found.";

/// Checks the name of a calendar.
fn check_timezone(problems: &mut Problems, timezone: Option<&str>) {
    if timezone.is_some_and(|name| name.parse::<Tz>().is_err()) {
        problems.add("timezone", "expected the name of a time zone such as Europe/Berlin");
    }
}
