//! Lists of a million keys: an index for every order, counts of keys by day and hour, and parts of names found by
//! trigrams where Postgres has them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, text, timestamp_with_time_zone};
use sea_orm_migration::sea_orm::DbBackend;

use crate::table::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Owners of keys: theirs, newest first.
const OWNERS: [&str; 3] = ["user_id", "team_id", "organization_id"];
/// Columns that keys are sorted by.
const SORTED: [&str; 3] = ["updated_at", "max_budget", "expires_at"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for owner in OWNERS {
            manager.drop_index(Index::drop().name(format!("idx_keys_{owner}")).to_owned()).await?;
            manager.create_index(index("keys", &[owner, "created_at", "token"])).await?;
        }
        for column in SORTED {
            manager.create_index(index("keys", &[column, "token"])).await?;
        }
        let counts = Table::create()
            .table("key_counts")
            .col(text("span"))
            .col(timestamp_with_time_zone("start"))
            .col(big_integer("keys"))
            .primary_key(Index::create().col("span").col("start"))
            .to_owned();
        manager.create_table(counts).await?;
        let statements = match manager.get_database_backend() {
            DbBackend::Postgres => POSTGRES,
            _ => SQLITE,
        };
        for statement in statements.iter().chain([&BLOCKED]) {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statements = match manager.get_database_backend() {
            DbBackend::Postgres => POSTGRES_DOWN,
            _ => SQLITE_DOWN,
        };
        for statement in statements {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        manager.drop_index(Index::drop().name("idx_keys_blocked").to_owned()).await?;
        manager.drop_table(Table::drop().table("key_counts").to_owned()).await?;
        for column in SORTED {
            manager.drop_index(Index::drop().name(format!("idx_keys_{column}_token")).to_owned()).await?;
        }
        for owner in OWNERS {
            manager.drop_index(Index::drop().name(format!("idx_keys_{owner}_created_at_token")).to_owned()).await?;
            manager.create_index(index("keys", &[owner])).await?;
        }
        Ok(())
    }
}

/// Blocked keys are few.
const BLOCKED: &str = "CREATE INDEX idx_keys_blocked ON keys (created_at, token) WHERE blocked";

/// The count is changed when the transaction ends: whoever changes keys writes the audit chain before, one at a time, so
/// that no two wait for each other.
const POSTGRES: &[&str] = &[
    "INSERT INTO key_counts SELECT span, date_trunc(span, created_at, 'UTC'), count(*) \
     FROM keys, (VALUES ('day'), ('hour')) AS spans (span) GROUP BY 1, 2",
    "CREATE FUNCTION count_keys() RETURNS trigger LANGUAGE plpgsql AS $$ \
     BEGIN \
        IF TG_OP = 'INSERT' THEN \
            INSERT INTO key_counts VALUES \
                ('day', date_trunc('day', NEW.created_at, 'UTC'), 1), ('hour', date_trunc('hour', NEW.created_at, 'UTC'), 1) \
            ON CONFLICT (span, start) DO UPDATE SET keys = key_counts.keys + 1; \
        ELSE \
            UPDATE key_counts SET keys = keys - 1 WHERE (span, start) IN ( \
                ('day', date_trunc('day', OLD.created_at, 'UTC')), ('hour', date_trunc('hour', OLD.created_at, 'UTC'))); \
        END IF; \
        RETURN NULL; \
     END $$",
    "CREATE CONSTRAINT TRIGGER count_keys AFTER INSERT OR DELETE ON keys DEFERRABLE INITIALLY DEFERRED \
     FOR EACH ROW EXECUTE FUNCTION count_keys()",
    // A database that does not let us have the extension is searched without it.
    "DO $$ \
     DECLARE place text; \
     BEGIN \
        CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public; \
        SELECT nspname INTO place FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace \
            WHERE extname = 'pg_trgm'; \
        EXECUTE format('CREATE INDEX idx_keys_search ON keys USING gin (lower(key_alias) %1$I.gin_trgm_ops, \
            lower(key_name) %1$I.gin_trgm_ops, lower(user_id) %1$I.gin_trgm_ops, lower(team_id) %1$I.gin_trgm_ops)', place); \
     EXCEPTION WHEN OTHERS THEN \
        RAISE WARNING 'keys are searched without an index: %', SQLERRM; \
     END $$",
];

const POSTGRES_DOWN: &[&str] =
    &["DROP INDEX IF EXISTS idx_keys_search", "DROP TRIGGER count_keys ON keys", "DROP FUNCTION count_keys()"];

const SQLITE: &[&str] = &[
    "INSERT INTO key_counts SELECT 'day', substr(created_at, 1, 10) || 'T00:00:00+00:00', count(*) FROM keys GROUP BY 2",
    "INSERT INTO key_counts SELECT 'hour', substr(created_at, 1, 13) || ':00:00+00:00', count(*) FROM keys GROUP BY 2",
    "CREATE TRIGGER count_new_keys AFTER INSERT ON keys BEGIN \
        INSERT INTO key_counts VALUES \
            ('day', substr(NEW.created_at, 1, 10) || 'T00:00:00+00:00', 1), \
            ('hour', substr(NEW.created_at, 1, 13) || ':00:00+00:00', 1) \
        ON CONFLICT (span, start) DO UPDATE SET keys = keys + 1; \
     END",
    "CREATE TRIGGER count_deleted_keys AFTER DELETE ON keys BEGIN \
        UPDATE key_counts SET keys = keys - 1 \
        WHERE (span = 'day' AND start = substr(OLD.created_at, 1, 10) || 'T00:00:00+00:00') \
            OR (span = 'hour' AND start = substr(OLD.created_at, 1, 13) || ':00:00+00:00'); \
     END",
];

const SQLITE_DOWN: &[&str] = &["DROP TRIGGER count_deleted_keys", "DROP TRIGGER count_new_keys"];
