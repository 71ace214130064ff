//! Sums for reports over a whole gateway: by day and team, of which there are far fewer than keys, and by week and entity,
//! where there are many of a kind.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, date, text};
use sea_orm_migration::sea_orm::DbBackend;

use crate::table::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// What sums by team are kept by besides the day, in the order of the key.
const PAYERS: [&str; 4] = ["organization_id", "team_id", "model_group", "provider"];
const SUMS: [&str; 10] = [
    "spend",
    "api_requests",
    "failed_requests",
    "prompt_tokens",
    "completion_tokens",
    "cache_read_tokens",
    "cache_creation_tokens",
    "reasoning_tokens",
    "saved_by_cache",
    "saved_by_prompt_cache",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let teams = sums_by("daily_team_spend", "date", &[&["date"], &PAYERS[..]].concat());
        let weeks = sums_by("weekly_entity_spend", "week", &["entity_kind", "week", "entity_id"]);
        for table in [teams, weeks] {
            manager.create_table(table).await?;
        }
        let fill = [fill_teams(), fill_weeks(manager.get_database_backend())];
        for fill in fill {
            manager.get_connection().execute_unprepared(&fill).await?;
        }
        for payer in ["organization_id", "team_id"] {
            manager.create_index(index("daily_team_spend", &[payer, "date"])).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["weekly_entity_spend", "daily_team_spend"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// A table whose rows are told apart by `key`, one of which is a day.
fn sums_by(name: &'static str, day: &str, key: &[&'static str]) -> TableCreateStatement {
    let mut table = Table::create();
    let mut primary_key = Index::create();
    table.table(name);
    for column in key {
        table.col(if *column == day { date(*column) } else { text(*column) });
        primary_key.col(*column);
    }
    for sum in SUMS {
        table.col(big_integer(sum).default(0));
    }
    table.primary_key(&mut primary_key).to_owned()
}

fn fill_teams() -> String {
    let (payers, (into, sums)) = (PAYERS.join(", "), sums());
    format!(
        "INSERT INTO daily_team_spend (date, {payers}, {into}) \
         SELECT date, {payers}, {sums} FROM daily_key_spend GROUP BY date, {payers}"
    )
}

fn fill_weeks(backend: DbBackend) -> String {
    let monday = match backend {
        DbBackend::Postgres => "CAST(date_trunc('week', CAST(date AS TIMESTAMP)) AS DATE)",
        _ => "date(date, '-6 days', 'weekday 1')",
    };
    let (into, sums) = sums();
    format!(
        "INSERT INTO weekly_entity_spend (entity_kind, week, entity_id, {into}) \
         SELECT entity_kind, {monday}, entity_id, {sums} FROM daily_entity_spend \
         WHERE entity_kind IN ('key', 'user', 'end_user') GROUP BY 1, 2, 3"
    )
}

/// The columns and what fills them. Postgres makes a decimal of a sum of whole numbers.
fn sums() -> (String, String) {
    (SUMS.join(", "), SUMS.map(|sum| format!("CAST(SUM({sum}) AS BIGINT)")).join(", "))
}
