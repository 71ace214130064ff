//! What an Azure deployment has besides key and address: Microsoft Entra ID.

use super::super::environment::Environment;
use super::super::reader::Section;
use super::super::secret::Secret;
use super::DeploymentConfig;

/// How Microsoft Entra ID proves whose calls they are. Where several ways are given, `azure_ad_token` goes before
/// `api_key`, and that before an application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AzureConfig {
    /// A token as it is: nothing renews it.
    pub ad_token: Option<Secret>,
    /// The directory of the application that fetches tokens.
    pub tenant_id: Option<String>,
    /// The application.
    pub client_id: Option<String>,
    /// Its secret.
    pub client_secret: Option<Secret>,
    /// What its tokens are for. Default: Azure's AI services.
    pub scope: Option<String>,
    /// Where tokens come from (`AZURE_AUTHORITY_HOST`), for the clouds of single countries. Default: the public cloud's.
    pub authority_host: Option<String>,
}

/// What LiteLLM lets stand before a deployment's name, to say which models it serves.
const FAMILIES: [&str; 2] = ["o_series/", "gpt5_series/"];

impl AzureConfig {
    /// An application that fetches tokens is named whole.
    #[must_use]
    pub const fn has_application(&self) -> bool {
        self.tenant_id.is_some() && self.client_id.is_some() && self.client_secret.is_some()
    }

    /// What an application lacks of which a part is given.
    fn lacks(&self) -> Option<&'static str> {
        let parts = [
            ("tenant_id", self.tenant_id.is_some()),
            ("client_id", self.client_id.is_some()),
            ("client_secret", self.client_secret.is_some()),
        ];
        let is_begun = parts.iter().any(|(_, is_given)| *is_given);
        parts.into_iter().find(|(_, is_given)| is_begun && !is_given).map(|(name, _)| name)
    }
}

/// The deployment's own name.
pub(super) fn without_family(model: &str) -> &str {
    FAMILIES.iter().find_map(|family| model.strip_prefix(family)).unwrap_or(model)
}

pub(super) fn read(section: &mut Section<'_>) -> AzureConfig {
    AzureConfig {
        ad_token: section.secret("azure_ad_token"),
        tenant_id: section.text("tenant_id"),
        client_id: section.text("client_id"),
        client_secret: section.secret("client_secret"),
        scope: section.text("azure_scope"),
        authority_host: None,
    }
}

/// Completes credentials and version from the environment; the reason where nothing proves whose calls they are.
pub(super) fn settle(deployment: &mut DeploymentConfig, environment: &Environment<'_>) -> Option<String> {
    let variable = |name: &str| environment.get(name);
    deployment.api_version = deployment.api_version.take().or_else(|| variable("AZURE_API_VERSION"));
    let azure = &mut deployment.azure;
    azure.authority_host = variable("AZURE_AUTHORITY_HOST");
    azure.scope = azure.scope.take().or_else(|| variable("AZURE_SCOPE"));
    if let Some(lacking) = azure.lacks() {
        return Some(format!("its Entra ID application needs a \"{lacking}\", too"));
    }
    // Another gateway may stand in front of Azure and want headers of its own.
    let is_given = azure.ad_token.is_some()
        || deployment.api_key.is_some()
        || azure.has_application()
        || !deployment.extra_headers.is_empty();
    if is_given {
        return None;
    }
    deployment.api_key = variable("AZURE_API_KEY").map(Secret::new);
    azure.ad_token = variable("AZURE_AD_TOKEN").map(Secret::new).filter(|_| deployment.api_key.is_none());
    if deployment.api_key.is_some() || azure.ad_token.is_some() {
        return None;
    }
    azure.tenant_id = variable("AZURE_TENANT_ID");
    azure.client_id = variable("AZURE_CLIENT_ID");
    azure.client_secret = variable("AZURE_CLIENT_SECRET").map(Secret::new);
    (!azure.has_application()).then(|| {
        "there is no \"api_key\", \"azure_ad_token\" or Entra ID application (\"tenant_id\", \"client_id\", \
         \"client_secret\"), and environment variable AZURE_API_KEY is not set"
            .to_owned()
    })
}
