//! Several nodes on one database and one Redis.

mod correction;
mod window;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tollgate::policy::{Bulletin, Channel};
use tollgate_openapi::health::Readiness;

use crate::chat::{CHAT, ask};
use crate::kit::{FakeUpstream, RedisServer, TestApp};

const PATIENCE: Duration = Duration::from_secs(20);

async fn three_nodes(upstream: &FakeUpstream, redis: &RedisServer) -> [TestApp; 3] {
    let first = TestApp::builder().upstream(upstream).redis(redis).start().await;
    let others = [first.beside().await, first.beside().await];
    let [second, third] = others;
    [first, second, third]
}

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_together_spend_no_more_than_a_budget() {
    let (upstream, redis) = (FakeUpstream::start(), RedisServer::start().await);
    let nodes = three_nodes(&upstream, &redis).await;
    // A call reserves 20 output tokens and its prompt, and costs 0.00005.
    let key = nodes[0].new_key(json!({"max_budget": 0.002})).await;
    let mut body = ask("gpt");
    body["max_tokens"] = json!(20);
    let clients: Vec<_> = nodes.iter().map(|node| node.bearer(&key)).collect();
    let answers = join_all((0..300).map(|call: usize| clients[call % 3].post(CHAT, &body).send())).await;
    let served = answers.iter().filter(|answer| answer.status == 200).count();
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 400)), "{answers:?}");
    let mut report = None;
    for node in &nodes {
        report = Some(node.settled().await);
    }
    let spend = report.unwrap().spend.0;
    assert_eq!(spend, i64::try_from(served).unwrap() * 50_000);
    assert!(spend <= 2_000_000 && spend > 2_000_000 - 100_000, "{spend}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_by_the_minute_is_one_for_all_nodes() {
    let (upstream, redis) = (FakeUpstream::start(), RedisServer::start().await);
    let nodes = three_nodes(&upstream, &redis).await;
    let key = nodes[0].new_key(json!({"rpm_limit": 5})).await;
    let clients: Vec<_> = nodes.iter().map(|node| node.bearer(&key)).collect();
    for call in 0..5 {
        let answer = clients[call % 3].post(CHAT, ask("gpt")).expect_status(200).await;
        assert_eq!(answer.header("x-ratelimit-remaining-requests"), (4 - call).to_string());
    }
    let answer = clients[2].post(CHAT, ask("gpt")).expect_status(429).await;
    assert!(!answer.header("retry-after").is_empty());
    nodes[0].advance(Duration::from_secs(63));
    clients[1].post(CHAT, ask("gpt")).expect_status(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_on_one_node_is_in_force_on_the_others_at_once() {
    let (upstream, redis) = (FakeUpstream::start(), RedisServer::start().await);
    let nodes = three_nodes(&upstream, &redis).await;
    let key = nodes[0].new_key(json!({})).await;
    let other = nodes[2].bearer(&key);
    other.post(CHAT, ask("gpt")).expect_status(200).await;
    nodes[1].post("/key/block", json!({"key": key})).expect_status(200).await;
    let is_refused = async { while other.post(CHAT, ask("gpt")).send().await.status != 401 {} };
    tokio::time::timeout(PATIENCE, is_refused).await.expect("the block arrives");
}

#[tokio::test]
async fn a_change_is_announced_to_other_nodes() {
    let mut redis = RedisServer::start().await;
    let bulletin = || {
        let channel = Channel { client: redis.client(), name: "changes".to_owned(), timeout: PATIENCE };
        Arc::new(Bulletin::new(Some(channel)))
    };
    let (one, other) = (bulletin(), bulletin());
    for bulletin in [&one, &other] {
        let bulletin = Arc::clone(bulletin);
        tokio::spawn(async move { bulletin.run(CancellationToken::new()).await });
    }
    let heard = async || tokio::time::timeout(PATIENCE, other.heard()).await.expect("the announcement arrives");
    // Each node looks once when it begins to listen.
    heard().await;
    one.post();
    heard().await;
    redis.stop();
    redis.start_again().await;
    heard().await;
    one.post();
    heard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_a_node_says_so_and_goes_on() {
    let (upstream, mut redis) = (FakeUpstream::start(), RedisServer::start().await);
    let node = TestApp::builder().upstream(&upstream).redis(&redis).start().await;
    let counted = async || node.get("/health/readiness").expect_status(200).await.json::<Readiness>().counters;
    assert_eq!(counted().await, "shared");
    let key = node.new_key(json!({"max_budget": 1})).await;
    node.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
    redis.stop();
    node.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
    assert_eq!(counted().await, "degraded");
    redis.start_again().await;
    while counted().await != "shared" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    node.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
    assert_eq!(node.settled().await.calls, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_with_budgets_wait_for_redis_where_that_was_chosen() {
    let (upstream, mut redis) = (FakeUpstream::start(), RedisServer::start().await);
    let config =
        format!("model_list:\n{}tollgate_settings: {{on_counter_outage: deny}}\n", upstream.deployment("gpt", "one"));
    let node = TestApp::builder().config(&config).redis(&redis).start().await;
    let key = node.new_key(json!({"max_budget": 1})).await;
    redis.stop();
    let answer = node.bearer(&key).post(CHAT, ask("gpt")).expect_status(503).await;
    assert_eq!(answer.header("retry-after"), "1");
    assert!(answer.error().2.contains("counters of budgets are away"), "{}", answer.body());
    let problems = node.get("/health/readiness").expect_status(503).await.json::<Readiness>().problems;
    assert_eq!(problems, ["Redis is away: calls with budgets are refused."]);
    let free = node.new_key(json!({})).await;
    node.bearer(&free).post(CHAT, ask("gpt")).expect_status(200).await;
}
