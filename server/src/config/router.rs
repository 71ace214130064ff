//! `router_settings`: which deployment serves a call, how often it is tried, and what stands in when it fails.

use std::collections::BTreeMap;
use std::time::Duration;

use super::hedging::{self, Hedging};
use super::reader::{Item, Section};
use super::scope_limits::{self, ScopeLimits};
use super::secret::Secret;
use super::strategy::{self, RoutingStrategy, RoutingStrategyArgs, StickyBy};
use super::vocabulary;

/// Classes of failures that policies tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is LiteLLM's error of that name")]
pub enum ErrorClass {
    BadRequest,
    Authentication,
    Timeout,
    RateLimit,
    ContentPolicyViolation,
    InternalServer,
    ServiceUnavailable,
    NotFound,
    /// All that have no number of their own.
    Default,
}

impl ErrorClass {
    /// The class of a failure with this HTTP status; `None`: no answer came.
    #[must_use]
    pub const fn of_status(status: Option<u16>) -> Self {
        match status {
            None => Self::InternalServer,
            Some(400 | 413 | 422) => Self::BadRequest,
            Some(401 | 403) => Self::Authentication,
            Some(404) => Self::NotFound,
            Some(408 | 504) => Self::Timeout,
            Some(429) => Self::RateLimit,
            Some(503 | 529) => Self::ServiceUnavailable,
            Some(500..=599) => Self::InternalServer,
            Some(_) => Self::Default,
        }
    }

    /// LiteLLM's name of the error.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.into_iter().find(|(_, class)| *class == self).map_or("Default", |(name, _)| name)
    }

    const NAMES: [(&'static str, Self); 9] = [
        ("BadRequestError", Self::BadRequest),
        ("AuthenticationError", Self::Authentication),
        ("TimeoutError", Self::Timeout),
        ("RateLimitError", Self::RateLimit),
        ("ContentPolicyViolationError", Self::ContentPolicyViolation),
        ("InternalServerError", Self::InternalServer),
        ("ServiceUnavailableError", Self::ServiceUnavailable),
        ("NotFoundError", Self::NotFound),
        ("Default", Self::Default),
    ];

    /// Reads `RateLimitError`, `RateLimitErrorRetries` or `RateLimitErrorAllowedFails`.
    fn from_key(key: &str) -> Option<Self> {
        let name = key.strip_suffix("Retries").or_else(|| key.strip_suffix("AllowedFails")).unwrap_or(key);
        Self::NAMES.into_iter().find(|(n, _)| *n == name).map(|(_, class)| class)
    }
}

/// The group that stands for all in lists of fallbacks.
const ANY_GROUP: &str = "*";

/// A number for each class of failure.
pub type ErrorPolicy = BTreeMap<ErrorClass, u32>;

/// What stands in for a group that fails, in the order to be tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fallbacks {
    /// For any failure, by group.
    pub general: Vec<(String, Vec<String>)>,
    /// For prompts too long, by group.
    pub context_window: Vec<(String, Vec<String>)>,
    /// For refused content, by group.
    pub content_policy: Vec<(String, Vec<String>)>,
    /// For groups without any of their own.
    pub default: Vec<String>,
}

impl Fallbacks {
    /// What a list has for `group`: its own, or else that of any group.
    #[must_use]
    pub fn of_group<'a>(lists: &'a [(String, Vec<String>)], group: &str) -> Option<&'a [String]> {
        let of = |name: &str| lists.iter().find(|(known, _)| known == name).map(|(_, targets)| targets.as_slice());
        of(group).or_else(|| of(ANY_GROUP))
    }

    /// Takes each kind that is empty from `other`.
    pub(super) fn fill_from(&mut self, other: &Self) {
        let fill = |own: &mut Vec<_>, other: &Vec<_>| {
            if own.is_empty() {
                own.clone_from(other);
            }
        };
        fill(&mut self.general, &other.general);
        fill(&mut self.context_window, &other.context_window);
        fill(&mut self.content_policy, &other.content_policy);
        if self.default.is_empty() {
            self.default.clone_from(&other.default);
        }
    }
}

/// Another name for a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupAlias {
    /// The group meant.
    pub model: String,
    /// Left out of the list of models.
    pub is_hidden: bool,
}

