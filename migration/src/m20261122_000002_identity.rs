//! How people sign in: how each session began, invitations, resets of passwords, second factors, access tokens; and
//! users that are blocked.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, boolean, json, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null,
};

use crate::table::{index, unique};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLES: [&str; 4] = ["invitations", "password_resets", "second_factors", "access_tokens"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in [
            ("users", boolean("blocked").default(false).to_owned()),
            ("sessions", text("method").default("password").to_owned()),
            ("sessions", text_null("environment_mac")),
        ] {
            manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
        }
        for table in [invitations(), password_resets(), second_factors(), access_tokens()] {
            manager.create_table(table).await?;
        }
        for index in [
            unique("invitations", &["token_hash"]),
            index("invitations", &["user_id"]),
            index("password_resets", &["user_id"]),
            index("access_tokens", &["user_id"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        for (table, column) in [("sessions", "environment_mac"), ("sessions", "method"), ("users", "blocked")] {
            manager.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

fn invitations() -> TableCreateStatement {
    Table::create()
        .table("invitations")
        .col(text("id").primary_key())
        .col(text("user_id"))
        .col(text("token_hash"))
        .col(boolean("is_accepted"))
        .col(timestamp_with_time_zone_null("accepted_at"))
        .col(timestamp_with_time_zone("expires_at"))
        .col(timestamp_with_time_zone("created_at"))
        .col(text("created_by"))
        .col(timestamp_with_time_zone("updated_at"))
        .col(text("updated_by"))
        .to_owned()
}

fn password_resets() -> TableCreateStatement {
    Table::create()
        .table("password_resets")
        .col(text("token_hash").primary_key())
        .col(text("user_id"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("expires_at"))
        .to_owned()
}

fn second_factors() -> TableCreateStatement {
    Table::create()
        .table("second_factors")
        .col(text("user_id").primary_key())
        .col(text("sealed_secret"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone_null("confirmed_at"))
        .col(big_integer("last_step"))
        .col(json("recovery_hashes"))
        .to_owned()
}

fn access_tokens() -> TableCreateStatement {
    Table::create()
        .table("access_tokens")
        .col(text("token_hash").primary_key())
        .col(text("token_name"))
        .col(text("name"))
        .col(text("user_id"))
        .col(boolean("is_read_only"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("expires_at"))
        .col(timestamp_with_time_zone_null("last_used_at"))
        .to_owned()
}
