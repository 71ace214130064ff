//! What calls, and the configuration, say of the cache.

use std::time::Duration;

use serde_json::{Value, json};

use super::{CHAT, ask, is_hit, start};
use crate::kit::FakeUpstream;

fn with_cache(question: &str, cache: Value) -> Value {
    let mut body = ask(question);
    body["cache"] = cache;
    body
}

#[tokio::test]
async fn an_answer_is_kept_for_its_time() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local\nttl: 60").await;
    assert!(!is_hit(&app, &ask("Why?")).await);
    assert!(!is_hit(&app, &with_cache("How?", json!({"ttl": 300}))).await);
    app.advance(Duration::from_secs(59));
    assert!(is_hit(&app, &ask("Why?")).await);
    app.advance(Duration::from_secs(2));
    assert!(!is_hit(&app, &ask("Why?")).await);
    assert!(is_hit(&app, &ask("How?")).await);
    app.advance(Duration::from_secs(240));
    assert!(!is_hit(&app, &ask("How?")).await);
}

#[tokio::test]
async fn a_call_says_what_it_wants_of_the_cache() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    let body = |cache: Value| with_cache("Why?", cache);
    assert!(!is_hit(&app, &body(json!({"no-store": true}))).await);
    assert!(!is_hit(&app, &ask("Why?")).await, "it was not kept");
    assert!(is_hit(&app, &body(json!({"no-store": true}))).await);
    assert!(!is_hit(&app, &body(json!({"no-cache": true}))).await);
    app.advance(Duration::from_secs(30));
    assert!(is_hit(&app, &body(json!({"s-maxage": 30}))).await, "the one that was fetched anew is 30 s old");
    assert!(!is_hit(&app, &body(json!({"max-age": 29}))).await);
    assert!(!is_hit(&app, &body(json!({"namespace": "other"}))).await);
    assert!(is_hit(&app, &body(json!({"namespace": "other"}))).await);
    assert!(is_hit(&app, &ask("Why?")).await);
    let header = |value: &str| (*app).clone().with_header("cache-control", value);
    assert!(!is_hit(&header("no-cache"), &ask("Why?")).await);
    assert!(is_hit(&header("no-store"), &ask("Why?")).await);
    assert!(!is_hit(&header("no-store"), &ask("What?")).await);
    assert!(!is_hit(&app, &ask("What?")).await);
    let mut off = ask("Why?");
    off["caching"] = json!(false);
    assert!(!is_hit(&app, &off).await);
    for received in upstream.received() {
        let sent = received.json();
        assert!(sent.get("cache").is_none() && sent.get("caching").is_none(), "{sent}");
    }
}

#[tokio::test]
async fn no_provider_is_sent_what_is_said_to_the_cache() {
    let upstream = FakeUpstream::start();
    let yaml = format!("model_list:\n{}", upstream.deployment_of("anthropic/claude", "gpt", "one"));
    let app = crate::kit::TestApp::builder().config(&yaml).start().await;
    let body =
        json!({"model": "gpt", "max_tokens": 9, "cache": {"ttl": 5}, "messages": [{"role": "user", "content": "x"}]});
    app.post("/v1/messages", &body).send().await;
    app.post(CHAT, &body).send().await;
    for received in upstream.received() {
        assert!(received.json().get("cache").is_none(), "{}", received.body);
    }
    assert!(!upstream.received().is_empty());
}

#[tokio::test]
async fn a_control_that_is_wrong_is_refused_by_name() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    for (cache, message) in [
        (json!({"ttl": "soon"}), "Invalid 'cache.ttl': expected seconds from 0 to 31622400."),
        (json!({"no_cache": true}), "Invalid 'cache': there is no 'no_cache'."),
        (json!(true), "Invalid 'cache': expected an object"),
    ] {
        let refused = app.post(CHAT, with_cache("Why?", cache)).expect_status(400).await;
        let (_, param, text) = refused.error();
        assert!(param.as_deref() == Some("cache") && text.contains(message), "{text}");
    }
    assert!(upstream.received().is_empty());
    app.settled().await;
}

#[tokio::test]
async fn where_it_is_off_by_default_a_call_asks_for_it() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local\nmode: default_off").await;
    for _ in 0..2 {
        assert!(!is_hit(&app, &ask("Why?")).await);
    }
    let wanted = with_cache("Why?", json!({"use-cache": true}));
    assert!(!is_hit(&app, &wanted).await);
    assert!(is_hit(&app, &wanted).await);
    assert!(!is_hit(&app, &ask("Why?")).await);
}

#[tokio::test]
async fn only_the_calls_that_are_named_are_kept() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local\nsupported_call_types: [atext_completion]").await;
    for _ in 0..2 {
        assert!(!is_hit(&app, &ask("Why?")).await);
    }
    let text = json!({"model": "gpt", "prompt": "Why?"});
    app.post("/v1/completions", &text).expect_status(200).await;
    assert_eq!(app.post("/v1/completions", &text).expect_status(200).await.header("x-litellm-cache-hit"), "True");
}

#[tokio::test]
async fn the_routers_setting_turns_it_on_too() {
    let upstream = FakeUpstream::start();
    let yaml = format!("model_list:\n{}router_settings:\n  cache_responses: true\n", upstream.deployment("gpt", "one"));
    let app = crate::kit::TestApp::builder().config(&yaml).start().await;
    assert!(!is_hit(&app, &ask("Why?")).await);
    assert!(is_hit(&app, &ask("Why?")).await);
}
