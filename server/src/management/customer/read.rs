//! `GET /customer/info` and `GET /customer/list`.

use actix_web::web;
use tollgate_openapi::customer::{CustomerInfoQuery, CustomerListQuery, CustomerView};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;

use super::NOT_FOUND;
use super::view::{view, views};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::{Listed, Query, listed, page_of};

/// Show a customer
#[utoipa::path(
    get,
    path = paths::CUSTOMER_INFO,
    operation_id = "customer_info",
    tag = "customer",
    params(CustomerInfoQuery),
    responses(
        (status = 200, description = "The customer", body = CustomerView),
        (status = 404, description = "There is no such customer", body = ErrorEnvelope),
    ),
)]
pub async fn info(
    app: web::Data<App>,
    principal: Principal,
    query: Query<CustomerInfoQuery>,
) -> ApiResult<web::Json<CustomerView>> {
    principal.authorize_all(Action::CustomerRead)?;
    let found = db::customer::find(&app.db, &query.0.end_user_id).await?;
    Ok(web::Json(view(&app, found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?).await?))
}

/// List customers
///
/// In the order of their ids.
#[utoipa::path(
    get,
    path = paths::CUSTOMER_LIST,
    operation_id = "customer_list",
    tag = "customer",
    params(CustomerListQuery),
    responses(
        (status = 200, description = "A page of customers; `x-total-count` says how many there are",
            body = Vec<CustomerView>),
    ),
)]
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: Query<CustomerListQuery>,
) -> ApiResult<Listed<CustomerView>> {
    principal.authorize_all(Action::CustomerRead)?;
    let page = page_of("customers", query.0.page, query.0.page_size, query.0.cursor.as_deref())?;
    let found = db::customer::list(&app.db, query.0.search.as_deref(), &page).await?;
    Ok(listed(views(&app, found.rows).await?, found.total, found.next))
}
