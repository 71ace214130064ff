//! Reports: what somebody wants to read of spend again and again, and where it is sent.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc, Weekday};
use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::check::{check_id, null_as_default, patch_id, valid_addresses, valid_id, valid_ids};
use crate::patch::Patch;
use crate::spend::{ExportFormat, UsageDimension};

/// Channels of one report.
const CHANNELS_MAX: usize = 20;

/// What a report tells of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReportPeriod {
    /// A day.
    Day,
    /// A week, from Monday to Sunday.
    #[default]
    Week,
    /// A month.
    Month,
}

impl ReportPeriod {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// The first and last day of the one that `day` is in.
    #[must_use]
    pub fn around(self, day: NaiveDate) -> (NaiveDate, NaiveDate) {
        let first = match self {
            Self::Day => day,
            Self::Week => day.week(Weekday::Mon).first_day(),
            Self::Month => day.with_day(1).unwrap_or(day),
        };
        let next = match self {
            Self::Day => first.checked_add_days(Days::new(1)),
            Self::Week => first.checked_add_days(Days::new(7)),
            Self::Month => first.checked_add_months(Months::new(1)),
        };
        (first, next.and_then(|next| next.pred_opt()).unwrap_or(first))
    }

    /// The first and last day of the latest one that is over on `today`.
    #[must_use]
    pub fn before(self, today: NaiveDate) -> (NaiveDate, NaiveDate) {
        let (first, _) = self.around(today);
        self.around(first.pred_opt().unwrap_or(first))
    }
}

/// What the file of a report has in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReportContent {
    /// What each group spent, compared with the period before.
    #[default]
    Usage,
    /// The month's statement: by everything, with what was booked to earlier months. Of months only.
    Statement,
    /// Every day by everything, as `/spend/export`.
    Days,
    /// Every call.
    Calls,
}

impl ReportContent {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Usage, Self::Statement, Self::Days, Self::Calls];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Statement => "statement",
            Self::Days => "days",
            Self::Calls => "calls",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// Whose calls a report is about; what is left out stands for all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ReportFilter {
    /// This organization's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(max_length = 255))]
    pub organization_id: Option<String>,
    /// This team's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(max_length = 255))]
    pub team_id: Option<String>,
    /// Of keys of this user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(max_length = 255))]
    pub user_id: Option<String>,
    /// This key's: the key or its hash, which is what is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(max_length = 255))]
    pub api_key: Option<String>,
    /// This public model's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(max_length = 255))]
    pub model: Option<String>,
    /// This provider's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(max_length = 255))]
    pub provider: Option<String>,
    /// With this tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(max_length = 255))]
    pub tag: Option<String>,
    /// This cost centre's. Of days and calls it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(max_length = 255))]
    pub cost_center: Option<String>,
}

/// A report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"report_id": "7f0c", "name": "Teams by the week", "user_id": "ana",
    "organization_id": "acme", "team_id": null, "period": "week", "content": "usage", "format": "csv",
    "group_by": "team", "then_by": "model", "filter": {"organization_id": "acme"}, "email_to": ["finance@acme.example"],
    "channel_ids": [], "is_stored": false, "next_due_at": "2026-11-30T01:00:00Z", "last_run": null,
    "created_at": "2026-11-01T08:00:00Z", "updated_at": "2026-11-01T08:00:00Z", "updated_by": "ana"})))]
pub struct Report {
    /// Id.
    pub report_id: String,
    /// What it is called.
    pub name: String,
    /// Whose it is: what is sent tells what they may see.
    pub user_id: String,
    /// It is shared with who is in this organization: they read it with what they may see.
    pub organization_id: Option<String>,
    /// It is shared with who is in this team.
    pub team_id: Option<String>,
    /// What it tells of, and how often it is sent.
    pub period: ReportPeriod,
    /// What its file has in it.
    pub content: ReportContent,
    /// What its file looks like.
    pub format: ExportFormat,
    /// What spend is broken down by.
    pub group_by: UsageDimension,
    /// What each group is broken down by in turn.
    pub then_by: Option<UsageDimension>,
    /// Whose calls it is about.
    pub filter: ReportFilter,
    /// To whom it is sent.
    pub email_to: Vec<String>,
    /// In which channels of alerts it is told.
    pub channel_ids: Vec<String>,
    /// Its files are put into `tollgate_settings.report_storage`.
    pub is_stored: bool,
    /// When it is next made: an hour after a period is over. Absent: it is sent nowhere.
    pub next_due_at: Option<DateTime<Utc>>,
    /// What became of it last.
    pub last_run: Option<ReportRun>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: String,
}

