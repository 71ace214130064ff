//! Policies from the database.

mod entity;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sea_orm::{DatabaseConnection, DbErr};
use tollgate_openapi::money::NanoUsd;

use super::callback_variables::place_of_key;
use super::limited::Raised;
use super::{
    Account, Limited, ModelAccess, OwnCallbacks, Policy, RoutingOverrides, Secret, SoftBudget, TAGS_MAX, Window,
};
use crate::counters::{Limits, ScopeId};
use crate::db::budget::Model as Budget;
use crate::db::key::Model as Key;
use crate::db::limit::Model as Limit;
use crate::db::{self, JsonMap};
use crate::domain::model_limits;
use crate::domain::window::Span;

/// Reads policies.
#[derive(Clone, Debug)]
pub struct Loader {
    db: DatabaseConnection,
    /// Of calendar windows where the organization says nothing else.
    pub(super) time_zone: Tz,
    defaults: Arc<Defaults>,
}

/// Limits that the configuration sets.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// The budget of each customer without one of their own.
    pub customer: Option<Budget>,
    /// The id of the reusable budget that takes its place.
    pub customer_budget_id: Option<String>,
    /// Limits of tags, by name.
    pub tags: BTreeMap<String, Budget>,
}

impl Loader {
    /// A loader from `db`. Calendar windows follow `time_zone`.
    #[must_use]
    pub fn new(db: DatabaseConnection, time_zone: Tz, defaults: Defaults) -> Self {
        Self { db, time_zone, defaults: Arc::new(defaults) }
    }

    /// The key with this digest.
    pub(super) async fn read_key(&self, token: &str) -> Result<Option<Key>, DbErr> {
        db::key::find(&self.db, token).await
    }

    /// The secret with this digest, where its key has had more than one.
    pub(super) async fn read_secret(&self, digest: &str) -> Result<Option<db::key_secret::Model>, DbErr> {
        db::key_secret::find(&self.db, digest).await
    }

    /// The policy of `key`, found by `secret`, whose windows follow the calendar of `time_zone`.
    pub(super) async fn key(
        &self,
        key: Key,
        secret: Option<Box<Secret>>,
        time_zone: Tz,
        now: DateTime<Utc>,
    ) -> Result<Policy, DbErr> {
        let name = match &key.key_alias {
            Some(alias) => format!("{alias} ({})", key.key_name),
            None => key.key_name.clone(),
        };
        let limits = self.filled(Limit::of_key(&key)).await?;
        let budget_id = limits.budget_id.as_deref().map(Arc::from);
        let mut account = self.account(["key", "key_model"], &limits, &name, time_zone, now).await?;
        let raised = key.temp_budget_increase.zip(key.temp_budget_expiry);
        account.whole.raised = raised.map(|(by, until)| Box::new(Raised { by: NanoUsd(by), until }));
        let member_id = key.team_id.as_deref().zip(key.user_id.as_deref());
        Ok(Policy {
            token: Arc::clone(&account.whole.id.id),
            key_alias: key.key_alias.as_deref().map(Arc::from),
            key_name: Arc::from(key.key_name.as_str()),
            user_id: key.user_id.as_deref().map(Arc::from),
            team_id: key.team_id.as_deref().map(Arc::from),
            organization_id: key.organization_id.as_deref().map(Arc::from),
            models: ModelAccess::from_list(&key.models.0),
            is_blocked: key.blocked,
            expires_at: key.expires_at,
            secret,
            routes: key.allowed_routes(),
            account,
            budget_id,
            member_id: member_id.map(|(team_id, user_id)| super::member_id(team_id, user_id)),
            tags: tags_of(&key),
            routing: routing_of(&key.other),
            callbacks: OwnCallbacks::read(&key.metadata, &place_of_key(&key.token)),
            time_zone,
        })
    }

