//! A configuration that changes while the gateway runs: models and the router's settings are put in force, no call is
//! lost, and what is known of deployments whose id stays is kept. All else waits for a restart.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{Config, Fallbacks, LitellmSettings, Loaded, Problem};
use crate::gateway::Gateway;
use crate::models::LiveModels;

/// The configuration a gateway runs with, and where it is read from again.
#[derive(Debug)]
pub struct ConfigFile {
    path: PathBuf,
    config: Config,
}

/// What became of reading a configuration again.
#[derive(Debug)]
pub enum Reloaded {
    /// It says what it said.
    Same,
    /// It has errors: what was in force stays.
    Refused(Vec<Problem>),
    /// Its models and the router's settings are in force.
    InForce {
        /// What else has changed, and waits for a restart.
        waiting: Vec<&'static str>,
        /// What is doubtful in it.
        warnings: Vec<Problem>,
    },
}

impl ConfigFile {
    /// The file at `path`, which said `config`.
    #[must_use]
    pub const fn new(path: PathBuf, config: Config) -> Self {
        Self { path, config }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file again and puts what may change in force. `env` looks up environment variables.
    pub fn reload(&mut self, gateway: &Gateway, models: &LiveModels, env: impl Fn(&str) -> Option<String>) -> Reloaded {
        let loaded = Config::load(Some(&self.path), env);
        if loaded.has_errors() {
            return Reloaded::Refused(loaded.problems);
        }
        let Loaded { config, problems } = loaded;
        if config == self.config {
            return Reloaded::Same;
        }
        let waiting = self.waiting(&config);
        let is_changed = config.deployments != self.config.deployments
            || config.credentials != self.config.credentials
            || config.router != self.config.router;
        if is_changed {
            models.configure(config.clone());
            gateway.routing.store(Arc::new(config.router.clone()));
        }
        self.config = config;
        Reloaded::InForce { waiting, warnings: problems }
    }

    /// What is not as it was, besides what can change.
    fn waiting(&self, config: &Config) -> Vec<&'static str> {
        let (router, former) = (&config.router, &self.config.router);
        let sections = [
            ("router_settings.provider_budget_config", router.provider_budget_config != former.provider_budget_config),
            ("router_settings.redis_*", router.redis != former.redis),
            ("litellm_settings", without_routers(&config.litellm) != without_routers(&self.config.litellm)),
            ("general_settings", config.general != self.config.general),
            ("tollgate_settings", config.limits != self.config.limits),
            ("environment_variables", config.environment != self.config.environment),
        ];
        sections.into_iter().filter(|(_, has_changed)| *has_changed).map(|(name, _)| name).collect()
    }
}

/// The section without what the router's settings take from it.
fn without_routers(litellm: &LitellmSettings) -> LitellmSettings {
    LitellmSettings { num_retries: None, request_timeout: None, fallbacks: Fallbacks::default(), ..litellm.clone() }
}
