//! `aws_*`: where a deployment on AWS is called, and as whom.

use serde_json::{Map, Value as Json};

use super::super::environment::Environment;
use super::super::reader::{Item, Section};
use super::super::secret::Secret;
use super::DeploymentConfig;
use crate::domain::provider::bedrock::BedrockModel;

/// Where the region is looked for after `aws_region_name` and the model's own name.
const REGION_VARIABLES: &[&str] = &["AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"];

/// Fields of every request to Bedrock that a deployment may set, in Bedrock's own form.
const REQUEST_FIELDS: [&str; 3] = ["guardrailConfig", "performanceConfig", "requestMetadata"];

/// What a deployment says about AWS. What it leaves out comes from AWS's usual places: variables, profiles, the
/// container, the machine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AwsConfig {
    /// The region it is called in, such as `us-east-1`.
    pub region: Option<String>,
    /// Id of an access key.
    pub access_key_id: Option<Secret>,
    /// The key.
    pub secret_access_key: Option<Secret>,
    /// The token of a temporary key.
    pub session_token: Option<Secret>,
    /// A profile of AWS's own configuration files.
    pub profile_name: Option<String>,
    /// The role to take on, by its ARN.
    pub role_name: Option<String>,
    /// What the role's session is called.
    pub session_name: Option<String>,
    /// What the role's owner wants to be told.
    pub external_id: Option<String>,
    /// A token of an identity provider, with which the role is taken on: the token, `oidc/env/NAME`,
    /// `oidc/file/PATH` or a path.
    pub web_identity_token: Option<Secret>,
    /// Where the security token service is, if not at its public address.
    pub sts_endpoint: Option<String>,
    /// Where Bedrock is, if not at its public address.
    pub runtime_endpoint: Option<String>,
    /// What Bedrock calls the model, where `model` only says what is behind it: a provisioned or imported model's ARN.
    pub model_id: Option<String>,
    /// Fields of every request: `guardrailConfig`, `performanceConfig`, `requestMetadata`.
    pub request_fields: Map<String, Json>,
}

impl AwsConfig {
    /// Whether it says itself whose credentials are used.
    fn names_credentials(&self) -> bool {
        self.access_key_id.is_some() || self.profile_name.is_some() || self.role_name.is_some()
    }
}

/// Reads the settings.
pub(super) fn read(section: &mut Section<'_>) -> AwsConfig {
    // Both are LiteLLM's words for it.
    let region_alias = section.text("region_name");
    let mut request_fields = Map::new();
    for name in REQUEST_FIELDS {
        match section.json(name) {
            Json::Null => {}
            Json::Object(fields) if fields.is_empty() => {}
            fields @ Json::Object(_) => {
                request_fields.insert(name.to_owned(), fields);
            }
            _ => {
                if let Some(item) = section.get(name) {
                    item.error("expected a mapping");
                }
            }
        }
    }
    AwsConfig {
        region: section.text("aws_region_name").or(region_alias),
        access_key_id: section.secret("aws_access_key_id"),
        secret_access_key: section.secret("aws_secret_access_key"),
        session_token: section.secret("aws_session_token"),
        profile_name: section.text("aws_profile_name"),
        role_name: section.text("aws_role_name"),
        session_name: section.text("aws_session_name"),
        external_id: section.text("aws_external_id"),
        web_identity_token: section.secret("aws_web_identity_token"),
        sts_endpoint: section.get("aws_sts_endpoint").and_then(|item| super::address(&item)),
        runtime_endpoint: section.get("aws_bedrock_runtime_endpoint").and_then(|item| super::address(&item)),
        model_id: section.text("model_id"),
        request_fields,
    }
}

/// Completes what a deployment on Bedrock needs; the reason where something is lacking.
pub(super) fn settle_bedrock(
    deployment: &mut DeploymentConfig,
    params: &Item<'_>,
    environment: &Environment<'_>,
) -> Option<String> {
    let reason = complete(deployment, environment).err()?;
    let reason = format!("{reason} ({})", params.path);
    params.warning(format!("{reason}: this deployment is unavailable"));
    Some(reason)
}

fn complete(deployment: &mut DeploymentConfig, environment: &Environment<'_>) -> Result<(), String> {
    let aws = &mut deployment.aws;
    if aws.access_key_id.is_some() != aws.secret_access_key.is_some() {
        return Err("\"aws_access_key_id\" and \"aws_secret_access_key\" only work together".to_owned());
    }
    if aws.web_identity_token.is_some() && aws.role_name.is_none() {
        return Err("\"aws_web_identity_token\" needs an \"aws_role_name\" to take on".to_owned());
    }
    if deployment.api_key.is_none() && !aws.names_credentials() {
        deployment.api_key = environment.get("AWS_BEARER_TOKEN_BEDROCK").map(Secret::new);
    }
    if aws.access_key_id.is_none() && aws.profile_name.is_none() && aws.web_identity_token.is_none() {
        let keys = (environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY"));
        if let (Some(id), Some(key)) = keys {
            aws.access_key_id = Some(Secret::new(id));
            aws.secret_access_key = Some(Secret::new(key));
            aws.session_token = environment.get("AWS_SESSION_TOKEN").map(Secret::new);
        }
    }
    if aws.region.is_none() {
        let id = aws.model_id.as_deref().and_then(|id| BedrockModel::parse(id).region);
        let named = BedrockModel::parse(&deployment.provider_model).region.or(id).map(str::to_owned);
        aws.region = named.or_else(|| REGION_VARIABLES.iter().find_map(|name| environment.get(name)));
    }
    if deployment.api_base.is_none() {
        let moved = environment.get("AWS_BEDROCK_RUNTIME_ENDPOINT");
        let public = || aws.region.as_deref().map(public_address);
        let address = aws.runtime_endpoint.clone().or(moved).or_else(public);
        deployment.api_base = address.map(|address| address.trim_end_matches('/').to_owned());
    }
    // A signature names the region, an API key does not.
    if aws.region.is_none() && (deployment.api_base.is_none() || deployment.api_key.is_none()) {
        return Err("there is no \"aws_region_name\", and neither the model's name nor AWS_REGION says it".to_owned());
    }
    Ok(())
}

fn public_address(region: &str) -> String {
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://bedrock-runtime.{region}.{domain}")
}
