//! Deployments from their configuration and the catalog.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use serde_json::{Map, Value, json};

use super::caps;
use super::deployment::{Deployment, Target};
use crate::config::{Config, DeploymentConfig};
use crate::domain::price::{Prices, Rate};
use crate::domain::provider::ProviderKind;
use crate::domain::region::Region;
use crate::provider::catalog::{Catalog, ModelCard};
use crate::provider::endpoint::Endpoint;

/// Why a deployment that somebody blocked is not called.
const BLOCKED: &str = "an administrator blocked it";

/// How long calls may take where a deployment does not say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    whole: Option<Duration>,
    stream: Option<Duration>,
    first_byte: Duration,
}

impl Times {
    pub(super) const fn of(config: &Config) -> Self {
        let (router, limits) = (&config.router, &config.limits);
        Self { whole: router.timeout, stream: router.stream_timeout, first_byte: limits.first_byte_timeout }
    }
}

/// The deployments of `config`.
#[must_use]
pub fn deployments(config: &Config, catalog: &Catalog) -> Vec<Deployment> {
    deployments_of(&config.deployments, config, catalog)
}

/// These deployments, with what `config` says of all.
#[must_use]
pub fn deployments_of(deployments: &[DeploymentConfig], config: &Config, catalog: &Catalog) -> Vec<Deployment> {
    let times = Times::of(config);
    deployments.iter().map(|one| deployment(one, &times, catalog)).collect()
}

pub(super) fn deployment(one: &DeploymentConfig, times: &Times, catalog: &Catalog) -> Deployment {
    let card = card(one, catalog);
    let prices = prices(one, card);
    let mode = one.mode.as_deref().or(card.map(|card| card.mode));
    let unavailable = one.unavailable.clone().or_else(|| one.is_blocked.then(|| BLOCKED.to_owned()));
    let (target, unavailable) = match (target(one, mode), &unavailable) {
        (target, None) => target.map_or_else(|reason| (Target::None, Some(reason)), |target| (target, None)),
        (_, Some(reason)) => (Target::None, Some(reason.clone())),
    };
    if prices.is_none() && unavailable.is_none() && one.mock_response.is_none() && !one.is_pattern() {
        tracing::warn!(model = one.model, "no price is known for this model: its calls are booked at 0");
    }
    let first_byte = times.first_byte;
    let whole = one.timeout.or(times.whole).unwrap_or(first_byte);
    let stream = one.stream_timeout.or(times.stream).or(one.timeout).or(times.whole);
    let provider = one.provider.unwrap_or(ProviderKind::OpenAiCompatible);
    Deployment {
        id: Arc::from(one.id.as_str()),
        model_name: Arc::from(one.model_name.as_str()),
        provider,
        on_client_disconnect: one.on_client_disconnect.unwrap_or_else(|| provider.on_client_disconnect()),
        provider_name: Arc::from(one.provider.map_or("mock", |provider| provider.as_str())),
        upstream_model: Arc::from(one.provider_model.as_str()),
        target,
        model_info: model_info(one, card, prices.as_ref()),
        max_input_tokens: one.max_input_tokens.or(card.and_then(|card| card.max_input_tokens)),
        max_output_tokens: one.max_output_tokens.or(card.and_then(|card| card.max_output_tokens)),
        request: one.request.clone(),
        default_max_tokens: one.max_tokens,
        region: place(one).and_then(Region::of_place),
        place_name: place(one).map(str::to_owned).or_else(|| azure_host(one)).map(Arc::from),
        tags: one.tags.clone(),
        order: one.order,
        prices,
        weight: one.weight,
        rpm: float(one.rpm),
        tpm: float(one.tpm),
        caps: caps::scope(one),
        num_retries: one.num_retries,
        health_check: one.health_check.clone(),
        timeout: whole.max(Duration::from_millis(1)),
        stream_timeout: stream.map_or(first_byte, |stream| stream.min(first_byte)),
        unavailable,
        params: one.params.clone(),
        health: Arc::default(),
    }
}

/// Where it runs, as AWS or Google calls it.
fn place(one: &DeploymentConfig) -> Option<&str> {
    one.aws.region.as_deref().or(one.vertex.location.as_deref())
}

