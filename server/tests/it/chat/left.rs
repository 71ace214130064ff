//! Clients that leave before their answer is over: who pays for what.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{CHAT, ask};
use crate::kit::{Behaviour, DONE, FakeUpstream, MASTER_KEY, TestApp, delta, event, usage};

/// A server with one model whose answers are read to their end, and these `tollgate_settings`.
async fn draining(upstream: &FakeUpstream, settings: &str) -> TestApp {
    let deployment = upstream.deployment("gpt", "one");
    let deployment = deployment.replace("      api_key:", "      on_client_disconnect: drain\n      api_key:");
    let yaml = format!("tollgate_settings: {{{settings}}}\nmodel_list:\n{deployment}");
    TestApp::builder().config(&yaml).start().await
}

/// Opens a stream, reads the first piece of its answer and leaves.
async fn leave_a_stream(app: &TestApp) {
    let mut asked = ask("gpt");
    asked["stream"] = json!(true);
    let request = reqwest::Client::new().post(format!("{}{CHAT}", app.base)).bearer_auth(MASTER_KEY);
    let request = request.header("content-type", "application/json").body(asked.to_string());
    let mut response = request.send().await.unwrap();
    response.chunk().await.unwrap().unwrap();
}

/// Waits until so many answers are read for nobody.
async fn until_drains(app: &TestApp, count: usize) {
    let reached = async {
        while app.running.gateway.drains.running() != count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), reached).await.expect("no such number of drains");
}

async fn only_log(app: &TestApp) -> Value {
    let logs = app.get("/spend/logs").expect_status(200).await.value();
    assert_eq!(logs.as_array().unwrap().len(), 1, "one call, booked once");
    logs[0].clone()
}

fn held(rest: Vec<String>) -> (Behaviour, Arc<Notify>) {
    let go = Arc::new(Notify::new());
    (Behaviour::Held(vec![delta("Hello")], rest, Arc::clone(&go)), go)
}

#[tokio::test]
async fn a_stream_that_is_billed_to_its_end_is_read_to_its_end() {
    let upstream = FakeUpstream::start();
    let app = draining(&upstream, "").await;
    let (behaviour, go) = held(vec![delta(" there"), usage(10, 20), DONE.to_owned()]);
    upstream.then(behaviour);
    leave_a_stream(&app).await;
    until_drains(&app, 1).await;
    assert_eq!(app.running.gateway.in_flight.count(), 1, "its reservation stays until it is over");
    go.notify_one();
    assert_eq!(app.settled().await.spend.0, 50_000);
    let log = only_log(&app).await;
    assert_eq!((&log["status"], &log["status_code"]), (&json!("cancelled"), &json!(499)));
    assert_eq!((&log["prompt_tokens"], &log["completion_tokens"]), (&json!(10), &json!(20)));
    assert_eq!(log["metadata"]["client_disconnect"], "drained");
    assert_eq!(upstream.left_early(), 0);
    until_drains(&app, 0).await;
}

#[tokio::test]
async fn an_explicit_zero_is_zero() {
    let upstream = FakeUpstream::start();
    let app = draining(&upstream, "").await;
    let (behaviour, go) = held(vec![delta(" there"), usage(0, 0), DONE.to_owned()]);
    upstream.then(behaviour);
    leave_a_stream(&app).await;
    until_drains(&app, 1).await;
    go.notify_one();
    assert_eq!(app.settled().await.spend.0, 0);
    assert_eq!(only_log(&app).await["completion_tokens"], 0);
}

#[tokio::test]
async fn a_provider_that_tells_no_usage_or_breaks_off_is_paid_for_what_came() {
    let error = event(&json!({"error": {"message": "overloaded", "type": "server_error"}}));
    for rest in [vec![delta(" there"), DONE.to_owned()], vec![delta(" there")], vec![delta(" there"), error]] {
        let upstream = FakeUpstream::start();
        let app = draining(&upstream, "").await;
        let (behaviour, go) = held(rest);
        upstream.then(behaviour);
        leave_a_stream(&app).await;
        until_drains(&app, 1).await;
        go.notify_one();
        let spend = app.settled().await.spend.0;
        let log = only_log(&app).await;
        assert_eq!((&log["status"], &log["completion_tokens"]), (&json!("cancelled"), &json!(2)));
        assert_eq!(spend, log["prompt_tokens"].as_i64().unwrap() * 1_000 + 2 * 2_000);
    }
}

