//! Starting a gateway and stopping it: everything is made here, once, in order.

mod defaults;
mod gateway;
mod identity;
mod outside;
pub mod secrets;
mod shared;
mod sso;
mod work;

use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use sea_orm::{DatabaseConnection, DbErr};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::alerts::Alerts;
use crate::app::App;
use crate::auth::first_admin::{self, FirstAdminError, InitialPassword};
use crate::clock::Clock;
use crate::config::Config;
use crate::counters::Counters;
use crate::crypto::{KeyDigest, SealError, Sealer};
use crate::db::{self, DbError, OwnConnection};
use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::http::{self, Parts};
use crate::jobs;
use crate::ledger::spool::{self, Cursor};
use crate::ledger::watch::Watch;
use crate::ledger::writer::Writer;
use crate::ledger::{Spool, SpoolError, SpoolLimits};
use crate::mail::MailError;
use crate::management::limit::configured;
use crate::models::{LiveModels, Means};
use crate::oidc::Oidc;
use crate::policy::{Loader, PolicyError, PolicyStore};
use crate::settings::{LiveSettings, Sources};
use crate::storage::StorageError;
use crate::telemetry;
use outside::Outside;
pub use secrets::{Environment, SecretError, Secrets};

/// Jobs have this long to end once no request is under way.
const JOBS_TIMEOUT: Duration = Duration::from_secs(10);
/// Then connections have: those of a server that is away would never end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

/// What a gateway starts from.
#[derive(Debug)]
pub struct StartOptions {
    /// The configuration, read and found sound.
    pub config: Config,
    /// The file it was read from, to be read again; `None`: there is none.
    pub config_file: Option<PathBuf>,
    /// What the environment adds.
    pub environment: Environment,
    /// Where keys, spool and the SQLite database are.
    pub data: PathBuf,
    /// Where clients connect.
    pub listener: TcpListener,
    /// Time.
    pub clock: Clock,
    /// Threads that serve connections.
    pub workers: usize,
}

