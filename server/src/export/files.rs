//! `s3`: calls as lines of JSON in files, in a bucket or a folder of this machine: a folder for each day.

use std::time::Duration;

use bytes::Bytes;
use object_store::Error as StoreError;
use tokio::time::timeout;

use super::call::Call;
use super::destination::{DestinationError, Message, Pace, Place};
use super::send::NotTaken;
use super::webhook;
use crate::config::CallFileSettings;
use crate::storage::{Storage, StorageError};

/// How long putting a file may take.
const PUT_TIMEOUT: Duration = Duration::from_secs(30);
/// What the calls of one file asked and were answered at most, in bytes: a quarter of what may wait.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Characters of a reason that are shown.
const REASON_CHARS_MAX: usize = 240;

/// Where files of calls are put.
#[derive(Clone, Debug)]
pub(super) struct Files {
    storage: Storage,
    /// What makes a file.
    pub(super) pace: Pace,
}

pub(super) fn read(settings: &CallFileSettings) -> Result<Files, DestinationError> {
    let missing = DestinationError::NotSet("litellm_settings.s3_callback_params.s3_bucket_name");
    let storage = settings.storage.as_ref().ok_or(missing)?;
    let storage = Storage::open_for_retries(storage).map_err(|error| DestinationError::Storage(error.to_string()))?;
    let pace = Pace { wait: settings.wait, calls: settings.calls_max, bytes: FILE_BYTES_MAX };
    Ok(Files { storage, pace })
}

impl Files {
    /// A file for each day that calls began on, in UTC.
    pub(super) fn messages(&self, calls: &[Call]) -> Vec<Message> {
        let mut calls: Vec<&Call> = calls.iter().collect();
        calls.sort_by_key(|call| call.event().start_time);
        let days =
            calls.chunk_by(|one, next| one.event().start_time.date_naive() == next.event().start_time.date_naive());
        days.filter_map(|day| self.file(day)).collect()
    }

    /// It is called after its first call, which is in no other: what is put again takes its own place.
    fn file(&self, calls: &[&Call]) -> Option<Message> {
        let first = calls.first()?.event();
        let name = format!("{}_{}.jsonl", first.start_time.format("%Y-%m-%d/time-%H-%M-%S-%6f"), first.request_id);
        let lines: String = calls.iter().map(|call| format!("{}\n", webhook::payload(call))).collect();
        let place = Place::File { storage: self.storage.clone(), name };
        Some(Message { place, body: Bytes::from(lines), calls: calls.len() })
    }
}

/// Puts a file there, once.
pub(super) async fn put(storage: &Storage, name: &str, body: Bytes) -> Result<(), NotTaken> {
    let (reason, may_pass) = match timeout(PUT_TIMEOUT, storage.put(name, body)).await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => (error.to_string(), may_pass(&error)),
        Err(_) => ("it does not answer in time".to_owned(), true),
    };
    let reason = reason.chars().filter(|one| !one.is_control()).take(REASON_CHARS_MAX).collect();
    Err(NotTaken { reason, may_pass, retry_after: None })
}

/// Whoever is not let in today is not a moment later.
const fn may_pass(error: &StorageError) -> bool {
    !matches!(
        error,
        StorageError::Name(_)
            | StorageError::Denied
            | StorageError::Store(StoreError::NotFound { .. } | StoreError::InvalidPath { .. })
    )
}
