//! Events that the database will never take, or that cannot be read: kept apart, so that those behind them go on.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use metrics::counter;
use serde_json::json;

use super::{Spool, SpoolError};

/// One JSON object a line: why, and the event as it was in the spool.
const FILE: &str = "set-aside.jsonl";

impl Spool {
    /// Keeps an event apart. It is in none of the ledger's sums until somebody has looked into it.
    ///
    /// # Errors
    /// When the disk refuses it.
    pub fn set_aside(&self, event: &str, reason: &str) -> Result<(), SpoolError> {
        let path = self.dir.join(FILE);
        tracing::error!(%reason, path = %path.display(), "an event is set aside: the ledger's sums lack it");
        counter!("tollgate_events_set_aside_total").increment(1);
        let line = format!("{}\n", json!({ "reason": reason, "event": event }));
        let mut file = OpenOptions::new().create(true).append(true).open(&path).map_err(SpoolError::io(&path))?;
        file.write_all(line.as_bytes()).and_then(|()| file.sync_data()).map_err(SpoolError::io(&path))
    }
}

/// How many events the spool in `dir` has set aside, and where.
///
/// # Errors
/// When the file cannot be read.
pub fn set_aside(dir: &Path) -> Result<(usize, PathBuf), SpoolError> {
    let path = dir.join(FILE);
    if !path.exists() {
        return Ok((0, path));
    }
    let file = std::fs::File::open(&path).map_err(SpoolError::io(&path))?;
    Ok((BufReader::new(file).lines().count(), path))
}
