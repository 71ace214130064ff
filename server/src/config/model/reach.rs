//! Whether a deployment can be called: its provider, address and key, or the reason why not.

use super::super::environment::{Environment, missing_below};
use super::super::reader::Item;
use super::super::secret::Secret;
use super::{DeploymentConfig, aws, azure, vertex};
use crate::domain::provider::{ModelRef, ProviderKind};

/// Variables that move a provider's address, for deployments without `api_base`.
const BASE_VARIABLES: &[(ProviderKind, &str)] = &[
    (ProviderKind::OpenAi, "OPENAI_BASE_URL"),
    (ProviderKind::OpenAi, "OPENAI_API_BASE"),
    (ProviderKind::Azure, "AZURE_API_BASE"),
    (ProviderKind::Cohere, "COHERE_API_BASE"),
    (ProviderKind::Ollama, "OLLAMA_API_BASE"),
    (ProviderKind::HuggingFace, "HUGGINGFACE_API_BASE"),
];

/// Variables of keys besides the usual ones; a provider with none but these needs no key.
const MORE_KEY_VARIABLES: &[(ProviderKind, &str)] = &[
    (ProviderKind::Cohere, "CO_API_KEY"),
    (ProviderKind::Ollama, "OLLAMA_API_KEY"),
    (ProviderKind::HuggingFace, "HUGGINGFACE_API_KEY"),
    (ProviderKind::Gemini, "GOOGLE_API_KEY"),
];

/// What the file says about how to reach a deployment.
pub(super) struct Written<'a> {
    /// `litellm_params` as a whole.
    pub(super) params: Item<'a>,
    /// `litellm_params.model`.
    pub(super) model: Item<'a>,
    /// `custom_llm_provider`.
    pub(super) provider_hint: Option<String>,
    /// `litellm_credential_name`, where no credential has this name.
    pub(super) unknown_credential: Option<String>,
}

/// Fills in provider, address and key, and says in `unavailable` what is in the way.
pub(super) fn settle(deployment: &mut DeploymentConfig, written: &Written<'_>, environment: &Environment<'_>) {
    let params = &written.params;
    let mut reasons = provider_reasons(deployment, written);
    // A deployment that answers by itself needs nothing else.
    if deployment.mock_response.is_none() {
        let mut missing = Vec::new();
        missing_below(params.node, &params.path, &mut missing);
        for (name, path) in missing {
            reasons.push(format!("environment variable {name} is not set ({path})"));
        }
        if let Some(name) = &written.unknown_credential {
            let reason = format!("there is no credential \"{name}\"");
            params.warning(format!(
                "{reason} in credential_list: this deployment is unavailable unless the database has it"
            ));
            reasons.push(reason);
        }
        if let (Some(provider), true) = (deployment.provider, reasons.is_empty()) {
            reasons.extend(settle_upstream(deployment, provider, params, environment));
        }
    } else {
        reasons.clear();
    }
    if deployment.model_name.matches('*').count() > 1 || deployment.provider_model.matches('*').count() > 1 {
        let reason = "a name may have one \"*\"";
        params.warning(format!("{reason}: this deployment is unavailable"));
        reasons.push(reason.to_owned());
    }
    if !reasons.is_empty() {
        deployment.unavailable = Some(reasons.join("; "));
    }
}

/// Finds the provider; what speaks against it is a reason and a warning.
fn provider_reasons(deployment: &mut DeploymentConfig, written: &Written<'_>) -> Vec<String> {
    let hint = written.provider_hint.as_deref();
    let reason = match ModelRef::parse(&deployment.model, hint, deployment.api_base.as_deref()) {
        Ok(found) => {
            deployment.provider = Some(found.provider);
            deployment.provider_model = match found.provider {
                ProviderKind::Azure => azure::without_family(&found.name).to_owned(),
                _ => found.name,
            };
            if found.provider.is_supported() {
                return Vec::new();
            }
            format!("the provider {} is not supported yet", found.provider)
        }
        Err(error) => error.to_string(),
    };
    if deployment.mock_response.is_none() {
        written.model.warning(format!("{reason}: this deployment is unavailable"));
    }
    vec![reason]
}

/// Completes address and key of a provider that is served; the reason where one is lacking.
fn settle_upstream(
    deployment: &mut DeploymentConfig,
    provider: ProviderKind,
    params: &Item<'_>,
    environment: &Environment<'_>,
) -> Option<String> {
    if provider == ProviderKind::Bedrock {
        return aws::settle_bedrock(deployment, params, environment);
    }
    let info = provider.info();
    if provider == ProviderKind::VertexAi {
        vertex::settle(deployment, environment);
    }
    let is_own_address = deployment.api_base.is_none();
    if is_own_address {
        deployment.api_base = own_address(provider, environment);
    }
    if deployment.api_base.is_none() {
        let reason = format!("the provider {provider} needs an \"api_base\" ({})", params.path);
        params.warning(format!("{reason}: this deployment is unavailable"));
        return Some(reason);
    }
    if provider == ProviderKind::Azure {
        let reason = azure::settle(deployment, environment)?;
        let reason = format!("{reason} ({})", params.path);
        params.warning(format!("{reason}: this deployment is unavailable"));
        return Some(reason);
    }
    if deployment.api_key.is_none() {
        deployment.api_key = own_key(provider, environment);
        if let (None, Some(name), true) = (&deployment.api_key, info.key_variable, is_own_address) {
            let reason =
                format!("there is no \"api_key\", and environment variable {name} is not set ({})", params.path);
            params.warning(format!("{reason}: this deployment is unavailable"));
            return Some(reason);
        }
    }
    if provider == ProviderKind::HuggingFace && is_own_address {
        deployment.provider_model = routed(&deployment.provider_model);
    }
    None
}

/// LiteLLM's `PROVIDER/OWNER/MODEL` as Hugging Face's router has it: `OWNER/MODEL:PROVIDER`.
fn routed(model: &str) -> String {
    match model.split_once('/') {
        Some((provider, name)) if name.contains('/') => format!("{name}:{provider}"),
        _ => model.to_owned(),
    }
}

pub(super) fn own_key(provider: ProviderKind, environment: &Environment<'_>) -> Option<Secret> {
    let more = MORE_KEY_VARIABLES.iter().filter(|(kind, _)| *kind == provider).map(|(_, name)| *name);
    provider.info().key_variable.into_iter().chain(more).find_map(|name| environment.get(name)).map(Secret::new)
}

fn own_address(provider: ProviderKind, environment: &Environment<'_>) -> Option<String> {
    let moved = BASE_VARIABLES
        .iter()
        .filter(|(kind, _)| *kind == provider)
        .find_map(|(_, name)| environment.get(name))
        .map(|text| text.trim_end_matches('/').to_owned());
    moved.or_else(|| provider.info().api_base.map(str::to_owned))
}
