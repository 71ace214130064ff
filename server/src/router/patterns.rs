//! Models with a wildcard in their names: `openai/*` serves every model whose name fits, and becomes a deployment of
//! that name when one is first asked for.

use crate::config::{Config, DeploymentConfig};
use crate::provider::catalog::Catalog;

use super::build::{self, Times};
use super::deployment::Deployment;

/// Deployments whose names are patterns.
#[derive(Debug, Default)]
pub struct Patterns {
    /// The most specific names first.
    all: Vec<DeploymentConfig>,
    times: Times,
}

impl Patterns {
    /// Those of `config`.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self::among(&config.deployments, config)
    }

    /// Those among `deployments`, with what `config` says of all.
    #[must_use]
    pub fn among(deployments: &[DeploymentConfig], config: &Config) -> Self {
        let is_pattern = |one: &&DeploymentConfig| one.is_pattern() && one.unavailable.is_none() && !one.is_blocked;
        let mut all: Vec<DeploymentConfig> = deployments.iter().filter(is_pattern).cloned().collect();
        all.sort_by_key(|one| std::cmp::Reverse(one.model_name.len()));
        Self { all, times: Times::of(config) }
    }

    /// The deployments of the model `name`: those of the most specific pattern that fits it.
    pub(super) fn deployments(&self, name: &str) -> Vec<Deployment> {
        let Some(first) = self.all.iter().find(|one| one.of_name(name).is_some()) else { return Vec::new() };
        let same = self.all.iter().filter(|one| one.model_name == first.model_name);
        let named = same.filter_map(|one| one.of_name(name));
        named.map(|one| build::deployment(&one, &self.times, Catalog::embedded())).collect()
    }

    /// Whether one fits `name`.
    pub(super) fn fits(&self, name: &str) -> bool {
        self.all.iter().any(|one| one.of_name(name).is_some())
    }

    /// The models that are known to fit, by their public names.
    pub(super) fn known(&self) -> impl Iterator<Item = String> {
        self.all.iter().flat_map(known_names)
    }
}

/// The models that are known to fit a pattern, by their public names.
#[must_use]
pub fn known_names(one: &DeploymentConfig) -> Vec<String> {
    let models = Catalog::embedded().iter().filter(|(provider, ..)| one.provider == Some(*provider));
    let fitting = models.filter_map(|(_, model, _)| {
        // What the pattern puts around a model's name is taken off again.
        let (before, after) = one.provider_model.split_once('*')?;
        let middle = model.strip_prefix(before)?.strip_suffix(after)?;
        Some(one.model_name.replace('*', middle))
    });
    fitting.collect()
}
