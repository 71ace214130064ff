//! Provisioning by SCIM: tokens of directories, and what directories call users and groups.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{json, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null};

use crate::table::{index, unique};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [tokens(), users(), groups()] {
            manager.create_table(table).await?;
        }
        for index in [
            unique("scim_tokens", &["token_id"]),
            unique("scim_users", &["user_name"]),
            index("scim_users", &["external_id"]),
            index("scim_groups", &["external_id"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["scim_groups", "scim_users", "scim_tokens"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn tokens() -> TableCreateStatement {
    Table::create()
        .table("scim_tokens")
        .col(text("token_hash").primary_key())
        .col(text("token_id"))
        .col(text("name"))
        .col(timestamp_with_time_zone("created_at"))
        .col(text_null("created_by"))
        .col(timestamp_with_time_zone_null("last_used_at"))
        .to_owned()
}

fn users() -> TableCreateStatement {
    Table::create()
        .table("scim_users")
        .col(text("user_id").primary_key())
        .col(text("user_name"))
        .col(text_null("external_id"))
        .col(json("attributes"))
        .to_owned()
}

fn groups() -> TableCreateStatement {
    Table::create().table("scim_groups").col(text("team_id").primary_key()).col(text_null("external_id")).to_owned()
}
