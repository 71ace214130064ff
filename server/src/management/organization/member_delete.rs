//! `DELETE /organization/member_delete`.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::organization::{OrganizationMemberDelete, OrganizationMembership};
use tollgate_openapi::paths;

use super::member::{find_named, leave, views};
use super::{NOT_FOUND, relations_to};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Action;
use crate::error::ApiResult;
use crate::management::{Json, key, limit, only};

/// Remove a member from an organization
///
/// With their memberships in its teams, and the keys that they have in it and in those. What they spent stays in the
/// ledger.
#[utoipa::path(
    delete,
    path = paths::ORGANIZATION_MEMBER_DELETE,
    operation_id = "organization_member_delete",
    tag = "organization",
    request_body = OrganizationMemberDelete,
    responses(
        (status = 200, description = "The membership as it was", body = OrganizationMembership),
        (status = 400, description = "The user is not in the organization", body = ErrorEnvelope),
        (status = 404, description = "There is no such organization", body = ErrorEnvelope),
    ),
)]
pub async fn delete(
    app: web::Data<App>,
    principal: Principal,
    body: Json<OrganizationMemberDelete>,
) -> ApiResult<web::Json<OrganizationMembership>> {
    let OrganizationMemberDelete { organization_id, user_id, user_email } = body.0;
    principal.authorize_on(Action::OrganizationMembers, &relations_to(&principal, &organization_id), NOT_FOUND)?;
    let transaction = db::begin(&app.db).await?;
    super::exists(&transaction, &organization_id).await?;
    let member = find_named(&transaction, &organization_id, user_id.as_deref(), user_email.as_deref()).await?;
    let shown = only(views(&app, vec![member.clone()]).await?)?;
    let gone = leave(&app, &transaction, &principal, member).await?;
    transaction.commit().await?;
    key::delete::forget_all(&app, &gone.keys);
    limit::forget(&app, limit::ORGANIZATION_MEMBER, &gone.member);
    gone.team_members.iter().for_each(|id| limit::forget(&app, limit::TEAM_MEMBER, id));
    Ok(web::Json(shown))
}
