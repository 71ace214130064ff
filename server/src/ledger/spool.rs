//! The spool: an append-only local file of settled calls that wait for the database.
//!
//! A folder of numbered segments. A segment is a run of records: length of the body (u32, little endian), CRC-32 of
//! the body (u32, little endian), body. A body is one letter, `B` for a begin and `E` for an end, and JSON. A record
//! handed to the kernel survives the process; a thread syncs the file to disk in groups so that it survives the
//! machine, too. Segments are deleted once the database has what is in them.

mod aside;
mod id;
mod overflow;
mod read;
mod recover;
mod segment;

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::event::{BeginRecord, SpendEvent};
use crate::clock::Clock;
use overflow::Overflow;
use segment::SegmentWriter;

pub use aside::set_aside;
pub use id::id;
pub use read::Cursor;

/// A segment is closed at this size, in bytes.
const SEGMENT_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// A segment the database has all of is replaced from this size on, in bytes.
const SEGMENT_BYTES_TRIM: u64 = 1024 * 1024;
/// Bytes in a mebibyte.
const MIB: u64 = 1024 * 1024;

/// How much a spool may hold. Where it holds more, or the disk refuses anything, no new call starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpoolLimits {
    /// Bytes on disk, beyond which only calls in flight are still written.
    pub disk_bytes_max: u64,
    /// Bytes in memory while the disk refuses them; what is above is lost.
    pub memory_bytes_max: u64,
}

impl Default for SpoolLimits {
    fn default() -> Self {
        Self { disk_bytes_max: 4096 * MIB, memory_bytes_max: 64 * MIB }
    }
}

/// Why the spool cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The folder or a file in it cannot be used.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process holds the folder.
    #[error("{0} is in use by another tollgate process; give each its own --data folder")]
    InUse(PathBuf),
    /// An event cannot be written as JSON.
    #[error("an event cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl SpoolError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

/// The spool of this process.
#[derive(Debug)]
pub struct Spool {
    dir: PathBuf,
    id: String,
    /// The database has everything before.
    written: Cursor,
    limits: SpoolLimits,
    clock: Clock,
    state: Mutex<State>,
    /// Ends that the database does not have yet, as far as this process knows.
    pending: AtomicU64,
    arrived: Notify,
    /// Held for its lock on the folder.
    _lock: File,
}

#[derive(Debug)]
struct State {
    segment: SegmentWriter,
    /// Begins without an end, to be carried into the next segment.
    open: HashMap<Arc<str>, Vec<u8>>,
    /// Records the disk refused.
    overflow: Overflow,
    /// Size of the segments before this one.
    former_bytes: u64,
    /// Why it refused the last one.
    failure: Option<String>,
    /// When the oldest pending event came.
    pending_since: Option<Instant>,
    /// The database has what is before here.
    trimmed: Cursor,
}

impl State {
    const fn disk_bytes(&self) -> u64 {
        self.former_bytes.saturating_add(self.segment.len)
    }
}

/// How the spool is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolHealth {
    /// Events that wait for the database.
    pub pending: u64,
    /// Age of the oldest of them, in seconds.
    pub oldest_seconds: u64,
    /// Why the disk refuses events, where it does.
    pub failure: Option<String>,
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// Bytes in memory that the disk refuses.
    pub memory_bytes: u64,
    /// There is as much on disk as may be: no new call starts.
    pub is_full: bool,
}

impl Spool {
    /// Opens the spool in `dir`, made if missing, and books calls that a former process left in flight as interrupted.
    ///
    /// # Errors
    /// When the folder cannot be used, or is in use.
    pub fn open(dir: &Path, clock: Clock) -> Result<Arc<Self>, SpoolError> {
        Self::open_from(dir, clock, Cursor::default(), SpoolLimits::default())
    }

