//! Limits by the minute, calls in flight, single models and the gateway as a whole.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;
use tollgate::counters::{Admission, Demand, Limits, Scope, ScopeId};
use tollgate::crypto::KeyDigest;
use tollgate_openapi::money::NanoUsd;

use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, DONE, FakeUpstream, RedisServer, TestApp, delta, usage};

fn error(status: u16) -> Behaviour {
    Behaviour::Status(status, r#"{"error":{"message":"no"}}"#.to_owned(), vec![])
}

#[tokio::test]
async fn requests_a_minute_are_limited_in_any_minute() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.bearer(&app.new_key(json!({"key_alias": "slow", "rpm_limit": 3})).await);
    for remaining in ["2", "1", "0"] {
        let answer = key.post(CHAT, ask("gpt")).expect_status(200).await;
        assert_eq!(answer.header("x-ratelimit-limit-requests"), "3");
        assert_eq!(answer.header("x-ratelimit-remaining-requests"), remaining);
        assert_eq!(answer.header("x-ratelimit-reset-requests"), "63s");
    }
    let refused = key.post(CHAT, ask("gpt")).expect_status(429).await;
    let (kind, _, message) = refused.error();
    assert_eq!(kind, "throttling_error");
    assert!(message.starts_with("Rate limit exceeded for key: slow (sk-..."), "{message}");
    assert!(message.contains("Limit type: requests. Current limit: 3, Remaining: 0. Limit resets at: "), "{message}");
    assert_eq!(refused.header("retry-after"), "63");
    assert_eq!(refused.header("x-ratelimit-remaining-requests"), "0");
    assert_eq!(upstream.received().len(), 3, "refused before the provider is called");

    app.advance(Duration::from_secs(58));
    key.post(CHAT, ask("gpt")).expect_status(429).await;
    app.advance(Duration::from_secs(5));
    key.post(CHAT, ask("gpt")).expect_status(200).await;
    // Refused calls are booked, but do not count against the limit.
    assert_eq!(app.settled().await.calls, 6);
}

#[tokio::test]
async fn what_is_left_of_a_minute_is_told_with_failures_too() {
    let upstream = FakeUpstream::start();
    let yaml = format!("router_settings: {{num_retries: 0}}\nmodel_list:\n{}", upstream.deployment("gpt", "one"));
    let app = TestApp::builder().config(&yaml).start().await;
    let key = app.bearer(&app.new_key(json!({"rpm_limit": 5, "tpm_limit": 10_000})).await);
    for (status, left) in [(400, "4"), (500, "3")] {
        upstream.then(error(status));
        let failed = key.post(CHAT, ask("gpt")).expect_status(status).await;
        assert_eq!(failed.header("x-ratelimit-remaining-requests"), left);
        assert_eq!(failed.header("x-ratelimit-limit-tokens"), "10000");
    }
}

#[tokio::test]
async fn every_refusal_tells_what_is_left_of_a_minute() {
    let (upstream, redis) = (FakeUpstream::start(), RedisServer::start().await);
    let alone = TestApp::with_upstream(&upstream).await;
    let together = TestApp::builder().upstream(&upstream).redis(&redis).start().await;
    for app in [&alone, &together] {
        for (limits, status) in [
            (json!({"rpm_limit": 5, "tpm_limit": 1000, "max_budget": 0}), 400),
            (json!({"rpm_limit": 5, "tpm_limit": 1000, "max_parallel_requests": 0}), 429),
        ] {
            let key = app.bearer(&app.new_key(limits).await);
            let refused = key.post(CHAT, ask("gpt")).expect_status(status).await;
            assert_eq!(refused.header("x-ratelimit-limit-requests"), "5");
            assert_eq!(refused.header("x-ratelimit-remaining-requests"), "5");
            assert_eq!(refused.header("x-ratelimit-remaining-tokens"), "1000");
        }
        let key = app.bearer(&app.new_key(json!({"rpm_limit": 1, "tpm_limit": 1000})).await);
        key.post(CHAT, ask("gpt")).expect_status(200).await;
        app.settled().await;
        let refused = key.post(CHAT, ask("gpt")).expect_status(429).await;
        assert_eq!(refused.header("x-ratelimit-remaining-requests"), "0");
        assert_eq!(refused.header("x-ratelimit-reset-requests"), "63s");
        assert_eq!(refused.header("x-ratelimit-remaining-tokens"), "970");
    }
}

