//! `general_settings` and `tollgate_settings`: the server itself, its database and the bounds on everything.

use std::time::Duration;

use super::alerting::{self, AlertSettings};
use super::fetch::{self, FetchSettings};
use super::identity::{self, IdentitySettings};
use super::reader::{Item, Section};
use super::scope_limits::{self, ScopeLimits};
use super::secret::Secret;
use super::sso::{self, SsoEntry};
use super::storage::{self, StorageSettings};
use super::vocabulary;
use crate::domain::window::Span;

/// Bytes in a kibibyte.
const KIB: u64 = 1024;

/// Bytes in a mebibyte.
const MIB: u64 = 1024 * 1024;

/// The largest body limit that can be set, in mebibytes.
const MAX_BODY_MIB: f64 = 4096.0;

/// The longest a call may be made to wait for money, in milliseconds.
const BUDGET_WAIT_MS_MAX: u64 = 600_000;

/// The most keys that may have metrics of their own.
const METRICS_KEYS_MAX: u64 = 1_000_000;
/// The most answers without a client that may be read at once.
const DISCONNECT_DRAINS_MAX: u64 = 100_000;
/// The longest Redis may be waited for, in milliseconds.
const REDIS_TIMEOUT_MS_MAX: u64 = 60_000;

/// `general_settings`: what LiteLLM keeps there and Tollgate uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneralSettings {
    /// The administrator's key. Default: `LITELLM_MASTER_KEY`, else one is generated.
    pub master_key: Option<Secret>,
    /// Seals provider credentials in the database. Default: `LITELLM_SALT_KEY`, else one is generated.
    pub salt_key: Option<Secret>,
    /// `postgres:` or `sqlite:` address of the database. Default: `DATABASE_URL`, else SQLite in the data folder.
    pub database_url: Option<Secret>,
    /// Connections to the database at most. Default: 10.
    pub database_connection_pool_limit: u32,
    /// How long to wait for a connection. Default: 5 seconds, since callers would rather hear "unavailable" than hang.
    pub database_connection_timeout: Duration,
    /// Keep prompts and answers with the calls. Default: no.
    pub store_prompts_in_spend_logs: bool,
    /// How long calls stay in the log. Default: for ever.
    pub maximum_spend_logs_retention_period: Option<Duration>,
    /// How often older ones are taken out. Default: once a day.
    pub maximum_spend_logs_retention_interval: Duration,
    /// Every deployment is asked from time to time whether it answers. Default: no.
    pub background_health_checks: bool,
    /// How often. Default: 300 seconds.
    pub health_check_interval: Duration,
    /// A deployment that does not answer then rests until it does. Default: no.
    pub enable_health_check_routing: bool,
    /// How often the configuration is read again (`proxy_config_reload_interval_seconds`); zero: only when the process is
    /// told to hang up. Default: 30 seconds.
    pub proxy_config_reload_interval: Duration,
    /// The client's address is read from `X-Forwarded-For`. Default: no.
    pub use_x_forwarded_for: bool,
    /// Who else may say who somebody is. Default: nobody but what environment variables say.
    pub sso: Vec<SsoEntry>,
    /// Models may be added at run time, and those that were are served. Default: `STORE_MODEL_IN_DB`, else yes.
    pub store_model_in_db: Option<bool>,
}

impl Default for GeneralSettings {
    fn default() -> Self {
        Self {
            master_key: None,
            salt_key: None,
            database_url: None,
            database_connection_pool_limit: 10,
            database_connection_timeout: Duration::from_secs(5),
            store_prompts_in_spend_logs: false,
            maximum_spend_logs_retention_period: None,
            maximum_spend_logs_retention_interval: Duration::from_secs(24 * 3600),
            background_health_checks: false,
            health_check_interval: Duration::from_secs(300),
            enable_health_check_routing: false,
            proxy_config_reload_interval: Duration::from_secs(30),
            use_x_forwarded_for: false,
            sso: Vec::new(),
            store_model_in_db: None,
        }
    }
}

/// How nodes count together where there is Redis: `tollgate_settings`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedCounterSettings {
    /// How long Redis may take to answer before a node counts alone (`redis_timeout_ms`). Default: 500 ms.
    pub timeout: Duration,
    /// What all keys in Redis begin with (`redis_namespace`). Default: `tollgate`.
    pub namespace: String,
    /// Calls with hard budgets are refused while Redis is away (`on_counter_outage: deny`). Default: they go on.
    pub denies_on_outage: bool,
}

impl Default for SharedCounterSettings {
    fn default() -> Self {
        Self { timeout: Duration::from_millis(500), namespace: "tollgate".to_owned(), denies_on_outage: false }
    }
}