/// A resource of Azure's is in one place, which its name rarely tells.
fn azure_host(one: &DeploymentConfig) -> Option<String> {
    let is_azure = matches!(one.provider, Some(ProviderKind::Azure | ProviderKind::AzureAi));
    let url = one.api_base.as_deref().filter(|_| is_azure).and_then(|base| Url::parse(base).ok())?;
    url.host_str().map(str::to_owned)
}

/// What a deployment costs; `None`: nobody knows.
#[must_use]
pub fn prices_of(one: &DeploymentConfig, catalog: &Catalog) -> Option<Prices> {
    prices(one, card(one, catalog))
}

fn card<'c>(one: &DeploymentConfig, catalog: &'c Catalog) -> Option<&'c ModelCard> {
    catalog.find(one.provider?, &one.provider_model, one.base_model.as_deref())
}

/// The catalog's prices with those of the configuration laid over them. A mock costs what its configuration says.
fn prices(one: &DeploymentConfig, card: Option<&ModelCard>) -> Option<Prices> {
    if one.mock_response.is_some() {
        return Some(one.prices.clone());
    }
    match card {
        Some(card) => Some(card.prices.overridden_by(&one.prices)),
        None => (one.prices != Prices::default()).then(|| one.prices.clone()),
    }
}

fn target(one: &DeploymentConfig, mode: Option<&str>) -> Result<Target, String> {
    match &one.mock_response {
        Some(text) => Ok(Target::Mock(Arc::from(text.as_str()))),
        None => {
            let endpoint = Endpoint::of(one)?;
            let is_only = mode == Some("responses");
            Ok(Target::Provider(Box::new(if is_only { endpoint.with_responses_only() } else { endpoint })))
        }
    }
}

/// What is shown of the model: its configuration, and under it the catalog's figures with LiteLLM's names.
fn model_info(one: &DeploymentConfig, card: Option<&ModelCard>, prices: Option<&Prices>) -> Map<String, Value> {
    let mut info = Map::new();
    info.insert("id".to_owned(), json!(one.id));
    info.insert("litellm_provider".to_owned(), json!(one.provider.map(|provider| provider.as_str())));
    info.insert("mode".to_owned(), json!(one.mode.as_deref().or(card.map(|card| card.mode))));
    info.insert("max_input_tokens".to_owned(), json!(card.and_then(|card| card.max_input_tokens)));
    info.insert("max_output_tokens".to_owned(), json!(card.and_then(|card| card.max_output_tokens)));
    for (name, rate) in prices.map(named_rates).into_iter().flatten() {
        info.insert(name.to_owned(), json!(rate.map(Rate::to_usd)));
    }
    for capability in card.into_iter().flat_map(|card| &card.capabilities) {
        info.insert(capability.litellm_name().to_owned(), json!(true));
    }
    if let Some(day) = card.and_then(|card| card.retires) {
        info.insert("deprecation_date".to_owned(), json!(day));
    }
    for (name, value) in &one.info {
        info.insert(name.clone(), value.clone());
    }
    info.insert("db_model".to_owned(), json!(one.is_stored));
    info.insert("blocked".to_owned(), json!(one.is_blocked));
    info
}

/// Rates under LiteLLM's names, in dollars a unit.
const fn named_rates(prices: &Prices) -> [(&'static str, Option<Rate>); 11] {
    [
        ("input_cost_per_token", prices.input),
        ("output_cost_per_token", prices.output),
        ("cache_read_input_token_cost", prices.cache_read),
        ("cache_creation_input_token_cost", prices.cache_write_5m),
        ("input_cost_per_audio_token", prices.input_audio),
        ("output_cost_per_audio_token", prices.output_audio),
        ("input_cost_per_character", prices.per_character),
        ("input_cost_per_second", prices.per_second),
        ("input_cost_per_query", prices.per_query),
        ("output_cost_per_second", prices.per_output_second),
        ("output_cost_per_image", prices.per_image),
    ]
}

fn float(count: Option<u64>) -> Option<f64> {
    count.and_then(|count| u32::try_from(count).ok()).map(f64::from)
}
