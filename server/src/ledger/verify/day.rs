//! A single day: what the log has of it, and what each of its sums adds up to.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement, Value};
use tollgate_openapi::alert::{AlertLevel, AlertType};
use tollgate_openapi::money::NanoUsd;

use super::{Mismatch, Sum};
use crate::db;
use crate::domain::alert::{Happened, NewAlert};

/// Sums of a day, by what they are called.
const SUMS: [(&str, &str); 4] = [
    ("days", "SELECT SUM(spend) AS spend, SUM(api_requests) AS calls FROM daily_spend WHERE date = $1"),
    ("days of keys", "SELECT SUM(spend) AS spend, SUM(api_requests) AS calls FROM daily_key_spend WHERE date = $1"),
    ("days of teams", "SELECT SUM(spend) AS spend, SUM(api_requests) AS calls FROM daily_team_spend WHERE date = $1"),
    (
        "day of the gateway",
        "SELECT SUM(spend) AS spend, SUM(api_requests) AS calls FROM daily_entity_spend \
         WHERE entity_kind = 'global' AND date = $1",
    ),
];
/// The log, and what retention took from it.
const LOGGED: &str = "SELECT SUM(spend) AS spend, SUM(calls) AS calls FROM (\
    SELECT SUM(spend) AS spend, COUNT(*) AS calls FROM spend_logs WHERE start_time >= $1 AND start_time < $2 \
    UNION ALL SELECT SUM(pruned_spend), SUM(pruned_requests) FROM daily_spend WHERE date = $3) AS logged";

/// Compares what the log has of `day` with its sums, in one snapshot. It reads the day's calls, and no other's.
///
/// # Errors
/// When the database is away.
pub async fn verify_day(database: &DatabaseConnection, day: NaiveDate) -> Result<Vec<Mismatch>, DbErr> {
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    let next = day.checked_add_days(Days::new(1)).unwrap_or(day);
    let snapshot = db::begin_snapshot(database).await?;
    let logged = sum(&snapshot, LOGGED, vec![midnight(day).into(), midnight(next).into(), day.into()]).await?;
    let mut mismatches = Vec::new();
    for (name, sql) in SUMS {
        let other = sum(&snapshot, sql, vec![day.into()]).await?;
        if other != logged {
            mismatches.push(Mismatch { kind: "day", id: day.to_string(), sums: [("calls", logged), (name, other)] });
        }
    }
    snapshot.rollback().await?;
    Ok(mismatches)
}

async fn sum(db: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<Sum, DbErr> {
    let cast = format!(
        "SELECT CAST(COALESCE(spend, 0) AS BIGINT) AS spend, CAST(COALESCE(calls, 0) AS BIGINT) AS calls \
         FROM ({sql}) AS summed"
    );
    let row = db.query_one_raw(Statement::from_sql_and_values(db.get_database_backend(), cast, values)).await?;
    let Some(row) = row else { return Ok(Sum::default()) };
    Ok(Sum { spend: NanoUsd(row.try_get("", "spend")?), calls: row.try_get("", "calls")? })
}

/// What is to be told of sums that differ, and of `more` that are not among them; `of` tells one look from another.
#[must_use]
pub fn alert(of: &str, day: NaiveDate, mismatches: &[Mismatch], more: i64, now: DateTime<Utc>) -> Option<NewAlert> {
    let first = mismatches.first()?;
    let [(one_name, one), (other_name, other)] = first.sums;
    let what = Happened::LedgerMismatch {
        day,
        mismatches: i64::try_from(mismatches.len()).unwrap_or(i64::MAX).saturating_add(more),
        first: format!("{} {} ({one_name} and {other_name})", first.kind, first.id),
        one: one.spend.0,
        other: other.spend.0,
    };
    let key = format!("ledger_mismatch/{of}/{day}");
    Some(NewAlert::of_gateway(AlertType::LedgerMismatch, AlertLevel::High, key, now, what))
}
