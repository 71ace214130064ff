//! All that a call is judged by: its key, and everything else it is charged to.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{AccessGroups, Entity, EntityKind, Limited, OwnCallbacks, Policy, RoutingOverrides, SoftBudget};
use crate::counters::{Scope, ScopeId};
use crate::domain::region::Region;

/// What limits one call.
#[derive(Clone, Debug)]
pub struct CallPolicy {
    /// Its key.
    pub key: Arc<Policy>,
    /// What else it is charged to, the nearest first: its team member, user, team, organization, customer, tags and the
    /// gateway as a whole.
    pub entities: Vec<Arc<Entity>>,
    /// The organization it is booked to: its key's, or else its team's.
    pub organization_id: Option<Arc<str>>,
    /// The gateway makes the call for another one that was let pass and counts as the request: of this one only money is
    /// counted, and its model is the gateway's choice.
    pub is_aside: bool,
    /// Names for several models, which lists of models may have.
    pub access_groups: Arc<AccessGroups>,
}

/// Who does not let a call pass, whatever its limits.
#[derive(Clone, Debug)]
pub enum Denial {
    /// The key may not use the model.
    KeyModel,
    /// The entity is blocked.
    Blocked(Arc<Entity>),
    /// The entity may not use the model.
    Model(Arc<Entity>),
}

impl CallPolicy {
    /// Whether the key and all it belongs to may use `model` at all.
    ///
    /// # Errors
    /// Who may not, or is blocked.
    pub fn check(&self, model: &str) -> Result<(), Denial> {
        if self.is_aside {
            return Ok(());
        }
        if !self.access_groups.allow(&self.key.models, model) {
            return Err(Denial::KeyModel);
        }
        for entity in &self.entities {
            if entity.is_blocked {
                return Err(Denial::Blocked(Arc::clone(entity)));
            }
            // As in LiteLLM: what a user may use by a team's key is the team's affair.
            let is_asked = entity.kind != EntityKind::User || self.key.team_id.is_none();
            if is_asked && !self.access_groups.allow(&entity.models, model) {
                return Err(Denial::Model(Arc::clone(entity)));
            }
        }
        Ok(())
    }

    /// What the key and the team say of how the call is routed, the nearest first.
    pub fn routing(&self) -> impl Iterator<Item = &RoutingOverrides> {
        let of_entities = self.entities.iter().filter_map(|entity| entity.routing.as_deref());
        self.key.routing.as_deref().into_iter().chain(of_entities)
    }

    /// Tools that the key names, or else its team.
    #[must_use]
    pub fn callbacks(&self) -> Option<&Arc<OwnCallbacks>> {
        let of_team = || self.entities.iter().find_map(|entity| entity.callbacks.as_ref());
        self.key.callbacks.as_ref().or_else(of_team)
    }

    /// The part of the world that the call may not leave.
    #[must_use]
    pub fn region(&self) -> Option<Region> {
        self.entities.iter().find_map(|entity| entity.region)
    }

    /// The scopes that a call to `model` at `now` is charged to, the nearest first; `providers` are those that may
    /// serve it.
    #[must_use]
    pub fn scopes(&self, model: &str, providers: &[Arc<Entity>], now: DateTime<Utc>) -> Vec<Scope> {
        let mut scopes = Vec::with_capacity(self.entities.len() + providers.len() + 3);
        scopes.extend(self.key.account.of_model(model).map(|limited| limited.scope(now)));
        for entity in self.entities.iter().chain(providers) {
            scopes.extend(entity.account.of_model(model).map(|limited| limited.scope(now)));
        }
        if self.is_aside {
            for scope in scopes.iter_mut().filter(|scope| !matches!(scope.id.kind, "provider" | "provider_model")) {
                (scope.limits.rpm, scope.limits.tpm, scope.limits.parallel) = (None, None, None);
            }
        }
        scopes
    }

    /// What of it has a budget that only warns.
    pub fn soft_budgets<'a>(
        &'a self,
        model: &'a str,
        providers: &'a [Arc<Entity>],
    ) -> impl Iterator<Item = (&'a Limited, &'a Arc<SoftBudget>)> {
        let entities = self.entities.iter().chain(providers).map(|entity| &entity.account);
        let all = std::iter::once(&self.key.account).chain(entities).flat_map(move |account| account.of_model(model));
        all.filter_map(|limited| Some((limited, limited.soft_budget.as_ref()?)))
    }

    /// What is charged as `scope`, where it is not a provider.
    #[must_use]
    pub fn limited(&self, scope: &ScopeId) -> Option<&Limited> {
        let entities = self.entities.iter().flat_map(|entity| entity.account.all());
        self.key.account.all().chain(entities).find(|limited| limited.id == *scope)
    }
}
