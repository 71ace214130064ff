//! `litellm_settings.cache` and `cache_params`: which answers are kept, where, for whom and for how long.

use std::time::Duration;

use super::reader::{Item, Section};
use super::router::RedisSettings;
use super::vocabulary;

/// Bytes in a mebibyte.
const MIB: u64 = 1024 * 1024;
/// The most that may be kept in memory, in bytes.
const SIZE_BYTES_MAX: u64 = 1024 * 1024 * MIB;
/// The largest answer that may be kept, in bytes.
const ENTRY_BYTES_MAX: u64 = 512 * MIB;
/// The most vectors that may be held.
const VECTORS_MAX: u64 = 1_000_000;
/// The longest an answer may be kept.
pub const TTL_MAX: Duration = Duration::from_secs(366 * 24 * 3600);
/// The longest namespace, in bytes.
const NAMESPACE_BYTES_MAX: usize = 128;

/// Types of LiteLLM's that are not supported.
const OTHER_TYPES: [&str; 8] =
    ["azure-blob", "disk", "gcs", "qdrant-semantic", "redis-cluster", "s3", "valkey", "valkey-semantic"];

/// Which answers are kept, where, for whom and for how long.
#[derive(Clone, Debug, PartialEq)]
pub struct CacheSettings {
    /// Answers are kept at all (`litellm_settings.cache`, or `router_settings.cache_responses`). Default: no.
    pub is_on: bool,
    /// Where (`type`). Default: Redis where one is configured, else memory.
    pub place: Option<CachePlace>,
    /// They are found by meaning, too: `redis-semantic`, `local-semantic`.
    pub is_semantic: bool,
    /// How long an answer is kept. Default: ten minutes.
    pub ttl: Duration,
    /// What sets answers apart from those of other gateways. Default: nothing.
    pub namespace: Option<String>,
    /// LiteLLM's names of the calls whose answers are kept. Default: all that can be.
    pub supported_call_types: Option<Vec<String>>,
    /// Only the answers of calls that ask for it are kept (`mode: default_off`). Default: those of all.
    pub is_on_demand: bool,
    /// Who shares answers. Default: an organization.
    pub isolation: Isolation,
    /// How alike two questions must be to have the same answer, as the cosine of their vectors.
    pub similarity_threshold: f64,
    /// The model that turns questions into vectors.
    pub embedding_model: Option<String>,
    /// Calls with tools are found by meaning, too. Default: no.
    pub semantic_with_tools: bool,
    /// Vectors that a node holds. Default: 4,096.
    pub vectors_max: u64,
    /// What a node keeps in memory, in bytes. Default: 128 MiB.
    pub max_size_bytes: u64,
    /// A longer answer is not kept, in bytes. Default: 2 MiB.
    pub max_entry_bytes: u64,
    /// How long a call waits for the answer to the same call that is on its way. Default: a minute.
    pub wait_timeout: Duration,
    /// Where Redis is, if it is not the one of `router_settings`.
    pub redis: RedisSettings,
}

/// Where answers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CachePlace {
    /// In the memory of each node.
    Local,
    /// In Redis, which nodes share.
    Redis,
}

/// Who shares answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Nobody: each key has its own.
    Key,
    /// The keys of a team; a key without one has its own.
    Team,
    /// The keys of an organization; of those without one, the keys of a team.
    #[default]
    Organization,
    /// All keys.
    Shared,
}

impl Isolation {
    const ALL: [Self; 4] = [Self::Key, Self::Team, Self::Organization, Self::Shared];

    /// As the configuration names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Team => "team",
            Self::Organization => "organization",
            Self::Shared => "shared",
        }
    }
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            is_on: false,
            place: None,
            is_semantic: false,
            ttl: Duration::from_secs(600),
            namespace: None,
            supported_call_types: None,
            is_on_demand: false,
            isolation: Isolation::default(),
            similarity_threshold: 0.9,
            embedding_model: None,
            semantic_with_tools: false,
            vectors_max: 4096,
            max_size_bytes: 128 * MIB,
            max_entry_bytes: 2 * MIB,
            wait_timeout: Duration::from_secs(60),
            redis: RedisSettings::default(),
        }
    }
}

/// Reads `cache` and `cache_params`.
pub(super) fn read(litellm: &mut Section<'_>) -> CacheSettings {
    let is_on = litellm.boolean("cache", false);
    let Some(mut section) = litellm.get("cache_params").and_then(|item| item.section()) else {
        return CacheSettings { is_on, ..CacheSettings::default() };
    };
    let settings = params(&mut section, is_on);
    section.finish(&vocabulary::CACHE);
    settings
}