#[tokio::test]
async fn tokens_are_reserved_and_corrected() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.bearer(&app.new_key(json!({"tpm_limit": 100})).await);
    // 10 + 20 tokens each; what was reserved in excess comes back.
    for _ in 0..3 {
        key.post(CHAT, ask("gpt")).expect_status(200).await;
        app.settled().await;
    }
    let refused = key.post(CHAT, ask("gpt")).expect_status(429).await;
    assert!(
        refused.error().2.contains("Limit type: tokens. Current limit: 100, Remaining: 10."),
        "{:?}",
        refused.error()
    );
    assert_eq!(refused.header("x-ratelimit-limit-tokens"), "100");
    app.advance(Duration::from_secs(63));
    key.post(CHAT, ask("gpt")).expect_status(200).await;

    let long = json!({"model": "gpt", "messages": [{"role": "user", "content": "word ".repeat(500)}]});
    app.advance(Duration::from_secs(63));
    let refused = key.post(CHAT, long).expect_status(429).await;
    assert!(refused.error().2.contains("needs more than that"), "{:?}", refused.error());
}

#[tokio::test]
async fn a_burst_is_reckoned_with_as_many_tokens_as_it_allows_its_answers() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.bearer(&app.new_key(json!({"tpm_limit": 1_000})).await);
    let mut long = ask("gpt");
    long["max_tokens"] = json!(600);
    // What answers usually are is known to be less.
    key.post(CHAT, ask("gpt")).expect_status(200).await;
    let go_on = Arc::new(Notify::new());
    upstream.then(Behaviour::HeldAnswer(Arc::clone(&go_on)));
    let first = tokio::spawn({
        let call = key.post(CHAT, long.clone());
        async move { call.send().await }
    });
    upstream.until_called(2).await;
    let refused = key.post(CHAT, long.clone()).expect_status(429).await;
    assert!(refused.error().2.contains("Limit type: tokens. Current limit: 1000"), "{:?}", refused.error());
    key.post(CHAT, json!({"max_tokens": 50, "model": "gpt", "messages": long["messages"]})).expect_status(200).await;
    go_on.notify_one();
    assert_eq!(first.await.unwrap().status, 200);
    app.settled().await;
    key.post(CHAT, long).expect_status(200).await;
}

/// Waits until a call is in line before the budget of nine thousandths of a dollar that this key has.
async fn until_somebody_waits(app: &TestApp, secret: &str) {
    let scope = Scope {
        id: ScopeId::key(&KeyDigest::of(secret).to_hex()),
        limits: Limits { max_budget: Some(NanoUsd(9_000_000)), ..Limits::default() },
        window_start: None,
        window_end: None,
        spent_at_load: NanoUsd::ZERO,
        loaded_window_start: None,
    };
    let too_much = Demand { cost: NanoUsd(9_000_000), tokens: 0 };
    loop {
        match app.app.counters.admit(std::slice::from_ref(&scope), too_much, None).await {
            Admission::Short { room, .. } if room.waiting > 0 => return,
            _ => tokio::task::yield_now().await,
        }
    }
}