/// Where Redis is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RedisSettings {
    /// `redis://…`; wins over host, port and password.
    pub url: Option<Secret>,
    /// Host name.
    pub host: Option<String>,
    /// Port. Default: 6379.
    pub port: Option<u16>,
    /// Password.
    pub password: Option<Secret>,
}

/// `router_settings`.
#[derive(Clone, Debug, PartialEq)]
pub struct RouterSettings {
    /// How a deployment is chosen. Default: `latency-based-routing`.
    pub routing_strategy: RoutingStrategy,
    /// Details of the strategy.
    pub routing_strategy_args: RoutingStrategyArgs,
    /// What calls have in common that always go to the same deployment, where traffic is split by weight. Default: nothing.
    pub sticky_by: StickyBy,
    /// Tries after the first. Default: every deployment once, and the same again twice.
    pub num_retries: Option<u32>,
    /// Groups tried after the first at most. Default: 5.
    pub max_fallbacks: u32,
    /// Answers are cached, as by `litellm_settings.cache`. Default: no.
    pub cache_responses: bool,
    /// How long a call may take; a deployment's own wins. Default: `litellm_settings.request_timeout`.
    pub timeout: Option<Duration>,
    /// How long a stream may take; a deployment's own wins. Default: as `timeout`.
    pub stream_timeout: Option<Duration>,
    /// The shortest pause before a retry. Default: none.
    pub retry_after: Duration,
    /// Failures a minute before a deployment rests. Default: by share of failures.
    pub allowed_fails: Option<u32>,
    /// The same by class of failure.
    pub allowed_fails_policy: ErrorPolicy,
    /// How long a failing deployment rests. Default: 5 seconds.
    pub cooldown_time: Duration,
    /// Never let a deployment rest. Default: no.
    pub disable_cooldowns: bool,
    /// Tries after the first, by class of failure.
    pub retry_policy: ErrorPolicy,
    /// The same for single groups.
    pub model_group_retry_policy: BTreeMap<String, ErrorPolicy>,
    /// What stands in for a group that fails.
    pub fallbacks: Fallbacks,
    /// Other names of groups.
    pub model_group_alias: BTreeMap<String, GroupAlias>,
    /// Leave out deployments whose context is too short. Default: no.
    pub enable_pre_call_checks: bool,
    /// Choose deployments by the request's tags. Default: no.
    pub enable_tag_filtering: bool,
    /// One shared tag is enough (default), or all must be shared.
    pub tag_filtering_match_any: bool,
    /// Limits of providers, by name.
    pub provider_budget_config: BTreeMap<String, ScopeLimits>,
    /// When a call that is slow is sent to a second deployment. Default: never.
    pub hedging: Option<Hedging>,
    /// Where Redis is.
    pub redis: RedisSettings,
}

impl Default for RouterSettings {
    fn default() -> Self {
        Self {
            routing_strategy: RoutingStrategy::default(),
            routing_strategy_args: RoutingStrategyArgs::default(),
            sticky_by: StickyBy::default(),
            num_retries: None,
            max_fallbacks: 5,
            cache_responses: false,
            timeout: None,
            stream_timeout: None,
            retry_after: Duration::ZERO,
            allowed_fails: None,
            allowed_fails_policy: ErrorPolicy::new(),
            cooldown_time: Duration::from_secs(5),
            disable_cooldowns: false,
            retry_policy: ErrorPolicy::new(),
            model_group_retry_policy: BTreeMap::new(),
            fallbacks: Fallbacks::default(),
            model_group_alias: BTreeMap::new(),
            enable_pre_call_checks: false,
            enable_tag_filtering: false,
            tag_filtering_match_any: true,
            provider_budget_config: BTreeMap::new(),
            hedging: None,
            redis: RedisSettings::default(),
        }
    }
}

