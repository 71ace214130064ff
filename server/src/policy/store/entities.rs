//! Users, teams and whatever else carries limits: many keys share one, and each is loaded once.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use chrono_tz::Tz;
use futures_util::future::BoxFuture;
use quick_cache::Equivalent;
use quick_cache::sync::Cache;

use super::{PolicyError, PolicyStore};
use crate::counters::Scope;
use crate::crypto::KeyDigest;
use crate::policy::{Account, CallPolicy, Entity, EntityKind, Policy, member_id};

/// Entities kept; the least useful go first.
const CAPACITY: usize = 100_000;
/// Stands for all entities of a kind; no entity has it as its id.
const ANY: &str = "";

/// What is in memory.
#[derive(Debug)]
pub(super) struct Entities(Cache<EntityKey, Known>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct EntityKey {
    kind: EntityKind,
    id: Arc<str>,
}

/// The same, borrowed.
struct EntityRef<'a> {
    kind: EntityKind,
    id: &'a str,
}

impl Hash for EntityKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        EntityRef { kind: self.kind, id: &self.id }.hash(state);
    }
}

impl Hash for EntityRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind.hash(state);
        self.id.hash(state);
    }
}

impl Equivalent<EntityKey> for EntityRef<'_> {
    fn equivalent(&self, key: &EntityKey) -> bool {
        self.kind == key.kind && *self.id == *key.id
    }
}

#[derive(Clone, Debug)]
struct Known {
    /// `None`: it has no limits, and is not charged.
    entity: Option<Arc<Entity>>,
    /// Of [`ANY`]: whether limits are set for any entity of the kind.
    has_any: bool,
    generation: u64,
}

impl Default for Entities {
    fn default() -> Self {
        Self(Cache::new(CAPACITY))
    }
}

impl Entities {
    /// Forgets an entity, and what depends on it.
    pub(super) fn forget(&self, kind: EntityKind, id: &str) {
        self.0.remove(&EntityRef { kind, id });
        if kind.is_seldom_limited() {
            self.0.remove(&EntityRef { kind, id: ANY });
        }
        if let (EntityKind::TeamMember, Some((_, user))) = (kind, id.split_once('/')) {
            self.0.remove(&EntityRef { kind: EntityKind::User, id: user });
        }
    }
}

impl PolicyStore {
    /// The entity with this id, where it is in memory and charged for calls.
    #[must_use]
    pub fn known_entity(&self, kind: EntityKind, id: &str) -> Option<Arc<Entity>> {
        self.entities.0.peek(&EntityRef { kind, id })?.entity
    }

    /// The scopes that the entity, or the key and all it belongs to, is charged in now; none where it is not known.
    ///
    /// # Errors
    /// When the database cannot say.
    pub async fn scopes_of(&self, kind: &str, id: &str) -> Result<Vec<Scope>, PolicyError> {
        let now = self.clock.now();
        let scopes = |account: &Account| account.all().map(|limited| limited.scope(now)).collect::<Vec<_>>();
        if let Some(digest) = KeyDigest::from_hex(id).filter(|_| kind == "key") {
            let policy = match self.resolve(&digest).await {
                Err(PolicyError::Unknown) => return Ok(Vec::new()),
                found => found?,
            };
            let CallPolicy { key, entities, .. } = self.call(policy, None, &[]).await?;
            let accounts = std::iter::once(&key.account).chain(entities.iter().map(|entity| &entity.account));
            return Ok(accounts.flat_map(scopes).collect());
        }
        let Some(kind) = EntityKind::from_name(kind) else { return Ok(Vec::new()) };
        let entity = self.entity(kind, id).await?;
        Ok(entity.map(|entity| scopes(&entity.account)).unwrap_or_default())
    }

    /// The entity with this id, where there is an id and the entity is charged for calls.
    pub(super) async fn entity_of(
        &self,
        kind: EntityKind,
        id: Option<&str>,
    ) -> Result<Option<Arc<Entity>>, PolicyError> {
        match id {
            Some(id) => self.entity(kind, id).await,
            None => Ok(None),
        }
    }

    /// The entity with this id, where it is charged for calls.
    pub(super) async fn entity(&self, kind: EntityKind, id: &str) -> Result<Option<Arc<Entity>>, PolicyError> {
        if id == ANY {
            return Ok(None);
        }
        if kind.is_seldom_limited() && !self.known(kind, ANY).await?.has_any {
            return Ok(None);
        }
        Ok(self.known(kind, id).await?.entity)
    }

    /// The user as a member of the organization, where that is limited.
    pub(super) async fn organization_member(
        &self,
        organization: Option<&Entity>,
        user_id: Option<&str>,
    ) -> Result<Option<Arc<Entity>>, PolicyError> {
        let Some((organization, user_id)) = organization.zip(user_id) else { return Ok(None) };
        if !self.known(EntityKind::OrganizationMember, ANY).await?.has_any {
            return Ok(None);
        }
        self.entity(EntityKind::OrganizationMember, &member_id(&organization.id, user_id)).await
    }

