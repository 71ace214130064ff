//! Asks every deployment from time to time whether it answers.
//!
//! These calls cost money, so of several nodes on one Redis one asks for all: whoever takes the turn, which lasts as long
//! as the interval. The others read there what it found. Without Redis every node asks for itself.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisResult};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::gateway::upstream::Upstream;
use crate::gateway::{Gateway, check};
use crate::policy::Channel;
use crate::router::Deployment;
use crate::router::checks::Check;

/// Deployments that are asked at once.
const AT_ONCE: usize = 8;
/// How often a node whose turn it is not looks for what others found, and whether the turn is free.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// What Redis keeps is forgotten when nobody asks for so many intervals.
const KEPT_INTERVALS: u32 = 10;

/// How deployments are checked.
#[derive(Clone, Debug)]
pub struct HealthChecks {
    /// What is asked, and where it is noted.
    pub gateway: Arc<Gateway>,
    /// Connections of the job's own.
    pub upstream: Upstream,
    /// How often.
    pub interval: Duration,
    /// A deployment that does not answer rests until it does.
    pub routes: bool,
    /// Where nodes take turns.
    pub shared: Option<Channel>,
}

/// Whose turn it is.
enum Turn {
    /// This node's.
    Ours(Option<MultiplexedConnection>),
    /// Another's, whose findings can be read.
    Others(MultiplexedConnection),
}

impl HealthChecks {
    /// Checks until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut ticks = interval(self.interval.min(LOOK_EVERY));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut asked_at = None;
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let is_due = asked_at.is_none_or(|at: Instant| at.elapsed() >= self.interval);
            stop.run_until_cancelled(self.look(is_due, &mut asked_at)).await;
        }
    }

    async fn look(&self, is_due: bool, asked_at: &mut Option<Instant>) {
        match self.turn(is_due).await {
            Ok(Some(Turn::Ours(connection))) => {
                *asked_at = Some(Instant::now());
                let found = self.check_all().await;
                if let Some(connection) = connection
                    && let Err(error) = self.tell(connection, &found).await
                {
                    tracing::debug!(%error, "what health checks found is not told to other nodes");
                }
            }
            Ok(Some(Turn::Others(connection))) => {
                if let Err(error) = self.learn(connection).await {
                    tracing::debug!(%error, "what health checks of other nodes found cannot be read");
                }
            }
            Ok(None) => {}
            Err(error) => {
                tracing::debug!(%error, "health checks are not shared through Redis");
                if is_due {
                    *asked_at = Some(Instant::now());
                    self.check_all().await;
                }
            }
        }
    }

    async fn turn(&self, is_due: bool) -> RedisResult<Option<Turn>> {
        let Some(channel) = &self.shared else { return Ok(is_due.then_some(Turn::Ours(None))) };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(channel.timeout))
            .set_response_timeout(Some(channel.timeout));
        let mut connection = channel.client.get_multiplexed_async_connection_with_config(&config).await?;
        let length_ms = u64::try_from(self.interval.as_millis()).unwrap_or(u64::MAX).max(1);
        let mut take = redis::cmd("SET");
        take.arg(format!("{}:turn", channel.name)).arg(1).arg("NX").arg("PX").arg(length_ms);
        let taken: Option<String> = take.query_async(&mut connection).await?;
        Ok(Some(if taken.is_some() { Turn::Ours(Some(connection)) } else { Turn::Others(connection) }))
    }

    async fn check_all(&self) -> Vec<(Arc<Deployment>, Check)> {
        let deployments = self.gateway.router.deployments().into_iter().filter(|one| is_checked(one));
        let checks = stream::iter(deployments).map(async |one| {
            let check = check::check(&self.gateway, &self.upstream, &one).await;
            self.route(&one, &check);
            (one, check)
        });
        checks.buffer_unordered(AT_ONCE).collect().await
    }

    /// Has calls go elsewhere until the next check, or come back.
    fn route(&self, deployment: &Deployment, check: &Check) {
        let router = &self.gateway.router;
        match &check.error {
            _ if !self.routes => {}
            None => router.end_rest(deployment),
            Some(error) => {
                let length = self.interval.saturating_add(deployment.health_check.timeout);
                router.rest(deployment, length, &format!("health check: {error}"));
            }
        }
    }

    async fn tell(&self, mut connection: MultiplexedConnection, found: &[(Arc<Deployment>, Check)]) -> RedisResult<()> {
        let Some(key) = self.found_key().filter(|_| !found.is_empty()) else { return Ok(()) };
        let mut pipe = redis::pipe();
        for (deployment, check) in found {
            if let Ok(json) = serde_json::to_string(check) {
                pipe.hset(&key, &*deployment.id, json).ignore();
            }
        }
        let kept = self.interval.saturating_mul(KEPT_INTERVALS).as_secs().max(1);
        pipe.cmd("EXPIRE").arg(&key).arg(kept).ignore().exec_async(&mut connection).await
    }

    async fn learn(&self, mut connection: MultiplexedConnection) -> RedisResult<()> {
        let Some(key) = self.found_key() else { return Ok(()) };
        let found: Vec<(String, String)> = redis::cmd("HGETALL").arg(key).query_async(&mut connection).await?;
        let deployments = self.gateway.router.deployments();
        for (id, json) in found {
            let deployment = deployments.iter().find(|one| *one.id == *id);
            if let (Some(deployment), Ok(check)) = (deployment, serde_json::from_str(&json)) {
                deployment.health.checks().learn(check);
            }
        }
        Ok(())
    }

    fn found_key(&self) -> Option<String> {
        self.shared.as_ref().map(|channel| format!("{}:found", channel.name))
    }
}

/// Whether a deployment is checked without being asked to: one that stands for many models has to name one of them.
fn is_checked(deployment: &Deployment) -> bool {
    let is_wildcard = deployment.upstream_model.contains('*') && deployment.health_check.model.is_none();
    !deployment.health_check.is_manual && !is_wildcard
}
