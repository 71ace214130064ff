//! `GET /organization/info` and `GET /organization/list`.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::organization::{
    OrganizationInfo, OrganizationInfoQuery, OrganizationListQuery, OrganizationView,
};
use tollgate_openapi::paths;

use super::member::{self, MEMBERS_SHOWN_MAX};
use super::view::{view, views};
use super::{NOT_FOUND, relations_to};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::{Action, Relation};
use crate::error::{ApiError, ApiResult};
use crate::management::{Listed, Query, listed, page_of};

/// Show an organization
///
/// With its members, at most a thousand. Who does not administer it sees of these themself.
#[utoipa::path(
    get,
    path = paths::ORGANIZATION_INFO,
    operation_id = "organization_info",
    tag = "organization",
    params(OrganizationInfoQuery),
    responses(
        (status = 200, description = "The organization", body = OrganizationInfo),
        (status = 404, description = "There is no such organization", body = ErrorEnvelope),
    ),
)]
pub async fn info(
    app: web::Data<App>,
    principal: Principal,
    query: Query<OrganizationInfoQuery>,
) -> ApiResult<web::Json<OrganizationInfo>> {
    let organization_id = query.0.organization_id;
    let relations = relations_to(&principal, &organization_id);
    principal.authorize_on(Action::OrganizationRead, &relations, NOT_FOUND)?;
    let found = db::organization::find(&app.db, &organization_id).await?;
    let organization = view(&app, found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?).await?;
    let sees_all = principal.may_see_everything() || relations.contains(&Relation::Organization);
    let members = if sees_all {
        db::organization_member::of_organization(&app.db, &organization_id, MEMBERS_SHOWN_MAX).await?
    } else {
        let own = db::organization_member::find(&app.db, &organization_id, &principal.user_id).await?;
        own.into_iter().collect()
    };
    Ok(web::Json(OrganizationInfo { organization, members: member::views(&app, members).await? }))
}

/// List organizations
///
/// Those the caller is a member of, or all for administrators of the gateway, in the order of their ids.
#[utoipa::path(
    get,
    path = paths::ORGANIZATION_LIST,
    operation_id = "organization_list",
    tag = "organization",
    params(OrganizationListQuery),
    responses(
        (status = 200, description = "A page of organizations; `x-total-count` says how many there are",
            body = Vec<OrganizationView>),
    ),
)]
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: Query<OrganizationListQuery>,
) -> ApiResult<Listed<OrganizationView>> {
    principal.authorize_on(Action::OrganizationRead, &[Relation::Member], NOT_FOUND)?;
    let OrganizationListQuery { org_id, org_alias, search, page, page_size, cursor } = query.0;
    let page = page_of("organizations", page, page_size, cursor.as_deref())?;
    let (id, alias, search) = (org_id.as_deref(), org_alias.as_deref(), search.as_deref());
    let seen_by = if principal.may_see_everything() { None } else { Some(principal.user_id.as_str()) };
    let found = db::organization::list(&app.db, id, alias, search, seen_by, &page).await?;
    Ok(listed(views(&app, found.rows).await?, found.total, found.next))
}
