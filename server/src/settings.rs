//! Settings in force: those of config.yaml, and over them those of the database.
//!
//! Whatever changes one of them, here, on another node or in the file, ends in all of them being read again as one
//! configuration: what has errors changes nothing. What may change while the gateway runs is put in force at once, and no
//! call is lost; all else waits for a restart.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use sea_orm::{DatabaseConnection, DbErr};

use crate::config::{
    CacheSettings, Config, LiveAlertSettings, Loaded, Problem, SetValue, Setting, StoredSettings, Variables, settings,
};
use crate::db;
use crate::db::setting::Model as Row;
use crate::gateway::{Gateway, Settings};
use crate::models::LiveModels;

/// The kind of `policy_changes` that says that settings have to be read anew.
pub const CHANGED_BY: &str = "setting";

/// Where settings are read from.
#[derive(Clone, Debug)]
pub struct Sources {
    /// The database.
    pub db: DatabaseConnection,
    /// config.yaml, where there is one.
    pub file: Option<PathBuf>,
    /// What `os.environ/NAME` stands for.
    pub variables: Variables,
}

impl Sources {
    /// Reads the file, and over it these settings of the database.
    #[must_use]
    pub fn read(&self, rows: &[Row]) -> Loaded {
        let stored: StoredSettings = rows.iter().map(|row| (row.path.clone(), row.value.clone())).collect();
        Config::load_with(self.file.as_deref(), |name| self.variables.get(name), &stored)
    }

    /// What a gateway starts with. Settings of the database that do not go with the file are left out, all of them.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn first(&self) -> Result<(Vec<Row>, Loaded), DbErr> {
        let rows = db::setting::all(&self.db).await?;
        let loaded = self.read(&rows);
        if rows.is_empty() || !loaded.has_errors() {
            return Ok((rows, loaded));
        }
        for problem in loaded.problems.iter().filter(|problem| problem.is_error()) {
            tracing::error!(%problem, "the settings of the database are left out: they do not go with config.yaml");
        }
        Ok((rows, self.read(&[])))
    }
}

/// What became of reading settings again.
#[derive(Debug)]
pub enum Reloaded {
    /// They say what they said.
    Same,
    /// They have errors: what was in force stays.
    Refused(Vec<Problem>),
    /// What may change is in force.
    InForce {
        /// What else has changed, and waits for a restart.
        waiting: Vec<String>,
        /// What is doubtful in them.
        warnings: Vec<Problem>,
    },
}

/// The settings in force.
#[derive(Debug)]
pub struct LiveSettings {
    sources: Sources,
    /// Whoever keeps the settings does not keep a stopped gateway's spool open.
    gateway: Weak<Gateway>,
    models: Arc<LiveModels>,
    alerts: LiveAlertSettings,
    /// One reads at a time, so that what was read earlier never takes the place of what was read later.
    reading: tokio::sync::Mutex<()>,
    config: ArcSwap<Config>,
    state: Mutex<Shown>,
}

/// What is known of the settings, to be shown.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// Those of the database.
    pub rows: Vec<Row>,
    /// Those that are set, by path.
    pub values: BTreeMap<String, SetValue>,
    /// Those that were set when the gateway started.
    pub started: BTreeMap<String, SetValue>,
    /// Why they are not what is in force, where they have errors.
    pub problems: Vec<Problem>,
}

impl Shown {
    /// Whether a setting has another value than the one the gateway started with, and waits for a restart.
    #[must_use]
    pub fn waits(&self, setting: &Setting) -> bool {
        !setting.is_live && !is_same(self.values.get(&setting.path), self.started.get(&setting.path))
    }
}

fn is_same(one: Option<&SetValue>, other: Option<&SetValue>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => one.is_same(other),
        _ => false,
    }
}

