//! Entries that people book to a month, in which month's statement each entry counts, and what caches saved.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, date, text};
use sea_orm_migration::sea_orm::DbBackend;

use crate::table::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Of who books an entry; empty: none.
const TOLD: [&str; 3] = ["reason", "reference", "booked_by"];
/// Of a closed month: what entries added to its statement, and how many.
const ENTRIES: [&str; 2] = ["entries_spend", "entries_count"];

/// What is kept of what caches saved, in nano-dollars, and where.
const SAVED: [&str; 2] = ["saved_by_cache", "saved_by_prompt_cache"];
const SUMS: [&str; 6] =
    ["spend_logs", "daily_spend", "daily_key_spend", "daily_entity_spend", "daily_tag_spend", "closed_spend"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // What a program tells is a kind of entry; the reason is a person's.
        rename(manager, "reason", "kind").await?;
        for column in TOLD {
            add(manager, "spend_adjustments", text(column).default("")).await?;
        }
        add(manager, "spend_adjustments", date("counted_in").default("1970-01-01")).await?;
        for column in ENTRIES {
            add(manager, "closed_months", big_integer(column).default(0)).await?;
        }
        manager.create_index(index("spend_adjustments", &["counted_in", "id"])).await?;
        let unused = Index::drop().table("spend_adjustments").name("idx_spend_adjustments_booked_at_id").to_owned();
        manager.drop_index(unused).await?;
        for table in SUMS {
            for column in SAVED {
                // What was saved before is not known.
                add(manager, table, big_integer(column).default(0)).await?;
            }
        }
        let db = manager.get_connection();
        let month = match manager.get_database_backend() {
            DbBackend::Postgres => "CAST(date_trunc('month', booked_at AT TIME ZONE 'UTC') AS DATE)",
            _ => "substr(booked_at, 1, 7) || '-01'",
        };
        db.execute_unprepared(&format!("UPDATE spend_adjustments SET counted_in = {month}")).await?;
        db.execute_unprepared("UPDATE spend_adjustments SET kind = 'resolved_call' WHERE kind = 'correction'").await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            // A node of the version before goes on for a while, and its late calls must not be refused: their reason it
            // writes where a person's is.
            for default in [
                "kind SET DEFAULT 'late_call'",
                "counted_in SET DEFAULT CAST(date_trunc('month', now() AT TIME ZONE 'UTC') AS DATE)",
            ] {
                db.execute_unprepared(&format!("ALTER TABLE spend_adjustments ALTER COLUMN {default}")).await?;
            }
        }
        let of_month = "FROM spend_adjustments WHERE counted_in = closed_months.month";
        let sums = format!(
            "UPDATE closed_months SET entries_spend = (SELECT CAST(COALESCE(SUM(spend), 0) AS BIGINT) {of_month}), \
             entries_count = (SELECT COUNT(*) {of_month})"
        );
        db.execute_unprepared(&sums).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        // What was before knows calls only, and proves that these are all there is.
        db.execute_unprepared("DELETE FROM spend_adjustments WHERE kind = 'manual'").await?;
        db.execute_unprepared("UPDATE spend_adjustments SET kind = 'correction' WHERE kind = 'resolved_call'").await?;
        let unused = Index::drop().table("spend_adjustments").name("idx_spend_adjustments_counted_in_id").to_owned();
        manager.drop_index(unused).await?;
        manager.create_index(index("spend_adjustments", &["booked_at", "id"])).await?;
        let columns = TOLD.map(|column| ("spend_adjustments", column));
        let columns = columns.into_iter().chain([("spend_adjustments", "counted_in")]);
        let saved = SUMS.into_iter().flat_map(|table| SAVED.map(|column| (table, column)));
        for (table, column) in columns.chain(ENTRIES.map(|column| ("closed_months", column))).chain(saved) {
            manager.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await?;
        }
        if manager.get_database_backend() == DbBackend::Postgres {
            db.execute_unprepared("ALTER TABLE spend_adjustments ALTER COLUMN kind DROP DEFAULT").await?;
        }
        rename(manager, "kind", "reason").await
    }
}

async fn rename(manager: &SchemaManager<'_>, from: &'static str, to: &'static str) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table("spend_adjustments").rename_column(from, to).to_owned()).await
}

async fn add(manager: &SchemaManager<'_>, table: &'static str, column: &mut ColumnDef) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await
}
