//! Files for others: put into a folder of this machine or a bucket that speaks S3, whole or not at all.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use object_store::aws::AmazonS3Builder;
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload, RetryConfig};
use tokio::io::AsyncWriteExt as _;

use crate::config::{BucketSettings, StorageSettings};

/// Parts of a large file, in bytes: as much as is in memory at once, twice. S3 takes 10,000 of them.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// Parts that are on their way at once.
const PARTS_AT_ONCE: usize = 2;

/// Why files cannot be put there.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The folder cannot be made.
    #[error("cannot use the folder {path}: {source}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It does not take files from us. What it says of that may name the access key: it is not repeated.
    #[error("access is denied: look at the credentials, and at what they may do")]
    Denied,
    /// It does not take a file.
    #[error(transparent)]
    Store(object_store::Error),
    /// The file could not be written to its end.
    #[error(transparent)]
    Io(std::io::Error),
    /// A file cannot be called so.
    #[error("a file cannot be called {0}")]
    Name(String),
}

impl From<object_store::Error> for StorageError {
    fn from(error: object_store::Error) -> Self {
        if is_denied(&error) { Self::Denied } else { Self::Store(error) }
    }
}

impl From<std::io::Error> for StorageError {
    fn from(error: std::io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        if inner.is_some_and(is_denied) { Self::Denied } else { Self::Io(error) }
    }
}

const fn is_denied(error: &object_store::Error) -> bool {
    matches!(error, object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. })
}

/// Where files are put.
#[derive(Clone)]
pub struct Storage {
    store: Arc<dyn ObjectStore>,
    prefix: String,
    address: String,
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Storage").field(&self.address).finish()
    }
}

impl Storage {
    /// Where the settings say. Whether a bucket is there shows when something is put into it.
    ///
    /// # Errors
    /// When a folder cannot be made, or a setting is none.
    pub fn open(settings: &StorageSettings) -> Result<Self, StorageError> {
        Self::open_with(settings, RetryConfig::default())
    }

    /// The same for whoever tries again by himself: each try is one.
    ///
    /// # Errors
    /// When a folder cannot be made, or a setting is none.
    pub fn open_for_retries(settings: &StorageSettings) -> Result<Self, StorageError> {
        Self::open_with(settings, RetryConfig { max_retries: 0, ..RetryConfig::default() })
    }

    fn open_with(settings: &StorageSettings, retries: RetryConfig) -> Result<Self, StorageError> {
        match settings {
            StorageSettings::Folder(path) => Self::folder(path),
            StorageSettings::Bucket(bucket) => Self::bucket(bucket, retries),
        }
    }

    fn folder(path: &std::path::Path) -> Result<Self, StorageError> {
        std::fs::create_dir_all(path).map_err(|source| StorageError::Folder { path: path.to_owned(), source })?;
        let store = LocalFileSystem::new_with_prefix(path)?.with_fsync(true);
        Ok(Self { store: Arc::new(store), prefix: String::new(), address: path.display().to_string() })
    }

    fn bucket(settings: &BucketSettings, retries: RetryConfig) -> Result<Self, StorageError> {
        // A session of the environment belongs to its keys, not to these.
        let builder = match settings.access_key_id {
            Some(_) => AmazonS3Builder::new(),
            None => AmazonS3Builder::from_env(),
        };
        let mut builder = builder.with_bucket_name(&settings.bucket).with_retry(retries);
        if let Some(region) = &settings.region {
            builder = builder.with_region(region);
        }
        if let Some(url) = &settings.endpoint_url {
            builder = builder.with_endpoint(url).with_allow_http(url.starts_with("http://"));
        }
        if let (Some(id), Some(secret)) = (&settings.access_key_id, &settings.secret_access_key) {
            builder = builder.with_access_key_id(id.expose()).with_secret_access_key(secret.expose());
        }
        if let Some(token) = &settings.session_token {
            builder = builder.with_token(token.expose());
        }
        let address = format!("s3://{}", [settings.bucket.as_str(), settings.prefix.as_str()].join("/"));
        let address = address.trim_end_matches('/').to_owned();
        Ok(Self { store: Arc::new(builder.build()?), prefix: settings.prefix.clone(), address })
    }

    /// Where it is, for people.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Where a file of this name is, for people.
    #[must_use]
    pub fn address_of(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }

    /// Puts a file there, or puts it in the place of the one that is called so. A name may have folders in it.
    ///
    /// # Errors
    /// When it is not taken: nothing of it is there then.
    pub async fn put(&self, name: &str, bytes: Bytes) -> Result<(), StorageError> {
        self.store.put(&self.path(name)?, PutPayload::from_bytes(bytes)).await?;
        Ok(())
    }

    /// A file that is put there piece by piece, however long it is.
    ///
    /// # Errors
    /// When it cannot be called so.
    pub fn file(&self, name: &str) -> Result<StoredFile, StorageError> {
        let path = self.path(name)?;
        let writer = BufWriter::with_capacity(Arc::clone(&self.store), path, PART_BYTES);
        Ok(StoredFile { writer: writer.with_max_concurrency(PARTS_AT_ONCE) })
    }

    fn path(&self, name: &str) -> Result<Path, StorageError> {
        let whole = if self.prefix.is_empty() { name.to_owned() } else { format!("{}/{name}", self.prefix) };
        Path::parse(whole).map_err(|_| StorageError::Name(name.to_owned()))
    }
}

