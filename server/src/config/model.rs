//! `model_list`: the deployments behind each public name.

mod any;
mod aws;
mod azure;
mod health;
mod identity;
mod mask;
mod prices;
mod reach;
mod request;
mod vertex;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value as Json};

use super::credential::{self, CREDENTIAL_NAME, Completed};
use super::environment::Environment;
use super::problem::Place;
use super::reader::{Item, Section};
use super::secret::Secret;
use super::vocabulary;
use crate::domain::price::Prices;
use crate::domain::provider::{OnClientDisconnect, ProviderKind};
pub use aws::AwsConfig;
pub use azure::AzureConfig;
pub use health::HealthCheckConfig;
pub(super) use mask::has_password;
use mask::masked;
pub use mask::masked_map;
pub use request::RequestConfig;
pub use vertex::{GoogleCredentials, VertexConfig};

/// One deployment: a provider's model that serves a public name.
#[derive(Clone, Debug, PartialEq)]
pub struct DeploymentConfig {
    /// `model_info.id`, else a hash of the name and of the parameters that are no secrets.
    pub id: String,
    /// The public name of the group it serves.
    pub model_name: String,
    /// The model as written, such as `openai/gpt-4o`.
    pub model: String,
    /// Whose API it is; `None` where that cannot be told, and the deployment is unavailable.
    pub provider: Option<ProviderKind>,
    /// The name the provider knows the model by.
    pub provider_model: String,
    /// The provider's key: `api_key`, else the provider's usual environment variable.
    pub api_key: Option<Secret>,
    /// Address of the API, without a slash at its end: `api_base`, else the provider's own.
    pub api_base: Option<String>,
    /// Version of the API, for providers that have one in the address.
    pub api_version: Option<String>,
    /// What Vertex AI has besides.
    pub vertex: VertexConfig,
    /// What Azure has besides.
    pub azure: AzureConfig,
    /// The organization the provider bills.
    pub organization: Option<String>,
    /// Where and as whom AWS is called, for its providers.
    pub aws: AwsConfig,
    /// How long a call may take. Default: the router's.
    pub timeout: Option<Duration>,
    /// How long a stream may take. Default: the router's.
    pub stream_timeout: Option<Duration>,
    /// Tries of a call after it failed here. Default: the router's.
    pub num_retries: Option<u32>,
    /// Requests a minute it takes.
    pub rpm: Option<u64>,
    /// Tokens a minute it takes.
    pub tpm: Option<u64>,
    /// Calls at once it takes.
    pub max_parallel_requests: Option<u64>,
    /// Its share of the calls among its siblings.
    pub weight: Option<f64>,
    /// Deployments with a lower number are used first.
    pub order: Option<u32>,
    /// Output tokens asked for where the request does not say.
    pub max_tokens: Option<u64>,
    /// What becomes of an answer whose client has left. Default: what suits the provider's billing.
    pub on_client_disconnect: Option<OnClientDisconnect>,
    /// Tokens it reads at most. Default: the catalog's.
    pub max_input_tokens: Option<u64>,
    /// Tokens it writes at most. Default: the catalog's.
    pub max_output_tokens: Option<u64>,
    /// The answer to give without calling anybody.
    pub mock_response: Option<String>,
    /// Prices that go before the catalog's: `litellm_params` first, then `model_info`. Empty where none is given.
    pub prices: Prices,
    /// What becomes of the parameters of requests.
    pub request: RequestConfig,
    /// Headers to add to every call.
    pub extra_headers: Vec<(String, Secret)>,
    /// The model whose prices and limits hold, where the name does not tell.
    pub base_model: Option<String>,
    /// `chat`, `embedding` and so on. Default: the catalog's.
    pub mode: Option<String>,
    /// How it is asked whether it answers.
    pub health_check: HealthCheckConfig,
    /// Tags a request must have.
    pub tags: Vec<String>,
    /// Everything under `litellm_params`, for display; secrets are masked.
    pub params: Map<String, Json>,
    /// Everything under `model_info`, for display; secrets are masked.
    pub info: Map<String, Json>,
    /// Groups of models it belongs to: keys and teams may be limited to them by their names.
    pub access_groups: Vec<String>,
    /// It is kept in the database, not in the file.
    pub is_stored: bool,
    /// Somebody blocked it.
    pub is_blocked: bool,
    /// The credential that it names (`litellm_credential_name`).
    pub credential: Option<String>,
    /// Why it cannot be called, where it cannot.
    pub unavailable: Option<String>,
}

