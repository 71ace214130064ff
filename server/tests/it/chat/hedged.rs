//! Calls that take longer than usual, sent to a second deployment besides.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, TestApp, delta};

const SETTINGS: &str = "router_settings:\n  num_retries: 0\n  hedging: {models: [gpt], after: 0.1, max_percent: 100}\n";

/// A deployment that is asked first, one that is asked second, and `settings`.
async fn pair(settings: &str) -> (FakeUpstream, FakeUpstream, TestApp) {
    let (one, two) = (FakeUpstream::start(), FakeUpstream::start());
    let order = |entry: String, order: u32| entry.replace("api_key:", &format!("order: {order}\n      api_key:"));
    let models = [order(one.deployment("gpt", "one"), 1), order(two.deployment("gpt", "two"), 2)];
    let app = TestApp::builder().config(&format!("{settings}model_list:\n{}", models.concat())).start().await;
    (one, two, app)
}

async fn logs(app: &TestApp) -> Vec<Value> {
    app.settled().await;
    let mut rows = app.get("/spend/logs").expect_status(200).await.value().as_array().unwrap().clone();
    rows.sort_by_key(|row| row["metadata"]["hedge_of"].is_string());
    rows
}

#[tokio::test]
async fn a_fast_answer_needs_no_second_call() {
    let (one, two, app) = pair(SETTINGS).await;
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    assert_eq!((one.received().len(), two.received().len()), (1, 0));
    assert_eq!(logs(&app).await.len(), 1);
}

#[tokio::test]
async fn the_second_answer_wins_where_the_first_is_slow_and_both_are_booked() {
    let (one, two, app) = pair(SETTINGS).await;
    one.then(Behaviour::Hang);
    let answer = app.post(CHAT, ask("gpt")).expect_status(200).await;
    assert_eq!(answer.header("x-litellm-model-id"), "two");
    one.until_left_early().await;
    let rows = logs(&app).await;
    assert_eq!(rows.len(), 2);
    let (slow, fast) = (&rows[0], &rows[1]);
    assert_eq!((&slow["status"], &slow["model_id"]), (&json!("cancelled"), &json!("one")));
    assert_eq!(slow["metadata"]["error"], "another deployment answered first");
    assert!(slow["spend"].as_f64().unwrap() > 0.0, "its provider read the prompt");
    assert_eq!((&fast["status"], &fast["model_id"]), (&json!("success"), &json!("two")));
    assert_eq!(fast["metadata"]["hedge_of"], slow["request_id"]);
    assert_eq!(answer.header("x-litellm-call-id"), fast["request_id"]);
    assert_eq!(two.received().len(), 1);
}

#[tokio::test]
async fn the_first_answer_wins_where_it_comes_after_all() {
    let (one, two, app) = pair(SETTINGS).await;
    let go = Arc::new(Notify::new());
    one.then(Behaviour::HeldAnswer(Arc::clone(&go)));
    two.then(Behaviour::Hang);
    let call = tokio::spawn(app.post(CHAT, ask("gpt")).expect_status(200));
    two.until_called(1).await;
    go.notify_one();
    assert_eq!(call.await.unwrap().header("x-litellm-model-id"), "one");
    two.until_left_early().await;
    let rows = logs(&app).await;
    let states: Vec<_> = rows.iter().map(|row| row["status"].clone()).collect();
    assert_eq!(states, ["success", "cancelled"]);
}

#[tokio::test]
async fn a_failure_waits_for_the_other() {
    let (one, two, app) = pair(SETTINGS).await;
    let go = Arc::new(Notify::new());
    one.then(Behaviour::HeldAnswer(Arc::clone(&go)));
    two.then(Behaviour::Status(500, "{}".to_owned(), vec![]));
    let call = tokio::spawn(app.post(CHAT, ask("gpt")).expect_status(200));
    two.until_called(1).await;
    while app.running.gateway.in_flight.count() > 1 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    go.notify_one();
    assert_eq!(call.await.unwrap().header("x-litellm-model-id"), "one");
    let states: Vec<_> = logs(&app).await.iter().map(|row| row["status"].clone()).collect();
    assert_eq!(states, ["success", "failure"]);

    // Both fail: the client sees the first one's failure.
    let go = Arc::new(Notify::new());
    one.then(Behaviour::HeldError(Arc::clone(&go)));
    two.then(Behaviour::Status(500, "{}".to_owned(), vec![]));
    let call = tokio::spawn(app.post(CHAT, ask("gpt")).expect_status(503));
    two.until_called(2).await;
    go.notify_one();
    call.await.unwrap();
    app.settled().await;
}

#[tokio::test]
async fn streams_are_hedged_until_they_begin() {
    let (one, two, app) = pair(SETTINGS).await;
    one.then(Behaviour::Hang);
    let body = json!({"model": "gpt", "stream": true, "messages": [{"role": "user", "content": "hi"}]});
    let answer = app.post(CHAT, &body).expect_status(200).await;
    assert!(answer.header("x-litellm-model-id") == "two" && answer.body().contains(" there"), "{}", answer.body());
    // One that has begun is not given up.
    one.then(Behaviour::Stream(
        vec![delta("slow"), delta("ly"), crate::kit::DONE.to_owned()],
        Duration::from_millis(80),
    ));
    let answer = app.post(CHAT, &body).expect_status(200).await;
    assert_eq!(answer.header("x-litellm-model-id"), "one");
    assert_eq!(two.received().len(), 1);
    app.settled().await;
}

#[tokio::test]
async fn no_budget_is_overrun_for_it() {
    let (one, two, app) = pair(SETTINGS).await;
    // One call of 1,000 tokens at most fits, a second one besides does not.
    let key = app.new_key(json!({"max_budget": 0.003})).await;
    let go = Arc::new(Notify::new());
    one.then(Behaviour::HeldAnswer(Arc::clone(&go)));
    let body = json!({"model": "gpt", "max_tokens": 1000, "messages": [{"role": "user", "content": "hi"}]});
    let call = tokio::spawn(app.bearer(&key).post(CHAT, &body).expect_status(200));
    one.until_called(1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    go.notify_one();
    assert_eq!(call.await.unwrap().header("x-litellm-model-id"), "one");
    assert!(two.received().iter().all(|call| call.json()["max_tokens"].as_u64().unwrap() < 1000));
    app.settled().await;
}

#[tokio::test]
async fn only_some_calls_are_sent_twice() {
    let settings = SETTINGS.replace("max_percent: 100", "max_percent: 50");
    let (one, two, app) = pair(&settings).await;
    let go = Arc::new(Notify::new());
    one.then(Behaviour::HeldAnswer(Arc::clone(&go)));
    let call = tokio::spawn(app.post(CHAT, ask("gpt")).expect_status(200));
    one.until_called(1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(two.received().is_empty(), "half a call is saved up");
    go.notify_one();
    call.await.unwrap();
    one.then(Behaviour::Hang);
    assert_eq!(app.post(CHAT, ask("gpt")).expect_status(200).await.header("x-litellm-model-id"), "two");
    app.settled().await;
}
