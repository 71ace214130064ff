//! How long Redis takes, by LiteLLM's names.

use std::fmt;
use std::time::Duration;

use metrics::{Counter, Histogram, counter, histogram};

/// Handles of what is counted: every call asks Redis, and looking a metric up costs more than counting.
pub(super) struct Times {
    latency: Histogram,
    total: Counter,
    failed: Counter,
}

impl fmt::Debug for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Times").finish_non_exhaustive()
    }
}

impl Times {
    pub(super) fn new() -> Self {
        let labels = [("redis", "redis")];
        Self {
            latency: histogram!("litellm_redis_latency", &labels),
            total: counter!("litellm_redis_total_requests_total", &labels),
            failed: counter!("litellm_redis_failed_requests_total", &labels),
        }
    }

    /// Counts a question that took so long.
    pub(super) fn count(&self, took: Duration, is_answered: bool) {
        self.latency.record(took.as_secs_f64());
        self.total.increment(1);
        self.failed.increment(u64::from(!is_answered));
    }
}
