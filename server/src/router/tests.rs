use std::time::Duration;

use chrono::Utc;

use super::deployment::Target;
use super::*;
use crate::config::{HealthCheckConfig, RequestConfig};
use crate::domain::provider::ProviderKind;

fn deployment(id: &str) -> Deployment {
    Deployment {
        id: Arc::from(id),
        model_name: Arc::from("m"),
        provider: ProviderKind::OpenAi,
        provider_name: Arc::from("openai"),
        upstream_model: Arc::from("m"),
        target: Target::None,
        prices: None,
        max_input_tokens: None,
        max_output_tokens: None,
        request: RequestConfig::default(),
        default_max_tokens: None,
        region: None,
        tags: Vec::new(),
        order: None,
        weight: None,
        rpm: None,
        tpm: None,
        num_retries: None,
        timeout: Duration::from_secs(1),
        stream_timeout: Duration::from_secs(1),
        on_client_disconnect: crate::domain::provider::OnClientDisconnect::Cancel,
        unavailable: None,
        params: serde_json::Map::new(),
        model_info: serde_json::Map::new(),
        health_check: HealthCheckConfig::default(),
        health: health::Health::default(),
    }
}

fn router(deployments: Vec<Deployment>) -> (Router, Clock) {
    let clock = Clock::manual(chrono::DateTime::<Utc>::UNIX_EPOCH);
    let rule = CooldownRule { allowed_fails: 2, cooldown: Duration::from_secs(30) };
    (Router::new(deployments, rule, clock.clone()), clock)
}

fn ask<'a>(model: &'a str, barred: &'a [Arc<Deployment>]) -> Ask<'a> {
    Ask { model, barred, is_stream: false, sticky: None }
}

fn failure(status: Option<u16>) -> Failure {
    Failure { status, retry_after: None, reason: "broken".to_owned() }
}

fn chosen(router: &Router) -> std::collections::BTreeMap<String, u32> {
    let mut counts = std::collections::BTreeMap::new();
    for _ in 0..2000 {
        *counts.entry(router.choose(&ask("m", &[])).unwrap().id.to_string()).or_default() += 1;
    }
    counts
}

#[test]
fn weights_share_the_traffic() {
    let (router, _) = router(vec![
        Deployment { weight: Some(9.0), ..deployment("a") },
        Deployment { weight: Some(1.0), ..deployment("b") },
        deployment("c"),
    ]);
    let counts = chosen(&router);
    assert!((1600..2000).contains(&counts["a"]), "{counts:?}");
    assert!(!counts.contains_key("c"), "without the metric its siblings have: no traffic");
}

#[test]
fn a_deployment_that_fails_too_often_cools_down_and_comes_back() {
    let (router, clock) = router(vec![deployment("a"), deployment("b")]);
    let [a, _] = router.deployments().try_into().unwrap();
    for _ in 0..2 {
        router.note_failure(&a, failure(Some(500)));
    }
    assert_eq!(chosen(&router).len(), 2, "two failures are allowed");
    router.note_failure(&a, failure(None));
    assert_eq!(chosen(&router).len(), 1);
    clock.advance(Duration::from_secs(31));
    assert_eq!(chosen(&router).len(), 2);
}

#[test]
fn a_refusal_cools_down_at_once_and_as_long_as_the_provider_asks() {
    let (router, clock) = router(vec![deployment("a"), deployment("b")]);
    let [a, _] = router.deployments().try_into().unwrap();
    router.note_failure(&a, Failure { retry_after: Some(Duration::from_secs(90)), ..failure(Some(429)) });
    clock.advance(Duration::from_secs(60));
    assert_eq!(chosen(&router).len(), 1);
    clock.advance(Duration::from_secs(31));
    assert_eq!(chosen(&router).len(), 2);
}

#[test]
fn the_clients_mistakes_cool_nobody_down() {
    let (router, _) = router(vec![deployment("a"), deployment("b")]);
    let [a, _] = router.deployments().try_into().unwrap();
    for _ in 0..20 {
        router.note_failure(&a, failure(Some(400)));
    }
    assert_eq!(chosen(&router).len(), 2);
}

#[test]
fn while_all_cool_down_the_soonest_is_tried_and_a_lone_one_never_cools() {
    let (pair, clock) = router(vec![deployment("a"), deployment("b")]);
    let [a, b] = pair.deployments().try_into().unwrap();
    pair.note_failure(&a, failure(Some(429)));
    clock.advance(Duration::from_secs(1));
    pair.note_failure(&b, failure(Some(429)));
    assert_eq!(&*pair.choose(&ask("m", &[])).unwrap().id, "a");

    let (lone, _) = router(vec![deployment("a")]);
    let [a] = lone.deployments().try_into().unwrap();
    lone.note_failure(&a, failure(Some(429)));
    assert!(a.health.snapshot(lone.clock.monotonic()).cooldown_until.is_none());
}

#[test]
fn a_deployment_that_failed_this_call_is_not_chosen_again() {
    let (router, _) = router(vec![deployment("a"), deployment("b")]);
    let first = router.choose(&ask("m", &[])).unwrap();
    let second = router.choose(&ask("m", &[Arc::clone(&first)])).unwrap();
    assert_ne!(first.id, second.id);
    assert_eq!(router.choose(&ask("m", &[first, second])).unwrap_err(), RouteError::Exhausted("m".to_owned()));
}

#[test]
fn an_unavailable_deployment_is_never_chosen_and_says_why() {
    let (router, _) = router(vec![Deployment { unavailable: Some("no key".to_owned()), ..deployment("a") }]);
    let error = router.choose(&ask("m", &[])).unwrap_err();
    assert!(error.to_string().contains("no key"), "{error}");
    assert_eq!(router.choose(&ask("x", &[])).unwrap_err(), RouteError::UnknownModel("x".to_owned()));
}