/// Why a gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be made.
    #[error("cannot use the data folder {path}: {source}")]
    DataFolder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Master or salt key.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Secrets cannot be sealed.
    #[error("cannot seal secrets: {0}")]
    Seal(#[from] SealError),
    /// No database.
    #[error(transparent)]
    Database(#[from] DbError),
    /// No spool.
    #[error("cannot open the spool: {0}")]
    Spool(#[from] SpoolError),
    /// How far the spool is written cannot be read.
    #[error("cannot read how far the spool is written: {0}")]
    Ledger(DbErr),
    /// What the gateway has spent cannot be read.
    #[error("cannot read budgets: {0}")]
    Budget(PolicyError),
    /// Limits of the gateway or of providers cannot be set.
    #[error("cannot set the limits of the gateway and of providers: {}", .0.message())]
    Limits(ApiError),
    /// The settings of the database cannot be read.
    #[error("cannot read the settings of the database: {0}")]
    Settings(DbErr),
    /// The models of the database cannot be read.
    #[error("cannot read the models of the database: {0}")]
    Models(DbErr),
    /// Redis cannot be named so.
    #[error("cannot use Redis: {0}")]
    Redis(#[from] redis::RedisError),
    /// The cache is to be in Redis, and none is named.
    #[error(
        "litellm_settings.cache_params.type needs a Redis: name it by url or host there, by router_settings.redis_url or \
         redis_host, or by REDIS_URL or REDIS_HOST; or set the type to local"
    )]
    NoRedisForCache,
    /// Reports cannot be put where they should.
    #[error("tollgate_settings.report_storage: {0}")]
    Storage(#[from] StorageError),
    /// E-mail cannot be set up.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// No first admin.
    #[error(transparent)]
    FirstAdmin(#[from] FirstAdminError),
    /// The socket cannot be used.
    #[error("cannot serve: {0}")]
    Socket(#[from] std::io::Error),
}

/// A gateway that runs.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// The control plane's parts.
    pub app: App,
    /// The data plane's parts.
    pub gateway: Arc<Gateway>,
    /// The first admin's sign-in, if one was made now.
    pub initial_password: Option<InitialPassword>,
    /// Master key and where it comes from.
    pub secrets: Secrets,
    drain_timeout: Duration,
    server: ServerHandle,
    serving: JoinHandle<std::io::Result<()>>,
    jobs: JoinSet<()>,
    stop: CancellationToken,
}

/// Opens the database that `config`, the environment or the data folder names, its schema up to date.
///
/// # Errors
/// When it is away or its schema cannot be changed.
pub async fn open_database(
    config: &Config,
    environment: &Environment,
    data: &Path,
) -> Result<DatabaseConnection, StartError> {
    make_folder(data)?;
    let url = database_url(config, environment, data);
    let general = &config.general;
    let limit = general.database_connection_pool_limit;
    let database = db::connect(&url, limit, general.database_connection_timeout).await?;
    db::migrate(&database).await?;
    Ok(database)
}

fn database_url(config: &Config, environment: &Environment, data: &Path) -> String {
    let configured = config.general.database_url.as_ref().or(environment.database_url.as_ref());
    configured.map_or_else(|| format!("sqlite:{}", data.join("tollgate.db").display()), |url| url.expose().to_owned())
}

fn make_folder(data: &Path) -> Result<(), StartError> {
    // Keys and everybody's calls are in it.
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.map_err(|source| StartError::DataFolder { path: data.to_owned(), source })
}

/// Starts a gateway.
///
/// # Errors
/// When anything it needs cannot be had; nothing runs then.
pub async fn start(options: StartOptions) -> Result<Running, StartError> {
    let StartOptions { config, config_file, environment, data, listener, clock, workers } = options;
    start_metrics(&config);
    let database = open_database(&config, &environment, &data).await?;
    let sources = Sources { db: database.clone(), file: config_file, variables: environment.variables.clone() };
    let first = sources.first().await.map_err(StartError::Settings)?;
    let config = first.1.config.clone();
    let secrets = Secrets::load(&config, &environment, &data)?;
    let spool = open_spool(&data.join("spool"), &config, clock.clone(), &database).await?;
    let redis = shared::redis(&config, &environment)?;
    let cache = shared::cache(&config, redis.clone(), &clock)?;
    let counters = shared::counters(&config, redis.clone(), &data, &database, &clock)?;
    let url = database_url(&config, &environment, &data);
    let identity = identity::of(&config, &environment, &secrets, listener.local_addr()?);
    let outside = outside::of(&config, &environment, &secrets, (&database, &clock, &identity))?;
    let writer = open_writer(&config, (&database, &url), &spool, &counters, &outside.alerts).await?;
    shared::join(&counters).await;
    let loader = Loader::new(database.clone(), config.litellm.timezone, defaults::of(&config));
    let (master, bulletin) = (KeyDigest::of(secrets.master_key.expose()), shared::bulletin(&config, redis.clone()));
    let policy = Arc::new(PolicyStore::new(loader, clock.clone(), master, bulletin));
    let (queues, takers) = gateway::queues(&config, &environment, &database, &policy, (&outside.sealer, &clock))?;
    let parts = gateway::Parts {
        clock: clock.clone(),
        policy: Arc::clone(&policy),
        counters: Arc::clone(&counters),
        outbound: Arc::clone(&outside.outbound),
    };
    let gateway = Arc::new(gateway::make(&config, &secrets, parts, spool, queues, cache)?);
    let Outside { outbound, mailer, mail_queue, sealer, alerts, report_storage } = outside;
    let models = Arc::new(live_models(&config, &environment, &database, &sealer, &gateway).await?);
    let settings = LiveSettings::new(sources, first, &gateway, Arc::clone(&models), Arc::clone(&alerts.settings));
    let app = App {
        oidc: Arc::new(Oidc::new(outbound, clock.clone())),
        sso: Arc::new(sso::settings(&config, &environment)),
        clock,
        db: database,
        policy,
        counters,
        identity,
        sealer,
        mailer,
        alerts,
        report_storage,
        models,
        settings: Arc::new(settings),
        figures: Arc::default(),
        sign_ins: Arc::default(),
        timezone: config.litellm.timezone,
    };
    configured::put(&app, &config).await.map_err(StartError::Limits)?;
    app.policy.warm().await.map_err(StartError::Budget)?;
    let (initial_password, address) = (first_admin::ensure(&app).await?, listener.local_addr()?);
    let parts = Parts { app: app.clone(), gateway: Arc::clone(&gateway), limits: config.limits.clone() };
    let server = http::serve(parts, listener, workers)?;
    let (stop, work) = (CancellationToken::new(), work::of(&app, &gateway, &config, redis)?);
    let mut jobs = jobs::start(&work, writer, takers, &stop);
    mail_queue.into_iter().for_each(|queue| drop(jobs.spawn(queue.run(stop.clone()))));
    Ok(Running {
        address,
        app,
        gateway,
        initial_password,
        secrets,
        drain_timeout: config.limits.drain_timeout,
        server: server.handle(),
        serving: tokio::spawn(server),
        jobs,
        stop,
    })
}

fn start_metrics(config: &Config) {
    telemetry::metrics();
    telemetry::names::keep(usize::try_from(config.limits.metrics_keys_max).unwrap_or(usize::MAX));
}

/// Who writes settled calls into the database, those of a former process written.
async fn open_writer(
    config: &Config,
    (database, url): (&DatabaseConnection, &str),
    spool: &Arc<Spool>,
    counters: &Arc<Counters>,
    alerts: &Alerts,
) -> Result<Writer, StartError> {
    let watch = Watch::new(Arc::clone(&alerts.settings), outside::budgets(config));
    let own = OwnConnection::open(database, url, config.general.database_connection_timeout).await?;
    let mut writer = Writer::new(Arc::clone(spool), own, Arc::clone(counters), watch);
    catch_up(&mut writer).await;
    Ok(writer)
}

/// Budgets are read from the database: it needs to know what a former process spent before anybody spends more.
async fn catch_up(writer: &mut Writer) {
    if let Err(error) = writer.write_all().await {
        tracing::error!(%error, "events of a former process wait in the spool: budgets do not know them yet");
    }
}

/// Opens the spool where the database has not yet written it.
async fn open_spool(
    dir: &Path,
    config: &Config,
    clock: Clock,
    database: &DatabaseConnection,
) -> Result<Arc<Spool>, StartError> {
    let known = db::spool_cursor::find(database, &spool::id(dir)?).await.map_err(StartError::Ledger)?;
    let whole = |number: i64| u64::try_from(number).unwrap_or(0);
    let written = known.map(|known| Cursor { segment: whole(known.segment), offset: whole(known.position) });
    let limits = SpoolLimits {
        disk_bytes_max: config.limits.spool_disk_max_bytes,
        memory_bytes_max: config.limits.spool_memory_max_bytes,
    };
    Ok(Spool::open_from(dir, clock, written.unwrap_or_default(), limits)?)
}

async fn live_models(
    config: &Config,
    environment: &Environment,
    database: &DatabaseConnection,
    sealer: &Sealer,
    gateway: &Gateway,
) -> Result<LiveModels, StartError> {
    let stored = config.general.store_model_in_db.or(environment.store_model_in_db);
    let means = Means {
        clock: gateway.clock.clone(),
        db: database.clone(),
        sealer: sealer.clone(),
        variables: environment.variables.clone(),
        serves_stored: stored.unwrap_or(true),
    };
    let (policy, router) = (Arc::clone(&gateway.policy), Arc::clone(&gateway.router));
    let models = LiveModels::new(config.clone(), means, policy, router);
    models.refresh().await.map_err(StartError::Models)?;
    Ok(models)
}

impl Drop for Running {
    /// Ends at once what [`Running::stop`] did not end in order.
    fn drop(&mut self) {
        self.stop.cancel();
        drop(self.server.stop(false));
    }
}

impl Running {
    /// Stops: no new calls, those in flight may end, what is settled is written.
    pub async fn stop(mut self) {
        self.gateway.in_flight.start_draining();
        self.wait_for_calls().await;
        self.server.stop(true).await;
        self.stop.cancel();
        let jobs = async { while self.jobs.join_next().await.is_some() {} };
        if tokio::time::timeout(JOBS_TIMEOUT, jobs).await.is_err() {
            tracing::warn!("jobs did not end in time; what they have not written stays in the spool");
            self.jobs.abort_all();
        }
        self.gateway.spool.sync();
        self.app.counters.close(CLOSE_TIMEOUT).await;
        match tokio::time::timeout(CLOSE_TIMEOUT, self.app.db.clone().close()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the database was not closed"),
            Err(_) => tracing::warn!("the database did not answer as it was closed"),
        }
    }

    /// Waits until the server ends by itself, which it does only when it fails.
    ///
    /// # Errors
    /// What it failed with.
    pub async fn failed(&mut self) -> std::io::Error {
        match (&mut self.serving).await {
            Ok(Err(error)) => error,
            Ok(Ok(())) => std::io::Error::other("the server ended"),
            Err(error) => std::io::Error::other(error),
        }
    }

    async fn wait_for_calls(&self) {
        const LOOK_EVERY: Duration = Duration::from_millis(20);
        let calls_end = async {
            while self.gateway.in_flight.count() > 0 {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        if tokio::time::timeout(self.drain_timeout, calls_end).await.is_err() {
            let calls = self.gateway.in_flight.count();
            tracing::warn!(calls, "calls still in flight are cut off");
        }
    }
}
