//! A key's budget: never exceeded, however many call at once.

mod manage;

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, TestApp};

/// A call of at most 20 output tokens, which is what the upstream answers.
pub(crate) fn small() -> Value {
    let mut body = ask("gpt");
    body["max_tokens"] = json!(20);
    body
}

#[tokio::test]
async fn a_budget_of_nothing_refuses_the_first_call() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.new_key(json!({"max_budget": 0, "key_alias": "poor"})).await;
    let answer = app.bearer(&key).post(CHAT, ask("gpt")).expect_status(400).await;
    let (kind, param, message) = answer.error();
    assert_eq!((kind.as_str(), param), ("budget_exceeded", None));
    assert!(message.starts_with("Budget has been exceeded! Key=poor (sk-..."), "{message}");
    assert!(upstream.received().is_empty(), "refused before the provider is called");
}

#[tokio::test]
async fn spending_ends_at_the_budget_and_a_raise_helps_at_once() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.new_key(json!({"max_budget": 0.00021})).await;
    let client = app.bearer(&key);
    let mut served = 0;
    while client.post(CHAT, small()).send().await.status == 200 {
        served += 1;
        assert!(served < 100);
    }
    assert_eq!(served, 4, "each costs 0.00005");
    let report = app.settled().await;
    assert_eq!(report.spend.0, 200_000);
    app.post("/key/update", json!({"key": key, "max_budget": 0.001})).expect_status(200).await;
    let answer = client.post(CHAT, small()).expect_status(200).await;
    assert_eq!(answer.header("x-litellm-key-spend"), "0.00025");
}

#[tokio::test]
async fn thousands_of_calls_at_once_never_spend_more_than_the_budget() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.new_key(json!({"max_budget": 0.00685})).await;
    let client = app.bearer(&key);
    let answers = join_all((0..2_000).map(|_| client.post(CHAT, small()).send())).await;
    let served = answers.iter().filter(|answer| answer.status == 200).count();
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 400)));
    let report = app.settled().await;
    assert!(report.spend.0 <= 6_850_000, "{}", report.spend);
    assert_eq!(report.spend.0, i64::try_from(served).unwrap() * 50_000);
    assert!(served >= 50, "{served} served");
    assert_eq!(report.calls, 2_000, "refusals are booked, too");
    while client.post(CHAT, small()).send().await.status == 200 {}
    let left = 6_850_000 - app.settled().await.spend.0;
    assert!((0..=50_000).contains(&left), "less is left than an answer usually costs: {left}");
}

#[tokio::test]
async fn what_is_left_affords_part_of_an_answer() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.new_key(json!({"max_budget": 0.001})).await;
    let mut body = ask("gpt");
    body["max_tokens"] = json!(100_000);
    app.bearer(&key).post(CHAT, body).expect_status(200).await;
    let sent: Value = serde_json::from_str(&upstream.received()[0].body).unwrap();
    let limit = sent["max_tokens"].as_u64().unwrap();
    assert!((400..500).contains(&limit), "0.001 dollars buy 500 output tokens, less the input: {limit}");
    app.settled().await;
    let log = app.get("/spend/logs").expect_status(200).await.value()[0].clone();
    assert_eq!(log["metadata"]["output_tokens_limited_to"], limit);
}

#[tokio::test]
async fn a_long_prompt_is_counted_where_its_length_decides() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    // 6,000 bytes, but some 1,000 tokens: 0.001 dollars of input at one dollar a million.
    let key = app.new_key(json!({"max_budget": 0.003})).await;
    let body =
        json!({"model": "gpt", "max_tokens": 20, "messages": [{"role": "user", "content": "hello ".repeat(1000)}]});
    app.bearer(&key).post(CHAT, body).expect_status(200).await;
}

#[tokio::test]
async fn a_budget_resets_by_the_clock() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.new_key(json!({"max_budget": 0.00005, "budget_duration": "1h"})).await;
    let client = app.bearer(&key);
    let mut exact = small();
    exact["messages"] = json!([{"role": "user", "content": "a"}]);
    upstream.then(Behaviour::Answer);
    while client.post(CHAT, exact.clone()).send().await.status == 200 {}
    app.settled().await;
    let answer = client.post(CHAT, exact.clone()).expect_status(400).await;
    assert!(answer.error().2.contains("resets at 2026-11-21 13:00:00 UTC"), "{:?}", answer.error());
    app.advance(Duration::from_secs(3600));
    let info = app.get(&format!("/key/info?key={key}")).expect_status(200).await.value();
    assert_eq!(info["info"]["spend"], 0.0, "a new window starts empty");
}

#[tokio::test]
async fn a_failed_call_gives_its_money_back() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.new_key(json!({"max_budget": 0.0002})).await;
    for _ in 0..10 {
        upstream.then(Behaviour::Status(400, "{}".to_owned(), vec![]));
        app.bearer(&key).post(CHAT, small()).expect_status(400).await;
    }
    app.bearer(&key).post(CHAT, small()).expect_status(200).await;
    assert_eq!(app.settled().await.spend.0, 50_000);
}

#[tokio::test]
async fn the_refusals_status_is_a_setting() {
    let upstream = FakeUpstream::start();
    let yaml = format!(
        "litellm_settings:\n  budget_exceeded_status_code: 429\nmodel_list:\n{}",
        upstream.deployment("gpt", "one")
    );
    let app = TestApp::builder().config(&yaml).start().await;
    let key = app.new_key(json!({"max_budget": 0})).await;
    assert_eq!(app.bearer(&key).post(CHAT, ask("gpt")).expect_status(429).await.error().0, "budget_exceeded");
}

#[tokio::test]
async fn a_clock_that_is_set_back_starts_no_window_anew() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.new_key(json!({"max_budget": 0.00006, "budget_duration": "1h"})).await;
    let client = app.bearer(&key);
    client.post(CHAT, small()).expect_status(200).await;
    client.post(CHAT, small()).expect_status(400).await;
    app.advance(Duration::from_secs(3660));
    client.post(CHAT, small()).expect_status(200).await;
    app.app.clock.step(-chrono::TimeDelta::hours(1));
    client.post(CHAT, small()).expect_status(400).await;
    // Time goes on, at half its speed: the window that has begun is not over before an hour of it.
    app.advance(Duration::from_secs(3600));
    client.post(CHAT, small()).expect_status(400).await;
    app.advance(Duration::from_secs(3600));
    client.post(CHAT, small()).expect_status(200).await;
    assert_eq!(app.settled().await.spend.0, 150_000);
}
