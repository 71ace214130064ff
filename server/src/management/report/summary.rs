//! A report in a few lines: what letters and channels say of it.

use chrono::NaiveDate;
use tollgate_openapi::report::ReportContent;
use tollgate_openapi::spend::{Usage, UsageGroup, UsageQuery};

use crate::alerts::{Words, dollars};
use crate::app::App;
use crate::db::Scope;
use crate::db::report::Model;
use crate::domain::report::{change, period_in_words};
use crate::error::ApiResult;
use crate::management::spend::usage;

/// Groups that a file has.
const GROUPS_MAX: u64 = 500;
/// Groups that are named in words.
const NAMED: usize = 10;

/// What a report is about, in sums: of these days, and of the period before them.
pub(super) async fn usage(
    app: &App,
    scope: &Scope,
    report: &Model,
    (first, last): (NaiveDate, NaiveDate),
) -> ApiResult<Usage> {
    let (definition, filter) = (&report.definition, report.definition.filter.clone());
    let is_table = definition.content == ReportContent::Usage;
    let query = UsageQuery {
        start_date: Some(first),
        end_date: Some(last),
        group_by: definition.group_by,
        then_by: definition.then_by.filter(|_| is_table),
        organization_id: filter.organization_id,
        team_id: filter.team_id,
        user_id: filter.user_id,
        api_key: filter.api_key,
        model: filter.model,
        provider: filter.provider,
        tag: filter.tag,
        cost_center: filter.cost_center,
        limit: GROUPS_MAX,
    };
    usage::read(app, scope, &query, Some(report.period().before(first))).await
}

/// The report in words.
pub(super) fn words(report: &Model, usage: &Usage) -> Words {
    let (spend, before) = (usage.total.spend.0, usage.previous.spend.0);
    let period = report.period();
    let days = period_in_words(period, usage.start_date, usage.end_date);
    let title = format!("{}, {days}: {}, {}", report.name, dollars(spend), change(spend, before, period.name()));
    let mut lines: Vec<String> = usage.groups.iter().take(NAMED).map(|group| line(group, period.name())).collect();
    if usage.groups.len() > NAMED {
        lines.push(format!("… and {} more", usage.groups.len() - NAMED));
    }
    let link = format!("/ui/reports?report={}&day={}", report.report_id, usage.start_date);
    Words::new(title, lines.join("\n"))
        .fact("Spend", dollars(spend))
        .fact(&format!("The {} before", period.name()), dollars(before))
        .fact("Requests", usage.total.api_requests.to_string())
        .fact("Failed", usage.total.failed_requests.to_string())
        .link(link)
}

fn line(group: &UsageGroup, period: &str) -> String {
    let name = match (&group.name, group.id.as_str()) {
        (Some(name), _) => name.as_str(),
        (None, "") => "none",
        (None, id) => id,
    };
    let (now, before) = (group.sums.spend.0, group.previous_spend.0);
    format!("{name}: {}, {}", dollars(now), change(now, before, period))
}
