//! The models that the gateway serves: those of config.yaml and those of the database, put in force together.
//!
//! Whatever changes one of them, here or on another node, ends in the router's table being replaced as a whole: calls in
//! flight end where they are, and what is known of deployments whose id stays is kept.

mod prices;

use std::sync::Arc;

use parking_lot::Mutex;
use sea_orm::{DatabaseConnection, DbErr};
use serde_json::{Map, Value, json};

use crate::clock::Clock;
use crate::config::{
    CREDENTIAL_NAME, Config, Credential, DeploymentConfig, Problem, SentDeployment, SentRead, Variables,
};
use crate::crypto::{SealError, Sealer};
use crate::db;
use crate::policy::{AccessGroups, PolicyStore};
use crate::provider::catalog::Catalog;
use crate::router::{self, Deployment, Models, Patterns, Router, Rules};
use prices::PriceQueue;
pub use prices::{PricesInForce, enter_prices};

/// The kinds of `policy_changes` that say that the models have to be read anew.
pub const CHANGED_BY: [&str; 2] = ["model", "credential"];

/// What models and credentials are read with.
#[derive(Clone, Debug)]
pub struct Means {
    /// Time.
    pub clock: Clock,
    /// Where they are kept.
    pub db: DatabaseConnection,
    /// Opens their secrets.
    pub sealer: Sealer,
    /// Where keys that are not written out come from.
    pub variables: Variables,
    /// `store_model_in_db`: models of the database are served.
    pub serves_stored: bool,
}

/// The models in force.
#[derive(Debug)]
pub struct LiveModels {
    means: Means,
    policy: Arc<PolicyStore>,
    router: Arc<Router>,
    /// One reads at a time, so that what was read earlier never takes the place of what was read later.
    reading: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    prices: PriceQueue,
}

#[derive(Debug, Default)]
struct State {
    config: Config,
    rows: Rows,
}

/// What the database has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rows {
    models: Vec<db::model::Model>,
    credentials: Vec<db::credential::Model>,
}

impl LiveModels {
    /// The models of `config` alone, until [`Self::refresh`] reads the database's.
    #[must_use]
    pub fn new(config: Config, means: Means, policy: Arc<PolicyStore>, router: Arc<Router>) -> Self {
        let state = State { config, rows: Rows::default() };
        let (reading, state, prices) = (tokio::sync::Mutex::default(), Mutex::new(state), PriceQueue::default());
        let live = Self { means, policy, router, reading, state, prices };
        live.put_in_force(&live.state.lock());
        live
    }

    /// Reads the database's models and credentials, and puts them in force where they have changed.
    ///
    /// # Errors
    /// When the database is away: what is in force stays.
    pub async fn refresh(&self) -> Result<(), DbErr> {
        let reading = self.reading.lock().await;
        let rows = Rows {
            models: db::model::all(&self.means.db).await?,
            credentials: db::credential::all(&self.means.db).await?,
        };
        let mut state = self.state.lock();
        if state.rows != rows {
            state.rows = rows;
            self.put_in_force(&state);
        }
        drop(state);
        drop(reading);
        Ok(())
    }

    /// Puts another configuration in force, beside the same models of the database.
    pub fn configure(&self, config: Config) {
        let mut state = self.state.lock();
        state.config = config;
        self.put_in_force(&state);
    }

    /// Whether models may be added at run time.
    #[must_use]
    pub const fn may_be_stored(&self) -> bool {
        self.means.serves_stored
    }

    /// Whether config.yaml has a deployment of this id.
    #[must_use]
    pub fn is_configured(&self, model_id: &str) -> bool {
        let deployments = self.router.deployments();
        let is_stored = |one: &Deployment| one.model_info.get("db_model").and_then(Value::as_bool) == Some(true);
        deployments.iter().any(|one| *one.id == *model_id && !is_stored(one))
    }

    /// What is shown of the model of a deployment.
    #[must_use]
    pub fn shown_info(&self, model_id: &str) -> Option<Map<String, Value>> {
        let deployments = self.router.deployments();
        deployments.iter().find(|one| *one.id == *model_id).map(|one| one.model_info.clone())
    }

    /// The credentials of config.yaml.
    #[must_use]
    pub fn configured_credentials(&self) -> Vec<Credential> {
        self.state.lock().config.credentials.clone()
    }

    /// Reads a deployment that is sent to the management API, with the credentials that there are.
    #[must_use]
    pub fn read(&self, sent: &SentDeployment) -> SentRead {
        let state = self.state.lock();
        let (credentials, _) = self.credentials(&state.rows);
        sent.read(&state.config.credentials_with(&credentials), &self.means.variables)
    }

    /// What the router would make of a deployment.
    #[must_use]
    pub fn deployment(&self, one: DeploymentConfig) -> Option<Deployment> {
        let state = self.state.lock();
        router::deployments_of(&[one], &state.config, Catalog::embedded()).into_iter().next()
    }

