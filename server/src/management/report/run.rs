//! `POST /spend/report/run`.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::report::{ReportId, ReportRun};

use super::rules::{authorize, days_due};
use super::{KIND, NOT_FOUND, view};
use crate::app::App;
use crate::auth::Principal;
use crate::db::report_run::{self, Model as Run};
use crate::db::{self, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::{Change, record};

/// Send a report now
///
/// Of the last period that is over, wherever it is sent, also where that has been told it before. It is on its way a few
/// seconds later; `/spend/report/info` says what became of it.
#[utoipa::path(
    post,
    path = paths::REPORT_RUN,
    operation_id = "report_run",
    tag = "report",
    request_body = ReportId,
    responses(
        (status = 200, description = "It will be sent", body = ReportRun),
        (status = 400, description = "It is sent nowhere", body = ErrorEnvelope),
        (status = 404, description = "There is no such report", body = ErrorEnvelope),
    ),
)]
pub async fn run(app: web::Data<App>, principal: Principal, body: Json<ReportId>) -> ApiResult<web::Json<ReportRun>> {
    let transaction = db::begin(&app.db).await?;
    let found = db::report::find_for_update(&transaction, &body.0.report_id).await?;
    authorize(&principal, Action::ReportWrite, found.as_ref())?;
    let report = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    if !report.is_sent() {
        let message = "The report is sent nowhere: name addresses, channels or the storage first.";
        return Err(ApiError::bad_request("report_id", message));
    }
    let now = stored_time(app.clock.now());
    let run = Run::new(&report.report_id, days_due(report.period(), now), now);
    report_run::ask(&transaction, run.clone(), true).await?;
    let after = Some(serde_json::json!({ "first_day": run.first_day, "last_day": run.last_day }));
    let change = Change { action: "sent", kind: KIND, id: &report.report_id, before: None, after };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    Ok(web::Json(view::run(run)))
}
