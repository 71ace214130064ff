//! `GET /organization/info` and `GET /organization/list`.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::organization::{OrganizationInfoQuery, OrganizationListQuery, OrganizationView};
use tollgate_openapi::paths;

use super::NOT_FOUND;
use super::view::{view, views};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::{Listed, Query, listed, page_of};

/// Show an organization
#[utoipa::path(
    get,
    path = paths::ORGANIZATION_INFO,
    operation_id = "organization_info",
    tag = "organization",
    params(OrganizationInfoQuery),
    responses(
        (status = 200, description = "The organization", body = OrganizationView),
        (status = 404, description = "There is no such organization", body = ErrorEnvelope),
    ),
)]
pub async fn info(
    app: web::Data<App>,
    principal: Principal,
    query: Query<OrganizationInfoQuery>,
) -> ApiResult<web::Json<OrganizationView>> {
    principal.authorize_all(Action::OrganizationRead)?;
    let found = db::organization::find(&app.db, &query.0.organization_id).await?;
    Ok(web::Json(view(&app, found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?).await?))
}

/// List organizations
///
/// In the order of their ids.
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
    principal.authorize_all(Action::OrganizationRead)?;
    let OrganizationListQuery { org_id, org_alias, search, page, page_size, cursor } = query.0;
    let page = page_of("organizations", page, page_size, cursor.as_deref())?;
    let (id, alias, search) = (org_id.as_deref(), org_alias.as_deref(), search.as_deref());
    let found = db::organization::list(&app.db, id, alias, search, &page).await?;
    Ok(listed(views(&app, found.rows).await?, found.total, found.next))
}
