//! Saved reports.

use tollgate_openapi::paths;
use tollgate_openapi::report::{Report, ReportCreate, ReportDeleted, ReportId, ReportInfo, ReportList, ReportRun};

use super::{ApiError, Seen, get, post, post_if};

pub(crate) async fn list() -> Result<ReportList, ApiError> {
    get(paths::REPORT_LIST, &()).await
}

pub(crate) async fn info(report_id: String) -> Result<ReportInfo, ApiError> {
    get(paths::REPORT_INFO, &ReportId { report_id }).await
}

pub(crate) async fn create(report: &ReportCreate) -> Result<Report, ApiError> {
    post(paths::REPORT_NEW, report).await
}

/// Puts a report in the place of the one that there is.
pub(crate) async fn update(report_id: &str, report: &ReportCreate, seen: Seen) -> Result<Report, ApiError> {
    let mut change = serde_json::to_value(report).unwrap_or_default();
    if let Some(members) = change.as_object_mut() {
        members.insert("report_id".to_owned(), report_id.into());
    }
    post_if(paths::REPORT_UPDATE, seen, &change).await
}

pub(crate) async fn delete(report_id: String) -> Result<ReportDeleted, ApiError> {
    post(paths::REPORT_DELETE, &ReportId { report_id }).await
}

pub(crate) async fn run(report_id: String) -> Result<ReportRun, ApiError> {
    post(paths::REPORT_RUN, &ReportId { report_id }).await
}
