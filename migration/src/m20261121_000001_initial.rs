//! Keys, users, sessions, the audit chain and the ledger.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, date, integer, json, text, text_null, timestamp_with_time_zone,
    timestamp_with_time_zone_null,
};

use crate::table::{index, sequence, unique};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            manager.drop_table(Table::drop().table(*table).to_owned()).await?;
        }
        Ok(())
    }
}

const TABLES: &[&str] = &[
    "keys",
    "users",
    "sessions",
    "audit_logs",
    "policy_changes",
    "spend_logs",
    "daily_spend",
    "daily_latency",
    "spend_totals",
    "budget_spend",
];

fn tables() -> [TableCreateStatement; 10] {
    [
        keys(),
        users(),
        sessions(),
        audit_logs(),
        policy_changes(),
        spend_logs(),
        daily_spend(),
        daily_latency(),
        spend_totals(),
        budget_spend(),
    ]
}

fn keys() -> TableCreateStatement {
    Table::create()
        .table("keys")
        .col(text("token").primary_key())
        .col(text("key_name"))
        .col(text_null("key_alias"))
        .col(text_null("user_id"))
        .col(text_null("team_id"))
        .col(text_null("organization_id"))
        .col(json("models"))
        .col(big_integer_null("max_budget"))
        .col(big_integer_null("soft_budget"))
        .col(text_null("budget_duration"))
        .col(timestamp_with_time_zone("budget_anchor_at"))
        .col(big_integer_null("max_parallel_requests"))
        .col(big_integer_null("rpm_limit"))
        .col(big_integer_null("tpm_limit"))
        .col(json("metadata"))
        .col(json("other"))
        .col(boolean("blocked"))
        .col(timestamp_with_time_zone_null("expires_at"))
        .col(timestamp_with_time_zone("created_at"))
        .col(text_null("created_by"))
        .col(timestamp_with_time_zone("updated_at"))
        .col(text_null("updated_by"))
        .to_owned()
}

fn users() -> TableCreateStatement {
    Table::create()
        .table("users")
        .col(text("user_id").primary_key())
        .col(text_null("user_email"))
        .col(text("user_role"))
        .col(text_null("password_hash"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .to_owned()
}

fn sessions() -> TableCreateStatement {
    Table::create()
        .table("sessions")
        .col(text("token_hash").primary_key())
        .col(text("user_id"))
        .col(text_null("user_email"))
        .col(text("user_role"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("last_seen_at"))
        .col(timestamp_with_time_zone("expires_at"))
        .col(text_null("user_agent"))
        .col(text_null("ip_address"))
        .to_owned()
}

fn audit_logs() -> TableCreateStatement {
    Table::create()
        .table("audit_logs")
        .col(sequence("id"))
        .col(timestamp_with_time_zone("at"))
        .col(text("actor_kind"))
        .col(text("actor_id"))
        .col(text_null("ip_address"))
        .col(text("action"))
        .col(text("resource"))
        .col(text("resource_id"))
        // Text, not JSON: the hash is over these very characters.
        .col(text_null("before"))
        .col(text_null("after"))
        .col(text("previous_hash"))
        .col(text("hash"))
        .to_owned()
}

fn policy_changes() -> TableCreateStatement {
    Table::create()
        .table("policy_changes")
        .col(sequence("id"))
        .col(text("token"))
        .col(timestamp_with_time_zone("at"))
        .to_owned()
}

fn spend_logs() -> TableCreateStatement {
    Table::create()
        .table("spend_logs")
        .col(text("request_id").primary_key())
        .col(text("call_type"))
        .col(text("api_key"))
        .col(text_null("key_alias"))
        .col(big_integer("spend"))
        .col(big_integer("total_tokens"))
        .col(big_integer("prompt_tokens"))
        .col(big_integer("completion_tokens"))
        .col(big_integer("cache_read_input_tokens"))
        .col(big_integer("cache_creation_input_tokens"))
        .col(big_integer("reasoning_tokens"))
        .col(timestamp_with_time_zone("start_time"))
        .col(timestamp_with_time_zone("end_time"))
        .col(timestamp_with_time_zone_null("completion_start_time"))
        .col(big_integer("request_duration_ms"))
        .col(big_integer("overhead_us"))
        .col(text("model"))
        .col(text_null("model_id"))
        .col(text("model_group"))
        .col(text_null("custom_llm_provider"))
        .col(text_null("api_base"))
        .col(text_null("user_id"))
        .col(text_null("team_id"))
        .col(text_null("organization_id"))
        .col(text_null("end_user"))
        .col(text_null("requester_ip_address"))
        .col(boolean("stream"))
        .col(text("status"))
        .col(big_integer("status_code"))
        .col(text_null("response_id"))
        .col(text("cache_hit"))
        .col(json("request_tags"))
        .col(json("metadata"))
        .to_owned()
}

fn daily_spend() -> TableCreateStatement {
    const ENTITIES: [&str; 8] =
        ["organization_id", "team_id", "user_id", "api_key", "model_group", "model", "provider", "end_user"];
    const SUMS: [&str; 8] = [
        "spend",
        "api_requests",
        "failed_requests",
        "prompt_tokens",
        "completion_tokens",
        "cache_read_tokens",
        "cache_creation_tokens",
        "reasoning_tokens",
    ];
    let mut table = Table::create();
    let mut primary_key = Index::create();
    table.table("daily_spend").col(date("date"));
    primary_key.col("date");
    for entity in ENTITIES {
        table.col(text(entity));
        primary_key.col(entity);
    }
    for sum in SUMS {
        table.col(big_integer(sum));
    }
    table.primary_key(&mut primary_key).to_owned()
}

fn daily_latency() -> TableCreateStatement {
    Table::create()
        .table("daily_latency")
        .col(date("date"))
        .col(text("model_group"))
        .col(integer("bucket"))
        .col(big_integer("calls"))
        .primary_key(Index::create().col("date").col("model_group").col("bucket"))
        .to_owned()
}

fn spend_totals() -> TableCreateStatement {
    Table::create()
        .table("spend_totals")
        .col(text("entity_kind"))
        .col(text("entity_id"))
        .col(big_integer("spend"))
        .col(big_integer("api_requests"))
        .col(timestamp_with_time_zone("last_used_at"))
        .primary_key(Index::create().col("entity_kind").col("entity_id"))
        .to_owned()
}

fn budget_spend() -> TableCreateStatement {
    Table::create()
        .table("budget_spend")
        .col(text("scope_kind"))
        .col(text("scope_id"))
        .col(big_integer("window_start"))
        .col(big_integer("spent"))
        .col(big_integer("adjusted"))
        .primary_key(Index::create().col("scope_kind").col("scope_id").col("window_start"))
        .to_owned()
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        unique("keys", &["key_alias"]),
        index("keys", &["user_id"]),
        index("keys", &["team_id"]),
        index("keys", &["organization_id"]),
        index("keys", &["created_at", "token"]),
        unique("users", &["user_email"]),
        index("sessions", &["user_id"]),
        index("sessions", &["expires_at"]),
        index("audit_logs", &["resource", "resource_id"]),
        index("spend_logs", &["start_time", "request_id"]),
        index("spend_logs", &["api_key", "start_time"]),
        index("spend_logs", &["user_id", "start_time"]),
        index("spend_logs", &["status", "start_time"]),
        index("spend_logs", &["response_id"]),
        index("daily_spend", &["api_key", "date"]),
        index("daily_spend", &["model_group", "date"]),
    ]
}
