//! Google's credentials, and what is sent for a token.
//!
//! Sources: Google Cloud documentation, "How Application Default Credentials works" (kinds of files); Google Identity,
//! "Using OAuth 2.0 for server to server applications" (the assertion of a service account) and "Using OAuth 2.0 to access
//! Google APIs" (refresh tokens). RFC 7515, 7523.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::json;

use super::federation::ExternalAccount;
use crate::config::GoogleCredentials;

/// What tokens are for: all of Google Cloud, as far as the account may.
pub(super) const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// Where tokens come from unless the credentials say otherwise; an assertion is meant for it in any case.
const TOKEN_ADDRESS: &str = "https://oauth2.googleapis.com/token";
/// How long an assertion holds; Google takes no longer ones.
const ASSERTION_TIME: Duration = Duration::from_secs(3600);

/// Types of credentials.
const KINDS: [&str; 3] = ["service_account", "authorized_user", "external_account"];

/// The contents of a file of credentials.
#[derive(Clone, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum KeyFile {
    /// A service account with a key of its own.
    ServiceAccount(ServiceAccount),
    /// A person who signed in.
    AuthorizedUser(AuthorizedUser),
    /// Somebody another provider of identities vouches for.
    ExternalAccount(ExternalAccount),
}

#[derive(Clone, Deserialize)]
pub(super) struct ServiceAccount {
    client_email: String,
    private_key: String,
    private_key_id: Option<String>,
    project_id: Option<String>,
    token_uri: Option<String>,
}

#[derive(Clone, Deserialize)]
pub(super) struct AuthorizedUser {
    client_id: String,
    client_secret: String,
    refresh_token: String,
    quota_project_id: Option<String>,
    token_uri: Option<String>,
}

/// What is sent for a token, and where.
pub(super) struct TokenRequest {
    pub(super) address: String,
    /// Of type `application/x-www-form-urlencoded`.
    pub(super) form: String,
}

impl KeyFile {
    /// Reads them; `None` where the machine is asked instead.
    ///
    /// # Errors
    /// When they cannot be read, or are of a kind that is not known here. The text shows nothing of them.
    pub(super) fn load(from: &GoogleCredentials) -> Result<Option<Self>, String> {
        let text = match from {
            GoogleCredentials::Metadata(_) => return Ok(None),
            GoogleCredentials::Json(json) => json.expose().to_owned(),
            GoogleCredentials::File(file) => std::fs::read_to_string(file)
                .map_err(|error| format!("its credentials {} cannot be read: {error}", file.display()))?,
        };
        Self::parse(&text).map(Some)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let json: serde_json::Value =
            serde_json::from_str(text).map_err(|error| format!("its credentials are not JSON: {error}"))?;
        let kind = json.get("type").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        if !KINDS.contains(&kind.as_str()) {
            return Err(format!("its credentials are of the type {kind:?}; known are: {}", KINDS.join(", ")));
        }
        // The error of a missing field names the field alone.
        Self::deserialize(json).map_err(|error| format!("its credentials of the type {kind} are not whole: {error}"))
    }

    /// The project they belong to.
    pub(super) fn project(&self) -> Option<&str> {
        match self {
            Self::ServiceAccount(account) => account.project_id.as_deref(),
            Self::AuthorizedUser(user) => user.quota_project_id.as_deref(),
            Self::ExternalAccount(account) => account.quota_project_id.as_deref(),
        }
    }

    /// The project whose quota a person's calls use.
    pub(super) fn quota_project(&self) -> Option<&str> {
        match self {
            Self::ServiceAccount(_) => None,
            Self::AuthorizedUser(user) => user.quota_project_id.as_deref(),
            Self::ExternalAccount(account) => account.quota_project_id.as_deref(),
        }
    }
}

impl TokenRequest {
    fn new(address: Option<&str>, form: &[(&str, &str)]) -> Self {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        Self { address: address.unwrap_or(TOKEN_ADDRESS).to_owned(), form }
    }
}

impl AuthorizedUser {
    /// What is sent for a token.
    pub(super) fn token_request(&self) -> TokenRequest {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", &*self.client_id),
            ("client_secret", &*self.client_secret),
            ("refresh_token", &*self.refresh_token),
        ];
        TokenRequest::new(self.token_uri.as_deref(), &form)
    }
}

impl ServiceAccount {
    /// What is sent for a token at `now`.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub(super) fn token_request(&self, now: DateTime<Utc>) -> Result<TokenRequest, String> {
        let assertion = self.assertion(now)?;
        let form = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", &*assertion)];
        Ok(TokenRequest::new(self.token_uri.as_deref(), &form))
    }

    /// A JSON Web Token that says who asks, signed with the account's key (RS256).
    fn assertion(&self, now: DateTime<Utc>) -> Result<String, String> {
        let issued = now.timestamp();
        let ends = (now + ASSERTION_TIME).timestamp();
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.private_key_id });
        let claims =
            json!({ "iss": self.client_email, "scope": SCOPE, "aud": TOKEN_ADDRESS, "iat": issued, "exp": ends });
        let encode = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = self.sign(signed.as_bytes())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let unusable = |reason: String| format!("the private_key of its credentials cannot be used: {reason}");
        let key =
            PrivateKeyDer::from_pem_slice(self.private_key.as_bytes()).map_err(|error| unusable(error.to_string()))?;
        let key = any_supported_type(&key).map_err(|error| unusable(error.to_string()))?;
        let signer = key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]);
        let signer = signer.ok_or_else(|| unusable("it is not an RSA key".to_owned()))?;
        signer.sign(message).map_err(|error| unusable(error.to_string()))
    }
}
