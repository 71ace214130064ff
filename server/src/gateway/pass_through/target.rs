//! Whose credentials serve a call, and what it may cost.

use std::sync::Arc;

use rand::RngExt;

use super::asked::Asked;
use crate::domain::usage::Usage;
use crate::gateway::Gateway;
use crate::gateway::call::Arrived;
use crate::gateway::error::GatewayError;
use crate::gateway::estimate::Bounds;
use crate::provider::catalog::Catalog;
use crate::provider::pass_through::model_at;
use crate::router::Deployment;
use crate::router::deployment::Target as Reached;

/// Deployments that may serve a call.
#[derive(Debug)]
pub(super) struct Target {
    /// Public name of their model; where none of them has the model that the call names, that one; empty where it names
    /// none.
    pub(super) model: String,
    /// Each as what it is for this call.
    pub(super) deployments: Vec<Arc<Deployment>>,
    /// The same as configured.
    configured: Vec<Arc<Deployment>>,
    /// The call has to name the deployment's own model to the provider.
    pub(super) is_renamed: bool,
    /// It may cost something that nobody can tell.
    pub(super) is_costly: bool,
}

impl Target {
    /// Those of the provider's deployments that serve the model the call names, by its public name or the provider's; else
    /// any.
    ///
    /// # Errors
    /// When none is configured.
    pub(super) fn of(arrived: &Arrived, asked: &Asked) -> Result<Self, GatewayError> {
        let provider = asked.api.provider;
        let is_one = |one: &Arc<Deployment>| {
            one.provider == provider && one.unavailable.is_none() && matches!(one.target, Reached::Provider(_))
        };
        let all: Vec<_> = arrived.gateway().router.deployments().into_iter().filter(is_one).collect();
        if all.is_empty() {
            return Err(GatewayError::NoProvider { provider });
        }
        let named: Vec<_> = all.iter().filter(|one| *one.model_name == asked.model).cloned().collect();
        if !named.is_empty() {
            return Ok(Self::configured(asked.model.clone(), named, true));
        }
        let known: Vec<_> = all.iter().filter(|one| is_model(one, asked)).cloned().collect();
        // The same model may have several public names, of which the key may use some.
        let groups = arrived.gateway().policy.access_groups();
        let allowed = known.iter().find(|one| groups.allow(&arrived.key().models, &one.model_name)).or(known.first());
        if let Some(model) = allowed.map(|one| one.model_name.to_string()) {
            let named = known.into_iter().filter(|one| *one.model_name == model).collect();
            return Ok(Self::configured(model, named, false));
        }
        Ok(Self::other(asked, all))
    }

    fn configured(model: String, deployments: Vec<Arc<Deployment>>, is_renamed: bool) -> Self {
        Self { model, configured: deployments.clone(), deployments, is_renamed, is_costly: false }
    }

    /// Any of the provider's deployments, for what is no deployment's model.
    fn other(asked: &Asked, all: Vec<Arc<Deployment>>) -> Self {
        let card = Catalog::embedded().find(asked.api.provider, &asked.model, None);
        let card = card.filter(|_| !asked.model.is_empty());
        let of_model = |one: &Arc<Deployment>| Some(Arc::new(one.as_model(&asked.model, card)?));
        Self {
            model: asked.model.clone(),
            deployments: all.iter().filter_map(of_model).collect(),
            configured: all,
            is_renamed: false,
            is_costly: card.is_none(),
        }
    }

    /// One that is not `barred`, and that does not cool down where there is one.
    pub(super) fn choose(&self, gateway: &Gateway, barred: &[Arc<Deployment>]) -> Option<Arc<Deployment>> {
        let now = gateway.clock.monotonic();
        let pairs = self.deployments.iter().zip(&self.configured);
        let open: Vec<_> = pairs.filter(|(one, _)| !barred.iter().any(|other| Arc::ptr_eq(one, other))).collect();
        let ready: Vec<_> = open.iter().filter(|(_, known)| known.health.cooldown_left(now).is_none()).collect();
        let chosen = match ready.len() {
            0 => open.first(),
            count => ready.get(rand::rng().random_range(0..count)).copied(),
        };
        chosen.map(|(one, _)| Arc::clone(one))
    }

    /// The most the call can take. A body counts by its bytes, but no model reads more than it can.
    pub(super) fn bounds(&self, asked: &Asked) -> Bounds {
        let deployments = &self.deployments;
        if !asked.asks_model() {
            return self.costing(Bounds::task(0, 0, Usage::default(), deployments));
        }
        let longest = deployments.iter().filter_map(|one| one.max_input_tokens).max();
        let longest = longest.and_then(|tokens| usize::try_from(tokens).ok()).unwrap_or(usize::MAX);
        let output = asked.request.output_limit.or(deployments.iter().filter_map(|one| one.max_output_tokens).max());
        let output = output.unwrap_or(OUTPUT_TOKENS_UNKNOWN).saturating_mul(asked.request.choices);
        let units = Usage { queries: self.queries(asked), ..Usage::default() };
        let bounds = Bounds::task(asked.body.len().min(longest), output, units, deployments);
        self.costing(bounds.reading(&asked.body, asked.request.tier))
    }

    /// Searches at most, where they are paid for: of a body that lists documents, each between commas.
    fn queries(&self, asked: &Asked) -> u64 {
        let mut prices = self.deployments.iter().filter_map(|one| one.prices.as_ref());
        if !prices.any(|prices| prices.per_query.is_some()) {
            return 0;
        }
        let documents = memchr::memchr_iter(b',', &asked.body).count() + 1;
        let pieces = asked.body.len() / PIECE_BYTES + documents;
        u64::try_from(pieces.div_ceil(DOCUMENTS_PER_QUERY)).unwrap_or(u64::MAX)
    }

    const fn costing(&self, bounds: Bounds) -> Bounds {
        if self.is_costly { bounds.costly() } else { bounds }
    }
}

/// Documents of one search, and bytes of a document's piece at least: 500 tokens, which is Cohere's rule.
const DOCUMENTS_PER_QUERY: usize = 100;
const PIECE_BYTES: usize = 500;
/// Tokens of an answer where nobody sets a limit.
const OUTPUT_TOKENS_UNKNOWN: u64 = 32_768;

/// Whether the provider knows the deployment's model by the name that the call has.
fn is_model(one: &Deployment, asked: &Asked) -> bool {
    if asked.model.is_empty() {
        return false;
    }
    let Reached::Provider(endpoint) = &one.target else { return false };
    let in_address = model_at(asked.api, endpoint);
    let in_path = in_address.and_then(|name| percent_encoding::percent_decode_str(name).decode_utf8().ok());
    in_path.map_or(*one.upstream_model == asked.model, |name| name == asked.model)
}
