//! The router itself, driven as the gateway drives it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tollgate::clock::Clock;
use tollgate::config::{Config, RoutingStrategy};
use tollgate::domain::usage::Usage;
use tollgate::provider::catalog::Catalog;
use tollgate::router::{self, Ask, Deployment, Failure, InFlight, Need, Reserved, Router, Rules};

use super::run::{Balancer, Failed};
use super::world::World;

pub(crate) const MODEL: &str = "model";

pub(crate) struct Ours {
    clock: Clock,
    router: Router,
    now: Duration,
    is_stream: bool,
    deployments: Vec<Arc<Deployment>>,
    /// Chosen, and not sent yet.
    reserved: Option<Reserved>,
    in_flight: HashMap<usize, InFlight>,
}

/// A router over `count` deployments of one name, on a clock that stands.
pub(crate) fn router(count: usize, rules: Rules, seed: u64) -> (Router, Clock) {
    let entry = |index: usize| {
        format!(
            "- {{model_name: {MODEL}, litellm_params: {{model: openai/m, mock_response: hi}}, model_info: {{id: '{index}'}}}}\n"
        )
    };
    let entries: String = (0..count).map(entry).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    std::fs::write(&path, format!("model_list:\n{entries}")).unwrap();
    let loaded = Config::load(Some(&path), |_| None);
    assert!(!loaded.has_errors(), "{:?}", loaded.problems);
    let deployments = router::deployments(&loaded.config, Catalog::embedded());
    let clock = Clock::manual(chrono::DateTime::<chrono::Utc>::UNIX_EPOCH);
    (Router::with_seed(deployments, rules, clock.clone(), seed), clock)
}

impl Ours {
    pub(crate) fn new(count: usize, is_stream: bool, strategy: RoutingStrategy, seed: u64) -> Self {
        let (router, clock) = router(count, Rules { strategy, ..Rules::default() }, seed);
        let deployments = router.deployments();
        Self { clock, router, now: Duration::ZERO, is_stream, deployments, reserved: None, in_flight: HashMap::new() }
    }

    fn move_to(&mut self, now: Duration) {
        self.clock.advance(now - self.now);
        self.now = now;
    }
}

impl Balancer for Ours {
    fn choose(&mut self, world: &mut World, tried: &[usize]) -> Option<usize> {
        self.move_to(world.now);
        let barred: Vec<_> = tried.iter().map(|one| Arc::clone(&self.deployments[*one])).collect();
        let ask = Ask { model: MODEL, barred: &barred, is_stream: self.is_stream, sticky: None };
        // Without caps there is nothing to wait for.
        self.reserved = self.router.take(&ask, Need::default()).now_or_never().unwrap().ok();
        self.reserved.as_ref().map(|reserved| reserved.deployment().id.parse().unwrap())
    }

    fn sent(&mut self, call: usize, _to: usize, now: Duration) {
        self.move_to(now);
        let reserved = self.reserved.take().unwrap();
        self.in_flight.insert(call, self.router.start(reserved, self.is_stream));
    }

    fn answered(&mut self, call: usize, _to: usize, _waited: Duration, _tokens: u32, now: Duration) {
        self.move_to(now);
        self.in_flight.get_mut(&call).unwrap().first_token();
    }

    fn ended(&mut self, call: usize, _to: usize, tokens: u32, now: Duration) {
        self.move_to(now);
        let usage = Usage { output: u64::from(tokens), ..Usage::default() };
        self.in_flight.remove(&call).unwrap().succeeded(&usage);
    }

    fn failed(&mut self, call: usize, _to: usize, failed: Failed, now: Duration) {
        self.move_to(now);
        let attempt = self.in_flight.remove(&call).unwrap();
        let Failed { status, retry_after } = failed;
        let failure = Failure { status, retry_after, reason: "failed".to_owned() };
        self.router.attempt_failed(&attempt, failure);
    }
}
