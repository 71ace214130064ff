//! What somebody brings back from a provider, exchanged for who they are.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use openidconnect::core::{
    CoreClient, CoreErrorResponseType, CoreIdToken, CoreIdTokenVerifier, CoreJwsSigningAlgorithm as Algorithm,
    CoreTokenResponse,
};
use openidconnect::http::header::{ACCEPT, AUTHORIZATION};
use openidconnect::http::{Method, Request};
use openidconnect::{
    AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, EndpointNotSet, EndpointSet, Nonce,
    OAuth2TokenResponse, PkceCodeVerifier, RedirectUrl, RequestTokenError, SignatureVerificationError, TokenResponse,
};
use serde_json::{Map, Value};
use tollgate_openapi::sso::SsoProblem;

use super::places::Places;
use super::{Oidc, OidcError, Provider};

/// How far a provider's clock may be ahead of ours, or behind it.
const CLOCK_SKEW: TimeDelta = TimeDelta::seconds(60);
/// Signatures that are believed: none with a shared secret.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
];

pub(super) type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet, EndpointNotSet>;

/// What somebody brings back.
#[derive(Clone, Debug)]
pub struct Brought {
    /// The provider's code.
    pub code: String,
    /// What the token must carry.
    pub nonce: String,
    /// What proves that the code was asked for here.
    pub verifier: String,
}

/// What a provider says of somebody; all of it is verified to be its word.
#[derive(Clone, Debug)]
pub struct Claims {
    /// The provider, as it names itself.
    pub issuer: String,
    /// Whom it means, for ever.
    pub subject: String,
    /// Everything it says.
    pub all: Map<String, Value>,
}

/// A client of the provider.
pub(super) fn client(provider: &Provider, places: &Places, redirect_uri: &str) -> Result<Client, OidcError> {
    let redirect = RedirectUrl::new(redirect_uri.to_owned());
    let redirect = redirect.map_err(|error| OidcError::new(SsoProblem::Unavailable, error))?;
    let id = ClientId::new(provider.settings.client_id.clone());
    let mut client = CoreClient::new(id, places.issuer.clone(), places.keys.clone())
        .set_auth_uri(places.authorization.clone())
        .set_token_uri(places.token.clone())
        .set_redirect_uri(redirect);
    if provider.settings.include_client_id || !places.takes_basic {
        client = client.set_auth_type(AuthType::RequestBody);
    }
    Ok(match &provider.secret {
        Some(secret) => client.set_client_secret(ClientSecret::new(secret.expose().to_owned())),
        None => client,
    })
}

impl Oidc {
    /// Exchanges what somebody brought for who they are.
    ///
    /// # Errors
    /// When the provider does not answer, refuses, or says what cannot be believed.
    pub async fn finish(&self, provider: &Provider, redirect_uri: &str, brought: Brought) -> Result<Claims, OidcError> {
        let places = self.places(provider).await?;
        let tokens = self.exchange(provider, &places, redirect_uri, &brought).await?;
        let access_token = tokens.access_token().secret();
        if !places.is_oidc() {
            let all = self.userinfo(provider, &places, access_token).await?;
            return Ok(Claims {
                issuer: places.issuer.to_string(),
                subject: subject_without_token(provider, &all)?,
                all,
            });
        }
        let missing = || OidcError::new(SsoProblem::InvalidToken, "there is no id_token in the provider's answer");
        let token = tokens.id_token().ok_or_else(missing)?;
        let mut all = self.verify(provider, &places, token, &Nonce::new(brought.nonce)).await?;
        let subject = text(&all, "sub").ok_or_else(|| OidcError::new(SsoProblem::InvalidToken, "no sub"))?;
        if places.userinfo.is_some() && is_wanting(provider, &all) {
            let more = self.userinfo(provider, &places, access_token).await?;
            // OpenID Connect Core 5.3.2: another subject's information must not be used.
            if text(&more, "sub").as_ref() != Some(&subject) {
                return Err(OidcError::new(SsoProblem::InvalidToken, "userinfo is about another subject"));
            }
            for (name, value) in more {
                all.entry(name).or_insert(value);
            }
        }
        Ok(Claims { issuer: places.issuer.to_string(), subject, all })
    }

