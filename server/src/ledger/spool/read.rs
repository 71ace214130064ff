//! Reading events back, for the database.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use super::super::event::SpendEvent;
use super::{Spool, SpoolError, segment};

/// Bytes read at once.
const READ_BYTES: usize = 1024 * 1024;

/// A place in the spool: everything before it has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// Number of the segment.
    pub segment: u64,
    /// Bytes into it.
    pub offset: u64,
}

impl Spool {
    /// The place behind the last record.
    #[must_use]
    pub fn end_cursor(&self) -> Cursor {
        let state = self.state.lock();
        Cursor { segment: state.segment.number, offset: state.segment.len }
    }

    /// Ended calls from `cursor` on, about `READ_BYTES` of them at most, and the place behind them. No events and the
    /// same place: everything has been read.
    ///
    /// # Errors
    /// When a segment cannot be read.
    pub fn read(&self, cursor: Cursor) -> Result<(Vec<SpendEvent>, Cursor), SpoolError> {
        let Cursor { segment: current, offset: current_len } = self.end_cursor();
        let mut at = cursor;
        loop {
            let limit = if at.segment == current { current_len } else { u64::MAX };
            let from = at;
            let events = self.read_segment(&mut at, limit)?;
            if !events.is_empty() || at != from || at.segment >= current {
                return Ok((events, at));
            }
            let next = segment::list(&self.dir)?.into_iter().find(|number| *number > at.segment);
            at = Cursor { segment: next.unwrap_or(current), offset: 0 };
        }
    }

    /// Reads on in one segment and moves `at` behind the last whole record read.
    fn read_segment(&self, at: &mut Cursor, limit: u64) -> Result<Vec<SpendEvent>, SpoolError> {
        let path = segment::path(&self.dir, at.segment);
        let Ok(mut file) = File::open(&path) else {
            return Ok(Vec::new());
        };
        let mut events = Vec::new();
        let mut want = READ_BYTES;
        loop {
            file.seek(SeekFrom::Start(at.offset)).map_err(SpoolError::io(&path))?;
            let size = limit.saturating_sub(at.offset).min(u64::try_from(want).unwrap_or(u64::MAX));
            let mut bytes = Vec::new();
            (&file).take(size).read_to_end(&mut bytes).map_err(SpoolError::io(&path))?;
            let mut rest = bytes.as_slice();
            while let Some((body, size)) = segment::decode(rest) {
                let end = body.strip_prefix(b"E").map(|json| (json, serde_json::from_slice(json)));
                let unreadable = match end {
                    Some((_, Ok(event))) => {
                        events.push(event);
                        None
                    }
                    // Alone, so that the caller gets past it whatever becomes of the others.
                    Some((_, Err(_))) if !events.is_empty() => return Ok(events),
                    Some((json, Err(error))) => Some((json, error)),
                    None => None,
                };
                rest = rest.get(size..).unwrap_or_default();
                at.offset += u64::try_from(size).unwrap_or(u64::MAX);
                if let Some((json, error)) = unreadable {
                    self.set_aside(&String::from_utf8_lossy(json), &error.to_string())?;
                    return Ok(events);
                }
            }
            let is_end = bytes.len() < want;
            if is_end || !events.is_empty() {
                return Ok(events);
            }
            // Only begins so far, or a record larger than what was read.
            if rest.len() == bytes.len() {
                want = segment::BODY_BYTES_MAX + segment::HEADER_BYTES;
                if bytes.len() >= want {
                    return Ok(events);
                }
            }
        }
    }
}
