//! Sums by day and team, for reports over a whole gateway by two of what they are kept by: there are far fewer teams than
//! keys.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, date, text};

use crate::table::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "daily_team_spend";
/// What it is kept by besides the day, in the order of the key.
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
        let mut table = Table::create();
        let mut primary_key = Index::create();
        table.table(TABLE).col(date("date"));
        primary_key.col("date");
        for payer in PAYERS {
            table.col(text(payer));
            primary_key.col(payer);
        }
        for sum in SUMS {
            table.col(big_integer(sum).default(0));
        }
        manager.create_table(table.primary_key(&mut primary_key).to_owned()).await?;
        manager.get_connection().execute_unprepared(&fill()).await?;
        for payer in ["organization_id", "team_id"] {
            manager.create_index(index(TABLE, &[payer, "date"])).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(TABLE).to_owned()).await
    }
}

fn fill() -> String {
    let (payers, into) = (PAYERS.join(", "), SUMS.join(", "));
    // Postgres makes a decimal of a sum of whole numbers.
    let sums = SUMS.map(|sum| format!("CAST(SUM({sum}) AS BIGINT)")).join(", ");
    format!(
        "INSERT INTO {TABLE} (date, {payers}, {into}) \
         SELECT date, {payers}, {sums} FROM daily_key_spend GROUP BY date, {payers}"
    )
}