impl DeploymentConfig {
    /// The model that answers by itself, for a server without a configuration.
    #[must_use]
    pub fn demo() -> Self {
        let mut params = Map::new();
        params.insert("model".to_owned(), DEMO.into());
        params.insert("mock_response".to_owned(), DEMO_ANSWER.into());
        Self {
            mock_response: Some(DEMO_ANSWER.to_owned()),
            params,
            mode: Some("chat".to_owned()),
            ..Self::empty(DEMO.to_owned(), DEMO.to_owned(), DEMO.to_owned())
        }
    }

    /// One that cannot be read, and the reason.
    #[must_use]
    pub fn unreadable(id: String, model_name: String, reason: String) -> Self {
        Self { unavailable: Some(reason), ..Self::empty(id, model_name, String::new()) }
    }

    /// Whether it stands for all models whose names fit its own.
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        self.model_name.contains('*')
    }

    /// The deployment of the model `name`, where its own name is a pattern which that fits.
    #[must_use]
    pub fn of_name(&self, name: &str) -> Option<Self> {
        let (before, after) = self.model_name.split_once('*')?;
        let middle = name.strip_prefix(before)?.strip_suffix(after).filter(|middle| !middle.is_empty())?;
        Some(Self {
            id: format!("{}/{name}", self.id),
            model_name: name.to_owned(),
            model: self.model.replace('*', middle),
            provider_model: self.provider_model.replace('*', middle),
            ..self.clone()
        })
    }

    fn empty(id: String, model_name: String, model: String) -> Self {
        Self {
            id,
            model_name,
            provider: None,
            provider_model: model.clone(),
            model,
            api_key: None,
            api_base: None,
            api_version: None,
            vertex: VertexConfig::default(),
            azure: AzureConfig::default(),
            organization: None,
            aws: AwsConfig::default(),
            timeout: None,
            stream_timeout: None,
            num_retries: None,
            rpm: None,
            tpm: None,
            max_parallel_requests: None,
            weight: None,
            order: None,
            max_tokens: None,
            on_client_disconnect: None,
            max_input_tokens: None,
            max_output_tokens: None,
            mock_response: None,
            prices: Prices::default(),
            request: RequestConfig::default(),
            extra_headers: Vec::new(),
            base_model: None,
            mode: None,
            health_check: HealthCheckConfig::default(),
            tags: Vec::new(),
            params: Map::new(),
            info: Map::new(),
            access_groups: Vec::new(),
            is_stored: false,
            is_blocked: false,
            credential: None,
            unavailable: None,
        }
    }
}

/// LiteLLM's names of all prices a deployment may have.
#[cfg(test)]
pub(super) fn price_names() -> impl Iterator<Item = &'static str> {
    crate::domain::price::named::RATES.iter().map(|(name, _)| *name)
}

/// Name of the model that answers by itself.
const DEMO: &str = "demo";

/// What it answers.
const DEMO_ANSWER: &str = "Hello from Tollgate! This is the built-in demo model: no provider was called. \
Add your own models in config.yaml.";

/// Reads `model_list`. Entries without a name or a model are reported and left out.
pub(super) fn read_list(item: Option<Item<'_>>, environment: &Environment<'_>) -> Vec<DeploymentConfig> {
    let mut deployments: Vec<DeploymentConfig> = Vec::new();
    let mut ids: BTreeMap<String, Place> = BTreeMap::new();
    let mut anonymous: BTreeMap<String, u32> = BTreeMap::new();
    for entry in item.iter().flat_map(|item| item.list(false)) {
        if let Some(nodes) = any::expanded(&entry, environment) {
            deployments
                .extend(nodes.iter().filter_map(|node| read_expanded(&Item { node, ..entry.clone() }, environment)));
            continue;
        }
        let Some((mut deployment, id)) = read(&entry, environment) else {
            continue;
        };
        match id {
            Some(id) => {
                if let Some(first) = ids.insert(deployment.id.clone(), id.node.at.clone()) {
                    id.error(format!("the id \"{}\" is already used at {first}", deployment.id));
                }
            }
            // Twins differ in their secrets only, which an id must not depend on: they are told apart by their order.
            None => {
                let twins = anonymous.entry(deployment.id.clone()).or_insert(0);
                *twins += 1;
                if *twins > 1 {
                    deployment.id = format!("{}-{twins}", deployment.id);
                }
            }
        }
        deployments.push(deployment);
    }
    deployments
}

