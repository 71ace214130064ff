//! Users, teams and whatever else carries limits, from the database.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sea_orm::DbErr;

use super::Loader;
use crate::db;
use crate::db::limit::Model as Limit;
use crate::domain::region::Region;
use crate::policy::callback_variables::place_of_team;
use crate::policy::{Entity, EntityKind, ModelAccess, OwnCallbacks, RoutingOverrides};

/// What the database says of an entity.
#[derive(Debug)]
pub(in crate::policy) struct Read {
    /// How people know it.
    name: String,
    is_blocked: bool,
    models: ModelAccess,
    /// The organization of a team.
    pub(in crate::policy) organization_id: Option<Arc<str>>,
    /// Of an organization.
    pub(in crate::policy) time_zone: Option<Tz>,
    routing: Option<Arc<RoutingOverrides>>,
    /// Of a team.
    callbacks: Option<Arc<OwnCallbacks>>,
    /// Of a customer.
    region: Option<Region>,
    limits: Limit,
}

impl Read {
    fn new(id: &str, limits: Limit) -> Self {
        Self {
            name: id.to_owned(),
            is_blocked: false,
            models: ModelAccess::All,
            organization_id: None,
            time_zone: None,
            routing: None,
            callbacks: None,
            region: None,
            limits,
        }
    }

    /// How people know it: by name and id.
    fn named(mut self, name: Option<&str>) -> Self {
        if let Some(name) = name.filter(|name| !name.is_empty() && *name != self.limits.scope_id) {
            self.name = format!("{name} ({})", self.limits.scope_id);
        }
        self
    }

    fn allowing(self, models: &db::Strings) -> Self {
        Self { models: ModelAccess::from_list(&models.0), ..self }
    }

    /// Whether any of its budgets may start anew at some time.
    pub(in crate::policy) fn may_have_windows(&self) -> bool {
        self.limits.budget_duration.is_some() || !self.limits.model_limits.0.is_empty()
    }
}

