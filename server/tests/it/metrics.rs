//! `/metrics`: names and labels as LiteLLM has them, figures that agree with what happened, and labels that stay few.

mod bench;
mod gauges;

use serde_json::json;

use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, TestApp};
use crate::scope::add_team;

/// What `/metrics` says.
pub(crate) async fn read(app: &TestApp) -> String {
    app.nobody().get("/metrics").expect_status(200).await.body().to_owned()
}

/// The series of a metric that have these labels.
fn series<'a>(metrics: &'a str, name: &str, labels: &[(&str, &str)]) -> Vec<&'a str> {
    let is_it = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
    let has = |line: &&str| labels.iter().all(|(name, value)| line.contains(&format!("{name}=\"{value}\"")));
    metrics.lines().filter(is_it).filter(has).collect()
}

/// The sum of those series.
pub(crate) fn sum(metrics: &str, name: &str, labels: &[(&str, &str)]) -> f64 {
    let found = series(metrics, name, labels);
    found.iter().map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

/// The only one of those series.
pub(crate) fn value(metrics: &str, name: &str, labels: &[(&str, &str)]) -> f64 {
    let found = series(metrics, name, labels);
    assert_eq!(found.len(), 1, "{name} {labels:?}: {found:#?} in\n{metrics}");
    sum(metrics, name, labels)
}

#[tokio::test]
async fn metrics_have_litellms_names_and_the_simple_ones() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    app.post(CHAT, ask("no-such-model")).expect_status(400).await;
    let metrics = read(&app).await;
    for name in [
        "litellm_requests_total",
        "litellm_request_duration_seconds_bucket",
        "litellm_tokens_total",
        "litellm_spend_total",
        "litellm_errors_total",
        "litellm_cache_hits_total",
        "litellm_proxy_total_requests_metric_total",
        "litellm_spend_metric_total",
        "litellm_input_tokens_metric_total",
        "litellm_overhead_latency_metric_bucket",
        "litellm_llm_api_latency_metric_bucket",
        "litellm_deployment_state",
        "litellm_deployment_success_responses_total",
        "litellm_in_flight_requests",
        "tollgate_database_query_seconds_bucket",
        "tollgate_spool_pending_events",
        "tollgate_build_info",
    ] {
        assert!(!series(&metrics, name, &[]).is_empty(), "no {name} in\n{metrics}");
    }
    assert!(!metrics.contains("no-such-model"), "clients do not make labels");
    let refused = [("exception_status", "400"), ("exception_class", "BadRequestError"), ("route", "/chat/completions")];
    assert_eq!(value(&metrics, "litellm_proxy_failed_requests_metric_total", &refused), 1.0);
    assert_eq!(value(&metrics, "litellm_llm_api_latency_metric_count", &[("model_group", "gpt")]), 1.0);
}

/// A metric that is told of in one place and nowhere else would have no words.
#[tokio::test]
async fn every_metric_says_what_it_is_and_once() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let team = app.bearer(&app.new_key(json!({"max_budget": 1, "rpm_limit": 5})).await);
    team.post(CHAT, ask("gpt")).expect_status(200).await;
    app.settled().await;
    let metrics = read(&app).await;
    let names = |kind: &str| -> Vec<String> {
        let lines = metrics.lines().filter_map(|line| line.strip_prefix(kind)?.split(' ').next());
        lines.map(str::to_owned).collect()
    };
    let (mut told, mut typed) = (names("# HELP "), names("# TYPE "));
    told.sort();
    typed.sort();
    assert_eq!(told, typed);
    let all = typed.len();
    typed.dedup();
    assert_eq!(typed.len(), all, "{typed:?}");
}

#[tokio::test]
async fn only_so_many_keys_have_metrics_of_their_own() {
    let upstream = FakeUpstream::start();
    let yaml =
        format!("tollgate_settings: {{metrics_keys_max: 2}}\nmodel_list:\n{}", upstream.deployment("gpt", "one"));
    let app = TestApp::builder().config(&yaml).start().await;
    add_team(&app, "crew", None, &[]).await;
    for (alias, calls) in [("first", 1), ("second", 1), ("third", 2), ("fourth", 2)] {
        let key = app.new_key(json!({"key_alias": alias, "team_id": "crew", "user_id": format!("u-{alias}")})).await;
        for _ in 0..calls {
            app.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
        }
    }
    let metrics = read(&app).await;
    let calls_of = |label: (&str, &str)| sum(&metrics, "litellm_requests_metric_total", &[label]);
    assert_eq!(calls_of(("api_key_alias", "first")), 1.0);
    assert_eq!(calls_of(("api_key_alias", "second")), 1.0);
    assert_eq!(calls_of(("hashed_api_key", "other")), 4.0);
    assert_eq!(calls_of(("team_alias", "alias of crew")), 6.0, "teams are told apart all the same");
    assert!(!metrics.contains("third") && !metrics.contains("fourth"), "{metrics}");
}

