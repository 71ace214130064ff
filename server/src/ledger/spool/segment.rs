//! One file of the spool.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::SpoolError;

/// Length and checksum before each body, in bytes.
pub(super) const HEADER_BYTES: usize = 8;
/// A longer body is damage, not a record, in bytes.
pub(super) const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The segment that is written to.
#[derive(Debug)]
pub(super) struct SegmentWriter {
    pub(super) number: u64,
    /// Whole records in the file, in bytes.
    pub(super) len: u64,
    /// It ends in a part of a record that could not be cut off: nothing may follow.
    pub(super) is_torn: bool,
    file: Arc<File>,
    is_dirty: bool,
}

impl SegmentWriter {
    pub(super) fn create(dir: &Path, number: u64) -> Result<Self, SpoolError> {
        let path = path(dir, number);
        let file = OpenOptions::new().create_new(true).append(true).open(&path).map_err(SpoolError::io(&path))?;
        Ok(Self { number, len: 0, is_torn: false, file: Arc::new(file), is_dirty: false })
    }

    /// Appends a whole record, or nothing: what a full disk took of it is cut off again.
    pub(super) fn append(&mut self, record: &[u8]) -> io::Result<()> {
        if let Err(error) = (&*self.file).write_all(record) {
            self.is_torn = self.file.set_len(self.len).is_err();
            return Err(error);
        }
        self.len += u64::try_from(record.len()).unwrap_or(u64::MAX);
        self.is_dirty = true;
        Ok(())
    }

    /// Puts another file in the place of this one's, to make it fail.
    #[cfg(test)]
    pub(super) fn replace_file(&mut self, file: File) -> File {
        let old = std::mem::replace(&mut self.file, Arc::new(file));
        Arc::try_unwrap(old).unwrap()
    }

    /// The file, if it was written to since the last call.
    pub(super) fn take_dirty(&mut self) -> Option<Arc<File>> {
        std::mem::take(&mut self.is_dirty).then(|| Arc::clone(&self.file))
    }
}

/// A record: header, kind, JSON.
pub(super) fn encode(kind: u8, body: &impl Serialize) -> Result<Vec<u8>, SpoolError> {
    let mut record = Vec::with_capacity(1024);
    record.extend_from_slice(&[0; HEADER_BYTES]);
    record.push(kind);
    serde_json::to_writer(&mut record, body)?;
    let (header, body) = record.split_at_mut(HEADER_BYTES);
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let checksum = crc32fast::hash(body);
    for (place, byte) in header.iter_mut().zip(length.to_le_bytes().into_iter().chain(checksum.to_le_bytes())) {
        *place = byte;
    }
    Ok(record)
}

/// The first record's body and its size in the file, or `None` where `bytes` holds no whole and sound record.
pub(super) fn decode(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (checksum, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    if length == 0 || length > BODY_BYTES_MAX {
        return None;
    }
    let body = rest.get(..length)?;
    (crc32fast::hash(body) == u32::from_le_bytes(*checksum)).then_some((body, HEADER_BYTES + length))
}

pub(super) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:012}.spool"))
}

/// Numbers of the segments in `dir`, ascending.
pub(super) fn list(dir: &Path) -> Result<Vec<u64>, SpoolError> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(SpoolError::io(dir))? {
        let name = entry.map_err(SpoolError::io(dir))?.file_name();
        let number: Option<u64> =
            name.to_str().and_then(|name| name.strip_suffix(".spool")).and_then(|stem| stem.parse().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}
