//! Proves that the ledger's sums agree: for every day and everything calls of that day were booked to, Σ calls in the
//! log + what retention took from it = the day's sum; what reports read, sums by day and key, by day and team and by day
//! and entity, = Σ the day's sums, and by week and entity = Σ its days; for every entity, Σ days = running total; for every budget window, Σ calls that say they were charged
//! to it + what retention took of these = what it has spent; for every key, Σ budget windows = running total;
//! for every closed month, its figures + its adjustments = its days, and the entries in its statement are those it was
//! closed with. And that the audit chain is whole.
//!
//! The database compares; only what does not agree comes here. The log is read once, however many entities there are.

mod day;

pub use day::{alert, verify_day};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use tollgate_openapi::money::NanoUsd;

use crate::db;
use crate::db::spend_adjustment::MANUAL;
use crate::db::weekly_entity_spend;

/// Entities by kind, with the table and the column that each stands in by day.
const ENTITIES: [(&str, &str, &str); 9] = [
    ("global", "daily_spend", "''"),
    ("key", "daily_spend", "api_key"),
    ("user", "daily_spend", "user_id"),
    ("team", "daily_spend", "team_id"),
    ("organization", "daily_spend", "organization_id"),
    ("end_user", "daily_spend", "end_user"),
    ("model_group", "daily_spend", "model_group"),
    ("provider", "daily_spend", "provider"),
    ("tag", "daily_tag_spend", "tag"),
];

/// What a day's sums are kept by: columns of `daily_spend`, and of `spend_logs`.
const PAYERS: [(&str, &str); 8] = [
    ("organization_id", "COALESCE(organization_id, '')"),
    ("team_id", "COALESCE(team_id, '')"),
    ("user_id", "COALESCE(user_id, '')"),
    ("api_key", "api_key"),
    ("model_group", "model_group"),
    ("model", "model"),
    ("provider", "COALESCE(custom_llm_provider, '')"),
    ("end_user", "COALESCE(end_user, '')"),
];

/// The sums by day and tag.
const TAGS_BY_DAY: &str = "SELECT tag AS id, spend, api_requests AS calls FROM daily_tag_spend";

/// Grouping by hashing takes half the time of sorting, which Postgres would choose.
const POSTGRES_PLAN: &str = "SET LOCAL enable_sort = off; SET LOCAL work_mem = '64MB'; SET LOCAL jit = off";

/// Sums that differ are shown up to this many of a kind, and counted beyond.
const SHOWN_MAX: usize = 100;

/// What was compared, and what did not agree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Calls in the ledger, those that retention took from the log included.
    pub calls: i64,
    /// What they cost.
    pub spend: NanoUsd,
    /// Sums compared.
    pub entities: i64,
    /// Sums that differ, the first hundred of each kind.
    pub mismatches: Vec<Mismatch>,
    /// Sums that differ and are not among these.
    pub more_mismatches: i64,
    /// The first row of the audit chain that does not follow from the one before.
    pub broken_audit_row: Option<i64>,
}

/// Sums that differ: spend and number of calls by each source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Kind of entity; `day` for a day and everything its calls were booked to.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// The sums, by source.
    pub sums: [(&'static str, Sum); 2],
}

/// Spend in nano-dollars and calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Spend.
    pub spend: NanoUsd,
    /// Calls; 0 where the source does not count them.
    pub calls: i64,
}

/// A source of sums: its name, and a query for `id`, `spend` and `calls`.
type Source<'a> = (&'static str, &'a str);

impl Report {
    /// True where everything agrees.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.mismatches.is_empty() && self.broken_audit_row.is_none()
    }
}

