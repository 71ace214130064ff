//! Answers that are given again: to whom, for how long, and what that costs.

mod controls;
mod flight;
mod items;
mod manage;
mod semantic;
mod shared;

use std::time::Duration;

use serde_json::{Value, json};

use crate::kit::{Answer, Behaviour, Client, DONE, FakeUpstream, TestApp, delta, usage};
use crate::metrics::sum;

const CHAT: &str = "/v1/chat/completions";

/// A server with one model, `gpt`, and a cache with these settings, each line in the form of YAML.
async fn start(upstream: &FakeUpstream, params: &str) -> TestApp {
    TestApp::builder().config(&config(upstream, params)).start().await
}

fn config(upstream: &FakeUpstream, params: &str) -> String {
    let params: String = params.lines().map(|line| format!("    {}\n", line.trim())).collect();
    let models = upstream.deployment("gpt", "one");
    format!(
        "model_list:\n{models}litellm_settings:\n  cache: true\n  cache_params:\n{params}    max_entry_bytes: 4000\n"
    )
}

fn ask(question: &str) -> Value {
    json!({"model": "gpt", "messages": [{"role": "user", "content": question}]})
}

fn streamed(question: &str) -> Value {
    json!({"model": "gpt", "stream": true, "messages": [{"role": "user", "content": question}]})
}

/// Makes the call and says whether its answer came from the cache.
async fn is_hit(client: &Client, body: &Value) -> bool {
    let answer = client.post(CHAT, body).expect_status(200).await;
    was_hit(&answer)
}

fn was_hit(answer: &Answer) -> bool {
    answer.has_header("x-litellm-cache-hit") && answer.header("x-litellm-cache-hit") == "True"
}

/// The calls in the log, the newest first.
async fn log(app: &TestApp) -> Vec<Value> {
    app.settled().await;
    let page = app.get("/spend/logs/v2?page_size=100").expect_status(200).await.value();
    page["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_second_call_is_not_bought() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    let first = app.post(CHAT, ask("Why?")).expect_status(200).await;
    assert_eq!(first.header("x-litellm-cache-hit"), "False");
    app.advance(Duration::from_secs(90));
    let again = app.post(CHAT, ask("Why?")).expect_status(200).await;
    assert_eq!(again.header("x-litellm-cache-hit"), "True");
    assert_eq!(again.body(), first.body());
    assert_eq!(again.header("content-type"), first.header("content-type"));
    assert_eq!(again.header("x-litellm-cache-key"), first.header("x-litellm-cache-key"));
    assert_eq!(again.header("age"), "90");
    assert_eq!(again.header("x-litellm-response-cost"), "0");
    assert_eq!(again.header("x-litellm-model-id"), "one");
    assert_ne!(again.header("x-litellm-call-id"), first.header("x-litellm-call-id"));
    assert!(!is_hit(&app, &ask("Why not?")).await);
    assert_eq!(upstream.received().len(), 2);
    let log = log(&app).await;
    let (hit, miss) = (&log[1], &log[2]);
    assert_eq!((&hit["cache_hit"], &miss["cache_hit"]), (&json!("True"), &json!("False")));
    assert_eq!((&hit["spend"], &miss["spend"]), (&json!(0.0), &json!(0.00005)));
    assert_eq!((&hit["prompt_tokens"], &hit["completion_tokens"]), (&json!(10), &json!(20)));
    assert_eq!(
        (&hit["status"], &hit["model"], &hit["model_id"]),
        (&json!("success"), &miss["model"], &miss["model_id"])
    );
    assert_eq!(hit["metadata"]["cache"], json!({"age_seconds": 90.0, "saved": 0.00005}));
    assert_eq!((&hit["spend"], &hit["saved_by_cache"]), (&json!(0.0), &json!(0.00005)));
    let usage = app.get("/spend/usage?group_by=team").expect_status(200).await.value();
    assert_eq!((&usage["total"]["spend"], &usage["total"]["saved_by_cache"]), (&json!(0.0001), &json!(0.00005)));
    assert_eq!(usage["groups"][0]["saved_by_cache"], usage["total"]["saved_by_cache"]);
    assert_eq!(usage["total"]["saved_by_prompt_cache"], json!(0.0));
    assert_eq!(hit["metadata"]["cache_key"], first.header("x-litellm-cache-key"));
    assert_eq!(miss["metadata"]["cache_key"], first.header("x-litellm-cache-key"));
}

#[tokio::test]
async fn without_a_cache_nothing_is_kept() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    for _ in 0..2 {
        let answer = app.post(CHAT, ask("Why?")).expect_status(200).await;
        assert!(!answer.has_header("x-litellm-cache-key"));
    }
    assert_eq!(upstream.received().len(), 2);
}

