//! As whom a deployment calls AWS: its own keys or a profile, else what AWS's tools would find; then a role, if any.

use std::time::SystemTime;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

use super::http::Http;
use crate::config::{AwsConfig, Secret};

/// What a session of a role is called where the configuration does not say.
const SESSION: &str = "tollgate";

/// Who gives this deployment its credentials.
pub(super) async fn provider(aws: &AwsConfig, region: &str) -> Result<SharedCredentialsProvider, String> {
    let (http, region) = (Http::new()?, Region::new(region.to_owned()));
    let sts = aws_config::defaults(BehaviorVersion::v2026_01_12()).region(region.clone()).http_client(http.clone());
    let sts = match &aws.sts_endpoint {
        Some(address) => sts.endpoint_url(address),
        None => sts,
    };
    let sts = sts.no_credentials().load().await;
    let session = aws.session_name.clone().unwrap_or_else(|| SESSION.to_owned());
    let role = aws.role_name.clone();
    if let (Some(token), Some(role)) = (&aws.web_identity_token, &role) {
        let client = aws_sdk_sts::Client::new(&sts);
        let provider = WebIdentity { client, role: role.clone(), session, token: token.clone() };
        return Ok(SharedCredentialsProvider::new(provider));
    }
    let own = own_provider(aws, ProviderConfig::default().with_http_client(http).with_region(Some(region))).await;
    let Some(role) = role else { return Ok(own) };
    let mut role = AssumeRoleProvider::builder(role).configure(&sts).session_name(session);
    if let Some(id) = &aws.external_id {
        role = role.external_id(id);
    }
    Ok(SharedCredentialsProvider::new(role.build_from_provider(own).await))
}

async fn own_provider(aws: &AwsConfig, config: ProviderConfig) -> SharedCredentialsProvider {
    if let (Some(id), Some(key)) = (&aws.access_key_id, &aws.secret_access_key) {
        let token = aws.session_token.as_ref().map(|token| token.expose().to_owned());
        return SharedCredentialsProvider::new(Credentials::new(
            id.expose(),
            key.expose(),
            token,
            None,
            "configuration",
        ));
    }
    match &aws.profile_name {
        Some(name) => {
            let profile = ProfileFileCredentialsProvider::builder().configure(&config).profile_name(name);
            SharedCredentialsProvider::new(profile.build())
        }
        None => SharedCredentialsProvider::new(DefaultCredentialsChain::builder().configure(config).build().await),
    }
}

/// A role taken on with the token of an identity provider.
#[derive(Debug)]
struct WebIdentity {
    client: aws_sdk_sts::Client,
    role: String,
    session: String,
    token: Secret,
}

impl ProvideCredentials for WebIdentity {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.take_on())
    }
}

impl WebIdentity {
    async fn take_on(&self) -> Result<Credentials, CredentialsError> {
        let token = read_token(self.token.expose()).await.map_err(CredentialsError::invalid_configuration)?;
        let request = self.client.assume_role_with_web_identity();
        let request = request.role_arn(&self.role).role_session_name(&self.session).web_identity_token(token);
        let answer = request.send().await.map_err(CredentialsError::provider_error)?;
        let found =
            answer.credentials.ok_or_else(|| CredentialsError::provider_error("the answer has no credentials"))?;
        let expiry = SystemTime::try_from(found.expiration).map_err(CredentialsError::provider_error)?;
        let (key, token) = (found.secret_access_key, Some(found.session_token));
        Ok(Credentials::new(found.access_key_id, key, token, Some(expiry), "web identity"))
    }
}

/// The token, or what a file or a variable has of it now: such tokens are renewed where they are kept.
async fn read_token(written: &str) -> Result<String, String> {
    let file = written.strip_prefix("oidc/file/").or_else(|| written.starts_with('/').then_some(written));
    if let Some(path) = file {
        let text = tokio::fs::read_to_string(path).await;
        return text
            .map(|text| text.trim().to_owned())
            .map_err(|error| format!("aws_web_identity_token {path}: {error}"));
    }
    match written.strip_prefix("oidc/env/") {
        Some(name) => std::env::var(name).map_err(|_| format!("aws_web_identity_token: variable {name} is not set")),
        None => Ok(written.to_owned()),
    }
}
