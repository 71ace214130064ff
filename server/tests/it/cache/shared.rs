//! Answers in Redis, which nodes share.

use std::time::Duration;

use serde_json::json;

use super::{CHAT, ask, config, is_hit, was_hit};
use crate::kit::{FakeUpstream, RedisServer, TestApp};

async fn start(upstream: &FakeUpstream, redis: &RedisServer) -> TestApp {
    TestApp::builder().config(&config(upstream, "ttl: 60")).redis(redis).start().await
}

/// Makes the call until its answer comes from the cache, where it arrives after the client has its answer.
async fn until_hit(app: &TestApp, question: &str) {
    let found = async {
        while !is_hit(app, &ask(question)).await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), found).await.expect("nothing is kept");
}

#[tokio::test]
async fn what_one_node_keeps_the_others_give() {
    let (upstream, redis) = (FakeUpstream::start(), RedisServer::start().await);
    let one = start(&upstream, &redis).await;
    let other = one.beside().await;
    let first = one.post(CHAT, ask("Why?")).expect_status(200).await;
    until_hit(&one, "Why?").await;
    let again = other.post(CHAT, ask("Why?")).expect_status(200).await;
    assert!(was_hit(&again));
    assert_eq!(again.body(), first.body());
    let called = upstream.received().len();
    one.advance(Duration::from_secs(61));
    assert!(!is_hit(&other, &ask("Why?")).await, "its time is over");
    assert_eq!(upstream.received().len(), called + 1);
    one.settled().await;
    other.settled().await;
}

#[tokio::test]
async fn without_redis_answers_are_bought() {
    let (upstream, mut redis) = (FakeUpstream::start(), RedisServer::start().await);
    let app = start(&upstream, &redis).await;
    until_hit(&app, "Why?").await;
    redis.stop();
    for _ in 0..20 {
        assert!(!is_hit(&app, &ask("Why?")).await);
    }
    let ping = app.get("/cache/ping").expect_status(503).await;
    assert!(ping.body().contains("Redis is away"), "{ping:?}");
    redis.start_again().await;
    // After it was found to be away, nobody asks for a moment.
    app.advance(Duration::from_secs(2));
    until_hit(&app, "Why?").await;
    app.settled().await;
}

#[tokio::test]
async fn only_what_is_cached_is_flushed() {
    let (upstream, redis) = (FakeUpstream::start(), RedisServer::start().await);
    let app = start(&upstream, &redis).await;
    redis.run(redis::cmd("SET").arg("somebody").arg("else's")).await;
    until_hit(&app, "Why?").await;
    until_hit(&app, "How?").await;
    let key = app.post(CHAT, ask("Why?")).expect_status(200).await.header("x-litellm-cache-key").to_owned();
    app.post("/cache/delete", json!({"keys": [key]})).expect_status(200).await;
    assert!(is_hit(&app, &ask("How?")).await);
    assert!(!is_hit(&app, &ask("Why?")).await);
    app.post("/cache/flushall", json!({})).expect_status(200).await;
    assert!(!is_hit(&app, &ask("How?")).await);
    let mut connection = redis.client().get_multiplexed_async_connection().await.unwrap();
    let kept: String = redis::cmd("GET").arg("somebody").query_async(&mut connection).await.unwrap();
    assert_eq!(kept, "else's");
    app.settled().await;
}
