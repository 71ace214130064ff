//! How long statements take, and which failed.

use metrics::{Counter, Histogram, counter, histogram};
use sea_orm::{DatabaseConnection, DbBackend};

/// Handles of one connection pool: looking a metric up costs more than counting.
struct Handles {
    seconds: Histogram,
    /// LiteLLM's names, which are PostgreSQL's.
    postgres: Option<Postgres>,
}

struct Postgres {
    latency: Histogram,
    total: Counter,
    failed: Counter,
}

impl Handles {
    fn new(backend: DbBackend) -> Self {
        let is_postgres = backend == DbBackend::Postgres;
        let database = if is_postgres { "postgres" } else { "sqlite" };
        let postgres = || Postgres {
            latency: histogram!("litellm_postgres_latency", "postgres" => "postgres"),
            total: counter!("litellm_postgres_total_requests_total", "postgres" => "postgres"),
            failed: counter!("litellm_postgres_failed_requests_total", "postgres" => "postgres"),
        };
        Self {
            seconds: histogram!("tollgate_database_query_seconds", "database" => database),
            postgres: is_postgres.then(postgres),
        }
    }
}

/// Has every statement of `db` measured.
pub(super) fn measure(db: &mut DatabaseConnection) {
    let handles = Handles::new(db.get_database_backend());
    db.set_metric_callback(move |info| {
        let seconds = info.elapsed.as_secs_f64();
        handles.seconds.record(seconds);
        if let Some(Postgres { latency, total, failed }) = &handles.postgres {
            latency.record(seconds);
            total.increment(1);
            failed.increment(u64::from(info.failed));
        }
    });
}

/// Connections to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// That somebody uses.
    pub used: u32,
    /// That wait for somebody to need them.
    pub idle: u32,
    /// As many as there may be.
    pub max: u32,
}

/// How many connections to the database there are.
#[must_use]
pub fn connections(db: &DatabaseConnection) -> Connections {
    let (all, idle, max) = match db.get_database_backend() {
        DbBackend::Postgres => {
            let pool = db.get_postgres_connection_pool();
            (pool.size(), pool.num_idle(), pool.options().get_max_connections())
        }
        _ => {
            let pool = db.get_sqlite_connection_pool();
            (pool.size(), pool.num_idle(), pool.options().get_max_connections())
        }
    };
    let idle = u32::try_from(idle).unwrap_or(u32::MAX);
    Connections { used: all.saturating_sub(idle), idle, max }
}
