//! Calls and sums of a team and of an organization are found without reading those of all others.

use sea_orm_migration::prelude::*;

use super::table::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("spend_logs", &["organization_id", "start_time"]),
        index("spend_logs", &["team_id", "start_time"]),
        index("daily_key_spend", &["organization_id", "date"]),
        index("daily_key_spend", &["team_id", "date"]),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, name) in [
            ("spend_logs", "idx_spend_logs_organization_id_start_time"),
            ("spend_logs", "idx_spend_logs_team_id_start_time"),
            ("daily_key_spend", "idx_daily_key_spend_organization_id_date"),
            ("daily_key_spend", "idx_daily_key_spend_team_id_date"),
        ] {
            manager.drop_index(Index::drop().table(table).name(name).to_owned()).await?;
        }
        Ok(())
    }
}
