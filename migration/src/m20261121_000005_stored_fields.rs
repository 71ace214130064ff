//! Fields of LiteLLM's that are kept and not used yet, of every entity that carries limits; how keys of a budget are
//! found.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{json, text_null};

use crate::table::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// `teams` have theirs.
const TABLES: [&str; 6] = ["budgets", "organizations", "team_members", "customers", "tags", "users"];
/// Of no effect yet.
const CUSTOMER_COLUMNS: [&str; 2] = ["allowed_model_region", "default_model"];
/// A key's budget is one of the fields that are kept as they came.
const KEYS_BY_BUDGET: &str = "CREATE INDEX idx_keys_budget_id ON keys ((other ->> 'budget_id'))";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            let other = json("other").default("{}").to_owned();
            manager.alter_table(Table::alter().table(table).add_column(other).to_owned()).await?;
        }
        // They are among the fields that are only kept.
        for column in CUSTOMER_COLUMNS {
            manager.alter_table(Table::alter().table("customers").drop_column(column).to_owned()).await?;
        }
        manager.get_connection().execute_unprepared(KEYS_BY_BUDGET).await?;
        manager.create_index(index("users", &["created_at", "user_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["idx_users_created_at_user_id", "idx_keys_budget_id"] {
            manager.drop_index(Index::drop().name(name).to_owned()).await?;
        }
        for column in CUSTOMER_COLUMNS {
            manager.alter_table(Table::alter().table("customers").add_column(text_null(column)).to_owned()).await?;
        }
        for table in TABLES {
            manager.alter_table(Table::alter().table(table).drop_column("other").to_owned()).await?;
        }
        Ok(())
    }
}
