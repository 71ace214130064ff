//! Budget windows that others took the place of.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, text, timestamp_with_time_zone};

use crate::table::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let carries = Table::create()
            .table("budget_carries")
            .col(text("scope_kind"))
            .col(text("scope_id"))
            .col(big_integer("window_start"))
            // Start of the window that took its place.
            .col(big_integer("carried_to"))
            .col(timestamp_with_time_zone("carried_at"))
            .primary_key(Index::create().col("scope_kind").col("scope_id").col("window_start"))
            .to_owned();
        manager.create_table(carries).await?;
        manager.create_index(index("budget_carries", &["carried_at"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("budget_carries").to_owned()).await
    }
}