    /// The ids of the deployments that name a credential, those of config.yaml included.
    #[must_use]
    pub fn users_of(&self, credential: &str) -> Vec<String> {
        let deployments = self.router.deployments();
        let using = deployments.iter().filter(|one| {
            let named = one.params.get(CREDENTIAL_NAME).and_then(Value::as_str);
            named == Some(credential)
        });
        using.map(|one| one.id.to_string()).collect()
    }

    /// The values of a credential of the database.
    ///
    /// # Errors
    /// When they were sealed under another key, or are damaged.
    pub fn open_credential(&self, row: &db::credential::Model) -> Result<Map<String, Value>, SealError> {
        self.open(&db::credential::place(&row.credential_name), &row.sealed_values)
    }

    /// The parameters of a deployment of the database.
    ///
    /// # Errors
    /// As [`Self::open_credential`].
    pub fn open_params(&self, row: &db::model::Model) -> Result<Map<String, Value>, SealError> {
        self.open(&db::model::place(&row.model_id), &row.sealed_params)
    }

    fn open(&self, place: &str, sealed: &str) -> Result<Map<String, Value>, SealError> {
        let text = self.means.sealer.open(place, sealed)?;
        serde_json::from_str(&text).map_err(|_| SealError::Damaged)
    }

    /// Those of the database that can be opened, and the names of the others.
    fn credentials(&self, rows: &Rows) -> (Vec<Credential>, Vec<String>) {
        let (mut opened, mut closed) = (Vec::new(), Vec::new());
        for row in &rows.credentials {
            match self.open_credential(row) {
                Ok(values) => {
                    opened.push(Credential::new(&*row.credential_name, &values, row.credential_info.0.clone()));
                }
                Err(error) => {
                    tracing::error!(credential = row.credential_name, %error, "this credential cannot be opened");
                    closed.push(row.credential_name.clone());
                }
            }
        }
        (opened, closed)
    }

    fn put_in_force(&self, state: &State) {
        let State { config, rows } = state;
        let (credentials, _) = self.credentials(rows);
        let mut all = config.deployments_with(&credentials, &self.means.variables);
        if self.means.serves_stored {
            let known = config.credentials_with(&credentials);
            for row in &rows.models {
                if all.iter().any(|one| one.id == row.model_id) {
                    tracing::error!(
                        model = row.model_id,
                        "config.yaml has a deployment of this id: the database's is left out"
                    );
                } else {
                    all.push(self.stored(row, &known));
                }
            }
        }
        let groups = all.iter().map(|one| (one.model_name.as_str(), one.access_groups.as_slice()));
        self.policy.set_access_groups(AccessGroups::new(groups));
        let models = Models {
            deployments: router::deployments_of(&all, config, Catalog::embedded()),
            patterns: Patterns::among(&all, config),
        };
        self.router.replace(models, Rules::of(config));
        self.prices.note(self.means.clock.now(), prices::of(&all, &rows.models));
    }

    /// A deployment of the database. One that cannot be read is shown with the reason, and is not called.
    fn stored(&self, row: &db::model::Model, credentials: &[Credential]) -> DeploymentConfig {
        let read = self.open_params(row).map_err(|error| error.to_string()).and_then(|params| {
            let read = sent(row, params).read(credentials, &self.means.variables);
            read.deployment.ok_or_else(|| words(&read.problems))
        });
        let read = read.unwrap_or_else(|reason| {
            tracing::error!(model = row.model_id, reason, "a model of the database is not served");
            DeploymentConfig::unreadable(row.model_id.clone(), row.model_name.clone(), reason)
        });
        let mut one = DeploymentConfig { is_blocked: row.blocked, is_stored: true, ..read };
        for (name, value) in history(row) {
            one.info.insert(name.to_owned(), value);
        }
        one
    }
}

/// A row as it was sent.
#[must_use]
pub fn sent(row: &db::model::Model, params: Map<String, Value>) -> SentDeployment {
    let (id, model_name) = (row.model_id.clone(), row.model_name.clone());
    SentDeployment { id, model_name, params, info: row.model_info.0.clone() }
}

/// What LiteLLM shows with a model of the database, under its names.
fn history(row: &db::model::Model) -> [(&'static str, Value); 4] {
    [
        ("created_at", json!(row.created_at)),
        ("created_by", json!(row.created_by)),
        ("updated_at", json!(row.updated_at)),
        ("updated_by", json!(row.updated_by)),
    ]
}

/// What is wrong, in a line.
fn words(problems: &[Problem]) -> String {
    let errors = problems.iter().filter(|problem| problem.is_error());
    errors.map(|problem| format!("{}: {}", problem.path, problem.message)).collect::<Vec<_>>().join("; ")
}