#[tokio::test]
async fn who_waits_for_money_that_was_spent_is_refused_and_holds_nobody_up() {
    let upstream = FakeUpstream::start();
    let yaml =
        format!("model_list:\n{}tollgate_settings: {{budget_wait_ms: 120000}}\n", upstream.deployment("gpt", "one"));
    let app = TestApp::builder().config(&yaml).start().await;
    let secret = app.new_key(json!({"max_budget": 0.009})).await;
    let key = app.bearer(&secret);
    let asking = |tokens: u64| {
        let mut body = ask("gpt");
        (body["max_tokens"], body["stream"]) = (json!(tokens), json!(true));
        body
    };
    // An answer has a thousand tokens, as far as is known: 0.002 dollars.
    upstream.then(Behaviour::Stream(vec![delta("x"), usage(10, 1_000), DONE.to_owned()], Duration::ZERO));
    key.post(CHAT, asking(3_000)).expect_status(200).await;
    app.settled().await;
    let go_on = Arc::new(Notify::new());
    let rest = vec![usage(10, 3_000), DONE.to_owned()];
    upstream.then(Behaviour::Held(vec![delta("x")], rest, Arc::clone(&go_on)));
    let first = tokio::spawn({
        let call = key.post(CHAT, asking(3_000));
        async move { call.send().await }
    });
    upstream.until_called(2).await;
    let second = tokio::spawn({
        let call = key.post(CHAT, asking(3_000));
        async move { call.send().await }
    });
    until_somebody_waits(&app, &secret).await;
    go_on.notify_one();
    assert_eq!(first.await.unwrap().status, 200);
    // 0.00098 dollars are left, and nothing is reserved.
    key.post(CHAT, asking(16)).expect_status(200).await;
    let refused = second.await.unwrap();
    assert_eq!(refused.status, 400, "{}", refused.body());
    assert!(refused.error().2.contains("0.00802"), "{:?}", refused.error());
    assert!(!refused.has_header("retry-after"));
}

#[tokio::test]
async fn a_call_in_flight_holds_its_slot_until_it_ends() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.bearer(&app.new_key(json!({"max_parallel_requests": 1})).await);
    upstream.then(Behaviour::Hang);
    let hanging = tokio::spawn({
        let call = key.post(CHAT, ask("gpt"));
        async move { call.send().await }
    });
    while upstream.received().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let refused = key.post(CHAT, ask("gpt")).expect_status(429).await;
    assert!(refused.error().2.contains("Limit type: max_parallel_requests. Current limit: 1"), "{:?}", refused.error());
    assert_eq!(refused.header("retry-after"), "1");
    hanging.abort();
    upstream.until_left_early().await;
    app.settled().await;
    for behaviour in [error(400), Behaviour::Truncate(vec![delta("x")]), Behaviour::Answer] {
        upstream.then(behaviour);
        let streamed = json!({"model": "gpt", "stream": true, "messages": [{"role": "user", "content": "hi"}]});
        assert_ne!(key.post(CHAT, streamed).send().await.status, 429, "a failed call frees its slot, too");
        app.settled().await;
    }
}

#[tokio::test]
async fn single_models_have_limits_of_their_own() {
    let upstream = FakeUpstream::start();
    let yaml = format!("model_list:\n{}{}", upstream.deployment("gpt", "one"), upstream.deployment("other", "two"));
    let app = TestApp::builder().config(&yaml).start().await;
    let limits = json!({
        "key_alias": "k",
        "model_rpm_limit": {"gpt": 1},
        "model_max_budget": {"other": {"budget_limit": 0.00011, "time_period": "1d"}},
    });
    let key = app.bearer(&app.new_key(limits).await);
    key.post(CHAT, ask("gpt")).expect_status(200).await;
    let refused = key.post(CHAT, ask("gpt")).expect_status(429).await;
    assert!(refused.error().2.starts_with("Rate limit exceeded for key: k (sk-..."), "{:?}", refused.error());
    assert!(refused.error().2.contains(", model gpt. Limit type: requests"), "{:?}", refused.error());
    let mut short = ask("other");
    short["max_tokens"] = json!(20);
    key.post(CHAT, short.clone()).expect_status(200).await;
    key.post(CHAT, short.clone()).expect_status(200).await;
    let (kind, _, message) = key.post(CHAT, short.clone()).expect_status(400).await.error();
    assert_eq!(kind, "budget_exceeded");
    assert!(
        message.contains("model other Current cost: 0.0001") && message.contains("resets at 2026-11-22"),
        "{message}"
    );
    app.advance(Duration::from_secs(24 * 3600));
    key.post(CHAT, short).expect_status(200).await;
}