    async fn exchange(
        &self,
        provider: &Provider,
        places: &Places,
        redirect_uri: &str,
        brought: &Brought,
    ) -> Result<CoreTokenResponse, OidcError> {
        let client = client(provider, places, redirect_uri)?;
        let is_ours = provider.is_ours();
        let request = client
            .exchange_code(AuthorizationCode::new(brought.code.clone()))
            .set_pkce_verifier(PkceCodeVerifier::new(brought.verifier.clone()));
        request.request_async(&|request| self.send(request, is_ours)).await.map_err(|error| match error {
            RequestTokenError::ServerResponse(refusal) => {
                let problem = match refusal.error() {
                    CoreErrorResponseType::InvalidClient | CoreErrorResponseType::UnauthorizedClient => {
                        SsoProblem::ClientRefused
                    }
                    CoreErrorResponseType::InvalidGrant => SsoProblem::Expired,
                    _ => SsoProblem::ProviderDown,
                };
                OidcError::new(problem, format!("the token endpoint refuses: {refusal}"))
            }
            RequestTokenError::Request(error) => OidcError::down(format!("the token endpoint: {error}")),
            RequestTokenError::Parse(error, _) => OidcError::down(format!("the token endpoint's answer: {error}")),
            RequestTokenError::Other(error) => OidcError::down(format!("the token endpoint's answer: {error}")),
        })
    }

    /// The claims of a token whose signature, issuer, audience, nonce and time are right.
    async fn verify(
        &self,
        provider: &Provider,
        places: &Arc<Places>,
        token: &CoreIdToken,
        nonce: &Nonce,
    ) -> Result<Map<String, Value>, OidcError> {
        let checked = match self.check(provider, places, token, nonce) {
            // The provider may have changed its keys since they were read.
            Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
                match self.with_new_keys(provider, places).await? {
                    Some(renewed) => self.check(provider, &renewed, token, nonce),
                    None => self.check(provider, places, token, nonce),
                }
            }
            checked => checked,
        };
        checked.map_err(|error| {
            let problem = match error {
                ClaimsVerificationError::InvalidIssuer(_) => SsoProblem::WrongIssuer,
                _ => SsoProblem::InvalidToken,
            };
            let source = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
            OidcError::new(problem, format!("{error}{source}"))
        })?;
        payload(&token.to_string())
            .ok_or_else(|| OidcError::new(SsoProblem::InvalidToken, "the id_token cannot be read"))
    }

    fn check(
        &self,
        provider: &Provider,
        places: &Places,
        token: &CoreIdToken,
        nonce: &Nonce,
    ) -> Result<(), ClaimsVerificationError> {
        let id = ClientId::new(provider.settings.client_id.clone());
        let clock = self.clock.clone();
        let verifier = CoreIdTokenVerifier::new_public_client(id, places.issuer.clone(), places.keys.clone())
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(move || clock.now() - CLOCK_SKEW);
        token.claims(&verifier, nonce).map(drop)
    }

    /// What the provider tells about the bearer of a token.
    async fn userinfo(
        &self,
        provider: &Provider,
        places: &Places,
        access_token: &str,
    ) -> Result<Map<String, Value>, OidcError> {
        let address = places.userinfo.as_deref().unwrap_or_default();
        let request = Request::builder().method(Method::GET).uri(address).header(ACCEPT, "application/json");
        let request = request.header(AUTHORIZATION, format!("Bearer {access_token}")).body(Vec::new());
        let request = request.map_err(|error| OidcError::down(format!("{address}: {error}")))?;
        let answer = self.send(request, provider.is_ours()).await;
        let answer = answer.map_err(|error| OidcError::down(format!("{address}: {error}")))?;
        if !answer.status().is_success() {
            return Err(OidcError::down(format!("{address} answers with status {}", answer.status())));
        }
        serde_json::from_slice(answer.body())
            .map_err(|error| OidcError::down(format!("{address} is not what it should be: {error}")))
    }
}

/// Whether the token leaves out what the settings look for.
fn is_wanting(provider: &Provider, claims: &Map<String, Value>) -> bool {
    let settings = &provider.settings;
    let has = |attribute: &Option<String>, usual: &str| {
        let name = attribute.as_deref().unwrap_or(usual);
        claims.contains_key(name) || name.split('.').next().is_some_and(|first| claims.contains_key(first))
    };
    let wants_groups = !settings.team_mappings.is_empty() || !settings.role_mappings.is_empty();
    !has(&settings.user_email_attribute, "email")
        || (wants_groups && !has(&settings.groups_attribute, "groups"))
        || (settings.user_role_attribute.is_some() && !has(&settings.user_role_attribute, ""))
}

/// Who is meant where no token says so: the claim that names users, or `sub`, or `id`.
fn subject_without_token(provider: &Provider, claims: &Map<String, Value>) -> Result<String, OidcError> {
    let names = [provider.settings.user_id_attribute.as_deref(), Some("sub"), Some("id")];
    let found = names.into_iter().flatten().find_map(|name| text(claims, name));
    found.ok_or_else(|| OidcError::new(SsoProblem::InvalidToken, "userinfo does not say whom it is about"))
}

/// A claim as text; a number is its digits.
fn text(claims: &Map<String, Value>, name: &str) -> Option<String> {
    match claims.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The claims of a token, whatever its signature.
fn payload(token: &str) -> Option<Map<String, Value>> {
    let part = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