    /// `limits`, filled up from the budget they are attached to.
    async fn filled(&self, limits: Limit) -> Result<Limit, DbErr> {
        let budget = match &limits.budget_id {
            Some(budget_id) => db::budget::find(&self.db, budget_id).await?,
            None => None,
        };
        Ok(match budget {
            Some(budget) => limits.filled_from(&budget),
            None => limits,
        })
    }

    /// What `limits` say, and what of it was spent in the current windows. `kinds` are those of the scope and of its
    /// limits for single models.
    async fn account(
        &self,
        [kind, model_kind]: [&'static str; 2],
        limits: &Limit,
        name: &str,
        time_zone: Tz,
        now: DateTime<Utc>,
    ) -> Result<Account, DbErr> {
        // What does not parse was refused when it was set; what slipped in limits nothing.
        let span = limits.budget_duration.as_deref().and_then(|text| Span::parse(text).ok());
        let window = |span: Option<Span>| span.map(|span| Window::new(span, limits.budget_anchor_at, time_zone));
        let id = ScopeId { kind, id: Arc::from(limits.scope_id.as_str()) };
        let whole = Limits {
            max_budget: limits.max_budget.map(NanoUsd),
            rpm: count(limits.rpm_limit),
            tpm: count(limits.tpm_limit),
            parallel: count(limits.max_parallel_requests),
        };
        let soft_budget = limits.soft_budget.map(|soft| Arc::new(SoftBudget::new(NanoUsd(soft))));
        let whole = Limited { limits: whole, window: window(span), soft_budget, ..Limited::unlimited(id, name) };
        let by_model = model_limits::read(|name| limits.model_limits.0.get(name)).unwrap_or_default();
        let by_model = by_model.into_iter().map(|(model, own)| {
            let limits_of_model = Limits { max_budget: own.max_budget, rpm: own.rpm, tpm: own.tpm, parallel: None };
            let id = ScopeId { kind: model_kind, id: Arc::from(format!("{}/{model}", limits.scope_id)) };
            let unlimited = Limited::unlimited(id, &format!("{name}, model {model}"));
            (model, Limited { limits: limits_of_model, window: window(own.span), ..unlimited })
        });
        let mut account = Account { whole, by_model: by_model.collect() };
        self.fill_in_spend(&mut account, now).await?;
        Ok(account)
    }

    async fn fill_in_spend(&self, account: &mut Account, now: DateTime<Utc>) -> Result<(), DbErr> {
        let models = account.by_model.iter_mut().map(|(_, limited)| limited);
        let mut all: Vec<&mut Limited> = std::iter::once(&mut account.whole).chain(models).collect();
        for limited in &mut all {
            limited.loaded_window_start = limited.window.as_ref().map(|window| window.bounds(now).0);
        }
        let scopes: Vec<_> = all.iter().map(|one| (one.id.kind, &*one.id.id, one.loaded_window_start)).collect();
        let spent = db::budget_spend::spent_of_scopes(&self.db, &scopes).await?;
        for limited in all {
            let found = spent.get(&(limited.id.kind.to_owned(), limited.id.id.to_string()));
            limited.spent_at_load = found.copied().unwrap_or_default();
        }
        Ok(())
    }
}

/// What a key or team says of routing. What is wrong was refused when it was set; what slipped in has no effect.
fn routing_of(other: &JsonMap) -> Option<Arc<RoutingOverrides>> {
    let settings = other.0.get("router_settings")?.as_object()?;
    let read = RoutingOverrides::read(settings).ok()?;
    (read != RoutingOverrides::default()).then(|| Arc::new(read))
}

/// The tags that all calls of a key carry.
fn tags_of(key: &Key) -> Box<[Arc<str>]> {
    let tags = key.other.0.get("tags").and_then(|tags| tags.as_array()).into_iter().flatten();
    tags.filter_map(|tag| tag.as_str()).take(TAGS_MAX).map(Arc::from).collect()
}

fn count(limit: Option<i64>) -> Option<u64> {
    limit.and_then(|limit| u64::try_from(limit).ok())
}
