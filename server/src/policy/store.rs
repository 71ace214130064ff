//! Policies by key digest: cached, loaded once however many ask, forgotten when the key changes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;
use sea_orm::{DatabaseConnection, DbErr};

use super::{KeyBudget, ModelAccess, Policy, Window};
use crate::clock::Clock;
use crate::crypto::KeyDigest;
use crate::db;
use crate::domain::window::Span;

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
    db: DatabaseConnection,
    clock: Clock,
    time_zone: chrono_tz::Tz,
    master: (KeyDigest, Arc<Policy>),
    entries: Cache<KeyDigest, Entry>,
}

impl PolicyStore {
    /// A store over `db`. Calendar windows follow `time_zone`.
    #[must_use]
    pub fn new(db: DatabaseConnection, clock: Clock, master_key: KeyDigest, time_zone: chrono_tz::Tz) -> Self {
        let master = (master_key, Arc::new(Policy::master()));
        Self { db, clock, time_zone, master, entries: Cache::new(CAPACITY) }
    }

    /// The policy of a key. Only a key not in memory asks the database, and only once at a time.
    ///
    /// # Errors
    /// When there is no such key, or the database cannot say.
    pub async fn resolve(&self, digest: &KeyDigest) -> Result<Arc<Policy>, PolicyError> {
        if self.master.0.matches(digest) {
            return Ok(Arc::clone(&self.master.1));
        }
        if let Some(Entry::Unknown { since }) = self.entries.get(digest)
            && self.clock.monotonic().saturating_duration_since(since) >= UNKNOWN_FOR
        {
            self.entries.remove(digest);
        }
        let entry = self.entries.get_or_insert_async(digest, self.load(digest)).await?;
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
        let Some(key) = db::key::find(&self.db, &token).await? else {
            return Ok(Entry::Unknown { since: self.clock.monotonic() });
        };
        let window = key.budget_duration.as_deref().and_then(|text| Span::parse(text).ok()).map(|span| Window {
            span,
            anchor: key.budget_anchor_at,
            time_zone: self.time_zone,
            last: parking_lot::Mutex::new(None),
        });
        let window_start = window.as_ref().map(|window| window.bounds(self.clock.now()).0);
        let spent = db::budget_spend::spent(&self.db, "key", &token, window_start).await?;
        Ok(Entry::Known(Arc::new(Policy {
            token: Arc::from(token),
            key_alias: key.key_alias.as_deref().map(Arc::from),
            key_name: Arc::from(key.key_name.as_str()),
            user_id: key.user_id.as_deref().map(Arc::from),
            team_id: key.team_id.as_deref().map(Arc::from),
            organization_id: key.organization_id.as_deref().map(Arc::from),
            models: ModelAccess::from_list(&key.models.0),
            is_blocked: key.blocked,
            expires_at: key.expires_at,
            rpm_limit: key.rpm_limit,
            tpm_limit: key.tpm_limit,
            budget: KeyBudget {
                max: key.max_budget(),
                window,
                spent_at_load: spent,
                loaded_window_start: window_start,
            },
        })))
    }
}
