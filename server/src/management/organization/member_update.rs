//! `PATCH /organization/member_update`.

use actix_web::web;
use sea_orm::{ActiveModelTrait, IntoActiveModel};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::organization::{OrganizationMemberPatch, OrganizationMembership};
use tollgate_openapi::paths;

use super::member::{find_named, limits, set_limits, snapshot, views};
use super::{NOT_FOUND, relations_to};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::db::organization_member::Column;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, announce, record};
use crate::management::limit::ORGANIZATION_MEMBER;
use crate::management::{Json, only};

/// Change what a member may do and use in an organization
#[utoipa::path(
    patch,
    path = paths::ORGANIZATION_MEMBER_UPDATE,
    operation_id = "organization_member_update",
    tag = "organization",
    request_body = OrganizationMemberPatch,
    responses(
        (status = 200, description = "The membership as it is now", body = OrganizationMembership),
        (status = 400, description = "The user is not in the organization", body = ErrorEnvelope),
        (status = 404, description = "There is no such organization", body = ErrorEnvelope),
    ),
)]
pub async fn update(
    app: web::Data<App>,
    principal: Principal,
    body: Json<OrganizationMemberPatch>,
) -> ApiResult<web::Json<OrganizationMembership>> {
    let OrganizationMemberPatch {
        organization_id,
        user_id,
        user_email,
        role,
        max_budget_in_organization,
        budget_duration,
    } = body.0;
    principal.authorize_on(Action::OrganizationMembers, &relations_to(&principal, &organization_id), NOT_FOUND)?;
    let limits = limits(max_budget_in_organization, budget_duration)?;
    let transaction = db::begin(&app.db).await?;
    super::exists(&transaction, &organization_id).await?;
    let before = find_named(&transaction, &organization_id, user_id.as_deref(), user_email.as_deref()).await?;
    if !limits.is_empty() && before.user_id == principal.user_id && !principal.is_admin() {
        let message = "Nobody limits themselves: another administrator of the organization sets your budget.";
        return Err(ApiError::forbidden(message).with_param("max_budget_in_organization"));
    }
    let mut after = before.clone();
    if let Some(role) = role {
        role.as_str().clone_into(&mut after.user_role);
    }
    if after != before {
        let mut row = after.clone().into_active_model();
        row.reset(Column::UserRole);
        row.update(&transaction).await?;
    }
    let (id, limits) = (after.scope_id(), set_limits(&app, &transaction, &after, limits).await?);
    let change = Change {
        action: "updated",
        kind: "organization_member",
        id: &id,
        before: Some(snapshot(&before, &limits.before)),
        after: Some(snapshot(&after, &limits.after)),
    };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    announce(&app, ORGANIZATION_MEMBER.scope, &id);
    app.counters.correct(limits.corrections).await;
    Ok(web::Json(only(views(&app, vec![after]).await?)?))
}