/// Compares all sums in one snapshot of the database.
///
/// # Errors
/// When the database is away.
pub async fn verify(database: &DatabaseConnection) -> Result<Report, DbErr> {
    let snapshot = db::begin_snapshot(database).await?;
    if snapshot.get_database_backend() == DbBackend::Postgres {
        snapshot.execute_unprepared(POSTGRES_PLAN).await?;
    }
    let mut report = Report::default();
    let backend = snapshot.get_database_backend();
    let (logged, by_day) = by_day(backend);
    let all = compare(&snapshot, "day", ("calls", &logged), ("days", &by_day), &mut report).await?;
    (report.calls, report.spend) = (all.calls, all.spend);
    let of_key = ("days of keys", &*keys_by_day(backend, "daily_key_spend"));
    compare(&snapshot, "key", ("days", &keys_by_day(backend, "daily_spend")), of_key, &mut report).await?;
    let (keys, teams) = (teams_by_day(backend, "daily_key_spend"), teams_by_day(backend, "daily_team_spend"));
    compare(&snapshot, "team", ("days of keys", &keys), ("days of teams", &teams), &mut report).await?;
    let (closed, days) = closed_months(backend);
    compare(&snapshot, "month", ("closed and adjusted", &closed), ("days", &days), &mut report).await?;
    compare(&snapshot, "entries", ("closed", CLOSED_ENTRIES), ("entries", ENTRIES), &mut report).await?;
    for kind in weekly_entity_spend::KINDS {
        let (days, weeks) = weeks(backend, kind);
        compare(&snapshot, kind, ("days of the entity", &days), ("weeks of the entity", &weeks), &mut report).await?;
    }
    for (kind, table, column) in ENTITIES {
        compare_entities(&snapshot, kind, table, column, &mut report).await?;
    }
    let windows = "SELECT scope_id AS id, SUM(spent) AS spend, 0 AS calls FROM budget_spend \
                   WHERE scope_kind = 'key' GROUP BY 1";
    compare(&snapshot, "key", ("total", &totals("key", "0")), ("budget windows", windows), &mut report).await?;
    let logged = windows_logged(backend);
    let windows = format!("SELECT {} AS id, spent AS spend, 0 AS calls FROM budget_spend", window_id(backend));
    compare(&snapshot, "budget window", ("calls", &logged), ("window", &windows), &mut report).await?;
    let logged = tags_logged(backend);
    compare(&snapshot, "tag", ("calls", &logged), ("days", TAGS_BY_DAY), &mut report).await?;
    report.broken_audit_row = db::audit::first_broken(&snapshot).await?;
    snapshot.rollback().await?;
    Ok(report)
}

/// Compares the days of all entities of a kind with those that reports read, and these with the running totals.
async fn compare_entities(
    db: &impl ConnectionTrait,
    kind: &'static str,
    table: &str,
    column: &str,
    report: &mut Report,
) -> Result<(), DbErr> {
    let separator = separator(db.get_database_backend());
    // Every call has these, by whatever name.
    let present = match kind {
        "global" | "key" | "model_group" => "1 = 1".to_owned(),
        _ => format!("{column} <> ''"),
    };
    let days = format!(
        "SELECT CAST(date AS TEXT) || {separator} || {column} AS id, spend, api_requests AS calls FROM {table} \
         WHERE {present}"
    );
    let of_entity = format!(
        "SELECT CAST(date AS TEXT) || {separator} || entity_id AS id, spend, api_requests AS calls \
         FROM daily_entity_spend WHERE entity_kind = '{kind}'"
    );
    compare(db, kind, ("days", &days), ("days of the entity", &of_entity), report).await?;
    let summed = format!(
        "SELECT entity_id AS id, spend, api_requests AS calls FROM daily_entity_spend WHERE entity_kind = '{kind}'"
    );
    compare(db, kind, ("days", &summed), ("total", &totals(kind, "api_requests")), report).await.map(drop)
}

fn totals(kind: &str, calls: &str) -> String {
    format!("SELECT entity_id AS id, spend, {calls} AS calls FROM spend_totals WHERE entity_kind = '{kind}'")
}

/// The log by tag: a call of two tags counts in both.
fn tags_logged(backend: DbBackend) -> String {
    let each = match backend {
        DbBackend::Postgres => "json_array_elements_text(request_tags) AS tag(value)",
        _ => "json_each(request_tags) AS tag",
    };
    format!(
        "SELECT tag.value AS id, SUM(spend) AS spend, COUNT(*) AS calls FROM spend_logs, {each} GROUP BY 1 \
         UNION ALL SELECT tag, pruned_spend, pruned_requests FROM daily_tag_spend WHERE pruned_requests <> 0"
    )
}

