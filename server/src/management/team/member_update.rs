//! `POST /team/member_update`.

use actix_web::web;
use sea_orm::{ActiveModelTrait, IntoActiveModel};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::team::{TeamMemberPatch, TeamMembership};

use super::join::find_named;
use super::view::{member_snapshot, memberships};
use super::{NOT_FOUND, relations_to, rules};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::db::team_member::{ActiveModel, Column, Model};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, announce, record};
use crate::management::limit::{self, Wanted};
use crate::management::rules::keep;
use crate::management::{Json, only};

/// Change a member of a team
///
/// Only what is sent changes; `null` clears. An admin of the team gives roles and limits within the team, but not their own
/// limits, nor a reusable budget: these are an administrator's to set.
#[utoipa::path(
    post,
    path = paths::TEAM_MEMBER_UPDATE,
    operation_id = "team_member_update",
    tag = "team",
    request_body = TeamMemberPatch,
    responses(
        (status = 200, description = "The membership as it is now", body = TeamMembership),
        (status = 400, description = "The user is not in the team", body = ErrorEnvelope),
        (status = 404, description = "There is no such team", body = ErrorEnvelope),
    ),
)]
pub async fn update(
    app: web::Data<App>,
    principal: Principal,
    body: Json<TeamMemberPatch>,
) -> ApiResult<web::Json<TeamMembership>> {
    let body = body.0;
    let transaction = db::begin(&app.db).await?;
    let found = db::team::find_for_update(&transaction, &body.team_id).await?;
    let relations = relations_to(&principal, found.as_ref());
    principal.authorize_on(Action::TeamMembers, &relations, NOT_FOUND)?;
    found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    rules::check_member_patch(&body)?;
    let (user_id, user_email) = (body.user_id.as_deref(), body.user_email.as_deref());
    let before = find_named(&transaction, &body.team_id, user_id, user_email).await?;
    let has_limits = !body.limits.is_empty() || !body.max_budget_in_team.is_absent();
    let is_own = has_limits && before.user_id == principal.user_id;
    rules::check_member_limits(&principal, &relations, !body.budget_id.is_absent(), is_own)?;

    let id = before.scope_id();
    let mut limits = body.limits;
    if !body.max_budget_in_team.is_absent() {
        limits.max_budget = body.max_budget_in_team;
    }
    let wanted = Wanted { limits, budget_id: body.budget_id, spend: None };
    let mut after = before.clone();
    if let Some(role) = body.role {
        role.as_str().clone_into(&mut after.role);
    }
    keep(&mut after.other, body.other);
    if after != before {
        all_set(after.clone()).update(&transaction).await?;
    }
    let limits = limit::set(&app, &transaction, limit::TEAM_MEMBER, &id, wanted).await?;
    let (shown_before, shown_after) =
        (member_snapshot(&before, &limits.before), member_snapshot(&after, &limits.after));
    let change = Change {
        action: "updated",
        kind: "team_member",
        id: &id,
        before: Some(shown_before),
        after: Some(shown_after),
    };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    announce(&app, "team_member", &id);
    app.counters.correct(limits.corrections).await;
    Ok(web::Json(only(memberships(&app, vec![after]).await?)?))
}

fn all_set(member: Model) -> ActiveModel {
    let mut row = member.into_active_model();
    [Column::Role, Column::Other].into_iter().for_each(|column| row.reset(column));
    row
}
