//! Logs and metrics of this process.

pub mod calls;

use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

/// Upper bounds of latency buckets, in seconds.
const LATENCY_BUCKETS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];
/// Upper bounds of the gateway's own share, in seconds.
const OVERHEAD_BUCKETS: [f64; 9] = [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.1];

static METRICS: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Starts the metrics registry of this process, once.
pub fn metrics() -> Option<&'static PrometheusHandle> {
    let install = || {
        let builder = PrometheusBuilder::new()
            .set_buckets(&LATENCY_BUCKETS)
            .and_then(|builder| {
                let overhead = Matcher::Full("litellm_overhead_latency_metric".to_owned());
                builder.set_buckets_for_metric(overhead, &OVERHEAD_BUCKETS)
            })
            .and_then(PrometheusBuilder::install_recorder);
        match builder {
            Ok(handle) => {
                calls::describe();
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
