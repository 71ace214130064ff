//! `POST /organization/member_add`.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::organization::{OrganizationMemberAdd, OrganizationMembersAdded};
use tollgate_openapi::paths;

use super::member::{join, limits, views};
use super::{NOT_FOUND, relations_to};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Action;
use crate::error::ApiResult;
use crate::management::Json;
use crate::management::change::announce;
use crate::management::limit::ORGANIZATION_MEMBER;

/// Add members to an organization
///
/// All of them or none. A user named by an e-mail address that nobody has is made; one named by an unknown id only by an
/// administrator of the gateway.
#[utoipa::path(
    post,
    path = paths::ORGANIZATION_MEMBER_ADD,
    operation_id = "organization_member_add",
    tag = "organization",
    request_body = OrganizationMemberAdd,
    responses(
        (status = 200, description = "Who joined", body = OrganizationMembersAdded),
        (status = 400, description = "Somebody is in the organization already, or does not exist",
            body = ErrorEnvelope),
        (status = 404, description = "There is no such organization", body = ErrorEnvelope),
    ),
)]
pub async fn add(
    app: web::Data<App>,
    principal: Principal,
    body: Json<OrganizationMemberAdd>,
) -> ApiResult<web::Json<OrganizationMembersAdded>> {
    let OrganizationMemberAdd { organization_id, member, max_budget_in_organization, budget_duration } = body.0;
    principal.authorize_on(Action::OrganizationMembers, &relations_to(&principal, &organization_id), NOT_FOUND)?;
    let limits = limits(max_budget_in_organization, budget_duration)?;
    let transaction = db::begin(&app.db).await?;
    super::exists(&transaction, &organization_id).await?;
    let joined = join(&app, &transaction, &principal, &organization_id, &limits, member.into_vec()).await?;
    transaction.commit().await?;
    joined.iter().for_each(|member| announce(&app, ORGANIZATION_MEMBER.scope, &member.scope_id()));
    let updated_organization_memberships = views(&app, joined).await?;
    Ok(web::Json(OrganizationMembersAdded { organization_id, updated_organization_memberships }))
}
