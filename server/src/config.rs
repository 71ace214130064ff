//! `config.yaml` as typed settings. One file an area; `deploy/config.reference.yaml` lists everything with its default.
//!
//! Reading never stops at the first problem: [`Config::load`] returns what could be read together with everything that
//! is wrong, each with its place, its path and what was expected.

mod alerting;
mod cache;
mod call_file;
mod callback;
mod credential;
mod environment;
mod fetch;
mod general;
mod hedging;
mod identity;
mod include;
mod key_rules;
mod litellm;
mod model;
mod node;
mod problem;
mod reader;
mod router;
mod scope_limits;
mod secret;
mod setting;
mod sso;
mod storage;
mod stored;
mod strategy;
#[cfg(test)]
mod tests;
mod vocabulary;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

pub use alerting::{AlertSettings, LiveAlertSettings};
pub use cache::{CALL_TYPES, CachePlace, CacheSettings, Isolation, TTL_MAX, call_type, is_namespace};
pub use call_file::CallFileSettings;
pub use callback::{Callback, CallbackSettings};
pub use credential::{CREDENTIAL_NAME, Credential};
use environment::Environment;
pub use environment::Variables;
pub use fetch::FetchSettings;
pub use general::{GeneralSettings, Limits, SharedCounterSettings};
pub use hedging::Hedging;
pub use identity::IdentitySettings;
pub use key_rules::KeyRules;
pub(crate) use key_rules::TEAM_ROLES;
pub use litellm::LitellmSettings;
pub use model::{
    AwsConfig, AzureConfig, DeploymentConfig, GoogleCredentials, HealthCheckConfig, RequestConfig, VertexConfig,
    masked_map as masked,
};
use node::{Node, Value};
pub use problem::{Place, Problem, Severity};
use reader::{Item, Problems, Section};
pub use router::{ErrorClass, ErrorPolicy, Fallbacks, GroupAlias, RedisSettings, RouterSettings};
pub use scope_limits::ScopeLimits;
pub use secret::{MASK, Secret, is_secret_name};
pub use setting::{
    Origin, SECTIONS, SetValue, Setting, SettingKind, StoredSettings, nearest_setting, setting, settings,
    settings_below,
};
pub use sso::{NewTeamSettings, NewcomerSettings, SSO_VARIABLES, SsoEntry, sso_from_environment};
pub use storage::{BucketSettings, StorageSettings};
pub use stored::{SentDeployment, SentRead, check_sent};
pub use strategy::{RoutingStrategy, RoutingStrategyArgs, StickyBy};

/// A whole configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// `model_list`.
    pub deployments: Vec<DeploymentConfig>,
    /// `router_settings`.
    pub router: RouterSettings,
    /// `litellm_settings`.
    pub litellm: LitellmSettings,
    /// `general_settings`.
    pub general: GeneralSettings,
    /// Who is told what: `general_settings.alerting` and what goes with it.
    pub alerts: AlertSettings,
    /// The bounds: `tollgate_settings` and `general_settings.max_request_size_mb`.
    pub limits: Limits,
    /// `environment_variables`: they go before the process's environment and are never put into it.
    pub environment: BTreeMap<String, Secret>,
    /// `credential_list`.
    pub credentials: Vec<Credential>,
    model_list: ModelList,
}

/// `model_list` as it is written, to be read again with other credentials. What it says is in the deployments: two of
/// them are never told apart by it.
#[derive(Clone, Default)]
struct ModelList(Option<Arc<Node>>);

impl PartialEq for ModelList {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for ModelList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ModelList")
    }
}

/// What came of reading a configuration.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What could be read; defaults stand where something was wrong.
    pub config: Config,
    /// Everything that is wrong, in the order of the file.
    pub problems: Vec<Problem>,
    /// The settings that are set, by path.
    pub values: BTreeMap<String, SetValue>,
}

impl Loaded {
    /// True when the server must refuse to start.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(Problem::is_error)
    }
}

