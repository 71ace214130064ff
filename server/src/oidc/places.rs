//! Where a provider is asked what, and the keys it signs with.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{CoreClientAuthMethod, CoreJsonWebKeySet, CoreProviderMetadata};
use openidconnect::http::header::ACCEPT;
use openidconnect::http::{Method, Request};
use openidconnect::{AuthUrl, IssuerUrl, JsonWebKeySetUrl, TokenUrl};
use serde::de::DeserializeOwned;
use tollgate_openapi::sso::SsoProblem;

use super::{Found, Oidc, OidcError, Provider};

/// What a provider says of itself is believed this long.
const KEPT: TimeDelta = TimeDelta::hours(1);
/// Keys are read again at most this often, however many tokens name unknown ones.
const KEYS_AGE_MIN: TimeDelta = TimeDelta::seconds(10);

/// A provider's endpoints and keys.
#[derive(Clone, Debug)]
pub(super) struct Places {
    pub(super) issuer: IssuerUrl,
    pub(super) authorization: AuthUrl,
    pub(super) token: TokenUrl,
    pub(super) userinfo: Option<String>,
    /// `None`: plain OAuth 2, which signs nothing.
    keys_at: Option<JsonWebKeySetUrl>,
    pub(super) keys: CoreJsonWebKeySet,
    /// The token endpoint takes the client's secret in a header.
    pub(super) takes_basic: bool,
    read_at: DateTime<Utc>,
    keys_read_at: DateTime<Utc>,
}

impl Places {
    /// Whether it tells who somebody is by a signed token.
    pub(super) const fn is_oidc(&self) -> bool {
        self.keys_at.is_some()
    }

    pub(super) fn found(&self) -> Found {
        Found {
            issuer: self.is_oidc().then(|| self.issuer.to_string()),
            authorization_endpoint: self.authorization.to_string(),
            token_endpoint: self.token.to_string(),
            keys: self.keys.keys().len(),
        }
    }
}

impl Oidc {
    /// What is known of a provider, asked where that is old.
    pub(super) async fn places(&self, provider: &Provider) -> Result<Arc<Places>, OidcError> {
        let Some(issuer) = provider.issuer() else { return self.named(provider).map(Arc::new) };
        let now = self.clock.now();
        let known = self.known.lock().get(&issuer).cloned();
        if let Some(known) = known.filter(|known| now - known.read_at < KEPT) {
            return Ok(known);
        }
        let found = Arc::new(self.discover(&issuer, provider.is_ours()).await?);
        self.known.lock().insert(issuer, Arc::clone(&found));
        Ok(found)
    }

    /// The same with the provider's keys as they are now, unless they were just read.
    pub(super) async fn with_new_keys(
        &self,
        provider: &Provider,
        known: &Arc<Places>,
    ) -> Result<Option<Arc<Places>>, OidcError> {
        let (Some(issuer), Some(keys_at)) = (provider.issuer(), &known.keys_at) else { return Ok(None) };
        let now = self.clock.now();
        if now - known.keys_read_at < KEYS_AGE_MIN {
            return Ok(None);
        }
        let keys = self.read(keys_at.as_str(), provider.is_ours()).await?;
        let renewed = Arc::new(Places { keys, keys_read_at: now, ..Places::clone(known) });
        self.known.lock().insert(issuer, Arc::clone(&renewed));
        Ok(Some(renewed))
    }

    async fn discover(&self, issuer: &str, is_ours: bool) -> Result<Places, OidcError> {
        let base = issuer.trim_end_matches('/');
        let address = format!("{base}/.well-known/openid-configuration");
        let metadata: CoreProviderMetadata = self.read(&address, is_ours).await?;
        // Some have a slash at the end of their name; whoever leaves it out means the same.
        if metadata.issuer().as_str().trim_end_matches('/') != base {
            let detail = format!("{address} says that its issuer is {}", metadata.issuer().as_str());
            return Err(OidcError::new(SsoProblem::WrongIssuer, detail));
        }
        let token = metadata.token_endpoint().cloned();
        let token = token.ok_or_else(|| OidcError::down(format!("{address} names no token_endpoint")))?;
        let keys = self.read(metadata.jwks_uri().as_str(), is_ours).await?;
        let methods = metadata.token_endpoint_auth_methods_supported();
        let now = self.clock.now();
        Ok(Places {
            issuer: metadata.issuer().clone(),
            authorization: metadata.authorization_endpoint().clone(),
            token,
            userinfo: metadata.userinfo_endpoint().map(ToString::to_string),
            keys_at: Some(metadata.jwks_uri().clone()),
            keys,
            takes_basic: methods.is_none_or(|methods| {
                methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
                    || !methods.contains(&CoreClientAuthMethod::ClientSecretPost)
            }),
            read_at: now,
            keys_read_at: now,
        })
    }

    /// A provider that discovers nothing: its endpoints are settings.
    fn named(&self, provider: &Provider) -> Result<Places, OidcError> {
        let settings = &provider.settings;
        let set = |name: &str, value: &Option<String>| {
            let missing = || OidcError::new(SsoProblem::UnknownProvider, format!("{name} is not set"));
            value.clone().ok_or_else(missing)
        };
        let malformed = |error| OidcError::new(SsoProblem::UnknownProvider, error);
        let userinfo = set("userinfo_endpoint", &settings.userinfo_endpoint)?;
        let now = self.clock.now();
        Ok(Places {
            // Nothing else names it; subjects are told apart by it.
            issuer: IssuerUrl::new(userinfo.clone()).map_err(malformed)?,
            authorization: AuthUrl::new(set("authorization_endpoint", &settings.authorization_endpoint)?)
                .map_err(malformed)?,
            token: TokenUrl::new(set("token_endpoint", &settings.token_endpoint)?).map_err(malformed)?,
            userinfo: Some(userinfo),
            keys_at: None,
            keys: CoreJsonWebKeySet::default(),
            takes_basic: true,
            read_at: now,
            keys_read_at: now,
        })
    }

    /// A JSON document of the provider's.
    async fn read<T: DeserializeOwned>(&self, address: &str, is_ours: bool) -> Result<T, OidcError> {
        let request = Request::builder().method(Method::GET).uri(address).header(ACCEPT, "application/json");
        let request = request.body(Vec::new()).map_err(|error| OidcError::down(format!("{address}: {error}")))?;
        let answer = self.send(request, is_ours).await;
        let answer = answer.map_err(|error| OidcError::down(format!("{address}: {error}")))?;
        if !answer.status().is_success() {
            return Err(OidcError::down(format!("{address} answers with status {}", answer.status())));
        }
        let unlike = |error: serde_json::Error| OidcError::down(format!("{address} is not what it should be: {error}"));
        serde_json::from_slice(answer.body()).map_err(unlike)
    }
}
