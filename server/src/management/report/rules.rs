//! Who may do what with a report, and what goes together in one.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use sea_orm::ConnectionTrait;
use tollgate_openapi::report::{ReportContent, ReportPeriod};
use tollgate_openapi::spend::ExportFormat;

use super::NOT_FOUND;
use crate::app::App;
use crate::auth::{Memberships, Principal};
use crate::db;
use crate::db::report::Model;
use crate::domain::permission::{Action, Relation};
use crate::error::{ApiError, ApiResult};
use crate::management::alert::rules::channel_to_tell;

/// A period is reported so long after it is over: calls that ended with it are in the ledger by then.
const AFTER: TimeDelta = TimeDelta::hours(1);

/// When the period that `now` is in is reported.
pub(crate) fn due_after(period: ReportPeriod, now: DateTime<Utc>) -> DateTime<Utc> {
    let (_, last) = period.around((now - AFTER).date_naive());
    last.succ_opt().unwrap_or(last).and_time(NaiveTime::MIN).and_utc() + AFTER
}

/// The days of the latest report that was due by `now`: also of one that is due at this moment.
pub(crate) fn days_due(period: ReportPeriod, now: DateTime<Utc>) -> (chrono::NaiveDate, chrono::NaiveDate) {
    period.before((now - AFTER).date_naive())
}

/// Goes on where the caller may do `action` with a report.
pub(super) fn authorize(principal: &Principal, action: Action, report: Option<&Model>) -> ApiResult<()> {
    let relations = report.map(|report| relations(principal, report)).unwrap_or_default();
    principal.authorize_on(action, &relations, NOT_FOUND)
}

fn relations(principal: &Principal, report: &Model) -> Vec<Relation> {
    let own = (report.user_id == principal.user_id).then_some(Relation::Own);
    let team = report.team_id.as_deref().map(|id| principal.memberships.to_team(id));
    let organization = report.organization_id.as_deref().map(|id| principal.memberships.to_organization(id));
    [own, team, organization].into_iter().flatten().collect()
}

/// Refuses what does not go together, and places that the caller may not have told. `before`: what was there, which may
/// stay.
pub(super) async fn check(
    app: &App,
    db: &impl ConnectionTrait,
    principal: &Principal,
    (report, before): (&Model, Option<&Model>),
) -> ApiResult<()> {
    check_content(report)?;
    check_sharing(db, principal, report, before).await?;
    let known = before.map(|before| before.email_to.0.as_slice()).unwrap_or_default();
    for address in report.email_to.0.iter().filter(|address| !known.contains(address)) {
        check_address(db, principal, address).await?;
    }
    if !report.email_to.0.is_empty() && !app.mailer.is_on() {
        return Err(ApiError::bad_request("email_to", "email_to: no letters are sent here: SMTP_HOST is not set"));
    }
    let known = before.map(|before| before.channel_ids.0.as_slice()).unwrap_or_default();
    for channel_id in report.channel_ids.0.iter().filter(|id| !known.contains(id)) {
        channel_to_tell(app, db, principal, channel_id).await?;
    }
    if report.is_stored && !before.is_some_and(|before| before.is_stored) {
        check_storage(app, principal)?;
    }
    Ok(())
}

fn check_content(report: &Model) -> ApiResult<()> {
    let definition = &report.definition;
    let wrong = |field: &'static str, expected: &str| Err(ApiError::bad_request(field, format!("{field}: {expected}")));
    let takes = match definition.content {
        ReportContent::Usage | ReportContent::Statement => definition.format == ExportFormat::Csv,
        ReportContent::Calls => definition.format != ExportFormat::Focus,
        ReportContent::Days => true,
    };
    if !takes {
        return wrong("format", "expected csv; jsonl is of days and calls, focus of days");
    }
    let is_by_month = report.period() == ReportPeriod::Month;
    if definition.content == ReportContent::Statement && !is_by_month {
        return wrong("period", "expected month: a statement is of a month");
    }
    let filter = &definition.filter;
    let narrows_more = [&filter.user_id, &filter.api_key, &filter.model, &filter.provider, &filter.tag];
    if definition.content == ReportContent::Statement && narrows_more.into_iter().any(Option::is_some) {
        return wrong("filter", "expected an organization, a team or a cost centre: a statement is of these");
    }
    Ok(())
}

