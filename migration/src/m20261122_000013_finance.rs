//! Cost centres, months that are closed with their figures, and what is booked to one afterwards.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, date, text, text_null, timestamp_with_time_zone};

use crate::table::{index, sequence};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// What sums by key are kept by, without the day.
const PAYERS: [&str; 7] = ["organization_id", "team_id", "user_id", "api_key", "model_group", "model", "provider"];

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

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["organizations", "teams"] {
            let column = Table::alter().table(table).add_column(text_null("cost_center")).to_owned();
            manager.alter_table(column).await?;
        }
        let months = Table::create()
            .table("closed_months")
            // Its first day.
            .col(date("month").primary_key())
            .col(timestamp_with_time_zone("closed_at"))
            .col(text_null("closed_by"))
            .to_owned();
        manager.create_table(months).await?;
        closed_spend(manager).await?;
        adjustments(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["spend_adjustments", "closed_spend", "closed_months"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        for table in ["organizations", "teams"] {
            manager.alter_table(Table::alter().table(table).drop_column("cost_center").to_owned()).await?;
        }
        Ok(())
    }
}

/// A closed month by everything that sums by key are kept by, with what these were called.
async fn closed_spend(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = Table::create();
    let mut key = Index::create();
    table.table("closed_spend").col(date("month"));
    key.col("month");
    for column in PAYERS {
        table.col(text(column));
        key.col(column);
    }
    // Empty: none.
    for column in ["cost_center", "organization_alias", "team_alias", "user_name", "key_name"] {
        table.col(text(column));
    }
    for column in SUMS {
        table.col(big_integer(column));
    }
    manager.create_table(table.primary_key(&mut key).to_owned()).await
}

/// What a closed month was found to cost more or less, one row a call.
async fn adjustments(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = Table::create();
    table
        .table("spend_adjustments")
        .col(sequence("id"))
        .col(date("month"))
        .col(timestamp_with_time_zone("booked_at"))
        .col(text("reason"))
        .col(text("request_id"))
        // As it was then; empty: none.
        .col(text("cost_center"));
    for column in PAYERS {
        table.col(text(column));
    }
    for column in SUMS {
        table.col(big_integer(column));
    }
    manager.create_table(table.to_owned()).await?;
    manager.create_index(index("spend_adjustments", &["month", "id"])).await?;
    manager.create_index(index("spend_adjustments", &["booked_at", "id"])).await
}
