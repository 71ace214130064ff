//! Settings that go before those of config.yaml.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, json, text, text_null, timestamp_with_time_zone};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let settings = Table::create()
            .table("settings")
            // Such as `router_settings.num_retries`.
            .col(text("path").primary_key())
            .col(json("value"))
            // Larger after every change: whoever changes what they have not seen is refused.
            .col(big_integer("version"))
            .col(timestamp_with_time_zone("updated_at"))
            .col(text_null("updated_by"))
            .to_owned();
        manager.create_table(settings).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("settings").to_owned()).await
    }
}
