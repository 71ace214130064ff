//! Calls that come while the same call is on its way.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{CHAT, ask, log, start, streamed, was_hit};
use crate::kit::{Answer, Behaviour, Client, DONE, FakeUpstream, TestApp, delta, usage};

fn spawn(client: &Client, body: &Value) -> tokio::task::JoinHandle<Answer> {
    let call = client.post(CHAT, body);
    tokio::spawn(async move { call.send().await })
}

/// Waits until so many calls are in flight.
async fn until_in_flight(app: &TestApp, calls: u64) {
    while app.running.gateway.in_flight.count() < calls {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_hundred_at_once_are_bought_once() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    let go = Arc::new(Notify::new());
    upstream.then(Behaviour::HeldAnswer(Arc::clone(&go)));
    let calls: Vec<_> = (0..100).map(|_| spawn(&app, &ask("Why?"))).collect();
    until_in_flight(&app, 100).await;
    go.notify_one();
    let mut hits = 0;
    for call in calls {
        let answer = call.await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        hits += u32::from(was_hit(&answer));
    }
    assert_eq!((hits, upstream.received().len()), (99, 1));
    let paid = log(&app).await.iter().filter(|call| call["spend"] != json!(0.0)).count();
    assert_eq!(paid, 1);
}

#[tokio::test]
async fn streams_wait_for_the_one_that_is_on_its_way() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    let go = Arc::new(Notify::new());
    let rest = vec![delta(" there"), usage(10, 20), DONE.to_owned()];
    upstream.then(Behaviour::Held(vec![delta("Hello")], rest, Arc::clone(&go)));
    let calls: Vec<_> = (0..10).map(|_| spawn(&app, &streamed("Hi"))).collect();
    until_in_flight(&app, 10).await;
    go.notify_one();
    let mut bodies = Vec::new();
    for call in calls {
        bodies.push(call.await.unwrap().body().to_owned());
    }
    bodies.dedup();
    assert_eq!((bodies.len(), upstream.received().len()), (1, 1));
    app.settled().await;
}

#[tokio::test]
async fn where_the_first_fails_another_takes_over() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    let go = Arc::new(Notify::new());
    let refused = json!({"error": {"message": "no", "type": "invalid_request_error"}}).to_string();
    upstream.then(Behaviour::HeldAnswer(Arc::clone(&go)));
    let first = spawn(&app, &ask("Why?"));
    upstream.until_called(1).await;
    let others: Vec<_> = (0..5).map(|_| spawn(&app, &ask("Why?"))).collect();
    until_in_flight(&app, 6).await;
    // Its client leaves.
    first.abort();
    upstream.until_called(2).await;
    for other in others {
        assert_eq!(other.await.unwrap().status, 200);
    }
    assert_eq!(upstream.received().len(), 2);
    // What fails for the first and for the second is asked by all others for themselves.
    for _ in 0..6 {
        upstream.then(Behaviour::Status(400, refused.clone(), Vec::new()));
    }
    let calls: Vec<_> = (0..6).map(|_| spawn(&app, &ask("How?"))).collect();
    for call in calls {
        assert_eq!(call.await.unwrap().status, 400);
    }
    app.settled().await;
}

#[tokio::test]
async fn nobody_waits_longer_than_is_set() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local\nwait_timeout_seconds: 0.05").await;
    upstream.then(Behaviour::Hang);
    let stuck = spawn(&app, &ask("Why?"));
    upstream.until_called(1).await;
    assert!(!was_hit(&app.post(CHAT, ask("Why?")).expect_status(200).await));
    stuck.abort();
    upstream.until_left_early().await;
    app.settled().await;
}

#[tokio::test]
async fn nobody_waits_for_another_tenants_call() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    let go = Arc::new(Notify::new());
    upstream.then(Behaviour::HeldAnswer(Arc::clone(&go)));
    let (one, other) = (app.new_key(json!({})).await, app.new_key(json!({})).await);
    let first = spawn(&app.bearer(&one), &ask("Why?"));
    upstream.until_called(1).await;
    assert!(!was_hit(&app.bearer(&other).post(CHAT, ask("Why?")).expect_status(200).await));
    go.notify_one();
    assert_eq!(first.await.unwrap().status, 200);
    assert_eq!(upstream.received().len(), 2);
}
