//! Deployments and credentials that are kept in the database, their secrets sealed.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{boolean, json, text, text_null, timestamp_with_time_zone};

use crate::table::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(credentials()).await?;
        manager.create_table(models()).await?;
        manager.create_index(index("models", &["model_name"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["models", "credentials"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn credentials() -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("credentials")
        .col(text("credential_name").primary_key())
        // `credential_values`, sealed as one.
        .col(text("sealed_values"))
        .col(json("credential_info"));
    add_history(&mut table);
    table
}

fn models() -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("models")
        .col(text("model_id").primary_key())
        .col(text("model_name"))
        // `litellm_params`, sealed as one.
        .col(text("sealed_params"))
        .col(json("model_info"))
        .col(boolean("blocked"));
    add_history(&mut table);
    table
}

fn add_history(table: &mut TableCreateStatement) {
    table
        .col(timestamp_with_time_zone("created_at"))
        .col(text_null("created_by"))
        .col(timestamp_with_time_zone("updated_at"))
        .col(text_null("updated_by"));
}
