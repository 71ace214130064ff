//! Logs and metrics of this process.
//!
//! What is counted lives in the registry. What is read when somebody asks, such as what is left of budgets, is put into
//! the answer by [`render`] and kept nowhere: what is gone has no metrics any more.

pub mod calls;
pub mod database;
pub mod deployments;
mod handles;
mod help;
pub mod limits;
pub mod names;
mod payer;
mod tokens;

use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

pub use payer::Aliases;

/// Upper bounds of latency buckets, in seconds.
const LATENCY_BUCKETS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];
/// Upper bounds of the gateway's own share, in seconds.
const OVERHEAD_BUCKETS: [f64; 9] = [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.1];
/// Upper bounds of what services nearby take, and of the time of one token, in seconds.
const SHORT_BUCKETS: [f64; 11] = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5];
/// Metrics with buckets of their own.
const BUCKETS: [(&str, &[f64]); 6] = [
    ("litellm_overhead_latency_metric", &OVERHEAD_BUCKETS),
    ("litellm_deployment_latency_per_output_token", &SHORT_BUCKETS),
    ("litellm_redis_latency", &SHORT_BUCKETS),
    ("litellm_postgres_latency", &SHORT_BUCKETS),
    ("litellm_batch_write_to_db_latency", &SHORT_BUCKETS),
    ("tollgate_database_query_seconds", &SHORT_BUCKETS),
];

static METRICS: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Starts the metrics registry of this process, once.
pub fn metrics() -> Option<&'static PrometheusHandle> {
    let install = || {
        let builder = BUCKETS
            .into_iter()
            .fold(PrometheusBuilder::new().set_buckets(&LATENCY_BUCKETS), |builder, (name, buckets)| {
                builder?.set_buckets_for_metric(Matcher::Full(name.to_owned()), buckets)
            });
        match builder.and_then(PrometheusBuilder::install_recorder) {
            Ok(handle) => {
                help::describe();
                help::begin();
                Some(handle)
            }
            Err(error) => {
                tracing::error!(%error, "no metrics: the registry cannot be installed");
                None
            }
        }
    };
    METRICS.get_or_init(install).as_ref()
}

/// All metrics in Prometheus' text format: those of the registry, and gauges that `read` sets and nobody keeps. `None`
/// where there is no registry.
pub fn render(read: impl FnOnce()) -> Option<String> {
    let mut text = metrics()?.render();
    let recorder = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&recorder, || {
        help::describe_read();
        read();
    });
    text.push_str(&recorder.handle().render());
    Some(text)
}

/// Sends logs to standard error: `RUST_LOG` chooses which, `json` their form.
pub fn init_logs(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| {
        EnvFilter::new("info,actix_server=warn,sqlx=warn,sea_orm=warn,aws_config=error,symphonia_core=off")
    });
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let result = if json { logs.json().try_init() } else { logs.with_target(false).try_init() };
    // A second call, as in tests, keeps the first one's.
    drop(result);
}
