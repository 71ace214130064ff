//! Credentials of one deployment, kept until shortly before they end.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use parking_lot::RwLock;
use tokio::sync::{Mutex, OnceCell};

use super::identity;
use crate::clock::Clock;
use crate::config::AwsConfig;

/// New ones are asked for so long before the old ones end.
const RENEWED_BEFORE: Duration = Duration::from_mins(5);
/// How long that may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The credentials of a deployment.
#[derive(Debug)]
pub(super) struct Keeper {
    aws: AwsConfig,
    region: String,
    clock: Clock,
    provider: OnceCell<SharedCredentialsProvider>,
    current: RwLock<Option<Credentials>>,
    /// Held by whoever asks for new ones.
    asking: Mutex<()>,
}

impl Keeper {
    pub(super) fn new(aws: AwsConfig, region: String) -> Self {
        let (provider, current, asking) = (OnceCell::new(), RwLock::new(None), Mutex::new(()));
        Self { aws, region, clock: Clock::system(), provider, current, asking }
    }

    /// Credentials that hold now.
    pub(super) async fn get(&self) -> Result<Credentials, String> {
        if let Some(found) = self.holding_for(RENEWED_BEFORE) {
            return Ok(found);
        }
        // Whoever has some that still hold goes on with them while another asks.
        let asking = match self.holding_for(Duration::ZERO) {
            Some(found) => match self.asking.try_lock() {
                Ok(asking) => asking,
                Err(_) => return Ok(found),
            },
            None => self.asking.lock().await,
        };
        if let Some(found) = self.holding_for(RENEWED_BEFORE) {
            return Ok(found);
        }
        let found = self.ask().await;
        drop(asking);
        match (found, self.holding_for(Duration::ZERO)) {
            (Ok(found), _) => {
                *self.current.write() = Some(found.clone());
                Ok(found)
            }
            (Err(reason), Some(found)) => {
                tracing::warn!(%reason, "new AWS credentials cannot be had; the old ones hold for a few minutes more");
                Ok(found)
            }
            (Err(reason), None) => Err(reason),
        }
    }

    async fn ask(&self) -> Result<Credentials, String> {
        let asked = async {
            let provider = self.provider.get_or_try_init(|| identity::provider(&self.aws, &self.region)).await?;
            provider.provide_credentials().await.map_err(|error| describe(&error))
        };
        let found = tokio::time::timeout(TIMEOUT, asked).await;
        found.map_err(|_| format!("no AWS credentials were found within {} s", TIMEOUT.as_secs()))?
    }

    fn now(&self) -> SystemTime {
        self.clock.now().into()
    }

    fn holding_for(&self, span: Duration) -> Option<Credentials> {
        let end = self.now() + span;
        let current = self.current.read();
        current.as_ref().filter(|found| found.expiry().is_none_or(|expiry| expiry > end)).cloned()
    }
}

/// AWS's errors say little without their causes.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = format!("AWS credentials: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
