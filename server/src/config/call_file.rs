//! `litellm_settings.s3_callback_params`: where the callback `s3` puts files of calls, in LiteLLM's words.

use std::time::Duration;

use super::reader::Item;
use super::storage::{BucketSettings, StorageSettings, endpoint, folders};
use super::vocabulary;

/// Calls of one file at most.
const CALLS_MAX: u64 = 5_000;
/// How long a call may wait to be in a file, in seconds.
const WAIT_SECONDS_MAX: u64 = 600;

/// Files of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallFileSettings {
    /// Where they are put. Default: nowhere.
    pub storage: Option<StorageSettings>,
    /// How long the first call of a file waits for others (`s3_flush_interval`). Default: 10 seconds.
    pub wait: Duration,
    /// Calls of one file at most (`s3_batch_size`). Default: 512.
    pub calls_max: usize,
    /// There is a folder for each team, by its alias (`s3_use_team_prefix`). Default: no.
    pub has_team_folders: bool,
    /// There is a folder for each key, by its alias (`s3_use_key_prefix`). Default: no.
    pub has_key_folders: bool,
}

impl Default for CallFileSettings {
    fn default() -> Self {
        Self {
            storage: None,
            wait: Duration::from_secs(10),
            calls_max: 512,
            has_team_folders: false,
            has_key_folders: false,
        }
    }
}

pub(super) fn read(item: &Item<'_>) -> CallFileSettings {
    let default = CallFileSettings::default();
    let Some(mut section) = item.section() else { return default };
    let prefix = section.get("s3_path").and_then(|item| folders(&item, &item.text()?)).unwrap_or_default();
    let read = BucketSettings {
        bucket: section.text("s3_bucket_name").unwrap_or_default(),
        prefix,
        region: section.text("s3_region_name"),
        endpoint_url: section.get("s3_endpoint_url").and_then(|item| endpoint(&item)),
        access_key_id: section.secret("s3_aws_access_key_id"),
        secret_access_key: section.secret("s3_aws_secret_access_key"),
        session_token: section.secret("s3_aws_session_token"),
    };
    if read.access_key_id.is_some() != read.secret_access_key.is_some() {
        item.error("expected s3_aws_access_key_id and s3_aws_secret_access_key, or neither");
    }
    let wait = section.whole("s3_flush_interval", 1..=WAIT_SECONDS_MAX).map_or(default.wait, Duration::from_secs);
    let calls = section.whole("s3_batch_size", 1..=CALLS_MAX);
    let calls_max = calls.and_then(|calls| usize::try_from(calls).ok()).unwrap_or(default.calls_max);
    let has_team_folders = section.boolean("s3_use_team_prefix", default.has_team_folders);
    let has_key_folders = section.boolean("s3_use_key_prefix", default.has_key_folders);
    section.finish(&vocabulary::CALL_FILES);
    let storage = (!read.bucket.is_empty()).then_some(StorageSettings::Bucket(read));
    CallFileSettings { storage, wait, calls_max, has_team_folders, has_key_folders }
}
