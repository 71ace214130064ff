//! What a former process left in the spool.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::super::event::{BeginRecord, SpendEvent};
use super::{Cursor, SpoolError, segment};

/// What is found at start.
#[derive(Debug, Default)]
pub(super) struct Leftovers {
    /// Highest segment number, 0 where there is none.
    pub(super) last_segment: u64,
    /// Size of all segments.
    pub(super) bytes: u64,
    /// Ended calls that the database may not have.
    pub(super) ends: u64,
    /// Calls that began and did not end.
    pub(super) interrupted: Vec<BeginRecord<'static>>,
}

/// Reads the spool in `dir`, of which the database has everything before `written`.
pub(super) fn scan(dir: &Path, written: Cursor) -> Result<Leftovers, SpoolError> {
    let mut left = Leftovers::default();
    let mut open: HashMap<Arc<str>, BeginRecord<'static>> = HashMap::new();
    for number in segment::list(dir)? {
        left.last_segment = number;
        let path = segment::path(dir, number);
        let bytes = std::fs::read(&path).map_err(SpoolError::io(&path))?;
        left.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let mut rest = bytes.as_slice();
        let mut at = Cursor { segment: number, offset: 0 };
        while let Some((body, size)) = segment::decode(rest) {
            match body.split_first() {
                Some((b'B', json)) => {
                    if let Ok(begin) = serde_json::from_slice::<BeginRecord<'static>>(json) {
                        open.insert(Arc::clone(&begin.event.request_id), begin);
                    }
                }
                // One that cannot be read is set aside when its turn comes.
                Some((b'E', json)) => {
                    if let Ok(end) = serde_json::from_slice::<SpendEvent>(json) {
                        open.remove(&end.request_id);
                        left.ends += u64::from(at >= written);
                    }
                }
                _ => {}
            }
            rest = rest.get(size..).unwrap_or_default();
            at.offset += u64::try_from(size).unwrap_or(u64::MAX);
        }
        if !rest.is_empty() {
            // The process died while it wrote: its answer had not left.
            tracing::warn!(path = %path.display(), bytes = rest.len(), "the spool ends in a torn record");
        }
    }
    left.interrupted = open.into_values().collect();
    Ok(left)
}
