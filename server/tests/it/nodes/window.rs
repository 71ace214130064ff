//! A budget gets another window on one node while calls are in flight on another.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::Notify;

use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, DONE, FakeUpstream, RedisServer, TestApp, delta, usage};

/// `change` puts another window in the place of that of the budget of a key with `fields`.
async fn counts_in_the_new_window(
    with_redis: bool,
    fields: serde_json::Value,
    (path, mut change): (&str, serde_json::Value),
) {
    let (upstream, redis) = (FakeUpstream::start(), RedisServer::start().await);
    let builder = TestApp::builder().upstream(&upstream);
    let first = if with_redis { builder.redis(&redis) } else { builder }.start().await;
    let second = first.beside().await;
    let budget = json!({"budget_id": "shared", "max_budget": 1, "budget_duration": "1d"});
    first.post("/budget/new", budget).expect_status(200).await;
    let key = first.new_key(fields).await;
    let go_on = Arc::new(Notify::new());
    let rest = vec![usage(10, 20), DONE.to_owned()];
    upstream.then(Behaviour::Held(vec![delta("x")], rest, Arc::clone(&go_on)));
    let mut body = ask("gpt");
    body["stream"] = json!(true);
    let call = tokio::spawn({
        let call = second.bearer(&key).post(CHAT, body);
        async move { call.send().await }
    });
    upstream.until_called(1).await;
    if path == "/key/update" {
        change["key"] = json!(key);
    }
    first.post(path, change).expect_status(200).await;
    second.followed().await;
    go_on.notify_one();
    assert_eq!(call.await.unwrap().status, 200);
    second.settled().await;
    let info = first.get(&format!("/key/info?key={key}")).expect_status(200).await.value();
    assert_eq!(info["info"]["spend"], json!(0.00005), "{info}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_another_node_counts_in_the_window_that_took_the_place_of_its_own() {
    for with_redis in [false, true] {
        let of_key = json!({"max_budget": 1, "budget_duration": "1d"});
        let change = ("/key/update", json!({"budget_duration": "1mo"}));
        counts_in_the_new_window(with_redis, of_key, change).await;
        let of_budget = json!({"budget_id": "shared"});
        let change = ("/budget/update", json!({"budget_id": "shared", "budget_duration": "1mo"}));
        counts_in_the_new_window(with_redis, of_budget, change).await;
    }
}