/// What became of a report of one period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"first_day": "2026-11-16", "last_day": "2026-11-22", "state": "sent",
    "attempts": 1, "next_attempt_at": null, "error": null, "address": "s3://finance/tollgate/teams-7f0c/2026-11-16_2026-11-22.csv",
    "bytes": 18422, "created_at": "2026-11-23T01:00:03Z", "ended_at": "2026-11-23T01:00:04Z"})))]
pub struct ReportRun {
    /// The first day it tells of, UTC's.
    pub first_day: NaiveDate,
    /// The last one.
    pub last_day: NaiveDate,
    /// How far it is.
    pub state: ReportState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried again.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// Why the last try did not do, place by place.
    pub error: Option<String>,
    /// Where its file was put.
    pub address: Option<String>,
    /// How long its file is.
    pub bytes: Option<u64>,
    /// When it was due, or asked for.
    pub created_at: DateTime<Utc>,
    /// When it was done, or given up.
    pub ended_at: Option<DateTime<Utc>>,
}

/// How far a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReportState {
    /// It is being made, or waits to be tried again.
    Pending,
    /// Every place took it.
    Sent,
    /// It is given up: not every place took it.
    Failed,
}

impl ReportState {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    /// The one of this name; unknown ones have failed.
    #[must_use]
    pub fn named(name: &str) -> Self {
        [Self::Pending, Self::Sent].into_iter().find(|one| one.name() == name).unwrap_or(Self::Failed)
    }
}

/// Body of `POST /spend/report/new`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"name": "Teams by the week", "period": "week", "group_by": "team",
    "then_by": "model", "email_to": ["finance@acme.example"]})))]
#[serde(deny_unknown_fields)]
pub struct ReportCreate {
    /// What it is called.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub name: String,
    /// What it tells of, and how often it is sent.
    #[garde(skip)]
    pub period: ReportPeriod,
    /// Share it with who is in this organization.
    #[serde(default)]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(max_length = 255))]
    pub organization_id: Option<String>,
    /// Share it with who is in this team.
    #[serde(default)]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(max_length = 255))]
    pub team_id: Option<String>,
    /// What its file has in it.
    #[serde(default)]
    #[garde(skip)]
    pub content: ReportContent,
    /// What its file looks like. `jsonl` and `focus` are of days, `jsonl` of calls, too.
    #[serde(default)]
    #[garde(skip)]
    pub format: ExportFormat,
    /// What spend is broken down by. Default: `model`.
    #[serde(default)]
    #[garde(skip)]
    pub group_by: UsageDimension,
    /// What each group is broken down by in turn.
    #[serde(default)]
    #[garde(skip)]
    pub then_by: Option<UsageDimension>,
    /// Whose calls it is about.
    #[serde(default, deserialize_with = "null_as_default")]
    #[garde(dive)]
    #[cfg_attr(feature = "spec", schema(nullable))]
    pub filter: ReportFilter,
    /// To whom it is sent: whoever does not administer the gateway names themselves, and who is in teams and organizations
    /// that they run.
    #[serde(default, deserialize_with = "null_as_default")]
    #[garde(custom(valid_addresses))]
    #[cfg_attr(feature = "spec", schema(max_items = 50, nullable))]
    pub email_to: Vec<String>,
    /// In which channels of alerts it is told: without its file, with a link to it.
    #[serde(default, deserialize_with = "null_as_default")]
    #[garde(length(max = CHANNELS_MAX), custom(valid_ids))]
    #[cfg_attr(feature = "spec", schema(max_items = 20, nullable))]
    pub channel_ids: Vec<String>,
    /// Put its files into `tollgate_settings.report_storage`: administrators of the gateway may.
    #[serde(default)]
    #[garde(skip)]
    pub is_stored: bool,
}

