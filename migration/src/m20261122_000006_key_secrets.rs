//! Secrets of keys whose secret was changed: a key keeps its id, the hash of its first secret, and everything that is
//! known by it. A budget that is higher for a while.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer_null, text, timestamp_with_time_zone, timestamp_with_time_zone_null};

use crate::table::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let secrets = Table::create()
            .table("key_secrets")
            .col(text("digest").primary_key())
            .col(text("token"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone_null("expires_at"))
            .to_owned();
        manager.create_table(secrets).await?;
        manager.create_index(index("key_secrets", &["token"])).await?;
        for column in [big_integer_null("temp_budget_increase"), timestamp_with_time_zone_null("temp_budget_expiry")] {
            manager.alter_table(Table::alter().table("keys").add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["temp_budget_increase", "temp_budget_expiry"] {
            manager.alter_table(Table::alter().table("keys").drop_column(column).to_owned()).await?;
        }
        manager.drop_table(Table::drop().table("key_secrets").to_owned()).await
    }
}
