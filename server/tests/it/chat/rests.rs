//! Deployments that rest: on the node that found them failing, and on the others.

use std::time::Duration;

use serde_json::{Value, json};

use super::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, RedisServer, TestApp};

const PATIENCE: Duration = Duration::from_secs(10);

fn refusal(headers: Vec<(&'static str, &'static str)>) -> Behaviour {
    Behaviour::Status(429, json!({"error": {"message": "slow down"}}).to_string(), headers)
}

/// `one` goes first, and `two` stands in.
fn config(one: &FakeUpstream, two: &FakeUpstream) -> String {
    let first = one.deployment("gpt", "one").replace("    model_info:", "      order: 1\n    model_info:");
    let second = two.deployment("gpt", "two").replace("    model_info:", "      order: 2\n    model_info:");
    format!("model_list:\n{first}{second}")
}

async fn state(node: &TestApp) -> Value {
    let models = node.get("/v1/model/info?litellm_model_id=one").expect_status(200).await.value();
    models["data"][0]["state"].clone()
}

async fn until_it_rests(node: &TestApp) -> Value {
    let rests = async {
        loop {
            let state = state(node).await;
            if state["status"] == "cooling_down" {
                return state;
            }
        }
    };
    tokio::time::timeout(PATIENCE, rests).await.expect("the rest arrives")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rests_on_one_node_rests_on_all() {
    let (one, two, redis) = (FakeUpstream::start(), FakeUpstream::start(), RedisServer::start().await);
    let first = TestApp::builder().config(&config(&one, &two)).redis(&redis).start().await;
    let other = first.beside().await;
    // Both are connected when something one tells arrives at the other.
    one.then(refusal(vec![("retry-after", "40")]));
    first.post(CHAT, ask("gpt")).expect_status(200).await;
    let told = until_it_rests(&other).await;
    assert_eq!(told["cooldown_until"], state(&first).await["cooldown_until"], "as long as the provider wants");
    assert!(told["reason"].as_str().unwrap().contains("429"), "{told}");
    let calls = one.received().len();
    for _ in 0..5 {
        other.post(CHAT, ask("gpt")).expect_status(200).await;
    }
    assert_eq!(one.received().len(), calls, "the other node leaves it alone");
    // A node that starts now knows it, too.
    let late = first.beside().await;
    until_it_rests(&late).await;
    first.advance(Duration::from_secs(41));
    for node in [&first, &other, &late] {
        assert_eq!(state(node).await["status"], "available");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rest_is_told_when_redis_is_back() {
    let (one, two, mut redis) = (FakeUpstream::start(), FakeUpstream::start(), RedisServer::start().await);
    let first = TestApp::builder().config(&config(&one, &two)).redis(&redis).start().await;
    let other = first.beside().await;
    redis.stop();
    one.then(refusal(vec![("retry-after", "40")]));
    first.post(CHAT, ask("gpt")).expect_status(200).await;
    assert_eq!(state(&first).await["status"], "cooling_down");
    assert_eq!(state(&other).await["status"], "available", "nobody can tell it");
    redis.start_again().await;
    until_it_rests(&other).await;
}

#[tokio::test]
async fn no_rest_is_longer_than_an_hour() {
    let (one, two) = (FakeUpstream::start(), FakeUpstream::start());
    let app = TestApp::builder().config(&config(&one, &two)).start().await;
    one.then(refusal(vec![("retry-after", "999999")]));
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    assert_eq!(state(&app).await["status"], "cooling_down");
    app.advance(Duration::from_secs(3601));
    assert_eq!(state(&app).await["status"], "available");
}
