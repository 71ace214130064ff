//! Whom the gateway speaks to besides its clients and providers: addresses that others name, mail, and whoever is told of
//! alerts.

use std::sync::Arc;

use arc_swap::ArcSwap;
use chrono::DateTime;
use sea_orm::DatabaseConnection;

use super::{Environment, Secrets, StartError};
use crate::alerts::{AlertVariables, Alerts};
use crate::app::Identity;
use crate::clock::Clock;
use crate::config::{Config, ScopeLimits};
use crate::crypto::Sealer;
use crate::ledger::watch::{BudgetLine, ConfiguredBudgets};
use crate::mail::{MailQueue, Mailer};
use crate::outbound::Outbound;
use crate::storage::Storage;

/// What the gateway speaks to others with.
#[derive(Debug)]
pub(super) struct Outside {
    pub(super) outbound: Arc<Outbound>,
    pub(super) mailer: Mailer,
    pub(super) mail_queue: Option<MailQueue>,
    pub(super) sealer: Sealer,
    pub(super) alerts: Arc<Alerts>,
    pub(super) report_storage: Option<Storage>,
}

/// All of it, as it is configured.
pub(super) fn of(
    config: &Config,
    environment: &Environment,
    secrets: &Secrets,
    (database, clock, identity): (&DatabaseConnection, &Clock, &Identity),
) -> Result<Outside, StartError> {
    let outbound = Arc::new(Outbound::new(config).map_err(std::io::Error::other)?);
    let (mailer, mail_queue) = Mailer::new(&environment.smtp)?;
    let sealer = Sealer::new(secrets.salt_key.expose())?;
    let alerts = Alerts {
        db: database.clone(),
        clock: clock.clone(),
        settings: Arc::new(ArcSwap::from_pointee(config.alerts.clone())),
        variables: variables(config, environment),
        sealer: sealer.clone(),
        // Its own: a receiver that never answers keeps no place of those that calls wait for.
        outbound: Arc::new(Outbound::new(config).map_err(std::io::Error::other)?),
        mailer: mailer.clone(),
        base_url: identity.base_url.clone(),
        timezone: config.litellm.timezone,
    };
    let report_storage = config.limits.report_storage.as_ref().map(Storage::open).transpose()?;
    Ok(Outside { outbound, mailer, mail_queue, sealer, alerts: Arc::new(alerts), report_storage })
}

/// Where configured channels lead: what config.yaml sets goes before the process's environment.
fn variables(config: &Config, environment: &Environment) -> AlertVariables {
    let set = |name: &str| config.environment.get(name).filter(|value| !value.expose().is_empty()).cloned();
    let of_process = environment.alerts.clone();
    AlertVariables {
        slack_url: set("SLACK_WEBHOOK_URL").or(of_process.slack_url),
        webhook_url: set("WEBHOOK_URL").or(of_process.webhook_url),
    }
}

/// Budgets that are not in the database.
pub(super) fn budgets(config: &Config) -> ConfiguredBudgets {
    let litellm = &config.litellm;
    ConfiguredBudgets {
        customer: litellm.max_end_user_budget.map(|max| BudgetLine { max: Some(max), ..BudgetLine::default() }),
        tags: litellm.tag_budget_config.iter().map(|(name, limits)| (name.clone(), line(limits))).collect(),
        timezone: litellm.timezone,
    }
}

fn line(limits: &ScopeLimits) -> BudgetLine {
    BudgetLine {
        max: limits.max_budget,
        soft: limits.soft_budget,
        span: limits.budget_duration,
        // As the windows themselves, which every node counts alike.
        anchor: DateTime::UNIX_EPOCH,
    }
}
