//! Google's access tokens.
//!
//! Sources: as of [`super::credentials`]; Compute Engine documentation, "About VM metadata" (a machine's own token).

use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::credentials::{KeyFile, TokenRequest};
use crate::clock::Clock;
use crate::config::GoogleCredentials;
use crate::provider::endpoint::{Authorize, secret_header};
use crate::provider::token::{self, Token, TokenCache};

/// Where a machine's own token is, on the metadata host.
const METADATA_PATH: &str = "computeMetadata/v1/instance/service-accounts/default/token";

/// Fetches tokens and puts them into calls.
pub(super) struct GoogleTokens {
    client: Client,
    clock: Clock,
    /// Read anew for each token: files are replaced when keys are.
    from: GoogleCredentials,
    quota_project: Option<HeaderValue>,
    tokens: TokenCache<HeaderValue>,
}

impl std::fmt::Debug for GoogleTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GoogleTokens").field("from", &self.from).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
pub(super) struct Answer {
    pub(super) access_token: String,
    /// Seconds.
    pub(super) expires_in: u64,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl GoogleTokens {
    /// The tokens that the credentials `from` give; `key` is what they are now.
    ///
    /// # Errors
    /// When TLS cannot be set up, or a project's name cannot be a header.
    pub(super) fn new(from: GoogleCredentials, key: Option<&KeyFile>, clock: Clock) -> Result<Self, String> {
        let project = key.and_then(KeyFile::quota_project);
        let quota_project = project.map(HeaderValue::from_str).transpose();
        let quota_project = quota_project.map_err(|_| "the quota_project_id of its credentials is no project")?;
        let client = token::client()?;
        Ok(Self { client, tokens: TokenCache::new(clock.clone()), clock, from, quota_project })
    }

    async fn fetch(&self) -> Result<Token<HeaderValue>, String> {
        let answer: Answer = match KeyFile::load(&self.from)? {
            Some(KeyFile::ServiceAccount(account)) => self.ask(account.token_request(self.clock.now())?).await?,
            Some(KeyFile::AuthorizedUser(user)) => self.ask(user.token_request()).await?,
            Some(KeyFile::ExternalAccount(account)) => account.token(&self.client, self.clock.now()).await?,
            None => self.ask_machine().await?,
        };
        let header = secret_header("token", &format!("Bearer {}", answer.access_token))?;
        Ok(Token { value: header, lifetime: Some(Duration::from_secs(answer.expires_in)) })
    }

    async fn ask(&self, request: TokenRequest) -> Result<Answer, String> {
        let asked = self.client.post(request.address);
        told(asked.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(request.form)).await
    }

    async fn ask_machine(&self) -> Result<Answer, String> {
        let GoogleCredentials::Metadata(host) = &self.from else { return Err("it has no credentials".to_owned()) };
        told(self.client.get(format!("http://{host}/{METADATA_PATH}")).header("metadata-flavor", "Google")).await
    }
}

/// The JSON that is answered.
///
/// # Errors
/// When there is no answer, a refusal, or something else. The text shows nothing of a token.
pub(super) async fn told<T: DeserializeOwned>(asked: RequestBuilder) -> Result<T, String> {
    let text = text(asked).await?;
    serde_json::from_str(&text).map_err(|error| format!("Google gave no token: {error}"))
}

/// The text that is answered.
///
/// # Errors
/// When there is no answer, or a refusal.
pub(super) async fn text(asked: RequestBuilder) -> Result<String, String> {
    let answer = asked.send().await;
    let answer = answer.map_err(|error| format!("Google could not be reached for a token: {}", error.without_url()))?;
    let (status, body) = token::read(answer).await.map_err(|error| format!("Google's tokens: {error}"))?;
    if status != 200 {
        let reason = serde_json::from_slice::<Refusal>(&body);
        let reason = reason.map(|refusal| format!("{}: {}", refusal.error, refusal.error_description));
        return Err(format!("Google gave no token (HTTP {status}) {}", reason.unwrap_or_default()));
    }
    String::from_utf8(body).map_err(|_| "Google gave no token: it is no text".to_owned())
}

impl Authorize for GoogleTokens {
    fn authorize<'a>(&'a self, request: &'a mut reqwest::Request) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async {
            let header = self.tokens.get(|| self.fetch()).await?;
            let headers = request.headers_mut();
            headers.insert(AUTHORIZATION, header);
            if let Some(project) = &self.quota_project {
                headers.insert("x-goog-user-project", project.clone());
            }
            Ok(())
        })
    }
}