    /// The same for a spool of which the database has everything before `written`.
    ///
    /// # Errors
    /// When the folder cannot be used, or is in use.
    pub fn open_from(dir: &Path, clock: Clock, written: Cursor, limits: SpoolLimits) -> Result<Arc<Self>, SpoolError> {
        let id = id(dir)?;
        let lock = lock_folder(dir)?;
        let last_segment = segment::list(dir)?.last().copied().unwrap_or(0);
        // Somebody emptied the folder: its segments are numbered anew.
        let written = if written.segment > last_segment { Cursor::default() } else { written };
        let left = recover::scan(dir, written)?;
        let segment = SegmentWriter::create(dir, left.last_segment + 1)?;
        let spool = Arc::new(Self {
            dir: dir.to_owned(),
            id,
            written,
            limits,
            state: Mutex::new(State {
                segment,
                open: HashMap::new(),
                overflow: Overflow::new(limits.memory_bytes_max),
                former_bytes: left.bytes,
                failure: None,
                pending_since: (left.ends > 0).then(|| clock.monotonic()),
                trimmed: written,
            }),
            clock,
            pending: AtomicU64::new(left.ends),
            arrived: Notify::new(),
            _lock: lock,
        });
        for begin in left.interrupted {
            tracing::warn!(request_id = %begin.event.request_id, "a call was in flight when the process ended");
            spool.end(&begin.into_interrupted(spool.clock.now()))?;
        }
        Ok(spool)
    }

    /// Records that a call is sent to a provider. A later begin of the same call takes the place of an earlier one.
    ///
    /// # Errors
    /// When the record cannot be encoded.
    pub fn begin(&self, record: &BeginRecord<'_>) -> Result<(), SpoolError> {
        let bytes = segment::encode(b'B', record)?;
        let mut state = self.state.lock();
        self.append(&mut state, &bytes);
        state.open.insert(Arc::clone(&record.event.request_id), bytes);
        drop(state);
        Ok(())
    }

