//! Connections to Redis: one that keeps in touch with it, and one of each worker, which asks.

use std::cell::RefCell;
use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisResult};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::OnceCell;

use super::{Link, Shared};

/// Parts of the time that Redis may take.
const WAIT_PARTS: u32 = 10;

/// A worker's own connection, under a lease.
struct Own {
    lease: Arc<str>,
    connection: Arc<OnceCell<MultiplexedConnection>>,
}

thread_local! {
    static OWN: RefCell<Option<Own>> = const { RefCell::new(None) };
}

impl Shared {
    /// A new connection, which lives on the runtime of this thread.
    pub(super) async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        // Time is kept by `in_time`.
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        self.in_time(self.settings.client.get_multiplexed_async_connection_with_config(&config)).await
    }

    /// What Redis answers, if it does in time.
    ///
    /// The time is waited in parts, each of which lets everything else on this runtime have its turn: a node that has too
    /// much to do to read an answer does not take Redis for away.
    pub(super) async fn in_time<T>(&self, asking: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
        let mut asking = std::pin::pin!(asking);
        for _ in 0..WAIT_PARTS {
            if let Ok(answer) = tokio::time::timeout(self.settings.timeout / WAIT_PARTS, &mut asking).await {
                return answer;
            }
        }
        Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into())
    }

    /// The connection to ask by. A worker has its own, so that no other thread has to wake up for its answers.
    pub(super) async fn connection_here(&self, link: &Link) -> RedisResult<MultiplexedConnection> {
        let is_worker = Handle::try_current().is_ok_and(|here| here.runtime_flavor() == RuntimeFlavor::CurrentThread);
        if !is_worker {
            return Ok(link.connection.clone());
        }
        let own = OWN.with_borrow_mut(|own| match own {
            Some(own) if Arc::ptr_eq(&own.lease, &link.lease) => Arc::clone(&own.connection),
            _ => {
                let connection = Arc::default();
                *own = Some(Own { lease: Arc::clone(&link.lease), connection: Arc::clone(&connection) });
                connection
            }
        });
        // Boxed: what connecting takes would be carried around by every call.
        own.get_or_try_init(|| Box::pin(self.connect())).await.cloned()
    }
}
