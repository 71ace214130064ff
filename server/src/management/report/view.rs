//! Reports as they are shown.

use serde_json::Value;
use tollgate_openapi::report::{Report, ReportRun, ReportState};

use crate::app::App;
use crate::db;
use crate::db::report::Model;
use crate::db::report_run::Model as Run;
use crate::error::ApiResult;
use crate::management::change;

/// Shows a report.
pub(super) fn report(row: Model, last_run: Option<Run>) -> Report {
    Report {
        period: row.period(),
        report_id: row.report_id,
        name: row.name,
        user_id: row.user_id,
        organization_id: row.organization_id,
        team_id: row.team_id,
        content: row.definition.content,
        format: row.definition.format,
        group_by: row.definition.group_by,
        then_by: row.definition.then_by,
        filter: row.definition.filter,
        email_to: row.email_to.0,
        channel_ids: row.channel_ids.0,
        is_stored: row.is_stored,
        next_due_at: row.next_due_at,
        last_run: last_run.map(run),
        created_at: row.created_at,
        updated_at: row.updated_at,
        updated_by: row.updated_by,
    }
}

/// Shows a report to somebody it is shared with: not where it goes, nor what places that do not take it say.
pub(super) fn for_reader(report: Report) -> Report {
    let last_run = report.last_run.map(run_for_reader);
    Report { email_to: Vec::new(), channel_ids: Vec::new(), last_run, ..report }
}

/// The same of what became of it.
pub(super) fn run_for_reader(run: ReportRun) -> ReportRun {
    ReportRun { error: None, address: None, ..run }
}

/// Shows a report with what became of it last.
pub(super) async fn of_row(app: &App, row: Model) -> ApiResult<Report> {
    let last = db::report_run::of_report(&app.db, &row.report_id, 1).await?.into_iter().next();
    Ok(report(row, last))
}

/// Shows what became of one.
pub(super) fn run(row: Run) -> ReportRun {
    ReportRun {
        first_day: row.first_day,
        last_day: row.last_day,
        state: ReportState::named(&row.state),
        attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
        next_attempt_at: row.next_attempt_at,
        error: row.error,
        address: row.address,
        bytes: row.bytes.and_then(|bytes| u64::try_from(bytes).ok()),
        created_at: row.created_at,
        ended_at: row.ended_at,
    }
}

/// A report as the audit chain keeps it: without when it is due.
pub(super) fn snapshot(row: &Model) -> Option<Value> {
    let row = Model { next_due_at: None, ..row.clone() };
    Some(change::snapshot(&report(row, None)))
}
