//! `POST /spend/report/delete`.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::report::{ReportDeleted, ReportId};

use super::rules::authorize;
use super::{KIND, NOT_FOUND, view};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::{Change, record};

/// Delete a report
///
/// With what became of it. Files that were put somewhere stay there.
#[utoipa::path(
    post,
    path = paths::REPORT_DELETE,
    operation_id = "report_delete",
    tag = "report",
    request_body = ReportId,
    responses(
        (status = 200, description = "It is gone", body = ReportDeleted),
        (status = 404, description = "There is no such report", body = ErrorEnvelope),
    ),
)]
pub async fn delete(
    app: web::Data<App>,
    principal: Principal,
    body: Json<ReportId>,
) -> ApiResult<web::Json<ReportDeleted>> {
    let transaction = db::begin(&app.db).await?;
    let found = db::report::find_for_update(&transaction, &body.0.report_id).await?;
    authorize(&principal, Action::ReportWrite, found.as_ref())?;
    let row = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    db::report::delete(&transaction, &row.report_id).await?;
    let before = view::snapshot(&row);
    let change = Change { action: "deleted", kind: KIND, id: &row.report_id, before, after: None };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    Ok(web::Json(ReportDeleted { message: format!("Report '{}' is deleted.", row.name) }))
}
