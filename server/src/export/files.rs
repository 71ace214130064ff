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
use crate::crypto::KeyDigest;
use crate::storage::{Storage, StorageError};

/// How long putting a file may take.
const PUT_TIMEOUT: Duration = Duration::from_secs(30);
/// What the calls of one file asked and were answered at most, in bytes: a quarter of what may wait.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Characters of a reason that are shown.
const REASON_CHARS_MAX: usize = 240;
/// Longest name of a folder: file systems take 255, and a bucket 1,024 for all of a file's.
const FOLDER_BYTES_MAX: usize = 200;
/// Digits of the hash that a cut one ends with.
const FOLDER_HASH: usize = 16;

/// Where files of calls are put.
#[derive(Clone, Debug)]
pub(super) struct Files {
    storage: Storage,
    /// What makes a file.
    pub(super) pace: Pace,
    /// There is a folder for each team.
    has_team_folders: bool,
    /// There is a folder for each key.
    has_key_folders: bool,
}

pub(super) fn read(settings: &CallFileSettings) -> Result<Files, DestinationError> {
    let missing = DestinationError::NotSet("litellm_settings.s3_callback_params.s3_bucket_name");
    let storage = settings.storage.as_ref().ok_or(missing)?;
    let storage = Storage::open_for_retries(storage).map_err(|error| DestinationError::Storage(error.to_string()))?;
    let pace = Pace { wait: settings.wait, calls: settings.calls_max, bytes: FILE_BYTES_MAX };
    let CallFileSettings { has_team_folders, has_key_folders, .. } = *settings;
    Ok(Files { storage, pace, has_team_folders, has_key_folders })
}

impl Files {
    /// A file for each folder and day that calls began on, in UTC.
    pub(super) fn messages(&self, calls: &[Call]) -> Vec<Message> {
        let mut calls: Vec<(String, &Call)> = calls.iter().map(|call| (self.folder(call), call)).collect();
        calls.sort_by(|(folder, call), (other, next)| {
            folder.cmp(other).then(call.event().start_time.cmp(&next.event().start_time))
        });
        let files = calls.chunk_by(|one, next| one.0 == next.0);
        files.filter_map(|calls| self.file(calls)).collect()
    }

    /// The folder that a call is in: of its team, of its key, and of its day.
    fn folder(&self, call: &Call) -> String {
        let event = call.event();
        let team = call.names.team.as_deref().filter(|_| self.has_team_folders);
        let key = event.key_alias.as_deref().filter(|_| self.has_key_folders);
        let names = [team, key].into_iter().flatten().filter(|name| !name.is_empty());
        let folders: String = names.map(|name| format!("{}/", folder_called(name))).collect();
        format!("{folders}{}", event.start_time.format("%Y-%m-%d"))
    }

    /// It is called after its first call, which is in no other: what is put again takes its own place.
    fn file(&self, calls: &[(String, &Call)]) -> Option<Message> {
        let (folder, first) = calls.first()?;
        let began = first.event().start_time.format("%H-%M-%S-%6f");
        let name = format!("{folder}/time-{began}_{}.jsonl", first.event().request_id);
        let lines: String = calls.iter().map(|(_, call)| format!("{}\n", webhook::payload(call))).collect();
        let place = Place::File { storage: self.storage.clone(), name };
        Some(Message { place, body: Bytes::from(lines), calls: calls.len() })
    }
}

/// An alias as one folder, whatever is in it, and none outside. One that is too long for a name on disk is cut, and ends with
/// a hash of all of it.
fn folder_called(alias: &str) -> String {
    let is_dots = alias.chars().all(|character| character == '.');
    let is_escaped = |character: char| matches!(character, '/' | '\\' | '%') || character.is_control() || is_dots;
    let escaped = |character: char| match is_escaped(character) {
        true => format!("%{:02X}", u32::from(character)),
        false => character.to_string(),
    };
    let folder: String = alias.chars().map(escaped).collect();
    if folder.len() <= FOLDER_BYTES_MAX {
        return folder;
    }
    let hash: String = KeyDigest::of(alias).to_hex().chars().take(FOLDER_HASH).collect();
    let kept = folder.floor_char_boundary(FOLDER_BYTES_MAX - FOLDER_HASH - 1);
    format!("{}-{hash}", folder.split_at(kept).0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_is_one_folder_that_a_disk_takes() {
        for (alias, folder) in [
            ("Search", "Search"),
            ("a/b%c", "a%2Fb%25c"),
            ("..", "%2E%2E"),
            (".", "%2E"),
            ("検索 ü", "検索 ü"),
            ("a\nb", "a%0Ab"),
        ] {
            assert_eq!(folder_called(alias), folder);
        }
        let [one, other] = ["検".repeat(255), format!("{}索", "検".repeat(254))].map(|alias| folder_called(&alias));
        assert!(one.len() <= FOLDER_BYTES_MAX && other.len() <= FOLDER_BYTES_MAX && one != other, "{one} {other}");
    }
}