impl Config {
    /// Reads the file and the files it includes. Without a file: the defaults and one `demo` model that answers by
    /// itself. `env` looks up environment variables.
    pub fn load(path: Option<&Path>, env: impl Fn(&str) -> Option<String>) -> Loaded {
        Self::load_with(path, env, &StoredSettings::new())
    }

    /// The same with settings of the database, which go before the file's.
    pub fn load_with(path: Option<&Path>, env: impl Fn(&str) -> Option<String>, stored: &StoredSettings) -> Loaded {
        let problems = Problems::default();
        let root = match path {
            Some(path) => include::read_file(path, &problems),
            None => Some(Node { at: Place::whole(""), value: Value::Map(Vec::new()) }),
        };
        let (mut config, values) = root.map(|root| read(root, &env, stored, &problems)).unwrap_or_default();
        if path.is_none() {
            config.deployments = vec![DeploymentConfig::demo()];
        }
        let mut problems = problems.take();
        problems.sort_by_key(|problem| (problem.place.file.clone(), problem.place.line, problem.place.column));
        Loaded { config, problems, values }
    }

    /// Everything that is wrong with a file.
    pub fn check(path: &Path, env: impl Fn(&str) -> Option<String>) -> Vec<Problem> {
        Self::load(Some(path), env).problems
    }

    /// The deployments of the file where these credentials can be named besides its own, which go before them.
    #[must_use]
    pub fn deployments_with(&self, stored: &[Credential], variables: &Variables) -> Vec<DeploymentConfig> {
        let Some(node) = &self.model_list.0 else { return self.deployments.clone() };
        let process = |name: &str| variables.get(name);
        let environment = Environment {
            process: &process,
            file: self.environment.clone(),
            credentials: self.credentials_with(stored),
        };
        // What is wrong with them was said when the file was read.
        let problems = Problems::default();
        let item = Item { node, path: "model_list".to_owned(), problems: &problems };
        model::read_list(Some(item), &environment)
    }

    /// The credentials of the file, and of these what it does not have.
    #[must_use]
    pub fn credentials_with(&self, stored: &[Credential]) -> Vec<Credential> {
        let is_new = |one: &&Credential| self.credentials.iter().all(|own| own.name != one.name);
        self.credentials.iter().chain(stored.iter().filter(is_new)).cloned().collect()
    }

    /// The names of the groups, each once, in the order of the file.
    #[must_use]
    pub fn group_names(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        let names = self.deployments.iter().map(|d| d.model_name.as_str());
        names.filter(|name| seen.insert(*name)).collect()
    }
}

fn read(
    mut root: Node,
    env: &dyn Fn(&str) -> Option<String>,
    stored: &StoredSettings,
    problems: &Problems,
) -> (Config, BTreeMap<String, SetValue>) {
    let environment = resolve(&mut root, env, problems);
    // Laid over what is resolved: a setting of the database never reads the environment.
    setting::lay_over(&mut root, stored);
    (read_tree(&root, environment, problems), setting::set_values(&root, env))
}

fn read_tree(root: &Node, mut environment: Environment<'_>, problems: &Problems) -> Config {
    let item = Item { node: root, path: String::new(), problems };
    let Some(mut top) = item.section() else {
        return Config::default();
    };
    let mut alerts = AlertSettings::default();
    let mut limits = general::read_limits(top.get("tollgate_settings"), &mut alerts);
    let general = general::read(top.get("general_settings"), &mut limits, &mut alerts);
    let mut litellm = litellm::read(top.get("litellm_settings"));
    let mut router = router::read(top.get("router_settings"), litellm.num_retries);
    router.fallbacks.fill_from(&litellm.fallbacks);
    router.timeout = router.timeout.or(litellm.request_timeout);
    limits.gateway.max_budget = limits.gateway.max_budget.or(litellm.max_budget);
    limits.gateway.budget_duration = limits.gateway.budget_duration.or(litellm.budget_duration);
    litellm.cache.is_on |= router.cache_responses;
    environment.credentials = credential::read_list(top.get("credential_list"));
    let list = top.get("model_list");
    let model_list = ModelList(list.as_ref().map(|item| Arc::new(item.node.clone())));
    let deployments = model::read_list(list, &environment);
    let Environment { file, credentials, .. } = environment;
    let config =
        Config { deployments, router, litellm, general, alerts, limits, environment: file, credentials, model_list };
    check_groups(&config, &mut top);
    check_embedding_model(&config, &mut top);
    for read_elsewhere in ["environment_variables", "include"] {
        top.mark_read(read_elsewhere);
    }
    top.finish(&vocabulary::TOP);
    config
}

