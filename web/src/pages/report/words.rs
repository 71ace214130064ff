//! A report in words. Pure.

use tollgate_openapi::paths;
use tollgate_openapi::report::{Report, ReportContent, ReportPeriod, ReportRun, ReportState};

use crate::format;
use crate::ui::badge::Tone;
use crate::url::encode;

/// Periods by their wire names.
pub(super) const PERIODS: [(&str, &str); 3] = [("day", "Every day"), ("week", "Every week"), ("month", "Every month")];
/// What a file has in it, by the wire names.
pub(super) const CONTENTS: [(&str, &str); 4] = [
    ("usage", "A line a group"),
    ("statement", "The month as a bill"),
    ("days", "Every day by everything"),
    ("calls", "Every call"),
];
/// What a file looks like, by the wire names.
pub(super) const FORMATS: [(&str, &str); 3] = [("csv", "CSV"), ("jsonl", "JSON lines"), ("focus", "FOCUS 1.2 (CSV)")];
/// What spend is broken down by, by the wire names.
pub(super) const GROUPS: [(&str, &str); 8] = [
    ("team", "Team"),
    ("model", "Model"),
    ("key", "Key"),
    ("user", "User"),
    ("organization", "Organization"),
    ("cost_center", "Cost centre"),
    ("provider", "Provider"),
    ("tag", "Tag"),
];

/// The words of a wire name.
pub(super) fn said(all: &[(&'static str, &'static str)], name: &str) -> &'static str {
    all.iter().find(|(one, _)| *one == name).map_or("", |(_, words)| words)
}

/// Wire names and words for a choice.
pub(super) fn options(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(name, words)| ((*name).to_owned(), (*words).to_owned())).collect()
}

/// What is in it: "A line a group by team and model".
pub(super) fn what(report: &Report) -> String {
    let content = said(&CONTENTS, report.content.name());
    if report.content != ReportContent::Usage {
        return content.to_owned();
    }
    let group = |name: &str| said(&GROUPS, name).to_lowercase();
    let by = group(report.group_by.as_str());
    match report.then_by {
        Some(then) => format!("By {by} and {}", group(then.as_str())),
        None => format!("By {by}"),
    }
}

/// Where it goes: "2 addresses, 1 channel, storage".
pub(super) fn sent_to(report: &Report) -> String {
    let count = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {many}")),
    };
    let letters = match report.email_to.as_slice() {
        [one] => Some(one.clone()),
        all => count(all.len(), "address", "addresses"),
    };
    let channels = count(report.channel_ids.len(), "channel", "channels");
    let storage = report.is_stored.then(|| "storage".to_owned());
    let places: Vec<String> = [letters, channels, storage].into_iter().flatten().collect();
    if places.is_empty() { "nobody".to_owned() } else { places.join(", ") }
}

/// What became of a report.
pub(super) fn state(run: Option<&ReportRun>) -> (Tone, &'static str) {
    match run.map(|run| (run.state, run.error.is_some())) {
        None => (Tone::Neutral, "not sent yet"),
        Some((ReportState::Pending, false)) => (Tone::Neutral, "on its way"),
        Some((ReportState::Pending, true)) => (Tone::Warning, "tried again"),
        Some((ReportState::Sent, _)) => (Tone::Good, "sent"),
        Some((ReportState::Failed, _)) => (Tone::Bad, "failed"),
    }
}

/// The days of a run.
pub(super) fn days(run: &ReportRun, period: ReportPeriod) -> String {
    match period {
        ReportPeriod::Day => format::day(run.first_day),
        ReportPeriod::Week | ReportPeriod::Month => {
            format!("{} – {}", format::day(run.first_day), format::day(run.last_day))
        }
    }
}

/// Where the file of the period with this day is; of none: of the last one that is over.
pub(super) fn file(report_id: &str, day: Option<&str>) -> String {
    let day = day.map(|day| format!("&day={}", encode(day))).unwrap_or_default();
    format!("{}?report_id={}{day}", paths::REPORT_FILE, encode(report_id))
}
