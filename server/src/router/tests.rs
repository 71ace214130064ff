use std::time::Duration;

use chrono::Utc;

use super::deployment::Target;
use super::*;
use crate::config::{ErrorPolicy, HealthCheckConfig, RequestConfig};
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
        place_name: None,
        tags: Vec::new(),
        order: None,
        weight: None,
        rpm: None,
        tpm: None,
        caps: None,
        num_retries: None,
        timeout: Duration::from_secs(1),
        stream_timeout: Duration::from_secs(1),
        on_client_disconnect: crate::domain::provider::OnClientDisconnect::Cancel,
        unavailable: None,
        params: serde_json::Map::new(),
        model_info: serde_json::Map::new(),
        health_check: HealthCheckConfig::default(),
        health: Arc::default(),
    }
}

fn router(deployments: Vec<Deployment>) -> (Router, Clock) {
    let clock = Clock::manual(chrono::DateTime::<Utc>::UNIX_EPOCH);
    let rule = CooldownRule {
        allowed_fails: Some(2),
        allowed_fails_policy: ErrorPolicy::new(),
        cooldown: Duration::from_secs(30),
    };
    let rules = Rules { strategy: RoutingStrategy::SimpleShuffle, cooldown: rule, ..Rules::default() };
    (Router::with_seed(deployments, rules, clock.clone(), 1), clock)
}

fn ask<'a>(model: &'a str, barred: &'a [Arc<Deployment>]) -> Ask<'a> {
    Ask { model, barred, is_stream: false, sticky: None }
}

fn routed(strategy: RoutingStrategy, deployments: Vec<Deployment>) -> (Router, Clock) {
    let clock = Clock::manual(chrono::DateTime::<Utc>::UNIX_EPOCH);
    (Router::with_seed(deployments, Rules { strategy, ..Rules::default() }, clock.clone(), 1), clock)
}

/// An attempt at `deployment`.
fn start(router: &Router, deployment: &Arc<Deployment>) -> InFlight {
    router.start(Reserved { deployment: Arc::clone(deployment), ticket: None }, false)
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

#[test]
fn the_least_busy_is_chosen() {
    let (router, _) = routed(RoutingStrategy::LeastBusy, vec![deployment("a"), deployment("b")]);
    let [a, _] = router.deployments().try_into().unwrap();
    let busy = start(&router, &a);
    assert!(!chosen(&router).contains_key("a"));
    drop(busy);
    assert_eq!(chosen(&router).len(), 2, "of those that are alike, either");
}

#[test]
fn the_cheapest_is_chosen() {
    let priced = |id: &str, dollars: &str| {
        let rate = |text: &str| Some(crate::domain::price::Rate::parse(text).unwrap());
        let prices =
            crate::domain::price::Prices { input: rate(dollars), output: rate("0.00001"), ..Default::default() };
        Deployment { prices: Some(prices), ..deployment(id) }
    };
    let (router, _) = routed(RoutingStrategy::Cost, vec![priced("a", "0.000002"), priced("b", "0.000001")]);
    assert_eq!(chosen(&router).into_keys().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn the_one_with_most_room_is_chosen() {
    let limited = |id: &str, tpm: f64| Deployment { tpm: Some(tpm), ..deployment(id) };
    let (router, clock) = routed(RoutingStrategy::Usage, vec![limited("a", 1_000.0), limited("b", 10_000.0)]);
    let [a, b] = router.deployments().try_into().unwrap();
    let used = |one: &Arc<Deployment>, tokens| {
        start(&router, one).succeeded(&Usage { output: tokens, ..Usage::default() });
    };
    used(&a, 500);
    used(&b, 1_000);
    assert_eq!(chosen(&router).into_keys().collect::<Vec<_>>(), ["b"], "half is used of one, a tenth of the other");
    used(&b, 6_000);
    assert_eq!(chosen(&router).into_keys().collect::<Vec<_>>(), ["a"]);
    clock.advance(Duration::from_secs(60));
    used(&a, 900);
    assert_eq!(chosen(&router).into_keys().collect::<Vec<_>>(), ["b"], "what was used before is forgotten");
}

#[test]
fn calls_with_something_in_common_go_the_same_way_and_others_by_weight() {
    let weighted = || {
        [("a", 1.0), ("b", 3.0), ("c", 6.0)].map(|(id, weight)| Deployment { weight: Some(weight), ..deployment(id) })
    };
    let (router, _) = routed(RoutingStrategy::SimpleShuffle, weighted().into());
    let way =
        |router: &Router, who: &str| router.choose(&Ask { sticky: Some(who), ..ask("m", &[]) }).unwrap().id.clone();
    let people: Vec<String> = (0..4000).map(|number| format!("person-{number}")).collect();
    let ways: Vec<Arc<str>> = people.iter().map(|who| way(&router, who)).collect();
    assert!(people.iter().zip(&ways).all(|(who, before)| way(&router, who) == *before));
    let share = |id: &str| ways.iter().filter(|way| ***way == *id).count();
    assert!((320..480).contains(&share("a")) && (1080..1320).contains(&share("b")), "{} {}", share("a"), share("b"));

    let [a, b, _] = weighted();
    router.replace(vec![b, a], Rules { strategy: RoutingStrategy::SimpleShuffle, ..Rules::default() });
    let moved = people.iter().zip(&ways).filter(|(who, before)| ***before != *"c" && way(&router, who) != **before);
    assert_eq!(moved.count(), 0, "whoever did not go to the one that left stays");
}

#[test]
fn what_is_learned_stays_when_the_model_list_is_replaced() {
    let (router, clock) = routed(RoutingStrategy::Latency, vec![deployment("a"), deployment("b")]);
    let [a, b] = router.deployments().try_into().unwrap();
    let answer = |one: &Arc<Deployment>, took: u64| {
        let mut attempt = start(&router, one);
        clock.advance(Duration::from_secs(took));
        attempt.succeeded(&Usage { output: 100, ..Usage::default() });
    };
    answer(&a, 9);
    answer(&b, 1);
    let before = start(&router, &b);
    router.replace(vec![deployment("b"), deployment("a"), deployment("c")], Rules::default());
    let first = router.choose(&ask("m", &[])).unwrap();
    assert_eq!(&*first.id, "c", "only the new one is unknown");
    answer(&first, 2);
    assert_eq!(&*router.choose(&ask("m", &[])).unwrap().id, "b");
    let [new_b, _, _] = router.deployments().try_into().unwrap();
    assert_eq!(new_b.health.in_flight(), 1, "the call that began before counts");
    drop(before);
    assert_eq!(new_b.health.in_flight(), 0);
    router.replace(vec![deployment("a")], Rules::default());
    assert_eq!(&*router.choose(&ask("m", &[])).unwrap().id, "a");
    answer(&b, 1);
}

#[test]
fn no_call_is_lost_while_the_model_list_is_replaced() {
    let (router, _) = routed(RoutingStrategy::Latency, vec![deployment("a"), deployment("b")]);
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..5_000 {
                        let one = router.choose(&ask("m", &[])).unwrap();
                        start(&router, &one).succeeded(&Usage::default());
                    }
                })
            })
            .collect();
        for round in 0..500 {
            let strategy = if round % 2 == 0 { RoutingStrategy::LeastBusy } else { RoutingStrategy::Latency };
            let second = if round % 3 == 0 { "c" } else { "b" };
            router.replace(vec![deployment("a"), deployment(second)], Rules { strategy, ..Rules::default() });
        }
        callers.into_iter().for_each(|caller| caller.join().unwrap());
    });
    for one in router.deployments() {
        assert_eq!(one.health.in_flight(), 0);
    }
}

