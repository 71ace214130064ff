//! Spend that an administrator sets, and windows that change, on one of several nodes.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::chat::{CHAT, ask};
use crate::kit::{FakeUpstream, RedisServer, TestApp};

/// What a call costs, in US dollars.
const CALL: f64 = 0.00005;
/// Keys whose windows change at once.
const KEYS: usize = 12;
/// How often they do.
const CHANGES: usize = 40;

async fn two_nodes(upstream: &FakeUpstream, redis: &RedisServer) -> [TestApp; 2] {
    let first = TestApp::builder().upstream(upstream).redis(redis).start().await;
    let second = first.beside().await;
    [first, second]
}

fn small() -> Value {
    let mut body = ask("gpt");
    body["max_tokens"] = json!(20);
    body
}

async fn call(node: &TestApp, key: &str, status: u16) {
    node.bearer(key).post(CHAT, small()).expect_status(status).await;
}

async fn spend_all(node: &TestApp, key: &str) {
    while node.bearer(key).post(CHAT, small()).send().await.status == 200 {}
}

async fn spend_of(node: &TestApp, key: &str) -> Value {
    node.get(&format!("/key/info?key={key}")).expect_status(200).await.value()["info"]["spend"].clone()
}

async fn set_back(node: &TestApp, key: &str) {
    node.post(&format!("/key/{key}/reset_spend"), json!({"reset_to": 0})).expect_status(200).await;
}

