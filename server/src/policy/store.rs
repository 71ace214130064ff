//! Policies by key digest, and what keys share: cached, loaded once however many ask, forgotten when it changes.

mod entities;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use quick_cache::sync::Cache;
use sea_orm::DbErr;

use super::load::Loader;
use super::{AccessGroups, Bulletin, CallPolicy, Entity, EntityKind, GATEWAY, Policy, Secret};
use crate::clock::Clock;
use crate::crypto::KeyDigest;
use entities::Entities;

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
    /// What limits the call is not in memory and the database is away.
    #[error("limits cannot be looked up: {0}")]
    Database(#[from] DbErr),
}

#[derive(Clone, Debug)]
enum Entry {
    Known { policy: Arc<Policy>, generation: u64 },
    Unknown { since: Instant },
}

/// The policies of this node.
#[derive(Debug)]
pub struct PolicyStore {
    clock: Clock,
    loader: Loader,
    master: (KeyDigest, Arc<Policy>),
    entries: Cache<KeyDigest, Entry>,
    entities: Entities,
    /// Larger after every change of a reusable budget: what may be attached to it is read anew.
    generation: AtomicU64,
    bulletin: Bulletin,
    access_groups: ArcSwap<AccessGroups>,
    /// Under which digests keys are in `entries` besides their ids: secrets that they were given later.
    secrets: Mutex<HashMap<String, Vec<KeyDigest>>>,
}

impl PolicyStore {
    /// A store of what `loader` reads.
    #[must_use]
    pub fn new(loader: Loader, clock: Clock, master_key: KeyDigest, bulletin: Bulletin) -> Self {
        let master = (master_key, Arc::new(Policy::master()));
        Self {
            clock,
            loader,
            master,
            entries: Cache::new(CAPACITY),
            entities: Entities::default(),
            generation: AtomicU64::new(0),
            bulletin,
            access_groups: ArcSwap::default(),
            secrets: Mutex::new(HashMap::new()),
        }
    }

    /// Names for several models that are in force.
    #[must_use]
    pub fn access_groups(&self) -> Arc<AccessGroups> {
        self.access_groups.load_full()
    }

    /// Puts other names for several models in force.
    pub fn set_access_groups(&self, groups: AccessGroups) {
        self.access_groups.store(Arc::new(groups));
    }