    async fn known(&self, kind: EntityKind, id: &str) -> Result<Known, PolicyError> {
        let generation = self.generation();
        let key = EntityRef { kind, id };
        match self.entities.0.get(&key) {
            Some(known) if known.generation == generation => return Ok(known),
            Some(_) => drop(self.entities.0.remove_if(&key, |known| known.generation != generation)),
            None => {}
        }
        let key = EntityKey { kind, id: Arc::from(id) };
        Box::pin(self.entities.0.get_or_insert_async(&key, self.load_boxed(kind, id))).await
    }

    /// Boxed: an entity may need its organization.
    fn load_boxed<'a>(&'a self, kind: EntityKind, id: &'a str) -> BoxFuture<'a, Result<Known, PolicyError>> {
        Box::pin(self.load_entity(kind, id))
    }

    async fn load_entity(&self, kind: EntityKind, id: &str) -> Result<Known, PolicyError> {
        let (generation, now) = (self.generation(), self.clock.now());
        if id == ANY {
            return Ok(Known { entity: None, has_any: self.loader.has_any(kind).await?, generation });
        }
        let Some(read) = self.loader.read(kind, id, now).await? else {
            return Ok(Known { entity: None, has_any: false, generation });
        };
        let organizations = match kind {
            EntityKind::Team => read.organization_id.iter().cloned().collect(),
            EntityKind::OrganizationMember => {
                id.split_once('/').map(|(organization, _)| organization.into()).into_iter().collect()
            }
            EntityKind::TeamMember => {
                let team = self.entity_of(EntityKind::Team, id.split_once('/').map(|(team, _)| team)).await?;
                team.map(|team| team.organizations.clone()).unwrap_or_default()
            }
            // Only a calendar depends on it, which few users have.
            EntityKind::User if read.may_have_windows() => self.loader.organizations_of_user(id).await?,
            _ => Vec::new(),
        };
        let time_zone = match kind {
            EntityKind::Organization => read.time_zone.unwrap_or(self.loader.time_zone),
            _ => self.time_zone_of_all(&organizations).await?,
        };
        let entity = self.loader.entity(kind, read, organizations, time_zone, now).await?;
        Ok(Known { entity: Some(Arc::new(entity)), has_any: false, generation })
    }

    pub(super) fn time_zone_of(&self, organization: Option<&Entity>) -> Tz {
        organization.map_or(self.loader.time_zone, |organization| organization.time_zone)
    }

    /// Whose calendar the windows of an entity of these organizations follow: a user of several has the gateway's, since
    /// a budget has one window at a time, whichever key is used.
    async fn time_zone_of_all(&self, organizations: &[Arc<str>]) -> Result<Tz, PolicyError> {
        let only = if let [only] = organizations { Some(&**only) } else { None };
        let organization = self.entity_of(EntityKind::Organization, only).await?;
        Ok(self.time_zone_of(organization.as_deref()))
    }

    /// The entity as it is, or read anew where its organization now follows another calendar than its windows do.
    pub(super) async fn current(
        &self,
        entity: Option<Arc<Entity>>,
        organization: Option<&Entity>,
    ) -> Result<Option<Arc<Entity>>, PolicyError> {
        let Some(entity) = entity else { return Ok(None) };
        if !entity.account.has_windows() {
            return Ok(Some(entity));
        }
        let is_of = |one: &Entity| entity.organizations.contains(&one.id);
        let time_zone = match organization {
            Some(one) if entity.organizations.len() == 1 && is_of(one) => Some(one.time_zone),
            // It has become one of the user's since they were read.
            Some(one) if entity.kind == EntityKind::User && !is_of(one) => None,
            _ => Some(self.time_zone_of_all(&entity.organizations).await?),
        };
        if time_zone == Some(entity.time_zone) {
            return Ok(Some(entity));
        }
        self.entities.0.remove(&EntityRef { kind: entity.kind, id: &entity.id });
        self.entity(entity.kind, &entity.id).await
    }

    /// The same for a key.
    pub(super) async fn current_key(
        &self,
        policy: Arc<Policy>,
        organization: Option<&Entity>,
    ) -> Result<Arc<Policy>, PolicyError> {
        if !policy.account.has_windows() || policy.time_zone == self.time_zone_of(organization) {
            return Ok(policy);
        }
        let secret = policy.secret.as_ref().and_then(|secret| secret.digest);
        let Some(digest) = secret.or_else(|| KeyDigest::from_hex(&policy.token)) else { return Ok(policy) };
        self.entries.remove(&digest);
        self.resolve(&digest).await
    }
}