impl LiveSettings {
    /// The settings a gateway has started with.
    #[must_use]
    pub fn new(
        sources: Sources,
        (rows, loaded): (Vec<Row>, Loaded),
        gateway: &Arc<Gateway>,
        models: Arc<LiveModels>,
        alerts: LiveAlertSettings,
    ) -> Self {
        let Loaded { config, values, .. } = loaded;
        let state = Shown { rows, started: values.clone(), values, problems: Vec::new() };
        Self {
            sources,
            gateway: Arc::downgrade(gateway),
            models,
            alerts,
            reading: tokio::sync::Mutex::default(),
            config: ArcSwap::from_pointee(config),
            state: Mutex::new(state),
        }
    }

    /// What all settings together say.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        self.config.load_full()
    }

    /// What is known of the settings.
    #[must_use]
    pub fn shown(&self) -> Shown {
        self.state.lock().clone()
    }

    /// config.yaml, where there is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.sources.file.as_deref()
    }

    /// What would come of these settings of the database.
    #[must_use]
    pub fn check(&self, rows: &[Row]) -> Loaded {
        self.sources.read(rows)
    }

    /// Reads file and database again, and puts what may change in force.
    ///
    /// # Errors
    /// When the database is away: what is in force stays.
    pub async fn refresh(&self) -> Result<(), DbErr> {
        let reading = self.reading.lock().await;
        let rows = db::setting::all(&self.sources.db).await?;
        if let Reloaded::Refused(problems) = self.put_in_force(rows) {
            for problem in problems.iter().filter(|problem| problem.is_error()) {
                tracing::error!(%problem, "changed settings have errors: what was in force stays");
            }
        }
        drop(reading);
        Ok(())
    }

    /// The same with the settings of the database as they were, where it is away.
    pub async fn reload(&self) -> Reloaded {
        let reading = self.reading.lock().await;
        let known = || self.state.lock().rows.clone();
        let rows = db::setting::all(&self.sources.db).await.unwrap_or_else(|_| known());
        let reloaded = self.put_in_force(rows);
        drop(reading);
        reloaded
    }

    fn put_in_force(&self, rows: Vec<Row>) -> Reloaded {
        let loaded = self.sources.read(&rows);
        if loaded.has_errors() {
            self.state.lock().problems.clone_from(&loaded.problems);
            return Reloaded::Refused(loaded.problems);
        }
        let Loaded { config, problems, values } = loaded;
        let former = self.config();
        let is_same = config == *former;
        let mut state = self.state.lock();
        let mut waiting: Vec<String> = settings()
            .filter(|one| !one.is_live && !self::is_same(values.get(&one.path), state.values.get(&one.path)))
            .map(|one| one.path.clone())
            .collect();
        (state.rows, state.values, state.problems) = (rows, values, Vec::new());
        drop(state);
        if is_same {
            return Reloaded::Same;
        }
        if config.environment != former.environment {
            waiting.push("environment_variables".to_owned());
        }
        self.apply(&former, &config);
        self.config.store(Arc::new(config));
        Reloaded::InForce { waiting, warnings: problems }
    }

    fn apply(&self, former: &Config, config: &Config) {
        self.alerts.store(Arc::new(config.alerts.clone()));
        let Some(gateway) = self.gateway.upgrade() else { return };
        let has_other_models = config.deployments != former.deployments
            || config.credentials != former.credentials
            || config.router != former.router
            || config.limits != former.limits;
        if has_other_models {
            self.models.configure(config.clone());
            gateway.routing.store(Arc::new(config.router.clone()));
        }
        let started = gateway.settings.load().checks_in_background;
        gateway.settings.store(Arc::new(Settings { checks_in_background: started, ..Settings::of(config) }));
        if let Some(cache) = &gateway.cache {
            cache.settings.rcu(|started| in_place(started, &config.litellm.cache));
        }
    }
}

/// New settings of a cache that stays where it is.
fn in_place(started: &CacheSettings, new: &CacheSettings) -> CacheSettings {
    CacheSettings {
        is_on: started.is_on,
        place: started.place,
        is_semantic: started.is_semantic,
        vectors_max: started.vectors_max,
        max_size_bytes: started.max_size_bytes,
        redis: started.redis.clone(),
        ..new.clone()
    }
}
