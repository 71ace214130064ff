//! `GET /spend/report/list`, `GET /spend/report/info` and `GET /spend/report/file`.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, web};
use futures_util::stream::{self, StreamExt as _};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::report::{ReportFileQuery, ReportId, ReportInfo, ReportList};

use super::file::{self, Pages};
use super::rules::{authorize, days_due};
use super::{NOT_FOUND, view};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::db::report::{Model, Reader};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Query;
use crate::management::spend::export;

/// Runs that are shown.
const RUNS_SHOWN: u64 = 50;

/// List reports
///
/// The caller's own, and those that are shared with a team or an organization that they are in; administrators of the gateway
/// see all.
#[utoipa::path(
    get,
    path = paths::REPORT_LIST,
    operation_id = "report_list",
    tag = "report",
    responses(
        (status = 200, description = "The reports", body = ReportList),
        (status = 403, description = "A virtual key asks", body = ErrorEnvelope),
    ),
)]
pub async fn list(app: web::Data<App>, principal: Principal) -> ApiResult<web::Json<ReportList>> {
    principal.authorize_list(Action::ReportRead)?;
    let rows = db::report::list(&app.db, &reader(&principal)).await?;
    let ids: Vec<String> = rows.iter().map(|row| row.report_id.clone()).collect();
    let mut runs = db::report_run::latest(&app.db, &ids).await?;
    let reports = rows.into_iter().map(|row| {
        let last = runs.remove(&row.report_id);
        let (is_own, report) = (is_own(&principal, &row), view::report(row, last));
        if is_own { report } else { view::for_reader(report) }
    });
    let storage = app.report_storage.as_ref().filter(|_| principal.is_admin());
    Ok(web::Json(ReportList {
        reports: reports.collect(),
        storage: storage.map(|storage| storage.address().to_owned()),
    }))
}

/// Whether the caller sees where a report goes: its owner does, and who sees everything.
fn is_own(principal: &Principal, report: &Model) -> bool {
    report.user_id == principal.user_id || principal.may_see_everything()
}

fn reader(principal: &Principal) -> Reader {
    if principal.may_see_everything() {
        return Reader::All;
    }
    Reader::Person {
        user_id: principal.user_id.clone(),
        teams: principal.memberships.teams().into_iter().map(|one| one.team_id).collect(),
        organizations: principal.memberships.organizations().into_iter().map(|one| one.organization_id).collect(),
    }
}

/// Look at a report
///
/// With what became of it, the newest period first.
#[utoipa::path(
    get,
    path = paths::REPORT_INFO,
    operation_id = "report_info",
    tag = "report",
    params(ReportId),
    responses(
        (status = 200, description = "The report", body = ReportInfo),
        (status = 404, description = "There is no such report", body = ErrorEnvelope),
    ),
)]
pub async fn info(
    app: web::Data<App>,
    principal: Principal,
    query: Query<ReportId>,
) -> ApiResult<web::Json<ReportInfo>> {
    let row = find(&app, &principal, &query.0.report_id).await?;
    let runs = db::report_run::of_report(&app.db, &row.report_id, RUNS_SHOWN).await?;
    let (is_own, report) = (is_own(&principal, &row), view::report(row, runs.first().cloned()));
    let runs = runs.into_iter().map(view::run);
    Ok(web::Json(match is_own {
        true => ReportInfo { report, runs: runs.collect() },
        false => ReportInfo { report: view::for_reader(report), runs: runs.map(view::run_for_reader).collect() },
    }))
}

/// Read a report
///
/// Its file for the period that a day is in, as far as the caller may see what it tells.
#[utoipa::path(
    get,
    path = paths::REPORT_FILE,
    operation_id = "report_file",
    tag = "report",
    params(ReportFileQuery),
    responses(
        (status = 200, description = "The file", content(
            (String = "text/csv", example = "team_id,name,spend,…\r\nsearch,Search,12.5,…\r\n"),
            (String = "application/x-ndjson", example = "{\"date\":\"2026-11-21\",\"spend\":0.015}\n"),
        )),
        (status = 404, description = "There is no such report", body = ErrorEnvelope),
    ),
)]
pub async fn file(app: web::Data<App>, principal: Principal, query: Query<ReportFileQuery>) -> ApiResult<HttpResponse> {
    let row = find(&app, &principal, &query.0.report_id).await?;
    let period = row.period();
    let days = query.0.day.map_or_else(|| days_due(period, app.clock.now()), |day| period.around(day));
    let (format, name) = (row.definition.format, file::name(&row, days));
    let mut pages = Pages::of(app, principal.scope(), &row, days).await?;
    // Read before the head is sent: that the database is away is then told as by any other operation.
    let first = pages.next().await?;
    let rest = stream::try_unfold(pages, |mut pages| async move {
        let page: Option<Bytes> = pages.next().await?;
        Ok::<_, ApiError>(page.map(|page| (page, pages)))
    });
    Ok(HttpResponse::Ok()
        .content_type(export::content_type(format))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((CACHE_CONTROL, "no-store"))
        .streaming(stream::iter(first.map(Ok)).chain(rest)))
}

/// The report, where the caller may read it.
pub(super) async fn find(app: &App, principal: &Principal, report_id: &str) -> ApiResult<Model> {
    let found = db::report::find(&app.db, report_id).await?;
    authorize(principal, Action::ReportRead, found.as_ref())?;
    found.ok_or_else(|| ApiError::not_found(NOT_FOUND))
}