#[tokio::test]
async fn order_and_spaces_of_a_body_do_not_matter() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    assert!(!is_hit(&app, &ask("Why?")).await);
    let same = r#"{ "messages":[ {"content":"Wh\u0079?","role":"user"} ], "user":"ada", "model":"gpt" }"#;
    assert!(was_hit(&app.post_text(CHAT, same).expect_status(200).await));
}

#[tokio::test]
async fn a_stream_is_given_again_as_it_was() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    let events = vec![delta("One"), delta(" two"), delta(" three"), usage(10, 20), DONE.to_owned()];
    upstream.then(Behaviour::Stream(events, Duration::from_millis(5)));
    let first = app.post(CHAT, streamed("Count")).expect_status(200).await;
    let again = app.post(CHAT, streamed("Count")).expect_status(200).await;
    assert!(!was_hit(&first) && was_hit(&again));
    assert_eq!(again.body(), first.body());
    assert!(again.body().ends_with(DONE) && again.body().contains(" three"), "{}", again.body());
    assert_eq!(again.header("content-type"), first.header("content-type"));
    // One who wants the answer whole wants another one.
    assert!(!is_hit(&app, &ask("Count")).await);
    let log = log(&app).await;
    assert_eq!(
        (&log[1]["cache_hit"], &log[1]["spend"], &log[1]["total_tokens"]),
        (&json!("True"), &json!(0.0), &json!(30))
    );
    assert!(log[1]["completionStartTime"].is_string());
}

#[tokio::test]
async fn each_protocol_gets_its_own_answer() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    let messages = json!({"model": "gpt", "max_tokens": 50, "messages": [{"role": "user", "content": "Why?"}]});
    let responses = json!({"model": "gpt", "input": "Why?", "store": false});
    let completions = json!({"model": "gpt", "prompt": "Why?"});
    for (path, body) in [("/v1/messages", messages), ("/v1/responses", responses), ("/v1/completions", completions)] {
        for body in [body.clone(), json!({"stream": true, "m": body})].map(|body| match body.get("m") {
            Some(inner) => {
                let mut inner = inner.clone();
                inner["stream"] = json!(true);
                inner
            }
            None => body,
        }) {
            let first = app.post(path, &body).expect_status(200).await;
            let again = app.post(path, &body).expect_status(200).await;
            assert!(!was_hit(&first) && was_hit(&again), "{path} {body}");
            assert_eq!(again.body(), first.body(), "{path} {body}");
        }
    }
    assert_eq!(upstream.received().len(), 6);
    app.settled().await;
}

#[tokio::test]
async fn what_is_kept_at_the_provider_is_asked_for_each_time() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    let kept = json!({"model": "gpt", "input": "Why?"});
    for _ in 0..2 {
        let answer = app.post("/v1/responses", &kept).expect_status(200).await;
        assert!(!answer.has_header("x-litellm-cache-key"));
    }
    assert_eq!(upstream.received().len(), 2);
}

#[tokio::test]
async fn failures_are_never_kept() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    let refused = r#"{"error":{"message":"no","type":"invalid_request_error"}}"#.to_owned();
    upstream.then(Behaviour::Status(400, refused.clone(), Vec::new()));
    app.post(CHAT, ask("Why?")).expect_status(400).await;
    assert!(!is_hit(&app, &ask("Why?")).await);
    // Streams that broke off, said that they failed, or ended without an end.
    let failed = json!({"error": {"message": "overloaded"}});
    for (question, behaviour) in [
        ("a", Behaviour::Truncate(vec![delta("Hel")])),
        ("b", Behaviour::Stream(vec![delta("Hel"), crate::kit::event(&failed), DONE.to_owned()], Duration::ZERO)),
        ("c", Behaviour::Stream(vec![delta("Hel")], Duration::ZERO)),
    ] {
        upstream.then(behaviour);
        app.post(CHAT, streamed(question)).expect_status(200).await;
        assert!(!is_hit(&app, &streamed(question)).await, "{question}");
        assert!(is_hit(&app, &streamed(question)).await, "{question}");
    }
    app.settled().await;
}

#[tokio::test]
async fn a_hit_needs_no_provider() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    let (whole, stream) = (ask("Why?"), streamed("Why?"));
    let first = app.post(CHAT, &whole).expect_status(200).await;
    app.post(CHAT, &stream).expect_status(200).await;
    drop(upstream);
    let again = app.post(CHAT, &whole).expect_status(200).await;
    assert_eq!(again.body(), first.body());
    assert!(is_hit(&app, &stream).await);
    let failed = app.post(CHAT, ask("Why not?")).send().await;
    assert!(failed.status >= 500, "{failed:?}");
    assert!(is_hit(&app, &whole).await, "also while the deployment cools down");
}

