//! Answers in Redis, which nodes share. Redis away is no reason to wait: after one call that waited in vain, nobody asks
//! for a moment.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use metrics::gauge;
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::streams::{StreamId, StreamRangeReply};
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, Pipeline, RedisError, RedisResult};
use tokio::runtime::Handle;

use super::{CacheError, Entry, Key, Partition, Unit};
use crate::clock::Clock;

/// How long nobody asks after Redis did not answer.
const REST: Duration = Duration::from_secs(1);
/// Keys that are looked for at once where all are forgotten.
const SCAN_COUNT: usize = 1_000;
/// Questions of one partition that are kept for all nodes, and read at once.
const QUESTIONS_MAX: usize = 1_000;

/// Where and how answers are kept.
#[derive(Clone, Debug)]
pub struct RedisStoreSettings {
    /// Redis.
    pub client: Client,
    /// What all keys begin with.
    pub prefix: String,
    /// How long Redis may take to answer.
    pub timeout: Duration,
}

/// The answers in Redis, as this process reaches them.
#[derive(Debug)]
pub struct RedisStore {
    settings: RedisStoreSettings,
    clock: Clock,
    /// Keeps the connection alive: those who ask come and go.
    runtime: Handle,
    connection: tokio::sync::Mutex<Option<MultiplexedConnection>>,
    /// Nobody asks before.
    rests_until: Mutex<Option<Instant>>,
}

/// Something to ask for.
trait Ask {
    async fn ask<T: FromRedisValue>(&self, connection: &mut MultiplexedConnection) -> RedisResult<T>;
}

impl Ask for Cmd {
    async fn ask<T: FromRedisValue>(&self, connection: &mut MultiplexedConnection) -> RedisResult<T> {
        self.query_async(connection).await
    }
}

impl Ask for Pipeline {
    async fn ask<T: FromRedisValue>(&self, connection: &mut MultiplexedConnection) -> RedisResult<T> {
        self.query_async(connection).await
    }
}

/// A question that any node was asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// Where it stands among the others of its partition.
    pub place: String,
    /// Under what its answer is kept.
    pub key: Key,
    /// What it means.
    pub vector: Unit,
    /// Until when its answer is kept, in milliseconds since 1970.
    pub expires_ms: i64,
}

impl Question {
    fn read(written: StreamId) -> Option<Self> {
        let key: String = written.get("key")?;
        let vector: Vec<u8> = written.get("vector")?;
        let expires_ms: i64 = written.get("expires_ms")?;
        Some(Self { key: Key::named(&key), vector: Unit::from_bytes(&vector)?, expires_ms, place: written.id })
    }
}

impl RedisStore {
    /// Nothing is connected yet. The connection will live on `runtime`.
    #[must_use]
    pub fn new(settings: RedisStoreSettings, clock: Clock, runtime: Handle) -> Self {
        let connection = tokio::sync::Mutex::default();
        Self { settings, clock, runtime, connection, rests_until: Mutex::default() }
    }

    fn key(&self, key: &Key) -> String {
        format!("{}{}", self.settings.prefix, key.as_str())
    }