/// A file that is being put somewhere. It is there when it is finished.
#[derive(Debug)]
pub struct StoredFile {
    writer: BufWriter,
}

impl StoredFile {
    /// Adds a piece.
    ///
    /// # Errors
    /// When it is not taken.
    pub async fn push(&mut self, bytes: Bytes) -> Result<(), StorageError> {
        Ok(self.writer.put(bytes).await?)
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// When it is not taken.
    pub async fn finish(mut self) -> Result<(), StorageError> {
        Ok(self.writer.shutdown().await?)
    }

    /// Leaves nothing of the file behind.
    pub async fn give_up(mut self) {
        if let Err(error) = self.writer.abort().await {
            tracing::warn!(%error, "what was put of a file that broke off may be left");
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
    use parking_lot::Mutex;

    use super::*;
    use crate::config::Secret;

    #[tokio::test]
    async fn a_file_in_a_folder_is_there_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(&StorageSettings::Folder(folder.path().join("made"))).unwrap();
        storage.put("a/small.csv", Bytes::from_static(b"1\n")).await.unwrap();
        assert_eq!(std::fs::read(folder.path().join("made/a/small.csv")).unwrap(), b"1\n");

        let (part, count) = (Bytes::from(vec![b'x'; 1024 * 1024]), 3 * PART_BYTES / (1024 * 1024) + 1);
        let place = folder.path().join("made/a/large.csv");
        let mut file = storage.file("a/large.csv").unwrap();
        for _ in 0..count {
            file.push(part.clone()).await.unwrap();
        }
        assert!(!place.exists());
        file.finish().await.unwrap();
        assert_eq!(std::fs::metadata(&place).unwrap().len(), u64::try_from(count * part.len()).unwrap());

        let mut file = storage.file("a/broken.csv").unwrap();
        for _ in 0..count {
            file.push(part.clone()).await.unwrap();
        }
        file.give_up().await;
        let left: Vec<_> = std::fs::read_dir(folder.path().join("made/a")).unwrap().collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }

    /// A bucket that takes parts, and says this of the whole.
    fn bucket(whole: (u16, &'static str)) -> (Storage, Arc<Mutex<Vec<String>>>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let data = web::Data::from(Arc::clone(&asked));
        let answer = move |http: HttpRequest, asked: web::Data<Mutex<Vec<String>>>| async move {
            asked.lock().push(format!("{} {}", http.method(), http.query_string()));
            let started = "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><UploadId>u</UploadId>\
                           </InitiateMultipartUploadResult>";
            let (status, said) = match (http.method().as_str(), http.query_string()) {
                ("POST", "uploads" | "uploads=") => (200, started),
                ("POST", _) => whole,
                ("DELETE", _) => (204, ""),
                _ => (200, ""),
            };
            let status = StatusCode::from_u16(status).unwrap();
            HttpResponse::build(status).insert_header(("etag", "\"e\"")).body(said)
        };
        let server = HttpServer::new(move || {
            let parts = web::PayloadConfig::new(2 * PART_BYTES);
            App::new().app_data(data.clone()).app_data(parts).default_service(web::to(answer))
        });
        let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
        let settings = BucketSettings {
            bucket: "b".to_owned(),
            prefix: String::new(),
            region: Some("eu-central-1".to_owned()),
            endpoint_url: Some(format!("http://{}", server.addrs()[0])),
            access_key_id: Some(Secret::new("AK")),
            secret_access_key: Some(Secret::new("SK")),
            session_token: None,
        };
        tokio::spawn(server.run());
        drop(rustls::crypto::ring::default_provider().install_default());
        (Storage::open_for_retries(&StorageSettings::Bucket(settings)).unwrap(), asked)
    }

    async fn put_in_parts(storage: &Storage) -> Result<(), StorageError> {
        let mut file = storage.file("large.csv").unwrap();
        for _ in 0..3 {
            file.push(Bytes::from(vec![b'x'; PART_BYTES])).await.unwrap();
        }
        file.finish().await
    }

    #[tokio::test]
    async fn parts_of_a_file_that_a_bucket_does_not_take_whole_are_taken_back() {
        let error = "<Error><Code>InternalError</Code><Message>try again</Message></Error>";
        // S3 may fail so late that its status is a good one.
        for whole in [(403, ""), (400, error), (200, error)] {
            let (storage, asked) = bucket(whole);
            assert!(put_in_parts(&storage).await.is_err(), "{whole:?}");
            let asked = asked.lock().clone();
            assert_eq!(asked.last().map(String::as_str), Some("DELETE uploadId=u"), "{whole:?}: {asked:?}");
        }
        let done = "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>";
        let (storage, asked) = bucket((200, done));
        put_in_parts(&storage).await.unwrap();
        assert!(asked.lock().iter().all(|asked| !asked.starts_with("DELETE")));
    }

    #[tokio::test]
    async fn no_name_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(&StorageSettings::Folder(folder.path().join("inside"))).unwrap();
        for name in ["../out.csv", "a/../../out.csv", "a//b.csv"] {
            assert!(storage.put(name, Bytes::new()).await.is_err(), "{name}");
        }
        assert!(!folder.path().join("out.csv").exists());
    }
}
