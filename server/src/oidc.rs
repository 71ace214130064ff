//! OpenID Connect, as its client: where people are sent to sign in, what they bring back, and what of it is believed.
//!
//! Authorization code with PKCE (S256), state and nonce. What a provider says of itself is discovered and kept for a while;
//! its keys are read again when a token names one that is not among them.

mod exchange;
mod places;

use std::collections::HashMap;
use std::sync::Arc;

use openidconnect::core::CoreAuthenticationFlow;
use openidconnect::http::{Request, Response};
use openidconnect::{CsrfToken, LoginHint, Nonce, PkceCodeChallenge, PkceCodeVerifier, Scope};
use parking_lot::Mutex;
use tollgate_openapi::sso::{SsoKind, SsoProblem, SsoProvider, SsoSource};

use crate::clock::Clock;
use crate::config::Secret;
use crate::crypto::random_base62;
use crate::outbound::{Outbound, OutboundError};

pub use exchange::{Brought, Claims};
use places::Places;

/// The longest answer of a provider that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;
/// Length of a nonce: 256 bits and more.
const NONCE_CHARS: usize = 43;
/// Length of a PKCE verifier; RFC 7636 wants 43 to 128.
const VERIFIER_CHARS: usize = 64;
/// What is asked for where nothing else is set.
const SCOPE_DEFAULT: &str = "openid email profile";

/// A provider, with what is secret.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its id.
    pub id: String,
    /// Its settings, without the secret.
    pub settings: SsoProvider,
    /// The client's secret.
    pub secret: Option<Secret>,
    /// Where it is set.
    pub source: SsoSource,
}

impl Provider {
    /// What people know it as.
    #[must_use]
    pub fn name(&self) -> &str {
        self.settings.display_name.as_deref().unwrap_or_else(|| self.settings.kind.label())
    }

    /// Its address, from which all else is discovered; `None`: its endpoints are named.
    #[must_use]
    pub fn issuer(&self) -> Option<String> {
        let own = || match self.settings.kind {
            SsoKind::Google => Some("https://accounts.google.com".to_owned()),
            SsoKind::Microsoft => {
                let tenant = self.settings.tenant.as_deref()?;
                Some(format!("https://login.microsoftonline.com/{tenant}/v2.0"))
            }
            SsoKind::Okta | SsoKind::Auth0 | SsoKind::Keycloak | SsoKind::Generic => None,
        };
        self.settings.issuer.clone().or_else(own)
    }

    /// Named by whoever runs the gateway, so that it may be anywhere; others pass the guard of outbound calls.
    const fn is_ours(&self) -> bool {
        matches!(self.source, SsoSource::Environment | SsoSource::Config)
    }

    fn scopes(&self) -> impl Iterator<Item = &str> {
        self.settings.scope.as_deref().unwrap_or(SCOPE_DEFAULT).split_whitespace()
    }
}

/// Why signing in at a provider came to nothing.
#[derive(Debug, thiserror::Error)]
#[error("{}: {detail}", problem.as_str())]
pub struct OidcError {
    /// What the person is told.
    pub problem: SsoProblem,
    /// What the log is told.
    pub detail: String,
}

impl OidcError {
    fn new(problem: SsoProblem, detail: impl std::fmt::Display) -> Self {
        Self { problem, detail: detail.to_string() }
    }

    fn down(detail: impl std::fmt::Display) -> Self {
        Self::new(SsoProblem::ProviderDown, detail)
    }
}

/// A sign-in that was begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Where the browser goes.
    pub address: String,
    /// What the token must carry.
    pub nonce: String,
    /// What proves that the code was asked for here.
    pub verifier: String,
}

/// What a provider says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name for itself; none where its endpoints are named.
    pub issuer: Option<String>,
    /// Where people sign in.
    pub authorization_endpoint: String,
    /// Where codes are exchanged for tokens.
    pub token_endpoint: String,
    /// How many keys it signs with.
    pub keys: usize,
}

/// Talks to providers.
#[derive(Debug)]
pub struct Oidc {
    outbound: Arc<Outbound>,
    clock: Clock,
    /// By the address that was asked.
    known: Mutex<HashMap<String, Arc<Places>>>,
}

impl Oidc {
    /// A client of providers that calls through `outbound`.
    #[must_use]
    pub fn new(outbound: Arc<Outbound>, clock: Clock) -> Self {
        Self { outbound, clock, known: Mutex::default() }
    }

    /// Begins a sign-in that comes back to `redirect_uri` with `state`.
    ///
    /// # Errors
    /// When the provider does not answer, or not as it should.
    pub async fn begin(
        &self,
        provider: &Provider,
        redirect_uri: &str,
        state: &str,
        login_hint: Option<&str>,
    ) -> Result<Begun, OidcError> {
        let places = self.places(provider).await?;
        let client = exchange::client(provider, &places, redirect_uri)?;
        // Plain OAuth 2 knows no `openid`; whoever wants it says so.
        let client = if places.is_oidc() { client } else { client.disable_openid_scope() };
        let random = |chars| random_base62(chars).map_err(|error| OidcError::new(SsoProblem::Unavailable, error));
        let (nonce, verifier) = (random(NONCE_CHARS)?, random(VERIFIER_CHARS)?);
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
        let (state, nonce_sent) = (CsrfToken::new(state.to_owned()), Nonce::new(nonce.clone()));
        let mut request = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || state, move || nonce_sent)
            .set_pkce_challenge(challenge)
            .add_scopes(provider.scopes().filter(|scope| *scope != "openid" || !places.is_oidc()).map(scope));
        if let Some(hint) = login_hint {
            request = request.set_login_hint(LoginHint::new(hint.to_owned()));
        }
        let (url, ..) = request.url();
        Ok(Begun { address: url.into(), nonce, verifier })
    }

    /// What the provider says of itself, asked anew.
    ///
    /// # Errors
    /// When it does not answer, or not as it should.
    pub async fn look(&self, provider: &Provider) -> Result<Found, OidcError> {
        if let Some(issuer) = provider.issuer() {
            self.known.lock().remove(&issuer);
        }
        let places = self.places(provider).await?;
        Ok(places.found())
    }

    /// Makes a request of the protocol.
    async fn send(&self, request: Request<Vec<u8>>, is_ours: bool) -> Result<Response<Vec<u8>>, OutboundError> {
        let request = reqwest::Request::try_from(request).map_err(|_| OutboundError::NotOfTheWeb)?;
        let answered = self.outbound.send(request, is_ours, ANSWER_BYTES_MAX).await?;
        let mut response = Response::new(answered.bytes.to_vec());
        *response.status_mut() = answered.status;
        *response.headers_mut() = answered.headers;
        Ok(response)
    }
}

fn scope(name: &str) -> Scope {
    Scope::new(name.to_owned())
}