#[tokio::test]
async fn only_so_many_teams_have_metrics_of_their_own() {
    let upstream = FakeUpstream::start();
    let yaml =
        format!("tollgate_settings: {{metrics_keys_max: 2}}\nmodel_list:\n{}", upstream.deployment("gpt", "one"));
    let app = TestApp::builder().config(&yaml).start().await;
    let mut keys = Vec::new();
    for team in ["red", "green", "blue"] {
        add_team(&app, team, None, &[]).await;
        keys.push(app.new_key(json!({"team_id": team, "max_budget": 1})).await);
    }
    app.followed().await;
    for key in keys {
        app.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
    }
    let metrics = read(&app).await;
    let other = [("hashed_api_key", "other"), ("team", "other"), ("team_alias", "other"), ("user", "other")];
    assert_eq!(sum(&metrics, "litellm_requests_metric_total", &other), 1.0);
    assert_eq!(series(&metrics, "litellm_api_key_max_budget_metric", &[]).len(), 2);
    assert!(!metrics.contains("blue"), "{metrics}");
    let followed = value(&metrics, "tollgate_policy_change_read", &[]);
    assert!(followed >= 3.0, "three keys were made: {followed}");
}

#[tokio::test]
async fn tokens_are_told_apart_by_kind() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let told = json!({"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 40}, "completion_tokens_details": {"reasoning_tokens": 30}});
    let message = json!({"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"});
    let answer = json!({"id": "c", "choices": [message], "usage": told});
    upstream.then(Behaviour::Status(200, answer.to_string(), vec![]));
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    let metrics = read(&app).await;
    let of = |name: &str| value(&metrics, name, &[("model", "gpt-upstream"), ("api_provider", "openai")]);
    assert_eq!(of("litellm_input_tokens_metric_total"), 100.0);
    assert_eq!(of("litellm_input_cached_tokens_metric_total"), 40.0);
    assert_eq!(of("litellm_provider_cache_read_input_tokens_metric_total"), 40.0);
    assert_eq!(of("litellm_output_reasoning_tokens_metric_total"), 30.0);
    assert!(series(&metrics, "litellm_input_audio_tokens_metric_total", &[]).is_empty(), "what nobody had is left out");
}

#[tokio::test]
async fn attempts_rests_and_models_that_stand_in_are_counted() {
    let (bad, good) = (FakeUpstream::start(), FakeUpstream::start());
    let yaml = format!(
        "router_settings: {{num_retries: 1, fallbacks: [{{gpt: [other]}}], routing_strategy: simple-shuffle}}\nmodel_list:\n{}{}{}",
        bad.deployment("gpt", "one"),
        bad.deployment("gpt", "two"),
        good.deployment("other", "three"),
    );
    let app = TestApp::builder().config(&yaml).start().await;
    for _ in 0..2 {
        bad.then(Behaviour::Status(429, r#"{"error":{"message":"busy"}}"#.to_owned(), vec![]));
    }
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    let metrics = read(&app).await;
    for id in ["one", "two"] {
        let at = [("model_id", id), ("model_group", "gpt"), ("requested_model", "gpt")];
        assert_eq!(value(&metrics, "litellm_deployment_total_requests_total", &at), 1.0);
        let failed = [at[0], ("exception_status", "429"), ("exception_class", "RateLimitError")];
        assert_eq!(value(&metrics, "litellm_deployment_failure_responses_total", &failed), 1.0);
        let rested = [at[0], ("litellm_model_name", "gpt-upstream"), ("exception_status", "429")];
        assert_eq!(value(&metrics, "litellm_deployment_cooled_down_total", &rested), 1.0);
        assert_eq!(value(&metrics, "litellm_deployment_state", &[at[0]]), 2.0);
    }
    let at = [("model_id", "three"), ("model_group", "other"), ("requested_model", "gpt")];
    assert_eq!(value(&metrics, "litellm_deployment_success_responses_total", &at), 1.0);
    assert_eq!(value(&metrics, "litellm_deployment_latency_per_output_token_count", &at[..2]), 1.0);
    let stood_in = [("requested_model", "gpt"), ("fallback_model", "other"), ("exception_class", "RateLimitError")];
    assert_eq!(value(&metrics, "litellm_deployment_successful_fallbacks_total", &stood_in), 1.0);
    assert_eq!(sum(&metrics, "litellm_deployment_failed_fallbacks_total", &[]), 0.0);
}

#[tokio::test]
async fn refusals_are_counted_by_what_refuses() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let slow = app.bearer(&app.new_key(json!({"rpm_limit": 1})).await);
    slow.post(CHAT, ask("gpt")).expect_status(200).await;
    slow.post(CHAT, ask("gpt")).expect_status(429).await;
    let poor = app.bearer(&app.new_key(json!({"max_budget": 0})).await);
    poor.post(CHAT, ask("gpt")).expect_status(400).await;
    app.bearer("sk-nobody").post(CHAT, ask("gpt")).expect_status(401).await;
    app.nobody().post(CHAT, ask("gpt")).expect_status(401).await;
    let metrics = read(&app).await;
    let refused = |limit| value(&metrics, "tollgate_limit_refusals_total", &[("scope", "key"), ("limit", limit)]);
    assert_eq!((refused("requests"), refused("budget")), (1.0, 1.0));
    let nobody = |reason| value(&metrics, "tollgate_unauthenticated_requests_total", &[("reason", reason)]);
    assert_eq!((nobody("unknown"), nobody("no_key")), (1.0, 1.0));
}
