//! What health checks of a deployment found.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// Checks of one deployment that are remembered: at the usual interval, two hours of them.
const KEPT: usize = 24;

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// Why the deployment is not well; `None`: it answered.
    pub error: Option<String>,
    /// HTTP status of the provider's refusal, where there was one.
    #[serde(default)]
    pub status: Option<u16>,
}

fn remember(kept: &mut VecDeque<Check>, check: Check) {
    if kept.len() == KEPT {
        kept.pop_front();
    }
    kept.push_back(check);
}

/// The last checks of a deployment, oldest first.
#[derive(Debug, Default)]
pub struct Checks(Mutex<VecDeque<Check>>);

impl Checks {
    /// Remembers a check.
    pub fn note(&self, check: Check) {
        remember(&mut self.0.lock(), check);
    }

    /// Remembers a check that another node made, unless it is known or a later one is.
    pub fn learn(&self, check: Check) {
        let mut kept = self.0.lock();
        if kept.back().is_none_or(|last| last.at < check.at) {
            remember(&mut kept, check);
        }
    }

    /// The last check.
    #[must_use]
    pub fn last(&self) -> Option<Check> {
        self.0.lock().back().cloned()
    }

    /// All that are remembered, oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Check> {
        self.0.lock().iter().cloned().collect()
    }
}
