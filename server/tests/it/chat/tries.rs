//! How often a call is tried, and how long.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, TestApp};

fn error(status: u16) -> Behaviour {
    Behaviour::Status(status, r#"{"error":{"message":"no"}}"#.to_owned(), vec![])
}

async fn alone(settings: &str) -> (FakeUpstream, TestApp) {
    let upstream = FakeUpstream::start();
    let yaml = format!("router_settings:\n{settings}\nmodel_list:\n{}", upstream.deployment("gpt", "one"));
    let app = TestApp::builder().config(&yaml).start().await;
    (upstream, app)
}

fn ask_with(members: Value) -> Value {
    let mut body = ask("gpt");
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn each_class_of_failure_has_a_number_of_its_own() {
    let settings = "  num_retries: 1\n  retry_policy: {RateLimitErrorRetries: 3, InternalServerErrorRetries: 0, \
                    BadRequestErrorRetries: 1}\n  model_group_retry_policy: {gpt: {NotFoundErrorRetries: 2}}";
    for (status, calls) in [(429, 4), (500, 1), (400, 2), (404, 3), (503, 2)] {
        let (upstream, app) = alone(settings).await;
        for _ in 0..calls {
            upstream.then(error(status));
        }
        let status_seen = app.post(CHAT, ask("gpt")).send().await.status;
        assert_eq!((status_seen, upstream.received().len()), (status, calls), "{status}");
        app.settled().await;
    }
}

#[tokio::test]
async fn a_request_and_its_headers_say_how_often() {
    let (upstream, app) = alone("  num_retries: 2").await;
    upstream.then(error(503)).then(error(503)).then(error(503)).then(error(503));
    app.post(CHAT, ask_with(json!({"num_retries": 0}))).expect_status(503).await;
    assert_eq!(upstream.received().len(), 1);
    let once = app.bearer(crate::kit::MASTER_KEY).with_header("x-litellm-num-retries", "1");
    let answer = once.post(CHAT, ask("gpt")).expect_status(503).await;
    assert_eq!((answer.header("x-litellm-attempted-retries"), upstream.received().len()), ("1", 3));
    assert!(upstream.received().iter().all(|call| call.json().get("num_retries").is_none()));
    let wrong = app.bearer(crate::kit::MASTER_KEY).with_header("x-litellm-num-retries", "many");
    let (_, param, message) = wrong.post(CHAT, ask("gpt")).expect_status(400).await.error();
    assert_eq!(param.as_deref(), Some("x-litellm-num-retries"), "{message}");
    app.settled().await;
}

#[tokio::test]
async fn a_deployment_may_say_it_itself() {
    let upstream = FakeUpstream::start();
    let entry = upstream.deployment("gpt", "one").replace("api_key:", "num_retries: 0\n      api_key:");
    let app = TestApp::builder().config(&format!("model_list:\n{entry}")).start().await;
    upstream.then(error(503)).then(error(503));
    app.post(CHAT, ask("gpt")).expect_status(503).await;
    assert_eq!(upstream.received().len(), 1);
    app.settled().await;
}

#[tokio::test]
async fn every_deployment_is_asked_where_nobody_says_how_often() {
    let upstreams: Vec<FakeUpstream> = (0..6).map(|_| FakeUpstream::start()).collect();
    let entries: String = upstreams.iter().enumerate().map(|(n, one)| one.deployment("gpt", &n.to_string())).collect();
    let app = TestApp::builder().config(&format!("model_list:\n{entries}")).start().await;
    for upstream in &upstreams[..5] {
        upstream.then(error(500)).then(error(500));
    }
    let answer = app.post(CHAT, ask("gpt")).expect_status(200).await;
    assert_eq!(answer.header("x-litellm-model-id"), "5");
    app.settled().await;
}

#[tokio::test]
async fn a_provider_that_wants_a_moment_gets_it() {
    let (upstream, app) = alone("").await;
    let wait = |seconds| Behaviour::Status(429, "{}".to_owned(), vec![("retry-after", seconds)]);
    upstream.then(wait("1"));
    let started = Instant::now();
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());
    // Whoever wants more than a moment is passed on.
    upstream.then(wait("60"));
    assert_eq!(app.post(CHAT, ask("gpt")).expect_status(429).await.header("retry-after"), "60");
    app.settled().await;
}

#[tokio::test]
async fn the_clients_time_holds_over_all_attempts() {
    let (one, two) = (FakeUpstream::start(), FakeUpstream::start());
    let yaml = format!("model_list:\n{}{}", one.deployment("gpt", "one"), two.deployment("gpt", "two"));
    let app = TestApp::builder().config(&yaml).start().await;
    one.then(Behaviour::Hang).then(Behaviour::Hang).then(Behaviour::Hang);
    two.then(Behaviour::Hang).then(Behaviour::Hang).then(Behaviour::Hang);
    app.post(CHAT, ask_with(json!({"timeout": 0.2}))).expect_status(504).await;
    app.post(CHAT, ask_with(json!({"stream": true, "stream_timeout": 0.2}))).expect_status(504).await;
    let hurried = app.bearer(crate::kit::MASTER_KEY).with_header("x-litellm-timeout", "0.2");
    hurried.post(CHAT, ask("gpt")).expect_status(504).await;
    assert_eq!(one.received().len() + two.received().len(), 3, "no time is left for another");
    app.settled().await;
}

#[tokio::test]
async fn a_slow_deployment_of_its_own_time_leaves_time_for_another() {
    let (slow, fast) = (FakeUpstream::start(), FakeUpstream::start());
    let slow_entry = slow.deployment("gpt", "slow").replace("api_key:", "timeout: 0.1\n      order: 1\n      api_key:");
    let fast_entry = fast.deployment("gpt", "fast").replace("api_key:", "order: 2\n      api_key:");
    let yaml = format!("router_settings:\n  timeout: 30\nmodel_list:\n{slow_entry}{fast_entry}");
    let app = TestApp::builder().config(&yaml).start().await;
    slow.then(Behaviour::Hang);
    assert_eq!(app.post(CHAT, ask("gpt")).expect_status(200).await.header("x-litellm-model-id"), "fast");
    app.settled().await;
}

#[tokio::test]
async fn the_time_of_a_stream_is_no_time_of_a_whole_answer() {
    let upstream = FakeUpstream::start();
    let entry = upstream.deployment("gpt", "one").replace("api_key:", "timeout: 30\n      api_key:");
    let app =
        TestApp::builder().config(&format!("router_settings: {{timeout: 0.2}}\nmodel_list:\n{entry}")).start().await;
    let go = std::sync::Arc::new(tokio::sync::Notify::new());
    upstream.then(Behaviour::HeldAnswer(std::sync::Arc::clone(&go)));
    let call = tokio::spawn(app.post(CHAT, ask_with(json!({"stream_timeout": 0.1}))).expect_status(200));
    upstream.until_called(1).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    go.notify_one();
    call.await.unwrap();
    app.settled().await;
}
