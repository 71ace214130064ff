//! Single sign-on: providers, who is known by them, and sign-ins that are over.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{json, text, text_null, timestamp_with_time_zone};

use crate::table::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(providers()).await?;
        manager.create_table(identities()).await?;
        manager.create_index(index("sso_identities", &["user_id"])).await?;
        manager.create_table(spent()).await?;
        manager.create_index(index("sso_spent", &["expires_at"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["sso_spent", "sso_identities", "sso_providers"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn providers() -> TableCreateStatement {
    Table::create()
        .table("sso_providers")
        .col(text("provider_id").primary_key())
        .col(json("settings"))
        .col(text_null("client_secret"))
        .col(timestamp_with_time_zone("created_at"))
        .col(text_null("created_by"))
        .col(timestamp_with_time_zone("updated_at"))
        .col(text_null("updated_by"))
        .to_owned()
}

fn identities() -> TableCreateStatement {
    Table::create()
        .table("sso_identities")
        .col(text("issuer"))
        .col(text("subject"))
        .col(text("user_id"))
        .col(text("provider_id"))
        .col(json("teams"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("last_seen_at"))
        .primary_key(Index::create().col("issuer").col("subject"))
        .to_owned()
}

/// States of sign-ins that came back, until they would have expired.
fn spent() -> TableCreateStatement {
    Table::create()
        .table("sso_spent")
        .col(text("state_hash").primary_key())
        .col(timestamp_with_time_zone("expires_at"))
        .to_owned()
}
