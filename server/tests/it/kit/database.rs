//! A database for one test.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use tempfile::TempDir;
use tollgate::crypto::random_base62;
use tollgate::db;

/// Where the tests' Postgres is, if they are to run on one.
const URL_VARIABLE: &str = "TOLLGATE_TEST_DATABASE_URL";

/// Owns the database of one test and removes it.
pub(crate) enum TestDatabase {
    Sqlite(TempDir),
    Postgres { server: String, schema: String },
}

impl TestDatabase {
    pub(crate) async fn create() -> Self {
        let Ok(server) = std::env::var(URL_VARIABLE) else {
            return Self::Sqlite(TempDir::new().unwrap());
        };
        let schema = format!("test_{}", random_base62(16).unwrap().to_lowercase());
        let admin = db::connect(&server, 1, std::time::Duration::from_secs(5)).await.unwrap();
        admin.execute_unprepared(&format!("CREATE SCHEMA {schema}")).await.unwrap();
        admin.close().await.unwrap();
        Self::Postgres { server, schema }
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path().join("tollgate.db").display()),
            Self::Postgres { server, schema } => {
                let separator = if server.contains('?') { '&' } else { '?' };
                format!("{server}{separator}application_name={schema}&options=-c%20search_path%3D{schema}")
            }
        }
    }
}

impl Drop for TestDatabase {
    /// Ends the connections of the test's gateways first, as a killed node's end: one that a job has left in a
    /// transaction goes on holding its locks, since its task has no thread any more while this waits.
    fn drop(&mut self) {
        let Self::Postgres { server, schema } = self else { return };
        let (server, schema) = (server.clone(), schema.clone());
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let admin = db::connect(&server, 1, std::time::Duration::from_secs(5)).await.unwrap();
                admin.execute_unprepared("SET lock_timeout = '1s'").await.unwrap();
                while let Err(error) = drop_schema(&admin, &schema).await {
                    assert!(error.to_string().contains("lock timeout"), "{error}");
                }
            });
        });
        dropping.join().unwrap();
    }
}

async fn drop_schema(admin: &DatabaseConnection, schema: &str) -> Result<(), DbErr> {
    let others = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{schema}'");
    admin.execute_unprepared(&others).await?;
    admin.execute_unprepared(&format!("DROP SCHEMA {schema} CASCADE")).await?;
    Ok(())
}
