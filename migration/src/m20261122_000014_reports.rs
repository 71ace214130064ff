//! Reports that people save, and what became of each period's.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, date, json, text, text_null, timestamp_with_time_zone,
    timestamp_with_time_zone_null,
};

use crate::table::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let reports = Table::create()
            .table("reports")
            .col(text("report_id").primary_key())
            .col(text("name"))
            .col(text("user_id"))
            .col(text_null("organization_id"))
            .col(text_null("team_id"))
            .col(text("period"))
            .col(json("definition"))
            .col(json("email_to"))
            .col(json("channel_ids"))
            .col(boolean("is_stored"))
            .col(timestamp_with_time_zone_null("next_due_at"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone("updated_at"))
            .col(text("updated_by"))
            .to_owned();
        manager.create_table(reports).await?;
        manager.create_index(index("reports", &["next_due_at"])).await?;
        manager.create_index(index("reports", &["user_id"])).await?;
        let runs = Table::create()
            .table("report_runs")
            .col(text("report_id"))
            .col(date("first_day"))
            .col(date("last_day"))
            .col(text("state"))
            .col(big_integer("attempts"))
            .col(timestamp_with_time_zone_null("next_attempt_at"))
            // Places that have taken it: they are not told again.
            .col(json("told"))
            .col(text_null("error"))
            .col(text_null("address"))
            .col(big_integer_null("bytes"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone_null("ended_at"))
            .primary_key(Index::create().col("report_id").col("first_day").col("last_day"))
            .to_owned();
        manager.create_table(runs).await?;
        manager.create_index(index("report_runs", &["next_attempt_at"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["report_runs", "reports"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
