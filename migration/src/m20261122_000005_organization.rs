//! Members of organizations. Whoever is in a team of an organization is a member of it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{text, timestamp_with_time_zone};

use crate::table::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const MEMBERS_OF_TEAMS: &str = "INSERT INTO organization_members \
    SELECT teams.organization_id, team_members.user_id, 'internal_user', min(team_members.created_at) \
    FROM team_members JOIN teams ON teams.team_id = team_members.team_id \
    WHERE teams.organization_id IS NOT NULL GROUP BY teams.organization_id, team_members.user_id";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let members = Table::create()
            .table("organization_members")
            .col(text("organization_id"))
            .col(text("user_id"))
            .col(text("user_role"))
            .col(timestamp_with_time_zone("created_at"))
            .primary_key(Index::create().col("organization_id").col("user_id"))
            .to_owned();
        manager.create_table(members).await?;
        manager.create_index(index("organization_members", &["user_id"])).await?;
        manager.get_connection().execute_unprepared(MEMBERS_OF_TEAMS).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("organization_members").to_owned()).await
    }
}