fn params(section: &mut Section<'_>, is_on: bool) -> CacheSettings {
    let default = CacheSettings::default();
    let kind = section.get("type").and_then(|item| place(&item));
    let (place, is_semantic) = match kind {
        Some(Kind::Known { place, is_semantic }) => (Some(place), is_semantic),
        Some(Kind::Unsupported) | None => (None, false),
    };
    let model = section.text("embedding_model");
    let redis_model = section.text("redis_semantic_cache_embedding_model");
    CacheSettings {
        is_on: is_on && !matches!(kind, Some(Kind::Unsupported)),
        place,
        is_semantic,
        ttl: ttl(section).unwrap_or(default.ttl),
        namespace: namespace(section),
        supported_call_types: section.get("supported_call_types").and_then(|item| call_types(&item)),
        is_on_demand: section.get("mode").is_some_and(|item| is_on_demand(&item)),
        isolation: section.get("isolation").and_then(|item| isolation(&item)).unwrap_or(default.isolation),
        similarity_threshold: threshold(section).unwrap_or(default.similarity_threshold),
        embedding_model: model.or(redis_model),
        semantic_with_tools: section.boolean("semantic_with_tools", default.semantic_with_tools),
        vectors_max: section.whole("max_vectors", 1..=VECTORS_MAX).unwrap_or(default.vectors_max),
        max_size_bytes: section.whole("max_size_bytes", 1024..=SIZE_BYTES_MAX).unwrap_or(default.max_size_bytes),
        max_entry_bytes: section.whole("max_entry_bytes", 1..=ENTRY_BYTES_MAX).unwrap_or(default.max_entry_bytes),
        wait_timeout: section.delay("wait_timeout_seconds").unwrap_or(default.wait_timeout),
        redis: RedisSettings {
            url: section.secret("url"),
            host: section.text("host"),
            port: section.whole("port", 1..=u64::from(u16::MAX)).and_then(|port| u16::try_from(port).ok()),
            password: section.secret("password"),
        },
    }
}

/// What `type` says.
#[derive(Clone, Copy)]
enum Kind {
    Known { place: CachePlace, is_semantic: bool },
    Unsupported,
}

fn place(item: &Item<'_>) -> Option<Kind> {
    const KNOWN: [(&str, CachePlace, bool); 4] = [
        ("local", CachePlace::Local, false),
        ("redis", CachePlace::Redis, false),
        ("local-semantic", CachePlace::Local, true),
        ("redis-semantic", CachePlace::Redis, true),
    ];
    let name = item.text()?;
    if let Some((_, place, is_semantic)) = KNOWN.into_iter().find(|(known, ..)| *known == name) {
        return Some(Kind::Known { place, is_semantic });
    }
    let names = KNOWN.map(|(known, ..)| known).join(", ");
    if OTHER_TYPES.contains(&name.as_str()) {
        item.warning(format!("this type of LiteLLM's is not supported yet: nothing is cached. There are {names}"));
        return Some(Kind::Unsupported);
    }
    item.error(format!("expected one of {names}, got \"{name}\""));
    None
}

fn ttl(section: &mut Section<'_>) -> Option<Duration> {
    let item = section.get("ttl")?;
    let seconds = item.number()?;
    let ttl = Duration::try_from_secs_f64(seconds).ok().filter(|ttl| *ttl > Duration::ZERO && *ttl <= TTL_MAX);
    if ttl.is_none() {
        item.error(format!("expected seconds above 0 and up to {}, got {seconds}", TTL_MAX.as_secs()));
    }
    ttl
}

fn namespace(section: &mut Section<'_>) -> Option<String> {
    let item = section.get("namespace")?;
    let name = item.text()?;
    let is_fine = is_namespace(&name);
    if !is_fine {
        item.error(format!("expected 1 to {NAMESPACE_BYTES_MAX} letters, digits and any of . _ - : /"));
    }
    is_fine.then_some(name)
}

/// Whether answers may be set apart by this name: it stands in headers and in the keys of Redis.
#[must_use]
pub fn is_namespace(name: &str) -> bool {
    let is_known = |c: char| c.is_ascii_alphanumeric() || "._-:/".contains(c);
    (1..=NAMESPACE_BYTES_MAX).contains(&name.len()) && name.chars().all(is_known)
}

/// LiteLLM's names of calls, each with and without the `a` of Python's asynchronous functions.
pub const CALL_TYPES: [&str; 8] = [
    "completion",
    "text_completion",
    "anthropic_messages",
    "responses",
    "embedding",
    "transcription",
    "moderation",
    "rerank",
];

/// The name among [`CALL_TYPES`] that `name` means.
#[must_use]
pub fn call_type(name: &str) -> Option<&'static str> {
    let sync = |known: &&str| name == *known || name.strip_prefix('a') == Some(*known);
    CALL_TYPES.into_iter().find(|known| sync(known))
}

fn call_types(item: &Item<'_>) -> Option<Vec<String>> {
    let named = item.list(true);
    let mut types = Vec::new();
    for one in &named {
        let Some(name) = one.text() else { continue };
        match call_type(&name) {
            Some(known) if types.iter().any(|other| other == known) => {}
            Some(known) => types.push(known.to_owned()),
            None => one.warning(format!("answers to such calls are not cached. There are {}", CALL_TYPES.join(", "))),
        }
    }
    (!named.is_empty()).then_some(types)
}

fn is_on_demand(item: &Item<'_>) -> bool {
    match item.text().as_deref() {
        Some("default_off") => true,
        Some("default_on") | None => false,
        Some(other) => {
            item.error(format!("expected \"default_on\" or \"default_off\", got \"{other}\""));
            false
        }
    }
}

fn isolation(item: &Item<'_>) -> Option<Isolation> {
    let name = item.text()?;
    let found = Isolation::ALL.into_iter().find(|one| one.name() == name);
    if found.is_none() {
        let names = Isolation::ALL.map(Isolation::name).join(", ");
        item.error(format!("expected one of {names}, got \"{name}\""));
    }
    found
}

fn threshold(section: &mut Section<'_>) -> Option<f64> {
    let item = section.get("similarity_threshold")?;
    let threshold = item.number()?;
    let is_fine = (0.0..=1.0).contains(&threshold);
    if !is_fine {
        item.error(format!("expected a number from 0 to 1, got {threshold}"));
    }
    is_fine.then_some(threshold)
}