    /// The answers under `keys`, in their order.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Arc<Entry>>>, CacheError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut command = redis::cmd("MGET");
        for key in keys {
            command.arg(self.key(key));
        }
        let found: Vec<Option<Vec<u8>>> = self.ask(&command).await?;
        let read = |written: Vec<u8>| Entry::decode(&Bytes::from(written)).map(Arc::new);
        Ok(found.into_iter().map(|written| written.and_then(read)).collect())
    }

    /// Keeps answers until their time.
    ///
    /// # Errors
    /// When Redis is away, or full.
    pub async fn put(&self, entries: &[(Key, Arc<Entry>)]) -> Result<(), CacheError> {
        let now_ms = self.clock.now().timestamp_millis();
        let mut pipeline = redis::pipe();
        for (key, entry) in entries {
            let written = entry.encode().map_err(|error| CacheError::Refused(error.to_string()))?;
            let left_ms = entry.head.expires_ms.saturating_sub(now_ms).max(1);
            pipeline.cmd("SET").arg(self.key(key)).arg(&written[..]).arg("PX").arg(left_ms).ignore();
        }
        self.ask(&pipeline).await
    }

    /// Forgets answers; how many there were.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn delete(&self, keys: &[Key]) -> Result<u64, CacheError> {
        if keys.is_empty() {
            return Ok(0);
        }
        let mut command = redis::cmd("UNLINK");
        for key in keys {
            command.arg(self.key(key));
        }
        self.ask(&command).await
    }

    /// Forgets all answers, and nothing else that is in Redis.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn flush(&self) -> Result<(), CacheError> {
        let pattern = format!("{}*", escaped(&self.settings.prefix));
        let mut cursor: u64 = 0;
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(SCAN_COUNT);
            let (next, keys): (u64, Vec<Vec<u8>>) = self.ask(&scan).await?;
            if !keys.is_empty() {
                let mut unlink = redis::cmd("UNLINK");
                unlink.arg(keys);
                let _: u64 = self.ask(&unlink).await?;
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }

    /// Questions of `partition` that came after the one at `place`, the oldest first.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn questions_after(&self, partition: &Partition, place: &str) -> Result<Vec<Question>, CacheError> {
        let after = if place.is_empty() { "-".to_owned() } else { format!("({place}") };
        let mut command = redis::cmd("XRANGE");
        command.arg(self.questions_key(partition)).arg(after).arg("+").arg("COUNT").arg(QUESTIONS_MAX);
        let found: StreamRangeReply = self.ask(&command).await?;
        Ok(found.ids.into_iter().filter_map(Question::read).collect())
    }

    /// Adds a question of `partition`, for all nodes. Where there are too many, the oldest go.
    ///
    /// # Errors
    /// When Redis is away, or full.
    pub async fn add_question(
        &self,
        partition: &Partition,
        vector: &Unit,
        key: &Key,
        expires_ms: i64,
    ) -> Result<(), CacheError> {
        let name = self.questions_key(partition);
        let left_ms = expires_ms.saturating_sub(self.clock.now().timestamp_millis()).max(1);
        let mut pipeline = redis::pipe();
        let add = pipeline.cmd("XADD").arg(&name).arg("MAXLEN").arg("~").arg(QUESTIONS_MAX).arg("*");
        add.arg("key")
            .arg(key.as_str())
            .arg("vector")
            .arg(vector.to_bytes())
            .arg("expires_ms")
            .arg(expires_ms)
            .ignore();
        // The last one may be gone before others are, which had longer: they are asked anew then.
        pipeline.cmd("PEXPIRE").arg(&name).arg(left_ms).ignore();
        self.ask(&pipeline).await
    }

    fn questions_key(&self, partition: &Partition) -> String {
        let hex: String = partition.0.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}questions:{hex}", self.settings.prefix)
    }

    /// Whether Redis answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), CacheError> {
        self.ask(&redis::cmd("PING")).await
    }

    async fn ask<T: FromRedisValue>(&self, what: &impl Ask) -> Result<T, CacheError> {
        let mut connection = self.connected().await?;
        let asked = tokio::time::timeout(self.settings.timeout, what.ask(&mut connection)).await;
        match asked {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) if !is_lost(&error) => {
                tracing::warn!(%error, "Redis refuses the cache");
                Err(CacheError::Refused(error.to_string()))
            }
            Ok(Err(error)) => Err(self.lost(&error.to_string()).await),
            Err(_) => Err(self.lost("it did not answer in time").await),
        }
    }

    /// The connection, made where there is none. Whoever comes while another makes it does not wait for it.
    async fn connected(&self) -> Result<MultiplexedConnection, CacheError> {
        if self.rests_until.lock().is_some_and(|until| self.clock.monotonic() < until) {
            return Err(CacheError::Away);
        }
        let mut connection = self.connection.lock().await;
        // Those who waited in line for it find what the first of them found.
        if self.rests_until.lock().is_some_and(|until| self.clock.monotonic() < until) {
            return Err(CacheError::Away);
        }
        if let Some(known) = &*connection {
            return Ok(known.clone());
        }
        let RedisStoreSettings { client, timeout, .. } = self.settings.clone();
        let connecting = self.runtime.spawn(async move {
            let config =
                AsyncConnectionConfig::new().set_connection_timeout(Some(timeout)).set_response_timeout(Some(timeout));
            client.get_multiplexed_async_connection_with_config(&config).await
        });
        match tokio::time::timeout(timeout, connecting).await {
            Ok(Ok(Ok(made))) => {
                *connection = Some(made.clone());
                if self.rests_until.lock().take().is_some() {
                    tracing::info!("Redis is back: answers are cached again");
                }
                gauge!("tollgate_cache_up").set(1.0);
                Ok(made)
            }
            failed => {
                let why = match failed {
                    Ok(Ok(Err(error))) => error.to_string(),
                    _ => "it did not answer in time".to_owned(),
                };
                Err(self.rest(&why))
            }
        }
    }

    async fn lost(&self, why: &str) -> CacheError {
        *self.connection.lock().await = None;
        self.rest(why)
    }

    fn rest(&self, why: &str) -> CacheError {
        let mut until = self.rests_until.lock();
        if until.is_none() {
            tracing::warn!(why, "Redis is away: nothing is cached until it is back");
        }
        *until = Some(self.clock.monotonic() + REST);
        gauge!("tollgate_cache_up").set(0.0);
        CacheError::Away
    }
}

/// Whether the connection is of no use any more.
fn is_lost(error: &RedisError) -> bool {
    error.is_io_error() || error.is_timeout() || error.is_connection_dropped() || error.is_connection_refusal()
}

/// As part of a pattern.
fn escaped(prefix: &str) -> String {
    prefix.chars().flat_map(|c| "\\*?[]^".contains(c).then_some('\\').into_iter().chain([c])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_stands_for_itself() {
        assert_eq!(escaped("toll[a]*gate:"), "toll\\[a\\]\\*gate:");
    }
}
