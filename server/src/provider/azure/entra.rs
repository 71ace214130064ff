//! Tokens of Microsoft Entra ID for an application.
//!
//! Source: Microsoft Learn, "Microsoft identity platform and the OAuth 2.0 client credentials flow": get a token with a
//! shared secret.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Url};
use serde::Deserialize;
use std::time::Duration;

use crate::clock::Clock;
use crate::config::AzureConfig;
use crate::provider::endpoint::{Authorize, secret_header};
use crate::provider::token::{self, Token, TokenCache};

/// Where the public cloud's tokens come from.
const AUTHORITY: &str = "https://login.microsoftonline.com";
/// What the tokens are for.
const SCOPE: &str = "https://cognitiveservices.azure.com/.default";

/// Fetches tokens for an application and puts them into calls.
pub(super) struct EntraId {
    client: Client,
    url: Url,
    /// The form that is sent, secret included.
    form: Bytes,
    tokens: TokenCache<HeaderValue>,
}

impl std::fmt::Debug for EntraId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EntraId").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    /// Seconds.
    expires_in: u64,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl EntraId {
    /// The tokens of the application that `azure` names.
    ///
    /// # Errors
    /// When it names none, or the authority's address is none.
    pub(super) fn new(azure: &AzureConfig, clock: Clock) -> Result<Self, String> {
        let (Some(tenant), Some(id), Some(secret)) = (&azure.tenant_id, &azure.client_id, &azure.client_secret) else {
            return Err("its Entra ID application needs tenant_id, client_id and client_secret".to_owned());
        };
        let authority = azure.authority_host.as_deref().unwrap_or(AUTHORITY);
        // The variable may lack the scheme, as in Microsoft's own tools.
        let authority = if authority.contains("://") { authority.to_owned() } else { format!("https://{authority}") };
        let mut url =
            Url::parse(&authority).map_err(|error| format!("AZURE_AUTHORITY_HOST is not an address: {error}"))?;
        url.path_segments_mut().map_err(|()| "AZURE_AUTHORITY_HOST is not an http address")?.pop_if_empty().extend([
            tenant.as_str(),
            "oauth2",
            "v2.0",
            "token",
        ]);
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", id)
            .append_pair("client_secret", secret.expose())
            .append_pair("scope", azure.scope.as_deref().unwrap_or(SCOPE))
            .finish();
        Ok(Self { client: token::client()?, url, form: Bytes::from(form), tokens: TokenCache::new(clock) })
    }

    async fn fetch(&self) -> Result<Token<HeaderValue>, String> {
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(self.form.clone());
        let answer = request
            .send()
            .await
            .map_err(|error| format!("Microsoft Entra ID could not be reached for a token: {}", error.without_url()))?;
        let (status, body) = token::read(answer).await.map_err(|error| format!("Microsoft Entra ID: {error}"))?;
        if status != 200 {
            let reason = serde_json::from_slice::<Refusal>(&body);
            let reason = reason.map(|refusal| format!("{}: {}", refusal.error, refusal.error_description));
            return Err(format!("Microsoft Entra ID gave no token (HTTP {status}) {}", reason.unwrap_or_default()));
        }
        let answer: Answer =
            serde_json::from_slice(&body).map_err(|error| format!("Microsoft Entra ID gave no token: {error}"))?;
        let header = secret_header("token", &format!("Bearer {}", answer.access_token))?;
        Ok(Token { value: header, lifetime: Some(Duration::from_secs(answer.expires_in)) })
    }
}

impl Authorize for EntraId {
    fn authorize<'a>(&'a self, request: &'a mut reqwest::Request) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async {
            let header = self.tokens.get(|| self.fetch()).await?;
            request.headers_mut().insert(AUTHORIZATION, header);
            Ok(())
        })
    }
}