async fn all_written(nodes: &[TestApp]) {
    for node in nodes {
        node.settled().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_node_counted_is_set_back_for_both() {
    let (upstream, redis) = (FakeUpstream::start(), RedisServer::start().await);
    let nodes = two_nodes(&upstream, &redis).await;
    let [first, second] = &nodes;
    let key = first.new_key(json!({"max_budget": 0.0002})).await;
    spend_all(second, &key).await;
    all_written(&nodes).await;
    // The first has not charged the key.
    set_back(first, &key).await;
    assert_eq!(spend_of(first, &key).await, 0.0);
    call(first, &key, 200).await;
    call(second, &key, 200).await;
    all_written(&nodes).await;
    for node in &nodes {
        node.followed().await;
        assert_eq!(spend_of(node, &key).await, json!(2.0 * CALL));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn setting_back_again_takes_no_more_than_was_spent_since() {
    let (upstream, redis) = (FakeUpstream::start(), RedisServer::start().await);
    let nodes = two_nodes(&upstream, &redis).await;
    let [first, second] = &nodes;
    for body in [json!({"max_budget": 1}), json!({})] {
        let key = first.new_key(body).await;
        for _ in 0..3 {
            call(first, &key, 200).await;
            call(second, &key, 200).await;
        }
        all_written(&nodes).await;
        set_back(first, &key).await;
        call(second, &key, 200).await;
        all_written(&nodes).await;
        assert_eq!(spend_of(second, &key).await, json!(CALL));
        set_back(second, &key).await;
        // The first counted three calls before, and heard of none since.
        set_back(first, &key).await;
        for node in &nodes {
            node.followed().await;
            assert_eq!(spend_of(node, &key).await, 0.0);
        }
        call(first, &key, 200).await;
        all_written(&nodes).await;
        for node in &nodes {
            assert_eq!(spend_of(node, &key).await, json!(CALL));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_set_back_shows_so_where_it_was_called_before() {
    let (upstream, redis) = (FakeUpstream::start(), RedisServer::start().await);
    let nodes = two_nodes(&upstream, &redis).await;
    let [first, second] = &nodes;
    for body in [json!({"max_budget": 1}), json!({})] {
        let key = first.new_key(body).await;
        call(second, &key, 200).await;
        all_written(&nodes).await;
        set_back(first, &key).await;
        assert_eq!(spend_of(second, &key).await, 0.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_team_spent_on_another_node_goes_along_into_a_new_window_and_back() {
    let (upstream, redis) = (FakeUpstream::start(), RedisServer::start().await);
    let nodes = two_nodes(&upstream, &redis).await;
    let [first, second] = &nodes;
    let team = json!({"team_id": "shop", "max_budget": 0.0002, "budget_duration": "30d"});
    first.post("/team/new", team).expect_status(200).await;
    let key = first.new_key(json!({"team_id": "shop"})).await;
    call(first, &key, 200).await;
    spend_all(second, &key).await;
    all_written(&nodes).await;
    let team_spend = async |node: &TestApp| {
        node.get("/team/info?team_id=shop").expect_status(200).await.value()["team_info"]["spend"].clone()
    };
    let spent = team_spend(second).await;
    for duration in ["7d", "30d"] {
        first.post("/team/update", json!({"team_id": "shop", "budget_duration": duration})).expect_status(200).await;
        for node in &nodes {
            node.followed().await;
            assert_eq!(team_spend(node).await, spent, "{duration}");
            call(node, &key, 400).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_keys_and_teams_are_set_back_on_all_nodes() {
    let (upstream, redis) = (FakeUpstream::start(), RedisServer::start().await);
    let nodes = two_nodes(&upstream, &redis).await;
    let [first, second] = &nodes;
    first.post("/team/new", json!({"team_id": "shop", "max_budget": 0.0002})).expect_status(200).await;
    let of_team = first.new_key(json!({"team_id": "shop"})).await;
    let own = first.new_key(json!({"max_budget": 0.0002})).await;
    for key in [&of_team, &own] {
        call(first, key, 200).await;
        spend_all(second, key).await;
    }
    all_written(&nodes).await;
    let answer = first.post("/global/spend/reset", json!({})).expect_status(200).await.value();
    assert_eq!((&answer["keys"], &answer["teams"]), (&json!(2), &json!(1)));
    for node in &nodes {
        node.followed().await;
        for key in [&of_team, &own] {
            assert_eq!(spend_of(node, key).await, 0.0);
        }
    }
    for node in &nodes {
        call(node, &of_team, 200).await;
        call(node, &own, 200).await;
    }
    all_written(&nodes).await;
    let again = second.post("/global/spend/reset", json!({})).expect_status(200).await.value();
    assert_eq!((&again["keys"], &again["teams"]), (&json!(2), &json!(1)));
    let none = second.post("/global/spend/reset", json!({})).expect_status(200).await.value();
    assert_eq!((&none["keys"], &none["teams"]), (&json!(0), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_another_node_has_settled_goes_along_into_a_new_window() {
    let (upstream, redis) = (FakeUpstream::start(), RedisServer::start().await);
    let nodes = two_nodes(&upstream, &redis).await;
    let [first, second] = &nodes;
    let key = first.new_key(json!({"max_budget": 0.001, "budget_duration": "1d"})).await;
    for duration in ["1mo", "7d", "1d", "30d", "1mo", "1d", "7d", "1mo"] {
        call(second, &key, 200).await;
        call(first, &key, 200).await;
        first.post("/key/update", json!({"key": key, "budget_duration": duration})).expect_status(200).await;
    }
    all_written(&nodes).await;
    for node in &nodes {
        node.followed().await;
        assert_eq!(spend_of(node, &key).await, json!(0.0008), "16 calls");
    }
    spend_all(first, &key).await;
    spend_all(second, &key).await;
    all_written(&nodes).await;
    let spent = spend_of(first, &key).await.as_f64().unwrap();
    assert!(spent > 0.001 - 2.0 * CALL && spent <= 0.001, "{spent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_of_many_keys_change_while_their_calls_are_booked() {
    let (upstream, redis) = (FakeUpstream::start(), RedisServer::start().await);
    let nodes = two_nodes(&upstream, &redis).await;
    let [first, _] = &nodes;
    let budget = |duration: &str| json!({"budget_id": "shared", "max_budget": 1, "budget_duration": duration});
    first.post("/budget/new", budget("30d")).expect_status(200).await;
    let mut keys = Vec::new();
    for _ in 0..KEYS {
        keys.push(first.new_key(json!({"budget_id": "shared"})).await);
    }
    let is_over = AtomicBool::new(false);
    let change = async {
        for duration in ["1d", "1mo", "7d"].iter().cycle().take(CHANGES) {
            first.post("/budget/update", budget(duration)).expect_status(200).await;
        }
        is_over.store(true, Ordering::Relaxed);
    };
    let spend = async {
        let mut calls = 0;
        while !is_over.load(Ordering::Relaxed) {
            for node in &nodes {
                join_all(keys.iter().map(|key| call(node, key, 200))).await;
                calls += 1;
            }
        }
        calls
    };
    let ((), calls) = tokio::join!(change, spend);
    all_written(&nodes).await;
    let spent = CALL * f64::from(calls);
    for node in &nodes {
        node.followed().await;
        for key in &keys {
            let shown = spend_of(node, key).await.as_f64().unwrap();
            assert!((shown - spent).abs() < CALL / 2.0, "{shown} instead of {spent}");
        }
    }
}