#[tokio::test]
async fn limits_of_single_models_are_checked_when_they_are_set() {
    let app = TestApp::start().await;
    let wrong = json!({"model_max_budget": {"gpt": {"budget_limit": "lots"}}});
    let answer = app.post("/key/generate", wrong.clone()).expect_status(422).await;
    assert!(answer.body().contains("model_max_budget.gpt.budget_limit"), "{}", answer.body());
    let key = app.new_key(json!({"model_rpm_limit": {"demo": 1}})).await;
    app.post("/key/update", json!({"key": key, "model_rpm_limit": {"demo": -1}})).expect_status(422).await;
    app.bearer(&key).post(CHAT, ask("demo")).expect_status(200).await;
    app.bearer(&key).post(CHAT, ask("demo")).expect_status(429).await;
    app.post("/key/update", json!({"key": key, "model_rpm_limit": {"demo": 2}})).expect_status(200).await;
    app.bearer(&key).post(CHAT, ask("demo")).expect_status(200).await;
}

#[tokio::test]
async fn the_gateway_as_a_whole_has_a_budget() {
    let upstream = FakeUpstream::start();
    let yaml = format!(
        "litellm_settings:\n  max_budget: 0.00012\n  budget_duration: 30d\nmodel_list:\n{}",
        upstream.deployment("gpt", "one")
    );
    let app = TestApp::builder().config(&yaml).start().await;
    let mut short = ask("gpt");
    short["max_tokens"] = json!(20);
    for _ in 0..2 {
        let key = app.new_key(json!({})).await;
        app.bearer(&key).post(CHAT, short.clone()).expect_status(200).await;
    }
    let (_, _, message) = app.post(CHAT, short.clone()).expect_status(400).await.error();
    assert!(message.starts_with("Budget has been exceeded! Gateway=gateway Current cost: 0.0001"), "{message}");
    app.settled().await;
    // It is known after a restart, too.
    let app = app.stop().await.start().await;
    app.post(CHAT, short).expect_status(400).await;
}

/// Reservations of long answers must not starve others: a budget of which all use half, an endless model, no max_tokens.
#[tokio::test]
async fn reservations_of_long_answers_starve_nobody() {
    const CALLS: usize = 200;
    let upstream = FakeUpstream::start();
    let deployment = upstream.deployment("gpt", "one").replace("api_key:", "max_tokens: 64000\n      api_key:");
    let app = TestApp::builder().config(&format!("model_list:\n{deployment}")).start().await;
    // Each call costs 20 + 2 × 500 millionths of a dollar, and could cost 0.128 dollars.
    let key = app.bearer(&app.new_key(json!({"max_budget": 0.408})).await);
    for _ in 0..CALLS {
        upstream.then(Behaviour::Stream(vec![delta("x"), usage(20, 500)], Duration::from_millis(100)));
    }
    let streamed = json!({"model": "gpt", "stream": true, "messages": [{"role": "user", "content": "hi"}]});
    let calls = (0..CALLS).map(|_| key.post(CHAT, streamed.clone()).send());
    let answers = futures_util::future::join_all(calls).await;
    let refused = answers.iter().find(|answer| answer.status != 200);
    assert!(refused.is_none(), "{:?}", refused.map(|answer| answer.body()));
    let limits = upstream.received().into_iter().map(|call| {
        let body: Value = serde_json::from_str(&call.body).unwrap();
        body["max_completion_tokens"].as_u64().unwrap()
    });
    let shortest = limits.min().unwrap();
    assert!(shortest >= 500, "limited to {shortest} tokens, below its natural length");
    let report = app.settled().await;
    assert_eq!(report.spend.0, 204_000_000);
}
