//! Limits of whatever a call is charged to besides its key, reusable budgets, and the entities that carry limits.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer_null, boolean, json, text, text_null, timestamp_with_time_zone};

use crate::table::{index, sequence};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Changes are announcements that other nodes read within a second: none is worth keeping.
        manager.drop_table(Table::drop().table("policy_changes").to_owned()).await?;
        for table in
            [policy_changes(), budgets(), limits(), organizations(), teams(), team_members(), customers(), tags()]
        {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        for column in user_columns() {
            manager.alter_table(Table::alter().table("users").add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["metadata", "models", "user_alias"] {
            manager.alter_table(Table::alter().table("users").drop_column(column).to_owned()).await?;
        }
        for table in
            ["tags", "customers", "team_members", "teams", "organizations", "limits", "budgets", "policy_changes"]
        {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        let changes = Table::create()
            .table("policy_changes")
            .col(sequence("id"))
            .col(text("token"))
            .col(timestamp_with_time_zone("at"))
            .to_owned();
        manager.create_table(changes).await
    }
}

fn policy_changes() -> TableCreateStatement {
    Table::create()
        .table("policy_changes")
        .col(sequence("id"))
        .col(text("entity_kind"))
        .col(text("entity_id"))
        .col(timestamp_with_time_zone("at"))
        .to_owned()
}

/// Limits, wherever they stand: money in nano-dollars.
fn add_limits(table: &mut TableCreateStatement) {
    table
        .col(big_integer_null("max_budget"))
        .col(big_integer_null("soft_budget"))
        .col(text_null("budget_duration"))
        .col(timestamp_with_time_zone("budget_anchor_at"))
        .col(big_integer_null("max_parallel_requests"))
        .col(big_integer_null("rpm_limit"))
        .col(big_integer_null("tpm_limit"))
        // `model_max_budget`, `model_rpm_limit` and `model_tpm_limit`, as they were given.
        .col(json("model_limits"));
}

fn add_history(table: &mut TableCreateStatement) {
    table
        .col(timestamp_with_time_zone("created_at"))
        .col(text_null("created_by"))
        .col(timestamp_with_time_zone("updated_at"))
        .col(text_null("updated_by"));
}

fn budgets() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("budgets").col(text("budget_id").primary_key());
    add_limits(&mut table);
    add_history(&mut table);
    table
}

fn limits() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("limits").col(text("scope_kind")).col(text("scope_id")).col(text_null("budget_id"));
    add_limits(&mut table);
    table.primary_key(Index::create().col("scope_kind").col("scope_id")).to_owned()
}

fn organizations() -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("organizations")
        .col(text("organization_id").primary_key())
        .col(text("organization_alias"))
        .col(json("models"))
        .col(json("metadata"))
        // Of calendar windows, such as `Europe/Berlin`; none: the gateway's.
        .col(text_null("timezone"));
    add_history(&mut table);
    table
}

fn teams() -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("teams")
        .col(text("team_id").primary_key())
        .col(text_null("team_alias"))
        .col(text_null("organization_id"))
        .col(json("models"))
        .col(json("metadata"))
        .col(json("other"))
        .col(boolean("blocked"));
    add_history(&mut table);
    table
}

fn team_members() -> TableCreateStatement {
    Table::create()
        .table("team_members")
        .col(text("team_id"))
        .col(text("user_id"))
        .col(text("role"))
        .col(timestamp_with_time_zone("created_at"))
        .primary_key(Index::create().col("team_id").col("user_id"))
        .to_owned()
}

fn customers() -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("customers")
        .col(text("user_id").primary_key())
        .col(text_null("alias"))
        .col(boolean("blocked"))
        .col(text_null("allowed_model_region"))
        .col(text_null("default_model"))
        .col(json("models"))
        .col(json("metadata"));
    add_history(&mut table);
    table
}

fn tags() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("tags").col(text("name").primary_key()).col(text_null("description")).col(json("models"));
    add_history(&mut table);
    table
}

fn user_columns() -> [ColumnDef; 3] {
    let empty = |name: &'static str, value: &'static str| json(name).default(value).to_owned();
    [text_null("user_alias"), empty("models", "[]"), empty("metadata", "{}")]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("limits", &["budget_id"]),
        index("teams", &["organization_id"]),
        index("teams", &["created_at", "team_id"]),
        index("team_members", &["user_id"]),
    ]
}
