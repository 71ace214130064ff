//! `POST /team/member_delete`.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::team::{TeamMemberDelete, TeamView};

use super::join::find_named;
use super::view::view;
use super::{NOT_FOUND, leave, relations_to};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::{key, limit};

/// Remove a member from a team
///
/// With the keys that the user has in the team. What they spent stays in the ledger.
#[utoipa::path(
    post,
    path = paths::TEAM_MEMBER_DELETE,
    operation_id = "team_member_delete",
    tag = "team",
    request_body = TeamMemberDelete,
    responses(
        (status = 200, description = "The team as it is now", body = TeamView),
        (status = 400, description = "The user is not in the team", body = ErrorEnvelope),
        (status = 404, description = "There is no such team", body = ErrorEnvelope),
    ),
)]
pub async fn delete(
    app: web::Data<App>,
    principal: Principal,
    body: Json<TeamMemberDelete>,
) -> ApiResult<web::Json<TeamView>> {
    let body = body.0;
    let transaction = db::begin(&app.db).await?;
    let found = db::team::find_for_update(&transaction, &body.team_id).await?;
    let relations = relations_to(&principal, found.as_ref());
    principal.authorize_on(Action::TeamMembers, &relations, NOT_FOUND)?;
    let team = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    let (user_id, user_email) = (body.user_id.as_deref(), body.user_email.as_deref());
    let member = find_named(&transaction, &body.team_id, user_id, user_email).await?;
    let id = member.scope_id();
    let keys = leave(&app, &transaction, &principal, vec![member]).await?;
    transaction.commit().await?;
    key::delete::forget_all(&app, &keys);
    limit::forget(&app, limit::TEAM_MEMBER, &id);
    Ok(web::Json(view(&app, team).await?))
}
