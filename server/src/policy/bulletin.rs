//! Tells other nodes at once that limits changed. What changed is in the database, where every node looks from time to
//! time; this says that it is worth looking now.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use redis::{AsyncConnectionConfig, Client};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Pause before Redis is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Where changes are announced.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Redis.
    pub client: Client,
    /// Name of the channel.
    pub name: String,
    /// How long Redis may take to answer.
    pub timeout: Duration,
}

/// Announcements of changes, to other nodes and from them.
#[derive(Debug, Default)]
pub struct Bulletin {
    channel: Option<Channel>,
    posted: Notify,
    heard: Notify,
    read: AtomicU64,
}

impl Bulletin {
    /// Announcements through `channel`; without one, nobody is told and nothing is heard.
    #[must_use]
    pub fn new(channel: Option<Channel>) -> Self {
        Self { channel, ..Self::default() }
    }

    /// Tells other nodes that something changed. What changed has to be in the database.
    pub fn post(&self) {
        self.posted.notify_one();
    }

    /// Waits until a node has told that something changed.
    pub async fn heard(&self) {
        self.heard.notified().await;
    }

    /// Notes that this node has read all changes up to the one with this number.
    pub fn note_read(&self, change: i64) {
        self.read.store(change.unsigned_abs(), Ordering::Relaxed);
    }

    /// The number of the last change that this node has read.
    #[must_use]
    pub fn last_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Carries announcements to Redis and from it until `stop`. While it is away, nodes find changes when they look.
    pub async fn run(&self, stop: CancellationToken) {
        let Some(channel) = &self.channel else { return };
        while !stop.is_cancelled() {
            if let Some(Err(error)) = stop.run_until_cancelled(self.carry(channel)).await {
                tracing::debug!(%error, "changes are not announced through Redis");
            }
            stop.run_until_cancelled(tokio::time::sleep(TRY_AGAIN)).await;
        }
    }

    /// Until the connection ends.
    async fn carry(&self, channel: &Channel) -> redis::RedisResult<()> {
        let mut announced = channel.client.get_async_pubsub().await?;
        announced.subscribe(&channel.name).await?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(channel.timeout))
            .set_response_timeout(Some(channel.timeout));
        let mut connection = channel.client.get_multiplexed_async_connection_with_config(&config).await?;
        let mut messages = announced.into_on_message();
        // What was announced before this node listened.
        self.heard.notify_one();
        loop {
            tokio::select! {
                () = self.posted.notified() => {
                    redis::cmd("PUBLISH").arg(&channel.name).arg("changed").exec_async(&mut connection).await?;
                }
                message = messages.next() => match message {
                    Some(_) => self.heard.notify_one(),
                    None => return Ok(()),
                },
            }
        }
    }
}
