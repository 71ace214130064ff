//! Azure OpenAI: OpenAI's protocol, at addresses and with credentials of its own.
//!
//! Sources: Microsoft Learn, "Azure OpenAI REST API reference" (addresses, `api-version`, `api-key`), "Azure OpenAI v1 API"
//! (`/openai/v1/`), "Content filtering" (`prompt_filter_results`, `innererror`: they pass through as they are).

mod entra;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap};

use super::endpoint::{self, Authorize, Endpoint, Protocol};
use super::quirks::Quirks;
use super::task::{TaskEndpoint, TaskProtocol};
use crate::clock::Clock;
use crate::config::DeploymentConfig;
use crate::domain::operation::Operation;
use entra::EntraId;

/// The version asked for where nobody says: LiteLLM's default.
const API_VERSION: &str = "2025-02-01-preview";
/// Names of versions of the newer API, which has no dated ones.
const V1_VERSIONS: [&str; 3] = ["v1", "preview", "latest"];

/// Where `one` is called.
///
/// # Errors
/// When its configuration does not say, or not in a way that can be used.
pub fn endpoint(one: &DeploymentConfig) -> Result<Endpoint, String> {
    let mut headers = HeaderMap::new();
    let mut authorize: Option<Arc<dyn Authorize>> = None;
    if let Some(token) = &one.azure.ad_token {
        let bearer = format!("Bearer {}", token.expose());
        headers.insert(AUTHORIZATION, endpoint::secret_header("azure_ad_token", &bearer)?);
    } else if let Some(key) = &one.api_key {
        headers.insert("api-key", endpoint::secret_header("api_key", key.expose())?);
    } else if one.azure.has_application() {
        authorize = Some(Arc::new(EntraId::new(&one.azure, Clock::system())?));
    }
    endpoint::add_extra_headers(one, &mut headers)?;
    let (base, url) = endpoint::base(one)?;
    let at = |operation| operation_url(url.clone(), operation, &one.provider_model, one.api_version.as_deref());
    let chat = at(Operation::Chat)?;
    let responses_url = responses_url(url.clone(), one.api_version.as_deref())?;
    let mut tasks = Vec::new();
    for operation in OFFERED {
        tasks.push(TaskEndpoint { operation, url: at(operation)?, protocol: TaskProtocol::Passing });
    }
    Ok(Endpoint {
        api_base: Arc::from(endpoint::shown(base)),
        whole_url: chat.clone(),
        stream_url: chat,
        responses_url: endpoint::has_responses(one, true).then_some(responses_url),
        headers,
        protocol: Protocol::OpenAi(Quirks::of(one)),
        authorize,
        tasks,
    })
}

/// What Azure offers of OpenAI's API besides chat.
const OFFERED: [Operation; 7] = [
    Operation::Completion,
    Operation::Embedding,
    Operation::Image,
    Operation::ImageEdit,
    Operation::Speech,
    Operation::Transcription,
    Operation::Translation,
];

/// The address of an operation: below the resource's, below a deployment's, or as given where it is whole.
fn operation_url(
    mut url: Url,
    operation: Operation,
    deployment: &str,
    api_version: Option<&str>,
) -> Result<Url, String> {
    let given = url.path().trim_end_matches('/').to_owned();
    // A whole address is one of chat calls; the others are beside it.
    let path = match given.strip_suffix(Operation::Chat.path()) {
        Some(root) if operation != Operation::Chat => root.to_owned(),
        _ => given,
    };
    url.set_path(&path);
    let is_whole = path.ends_with(Operation::Chat.path());
    let own: Vec<&str> = operation.path().split('/').skip(1).collect();
    let asks_for_v1 = api_version.is_some_and(|version| V1_VERSIONS.contains(&version));
    let names_deployment = path.contains("/deployments/");
    let is_v1 = path.contains("/openai/v1") || (asks_for_v1 && !names_deployment);
    let before: &[&str] = match () {
        () if is_whole || names_deployment || path.ends_with("/openai/v1") => &[],
        () if is_v1 => &["openai", "v1"],
        () => &["openai", "deployments", deployment],
    };
    let has_openai = path.ends_with("/openai") && before.first() == Some(&"openai");
    let own = own.iter().filter(|_| !is_whole);
    let mut segments = url.path_segments_mut().map_err(|()| "its api_base has no path")?;
    segments.pop_if_empty().extend(before.iter().skip(usize::from(has_openai)).chain(own));
    drop(segments);
    set_version(&mut url, api_version, is_v1);
    Ok(url)
}

/// The address of calls of the Responses API, which only the newer API has whole: deployments are named in the body.
fn responses_url(mut url: Url, api_version: Option<&str>) -> Result<Url, String> {
    let mut segments: Vec<String> = url.path().split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    if let Some(at) = segments.iter().position(|part| part == "openai") {
        segments.truncate(at);
    }
    let mut path = url.path_segments_mut().map_err(|()| "its api_base has no path")?;
    path.clear().extend(&segments).extend(["openai", "v1", "responses"]);
    drop(path);
    // A version in the address is that of the older API.
    let others: Vec<(String, String)> =
        url.query_pairs().into_owned().filter(|(name, _)| name != "api-version").collect();
    url.query_pairs_mut().clear().extend_pairs(others);
    set_version(&mut url, api_version, true);
    Ok(url)
}

/// The configured version goes before the address's. The newer API needs none, and knows no dates.
fn set_version(url: &mut Url, api_version: Option<&str>, is_v1: bool) {
    let written: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let in_address = written.iter().find(|(name, _)| name == "api-version").map(|(_, version)| version.as_str());
    let version = match (api_version, is_v1) {
        (Some(version), false) => Some(version),
        (Some(version @ ("preview" | "latest")), true) => Some(version),
        (_, true) => in_address,
        (None, false) => in_address.or(Some(API_VERSION)),
    };
    let mut query = url.query_pairs_mut();
    query.clear().extend_pairs(written.iter().filter(|(name, _)| name != "api-version"));
    if let Some(version) = version {
        query.append_pair("api-version", version);
    }
    drop(query);
    if url.query() == Some("") {
        url.set_query(None);
    }
}
