//! Sums by day and tag, and what users, teams and organizations have spent so far as the budgets they may get see it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, date, text};

use crate::table::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(daily_tag_spend()).await?;
        manager.create_index(index("daily_tag_spend", &["tag", "date"])).await?;
        // They had no budgets before: all of it belongs to the window that never ends.
        let carried = "INSERT INTO budget_spend (scope_kind, scope_id, window_start, spent, adjusted) \
            SELECT entity_kind, entity_id, 0, spend, 0 FROM spend_totals \
            WHERE entity_kind IN ('user', 'team', 'organization')";
        manager.get_connection().execute_unprepared(carried).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let kept = "DELETE FROM budget_spend WHERE scope_kind NOT IN ('key', 'key_model', 'gateway')";
        manager.get_connection().execute_unprepared(kept).await?;
        manager.drop_table(Table::drop().table("daily_tag_spend").to_owned()).await
    }
}

/// As `daily_spend`, with a tag in the end user's place: a call of two tags counts in both.
fn daily_tag_spend() -> TableCreateStatement {
    const ENTITIES: [&str; 8] =
        ["tag", "organization_id", "team_id", "user_id", "api_key", "model_group", "model", "provider"];
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
    let mut table = Table::create();
    let mut primary_key = Index::create();
    table.table("daily_tag_spend").col(date("date"));
    primary_key.col("date");
    for entity in ENTITIES {
        table.col(text(entity));
        primary_key.col(entity);
    }
    for sum in SUMS {
        table.col(big_integer(sum));
    }
    // What is no longer in the log.
    for sum in ["pruned_spend", "pruned_requests"] {
        table.col(big_integer(sum).default(0));
    }
    table.primary_key(&mut primary_key).to_owned()
}