#[tokio::test]
async fn a_whole_answer_is_waited_for_too() {
    let upstream = FakeUpstream::start();
    let app = draining(&upstream, "").await;
    let go = Arc::new(Notify::new());
    upstream.then(Behaviour::HeldAnswer(Arc::clone(&go)));
    let request = app.post(CHAT, ask("gpt"));
    let call = tokio::spawn(async move { request.send().await });
    upstream.until_called(1).await;
    call.abort();
    until_drains(&app, 1).await;
    go.notify_one();
    assert_eq!(app.settled().await.spend.0, 50_000);
    assert_eq!(only_log(&app).await["status"], "cancelled");
    assert_eq!(upstream.left_early(), 0);
}

#[tokio::test]
async fn above_the_number_of_drains_the_call_is_cancelled_and_charged_for_what_came() {
    let upstream = FakeUpstream::start();
    let app = draining(&upstream, "disconnect_drains_max: 1").await;
    let (behaviour, go) = held(vec![usage(10, 20), DONE.to_owned()]);
    upstream.then(behaviour).then(Behaviour::Stall(vec![delta("Hello")]));
    leave_a_stream(&app).await;
    until_drains(&app, 1).await;
    leave_a_stream(&app).await;
    upstream.until_left_early().await;
    assert_eq!(app.running.gateway.drains.running(), 1);
    go.notify_one();
    app.settled().await;
    let logs = app.get("/spend/logs").expect_status(200).await.value();
    let mut tokens: Vec<_> = logs.as_array().unwrap().iter().map(|log| log["completion_tokens"].clone()).collect();
    tokens.sort_by_key(|tokens| tokens.as_u64());
    assert_eq!(tokens, [1, 20]);
}

#[tokio::test]
async fn a_drain_that_takes_too_long_is_cancelled_and_charged_for_what_came() {
    let upstream = FakeUpstream::start();
    let app = draining(&upstream, "disconnect_drain_timeout_seconds: 0.1").await;
    upstream.then(Behaviour::Stall(vec![delta("Hello")])).then(Behaviour::Hang);
    leave_a_stream(&app).await;
    upstream.until_left_early().await;
    app.settled().await;
    let log = only_log(&app).await;
    assert_eq!((&log["status"], &log["completion_tokens"]), (&json!("cancelled"), &json!(1)));
    assert_eq!(log["metadata"]["client_disconnect"], "drained until the time limit");
    until_drains(&app, 0).await;
}

#[tokio::test]
async fn a_provider_that_fails_after_the_client_left_costs_nothing() {
    let upstream = FakeUpstream::start();
    let app = draining(&upstream, "").await;
    let go = Arc::new(Notify::new());
    upstream.then(Behaviour::HeldError(Arc::clone(&go)));
    let request = app.post(CHAT, ask("gpt"));
    let call = tokio::spawn(async move { request.send().await });
    upstream.until_called(1).await;
    call.abort();
    until_drains(&app, 1).await;
    go.notify_one();
    assert_eq!(app.settled().await.spend.0, 0);
    assert_eq!(only_log(&app).await["metadata"]["attempts"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn shutting_down_waits_for_drains() {
    let upstream = FakeUpstream::start();
    let app = draining(&upstream, "").await;
    let (behaviour, go) = held(vec![usage(10, 20), DONE.to_owned()]);
    upstream.then(behaviour);
    leave_a_stream(&app).await;
    until_drains(&app, 1).await;
    let gateway = Arc::clone(&app.running.gateway);
    let go_on = async move {
        while !gateway.in_flight.is_draining() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        go.notify_one();
    };
    let (home, ()) = futures_util::join!(app.stop(), go_on);
    let app = home.start().await;
    assert_eq!(app.settled().await.spend.0, 50_000);
    assert_eq!(only_log(&app).await["metadata"]["client_disconnect"], "drained");
}