#[tokio::test]
async fn what_is_too_long_is_not_kept() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    let long = vec![delta(&"x".repeat(5_000)), DONE.to_owned()];
    for _ in 0..2 {
        upstream.then(Behaviour::Stream(long.clone(), Duration::ZERO));
        assert!(!is_hit(&app, &streamed("Go on")).await);
    }
    let body = json!({"id": "c", "choices": [], "x": "x".repeat(5_000)}).to_string();
    for _ in 0..2 {
        upstream.then(Behaviour::Status(200, body.clone(), Vec::new()));
        assert!(!is_hit(&app, &ask("Go on")).await);
    }
}

#[tokio::test]
async fn a_hit_costs_no_money_and_no_tokens_but_is_a_request() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    let key = app.new_key(json!({"max_budget": 0.00015, "tpm_limit": 190, "rpm_limit": 5})).await;
    let client = app.bearer(&key);
    let body = json!({"model": "gpt", "max_tokens": 20, "messages": [{"role": "user", "content": "Hi"}]});
    for expected in [false, true, true, true, true] {
        assert_eq!(is_hit(&client, &body).await, expected);
    }
    let refused = client.post(CHAT, &body).expect_status(429).await;
    assert!(refused.error().2.contains("requests"), "{refused:?}");
    app.settled().await;
    let info = app.get(&format!("/key/info?key={key}")).expect_status(200).await.value();
    assert_eq!(info["info"]["spend"], json!(0.00005));
}

#[tokio::test]
async fn answers_stay_within_an_organization() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    let mut keys = Vec::new();
    for organization in ["red", "blue"] {
        let made = app.post("/organization/new", json!({"organization_alias": organization, "models": []}));
        let id = made.expect_status(200).await.value()["organization_id"].as_str().unwrap().to_owned();
        for _ in 0..2 {
            keys.push(app.new_key(json!({"organization_id": id})).await);
        }
    }
    let team = app.post("/team/new", json!({"team_alias": "t"})).expect_status(200).await.value();
    for _ in 0..2 {
        keys.push(app.new_key(json!({"team_id": team["team_id"]})).await);
    }
    keys.push(app.new_key(json!({})).await);
    keys.push(app.new_key(json!({})).await);
    let mut found = Vec::new();
    for key in &keys {
        found.push(is_hit(&app.bearer(key), &ask("Why?")).await);
    }
    // The second of an organization, and of a team that belongs to none, gets the answer of the first; others do not.
    assert_eq!(found, [false, true, false, true, false, true, false, false]);
}

#[tokio::test]
async fn they_are_shared_as_the_configuration_says() {
    for (isolation, expected) in [
        ("key", [false, false, false]),
        ("team", [false, true, false]),
        ("organization", [false, true, false]),
        ("shared", [false, true, true]),
    ] {
        let upstream = FakeUpstream::start();
        let app = start(&upstream, &format!("type: local\nisolation: {isolation}")).await;
        let team = app.post("/team/new", json!({"team_alias": "t"})).expect_status(200).await.value();
        let of_team = json!({"team_id": team["team_id"]});
        let mut found = Vec::new();
        for fields in [of_team.clone(), of_team, json!({})] {
            let key = app.new_key(fields).await;
            found.push(is_hit(&app.bearer(&key), &ask("Why?")).await);
        }
        assert_eq!(found, expected, "{isolation}");
    }
}

#[tokio::test]
async fn an_answer_cut_short_for_want_of_money_is_not_for_others() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local\nisolation: shared").await;
    let poor = app.bearer(&app.new_key(json!({"max_budget": 0.0005})).await);
    let body = json!({"model": "gpt", "max_tokens": 10_000, "messages": [{"role": "user", "content": "Hi"}]});
    assert!(!is_hit(&poor, &body).await);
    assert!(upstream.received()[0].json()["max_tokens"].as_u64().unwrap() < 10_000);
    assert!(!is_hit(&app, &body).await);
    assert!(is_hit(&poor, &body).await, "but the whole one is for the poor, too");
}

#[tokio::test]
async fn hits_and_misses_are_counted() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    for question in ["a", "a", "b"] {
        app.post(CHAT, ask(question)).expect_status(200).await;
    }
    let metrics = app.nobody().get("/metrics").expect_status(200).await.body().to_owned();
    let labels = [("requested_model", "gpt"), ("api_key_alias", "master_key"), ("model_id", "one")];
    assert_eq!(sum(&metrics, "litellm_cache_hits_total", &[]), 1.0);
    assert_eq!(sum(&metrics, "litellm_cache_hits_metric_total", &labels), 1.0);
    assert_eq!(sum(&metrics, "litellm_cache_misses_metric_total", &labels), 2.0);
    assert_eq!(sum(&metrics, "litellm_cached_tokens_metric_total", &labels), 30.0);
}
