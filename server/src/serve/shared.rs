//! What nodes share through Redis, where there is one.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use redis::{Client, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo};
use sea_orm::DatabaseConnection;
use tokio::runtime::Handle;
use uuid::Uuid;

use super::StartError;
use super::secrets::Environment;
use crate::cache::{LocalStore, RedisStore, RedisStoreSettings, ResponseCache, Store};
use crate::clock::Clock;
use crate::config::{CachePlace, Config, RedisSettings};
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
    let named_port = || environment.redis_port.as_deref().and_then(|port| port.parse().ok());
    client(&RedisSettings {
        url: redis.url.clone().or_else(|| environment.redis_url.clone()),
        host: redis.host.clone().or_else(|| environment.redis_host.clone()),
        port: redis.port.or_else(named_port),
        password: redis.password.clone().or_else(|| environment.redis_password.clone()),
    })
}

fn client(redis: &RedisSettings) -> Result<Option<Client>, StartError> {
    if let Some(url) = &redis.url {
        return Ok(Some(Client::open(url.expose())?));
    }
    let Some(host) = redis.host.clone() else { return Ok(None) };
    let mut info = RedisConnectionInfo::default();
    if let Some(password) = &redis.password {
        info = info.set_password(password.expose());
    }
    let address = ConnectionAddr::Tcp(host, redis.port.unwrap_or(PORT)).into_connection_info()?;
    Ok(Some(Client::open(address.set_redis_settings(info))?))
}

/// The cache of answers, where it is on: in the Redis of its own or of the gateway, else in memory.
pub(super) fn cache(
    config: &Config,
    redis: Option<Client>,
    clock: &Clock,
) -> Result<Option<Arc<ResponseCache>>, StartError> {
    let settings = &config.litellm.cache;
    if !settings.is_on {
        return Ok(None);
    }
    let redis = client(&settings.redis)?.or(redis);
    let store = match (settings.place, redis) {
        (Some(CachePlace::Local), _) | (None, None) => Store::Local(LocalStore::new(settings.max_size_bytes)),
        (Some(CachePlace::Redis), None) => return Err(StartError::NoRedisForCache),
        (_, Some(client)) => {
            let shared = &config.limits.shared_counters;
            let settings =
                RedisStoreSettings { client, prefix: format!("{}:cache:", shared.namespace), timeout: shared.timeout };
            Store::Redis(Box::new(RedisStore::new(settings, clock.clone(), Handle::current())))
        }
    };
    Ok(Some(Arc::new(ResponseCache::new(settings.clone(), store))))
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
