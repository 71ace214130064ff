//! Proves that the ledger's sums agree: for every entity, Σ calls = Σ days = running total, to the nano-dollar, and for
//! every scope, Σ budget windows = running total.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement};
use tollgate_openapi::money::NanoUsd;

use crate::db;

/// Entities by kind, with the column each has in `spend_logs` and in `daily_spend`.
const ENTITIES: [(&str, &str, &str); 8] = [
    ("global", "''", "''"),
    ("key", "api_key", "api_key"),
    ("user", "user_id", "user_id"),
    ("team", "team_id", "team_id"),
    ("organization", "organization_id", "organization_id"),
    ("end_user", "end_user", "end_user"),
    ("model_group", "model_group", "model_group"),
    ("provider", "custom_llm_provider", "provider"),
];

/// What was compared, and what did not agree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Calls in the ledger.
    pub calls: i64,
    /// What they cost.
    pub spend: NanoUsd,
    /// Entities compared.
    pub entities: usize,
    /// Sums that differ.
    pub mismatches: Vec<Mismatch>,
}

/// Sums of one entity that differ: spend and number of calls by each source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Kind of entity.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// The sums, by source.
    pub sums: Vec<(&'static str, Sum)>,
}

/// Spend in nano-dollars and calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Spend.
    pub spend: NanoUsd,
    /// Calls; `None` where the source does not count them.
    pub calls: Option<i64>,
}

type Sums = BTreeMap<String, Sum>;

/// Compares all sums in one snapshot of the database.
///
/// # Errors
/// When the database is away.
pub async fn verify(database: &DatabaseConnection) -> Result<Report, DbErr> {
    let snapshot = db::begin_snapshot(database).await?;
    let mut report = Report::default();
    for (kind, log_column, daily_column) in ENTITIES {
        let logs = sums(&snapshot, "spend_logs", log_column, "COUNT(*)", None).await?;
        let days = sums(&snapshot, "daily_spend", daily_column, "SUM(api_requests)", None).await?;
        let totals =
            sums(&snapshot, "spend_totals", "entity_id", "SUM(api_requests)", Some(("entity_kind", kind))).await?;
        if kind == "global" {
            let all = logs.get("").copied().unwrap_or_default();
            report.calls = all.calls.unwrap_or(0);
            report.spend = all.spend;
        }
        report.compare(kind, &[("calls", &logs), ("days", &days), ("total", &totals)]);
        if kind == "key" {
            let windows = budget_sums(&snapshot, kind).await?;
            let spends = totals.into_iter().map(|(id, sum)| (id, Sum { calls: None, ..sum })).collect();
            report.compare(kind, &[("total", &spends), ("budget windows", &windows)]);
        }
    }
    snapshot.rollback().await?;
    Ok(report)
}

impl Report {
    fn compare(&mut self, kind: &'static str, sources: &[(&'static str, &Sums)]) {
        let ids: std::collections::BTreeSet<&String> = sources.iter().flat_map(|(_, sums)| sums.keys()).collect();
        self.entities += ids.len();
        for id in ids {
            let sums = sources.iter().map(|(source, sums)| (*source, sums.get(id).copied()));
            let sums: Vec<(&'static str, Sum)> = sums.map(|(source, sum)| (source, sum.unwrap_or_default())).collect();
            let is_same = sums.windows(2).all(|pair| match pair {
                [(_, one), (_, other)] => {
                    one.spend == other.spend && one.calls.unwrap_or(0) == other.calls.unwrap_or(0)
                }
                _ => true,
            });
            if !is_same {
                self.mismatches.push(Mismatch { kind, id: id.clone(), sums });
            }
        }
    }
}

/// Sums of `table` by `column`; an entity a call did not have is left out, but for the whole.
async fn sums(
    db: &impl ConnectionTrait,
    table: &str,
    column: &str,
    count: &str,
    only: Option<(&str, &str)>,
) -> Result<Sums, DbErr> {
    let kind = only.map(|(column, kind)| format!("AND {column} = '{kind}'")).unwrap_or_default();
    let present =
        if column == "''" || only.is_some() { String::new() } else { format!("AND COALESCE({column}, '') <> ''") };
    let sql = format!(
        "SELECT {column} AS id, CAST(SUM(spend) AS BIGINT) AS spend, CAST({count} AS BIGINT) AS calls \
         FROM {table} WHERE 1 = 1 {kind} {present} GROUP BY 1"
    );
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    rows.iter()
        .map(|row| {
            let sum = Sum { spend: NanoUsd(row.try_get("", "spend")?), calls: Some(row.try_get("", "calls")?) };
            Ok((row.try_get("", "id")?, sum))
        })
        .collect()
}

async fn budget_sums(db: &impl ConnectionTrait, kind: &str) -> Result<Sums, DbErr> {
    let sql = format!(
        "SELECT scope_id AS id, CAST(SUM(spent) AS BIGINT) AS spend FROM budget_spend \
         WHERE scope_kind = '{kind}' GROUP BY 1"
    );
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    rows.iter()
        .map(|row| Ok((row.try_get("", "id")?, Sum { spend: NanoUsd(row.try_get("", "spend")?), calls: None })))
        .collect()
}
