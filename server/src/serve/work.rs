//! What works in the background, from its configuration.

use std::sync::Arc;

use actix_web::web::Data;
use redis::Client;

use super::shared;
use crate::app::App;
use crate::config::Config;
use crate::gateway::Gateway;
use crate::gateway::upstream::Upstream;
use crate::jobs::{HealthChecks, Retention, Work};

/// What the jobs work with.
pub(super) fn of(
    app: &App,
    gateway: &Arc<Gateway>,
    config: &Config,
    redis: Option<Client>,
) -> Result<Work, std::io::Error> {
    Ok(Work {
        clock: app.clock.clone(),
        db: app.db.clone(),
        spool: Arc::clone(&gateway.spool),
        policy: Arc::clone(&app.policy),
        counters: Arc::clone(&app.counters),
        router: Arc::clone(&gateway.router),
        waiting: Arc::clone(&gateway.waiting),
        models: Arc::clone(&app.models),
        alerts: Arc::clone(&app.alerts),
        settings: Arc::clone(&app.settings),
        figures: Arc::clone(&app.figures),
        rests: shared::rests(config, redis.clone()).map(Arc::new),
        health_checks: health_checks(gateway, config, redis)?,
        retention: retention(config),
        app: Data::new(app.clone()),
    })
}

fn health_checks(
    gateway: &Arc<Gateway>,
    config: &Config,
    redis: Option<Client>,
) -> Result<Option<HealthChecks>, std::io::Error> {
    let general = &config.general;
    if !general.background_health_checks {
        return Ok(None);
    }
    Ok(Some(HealthChecks {
        gateway: Arc::clone(gateway),
        upstream: Upstream::new(&config.limits).map_err(std::io::Error::other)?,
        interval: general.health_check_interval,
        routes: general.enable_health_check_routing,
        shared: shared::health_checks(config, redis),
    }))
}

fn retention(config: &Config) -> Option<Retention> {
    let general = &config.general;
    let interval = general.maximum_spend_logs_retention_interval;
    general.maximum_spend_logs_retention_period.map(|period| Retention { period, interval })
}
