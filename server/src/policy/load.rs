//! Policies from the database.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sea_orm::{DatabaseConnection, DbErr};
use tollgate_openapi::money::NanoUsd;

use super::{Limited, ModelAccess, Policy, Window};
use crate::counters::{Limits, ScopeId};
use crate::db;
use crate::db::key::Model as Key;
use crate::domain::model_limits;
use crate::domain::window::Span;

/// Reads policies.
#[derive(Clone, Debug)]
pub struct Loader {
    db: DatabaseConnection,
    /// Of calendar windows.
    time_zone: Tz,
    pub(super) gateway: Arc<Limited>,
}

/// The budget of all calls together.
#[derive(Clone, Copy, Debug, Default)]
pub struct GatewayBudget {
    /// Hard limit of the window.
    pub max_budget: Option<NanoUsd>,
    /// Length of the window.
    pub span: Option<Span>,
}

impl Loader {
    /// A loader that knows what the gateway as a whole has spent at `now`. Calendar windows follow `time_zone`.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn new(
        db: DatabaseConnection,
        time_zone: Tz,
        budget: GatewayBudget,
        now: DateTime<Utc>,
    ) -> Result<Self, DbErr> {
        let limits = Limits { max_budget: budget.max_budget, ..Limits::default() };
        let id = ScopeId { kind: "gateway", id: Arc::from("gateway") };
        // Spans that follow no calendar count from 1970, so that every node and every start agree.
        let window = budget.span.map(|span| Window::new(span, DateTime::UNIX_EPOCH, time_zone));
        let gateway = limited(&db, id, "gateway".into(), limits, window, now).await?;
        Ok(Self { db, time_zone, gateway: Arc::new(gateway) })
    }

    /// The policy of the key with this digest; `None`: there is no such key.
    pub(super) async fn key(&self, token: &str, now: DateTime<Utc>) -> Result<Option<Policy>, DbErr> {
        let Some(key) = db::key::find(&self.db, token).await? else { return Ok(None) };
        let name = match &key.key_alias {
            Some(alias) => format!("{alias} ({})", key.key_name),
            None => key.key_name.clone(),
        };
        let limits = Limits {
            max_budget: key.max_budget(),
            rpm: count(key.rpm_limit),
            tpm: count(key.tpm_limit),
            parallel: count(key.max_parallel_requests),
        };
        let span = key.budget_duration.as_deref().and_then(|text| Span::parse(text).ok());
        let window = span.map(|span| self.window(span, &key));
        let own = limited(&self.db, ScopeId::key(token), Arc::from(name.as_str()), limits, window, now).await?;
        Ok(Some(Policy {
            token: Arc::clone(&own.id.id),
            key_alias: key.key_alias.as_deref().map(Arc::from),
            key_name: Arc::from(key.key_name.as_str()),
            user_id: key.user_id.as_deref().map(Arc::from),
            team_id: key.team_id.as_deref().map(Arc::from),
            organization_id: key.organization_id.as_deref().map(Arc::from),
            models: ModelAccess::from_list(&key.models.0),
            is_blocked: key.blocked,
            expires_at: key.expires_at,
            models_limited: self.models_limited(&key, &name, now).await?,
            key: own,
            gateway: Arc::clone(&self.gateway),
        }))
    }

    async fn models_limited(&self, key: &Key, name: &str, now: DateTime<Utc>) -> Result<Vec<(String, Limited)>, DbErr> {
        // What does not parse was refused when it was set; what slipped in limits nothing.
        let by_model = model_limits::read(|name| key.other.0.get(name)).unwrap_or_default();
        let mut all = Vec::with_capacity(by_model.len());
        for (model, own) in by_model {
            let limits = Limits { max_budget: own.max_budget, rpm: own.rpm, tpm: own.tpm, parallel: None };
            let id = ScopeId { kind: "key_model", id: Arc::from(format!("{}/{model}", key.token)) };
            let window = own.span.map(|span| self.window(span, key));
            let name = Arc::from(format!("{name}, model {model}"));
            all.push((model, limited(&self.db, id, name, limits, window, now).await?));
        }
        Ok(all)
    }

    fn window(&self, span: Span, key: &Key) -> Window {
        Window::new(span, key.budget_anchor_at, self.time_zone)
    }
}

async fn limited(
    db: &DatabaseConnection,
    id: ScopeId,
    name: Arc<str>,
    limits: Limits,
    window: Option<Window>,
    now: DateTime<Utc>,
) -> Result<Limited, DbErr> {
    let loaded_window_start = window.as_ref().map(|window| window.bounds(now).0);
    let spent_at_load = db::budget_spend::spent(db, id.kind, &id.id, loaded_window_start).await?;
    Ok(Limited { id, name, limits, window, spent_at_load, loaded_window_start })
}

fn count(limit: Option<i64>) -> Option<u64> {
    limit.and_then(|limit| u64::try_from(limit).ok())
}
