//! What the fields of a team must be, beyond their types.

use sea_orm::DatabaseTransaction;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::patch::Patch;
use tollgate_openapi::team::{
    MEMBER_STORED_FIELDS, STORED_FIELDS, TeamCreate, TeamMemberAdd, TeamMemberPatch, TeamPatch,
};

use super::NOT_FOUND;
use crate::auth::Principal;
use crate::db;
use crate::db::limit::Model as Limit;
use crate::domain::permission::{Action, Relation};
use crate::error::{ApiError, ApiResult};
use crate::management::rules::Problems;

/// The fields of a team, besides its limits.
const FIELDS: &[&str] = &[
    "team_id",
    "team_alias",
    "organization_id",
    "models",
    "metadata",
    "blocked",
    "cost_center",
    "members_with_roles",
    "admins",
    "members",
    "budget_id",
];
/// The fields of a member, besides their limits.
const MEMBER_FIELDS: &[&str] =
    &["team_id", "member", "user_id", "user_email", "role", "max_budget_in_team", "budget_id"];

/// Checks a new team.
pub(super) fn check_create(body: &TeamCreate) -> ApiResult<()> {
    let mut problems = Problems::of_limited(&body.limits, &body.other, STORED_FIELDS, FIELDS);
    if body.team_id.as_deref().is_some_and(|id| id.contains('/')) {
        problems.add("team_id", "expected no slash: it parts a team's id from a member's");
    }
    problems.finish()
}

/// Checks a change.
pub(super) fn check_patch(body: &TeamPatch) -> ApiResult<()> {
    let creation_only = &["members_with_roles", "admins", "members"];
    let known: Vec<&str> = FIELDS.iter().copied().filter(|field| !creation_only.contains(field)).collect();
    Problems::of_limited(&body.limits, &body.other, STORED_FIELDS, &known).finish()
}

/// Checks members to be added.
pub(super) fn check_add(body: &TeamMemberAdd) -> ApiResult<()> {
    let mut problems = Problems::of_limited(&body.limits, &body.other, MEMBER_STORED_FIELDS, MEMBER_FIELDS);
    one_name(&mut problems, &body.max_budget_in_team, &body.limits.max_budget);
    problems.finish()
}

/// Checks a change of a member.
pub(super) fn check_member_patch(body: &TeamMemberPatch) -> ApiResult<()> {
    let mut problems = Problems::of_limited(&body.limits, &body.other, MEMBER_STORED_FIELDS, MEMBER_FIELDS);
    one_name(&mut problems, &body.max_budget_in_team, &body.limits.max_budget);
    problems.finish()
}

fn one_name(problems: &mut Problems, in_team: &Patch<NanoUsd>, max_budget: &Patch<NanoUsd>) {
    if !in_team.is_absent() && !max_budget.is_absent() {
        problems.add("max_budget_in_team", "expected it or max_budget, which is the same, and not both");
    }
}

/// As LiteLLM demands of teams: a warning that comes no sooner than the refusal warns nobody.
pub(super) fn check_soft_budget(limits: &Limit) -> ApiResult<()> {
    match (limits.soft_budget, limits.max_budget) {
        (Some(soft), Some(max)) if soft >= max => {
            Err(ApiError::bad_request("soft_budget", "soft_budget: expected less than max_budget"))
        }
        _ => Ok(()),
    }
}

/// Refuses an organization that does not exist.
pub(super) async fn check_organization(transaction: &DatabaseTransaction, id: &str) -> ApiResult<()> {
    match db::organization::find(transaction, id).await? {
        Some(_) => Ok(()),
        None => {
            let message = format!("organization_id: there is no organization '{id}'");
            Err(ApiError::bad_request("organization_id", message))
        }
    }
}

/// What of a member's limits a team's own admin leaves to those above: the reusable budget that they are attached to, and
/// of the admin's own membership all, for nobody raises their own.
pub(super) fn check_member_limits(
    principal: &Principal,
    relations: &[Relation],
    attaches: bool,
    is_own: bool,
) -> ApiResult<()> {
    let field = if attaches { "budget_id" } else { "max_budget_in_team" };
    if !attaches && !is_own {
        return Ok(());
    }
    let allowed = principal.authorize_on(Action::TeamAdminister, relations, NOT_FOUND);
    allowed.map_err(|error| error.with_param(field))
}

/// What only an administrator of the gateway sets: which organization a team moves to, and which reusable budget, one
/// that many share, it is attached to.
pub(super) fn check_gateways(principal: &Principal, moves: bool, attaches: bool) -> ApiResult<()> {
    let field = if moves { Some("organization_id") } else { None };
    let field = if attaches { Some("budget_id") } else { field };
    match field {
        Some(field) if !principal.is_admin() => {
            let message = format!("Only an administrator of the gateway sets {field}.");
            Err(ApiError::forbidden(message).with_param(field))
        }
        _ => Ok(()),
    }
}
