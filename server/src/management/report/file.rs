//! The file of a report, page by page.

use actix_web::web::{Bytes, Data};
use chrono::NaiveDate;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::report::ReportContent;
use tollgate_openapi::spend::{
    ExportFormat, ExportLevel, Month, SpendExportQuery, Statement, StatementLine, StatementQuery, Usage,
    UsageDimension, UsageSums,
};

use super::summary;
use crate::app::App;
use crate::db::Scope;
use crate::db::report::Model;
use crate::error::ApiResult;
use crate::management::spend::dates;
use crate::management::spend::export::cell::Cell;
use crate::management::spend::export::{self, File, csv};
use crate::management::spend::statement;

/// Characters of a report's name that are part of a file's.
const NAME_CHARS_MAX: usize = 60;
/// Columns of sums.
const SUMS: [&str; 10] = [
    "spend",
    "api_requests",
    "failed_requests",
    "prompt_tokens",
    "completion_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "reasoning_tokens",
    "saved_by_cache",
    "saved_by_prompt_cache",
];

/// A file, made as far as it was asked for.
#[derive(Debug)]
pub(super) enum Pages {
    /// It is short enough to be made at once.
    Whole(Option<Bytes>),
    /// It may be of any length.
    Export(Box<File>),
}

impl Pages {
    /// The file of these days, as somebody with this scope may see it.
    pub(super) async fn of(
        app: Data<App>,
        scope: Scope,
        report: &Model,
        (first, last): (NaiveDate, NaiveDate),
    ) -> ApiResult<Self> {
        dates::checked(first, last)?;
        let text = match report.definition.content {
            ReportContent::Usage => {
                let usage = summary::usage(&app, &scope, report, (first, last)).await?;
                of_usage(&usage, report)
            }
            ReportContent::Statement => {
                let filter = report.definition.filter.clone();
                let query = StatementQuery {
                    month: Some(Month::of(first)),
                    organization_id: filter.organization_id,
                    team_id: filter.team_id,
                    cost_center: filter.cost_center,
                };
                of_statement(&statement::of_month(&app, &scope, &query).await?)
            }
            ReportContent::Days | ReportContent::Calls => {
                let query = export_query(report, (first, last));
                return Ok(Self::Export(Box::new(export::open(app, scope, query).await?)));
            }
        };
        Ok(Self::Whole(Some(text.into())))
    }

    /// What comes next; `None`: the file is whole.
    pub(super) async fn next(&mut self) -> ApiResult<Option<Bytes>> {
        match self {
            Self::Whole(text) => Ok(text.take()),
            Self::Export(file) => file.next().await,
        }
    }
}

/// What the file of a report is called.
pub(super) fn name(report: &Model, (first, last): (NaiveDate, NaiveDate)) -> String {
    let extension = if report.definition.format == ExportFormat::Jsonl { "jsonl" } else { "csv" };
    format!("{}-{first}-to-{last}.{extension}", plain(&report.name))
}

/// A name of small letters, digits and dashes, for files and folders.
pub(super) fn plain(name: &str) -> String {
    let mut plain = String::new();
    for character in name.chars().flat_map(char::to_lowercase).take(NAME_CHARS_MAX) {
        match character {
            'a'..='z' | '0'..='9' => plain.push(character),
            _ if !plain.is_empty() && !plain.ends_with('-') => plain.push('-'),
            _ => {}
        }
    }
    let plain = plain.trim_end_matches('-');
    if plain.is_empty() { "report".to_owned() } else { plain.to_owned() }
}

fn export_query(report: &Model, (first, last): (NaiveDate, NaiveDate)) -> SpendExportQuery {
    let filter = report.definition.filter.clone();
    let is_by_call = report.definition.content == ReportContent::Calls;
    SpendExportQuery {
        format: report.definition.format,
        level: if is_by_call { ExportLevel::Calls } else { ExportLevel::Days },
        start_date: Some(first),
        end_date: Some(last),
        organization_id: filter.organization_id,
        team_id: filter.team_id,
        user_id: filter.user_id,
        api_key: filter.api_key,
        model: filter.model,
        provider: filter.provider,
        tag: filter.tag,
        cost_center: filter.cost_center,
        end_user: None,
    }
}

/// A line a group, or a line a part of one; they add up to the whole.
fn of_usage(usage: &Usage, report: &Model) -> String {
    let (group, part) = (report.definition.group_by.as_str(), report.definition.then_by);
    let part = part.filter(|part| *part != report.definition.group_by).map(|part| part.as_str());
    let ids: Vec<String> =
        [Some(group), part].into_iter().flatten().flat_map(|by| [by.to_owned(), format!("{by}_name")]).collect();
    let is_by_tag = [Some(report.definition.group_by), report.definition.then_by].contains(&Some(UsageDimension::Tag));
    let previous = part.is_none().then_some("previous_spend");
    let columns: Vec<&str> = ids.iter().map(String::as_str).chain(SUMS).chain(previous).collect();
    let mut text = String::new();
    csv::push_header(&mut text, &columns);
    for line in &usage.groups {
        let own = [Cell::text(&line.id), Cell::maybe(line.name.as_deref())];
        if part.is_none() {
            let cells = own.into_iter().chain(sums(&line.sums)).chain([Cell::Money(line.previous_spend)]);
            csv::push_line(&mut text, &cells.collect::<Vec<_>>());
            continue;
        }
        let mut rest = line.sums;
        for part in &line.parts {
            rest = less(rest, part.sums);
            let part_cells = [Cell::text(&part.id), Cell::maybe(part.name.as_deref())];
            let cells = own.clone().into_iter().chain(part_cells).chain(sums(&part.sums));
            csv::push_line(&mut text, &cells.collect::<Vec<_>>());
        }
        // Of calls with two tags there are more than there are calls.
        if rest != UsageSums::default() && !is_by_tag {
            let cells = own.into_iter().chain([Cell::nothing(), Cell::text(OTHERS)]).chain(sums(&rest));
            csv::push_line(&mut text, &cells.collect::<Vec<_>>());
        }
    }
    if !is_by_tag {
        push_others(&mut text, usage, part.is_some());
    }
    text
}