    /// Reads what every call needs, so that the first one finds it in memory.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn warm(&self) -> Result<(), PolicyError> {
        self.entity(EntityKind::Gateway, GATEWAY).await.map(drop)
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
            Some(Entry::Known { policy, generation }) => {
                if policy.budget_id.is_none() || generation == self.generation() {
                    return Ok(policy);
                }
                self.entries.remove(digest);
            }
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
            Entry::Known { policy, .. } => Ok(policy),
            Entry::Unknown { .. } => Err(PolicyError::Unknown),
        }
    }

    /// The policy of the key with this id, where it is in memory.
    #[must_use]
    pub fn known_key(&self, token: &str) -> Option<Arc<Policy>> {
        let own = KeyDigest::from_hex(token)?;
        let rotated = self.secrets.lock().get(token).cloned().unwrap_or_default();
        let mut entries = std::iter::once(own).chain(rotated).filter_map(|digest| self.entries.peek(&digest));
        entries.find_map(|entry| match entry {
            Entry::Known { policy, .. } => Some(policy),
            Entry::Unknown { .. } => None,
        })
    }

    /// The policy of a key without limits of its own that would belong to this user and team.
    #[must_use]
    pub fn of_principal(&self, user_id: Option<&str>, team_id: Option<&str>) -> Arc<Policy> {
        Arc::new(Policy::of_principal(user_id, team_id))
    }

    /// All that limits a call by the key of `policy` for `end_user` with `tags`. Where everything is in memory, the
    /// database is not asked.
    ///
    /// # Errors
    /// When the database cannot say.
    pub async fn call(
        &self,
        policy: Arc<Policy>,
        end_user: Option<&str>,
        tags: &[Arc<str>],
    ) -> Result<CallPolicy, PolicyError> {
        let team = self.entity_of(EntityKind::Team, policy.team_id.as_deref()).await?;
        let organization_id = organization_of(&policy.organization_id, team.as_deref());
        let organization = self.entity_of(EntityKind::Organization, organization_id.as_deref()).await?;
        let organization_id = organization.as_ref().map(|organization| Arc::clone(&organization.id));
        let key = self.current_key(policy, organization.as_deref()).await?;
        let mut entities = Vec::with_capacity(7 + tags.len());
        let own = [
            self.entity_of(EntityKind::TeamMember, key.member_id.as_deref()).await?,
            self.organization_member(organization.as_deref(), key.user_id.as_deref()).await?,
            self.entity_of(EntityKind::User, key.user_id.as_deref()).await?,
            team,
        ];
        for entity in own {
            entities.extend(self.current(entity, organization.as_deref()).await?);
        }
        entities.extend(organization);
        let named = end_user.map(|id| (EntityKind::Customer, id)).into_iter();
        for (kind, id) in named.chain(tags.iter().map(|tag| (EntityKind::Tag, &**tag))) {
            entities.extend(self.entity(kind, id).await?);
        }
        entities.extend(self.entity(EntityKind::Gateway, GATEWAY).await?);
        Ok(CallPolicy { key, entities, organization_id, is_aside: false, access_groups: self.access_groups() })
    }

    /// What limits there are for calls served by these providers.
    ///
    /// # Errors
    /// When the database cannot say.
    pub async fn providers(&self, names: impl Iterator<Item = &str>) -> Result<Vec<Arc<Entity>>, PolicyError> {
        let mut limited: Vec<Arc<Entity>> = Vec::new();
        for name in names {
            if !limited.iter().any(|known| &*known.id == name) {
                limited.extend(self.entity(EntityKind::Provider, name).await?);
            }
        }
        Ok(limited)
    }

    /// What is known of an entity is not true any more: it was changed here, and the change is in the database. The next
    /// call reads it anew, and other nodes are told. `kind` and `id` are as in `policy_changes`.
    pub fn changed(&self, kind: &str, id: &str) {
        self.forget(kind, id);
        self.bulletin.post();
    }

    /// Where changes are announced to other nodes, and theirs are heard.
    #[must_use]
    pub const fn bulletin(&self) -> &Bulletin {
        &self.bulletin
    }

    /// A load under way is not kept either.
    fn forget_key(&self, digest: &KeyDigest) {
        for secret in self.secrets.lock().remove(&digest.to_hex()).unwrap_or_default() {
            self.forget_entry(&secret);
        }
        self.forget_entry(digest);
    }

    fn forget_entry(&self, digest: &KeyDigest) {
        // What organizations a user belongs to follows from their keys.
        if let Some((_, Entry::Known { policy, .. })) = self.entries.remove(digest)
            && let Some(user_id) = &policy.user_id
        {
            self.entities.forget(EntityKind::User, user_id);
        }
    }

    /// Forgets what is known of an entity that was changed on any node; `kind` and `id` are as in `policy_changes`.
    pub fn forget(&self, kind: &str, id: &str) {
        match (kind, EntityKind::from_name(kind)) {
            ("key", _) => {
                if let Some(digest) = KeyDigest::from_hex(id) {
                    self.forget_key(&digest);
                }
            }
            ("budget", _) => {
                self.generation.fetch_add(1, Ordering::AcqRel);
            }
            (_, Some(kind)) => self.entities.forget(kind, id),
            (_, None) => {}
        }
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    async fn load(&self, digest: &KeyDigest) -> Result<Entry, PolicyError> {
        let generation = self.generation();
        let (token, secret) = self.secret(digest).await?;
        let Some(key) = self.loader.read_key(&token).await? else {
            return Ok(Entry::Unknown { since: self.clock.monotonic() });
        };
        let team = self.entity_of(EntityKind::Team, key.team_id.as_deref()).await?;
        let organization_id = organization_of(&key.organization_id.as_deref().map(Arc::from), team.as_deref());
        let organization = self.entity_of(EntityKind::Organization, organization_id.as_deref()).await?;
        let time_zone = self.time_zone_of(organization.as_deref());
        let policy = self.loader.key(key, secret, time_zone, self.clock.now()).await?;
        Ok(Entry::Known { policy: Arc::new(policy), generation })
    }
}

impl PolicyStore {
    /// The id of the key that has the secret with this digest, and what is to be known of the secret.
    async fn secret(&self, digest: &KeyDigest) -> Result<(String, Option<Box<Secret>>), PolicyError> {
        let own = digest.to_hex();
        let mut found = self.loader.read_secret(&own).await?;
        if let Some(secret) = found.as_ref().filter(|secret| secret.token != own) {
            // Noted before it is read for good: a change from now on reaches what is read here.
            self.note_secret(secret.token.clone(), *digest);
            found = self.loader.read_secret(&own).await?;
        }
        let ends_at = found.as_ref().and_then(|secret| secret.expires_at);
        let token = found.map_or_else(|| own.clone(), |secret| secret.token);
        let secret = Secret { digest: (token != own).then_some(*digest), ends_at };
        Ok((token, (secret != Secret::default()).then(|| Box::new(secret))))
    }

    fn note_secret(&self, token: String, digest: KeyDigest) {
        let mut all = self.secrets.lock();
        let noted = all.entry(token).or_default();
        if !noted.contains(&digest) {
            noted.push(digest);
        }
    }
}

/// A call's organization: its key's, or else its team's.
fn organization_of(own: &Option<Arc<str>>, team: Option<&Entity>) -> Option<Arc<str>> {
    own.clone().or_else(|| team?.organizations.first().cloned())
}
