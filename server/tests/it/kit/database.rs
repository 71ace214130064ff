//! A database for one test.

use sea_orm::ConnectionTrait;
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
                format!("{server}{separator}options=-c%20search_path%3D{schema}")
            }
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Self::Postgres { server, schema } = self else { return };
        let (server, statement) = (server.clone(), format!("DROP SCHEMA {schema} CASCADE"));
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let admin = db::connect(&server, 1, std::time::Duration::from_secs(5)).await.unwrap();
                admin.execute_unprepared(&statement).await.unwrap();
            });
        });
        dropping.join().unwrap();
    }
}
