//! What the choice of a deployment goes by.

use std::time::Duration;

use super::health::CooldownRule;
use crate::config::{Config, ErrorPolicy, RoutingStrategy};

/// How long what was learned of a deployment's speed holds: LiteLLM's figure.
const TTL: Duration = Duration::from_secs(3600);
/// Samples that an average is made of.
const SAMPLES: u32 = 20;
/// Deployments so much slower than the fastest, in parts of it, are as good.
const BUFFER: f64 = 0.05;

/// What the choice of a deployment goes by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How one is chosen among those that may be.
    pub strategy: RoutingStrategy,
    /// What `latency-based-routing` goes by.
    pub latency: LatencyRule,
    /// When one has to cool down.
    pub cooldown: CooldownRule,
}

/// How speed is learned and compared.
#[derive(Clone, Copy, Debug)]
pub struct LatencyRule {
    /// How long what was learned holds.
    pub ttl: Duration,
    /// Share of a new sample in the moving averages, from 0 to 1.
    pub share: f64,
    /// Deployments so much slower than the fastest, in parts of it, are as good.
    pub buffer: f64,
}

impl LatencyRule {
    /// `samples` is how many an average is made of: an exponential one with the same mean age of samples.
    #[must_use]
    pub fn new(ttl: Option<Duration>, samples: Option<u32>, buffer: Option<f64>) -> Self {
        let samples = samples.unwrap_or(SAMPLES).max(1);
        Self { ttl: ttl.unwrap_or(TTL), share: 2.0 / (f64::from(samples) + 1.0), buffer: buffer.unwrap_or(BUFFER) }
    }
}

impl Default for Rules {
    fn default() -> Self {
        let cooldown = CooldownRule {
            allowed_fails: None,
            allowed_fails_policy: ErrorPolicy::new(),
            cooldown: Duration::from_secs(5),
        };
        Self { strategy: RoutingStrategy::default(), latency: LatencyRule::new(None, None, None), cooldown }
    }
}

impl Rules {
    /// Those of `config`.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let router = &config.router;
        let cooldown = if router.disable_cooldowns { Duration::ZERO } else { router.cooldown_time };
        let args = &router.routing_strategy_args;
        Self {
            strategy: router.routing_strategy,
            latency: LatencyRule::new(args.ttl, args.max_latency_list_size, args.lowest_latency_buffer),
            cooldown: CooldownRule {
                allowed_fails: router.allowed_fails.map(u64::from),
                allowed_fails_policy: router.allowed_fails_policy.clone(),
                cooldown,
            },
        }
    }
}
