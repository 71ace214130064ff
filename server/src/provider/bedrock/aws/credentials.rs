//! Credentials of one deployment, kept until shortly before they end.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use tokio::sync::OnceCell;

use super::identity;
use crate::clock::Clock;
use crate::config::AwsConfig;
use crate::provider::token::{Token, TokenCache};

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
    credentials: TokenCache<Credentials>,
}

impl Keeper {
    pub(super) fn new(aws: AwsConfig, region: String) -> Self {
        let clock = Clock::system();
        let credentials = TokenCache::renewing(clock.clone(), RENEWED_BEFORE);
        Self { aws, region, clock, provider: OnceCell::new(), credentials }
    }

    /// Credentials that hold now.
    pub(super) async fn get(&self) -> Result<Credentials, String> {
        self.credentials.get(|| self.ask()).await
    }

    async fn ask(&self) -> Result<Token<Credentials>, String> {
        let asked = async {
            let provider = self.provider.get_or_try_init(|| identity::provider(&self.aws, &self.region)).await?;
            provider.provide_credentials().await.map_err(|error| describe(&error))
        };
        let found = tokio::time::timeout(TIMEOUT, asked).await;
        let found = found.map_err(|_| format!("no AWS credentials were found within {} s", TIMEOUT.as_secs()))??;
        let now = SystemTime::from(self.clock.now());
        let lifetime = found.expiry().map(|expiry| expiry.duration_since(now).unwrap_or_default());
        Ok(Token { value: found, lifetime })
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
