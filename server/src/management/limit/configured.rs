//! Limits that the configuration sets of the gateway as a whole and of providers. They are kept as those of everything
//! else: whoever reads limits finds them, a reusable budget can be attached, and what was spent goes along where a window
//! changes.

use std::collections::BTreeMap;

use chrono::DateTime;
use sea_orm::DatabaseTransaction;

use super::{Kind, Windows, check_budget};
use crate::app::App;
use crate::config::{Config, ScopeLimits};
use crate::db;
use crate::db::limit::Model as Limit;
use crate::db::{JsonMap, stored_time};
use crate::error::{ApiError, ApiResult};
use crate::management::change;

/// What the configuration limits: all calls together, whose id is as their kind.
pub(in crate::management) const GATEWAY: Kind = Kind { scope: "gateway", model_scope: "gateway_model", total: None };
/// Whose models serve calls.
pub(in crate::management) const PROVIDER: Kind = Kind { scope: "provider", model_scope: "provider_model", total: None };

/// Limits by kind and id.
type Rows = BTreeMap<(String, String), Limit>;

/// Makes the limits in the database those of `config`, where they are others.
///
/// # Errors
/// When a budget that something is to be attached to does not exist, or the database is away.
pub async fn put(app: &App, config: &Config) -> ApiResult<()> {
    let transaction = db::begin(&app.db).await?;
    let before = rows(db::limit::of_kinds_for_update(&transaction, [GATEWAY.scope, PROVIDER.scope]).await?);
    let after = rows(wanted(config));
    if before == after {
        return Ok(());
    }
    for budget_id in after.values().filter_map(|limits| limits.budget_id.as_ref()) {
        check_budget(&transaction, budget_id).await?;
    }
    let windows = windows_of(app, &transaction, &before).await?;
    let changed: Vec<_> =
        before.keys().chain(after.keys()).filter(|scope| before.get(*scope) != after.get(*scope)).collect();
    for scope in &changed {
        let (kind, id) = (&scope.0, &scope.1);
        match after.get(*scope) {
            Some(limits) => db::limit::set(&transaction, limits.clone()).await?,
            None => db::limit::delete(&transaction, kind, id).await?,
        }
        db::policy_change::record(&transaction, kind, id, stored_time(app.clock.now())).await?;
    }
    let corrections = Windows::carry_all(app, &transaction, &windows).await?;
    transaction.commit().await?;
    changed.iter().for_each(|(kind, id)| change::announce(app, kind, id));
    app.counters.correct(corrections).await;
    Ok(())
}

/// Refuses what [`put`] would: budgets that do not exist, at the setting that names one.
///
/// # Errors
/// When there is one, or the database is away.
pub async fn check(transaction: &DatabaseTransaction, config: &Config) -> ApiResult<()> {
    for limits in wanted(config) {
        let Some(budget_id) = &limits.budget_id else { continue };
        if db::budget::find_for_update(transaction, budget_id).await?.is_none() {
            let setting = match limits.scope_kind.as_str() {
                kind if kind == GATEWAY.scope => "tollgate_settings.gateway_limits".to_owned(),
                _ => format!("router_settings.provider_budget_config.{}", limits.scope_id),
            };
            let message = format!("{setting}.budget_id: there is no budget '{budget_id}'");
            return Err(ApiError::bad_request(setting, message));
        }
    }
    Ok(())
}

/// The same where `config` took the place of `former`, and says something else: what another node put in force stays as
/// long as this one's configuration is what it was.
///
/// # Errors
/// As those of [`put`].
pub async fn follow(app: &App, former: &Config, config: &Config) -> ApiResult<()> {
    if rows(wanted(former)) == rows(wanted(config)) { Ok(()) } else { put(app, config).await }
}

/// The current windows of all that had limits: what had none is not charged for what it spent before.
async fn windows_of(app: &App, transaction: &DatabaseTransaction, rows: &Rows) -> ApiResult<Vec<Windows>> {
    let mut all = Vec::new();
    for kind in [GATEWAY, PROVIDER] {
        let of_kind = rows.keys().filter(|(name, _)| name == kind.scope);
        let ids: Vec<String> = of_kind.map(|(_, id)| id.clone()).collect();
        all.extend(Windows::of_many(app, transaction, kind, &ids).await?);
    }
    Ok(all)
}

fn rows(limits: Vec<Limit>) -> Rows {
    limits.into_iter().map(|row| ((row.scope_kind.clone(), row.scope_id.clone()), row)).collect()
}

fn wanted(config: &Config) -> Vec<Limit> {
    let gateway = Some(&config.limits.gateway).filter(|limits| **limits != ScopeLimits::default());
    let gateway = gateway.map(|limits| row(GATEWAY, GATEWAY.scope, limits));
    let providers = config.router.provider_budget_config.iter().map(|(name, limits)| row(PROVIDER, name, limits));
    gateway.into_iter().chain(providers).collect()
}

fn row(kind: Kind, id: &str, limits: &ScopeLimits) -> Limit {
    Limit {
        budget_id: limits.budget_id.clone(),
        max_budget: limits.max_budget.map(|money| money.0),
        soft_budget: limits.soft_budget.map(|money| money.0),
        budget_duration: limits.budget_duration.map(|span| span.to_string()),
        max_parallel_requests: limits.max_parallel_requests.map(i64::from),
        rpm_limit: limits.rpm_limit.map(i64::from),
        tpm_limit: limits.tpm_limit.map(i64::from),
        model_limits: JsonMap(limits.model_limits.clone()),
        // Windows that follow no calendar count from 1970, so that every node and every start agree.
        ..Limit::none(kind.scope, id, DateTime::UNIX_EPOCH)
    }
}