/// The bounds on what one call may use: `tollgate_settings`, and `general_settings.max_request_size_mb`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest request body, in bytes (`max_request_size_mb`, in MiB). Default: 32 MiB.
    pub max_body_bytes: u64,
    /// The most all headers of a request may take, in bytes. Default: 64 KiB.
    pub max_header_bytes: u64,
    /// How long connecting to a provider may take. Default: 10 seconds.
    pub connect_timeout: Duration,
    /// How long a provider may take until the first byte of its answer. Default: 600 seconds.
    pub first_byte_timeout: Duration,
    /// How long a stream may be silent between two chunks. Default: 300 seconds.
    pub stream_idle_timeout: Duration,
    /// How long a call waits for money that others have reserved and may give back. Default: 3 seconds.
    pub budget_wait: Duration,
    /// Answers whose client has left that are read to their end at once, at most. Default: 256.
    pub disconnect_drains_max: u64,
    /// How long one of them may be read on. Default: 300 seconds.
    pub disconnect_drain_timeout: Duration,
    /// Settled calls that wait for the database on this node's disk, in bytes (`spool_disk_max_mb`, in MiB): no new call
    /// starts beyond. Default: 4096 MiB.
    pub spool_disk_max_bytes: u64,
    /// What is kept of them in memory while the disk refuses it, in bytes (`spool_memory_max_mb`, in MiB). Default:
    /// 64 MiB.
    pub spool_memory_max_bytes: u64,
    /// A prompt, or an answer, that is kept, in bytes of JSON (`stored_content_max_kb`, in KiB). Default: 64 KiB.
    pub stored_content_max_bytes: u64,
    /// Keys with metrics of their own, and as many of each other kind: teams, users, organizations, customers, tags,
    /// models. Those that call later are counted together as `other`. Default: 1,000.
    pub metrics_keys_max: u64,
    /// How long calls in flight may go on after a SIGTERM. Default: 25 seconds, below Kubernetes' 30.
    pub drain_timeout: Duration,
    /// What the gateway as a whole may take (`gateway_limits`), filled up from `litellm_settings.max_budget`,
    /// `litellm_settings.budget_duration` and `general_settings.global_max_parallel_requests`. Default: no limit.
    pub gateway: ScopeLimits,
    /// How nodes count together.
    pub shared_counters: SharedCounterSettings,
    /// What is fetched for clients.
    pub fetch: FetchSettings,
    /// How people sign in.
    pub identity: IdentitySettings,
    /// Where reports are put (`report_storage`). Default: nowhere.
    pub report_storage: Option<StorageSettings>,
    /// Where the callback `s3` puts files of calls (`call_storage`). Default: where `s3_callback_params` says.
    pub call_storage: Option<StorageSettings>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body_bytes: 32 * MIB,
            max_header_bytes: 64 * 1024,
            connect_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_secs(600),
            stream_idle_timeout: Duration::from_secs(300),
            budget_wait: Duration::from_secs(3),
            disconnect_drains_max: 256,
            disconnect_drain_timeout: Duration::from_secs(300),
            spool_disk_max_bytes: 4096 * MIB,
            spool_memory_max_bytes: 64 * MIB,
            stored_content_max_bytes: 64 * KIB,
            metrics_keys_max: 1_000,
            drain_timeout: Duration::from_secs(25),
            gateway: ScopeLimits::default(),
            shared_counters: SharedCounterSettings::default(),
            fetch: FetchSettings::default(),
            identity: IdentitySettings::default(),
            report_storage: None,
            call_storage: None,
        }
    }
}

pub(super) fn read(item: Option<Item<'_>>, limits: &mut Limits, alerts: &mut AlertSettings) -> GeneralSettings {
    let default = GeneralSettings::default();
    let Some(mut section) = item.and_then(|item| item.section()) else {
        return default;
    };
    if let Some(bytes) = body_bytes(&mut section) {
        limits.max_body_bytes = bytes;
    }
    let in_flight = section.count("global_max_parallel_requests");
    limits.gateway.max_parallel_requests = limits.gateway.max_parallel_requests.or(in_flight);
    alerting::read(&mut section, alerts);
    let settings = GeneralSettings {
        master_key: section.secret("master_key"),
        salt_key: section.secret("salt_key"),
        database_url: section.secret("database_url"),
        database_connection_pool_limit: section
            .whole("database_connection_pool_limit", 1..=1000)
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(default.database_connection_pool_limit),
        database_connection_timeout: section
            .timeout("database_connection_timeout")
            .unwrap_or(default.database_connection_timeout),
        store_prompts_in_spend_logs: section
            .boolean("store_prompts_in_spend_logs", default.store_prompts_in_spend_logs),
        maximum_spend_logs_retention_period: length(&mut section, "maximum_spend_logs_retention_period"),
        maximum_spend_logs_retention_interval: length(&mut section, "maximum_spend_logs_retention_interval")
            .unwrap_or(default.maximum_spend_logs_retention_interval),
        background_health_checks: section.boolean("background_health_checks", default.background_health_checks),
        health_check_interval: section.timeout("health_check_interval").unwrap_or(default.health_check_interval),
        enable_health_check_routing: section
            .boolean("enable_health_check_routing", default.enable_health_check_routing),
        proxy_config_reload_interval: section
            .delay("proxy_config_reload_interval_seconds")
            .unwrap_or(default.proxy_config_reload_interval),
        use_x_forwarded_for: section.boolean("use_x_forwarded_for", default.use_x_forwarded_for),
        sso: sso::read_list(section.get("sso")),
        store_model_in_db: section.get("store_model_in_db").and_then(|item| item.boolean()),
    };
    section.finish(&vocabulary::GENERAL);
    settings
}

