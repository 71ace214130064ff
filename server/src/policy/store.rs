//! Policies by key digest: cached, loaded once however many ask, forgotten when the key changes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;
use sea_orm::DbErr;

use super::Policy;
use super::load::Loader;
use crate::clock::Clock;
use crate::crypto::KeyDigest;

/// Policies kept; the least useful go first.
const CAPACITY: usize = 500_000;
/// How long an unknown key is remembered as such.
const UNKNOWN_FOR: Duration = Duration::from_secs(30);

/// Why a key has no policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// No such key.
    #[error("no such key")]
    Unknown,
    /// The key is not in memory and the database is away.
    #[error("the key cannot be looked up: {0}")]
    Database(#[from] DbErr),
}

#[derive(Clone, Debug)]
enum Entry {
    Known(Arc<Policy>),
    Unknown { since: Instant },
}

/// The policies of this node.
#[derive(Debug)]
pub struct PolicyStore {
    clock: Clock,
    loader: Loader,
    master: (KeyDigest, Arc<Policy>),
    entries: Cache<KeyDigest, Entry>,
}

impl PolicyStore {
    /// A store of what `loader` reads.
    #[must_use]
    pub fn new(loader: Loader, clock: Clock, master_key: KeyDigest) -> Self {
        let master = (master_key, Arc::new(Policy::master(Arc::clone(&loader.gateway))));
        Self { clock, loader, master, entries: Cache::new(CAPACITY) }
    }

    /// The policy of a key. Only a key not in memory asks the database, and only once at a time.
    ///
    /// # Errors
    /// When there is no such key, or the database cannot say.
    pub async fn resolve(&self, digest: &KeyDigest) -> Result<Arc<Policy>, PolicyError> {
        if self.master.0.matches(digest) {
            return Ok(Arc::clone(&self.master.1));
        }
        match self.entries.get(digest) {
            Some(Entry::Known(policy)) => return Ok(policy),
            Some(Entry::Unknown { since }) => {
                if self.clock.monotonic().saturating_duration_since(since) < UNKNOWN_FOR {
                    return Err(PolicyError::Unknown);
                }
                self.entries.remove(digest);
            }
            None => {}
        }
        // Boxed: what reading takes would be carried around by every call that need not read.
        let entry = Box::pin(self.entries.get_or_insert_async(digest, self.load(digest))).await?;
        match entry {
            Entry::Known(policy) => Ok(policy),
            Entry::Unknown { .. } => Err(PolicyError::Unknown),
        }
    }

    /// Forgets what is known of a key: the next call reads it anew. A load under way is not kept either.
    pub fn invalidate(&self, digest: &KeyDigest) {
        self.entries.remove(digest);
    }

    async fn load(&self, digest: &KeyDigest) -> Result<Entry, PolicyError> {
        let token = digest.to_hex();
        Ok(match self.loader.key(&token, self.clock.now()).await? {
            Some(policy) => Entry::Known(Arc::new(policy)),
            None => Entry::Unknown { since: self.clock.monotonic() },
        })
    }
}
