//! What nodes share through Redis, where there is one.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use redis::{Client, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::StartError;
use super::secrets::Environment;
use crate::clock::Clock;
use crate::config::Config;
use crate::counters::{Counters, OnOutage, SharedSettings};
use crate::policy::{Bulletin, Channel};

/// Redis's own port.
const PORT: u16 = 6379;

/// How long a start waits for the shared counters.
const JOIN_TIMEOUT: Duration = Duration::from_secs(4);

/// The counters: shared where Redis is configured, else of this process alone.
pub(super) fn counters(
    config: &Config,
    redis: Option<Client>,
    data: &Path,
    db: &DatabaseConnection,
    clock: &Clock,
) -> Result<Arc<Counters>, StartError> {
    let Some(client) = redis else { return Ok(Arc::new(Counters::new(clock.clone()))) };
    let settings = &config.limits.shared_counters;
    let settings = SharedSettings {
        client,
        namespace: settings.namespace.clone(),
        timeout: settings.timeout,
        on_outage: if settings.denies_on_outage { OnOutage::Deny } else { OnOutage::Allow },
        node: node_id(data)?,
    };
    Ok(Counters::shared(settings, db.clone(), clock.clone()))
}

/// Counts together with other nodes before the first call, if Redis can be reached in time.
pub(super) async fn join(counters: &Counters) {
    if !counters.joined(JOIN_TIMEOUT).await {
        tracing::warn!("started without shared counters: this node counts alone until it reaches them");
    }
}

/// Announcements of changes: through Redis where it is configured.
pub(super) fn bulletin(config: &Config, redis: Option<Client>) -> Bulletin {
    Bulletin::new(channel(config, redis, "changes"))
}

/// Where rests of deployments are told: in Redis where it is configured.
pub(super) fn rests(config: &Config, redis: Option<Client>) -> Option<Channel> {
    channel(config, redis, "rests")
}

/// Where nodes take turns at checking deployments: in Redis where it is configured.
pub(super) fn health_checks(config: &Config, redis: Option<Client>) -> Option<Channel> {
    channel(config, redis, "health_checks")
}

fn channel(config: &Config, redis: Option<Client>, what: &str) -> Option<Channel> {
    let settings = &config.limits.shared_counters;
    let name = format!("{{{}}}:{what}", settings.namespace);
    redis.map(|client| Channel { client, name, timeout: settings.timeout })
}

/// Redis as the configuration or else the environment names it; nothing is connected yet.
pub(super) fn redis(config: &Config, environment: &Environment) -> Result<Option<Client>, StartError> {
    let redis = &config.router.redis;
    if let Some(url) = redis.url.as_ref().or(environment.redis_url.as_ref()) {
        return Ok(Some(Client::open(url.expose())?));
    }
    let Some(host) = redis.host.clone().or_else(|| environment.redis_host.clone()) else { return Ok(None) };
    let named_port = || environment.redis_port.as_deref().and_then(|port| port.parse().ok());
    let port = redis.port.or_else(named_port).unwrap_or(PORT);
    let mut info = RedisConnectionInfo::default();
    if let Some(password) = redis.password.as_ref().or(environment.redis_password.as_ref()) {
        info = info.set_password(password.expose());
    }
    let address = ConnectionAddr::Tcp(host, port).into_connection_info()?;
    Ok(Some(Client::open(address.set_redis_settings(info))?))
}

/// What this node is known as: it keeps it with its spool, since both say what it has spent.
fn node_id(data: &Path) -> Result<String, StartError> {
    let path = data.join("node_id");
    let failed = |source: io::Error| StartError::DataFolder { path: path.clone(), source };
    match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(mut file) => {
            let id = Uuid::new_v4().simple().to_string();
            file.write_all(id.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
            Ok(id)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let kept = std::fs::read_to_string(&path).map_err(failed)?;
            let id = Uuid::try_parse(kept.trim()).map_err(|error| failed(io::Error::other(error)))?;
            Ok(id.simple().to_string())
        }
        Err(error) => Err(failed(error)),
    }
}
