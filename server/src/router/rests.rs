//! Rests of deployments, told to other nodes: what one node found to fail is left alone by all.
//!
//! A rest is announced as it begins, and kept in Redis for nodes that start later. Without Redis every node finds out for
//! itself; what it cannot tell while Redis is away, it tells when that is back, if it is still true then.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisResult};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Router;
use crate::policy::Channel;

/// Rests that wait to be announced; beyond, the oldest are not, and end by themselves.
const WAITING_MAX: usize = 256;
/// Pause before Redis is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// What Redis keeps is forgotten when nothing was added for so long, in seconds: longer than any rest.
const KEPT_S: u64 = 24 * 3600;

/// A rest that begins, or ends early.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rest {
    /// Id of the deployment.
    pub deployment: String,
    /// Until when; `None`: it has ended.
    pub until: Option<DateTime<Utc>>,
    /// Why, for people.
    pub reason: String,
}

/// Rests as this node begins and ends them.
#[derive(Debug)]
pub(super) struct Rests(broadcast::Sender<Rest>);

impl Default for Rests {
    fn default() -> Self {
        Self(broadcast::Sender::new(WAITING_MAX))
    }
}

impl Rests {
    /// What is announced from now on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<Rest> {
        self.0.subscribe()
    }

    /// Announces a rest, where somebody listens.
    pub(super) fn post(&self, rest: Rest) {
        // Without listeners there is nobody to tell.
        drop(self.0.send(rest));
    }
}

/// A rest as it is sent.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    /// Who tells.
    node: Uuid,
    #[serde(flatten)]
    rest: Rest,
}

/// Carries rests between this node and the others until `stop`.
pub async fn share(router: &Router, channel: &Channel, stop: CancellationToken) {
    let node = Uuid::new_v4();
    let mut begun = router.rests();
    let carrier = Carrier { router, channel, node };
    while !stop.is_cancelled() {
        if let Some(Err(error)) = stop.run_until_cancelled(carrier.carry(&mut begun)).await {
            tracing::debug!(%error, "rests of deployments are not shared through Redis");
        }
        stop.run_until_cancelled(tokio::time::sleep(TRY_AGAIN)).await;
    }
}

struct Carrier<'a> {
    router: &'a Router,
    channel: &'a Channel,
    node: Uuid,
}

impl Carrier<'_> {
    /// Until the connection ends.
    async fn carry(&self, begun: &mut broadcast::Receiver<Rest>) -> RedisResult<()> {
        let Self { channel, .. } = self;
        let mut announced = channel.client.get_async_pubsub().await?;
        announced.subscribe(&channel.name).await?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(channel.timeout))
            .set_response_timeout(Some(channel.timeout));
        let mut connection = channel.client.get_multiplexed_async_connection_with_config(&config).await?;
        let mut messages = announced.into_on_message();
        self.learn(&mut connection).await?;
        for rest in self.router.resting() {
            self.tell(&mut connection, rest).await?;
        }
        loop {
            tokio::select! {
                rest = begun.recv() => match rest {
                    Ok(rest) => self.tell(&mut connection, rest).await?,
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return Ok(()),
                },
                message = messages.next() => match message {
                    Some(message) => self.hear(message.get_payload_bytes()),
                    None => return Ok(()),
                },
            }
        }
    }

    /// Name of the hash of rests in force.
    fn kept(&self) -> String {
        format!("{}:kept", self.channel.name)
    }

    /// Takes over what is in force, and removes what is not any more.
    async fn learn(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let kept: Vec<(String, String)> = redis::cmd("HGETALL").arg(self.kept()).query_async(connection).await?;
        let now = self.router.clock.now();
        let mut over = redis::cmd("HDEL");
        over.arg(self.kept());
        let mut has_over = false;
        for (field, told) in kept {
            let is_on =
                serde_json::from_str(&told).is_ok_and(|told: Told| told.rest.until.is_some_and(|until| until > now));
            if is_on {
                self.hear(told.as_bytes());
            } else {
                over.arg(field);
                has_over = true;
            }
        }
        if has_over { over.exec_async(connection).await } else { Ok(()) }
    }

    async fn tell(&self, connection: &mut MultiplexedConnection, rest: Rest) -> RedisResult<()> {
        let (field, is_over) = (rest.deployment.clone(), rest.until.is_none());
        let Ok(told) = serde_json::to_string(&Told { node: self.node, rest }) else { return Ok(()) };
        let mut pipe = redis::pipe();
        if is_over {
            pipe.hdel(self.kept(), field).ignore();
        } else {
            pipe.hset(self.kept(), field, &told).ignore();
            pipe.cmd("EXPIRE").arg(self.kept()).arg(KEPT_S).ignore();
        }
        pipe.publish(&self.channel.name, told).ignore().exec_async(connection).await
    }

    fn hear(&self, told: &[u8]) {
        match serde_json::from_slice::<Told>(told) {
            Ok(Told { node, rest }) if node != self.node => self.router.rest_as_told(&rest),
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "an announced rest cannot be read"),
        }
    }
}
