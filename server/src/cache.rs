//! Answers that are kept to be given again, and calls that wait for one that is on its way.
//!
//! Which calls have the same answer is not decided here: a [`Key`] says so, and `gateway::cache` makes it.

pub mod canonical;
mod entry;
mod flight;
mod local;
pub mod question;
mod redis;
mod vectors;

use std::sync::Arc;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::config::CacheSettings;
pub use entry::{Entry, EntryHead, Served};
pub use flight::{Boarding, Flights, Lead};
pub use local::LocalStore;
pub use redis::{Question, RedisStore, RedisStoreSettings};
pub use vectors::{Partition, Unit, Vectors};

/// Bytes of a [`Key`]'s digest.
const DIGEST_BYTES: usize = 32;

/// What an answer is kept under: the hash of all it depends on, behind its namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(Arc<str>);

impl Key {
    /// The key of what has this digest. The digest covers the namespace, too.
    #[must_use]
    pub fn new(namespace: Option<&str>, digest: [u8; DIGEST_BYTES]) -> Self {
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Self(namespace.map_or_else(|| Arc::from(hex.as_str()), |namespace| Arc::from(format!("{namespace}:{hex}"))))
    }

    /// A key as somebody names it.
    #[must_use]
    pub fn named(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// As it is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Hashes parts so that no two lists of parts hash alike.
#[must_use]
pub fn digest_of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; DIGEST_BYTES] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Redis cannot be asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CacheError {
    /// It did not answer, now or a moment ago.
    #[error("Redis is away")]
    Away,
    /// It refused.
    #[error("Redis refused: {0}")]
    Refused(String),
}

/// Where answers are kept.
#[derive(Debug)]
pub enum Store {
    /// In this process.
    Local(LocalStore),
    /// In Redis.
    Redis(Box<RedisStore>),
}

/// All that is cached.
#[derive(Debug)]
pub struct ResponseCache {
    /// What the configuration says; of where answers are kept, what it said at the start.
    pub settings: ArcSwap<CacheSettings>,
    /// The answers.
    pub store: Store,
    /// Calls on their way.
    pub flights: Flights,
    /// Questions by their meaning, where they are found by it.
    pub vectors: Option<Vectors>,
}

impl ResponseCache {
    /// An empty cache.
    #[must_use]
    pub fn new(settings: CacheSettings, store: Store) -> Self {
        let vectors_max = usize::try_from(settings.vectors_max).unwrap_or(usize::MAX);
        let vectors = settings.is_semantic.then(|| Vectors::new(vectors_max));
        Self { settings: ArcSwap::from_pointee(settings), store, flights: Flights::default(), vectors }
    }

    /// The name of its type.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match (&self.store, self.vectors.is_some()) {
            (Store::Local(_), false) => "local",
            (Store::Local(_), true) => "local-semantic",
            (Store::Redis(_), false) => "redis",
            (Store::Redis(_), true) => "redis-semantic",
        }
    }

    /// The answers under `keys` that are fresh at `now`, in their order. Redis away is as good as nothing kept.
    pub async fn get(&self, keys: &[Key], now: DateTime<Utc>) -> Vec<Option<Arc<Entry>>> {
        let mut found = match &self.store {
            Store::Local(local) => keys.iter().map(|key| local.get(key)).collect(),
            Store::Redis(redis) => match redis.get(keys).await {
                Ok(found) => found,
                Err(_) => vec![None; keys.len()],
            },
        };
        for entry in &mut found {
            entry.take_if(|entry| !entry.is_fresh(now));
        }
        found
    }

    /// Keeps answers, if they are not too long. Where Redis is away they are lost.
    pub async fn put(&self, entries: &[(Key, Arc<Entry>)]) {
        let bytes_max = usize::try_from(self.settings.load().max_entry_bytes).unwrap_or(usize::MAX);
        let fitting = entries.iter().filter(|(_, entry)| entry.bytes().len() <= bytes_max);
        match &self.store {
            Store::Local(local) => fitting.for_each(|(key, entry)| local.put(key.clone(), Arc::clone(entry))),
            Store::Redis(redis) => {
                let fitting: Vec<(Key, Arc<Entry>)> = fitting.cloned().collect();
                if !fitting.is_empty() {
                    // Said once, where the connection is lost.
                    drop(redis.put(&fitting).await);
                }
            }
        }
    }

    /// The question of `partition` most like this one, and how much, as the cosine of their vectors.
    pub async fn nearest(&self, partition: &Partition, vector: &Unit, now: DateTime<Utc>) -> Option<(Key, f32)> {
        let vectors = self.vectors.as_ref()?;
        if let Store::Redis(redis) = &self.store {
            let news = redis.questions_after(partition, &vectors.seen(partition)).await.unwrap_or_default();
            for Question { place, key, vector, expires_ms } in news {
                vectors.see(*partition, place);
                vectors.add(*partition, vector, key, expires_ms);
            }
        }
        vectors.nearest(partition, vector, now)
    }

    /// Holds a question whose answer is under `key` until then, in milliseconds since 1970.
    pub async fn hold(&self, partition: Partition, vector: Unit, key: Key, expires_ms: i64) {
        let Some(vectors) = &self.vectors else { return };
        match &self.store {
            Store::Local(_) => vectors.add(partition, vector, key, expires_ms),
            // This node reads it there like all others.
            Store::Redis(redis) => drop(redis.add_question(&partition, &vector, &key, expires_ms).await),
        }
    }

    /// Forgets a question whose answer is gone.
    pub fn forget(&self, partition: &Partition, key: &Key) {
        if let Some(vectors) = &self.vectors {
            vectors.forget(partition, key);
        }
    }

    /// Forgets the answers under `keys`; how many there were.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn delete(&self, keys: &[Key]) -> Result<u64, CacheError> {
        match &self.store {
            Store::Local(local) => Ok(keys.iter().map(|key| u64::from(local.delete(key))).sum()),
            Store::Redis(redis) => redis.delete(keys).await,
        }
    }

    /// Forgets all answers.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn flush(&self) -> Result<(), CacheError> {
        if let Some(vectors) = &self.vectors {
            vectors.clear();
        }
        match &self.store {
            Store::Local(local) => {
                local.clear();
                Ok(())
            }
            Store::Redis(redis) => redis.flush().await,
        }
    }

    /// Whether answers can be kept now.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn ping(&self) -> Result<(), CacheError> {
        match &self.store {
            Store::Local(_) => Ok(()),
            Store::Redis(redis) => redis.ping().await,
        }
    }
}
