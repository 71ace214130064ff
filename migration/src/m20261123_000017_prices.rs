//! What deployments cost, an entry a change.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{boolean, json, text, text_null, timestamp_with_time_zone};

use crate::table::{index, sequence};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let prices = Table::create()
            .table("model_prices")
            .col(sequence("id"))
            .col(text("model_id"))
            .col(text("model_name"))
            .col(text("provider"))
            .col(text("upstream_model"))
            // Name of each price that is known, and dollars a unit as text: no float is as exact.
            .col(json("prices"))
            .col(text("source"))
            .col(timestamp_with_time_zone("effective_at"))
            // The deployment is gone, and has no price from then on.
            .col(boolean("is_end"))
            // Null: a node found it changed, in config.yaml or the catalog.
            .col(text_null("changed_by"))
            .to_owned();
        manager.create_table(prices).await?;
        manager.create_index(index("model_prices", &["model_id", "id"])).await?;
        manager.create_index(index("model_prices", &["model_name", "effective_at", "id"])).await?;
        manager.create_index(index("model_prices", &["effective_at", "id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("model_prices").to_owned()).await
    }
}
