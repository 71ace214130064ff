//! Streams: forwarded as they come, charged for what came.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};

use super::CHAT;
use crate::kit::{Behaviour, DONE, FakeUpstream, MASTER_KEY, TestApp, delta, event, usage};

fn ask() -> Value {
    json!({"model": "gpt", "stream": true, "messages": [{"role": "user", "content": "hi"}]})
}

async fn open(app: &TestApp) -> reqwest::Response {
    let request = reqwest::Client::new().post(format!("{}{CHAT}", app.base)).bearer_auth(MASTER_KEY);
    request.header("content-type", "application/json").body(ask().to_string()).send().await.unwrap()
}

async fn only_log(app: &TestApp) -> Value {
    app.get("/spend/logs").expect_status(200).await.value()[0].clone()
}

#[tokio::test]
async fn usage_is_asked_for_and_kept_from_clients_that_did_not_ask() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let answer = app.post(CHAT, ask()).expect_status(200).await;
    assert_eq!(answer.body(), format!("{}{}{DONE}", delta("Hello"), delta(" there")));
    assert!(answer.header("content-type").starts_with("text/event-stream"));
    assert!(upstream.received()[0].body.contains(r#""stream_options":{"include_usage":true}"#));
    let report = app.settled().await;
    assert_eq!(report.spend.0, 50_000);

    let mut body = ask();
    body["stream_options"] = json!({"include_usage": true});
    let answer = app.post(CHAT, body).expect_status(200).await;
    assert_eq!(answer.body(), format!("{}{}{}{DONE}", delta("Hello"), delta(" there"), usage(10, 20)));
    assert_eq!(only_log(&app).await["stream"], true);
}

#[tokio::test]
async fn events_arrive_as_they_are_sent() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    upstream.then(Behaviour::Stall(vec![delta("first")]));
    let mut chunks = open(&app).await.bytes_stream();
    let first = chunks.next().await.unwrap().unwrap();
    assert_eq!(first, delta("first"), "it came although the stream has not ended");
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed_its_call_cancelled_and_charged_for_what_came() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    upstream.then(Behaviour::Stall(vec![delta("hello"), delta(" world")]));
    let mut response = open(&app).await;
    let mut got = String::new();
    while !got.contains("world") {
        got.push_str(&String::from_utf8_lossy(&response.chunk().await.unwrap().unwrap()));
    }
    drop(response);
    upstream.until_left_early().await;
    let report = app.settled().await;
    let log = only_log(&app).await;
    assert_eq!((&log["status"], &log["completion_tokens"]), (&json!("cancelled"), &json!(2)));
    let prompt_tokens = log["prompt_tokens"].as_i64().unwrap();
    assert!(prompt_tokens > 3, "{log}");
    assert_eq!(report.spend.0, prompt_tokens * 1_000 + 2 * 2_000);
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_cancels_the_call_too() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    upstream.then(Behaviour::Hang);
    let call = tokio::spawn({
        let request = app.post(CHAT, json!({"model": "gpt", "messages": [{"role": "user", "content": "hi"}]}));
        async move { request.send().await }
    });
    while upstream.received().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    call.abort();
    upstream.until_left_early().await;
    app.settled().await;
    let log = only_log(&app).await;
    assert_eq!((&log["status"], &log["completion_tokens"]), (&json!("cancelled"), &json!(0)));
    assert!(log["spend"].as_f64().unwrap() > 0.0, "the provider has read the input");
}

#[tokio::test]
async fn real_usage_wins_over_counting_when_the_client_leaves_late() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    upstream.then(Behaviour::Stall(vec![delta("hello"), usage(10, 20)]));
    let mut response = open(&app).await;
    response.chunk().await.unwrap();
    // The usage chunk is kept from this client, so only the ledger can tell that it came.
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(response);
    upstream.until_left_early().await;
    assert_eq!(app.settled().await.spend.0, 50_000);
}

#[tokio::test]
async fn a_stream_that_breaks_off_says_so_and_is_charged_for_what_came() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    upstream.then(Behaviour::Truncate(vec![delta("hello"), delta(" world")]));
    let answer = app.post(CHAT, ask()).expect_status(200).await;
    let body = answer.body();
    assert!(body.starts_with(&format!("{}{}", delta("hello"), delta(" world"))), "{body}");
    assert!(body.contains(r#""type":"api_connection_error""#) && !body.contains("[DONE]"), "{body}");
    app.settled().await;
    let log = only_log(&app).await;
    assert_eq!((&log["status"], &log["completion_tokens"]), (&json!("failure"), &json!(2)));
}

#[tokio::test]
async fn a_silent_stream_is_given_up() {
    let upstream = FakeUpstream::start();
    let yaml = format!(
        "tollgate_settings:\n  stream_idle_timeout_seconds: 0.1\nmodel_list:\n{}",
        upstream.deployment("gpt", "one")
    );
    let app = TestApp::builder().config(&yaml).start().await;
    upstream.then(Behaviour::Stall(vec![delta("hello")]));
    let answer = app.post(CHAT, ask()).expect_status(200).await;
    assert!(answer.body().contains("broke off"), "{}", answer.body());
}

#[tokio::test]
async fn an_error_inside_a_stream_passes_and_is_booked_as_a_failure() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let error = event(&json!({"error": {"message": "overloaded", "type": "server_error"}}));
    upstream.then(Behaviour::Stream(vec![delta("x"), error.clone()], Duration::ZERO));
    assert!(app.post(CHAT, ask()).expect_status(200).await.body().ends_with(&error));
    app.settled().await;
    assert_eq!(only_log(&app).await["status"], "failure");
}

#[tokio::test]
async fn a_slow_trickle_is_forwarded_whole() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let whole = format!("{}{}{DONE}", delta("Hello"), usage(1, 1));
    let pieces = whole.as_bytes().chunks(7).map(|piece| String::from_utf8_lossy(piece).into_owned()).collect();
    upstream.then(Behaviour::Stream(pieces, Duration::from_millis(1)));
    let answer = app.post(CHAT, ask()).expect_status(200).await;
    assert_eq!(answer.body(), format!("{}{DONE}", delta("Hello")));
}
