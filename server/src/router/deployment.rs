//! A deployment: a provider's model, where it is called and what it costs.

use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use metrics::Label;
use serde_json::{Map, Value};

use super::health::Health;
use crate::config::{HealthCheckConfig, RequestConfig};
use crate::counters::Scope;
use crate::domain::operation::Operation;
use crate::domain::price::Prices;
use crate::domain::provider::{OnClientDisconnect, ProviderKind};
use crate::domain::region::Region;
use crate::provider::catalog::ModelCard;
use crate::provider::chat::Dialect;
use crate::provider::endpoint::{Endpoint, Protocol};
use crate::telemetry::deployments;

/// One deployment, made from its configuration.
#[derive(Debug)]
pub struct Deployment {
    /// Stable id.
    pub id: Arc<str>,
    /// Public name of its group.
    pub model_name: Arc<str>,
    /// Whose protocol it speaks.
    pub provider: ProviderKind,
    /// The provider's name, shared.
    pub provider_name: Arc<str>,
    /// The provider's name of the model.
    pub upstream_model: Arc<str>,
    /// How it answers.
    pub target: Target,
    /// What it costs; `None`: nobody knows, and it counts as free.
    pub prices: Option<Prices>,
    /// Tokens it reads at most.
    pub max_input_tokens: Option<u64>,
    /// Tokens it writes at most.
    pub max_output_tokens: Option<u64>,
    /// What its configuration says of parameters.
    pub request: RequestConfig,
    /// The limit of output tokens it is sent where the client names none.
    pub default_max_tokens: Option<u64>,
    /// The part of the world it runs in, where that is known.
    pub region: Option<Region>,
    /// The provider's place it runs in, as the provider calls it; where only a host is known, that.
    pub place_name: Option<Arc<str>>,
    /// Tags of the calls that are meant for it.
    pub tags: Vec<String>,
    /// Deployments with a lower number are used first.
    pub order: Option<u32>,
    /// Share of the traffic of its group.
    pub weight: Option<f64>,
    /// Requests a minute it can take.
    pub rpm: Option<f64>,
    /// Tokens a minute it can take.
    pub tpm: Option<f64>,
    /// Tries of a call after it failed here, where its configuration says.
    pub num_retries: Option<u32>,
    /// How it is asked whether it answers.
    pub health_check: HealthCheckConfig,
    /// What is counted for its caps, where it has any.
    pub caps: Option<Scope>,
    /// Time a whole answer may take.
    pub timeout: Duration,
    /// Time to the first byte of a stream.
    pub stream_timeout: Duration,
    /// What becomes of an answer whose client has left.
    pub on_client_disconnect: OnClientDisconnect,
    /// Why it cannot be called at all.
    pub unavailable: Option<String>,
    /// Its parameters as configured, secrets masked.
    pub params: Map<String, Value>,
    /// What is known of its model.
    pub model_info: Map<String, Value>,
    /// How it is doing; kept when the model list is replaced.
    pub health: Arc<Health>,
}

/// Where answers come from.
#[derive(Debug)]
pub enum Target {
    /// A provider.
    Provider(Box<Endpoint>),
    /// `mock_response`: the gateway itself answers with this text.
    Mock(Arc<str>),
    /// Nowhere: see [`Deployment::unavailable`].
    None,
}

impl Deployment {
    /// The same deployment for another model of its provider, of which the catalog may know something; `None` where it has
    /// no provider.
    #[must_use]
    pub fn as_model(&self, name: &str, card: Option<&ModelCard>) -> Option<Self> {
        let Target::Provider(endpoint) = &self.target else { return None };
        Some(Self {
            id: Arc::clone(&self.id),
            model_name: Arc::from(name),
            provider: self.provider,
            provider_name: Arc::clone(&self.provider_name),
            upstream_model: Arc::from(name),
            target: Target::Provider(endpoint.clone()),
            prices: card.map(|card| card.prices.clone()),
            max_input_tokens: card.and_then(|card| card.max_input_tokens),
            max_output_tokens: card.and_then(|card| card.max_output_tokens),
            request: self.request.clone(),
            default_max_tokens: None,
            region: self.region,
            place_name: self.place_name.clone(),
            tags: self.tags.clone(),
            order: self.order,
            weight: self.weight,
            rpm: self.rpm,
            tpm: self.tpm,
            caps: self.caps.clone(),
            num_retries: self.num_retries,
            health_check: HealthCheckConfig::default(),
            timeout: self.timeout,
            stream_timeout: self.stream_timeout,
            on_client_disconnect: self.on_client_disconnect,
            unavailable: None,
            params: Map::new(),
            model_info: Map::new(),
            health: Arc::default(),
        })
    }

    /// Whether it stands for all models whose names fit its own, and is asked by those names only.
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        self.model_name.contains('*')
    }

    /// Its protocol, where that is not OpenAI's.
    #[must_use]
    pub fn dialect(&self) -> Option<&dyn Dialect> {
        match &self.target {
            Target::Provider(endpoint) => match &endpoint.protocol {
                Protocol::Translated(dialect) => Some(&**dialect),
                Protocol::OpenAi(_) => None,
            },
            Target::Mock(_) | Target::None => None,
        }
    }

    /// What its model is for, as the configuration or the catalog has it, such as `embedding`.
    #[must_use]
    pub fn mode(&self) -> Option<&str> {
        self.model_info.get("mode").and_then(Value::as_str)
    }

    /// The day its provider turns its model off, as the configuration or the catalog has it.
    #[must_use]
    pub fn retires(&self) -> Option<NaiveDate> {
        self.model_info.get("deprecation_date").and_then(Value::as_str)?.parse().ok()
    }

    /// Whether it may have a capability, by LiteLLM's name of it: it is not known that it has not. The configuration's word
    /// goes before the catalog's, which knows all that its models can do.
    #[must_use]
    pub fn may(&self, capability: &str) -> bool {
        let is_known = self.model_info.get("max_input_tokens").is_some_and(|known| !known.is_null());
        self.model_info.get(capability).and_then(Value::as_bool).unwrap_or(!is_known)
    }

    /// Whether it does `operation`, as far as that is known.
    #[must_use]
    pub fn does(&self, operation: Operation) -> bool {
        let is_offered = match (&self.target, operation) {
            (_, Operation::Chat | Operation::Completion) => true,
            (Target::Provider(endpoint), operation) => endpoint.task(operation).is_some(),
            (Target::Mock(_) | Target::None, _) => false,
        };
        is_offered && self.mode().is_none_or(|mode| operation.suits(mode))
    }

    /// Where it is, as labels of metrics say it.
    #[must_use]
    pub fn place(&self) -> Vec<Label> {
        let api_base = self.api_base().map(|base| &**base);
        deployments::place(&self.upstream_model, &self.id, api_base, &self.provider_name)
    }

    /// The address shown in logs.
    #[must_use]
    pub fn api_base(&self) -> Option<&Arc<str>> {
        match &self.target {
            Target::Provider(endpoint) => Some(&endpoint.api_base),
            Target::Mock(_) | Target::None => None,
        }
    }
}