/// Reads `router_settings`; `num_retries` says what `litellm_settings` has.
pub(super) fn read(item: Option<Item<'_>>, num_retries: Option<u32>) -> RouterSettings {
    let default = RouterSettings { num_retries, ..RouterSettings::default() };
    let Some(mut section) = item.and_then(|item| item.section()) else {
        return default;
    };
    let routing_strategy = strategy::read(&mut section).unwrap_or_default();
    let settings = RouterSettings {
        routing_strategy,
        routing_strategy_args: strategy::read_args(&mut section, routing_strategy),
        sticky_by: strategy::read_sticky(&mut section),
        num_retries: section.count("num_retries").or(default.num_retries),
        max_fallbacks: section.count("max_fallbacks").unwrap_or(default.max_fallbacks),
        cache_responses: section.boolean("cache_responses", default.cache_responses),
        timeout: section.timeout("timeout"),
        stream_timeout: section.timeout("stream_timeout"),
        retry_after: section.delay("retry_after").unwrap_or(default.retry_after),
        allowed_fails: section.count("allowed_fails"),
        allowed_fails_policy: policy(section.get("allowed_fails_policy")),
        cooldown_time: section.delay("cooldown_time").unwrap_or(default.cooldown_time),
        disable_cooldowns: section.boolean("disable_cooldowns", default.disable_cooldowns),
        retry_policy: policy(section.get("retry_policy")),
        model_group_retry_policy: group_policies(&mut section),
        fallbacks: read_fallbacks(&mut section),
        model_group_alias: aliases(&mut section),
        enable_pre_call_checks: section.boolean("enable_pre_call_checks", false),
        enable_tag_filtering: section.boolean("enable_tag_filtering", false),
        tag_filtering_match_any: section.boolean("tag_filtering_match_any", true),
        provider_budget_config: scope_limits::of_providers(section.get("provider_budget_config")),
        hedging: hedging::read(&mut section),
        redis: RedisSettings {
            url: section.secret("redis_url"),
            host: section.text("redis_host"),
            port: section.whole("redis_port", 1..=u64::from(u16::MAX)).and_then(|port| u16::try_from(port).ok()),
            password: section.secret("redis_password"),
        },
    };
    section.finish(&vocabulary::ROUTER);
    settings
}

fn policy(item: Option<Item<'_>>) -> ErrorPolicy {
    let mut policy = ErrorPolicy::new();
    let Some(section) = item.and_then(|item| item.section()) else {
        return policy;
    };
    for (key, item) in section.all() {
        let Some(class) = ErrorClass::from_key(key) else {
            let names = ErrorClass::NAMES.map(|(name, _)| name);
            let near = vocabulary::nearest(key, names.into_iter());
            let hint = near.map(|n| format!("; did you mean \"{n}\"?")).unwrap_or_default();
            item.warning(format!("unknown class of failure, ignored{hint}"));
            continue;
        };
        if let Some(count) = item.whole_count() {
            policy.insert(class, count);
        }
    }
    policy
}

fn group_policies(section: &mut Section<'_>) -> BTreeMap<String, ErrorPolicy> {
    let groups = section.get("model_group_retry_policy").and_then(|item| item.section());
    let groups = groups.iter().flat_map(Section::all);
    groups.map(|(group, item)| (group.to_owned(), policy(Some(item)))).collect()
}

/// Reads the four kinds of fallbacks, which `litellm_settings` may have as well.
pub(super) fn read_fallbacks(section: &mut Section<'_>) -> Fallbacks {
    Fallbacks {
        general: chains(section.get("fallbacks")),
        context_window: chains(section.get("context_window_fallbacks")),
        content_policy: chains(section.get("content_policy_fallbacks")),
        default: section.texts("default_fallbacks"),
    }
}

/// A list of maps, each from a group to the groups that stand in.
fn chains(item: Option<Item<'_>>) -> Vec<(String, Vec<String>)> {
    let mut chains = Vec::new();
    for entry in item.iter().flat_map(|item| item.list(false)) {
        for (group, targets) in entry.section().iter().flat_map(Section::all) {
            chains.push((group.to_owned(), targets.texts()));
        }
    }
    chains
}

fn aliases(section: &mut Section<'_>) -> BTreeMap<String, GroupAlias> {
    let aliases = section.get("model_group_alias").and_then(|item| item.section());
    let aliases = aliases.iter().flat_map(Section::all);
    aliases.filter_map(|(name, item)| Some((name.to_owned(), alias(&item)?))).collect()
}

/// A group's name, or a map of `model` and `hidden`.
fn alias(item: &Item<'_>) -> Option<GroupAlias> {
    if !matches!(item.node.value, super::node::Value::Map(_)) {
        let model = item.text()?;
        return Some(GroupAlias { model, is_hidden: false });
    }
    let mut section = item.section()?;
    let alias =
        GroupAlias { model: section.text("model").unwrap_or_default(), is_hidden: section.boolean("hidden", false) };
    section.finish(&vocabulary::MODEL);
    if alias.model.is_empty() {
        item.error("expected the name of a group under \"model\"");
        return None;
    }
    Some(alias)
}
