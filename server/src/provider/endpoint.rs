//! Where a deployment's provider is called, and how.

use std::fmt::Debug;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::chat::Dialect;
use super::quirks::Quirks;
use super::responses::Responses;
use super::task::{TaskEndpoint, TaskProtocol};
use super::{anthropic, azure, bedrock, cohere, gemini, ollama, vertex};
use crate::config::DeploymentConfig;
use crate::domain::operation::Operation;
use crate::domain::provider::ProviderKind;

/// The address of a deployment, what it is told with every call, and in which protocol.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The address as configured, as it may be shown: without query and credentials.
    pub api_base: Arc<str>,
    /// Of chat calls that are answered whole.
    pub whole_url: Url,
    /// Of chat calls that are answered as streams; often the same.
    pub stream_url: Url,
    /// Of calls of OpenAI's Responses API; `None`: the provider does not have it.
    pub responses_url: Option<Url>,
    /// What every call carries: credentials and headers of the configuration.
    pub headers: HeaderMap,
    /// What is spoken there.
    pub protocol: Protocol,
    /// What proves whose calls they are, where a header is not enough.
    pub authorize: Option<Arc<dyn Authorize>>,
    /// What is done there besides chat.
    pub tasks: Vec<TaskEndpoint>,
}

/// What a provider speaks.
#[derive(Clone, Debug)]
pub enum Protocol {
    /// OpenAI's: bodies pass through, but for what the provider does differently.
    OpenAi(&'static Quirks),
    /// Its own.
    Translated(Arc<dyn Dialect>),
}

/// Proves to a provider whose call it is: by a signature, or by a token that has to be fetched.
pub trait Authorize: Debug + Send + Sync {
    /// Adds the proof to a request that is ready but for it.
    fn authorize<'a>(&'a self, request: &'a mut reqwest::Request) -> BoxFuture<'a, Result<(), String>>;
}

impl Endpoint {
    /// Where `one` is called.
    ///
    /// # Errors
    /// When its configuration does not say, or not in a way that can be used; the text says what is wrong.
    pub fn of(one: &DeploymentConfig) -> Result<Self, String> {
        match one.provider {
            Some(ProviderKind::Anthropic) => anthropic::endpoint(one),
            Some(ProviderKind::Bedrock) => bedrock::endpoint(one),
            Some(ProviderKind::Gemini) => gemini::endpoint(one),
            Some(ProviderKind::VertexAi) => vertex::endpoint(one),
            Some(ProviderKind::Azure) => azure::endpoint(one),
            Some(ProviderKind::Cohere) => cohere::endpoint(one),
            Some(ProviderKind::Ollama) => ollama::endpoint(one),
            _ => openai(one),
        }
    }

    /// Of `one`, that takes `path` below its address for all chat calls.
    ///
    /// # Errors
    /// When it has no address that can be used.
    pub fn at(one: &DeploymentConfig, path: &str, headers: HeaderMap, protocol: Protocol) -> Result<Self, String> {
        let (base, url) = base(one)?;
        let url = below(url, path);
        let api_base = Arc::from(shown(base));
        let (whole_url, stream_url) = (url.clone(), url);
        let (responses_url, authorize, tasks) = (None, None, Vec::new());
        Ok(Self { api_base, whole_url, stream_url, responses_url, headers, protocol, authorize, tasks })
    }

    /// The same for a model that has no other API than that of responses: chat calls are translated.
    #[must_use]
    pub fn with_responses_only(self) -> Self {
        let Some(url) = self.responses_url.clone() else { return self };
        let protocol = Protocol::Translated(Arc::new(Responses));
        Self { whole_url: url.clone(), stream_url: url, protocol, ..self }
    }

