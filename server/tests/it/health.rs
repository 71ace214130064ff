//! Health, metrics and the API's description.

use serde_json::json;
use tollgate::config::Config;
use tollgate::serve::Environment;

use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, TestApp};

#[tokio::test]
async fn liveliness_and_readiness_answer_anybody() {
    let app = TestApp::start().await;
    for path in ["/health/liveliness", "/health/liveness"] {
        assert_eq!(app.nobody().get(path).expect_status(200).await.value(), "I'm alive!");
    }
    let ready = app.nobody().get("/health/readiness").expect_status(200).await.value();
    assert_eq!((&ready["status"], &ready["db"]), (&json!("healthy"), &json!("connected")));
}

#[tokio::test]
async fn without_its_database_it_is_not_ready_and_known_keys_go_on() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.new_key(json!({"max_budget": 1.0})).await;
    app.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
    app.settled().await;
    app.app.db.clone().close().await.unwrap();
    let ready = app.nobody().get("/health/readiness").expect_status(503).await.value();
    assert_eq!(ready["db"], "disconnected");
    app.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
    let (kind, _, _) = app.bearer("sk-never-seen").post(CHAT, ask("gpt")).expect_status(503).await.error();
    assert_eq!(kind, "service_unavailable");
    assert_eq!(app.running.gateway.spool.health().pending, 1);
}

#[tokio::test]
async fn health_calls_every_deployment() {
    let (good, bad) = (FakeUpstream::start(), FakeUpstream::start());
    let yaml = format!("model_list:\n{}{}", good.deployment("gpt", "one"), bad.deployment("gpt", "two"));
    let app = TestApp::builder().config(&yaml).start().await;
    app.nobody().get("/health").expect_status(401).await;
    bad.then(Behaviour::Status(500, "{}".to_owned(), vec![]));
    let report = app.get("/health").expect_status(200).await.value();
    assert_eq!((&report["healthy_count"], &report["unhealthy_count"]), (&json!(1), &json!(1)));
    assert_eq!(report["unhealthy_endpoints"][0]["model_id"], "two");
}

#[tokio::test]
async fn metrics_have_litellms_names_and_the_simple_ones() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    app.post(CHAT, ask("no-such-model")).expect_status(400).await;
    let metrics = app.nobody().get("/metrics").expect_status(200).await.body().to_owned();
    for name in [
        "litellm_requests_total{",
        "litellm_request_duration_seconds_bucket{",
        "litellm_tokens_total{",
        "litellm_spend_total{",
        "litellm_errors_total{",
        "litellm_cache_hits_total",
        "litellm_proxy_total_requests_metric_total{",
        "litellm_spend_metric_total{",
        "litellm_input_tokens_metric_total{",
        "litellm_overhead_latency_metric_bucket{",
        "litellm_deployment_state{",
    ] {
        assert!(metrics.contains(name), "no {name} in\n{metrics}");
    }
    assert!(!metrics.contains("no-such-model"), "clients do not make labels");
}

#[tokio::test]
async fn only_so_many_keys_have_metrics_of_their_own() {
    let upstream = FakeUpstream::start();
    let yaml =
        format!("tollgate_settings: {{metrics_keys_max: 2}}\nmodel_list:\n{}", upstream.deployment("gpt", "one"));
    let app = TestApp::builder().config(&yaml).start().await;
    for (alias, calls) in [("first", 1), ("second", 1), ("third", 2), ("fourth", 2)] {
        let key = app.new_key(json!({"key_alias": alias})).await;
        for _ in 0..calls {
            app.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
        }
    }
    let metrics = app.nobody().get("/metrics").expect_status(200).await.body().to_owned();
    let calls_of = |alias: &str| {
        let is_it = |line: &&str| line.starts_with("litellm_requests_metric_total{") && line.contains(alias);
        let counts = metrics.lines().filter(is_it).map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap());
        counts.sum::<u64>()
    };
    assert_eq!(calls_of("api_key_alias=\"first\""), 1);
    assert_eq!(calls_of("api_key_alias=\"second\""), 1);
    assert_eq!(calls_of("hashed_api_key=\"other\""), 4);
    assert!(!metrics.contains("third") && !metrics.contains("fourth"), "{metrics}");
}

#[tokio::test]
async fn unknown_paths_are_named_and_the_description_is_served() {
    let app = TestApp::start().await;
    let (kind, _, message) = app.get("/no/such/path").expect_status(404).await.error();
    assert!(kind == "not_found_error" && message.contains("/no/such/path"), "{message}");
    let description = app.nobody().get("/openapi.json").expect_status(200).await.value();
    assert!(description["paths"]["/v1/model/info"].is_object());
    app.nobody().get("/docs/").expect_status(200).await;
}

#[tokio::test]
async fn the_data_folder_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::TempDir::new().unwrap();
    let data = home.path().join("new/data");
    tollgate::serve::open_database(&Config::default(), &Environment::default(), &data).await.unwrap();
    assert_eq!(std::fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
}
