//! The audit log as a list, newest first: an index for each filter, in that order.

use sea_orm_migration::prelude::*;

use crate::table::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// What entries are found by, before the order.
const FOUND_BY: [&[&str]; 5] = [&[], &["actor_id"], &["action"], &["resource"], &["resource_id"]];

/// `(at, id)` after the filter.
fn columns(found_by: &[&'static str]) -> Vec<&'static str> {
    found_by.iter().copied().chain(["at", "id"]).collect()
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for found_by in FOUND_BY {
            manager.create_index(index("audit_logs", &columns(found_by))).await?;
        }
        manager.drop_index(Index::drop().name("idx_audit_logs_resource_resource_id").to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_index(index("audit_logs", &["resource", "resource_id"])).await?;
        for found_by in FOUND_BY {
            let name = format!("idx_audit_logs_{}", columns(found_by).join("_"));
            manager.drop_index(Index::drop().name(name).to_owned()).await?;
        }
        Ok(())
    }
}
