//! Opening the database.

use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    IsolationLevel, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use tollgate_migration::{Migrator, MigratorTrait};

use super::failure::is_lock_timeout;
use super::measure::measure;

/// How long SQLite waits for another writer.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Page cache of each SQLite connection, in KiB; the operating system caches the file as well.
const SQLITE_CACHE_KIB: u32 = 2048;
/// What is read after a lock was taken is what there is then, whatever the server's default. And a node that vanished from
/// the network leaves its transaction open, and with it the locks that others wait for.
const POSTGRES_BEGIN: &str = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; \
                              SET LOCAL idle_in_transaction_session_timeout = '30s'";
/// Any number: nodes that start together take this Postgres lock before they migrate.
const MIGRATION_LOCK: i64 = 0x746f_6c6c_6d69;

/// How long a change of the schema waits for a table that others work with. Whoever comes later waits behind it: not long.
const MIGRATION_LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '2s'";
/// So long later it tries again.
const MIGRATION_PAUSE: Duration = Duration::from_secs(3);
/// So often: for five minutes.
const MIGRATION_TRIES_MAX: u32 = 60;

/// The database cannot be used. The text names it without its password.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// `DATABASE_URL` names neither database that is supported.
    #[error("the database address {url:?} is not supported: expected sqlite:PATH, sqlite::memory: or postgres://…")]
    Unsupported {
        /// The address, redacted.
        url: String,
    },
    /// No connection.
    #[error("cannot open the database {url}: {source}")]
    Connect {
        /// The address, redacted.
        url: String,
        /// What the driver said.
        source: DbErr,
    },
    /// The schema could not be brought up to date.
    #[error("cannot bring the database's schema up to date: {0}")]
    Migrate(#[from] DbErr),
}

/// Opens the database at `url` with at most `max_connections` connections. A query waits `timeout` for a free one.
///
/// A SQLite file is created where there is none. `sqlite::memory:` gets one connection, since each would see a
/// database of its own.
///
/// # Errors
/// When the address is of another kind or nothing answers there.
pub async fn connect(url: &str, max_connections: u32, timeout: Duration) -> Result<DatabaseConnection, DbError> {
    let is_sqlite = url.starts_with("sqlite:");
    if !is_sqlite && !url.starts_with("postgres:") && !url.starts_with("postgresql:") {
        return Err(DbError::Unsupported { url: redact_url(url) });
    }
    let mut options = ConnectOptions::new(url);
    options.sqlx_logging(false).acquire_timeout(timeout).connect_timeout(timeout);
    if is_sqlite {
        set_up_sqlite(&mut options, url, max_connections);
    } else {
        options.max_connections(max_connections.max(1));
    }
    let opened = Database::connect(options).await;
    let mut db = opened.map_err(|source| DbError::Connect { url: redact_url(url), source })?;
    measure(&mut db);
    Ok(db)
}

/// A connection that one task alone uses: slow reports do not keep it waiting, and what a connection keeps of its many
/// statements is kept once.
#[derive(Clone, Debug)]
pub struct OwnConnection {
    db: DatabaseConnection,
    /// Where another one is had; `None`: nowhere.
    source: Option<(String, Duration)>,
}

impl OwnConnection {
    /// Opens one to the database at `url`, which is also `database`'s. A database in memory is reached by that alone.
    ///
    /// # Errors
    /// When nothing answers there.
    pub async fn open(database: &DatabaseConnection, url: &str, timeout: Duration) -> Result<Self, DbError> {
        if url.contains(":memory:") {
            return Ok(Self { db: database.clone(), source: None });
        }
        Ok(Self { db: connect(url, 1, timeout).await?, source: Some((url.to_owned(), timeout)) })
    }

    /// The connection.
    #[must_use]
    pub const fn get(&self) -> &DatabaseConnection {
        &self.db
    }

    /// Takes another connection: this one leads nowhere, and whoever waits for it waits for ever.
    ///
    /// # Errors
    /// When none can be had; the old one stays.
    pub async fn renew(&mut self) -> Result<(), DbError> {
        if let Some((url, timeout)) = &self.source {
            self.db = connect(url, 1, *timeout).await?;
        }
        Ok(())
    }

    /// Closes it. SQLite puts its journal into the file when the last connection is closed, and not when the process ends.
    ///
    /// # Errors
    /// When that fails.
    pub async fn close(self) -> Result<(), DbErr> {
        if self.source.is_some() { self.db.close().await } else { Ok(()) }
    }
}

fn set_up_sqlite(options: &mut ConnectOptions, url: &str, max_connections: u32) {
    if url.contains(":memory:") {
        options.max_connections(1).min_connections(1).idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
    } else {
        options.max_connections(max_connections.max(1));
    }
    options.map_sqlx_sqlite_opts(|sqlite| {
        sqlite
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // Safe against a killed process; a power cut may lose the last commits, which the spool still holds.
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(SQLITE_BUSY_TIMEOUT)
            .foreign_keys(true)
            .pragma("cache_size", format!("-{SQLITE_CACHE_KIB}"))
            // Upserts of many rows keep a journal of their own: not in a file.
            .pragma("temp_store", "memory")
    });
}

