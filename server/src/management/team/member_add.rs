//! `POST /team/member_add`.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::patch::Patch;
use tollgate_openapi::paths;
use tollgate_openapi::team::{MemberView, MembersAdded, TeamMemberAdd};

use super::view::{memberships, view};
use super::{Joining, NOT_FOUND, join, relations_to, rules};
use crate::app::App;
use crate::auth::Principal;
use crate::db::{self, JsonMap};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::announce;
use crate::management::limit::Wanted;
use crate::management::rules::keep;

/// Add members to a team
///
/// All of them or none. A user named by an e-mail address that nobody has is made; one named by an unknown id only by an
/// administrator. Which reusable budget they are attached to is an
/// administrator's to say.
#[utoipa::path(
    post,
    path = paths::TEAM_MEMBER_ADD,
    operation_id = "team_member_add",
    tag = "team",
    request_body = TeamMemberAdd,
    responses(
        (status = 200, description = "The team as it is now, and who joined", body = MembersAdded),
        (status = 400, description = "Somebody is in the team already, or does not exist", body = ErrorEnvelope),
        (status = 404, description = "There is no such team", body = ErrorEnvelope),
    ),
)]
pub async fn add(
    app: web::Data<App>,
    principal: Principal,
    body: Json<TeamMemberAdd>,
) -> ApiResult<web::Json<MembersAdded>> {
    let body = body.0;
    let transaction = db::begin(&app.db).await?;
    let found = db::team::find_for_update(&transaction, &body.team_id).await?;
    let relations = relations_to(&principal, found.as_ref());
    principal.authorize_on(Action::TeamMembers, &relations, NOT_FOUND)?;
    let team = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    rules::check_member_limits(&principal, &relations, body.budget_id.is_some(), false)?;
    rules::check_add(&body)?;

    let mut limits = body.limits;
    if !body.max_budget_in_team.is_absent() {
        limits.max_budget = body.max_budget_in_team;
    }
    let mut other = JsonMap::default();
    keep(&mut other, body.other);
    let wanted = Wanted { limits, budget_id: body.budget_id.map_or(Patch::Absent, Patch::Set), spend: None };
    let joining = Joining { team_id: &team.team_id, wanted, other };
    let joined = join(&app, &transaction, &principal, joining, body.member.into_vec()).await?;
    transaction.commit().await?;
    joined.iter().for_each(|member| announce(&app, "team_member", &member.scope_id()));
    let memberships = memberships(&app, joined).await?;
    let users = memberships.iter().map(|member| MemberView {
        role: member.role,
        user_id: member.user_id.clone(),
        user_email: member.user_email.clone(),
    });
    Ok(web::Json(MembersAdded {
        updated_users: users.collect(),
        updated_team_memberships: memberships,
        team: view(&app, team).await?,
    }))
}
