//! Models with a wildcard in their names.

use serde_json::json;

use super::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, TestApp};

/// A deployment of this name and provider's model.
fn entry(upstream: &FakeUpstream, name: &str, model: &str, id: &str) -> String {
    upstream.deployment_of(&format!("'{model}'"), &format!("'{name}'"), id)
}

async fn app(settings: &str, entries: &[String]) -> TestApp {
    TestApp::builder().config(&format!("{settings}model_list:\n{}", entries.concat())).start().await
}

#[tokio::test]
async fn any_name_that_fits_is_served_by_the_most_specific_entry() {
    let upstream = FakeUpstream::start();
    let entries = [
        entry(&upstream, "openai/*", "openai/*", "all"),
        entry(&upstream, "openai/gpt-4o*", "openai/gpt-4o*", "gpt-4o"),
        entry(&upstream, "openai/o1", "openai/o1-pro", "o1"),
        entry(&upstream, "fast-*", "groq/*-instant", "fast"),
    ];
    let app = app("", &entries).await;
    for (asked, id, sent) in [
        ("openai/gpt-3.5-turbo", "all/openai/gpt-3.5-turbo", "gpt-3.5-turbo"),
        ("openai/gpt-4o-mini", "gpt-4o/openai/gpt-4o-mini", "gpt-4o-mini"),
        ("openai/o1", "o1", "o1-pro"),
        ("fast-llama", "fast/fast-llama", "llama-instant"),
    ] {
        for _ in 0..2 {
            let answer = app.post(CHAT, ask(asked)).expect_status(200).await;
            assert_eq!(answer.header("x-litellm-model-id"), id);
            assert_eq!(upstream.received().last().unwrap().json()["model"], sent);
        }
    }
    app.post(CHAT, ask("anthropic/claude")).expect_status(400).await;
    app.post(CHAT, ask("openai/*")).expect_status(400).await;
    assert_eq!(app.settled().await.spend.0, 8 * 50_000);
    let log = app.get("/spend/logs").expect_status(200).await.value();
    assert!(
        log.as_array().unwrap().iter().any(|row| row["model_group"] == "fast-llama" && row["model"] == "llama-instant")
    );
}

#[tokio::test]
async fn keys_use_the_names_that_they_may() {
    let upstream = FakeUpstream::start();
    let app = app("", &[entry(&upstream, "openai/*", "openai/*", "all")]).await;
    let key = app.new_key(json!({"models": ["openai/gpt-4o*"]})).await;
    app.bearer(&key).post(CHAT, ask("openai/gpt-4o-mini")).expect_status(200).await;
    app.bearer(&key).post(CHAT, ask("openai/o1")).expect_status(403).await;
    let listed = |client: crate::kit::Client, path: &'static str| async move {
        let value = client.get(path).expect_status(200).await.value();
        value["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let names = listed(app.bearer(&key), "/v1/models").await;
    assert!(names.contains(&"openai/gpt-4o".to_owned()) && names.iter().all(|name| name.starts_with("openai/gpt-4o")));
    let all = listed(app.nobody().with_key(crate::kit::MASTER_KEY), "/v1/models?return_wildcard_routes=true").await;
    assert!(all.contains(&"openai/*".to_owned()) && all.contains(&"openai/o1".to_owned()));
    app.settled().await;
}

#[tokio::test]
async fn limits_prices_fallbacks_and_siblings_hold_for_them_too() {
    let (one, two) = (FakeUpstream::start(), FakeUpstream::start());
    let order = |entry: String, order: u32| entry.replace("api_key:", &format!("order: {order}\n      api_key:"));
    let entries = [
        order(entry(&one, "openai/*", "openai/*", "one"), 1),
        order(entry(&two, "openai/*", "openai/*", "two"), 2),
        entry(&two, "gpt", "openai/gpt", "gpt"),
    ];
    let settings = "router_settings:\n  fallbacks: [{gpt: [openai/o1]}]\n";
    let app = app(settings, &entries).await;
    one.then(Behaviour::Status(500, "{}".to_owned(), vec![]));
    let answer = app.post(CHAT, ask("openai/gpt-4o")).expect_status(200).await;
    assert_eq!(answer.header("x-litellm-model-id"), "two/openai/gpt-4o", "the sibling");
    two.then(Behaviour::Status(400, r#"{"error":{"message":"no"}}"#.to_owned(), vec![]));
    let answer = app.post(CHAT, ask("gpt")).expect_status(200).await;
    assert_eq!(answer.header("x-litellm-model-id"), "one/openai/o1");
    let key = app.new_key(json!({"model_max_budget": {"openai/o3": {"max_budget": 0.0}}})).await;
    app.bearer(&key).post(CHAT, ask("openai/o3")).expect_status(400).await;
    app.bearer(&key).post(CHAT, ask("openai/o1")).expect_status(200).await;
    app.settled().await;
}

#[tokio::test]
async fn a_flood_of_names_takes_no_more_than_its_bound() {
    let upstream = FakeUpstream::start();
    let app = app("", &[entry(&upstream, "any/*", "openai/*", "all")]).await;
    for number in 0..600 {
        let model = format!("any/{number}");
        assert!(app.running.gateway.router.callable(&model).is_ok());
    }
    assert!(app.running.gateway.router.deployments().len() <= 501);
    app.post(CHAT, ask("any/7")).expect_status(200).await;
    app.settled().await;
}