/// What the lines before leave of the whole.
const OTHERS: &str = "(others)";

fn push_others(text: &mut String, usage: &Usage, has_parts: bool) {
    let rest = usage.groups.iter().fold(usage.total, |rest, group| less(rest, group.sums));
    let before = usage.groups.iter().fold(usage.previous.spend, |rest, group| rest - group.previous_spend);
    if rest == UsageSums::default() && (has_parts || before == NanoUsd::ZERO) {
        return;
    }
    let mut cells = vec![Cell::nothing(), Cell::text(OTHERS)];
    if has_parts {
        cells.extend([Cell::nothing(), Cell::nothing()]);
    }
    cells.extend(sums(&rest));
    if !has_parts {
        cells.push(Cell::Money(before));
    }
    csv::push_line(text, &cells);
}

/// The whole, then each section; and what was booked to earlier months.
fn of_statement(statement: &Statement) -> String {
    let mut text = String::new();
    let columns: Vec<&str> = ["month", "section", "id", "name"].into_iter().chain(SUMS).collect();
    csv::push_header(&mut text, &columns);
    let month = statement.month.to_string();
    let mut push = |section: &str, id: &str, name: Option<&str>, line: &UsageSums| {
        let own = [Cell::text(&month), Cell::text(section), Cell::text(id), Cell::maybe(name)];
        let cells: Vec<Cell<'_>> = own.into_iter().chain(sums(line)).collect();
        csv::push_line(&mut text, &cells);
    };
    push("usage", "", statement.title.as_deref(), &statement.usage);
    let sections: [(&str, &[StatementLine]); 7] = [
        ("cost_center", &statement.cost_centers),
        ("organization", &statement.organizations),
        ("team", &statement.teams),
        ("user", &statement.users),
        ("key", &statement.keys),
        ("model", &statement.models),
        ("provider", &statement.providers),
    ];
    for (section, lines) in sections {
        for line in lines {
            push(section, &line.id, line.name.as_deref(), &line.sums);
        }
    }
    let only = |spend: NanoUsd| UsageSums { spend, ..UsageSums::default() };
    for (section, entries, total) in [
        ("correction", &statement.corrections, statement.corrections_spend),
        ("adjustment", &statement.adjustments, statement.adjustments_spend),
    ] {
        for entry in entries {
            let id = entry.reference.as_deref().unwrap_or(&entry.request_id);
            let name = entry.reason.as_deref().unwrap_or_default();
            let name = if section == "adjustment" { format!("{} {name}", entry.month) } else { name.to_owned() };
            push(section, id, Some(name.trim()), &only(entry.amount));
        }
        // No more entries are listed than a page shows; all of them are due.
        let others = total - entries.iter().map(|entry| entry.amount).sum::<NanoUsd>();
        if others != NanoUsd::ZERO {
            push(section, "", Some("(others)"), &only(others));
        }
    }
    push("due", "", None, &only(statement.due));
    text
}

fn sums(sums: &UsageSums) -> [Cell<'static>; SUMS.len()] {
    [
        Cell::Money(sums.spend),
        Cell::Count(sums.api_requests),
        Cell::Count(sums.failed_requests),
        Cell::Count(sums.prompt_tokens),
        Cell::Count(sums.completion_tokens),
        Cell::Count(sums.cache_read_input_tokens),
        Cell::Count(sums.cache_creation_input_tokens),
        Cell::Count(sums.reasoning_tokens),
        Cell::Money(sums.saved_by_cache),
        Cell::Money(sums.saved_by_prompt_cache),
    ]
}

fn less(from: UsageSums, taken: UsageSums) -> UsageSums {
    UsageSums {
        spend: from.spend - taken.spend,
        api_requests: from.api_requests - taken.api_requests,
        failed_requests: from.failed_requests - taken.failed_requests,
        prompt_tokens: from.prompt_tokens - taken.prompt_tokens,
        completion_tokens: from.completion_tokens - taken.completion_tokens,
        cache_read_input_tokens: from.cache_read_input_tokens - taken.cache_read_input_tokens,
        cache_creation_input_tokens: from.cache_creation_input_tokens - taken.cache_creation_input_tokens,
        reasoning_tokens: from.reasoning_tokens - taken.reasoning_tokens,
        saved_by_cache: from.saved_by_cache - taken.saved_by_cache,
        saved_by_prompt_cache: from.saved_by_prompt_cache - taken.saved_by_prompt_cache,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_plain() {
        for (name, plainly) in [
            ("Teams by the week", "teams-by-the-week"),
            ("  ../../etc/passwd", "etc-passwd"),
            ("Größe: 5 €!", "gr-e-5"),
            ("日本", "report"),
        ] {
            assert_eq!(plain(name), plainly, "{name}");
        }
    }
}