/// What calls in the log say they were charged to. There are far fewer different charges than calls.
fn windows_logged(backend: DbBackend) -> String {
    let (id, each) = match backend {
        DbBackend::Postgres => (
            "(charge.value ->> 0) || chr(31) || (charge.value ->> 1) || chr(31) || (charge.value ->> 2)",
            "json_array_elements(CAST(charges AS JSON)) AS charge(value)",
        ),
        _ => (
            "(charge.value ->> 0) || char(31) || (charge.value ->> 1) || char(31) || (charge.value ->> 2)",
            "json_each(charges) AS charge",
        ),
    };
    format!(
        "SELECT {id} AS id, spend, 0 AS calls FROM (\
            SELECT charges, SUM(spend) AS spend FROM spend_logs WHERE charges IS NOT NULL GROUP BY charges) AS logged, {each} \
         UNION ALL SELECT {}, pruned_spent, 0 FROM budget_spend WHERE pruned_spent <> 0",
        window_id(backend)
    )
}

fn window_id(backend: DbBackend) -> String {
    let separator = separator(backend);
    format!("scope_kind || {separator} || scope_id || {separator} || CAST(window_start AS TEXT)")
}

/// The log and the sums by day, each by the same key, written as one text.
fn by_day(backend: DbBackend) -> (String, String) {
    // Times are kept in UTC, whose days these are.
    let day = match backend {
        DbBackend::Postgres => "CAST(start_time AT TIME ZONE 'UTC' AS DATE)",
        _ => "substr(start_time, 1, 10)",
    };
    let id = day_id(backend, &PAYERS.map(|(name, _)| name));
    let logged = PAYERS.map(|(name, of_call)| format!("{of_call} AS {name}")).join(", ");
    let groups = (1..=PAYERS.len() + 1).map(|number| number.to_string()).collect::<Vec<_>>().join(", ");
    let log = format!(
        "SELECT {id} AS id, spend, calls FROM (SELECT {day} AS date, {logged}, SUM(spend) AS spend, COUNT(*) AS calls \
         FROM spend_logs GROUP BY {groups}) AS logged \
         UNION ALL SELECT {id}, pruned_spend, pruned_requests FROM daily_spend WHERE pruned_requests <> 0"
    );
    (log, format!("SELECT {id} AS id, spend, api_requests AS calls FROM daily_spend"))
}

/// Closed months as they were frozen, with what was booked to them since, and as their days are.
fn closed_months(backend: DbBackend) -> (String, String) {
    let separator = separator(backend);
    let [of_key @ .., _] = PAYERS.map(|(name, _)| name);
    let id = |month: &str| {
        let payers = of_key.join(&format!(" || {separator} || "));
        format!("substr(CAST({month} AS TEXT), 1, 7) || {separator} || {payers} AS id, spend, api_requests AS calls")
    };
    // What people book is no call's, and in no day.
    let closed = format!(
        "SELECT {0} FROM closed_spend UNION ALL SELECT {0} FROM spend_adjustments WHERE kind <> '{MANUAL}'",
        id("month")
    );
    let days = format!(
        "SELECT {} FROM daily_key_spend WHERE substr(CAST(date AS TEXT), 1, 7) IN \
         (SELECT substr(CAST(month AS TEXT), 1, 7) FROM closed_months)",
        id("date")
    );
    (closed, days)
}

/// What entries add to the statement of each closed month: as it was closed, and as they are.
const CLOSED_ENTRIES: &str =
    "SELECT CAST(month AS TEXT) AS id, entries_spend AS spend, entries_count AS calls FROM closed_months";
const ENTRIES: &str = "SELECT CAST(counted_in AS TEXT) AS id, spend, 1 AS calls FROM spend_adjustments \
                       WHERE counted_in IN (SELECT month FROM closed_months)";

