//! `POST /budget/info` and `GET /budget/list`.

use actix_web::web;
use tollgate_openapi::budget::{BudgetInfo, BudgetView};
use tollgate_openapi::page::PageQuery;
use tollgate_openapi::paths;

use super::view::views;
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Action;
use crate::error::ApiResult;
use crate::management::{Json, Listed, Query, listed, page_of};

/// Show budgets
///
/// Those of the ids that exist.
#[utoipa::path(
    post,
    path = paths::BUDGET_INFO,
    operation_id = "budget_info",
    tag = "budget",
    request_body = BudgetInfo,
    responses(
        (status = 200, description = "The budgets", body = Vec<BudgetView>),
    ),
)]
pub async fn info(
    app: web::Data<App>,
    principal: Principal,
    body: Json<BudgetInfo>,
) -> ApiResult<web::Json<Vec<BudgetView>>> {
    principal.authorize_all(Action::BudgetRead)?;
    let found = db::budget::find_many(&app.db, &body.0.budgets).await?;
    Ok(web::Json(views(&app.db, found).await?))
}

/// List budgets
///
/// In the order of their ids.
#[utoipa::path(
    get,
    path = paths::BUDGET_LIST,
    operation_id = "budget_list",
    tag = "budget",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of budgets; `x-total-count` says how many there are",
            body = Vec<BudgetView>),
    ),
)]
pub async fn list(app: web::Data<App>, principal: Principal, query: Query<PageQuery>) -> ApiResult<Listed<BudgetView>> {
    principal.authorize_all(Action::BudgetRead)?;
    let page = page_of("budgets", query.0.page, query.0.page_size, query.0.cursor.as_deref())?;
    let found = db::budget::list(&app.db, &page).await?;
    Ok(listed(views(&app.db, found.rows).await?, found.total, found.next))
}