/// Reads one of the entries that stand in the place of one for every model.
fn read_expanded(entry: &Item<'_>, environment: &Environment<'_>) -> Option<DeploymentConfig> {
    let (mut deployment, id) = read(entry, environment)?;
    if id.is_some() {
        deployment.id = format!("{}/{}", deployment.id, deployment.model_name);
    }
    Some(deployment)
}

/// Reads one entry; with it, the item of its explicit id.
fn read<'a>(entry: &Item<'a>, environment: &Environment<'_>) -> Option<(DeploymentConfig, Option<Item<'a>>)> {
    let mut section = required_section(entry)?;
    let name = section.text("model_name").filter(|name| !name.is_empty());
    if name.is_none() {
        entry.error("expected \"model_name\", the name requests ask for");
    }
    let params = section.get("litellm_params");
    let info = section.get("model_info");
    section.finish(&vocabulary::MODEL);
    let Some(params) = params.as_ref().and_then(Item::section) else {
        entry.error("expected \"litellm_params\", a mapping with at least \"model\"");
        return None;
    };
    let params_item = params.item.clone();
    let deployment = read_completed(params, name.unwrap_or_default(), environment);
    if deployment.model.is_empty() {
        params_item.error("expected \"model\", such as \"openai/gpt-4o\"");
        return None;
    }
    let mut deployment = deployment;
    let id = info.and_then(|info| read_info(&info, &mut deployment));
    if let Some(id) = id.as_ref().and_then(Item::text) {
        deployment.id = id;
    } else {
        deployment.id = identity::hash(&deployment.model_name, params_item.node);
    }
    Some((deployment, id))
}

fn required_section<'a>(entry: &Item<'a>) -> Option<Section<'a>> {
    let section = entry.section();
    if section.is_none() && matches!(entry.node.value, super::node::Value::Null) {
        entry.error("expected a mapping with \"model_name\" and \"litellm_params\", got nothing");
    }
    section
}

/// Reads the parameters with those of the credential that they name. What is shown of them is their own.
fn read_completed(section: Section<'_>, model_name: String, environment: &Environment<'_>) -> DeploymentConfig {
    match credential::completed(&section, environment) {
        Completed::Plain => read_params(section, model_name, None, environment),
        Completed::Unknown(name) => read_params(section, model_name, Some(name), environment),
        Completed::With(node) => {
            let params = masked(&section);
            let item = Item { node: &node, ..section.item };
            match item.section() {
                Some(section) => DeploymentConfig { params, ..read_params(section, model_name, None, environment) },
                None => DeploymentConfig::empty(String::new(), model_name, String::new()),
            }
        }
    }
}

/// Reads an entry that was not in the file.
pub(super) fn read_one(entry: &Item<'_>, environment: &Environment<'_>) -> Option<DeploymentConfig> {
    Some(read(entry, environment)?.0)
}