impl Loader {
    /// What the database says of an entity; `None`: nothing that would limit a call.
    pub(in crate::policy) async fn read(
        &self,
        kind: EntityKind,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Read>, DbErr> {
        let set = db::limit::find(&self.db, kind.as_str(), id).await?;
        let is_set = set.is_some();
        let limits = self.filled(set.unwrap_or_else(|| Limit::none(kind.as_str(), id, now))).await?;
        let read = |limits| Read::new(id, limits);
        Ok(match kind {
            EntityKind::TeamMember => Some(member(read(limits), "team")),
            EntityKind::OrganizationMember => is_set.then(|| member(read(limits), "organization")),
            EntityKind::User => Some(self.user(read(limits)).await?),
            EntityKind::Team => Some(self.team(read(limits)).await?),
            EntityKind::Organization => Some(self.organization(read(limits)).await?),
            EntityKind::Customer => self.customer(read(limits), is_set).await?,
            EntityKind::Tag => self.tag(read(limits), is_set).await?,
            EntityKind::Provider => is_set.then(|| read(limits)),
            EntityKind::Gateway => Some(read(limits)),
        })
    }

    /// The entity, whose windows follow the calendar of `time_zone`.
    pub(in crate::policy) async fn entity(
        &self,
        kind: EntityKind,
        read: Read,
        organizations: Vec<Arc<str>>,
        time_zone: Tz,
        now: DateTime<Utc>,
    ) -> Result<Entity, DbErr> {
        let kinds = [kind.as_str(), kind.model_scope()];
        let account = self.account(kinds, &read.limits, &read.name, time_zone, now).await?;
        Ok(Entity {
            kind,
            id: Arc::clone(&account.whole.id.id),
            is_blocked: read.is_blocked,
            models: read.models,
            account,
            organizations,
            time_zone,
            routing: read.routing,
            callbacks: read.callbacks,
            region: read.region,
        })
    }

    /// The organizations that a user's keys and teams belong to.
    pub(in crate::policy) async fn organizations_of_user(&self, user_id: &str) -> Result<Vec<Arc<str>>, DbErr> {
        let keys = db::key::groups_of_users(&self.db, &[user_id.to_owned()]).await?;
        let memberships = db::team_member::of_user(&self.db, user_id).await?;
        let of_keys = keys.iter().filter_map(|(_, team_id, _)| team_id.clone());
        let team_ids: BTreeSet<String> = memberships.into_iter().map(|one| one.team_id).chain(of_keys).collect();
        let teams = db::team::find_many(&self.db, &team_ids.into_iter().collect::<Vec<_>>()).await?;
        let of_teams = teams.into_iter().filter_map(|team| team.organization_id);
        let organizations: BTreeSet<String> =
            keys.into_iter().filter_map(|(_, _, organization_id)| organization_id).chain(of_teams).collect();
        Ok(organizations.into_iter().map(Arc::from).collect())
    }

    /// Whether limits may be set for any entity of a kind that seldom has some: if not, none of them is looked up.
    pub(in crate::policy) async fn has_any(&self, kind: EntityKind) -> Result<bool, DbErr> {
        let is_registered = match kind {
            EntityKind::Customer if self.defaults.customer.is_some() || self.defaults.customer_budget_id.is_some() => {
                return Ok(true);
            }
            EntityKind::Customer => db::customer::has_any(&self.db).await?,
            EntityKind::Tag if !self.defaults.tags.is_empty() => return Ok(true),
            EntityKind::Tag => db::tag::has_any(&self.db).await?,
            EntityKind::OrganizationMember => false,
            _ => true,
        };
        Ok(is_registered || db::limit::has_any(&self.db, kind.as_str()).await?)
    }

    async fn user(&self, read: Read) -> Result<Read, DbErr> {
        let user = db::user::find(&self.db, &read.limits.scope_id).await?;
        Ok(match user {
            Some(user) => {
                let named = read.named(user.user_alias.as_deref().or(user.user_email.as_deref()));
                Read { is_blocked: user.blocked, ..named.allowing(&user.models) }
            }
            None => read,
        })
    }

    async fn team(&self, read: Read) -> Result<Read, DbErr> {
        let Some(team) = db::team::find(&self.db, &read.limits.scope_id).await? else { return Ok(read) };
        let organization_id = team.organization_id.as_deref().map(Arc::from);
        let named = read.named(team.team_alias.as_deref()).allowing(&team.models);
        let routing = super::routing_of(&team.other);
        let callbacks = OwnCallbacks::read(&team.metadata, &place_of_team(&team.team_id));
        Ok(Read { is_blocked: team.blocked, organization_id, routing, callbacks, ..named })
    }

    async fn organization(&self, read: Read) -> Result<Read, DbErr> {
        let found = db::organization::find(&self.db, &read.limits.scope_id).await?;
        let Some(organization) = found else { return Ok(read) };
        // A name that is none was refused when it was set.
        let time_zone = organization.timezone.as_deref().and_then(|name| name.parse().ok());
        let named = read.named(Some(&organization.organization_alias)).allowing(&organization.models);
        Ok(Read { time_zone, ..named })
    }

    /// A customer; the default budget is that of each who has none.
    async fn customer(&self, mut read: Read, is_set: bool) -> Result<Option<Read>, DbErr> {
        let customer = db::customer::find(&self.db, &read.limits.scope_id).await?;
        let default = match &self.defaults.customer_budget_id {
            Some(budget_id) => db::budget::find(&self.db, budget_id).await?,
            None => None,
        };
        let default = default.as_ref().or(self.defaults.customer.as_ref());
        if !is_set && customer.is_none() && default.is_none() {
            return Ok(None);
        }
        if let Some(default) = default.filter(|_| read.limits.max_budget.is_none()) {
            read.limits = read.limits.filled_from(default);
        }
        Ok(Some(match customer {
            Some(customer) => {
                let named = read.named(customer.alias.as_deref()).allowing(&customer.models);
                let region = customer.other.0.get("allowed_model_region").and_then(|region| region.as_str());
                Read { is_blocked: customer.blocked, region: region.and_then(Region::parse), ..named }
            }
            None => read,
        }))
    }

    async fn tag(&self, read: Read, is_set: bool) -> Result<Option<Read>, DbErr> {
        let tag = db::tag::find(&self.db, &read.limits.scope_id).await?;
        let configured = self.defaults.tags.get(&read.limits.scope_id);
        let read = match configured {
            Some(configured) => Read { limits: read.limits.clone().filled_from(configured), ..read },
            None => read,
        };
        Ok(match tag {
            Some(tag) => Some(read.allowing(&tag.models)),
            None => (is_set || configured.is_some()).then_some(read),
        })
    }
}

fn member(read: Read, of: &str) -> Read {
    let name = read.limits.scope_id.split_once('/').map(|(group, user)| format!("{user} in {of} {group}"));
    Read { name: name.unwrap_or_else(|| read.name.clone()), ..read }
}