/// Body of `POST /spend/report/update`: only what is sent changes, `null` clears.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"report_id": "7f0c", "period": "month"})))]
#[serde(deny_unknown_fields)]
pub struct ReportPatch {
    /// The report to change.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub report_id: String,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(max_length = 255))]
    pub name: Option<String>,
    /// What it tells of, and how often it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub period: Option<ReportPeriod>,
    /// Share it with who is in this organization.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_id))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>, max_length = 255))]
    pub organization_id: Patch<String>,
    /// Share it with who is in this team.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(custom(patch_id))]
    #[cfg_attr(feature = "spec", schema(value_type = Option<String>, max_length = 255))]
    pub team_id: Patch<String>,
    /// What its file has in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub content: Option<ReportContent>,
    /// What its file looks like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub format: Option<ExportFormat>,
    /// What spend is broken down by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub group_by: Option<UsageDimension>,
    /// What each group is broken down by in turn.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<UsageDimension>))]
    pub then_by: Patch<UsageDimension>,
    /// Whose calls it is about: as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(dive)]
    pub filter: Option<ReportFilter>,
    /// To whom it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(custom(valid_addresses)))]
    #[cfg_attr(feature = "spec", schema(max_items = 50))]
    pub email_to: Option<Vec<String>>,
    /// In which channels of alerts it is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(length(max = CHANNELS_MAX), custom(valid_ids)))]
    #[cfg_attr(feature = "spec", schema(max_items = 20))]
    pub channel_ids: Option<Vec<String>>,
    /// Its files are put into `tollgate_settings.report_storage`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub is_stored: Option<bool>,
}

/// Body of `POST /spend/report/delete` and `POST /spend/report/run`, and query of `GET /spend/report/info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[cfg_attr(feature = "spec", schema(example = json!({"report_id": "7f0c"})))]
#[serde(deny_unknown_fields)]
pub struct ReportId {
    /// The report.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255), param(min_length = 1, max_length = 255))]
    pub report_id: String,
}

/// Query of `GET /spend/report/file`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
pub struct ReportFileQuery {
    /// The report.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", param(min_length = 1, max_length = 255))]
    pub report_id: String,
    /// A day of the period it is to tell of; absent: the last one that is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub day: Option<NaiveDate>,
}

/// Answer of `GET /spend/report/list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct ReportList {
    /// The reports, by name.
    pub reports: Vec<Report>,
    /// Where files are put, where that is configured and the caller may have them put there.
    pub storage: Option<String>,
}

/// Answer of `GET /spend/report/info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct ReportInfo {
    /// The report.
    pub report: Report,
    /// What became of it, the newest period first.
    pub runs: Vec<ReportRun>,
}

/// Answer of `POST /spend/report/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"message": "Report 'Teams by the week' is deleted."})))]
pub struct ReportDeleted {
    /// What happened, in a sentence.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_over_when_they_are_reported() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (period, today, first, last) in [
            (ReportPeriod::Day, "2026-03-01", "2026-02-28", "2026-02-28"),
            // A Sunday is still in its week.
            (ReportPeriod::Week, "2026-11-22", "2026-11-09", "2026-11-15"),
            (ReportPeriod::Week, "2026-11-23", "2026-11-16", "2026-11-22"),
            (ReportPeriod::Month, "2026-01-01", "2025-12-01", "2025-12-31"),
            (ReportPeriod::Month, "2026-03-31", "2026-02-01", "2026-02-28"),
        ] {
            assert_eq!(period.before(day(today)), (day(first), day(last)), "{period:?} {today}");
        }
        assert_eq!(ReportPeriod::Month.around(day("2028-02-10")), (day("2028-02-01"), day("2028-02-29")));
    }
}
