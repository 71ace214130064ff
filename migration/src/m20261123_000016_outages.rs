//! What fails of providers and their places, counted by all nodes together.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{boolean, json, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let outages = Table::create()
            .table("outages")
            .col(text("provider"))
            // A region or a host of it; empty: all of it.
            .col(text("place"))
            // Told of, and not over.
            .col(boolean("is_open"))
            .col(json("state"))
            .primary_key(Index::create().col("provider").col("place"))
            .to_owned();
        manager.create_table(outages).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("outages").to_owned()).await
    }
}