fn read_params(
    mut section: Section<'_>,
    model_name: String,
    unknown_credential: Option<String>,
    environment: &Environment<'_>,
) -> DeploymentConfig {
    let model = section.text("model").unwrap_or_default();
    let hint = section.text("custom_llm_provider");
    let mut deployment = DeploymentConfig {
        api_key: section.secret("api_key"),
        api_base: api_base(&mut section),
        api_version: section.text("api_version"),
        vertex: vertex::read(&mut section),
        azure: azure::read(&mut section),
        organization: section.text("organization"),
        aws: aws::read(&mut section),
        timeout: section.timeout("timeout"),
        stream_timeout: section.timeout("stream_timeout"),
        num_retries: retries(&mut section),
        rpm: section.whole("rpm", 0..=u64::MAX),
        tpm: section.whole("tpm", 0..=u64::MAX),
        max_parallel_requests: section.whole("max_parallel_requests", 0..=u64::MAX),
        weight: section.get("weight").and_then(|item| weight(&item)),
        order: section.count("order"),
        max_tokens: section.whole("max_tokens", 1..=u64::MAX),
        on_client_disconnect: on_client_disconnect(&mut section),
        mock_response: section.text("mock_response"),
        prices: prices::read(&mut section),
        request: request::read(&mut section),
        extra_headers: headers(&mut section),
        tags: section.texts("tags"),
        params: masked(&section),
        credential: section.text(CREDENTIAL_NAME),
        ..DeploymentConfig::empty(String::new(), model_name, model)
    };
    let item = section.item.clone();
    let written = reach::Written {
        model: section.get("model").unwrap_or_else(|| item.clone()),
        provider_hint: hint,
        unknown_credential,
        params: item,
    };
    if !deployment.model.is_empty() {
        reach::settle(&mut deployment, &written, environment);
    }
    match deployment.provider {
        Some(provider) if !provider.is_supported() => section.finish_unknown(&vocabulary::MODEL_PARAMS),
        _ => section.finish(&vocabulary::MODEL_PARAMS),
    }
    deployment
}

/// Reads `model_info` into the deployment and returns the item of its id.
fn read_info<'a>(item: &Item<'a>, deployment: &mut DeploymentConfig) -> Option<Item<'a>> {
    let mut section = item.section()?;
    let id = section.get("id").filter(|id| id.text().is_some());
    deployment.base_model = section.text("base_model");
    deployment.mode = section.text("mode");
    deployment.access_groups = section.texts("access_groups");
    deployment.health_check = health::read(&mut section);
    deployment.max_input_tokens = section.whole("max_input_tokens", 1..=u64::MAX);
    deployment.max_output_tokens = section.whole("max_output_tokens", 1..=u64::MAX);
    let prices = prices::read(&mut section);
    deployment.prices = prices.overridden_by(&deployment.prices);
    deployment.info = masked(&section);
    section.finish(&vocabulary::MODEL_INFO);
    id
}

/// An address, without the slash at its end.
fn api_base(section: &mut Section<'_>) -> Option<String> {
    // `base_url` is the OpenAI SDK's word for the same.
    let alias = section.get("base_url");
    address(&section.get("api_base").or(alias)?)
}

fn address(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let parsed = reqwest::Url::parse(&text).ok();
    if !parsed.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
        item.error("expected an address such as \"https://api.openai.com/v1\"");
        return None;
    }
    Some(text.trim_end_matches('/').to_owned())
}

/// `num_retries`, or the OpenAI SDK's word for the same.
fn retries(section: &mut Section<'_>) -> Option<u32> {
    let alias = section.count("max_retries");
    section.count("num_retries").or(alias)
}

fn weight(item: &Item<'_>) -> Option<f64> {
    let weight = item.number()?;
    if weight < 0.0 {
        item.error(format!("expected a weight of zero or more, got {weight}"));
        return None;
    }
    Some(weight)
}

fn on_client_disconnect(section: &mut Section<'_>) -> Option<OnClientDisconnect> {
    let item = section.get("on_client_disconnect")?;
    let name = item.text()?;
    let found = OnClientDisconnect::NAMES.into_iter().find(|(known, _)| *known == name);
    if found.is_none() {
        item.error(format!("expected \"cancel\" or \"drain\", got \"{name}\""));
    }
    found.map(|(_, choice)| choice)
}

fn headers(section: &mut Section<'_>) -> Vec<(String, Secret)> {
    let map = section.get("extra_headers").and_then(|item| item.section());
    let mut headers = Vec::new();
    for (name, item) in map.iter().flat_map(Section::all) {
        let Some(value) = item.text() else { continue };
        let is_name = reqwest::header::HeaderName::from_bytes(name.as_bytes()).is_ok();
        if is_name && reqwest::header::HeaderValue::from_str(&value).is_ok() {
            headers.push((name.to_owned(), Secret::new(value)));
        } else {
            item.error("expected a header's name and a value without line breaks");
        }
    }
    headers
}