/// Takes in `environment_variables` and replaces every reference in the file.
fn resolve<'e>(root: &mut Node, env: &'e dyn Fn(&str) -> Option<String>, problems: &Problems) -> Environment<'e> {
    let mut environment = Environment { process: env, file: BTreeMap::new(), credentials: Vec::new() };
    let mut found = Vec::new();
    let Value::Map(entries) = &mut root.value else {
        return environment;
    };
    const VARIABLES: &str = "environment_variables";
    for entry in entries.iter_mut().filter(|entry| entry.key == VARIABLES) {
        environment.resolve(&mut entry.node, VARIABLES, &mut found);
        let item = Item { node: &entry.node, path: VARIABLES.to_owned(), problems };
        let variables = item.section();
        let variables = variables.iter().flat_map(Section::all);
        environment.file =
            variables.filter_map(|(name, item)| Some((name.to_owned(), Secret::new(item.scalar_text()?)))).collect();
    }
    for entry in entries.iter_mut().filter(|entry| entry.key != VARIABLES) {
        environment.resolve(&mut entry.node, &entry.key, &mut found);
    }
    problems.extend(found);
    environment
}

/// Names groups that fallbacks mean and nobody serves.
fn check_groups(config: &Config, top: &mut Section<'_>) {
    let known = config.group_names();
    let is_known =
        |name: &str| known.contains(&name) || name == "*" || config.router.model_group_alias.contains_key(name);
    let fallbacks = &config.router.fallbacks;
    let chains = [&fallbacks.general, &fallbacks.context_window, &fallbacks.content_policy];
    let chains = chains.into_iter().flatten();
    let named = chains.flat_map(|(group, targets)| targets.iter().chain([group]));
    let mut unknown: Vec<&String> = named.chain(&fallbacks.default).filter(|name| !is_known(name)).collect();
    unknown.sort();
    unknown.dedup();
    let section = top.get("router_settings").or_else(|| top.get("litellm_settings"));
    for name in unknown {
        let hint = vocabulary::nearest(name, known.iter().copied())
            .map(|near| format!("; did you mean \"{near}\"?"))
            .unwrap_or_default();
        if let Some(section) = &section {
            section.warning(format!("fallbacks name \"{name}\", which no entry of model_list serves{hint}"));
        }
    }
}

/// A semantic cache needs a model that turns questions into vectors.
fn check_embedding_model(config: &Config, top: &mut Section<'_>) {
    let cache = &config.litellm.cache;
    if !cache.is_on || !cache.is_semantic {
        return;
    }
    let known = config.group_names();
    let model = cache.embedding_model.as_deref();
    if model.is_some_and(|model| known.contains(&model)) {
        return;
    }
    let near = model.and_then(|model| vocabulary::nearest(model, known.into_iter()));
    let hint = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
    let got = model.map_or_else(|| "nothing".to_owned(), |model| format!("\"{model}\""));
    let section = top.get("litellm_settings").and_then(|item| item.section());
    if let Some(params) = section.and_then(|mut section| section.get("cache_params")) {
        params.error(format!("a semantic cache needs an embedding_model that model_list has, got {got}{hint}"));
    }
}