    /// Records that a call ended. When this returns, the event survives the end of the process, unless
    /// [`Spool::health`] reports a failure.
    ///
    /// # Errors
    /// When the record cannot be encoded.
    pub fn end(&self, event: &SpendEvent) -> Result<(), SpoolError> {
        let bytes = segment::encode(b'E', event)?;
        let mut state = self.state.lock();
        self.append(&mut state, &bytes);
        state.open.remove(&event.request_id);
        if state.pending_since.is_none() {
            state.pending_since = Some(self.clock.monotonic());
        }
        // Under the lock: the reader takes away what it has found.
        self.pending.fetch_add(1, Ordering::Relaxed);
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// Its id, under which the database notes how far it has been written.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The place before which the database had everything when this process started.
    #[must_use]
    pub const fn written(&self) -> Cursor {
        self.written
    }

    /// Time, as events are stamped with it.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The folder it is kept in.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Waits for an event to arrive. May return early.
    pub async fn wait(&self) {
        self.arrived.notified().await;
    }

    /// Whether calls may start: false when events pile up in memory because the disk refuses them, or on the disk
    /// because the database does not take them.
    #[must_use]
    pub fn is_accepting(&self) -> bool {
        let state = self.state.lock();
        state.overflow.is_empty() && state.disk_bytes() < self.limits.disk_bytes_max
    }

    /// Whether the database has every event before `cursor`, and before that nothing waits in memory for the disk.
    #[must_use]
    pub fn is_written_to(&self, cursor: &Cursor) -> bool {
        let state = self.state.lock();
        state.trimmed >= *cursor && state.overflow.is_empty()
    }

    /// What may wait on the disk, in bytes.
    #[must_use]
    pub const fn disk_bytes_max(&self) -> u64 {
        self.limits.disk_bytes_max
    }

    /// How the spool is doing.
    #[must_use]
    pub fn health(&self) -> SpoolHealth {
        let state = self.state.lock();
        let oldest = state.pending_since.map(|since| self.clock.monotonic().saturating_duration_since(since));
        SpoolHealth {
            pending: self.pending.load(Ordering::Relaxed),
            oldest_seconds: oldest.map_or(0, |age| age.as_secs()),
            failure: state.failure.clone(),
            disk_bytes: state.disk_bytes(),
            memory_bytes: state.overflow.bytes(),
            is_full: state.disk_bytes() >= self.limits.disk_bytes_max,
        }
    }

    /// Syncs the current segment to disk if it has changed, and retries what the disk refused.
    pub fn sync(&self) {
        let mut state = self.state.lock();
        self.drain_overflow(&mut state);
        let dirty = state.segment.take_dirty();
        drop(state);
        if let Some(Err(error)) = dirty.map(|file| file.sync_data()) {
            tracing::error!(%error, "the spool cannot be synced to disk");
        }
    }

    /// Notes that the database has everything up to `cursor`: `events` more ends than before.
    ///
    /// # Errors
    /// When a segment cannot be replaced or deleted.
    pub fn trim(&self, cursor: &Cursor, events: u64) -> Result<(), SpoolError> {
        let left = self.pending.fetch_sub(events, Ordering::Relaxed) - events;
        let mut state = self.state.lock();
        state.pending_since = (left > 0).then(|| self.clock.monotonic());
        state.trimmed = *cursor;
        let is_all_read = cursor.segment == state.segment.number && cursor.offset == state.segment.len;
        if is_all_read && state.segment.len >= SEGMENT_BYTES_TRIM {
            self.rotate(&mut state)?;
        }
        let keep_from = if is_all_read { state.segment.number } else { cursor.segment };
        drop(state);
        for number in segment::list(&self.dir)?.into_iter().filter(|number| *number < keep_from) {
            let path = segment::path(&self.dir, number);
            let size = std::fs::metadata(&path).map_or(0, |file| file.len());
            std::fs::remove_file(&path).map_err(SpoolError::io(&path))?;
            let mut state = self.state.lock();
            state.former_bytes = state.former_bytes.saturating_sub(size);
        }
        Ok(())
    }

    fn append(&self, state: &mut State, record: &[u8]) {
        self.drain_overflow(state);
        if !state.overflow.is_empty() {
            state.overflow.push(record);
        } else if let Err(error) = self.write(state, record) {
            tracing::error!(%error, "the spool's disk refuses events; they are kept in memory");
            state.failure = Some(error.to_string());
            state.overflow.push(record);
        }
    }

    fn drain_overflow(&self, state: &mut State) {
        while let Some(record) = state.overflow.pop() {
            if let Err(error) = self.write(state, &record) {
                state.failure = Some(error.to_string());
                state.overflow.put_back(record);
                return;
            }
        }
        if state.failure.take().is_some() {
            tracing::info!(dir = %self.dir.display(), "the spool's disk takes events again");
        }
    }

    fn write(&self, state: &mut State, record: &[u8]) -> Result<(), SpoolError> {
        if state.segment.len >= SEGMENT_BYTES_MAX || state.segment.is_torn {
            self.rotate(state)?;
        }
        state.segment.append(record).map_err(SpoolError::io(&self.dir))
    }

    /// Starts a new segment with the begins of the calls in flight: the old one may be deleted before they end.
    fn rotate(&self, state: &mut State) -> Result<(), SpoolError> {
        let mut next = SegmentWriter::create(&self.dir, state.segment.number + 1)?;
        for begin in state.open.values() {
            next.append(begin).map_err(SpoolError::io(&self.dir))?;
        }
        if let Some(file) = state.segment.take_dirty() {
            file.sync_data().map_err(SpoolError::io(&self.dir))?;
        }
        state.former_bytes = state.former_bytes.saturating_add(state.segment.len);
        state.segment = next;
        Ok(())
    }
}

fn lock_folder(dir: &Path) -> Result<File, SpoolError> {
    let path = dir.join("lock");
    let file = File::create(&path).map_err(SpoolError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(SpoolError::InUse(dir.to_owned())),
        Err(std::fs::TryLockError::Error(source)) => Err(SpoolError::Io { path, source }),
    }
}

#[cfg(test)]
mod tests;