/// A report is shared by who is in the team, or runs the organization.
async fn check_sharing(
    db: &impl ConnectionTrait,
    principal: &Principal,
    report: &Model,
    before: Option<&Model>,
) -> ApiResult<()> {
    if report.organization_id.is_some() && report.team_id.is_some() {
        let expected = "organization_id: expected a team or an organization, not both";
        return Err(ApiError::bad_request("organization_id", expected));
    }
    let is_new = |now: &Option<String>, was: Option<&Option<String>>| now.is_some() && was != Some(now);
    if let Some(id) = report.team_id.as_deref().filter(|_| is_new(&report.team_id, before.map(|row| &row.team_id))) {
        let found = db::team::find(db, id).await?;
        let organization = found.as_ref().and_then(|team| team.organization_id.as_deref());
        let relations = principal.relations(None, found.as_ref().map(|team| team.team_id.as_str()), organization);
        principal.authorize_on(Action::TeamRead, &relations, "Team not found.")?;
        found.ok_or_else(|| ApiError::not_found("Team not found."))?;
    }
    let was = before.map(|row| &row.organization_id);
    if let Some(id) = report.organization_id.as_deref().filter(|_| is_new(&report.organization_id, was)) {
        let relations = [principal.memberships.to_organization(id)];
        principal.authorize_on(Action::OrganizationMembers, &relations, "Organization not found.")?;
        let found = db::organization::find(db, id).await?;
        found.ok_or_else(|| ApiError::not_found("Organization not found."))?;
    }
    Ok(())
}

/// Whoever does not administer the gateway has spend sent to themselves, and to who is in what they run.
pub(super) async fn check_address(db: &impl ConnectionTrait, principal: &Principal, address: &str) -> ApiResult<()> {
    let is_own = principal.user_email.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(address));
    if principal.is_admin() || is_own {
        return Ok(());
    }
    let is_run = match db::user::find_by_email(db, address).await? {
        Some(user) => principal.runs_what_is_of(&Memberships::of(db, &user.user_id).await?),
        None => false,
    };
    if is_run {
        return Ok(());
    }
    let expected = format!(
        "email_to: expected your own address, or that of somebody in a team or an organization that you run, got {address}"
    );
    Err(ApiError::bad_request("email_to", expected))
}

fn check_storage(app: &App, principal: &Principal) -> ApiResult<()> {
    if !principal.is_admin() {
        let message = "Only administrators of the gateway have files put into its storage (is_stored).";
        return Err(ApiError::forbidden(message).with_param("is_stored"));
    }
    match app.report_storage {
        Some(_) => Ok(()),
        None => {
            let expected = "is_stored: tollgate_settings.report_storage is not set: there is nowhere to put files";
            Err(ApiError::bad_request("is_stored", expected))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_period_is_due_once_and_none_is_left_out() {
        let start: DateTime<Utc> = "2026-12-31T00:30:00Z".parse().unwrap();
        for period in ReportPeriod::ALL {
            let (mut due, mut told) = (due_after(period, start), Vec::new());
            for _ in 0..40 {
                told.push(days_due(period, due));
                due = due_after(period, due);
            }
            for pair in told.windows(2) {
                assert_eq!(pair[0].1.succ_opt(), Some(pair[1].0), "{period:?}");
            }
        }
        let due = |now: &str| due_after(ReportPeriod::Day, now.parse().unwrap()).to_rfc3339();
        assert_eq!(due("2026-12-31T00:59:59Z"), "2026-12-31T01:00:00+00:00");
        assert_eq!(due("2026-12-31T01:00:00Z"), "2027-01-01T01:00:00+00:00");
    }
}