/// Starts a transaction that writes. SQLite takes its write lock now: taken later, it could be refused half-way.
///
/// # Errors
/// When the database is away or another writer holds the lock too long.
pub async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let transaction = db.begin_with_options(options).await?;
    if db.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared(POSTGRES_BEGIN).await?;
    }
    Ok(transaction)
}

/// A transaction that sees the database as it is now, whatever others write meanwhile. For reading only.
///
/// # Errors
/// When the database is away.
pub async fn begin_snapshot(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    // SQLite's ordinary transaction is a snapshot from its first read on.
    match db.get_database_backend() {
        DbBackend::Postgres => db.begin_with_config(Some(IsolationLevel::RepeatableRead), None).await,
        _ => db.begin().await,
    }
}

/// Brings the schema up to date, all changes or none. Nodes that start together wait for each other, and nodes that serve
/// calls go on: a change that would wait for a long statement steps back and tries again.
///
/// # Errors
/// When a change fails.
pub async fn migrate(db: &DatabaseConnection) -> Result<(), DbError> {
    let mut tries = 1;
    loop {
        match try_migrate(db).await {
            Err(error) if is_lock_timeout(&error) && tries < MIGRATION_TRIES_MAX => {
                tracing::warn!(tries, "a table to be changed is in use by a long statement; trying again");
                tries += 1;
                tokio::time::sleep(MIGRATION_PAUSE).await;
            }
            result => return Ok(result?),
        }
    }
}

async fn try_migrate(db: &DatabaseConnection) -> Result<(), DbErr> {
    let transaction = begin(db).await?;
    lock_until_commit(&transaction, MIGRATION_LOCK).await?;
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared(MIGRATION_LOCK_TIMEOUT).await?;
    }
    Migrator::up(&transaction, None).await?;
    transaction.commit().await
}

/// Lets one transaction at a time past this point. On SQLite [`begin`] has already seen to that.
pub(super) async fn lock_until_commit(transaction: &impl ConnectionTrait, lock: i64) -> Result<(), DbErr> {
    take_lock(transaction, "pg_advisory_xact_lock", lock).await
}

/// Lets any number of those past this point that share it, and none of those that want it for themselves.
pub(super) async fn share_until_commit(transaction: &impl ConnectionTrait, lock: i64) -> Result<(), DbErr> {
    take_lock(transaction, "pg_advisory_xact_lock_shared", lock).await
}

async fn take_lock(transaction: &impl ConnectionTrait, function: &str, lock: i64) -> Result<(), DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared(&format!("SELECT {function}({})", of_schema(lock))).await?;
    }
    Ok(())
}

/// Whether this transaction may go past this point: on Postgres, where no other one has. On SQLite [`begin`] has
/// already seen to that.
pub(crate) async fn try_lock_until_commit(transaction: &DatabaseTransaction, lock: i64) -> Result<bool, DbErr> {
    if transaction.get_database_backend() != DbBackend::Postgres {
        return Ok(true);
    }
    let sql = format!("SELECT pg_try_advisory_xact_lock({}) AS is_taken", of_schema(lock));
    let row = transaction.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    row.map_or(Ok(false), |row| row.try_get("", "is_taken"))
}

/// The lock of this installation: Postgres has one for all schemas of a database.
fn of_schema(lock: i64) -> String {
    format!("{lock} # hashtext(coalesce(current_schema(), ''))")
}

/// The address without its password, for messages and logs.
#[must_use]
pub fn redact_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let has_secret_query = query.to_ascii_lowercase().contains("password");
    let query = match query {
        "" => String::new(),
        _ if has_secret_query => "?***".to_owned(),
        query => format!("?{query}"),
    };
    let Some((credentials, place)) = rest.rsplit_once('@') else { return format!("{scheme}://{rest}{query}") };
    match credentials.split_once(':') {
        Some((user, _)) => format!("{scheme}://{user}:***@{place}{query}"),
        None => format!("{scheme}://{credentials}@{place}{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_shows() {
        assert_eq!(redact_url("postgres://u:p@ss:w@host/db?sslmode=off"), "postgres://u:***@host/db?sslmode=off");
        assert_eq!(redact_url("postgres://host/db?user=u&password=x"), "postgres://host/db?***");
        assert_eq!(redact_url("sqlite:data/tollgate.db"), "sqlite:data/tollgate.db");
    }

    #[tokio::test]
    async fn an_unreachable_database_is_named_without_its_password() {
        let error =
            connect("postgres://user:hunter2@127.0.0.1:1/db", 1, Duration::from_secs(5)).await.unwrap_err().to_string();
        assert!(error.contains("user:***@127.0.0.1:1"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
        let error = connect("mysql://root:hunter2@x/y", 1, Duration::from_secs(5)).await.unwrap_err().to_string();
        assert!(error.contains("not supported") && !error.contains("hunter2"), "{error}");
    }

    #[tokio::test]
    async fn the_schema_goes_up_and_down_again() {
        let db = connect("sqlite::memory:", 1, Duration::from_secs(5)).await.unwrap();
        migrate(&db).await.unwrap();
        migrate(&db).await.unwrap();
        Migrator::down(&db, None).await.unwrap();
        migrate(&db).await.unwrap();
    }
}