    /// Where `operation`, which is not chat, is done.
    #[must_use]
    pub fn task(&self, operation: Operation) -> Option<&TaskEndpoint> {
        self.tasks.iter().find(|task| task.operation == operation)
    }
}

fn openai(one: &DeploymentConfig) -> Result<Endpoint, String> {
    let mut headers = HeaderMap::new();
    if let Some(key) = &one.api_key {
        headers.insert(AUTHORIZATION, secret_header("api_key", &format!("Bearer {}", key.expose()))?);
    }
    if let Some(organization) = &one.organization {
        headers.insert("openai-organization", secret_header("organization", organization)?);
    }
    add_extra_headers(one, &mut headers)?;
    let (base, url) = base(one)?;
    let quirks = Quirks::of(one);
    let responses_url = has_responses(one, quirks.has_responses).then(|| below(url.clone(), "/responses"));
    let root = Root::of(one, url);
    let url = root.at(Operation::Chat);
    let passing = |operation| TaskEndpoint { operation, url: root.at(operation), protocol: TaskProtocol::Passing };
    Ok(Endpoint {
        api_base: Arc::from(shown(base)),
        whole_url: url.clone(),
        stream_url: url,
        responses_url,
        headers,
        protocol: Protocol::OpenAi(quirks),
        authorize: None,
        tasks: Operation::TASKS.into_iter().chain([Operation::Completion]).map(passing).collect(),
    })
}

/// Whether the provider of `one` has OpenAI's Responses API. LiteLLM's `supported_endpoints` says it of addresses of which
/// it is not known.
#[must_use]
pub fn has_responses(one: &DeploymentConfig, by_default: bool) -> bool {
    let listed = one.info.get("supported_endpoints").and_then(Value::as_array);
    listed.map_or(by_default, |listed| {
        listed.iter().filter_map(Value::as_str).any(|path| matches!(path, "/v1/responses" | "/responses"))
    })
}

/// What OpenAI's paths stand below.
struct Root {
    url: Url,
    prefix: &'static str,
}

impl Root {
    /// A TGI is known by the address of its server, with or without the path of its API.
    fn of(one: &DeploymentConfig, mut url: Url) -> Self {
        let path = url.path().trim_end_matches('/').to_owned();
        let is_tgi = one.provider == Some(ProviderKind::HuggingFace);
        if let Some(root) = path.strip_suffix(Operation::Chat.path()).filter(|_| is_tgi) {
            url.set_path(root);
            return Self { url, prefix: "" };
        }
        Self { url, prefix: if is_tgi && !path.ends_with("/v1") { "/v1" } else { "" } }
    }

    fn at(&self, operation: Operation) -> Url {
        below(self.url.clone(), &format!("{}{}", self.prefix, operation.path()))
    }
}

/// The configured address, and the same taken apart.
///
/// # Errors
/// When there is none, or it is none.
pub fn base(one: &DeploymentConfig) -> Result<(&str, Url), String> {
    let base = one.api_base.as_deref().ok_or("it has no api_base")?;
    let url = Url::parse(base).map_err(|error| format!("api_base {base:?} is not an address: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("api_base {base:?} is not an http address"));
    }
    Ok((base, url))
}

/// `url` with `path` behind its own, its query kept.
#[must_use]
pub fn below(mut url: Url, path: &str) -> Url {
    let whole = format!("{}{path}", url.path().trim_end_matches('/'));
    url.set_path(&whole);
    url
}

/// `url` with `name` in the place of the last part of its path.
#[must_use]
pub fn beside(mut url: Url, name: &str) -> Url {
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().pop().push(name);
    }
    url
}

/// Adds the headers that the configuration wants with every call.
///
/// # Errors
/// When one of them is none.
pub fn add_extra_headers(one: &DeploymentConfig, headers: &mut HeaderMap) -> Result<(), String> {
    for (name, value) in &one.extra_headers {
        let name = HeaderName::try_from(name.as_str()).map_err(|_| format!("extra_headers: {name:?} is no header"))?;
        headers.insert(name, secret_header("extra_headers", value.expose())?);
    }
    Ok(())
}

/// A header that no log shows.
///
/// # Errors
/// When it has characters a header cannot carry.
pub fn secret_header(what: &str, value: &str) -> Result<HeaderValue, String> {
    let mut value =
        HeaderValue::from_str(value).map_err(|_| format!("its {what} has characters a header cannot carry"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The address as it may be shown: without query and credentials.
#[must_use]
pub fn shown(base: &str) -> String {
    let base = base.split('?').next().unwrap_or(base);
    match base.split_once("://") {
        Some((scheme, rest)) => {
            let host_end = rest.find('/').unwrap_or(rest.len());
            let (authority, path) = rest.split_at(host_end);
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            format!("{scheme}://{host}{path}")
        }
        None => base.to_owned(),
    }
}
