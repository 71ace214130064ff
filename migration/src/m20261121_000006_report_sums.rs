//! Sums that reports read: by day and single entity, and by day and key. The sums by everything at once grow with the
//! product of keys, models and end users; these do not.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, date, text};

use crate::table::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const SUMS: [&str; 8] = [
    "spend",
    "api_requests",
    "failed_requests",
    "prompt_tokens",
    "completion_tokens",
    "cache_read_tokens",
    "cache_creation_tokens",
    "reasoning_tokens",
];
/// Everything in `daily_spend` but the end user.
const PAYERS: [&str; 7] = ["user_id", "team_id", "organization_id", "api_key", "model_group", "model", "provider"];
/// Entities by kind: where their sums come from, the column they have there, and whether every call has one.
const ENTITIES: [(&str, &str, &str, bool); 9] = [
    ("global", "daily_spend", "''", true),
    ("key", "daily_spend", "api_key", true),
    ("model_group", "daily_spend", "model_group", true),
    ("user", "daily_spend", "user_id", false),
    ("team", "daily_spend", "team_id", false),
    ("organization", "daily_spend", "organization_id", false),
    ("end_user", "daily_spend", "end_user", false),
    ("provider", "daily_spend", "provider", false),
    ("tag", "daily_tag_spend", "tag", false),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(daily_entity_spend()).await?;
        manager.create_table(daily_key_spend()).await?;
        for fill in ENTITIES.map(fill_entities).into_iter().chain([fill_keys()]) {
            manager.get_connection().execute_unprepared(&fill).await?;
        }
        manager.create_index(index("daily_entity_spend", &["entity_kind", "entity_id", "date"])).await?;
        manager.create_index(index("daily_key_spend", &["user_id", "date"])).await?;
        // No report reads `daily_spend` any more.
        for name in ["idx_daily_spend_api_key_date", "idx_daily_spend_model_group_date"] {
            manager.drop_index(Index::drop().name(name).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for columns in [["api_key", "date"], ["model_group", "date"]] {
            manager.create_index(index("daily_spend", &columns)).await?;
        }
        for table in ["daily_key_spend", "daily_entity_spend"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// The most expensive keys of some days stand together; the days of one entity have the index.
fn daily_entity_spend() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("daily_entity_spend").col(text("entity_kind")).col(date("date")).col(text("entity_id"));
    for sum in SUMS {
        table.col(big_integer(sum));
    }
    table.primary_key(Index::create().col("entity_kind").col("date").col("entity_id")).to_owned()
}

fn daily_key_spend() -> TableCreateStatement {
    let mut table = Table::create();
    let mut primary_key = Index::create();
    table.table("daily_key_spend").col(date("date"));
    primary_key.col("api_key").col("date");
    for payer in PAYERS {
        table.col(text(payer));
        if payer != "api_key" {
            primary_key.col(payer);
        }
    }
    for sum in SUMS {
        table.col(big_integer(sum));
    }
    table.primary_key(&mut primary_key).to_owned()
}

fn fill_entities((kind, from, id, is_always): (&str, &str, &str, bool)) -> String {
    let (into, sums) = sums();
    let present = if is_always { "1 = 1".to_owned() } else { format!("{id} <> ''") };
    format!(
        "INSERT INTO daily_entity_spend (entity_kind, date, entity_id, {into}) \
         SELECT '{kind}', date, {id}, {sums} FROM {from} WHERE {present} GROUP BY 2, 3"
    )
}

fn fill_keys() -> String {
    let (into, sums) = sums();
    let payers = PAYERS.join(", ");
    format!(
        "INSERT INTO daily_key_spend (date, {payers}, {into}) \
         SELECT date, {payers}, {sums} FROM daily_spend GROUP BY date, {payers}"
    )
}

/// The columns and what fills them. Postgres makes a decimal of a sum of whole numbers.
fn sums() -> (String, String) {
    (SUMS.join(", "), SUMS.map(|sum| format!("CAST(SUM({sum}) AS BIGINT)")).join(", "))
}
