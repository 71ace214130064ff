//! Interrupted calls and what became of them; what retention took from the log; prompts and answers; how far each
//! spool has been read.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, json, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null,
};

use crate::table::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// What is no longer in the log of a day's calls.
const PRUNED: [&str; 2] = ["pruned_spend", "pruned_requests"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [interrupted_calls(), spend_log_contents(), spool_cursors()] {
            manager.create_table(table).await?;
        }
        manager.create_index(index("interrupted_calls", &["noticed_at", "request_id"])).await?;
        manager.create_index(index("spend_log_contents", &["start_time"])).await?;
        for column in PRUNED {
            let column = big_integer(column).default(0).to_owned();
            manager.alter_table(Table::alter().table("daily_spend").add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in PRUNED {
            manager.alter_table(Table::alter().table("daily_spend").drop_column(column).to_owned()).await?;
        }
        for table in ["spool_cursors", "spend_log_contents", "interrupted_calls"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn interrupted_calls() -> TableCreateStatement {
    Table::create()
        .table("interrupted_calls")
        .col(text("request_id").primary_key())
        .col(big_integer("reserved"))
        .col(json("charges"))
        .col(timestamp_with_time_zone("noticed_at"))
        .col(big_integer_null("resolved_spend"))
        .col(text_null("reason"))
        .col(text_null("resolved_by"))
        .col(timestamp_with_time_zone_null("resolved_at"))
        .to_owned()
}

fn spend_log_contents() -> TableCreateStatement {
    Table::create()
        .table("spend_log_contents")
        .col(text("request_id").primary_key())
        .col(timestamp_with_time_zone("start_time"))
        .col(text_null("messages"))
        .col(text_null("response"))
        .to_owned()
}

fn spool_cursors() -> TableCreateStatement {
    Table::create()
        .table("spool_cursors")
        .col(text("spool_id").primary_key())
        .col(big_integer("segment"))
        .col(big_integer("position"))
        .col(timestamp_with_time_zone("written_at"))
        .to_owned()
}