/// A deployment with these caps: requests and tokens a minute, and calls in flight.
fn capped(id: &str, rpm: Option<u64>, tpm: Option<u64>, parallel: Option<u64>) -> Deployment {
    let limits = crate::counters::Limits { max_budget: None, rpm, tpm, parallel };
    let scope = crate::counters::Scope {
        id: crate::counters::ScopeId { kind: "deployment", id: Arc::from(id) },
        limits,
        window_start: None,
        window_end: None,
        spent_at_load: tollgate_openapi::money::NanoUsd::ZERO,
        loaded_window_start: None,
    };
    Deployment { caps: Some(scope), ..deployment(id) }
}

fn counting(deployments: Vec<Deployment>) -> (Router, Clock) {
    let (router, clock) = routed(RoutingStrategy::Latency, deployments);
    let counters = Arc::new(Counters::new(clock.clone()));
    (router.counting_with(counters), clock)
}

#[tokio::test]
async fn a_deployment_at_its_cap_is_passed_over_and_all_of_them_say_when_to_come_back() {
    let (router, clock) = counting(vec![capped("a", Some(1), None, None), capped("b", Some(1), None, None)]);
    let take = || async { router.take(&ask("m", &[]), Need::default()).await };
    let (one, other) = (take().await.unwrap(), take().await.unwrap());
    assert_ne!(one.deployment().id, other.deployment().id);
    let error = take().await.unwrap_err();
    let RouteError::Full { room_in, .. } = &error else { panic!("{error}") };
    assert!((57..=63).contains(&room_in.as_secs()), "{error}");
    assert!(error.to_string().starts_with("No deployments available for selected model, Try again in 6"), "{error}");
    clock.advance(*room_in);
    drop(take().await.unwrap());
}

#[tokio::test]
async fn a_call_in_flight_holds_its_place_until_it_ends() {
    let (router, _) = counting(vec![capped("a", None, None, Some(1))]);
    let take = || async { router.take(&ask("m", &[]), Need::default()).await };
    let attempt = router.start(take().await.unwrap(), false);
    assert!(matches!(take().await.unwrap_err(), RouteError::Full { .. }));
    drop(attempt);
    drop(take().await.unwrap());
}

#[tokio::test]
async fn tokens_are_reckoned_at_first_and_counted_in_the_end() {
    let (router, _) = counting(vec![capped("a", None, Some(1_000), None)]);
    let need = |input, output| Need { input, output };
    let router = &router;
    let take = |need: Need| async move { router.take(&ask("m", &[]), need).await };
    let long = take(need(1_001, 0)).await.unwrap_err();
    assert!(matches!(long, RouteError::Full { .. }), "a prompt that never fits");
    let mut attempt = router.start(take(need(500, 9_000)).await.unwrap(), false);
    assert!(take(need(1, 0)).await.is_err(), "an answer that may be too long takes all there is");
    attempt.used(&Usage { input: 500, output: 100, ..Usage::default() });
    drop(take(need(400, 0)).await.unwrap());
    drop(take(need(401, 0)).await.unwrap_err());
}
