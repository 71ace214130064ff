//! Each call in the log says which budget windows it was charged to, so that these can be compared with the log.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A JSON array of kind, id and start of the window; text, so that calls can be grouped by it.
        let charges = Table::alter().table("spend_logs").add_column(text_null("charges")).to_owned();
        manager.alter_table(charges).await?;
        let pruned = big_integer("pruned_spent").default(0).to_owned();
        manager.alter_table(Table::alter().table("budget_spend").add_column(pruned).to_owned()).await?;
        // Calls that are in the log already do not say it.
        manager.get_connection().execute_unprepared("UPDATE budget_spend SET pruned_spent = spent").await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in [("budget_spend", "pruned_spent"), ("spend_logs", "charges")] {
            manager.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