/// The sums by day and entity, and those by week.
fn weeks(backend: DbBackend, kind: &str) -> (String, String) {
    let separator = separator(backend);
    let monday = match backend {
        DbBackend::Postgres => "CAST(date_trunc('week', CAST(date AS TIMESTAMP)) AS DATE)",
        _ => "date(date, '-6 days', 'weekday 1')",
    };
    let select = |monday: &str, table: &str| {
        format!(
            "SELECT CAST({monday} AS TEXT) || {separator} || entity_id AS id, spend, api_requests AS calls FROM {table} \
             WHERE entity_kind = '{kind}'"
        )
    };
    (select(monday, "daily_entity_spend"), select("week", "weekly_entity_spend"))
}

/// The sums by day and everything but the end user.
fn keys_by_day(backend: DbBackend, table: &str) -> String {
    let [of_key @ .., _] = PAYERS.map(|(name, _)| name);
    format!("SELECT {} AS id, spend, api_requests AS calls FROM {table}", day_id(backend, &of_key))
}

/// The sums by day, team, model and provider.
fn teams_by_day(backend: DbBackend, table: &str) -> String {
    let id = day_id(backend, &["organization_id", "team_id", "model_group", "provider"]);
    format!("SELECT {id} AS id, spend, api_requests AS calls FROM {table}")
}

/// A day and the values of `columns` in one text.
fn day_id(backend: DbBackend, columns: &[&str]) -> String {
    let separator = separator(backend);
    format!("CAST(date AS TEXT) || {separator} || {}", columns.join(&format!(" || {separator} || ")))
}

/// A character that no name has.
const fn separator(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "chr(31)",
        _ => "char(31)",
    }
}

/// Compares two sources; what they add up to by the first. Both are read once: what every id has by each is written in
/// one row, of which the first is the sum of all.
async fn compare(
    db: &impl ConnectionTrait,
    kind: &'static str,
    one: Source<'_>,
    other: Source<'_>,
    report: &mut Report,
) -> Result<Sum, DbErr> {
    let sql = format!(
        "WITH compared AS MATERIALIZED (\
            SELECT id, SUM(spend) AS spend, SUM(calls) AS calls, SUM(other_spend) AS other_spend, \
                SUM(other_calls) AS other_calls \
            FROM (SELECT id, spend, calls, 0 AS other_spend, 0 AS other_calls FROM ({}) AS one \
                UNION ALL SELECT id, 0, 0, spend, calls FROM ({}) AS other) AS both_sources GROUP BY id), \
         different AS MATERIALIZED (\
            SELECT * FROM compared WHERE spend <> other_spend OR calls <> other_calls) \
         SELECT NULL AS id, CAST(COALESCE(SUM(spend), 0) AS BIGINT) AS spend, \
            CAST(COALESCE(SUM(calls), 0) AS BIGINT) AS calls, CAST(COUNT(*) AS BIGINT) AS other_spend, \
            (SELECT CAST(COUNT(*) AS BIGINT) FROM different) AS other_calls FROM compared \
         UNION ALL SELECT id, CAST(spend AS BIGINT), CAST(calls AS BIGINT), CAST(other_spend AS BIGINT), \
            CAST(other_calls AS BIGINT) FROM (SELECT * FROM different ORDER BY id LIMIT {SHOWN_MAX}) AS shown",
        one.1, other.1
    );
    let mut all = Sum::default();
    let mut shown = 0;
    for row in db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await? {
        let sum = Sum { spend: NanoUsd(row.try_get("", "spend")?), calls: row.try_get("", "calls")? };
        let (other_spend, other_calls): (i64, i64) = (row.try_get("", "other_spend")?, row.try_get("", "other_calls")?);
        if let Some(id) = row.try_get::<Option<String>>("", "id")? {
            let other_sum = Sum { spend: NanoUsd(other_spend), calls: other_calls };
            let id = id.replace('\u{1f}', " ");
            report.mismatches.push(Mismatch { kind, id, sums: [(one.0, sum), (other.0, other_sum)] });
            shown += 1;
        } else {
            all = sum;
            report.entities += other_spend;
            report.more_mismatches += other_calls;
        }
    }
    report.more_mismatches -= shown;
    Ok(all)
}