/// A length of time such as `30d`.
fn length(section: &mut Section<'_>, key: &'static str) -> Option<Duration> {
    let item = section.get(key)?;
    let span = Span::parse(&item.text()?).map_err(|error| item.error(error.to_string())).ok()?;
    Some(span.length())
}

/// `max_request_size_mb`, which may be a fraction.
fn body_bytes(section: &mut Section<'_>) -> Option<u64> {
    let item = section.get("max_request_size_mb")?;
    let mib = item.number()?;
    if !(0.001..=MAX_BODY_MIB).contains(&mib) {
        item.error(format!("expected a size from 0.001 to {MAX_BODY_MIB} MiB, got {mib}"));
        return None;
    }
    // A thousandth of a mebibyte is fine enough, and whole numbers need no casting.
    let thousandths: u64 = format!("{:.0}", mib * 1000.0).parse().ok()?;
    Some(thousandths * MIB / 1000)
}

/// A size that is given in mebibytes.
fn mebibytes(section: &mut Section<'_>, key: &'static str) -> Option<u64> {
    section.whole(key, 1..=MIB).map(|mib| mib * MIB)
}

fn budget_wait(section: &mut Section<'_>) -> Option<Duration> {
    section.whole("budget_wait_ms", 0..=BUDGET_WAIT_MS_MAX).map(Duration::from_millis)
}

fn shared_counters(section: &mut Section<'_>) -> SharedCounterSettings {
    let default = SharedCounterSettings::default();
    let timeout = section.whole("redis_timeout_ms", 1..=REDIS_TIMEOUT_MS_MAX).map(Duration::from_millis);
    SharedCounterSettings {
        timeout: timeout.unwrap_or(default.timeout),
        namespace: section.text("redis_namespace").unwrap_or(default.namespace),
        denies_on_outage: section.get("on_counter_outage").is_some_and(|item| denies_on_outage(&item)),
    }
}

fn denies_on_outage(item: &Item<'_>) -> bool {
    match item.text().as_deref() {
        Some("deny") => true,
        Some("allow") | None => false,
        Some(other) => {
            item.error(format!("expected \"allow\" or \"deny\", got \"{other}\""));
            false
        }
    }
}

pub(super) fn read_limits(item: Option<Item<'_>>, alerts: &mut AlertSettings) -> Limits {
    let default = Limits::default();
    let Some(mut section) = item.and_then(|item| item.section()) else {
        return default;
    };
    let mut seconds = |key, default| section.timeout(key).unwrap_or(default);
    let limits = Limits {
        connect_timeout: seconds("upstream_connect_timeout_seconds", default.connect_timeout),
        first_byte_timeout: seconds("first_byte_timeout_seconds", default.first_byte_timeout),
        stream_idle_timeout: seconds("stream_idle_timeout_seconds", default.stream_idle_timeout),
        disconnect_drain_timeout: seconds("disconnect_drain_timeout_seconds", default.disconnect_drain_timeout),
        drain_timeout: seconds("drain_timeout_seconds", default.drain_timeout),
        budget_wait: budget_wait(&mut section).unwrap_or(default.budget_wait),
        gateway: scope_limits::of_gateway(section.get("gateway_limits")),
        shared_counters: shared_counters(&mut section),
        fetch: fetch::read(&mut section),
        identity: identity::read(&mut section),
        max_header_bytes: section.whole("max_request_header_bytes", 1024..=MIB).unwrap_or(default.max_header_bytes),
        disconnect_drains_max: section
            .whole("disconnect_drains_max", 0..=DISCONNECT_DRAINS_MAX)
            .unwrap_or(default.disconnect_drains_max),
        spool_disk_max_bytes: mebibytes(&mut section, "spool_disk_max_mb").unwrap_or(default.spool_disk_max_bytes),
        spool_memory_max_bytes: mebibytes(&mut section, "spool_memory_max_mb")
            .unwrap_or(default.spool_memory_max_bytes),
        stored_content_max_bytes: section
            .whole("stored_content_max_kb", 1..=16 * KIB)
            .map_or(default.stored_content_max_bytes, |kib| kib * KIB),
        metrics_keys_max: section.whole("metrics_keys_max", 0..=METRICS_KEYS_MAX).unwrap_or(default.metrics_keys_max),
        report_storage: section.get("report_storage").and_then(|item| storage::read(&item)),
        call_storage: section.get("call_storage").and_then(|item| storage::read(&item)),
        max_body_bytes: default.max_body_bytes,
    };
    alerting::read_own(&mut section, alerts);
    section.finish(&vocabulary::TOLLGATE);
    limits
}
