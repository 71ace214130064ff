//! Where files are put: a folder of this machine, or a bucket that speaks S3.

use std::path::PathBuf;

use super::reader::Item;
use super::secret::Secret;
use super::vocabulary;

/// How a bucket's address begins.
const BUCKET: &str = "s3://";

/// Where files are put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorageSettings {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket.
    Bucket(BucketSettings),
}

/// A bucket that speaks S3.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BucketSettings {
    /// What it is called.
    pub bucket: String,
    /// What names of files in it begin with; empty: nothing.
    pub prefix: String,
    /// Where it is; `None`: as the environment says, else `us-east-1`.
    pub region: Option<String>,
    /// Where it is reached, if it is not Amazon's.
    pub endpoint_url: Option<String>,
    /// `None`: what the environment, the container or the machine's role says.
    pub access_key_id: Option<Secret>,
    /// Belongs to it.
    pub secret_access_key: Option<Secret>,
    /// Of keys that end.
    pub session_token: Option<Secret>,
}

/// Reads `report_storage` and `call_storage`.
pub(super) fn read(item: &Item<'_>) -> Option<StorageSettings> {
    let mut section = item.section()?;
    let url = section.get("url");
    let read = BucketSettings {
        region: section.text("region"),
        endpoint_url: section.get("endpoint_url").and_then(|item| endpoint(&item)),
        access_key_id: section.secret("access_key_id"),
        secret_access_key: section.secret("secret_access_key"),
        session_token: section.secret("session_token"),
        ..BucketSettings::default()
    };
    if read.access_key_id.is_some() != read.secret_access_key.is_some() {
        item.error("expected access_key_id and secret_access_key, or neither");
    }
    section.finish(&vocabulary::TOLLGATE);
    let Some((url, text)) = url.and_then(|url| url.text().map(|text| (url, text))) else {
        if read != BucketSettings::default() {
            item.error("expected url: a folder such as \"/var/lib/tollgate/files\", or \"s3://bucket/prefix\"");
        }
        return None;
    };
    match place(&url, &text)? {
        StorageSettings::Bucket(at) => {
            Some(StorageSettings::Bucket(BucketSettings { bucket: at.bucket, prefix: at.prefix, ..read }))
        }
        folder @ StorageSettings::Folder(_) => Some(folder),
    }
}

fn place(item: &Item<'_>, text: &str) -> Option<StorageSettings> {
    let text = text.trim();
    if let Some(bucket) = text.strip_prefix(BUCKET) {
        let (bucket, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
        if bucket.is_empty() {
            item.error("expected a bucket, such as \"s3://bucket/prefix\"");
            return None;
        }
        let (bucket, prefix) = (bucket.to_owned(), folders(item, prefix)?);
        return Some(StorageSettings::Bucket(BucketSettings { bucket, prefix, ..BucketSettings::default() }));
    }
    let folder = PathBuf::from(text.strip_prefix("file://").unwrap_or(text));
    if !folder.is_absolute() {
        item.error(
            "expected a folder from the root on, such as \"/var/lib/tollgate/files\", or \"s3://bucket/prefix\"",
        );
        return None;
    }
    Some(StorageSettings::Folder(folder))
}

/// What names of files begin with: folders. Others are taken by no storage.
pub(super) fn folders(item: &Item<'_>, text: &str) -> Option<String> {
    let text = text.trim_matches('/');
    if !text.is_empty() && text.split('/').any(|folder| matches!(folder.trim(), "" | "." | "..")) {
        item.error("expected folders with one slash between them, such as \"logs/calls\"");
        return None;
    }
    Some(text.to_owned())
}

pub(super) fn endpoint(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    if !text.starts_with("http://") && !text.starts_with("https://") {
        item.error("expected an http or https address");
        return None;
    }
    Some(text)
}
