//! Tokens of Google's for whoever another provider of identities vouches for: workload identity federation.
//!
//! Sources: Google Cloud documentation, "Workload Identity Federation with other clouds" (kinds of `external_account`
//! files); Security Token Service API, "Method: token" (RFC 8693); IAM Service Account Credentials API, "Method:
//! generateAccessToken".

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

use super::credentials::SCOPE;
use super::oauth::{Answer, told};

/// How long a service account's token is asked to hold: the longest that needs no policy of its own.
const LIFETIME: &str = "3600s";

/// A file that says who vouches, and where tokens are exchanged.
#[derive(Clone, Deserialize)]
pub(in crate::provider) struct ExternalAccount {
    audience: String,
    subject_token_type: String,
    token_url: String,
    credential_source: Source,
    /// Where a service account's token is had for the one that was exchanged.
    service_account_impersonation_url: Option<String>,
    pub(super) quota_project_id: Option<String>,
}

/// Where the other provider's token is: a file or an address, as text or in JSON.
#[derive(Clone, Deserialize)]
struct Source {
    file: Option<String>,
    url: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    format: Option<Format>,
}

#[derive(Clone, Deserialize)]
struct Format {
    subject_token_field_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Impersonated {
    access_token: String,
    expire_time: DateTime<Utc>,
}

impl ExternalAccount {
    /// A token that holds from `now` on.
    ///
    /// # Errors
    /// When one of those asked gives none.
    pub(super) async fn token(&self, client: &Client, now: DateTime<Utc>) -> Result<Answer, String> {
        let subject = self.subject_token(client).await?;
        let exchanged: Answer = told(self.exchange(client, &subject)).await?;
        let Some(address) = &self.service_account_impersonation_url else { return Ok(exchanged) };
        let body = json!({ "scope": [SCOPE], "lifetime": LIFETIME }).to_string();
        let asked = client.post(address).bearer_auth(&exchanged.access_token);
        let account: Impersonated = told(asked.header(CONTENT_TYPE, "application/json").body(body)).await?;
        let lifetime = (account.expire_time - now).to_std().unwrap_or(Duration::ZERO);
        Ok(Answer { access_token: account.access_token, expires_in: lifetime.as_secs() })
    }

    fn exchange(&self, client: &Client, subject: &str) -> RequestBuilder {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
        form.append_pair("requested_token_type", "urn:ietf:params:oauth:token-type:access_token");
        form.append_pair("audience", &self.audience);
        form.append_pair("scope", SCOPE);
        form.append_pair("subject_token_type", &self.subject_token_type);
        form.append_pair("subject_token", subject);
        client.post(&self.token_url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.finish())
    }

    /// The other provider's token, read anew each time: it holds for minutes.
    async fn subject_token(&self, client: &Client) -> Result<String, String> {
        let source = &self.credential_source;
        let text = match (&source.file, &source.url) {
            (Some(file), _) => tokio::fs::read_to_string(file)
                .await
                .map_err(|error| format!("the token that its credentials name cannot be read: {file}: {error}"))?,
            (None, Some(url)) => {
                let asked =
                    source.headers.iter().fold(client.get(url), |asked, (name, value)| asked.header(name, value));
                super::oauth::text(asked).await?
            }
            (None, None) => {
                return Err("its credentials take a token from elsewhere than a file or an address".to_owned());
            }
        };
        let field = source.format.as_ref().and_then(|format| format.subject_token_field_name.as_deref());
        let Some(field) = field else { return Ok(text.trim().to_owned()) };
        let json: Value = serde_json::from_str(&text).unwrap_or_default();
        let token = json.get(field).and_then(Value::as_str).map(str::to_owned);
        token.ok_or_else(|| format!("the token that its credentials name has no {field:?}"))
    }
}
