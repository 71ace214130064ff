//! Health and the API's description.

use std::time::Duration;

use serde_json::{Value, json};
use tollgate::config::Config;
use tollgate::serve::Environment;

use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, RedisServer, TestApp};

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
    // Until the change was read back, the key is looked up once more.
    app.followed().await;
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

/// Two deployments, each asked in the background.
fn checked(one: &FakeUpstream, two: &FakeUpstream, settings: &str) -> String {
    let settings = format!("general_settings: {{background_health_checks: true, {settings}}}\n");
    format!("{settings}model_list:\n{}{}", one.deployment("gpt", "one"), two.deployment("gpt", "two"))
}

async fn state(app: &TestApp, id: &str) -> Value {
    let models = app.get(&format!("/v1/model/info?litellm_model_id={id}")).expect_status(200).await.value();
    models["data"][0]["state"].clone()
}

async fn until(app: &TestApp, id: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let reached = async {
        loop {
            let state = state(app, id).await;
            if holds(&state) {
                return state;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), reached).await.expect("the state is never reached")
}

#[tokio::test]
async fn in_the_background_each_deployment_is_asked_once_and_the_answers_are_kept() {
    let (good, bad) = (FakeUpstream::start(), FakeUpstream::start());
    bad.then(Behaviour::Status(500, r#"{"error":{"message":"out of order"}}"#.to_owned(), vec![]));
    let app = TestApp::builder().config(&checked(&good, &bad, "health_check_interval: 3600")).start().await;
    let found = until(&app, "two", |state| !state["last_check"].is_null()).await;
    assert!(found["last_check"]["error"].as_str().unwrap().contains("out of order"), "{found}");
    assert_eq!(found["status"], "available", "checks alone move no calls");
    until(&app, "one", |state| state["last_check"]["error"].is_null() && !state["last_check"].is_null()).await;
    let report = app.get("/health").expect_status(200).await.value();
    assert_eq!((&report["healthy_count"], &report["unhealthy_count"]), (&json!(1), &json!(1)));
    assert_eq!(report["unhealthy_endpoints"][0]["model_id"], "two");
    assert!(
        report["healthy_endpoints"][0]["duration_ms"].is_number()
            && report["healthy_endpoints"][0]["checked_at"].is_string()
    );
    assert_eq!((good.received().len(), bad.received().len()), (1, 1), "what was found is told, not asked again");
    // What is named is asked now.
    let report = app.get("/health?model_id=two").expect_status(200).await.value();
    assert_eq!((&report["healthy_count"], bad.received().len()), (&json!(1), 2));
    app.get("/health?model=gpt").expect_status(200).await;
    assert_eq!((good.received().len(), bad.received().len()), (2, 3));
    app.get("/health?model_id=three").expect_status(404).await;
    let latest = app.get("/health/latest").expect_status(200).await.value();
    assert_eq!(
        (&latest["total_models"], &latest["latest_health_checks"]["two"]["status"]),
        (&json!(2), &json!("healthy"))
    );
    let history = app.get("/health/history?model_id=two").expect_status(200).await.value();
    let told: Vec<_> =
        history["health_checks"].as_array().unwrap().iter().map(|check| check["status"].clone()).collect();
    assert_eq!(
        (&history["total_records"], told),
        (&json!(3), vec![json!("healthy"), json!("healthy"), json!("unhealthy")])
    );
    app.get("/health/history?model=none").expect_status(404).await;
}

#[tokio::test]
async fn what_does_not_answer_rests_until_it_does_where_that_is_wanted() {
    let (good, bad) = (FakeUpstream::start(), FakeUpstream::start());
    for _ in 0..3 {
        bad.then(Behaviour::Status(500, r#"{"error":{"message":"out of order"}}"#.to_owned(), vec![]));
    }
    let settings = "health_check_interval: 0.2, enable_health_check_routing: true";
    let app = TestApp::builder().config(&checked(&good, &bad, settings)).start().await;
    let resting = until(&app, "two", |state| state["status"] == "cooling_down").await;
    assert!(resting["reason"].as_str().unwrap().starts_with("health check: "), "{resting}");
    until(&app, "two", |state| state["status"] == "available").await;
    assert!(bad.received().len() >= 4);
}

#[tokio::test]
async fn checks_are_booked_to_a_key_of_their_own() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    app.get("/health?model_id=one").expect_status(200).await;
    assert_eq!(upstream.received()[0].json()["max_completion_tokens"], 16);
    let report = app.settled().await;
    assert_eq!((report.calls, report.spend.0), (1, 50_000));
    let logs = app.get("/spend/logs").expect_status(200).await.value();
    assert_eq!((&logs[0]["call_type"], &logs[0]["api_key"]), (&json!("health_check"), &json!("health_check")));
    assert_eq!((&logs[0]["model_id"], &logs[0]["completion_tokens"]), (&json!("one"), &json!(20)));
}

#[tokio::test]
async fn a_check_asks_for_what_its_deployment_says() {
    let upstream = FakeUpstream::start();
    let info = "    model_info:\n      health_check_model: openai/small\n      health_check_max_tokens: 1\n      health_check_timeout: 0.2\n";
    let yaml = format!("model_list:\n{}", upstream.deployment("gpt", "one").replace("    model_info:\n", info));
    let app = TestApp::builder().config(&yaml).start().await;
    app.get("/health").expect_status(200).await;
    let asked = upstream.received()[0].json();
    assert_eq!((&asked["model"], &asked["max_completion_tokens"]), (&json!("small"), &json!(1)));
    upstream.then(Behaviour::Hang);
    let report = app.get("/health").expect_status(503).await.value();
    assert!(report["unhealthy_endpoints"][0]["error"].as_str().unwrap().contains("0.2 s"), "{report}");
    let manual = yaml.replace("health_check_timeout: 0.2", "disable_background_health_check: true");
    let yaml = format!(
        "general_settings: {{background_health_checks: true, health_check_interval: 0.1}}\n{manual}{}",
        upstream.deployment("other", "two")
    );
    let app = TestApp::builder().config(&yaml).start().await;
    until(&app, "two", |state| !state["last_check"].is_null()).await;
    assert!(state(&app, "one").await["last_check"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_nodes_one_asks_for_all() {
    let (one, two, redis) = (FakeUpstream::start(), FakeUpstream::start(), RedisServer::start().await);
    let yaml = checked(&one, &two, "health_check_interval: 3600");
    let first = TestApp::builder().config(&yaml).redis(&redis).start().await;
    until(&first, "one", |state| !state["last_check"].is_null()).await;
    until(&first, "two", |state| !state["last_check"].is_null()).await;
    let other = first.beside().await;
    until(&other, "two", |state| !state["last_check"].is_null()).await;
    assert_eq!(state(&other, "one").await["last_check"], state(&first, "one").await["last_check"]);
    assert_eq!((one.received().len(), two.received().len()), (1, 1));
}

#[tokio::test]
async fn the_last_hour_of_a_deployment_is_told_by_the_minute() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.new_key(json!({})).await;
    app.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
    app.advance(Duration::from_secs(120));
    upstream.then(Behaviour::Status(400, "{}".to_owned(), vec![]));
    app.bearer(&key).post(CHAT, ask("gpt")).expect_status(400).await;
    app.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
    app.settled().await;
    let minutes = state(&app, "one").await["last_hour"].clone();
    let told: Vec<_> = minutes
        .as_array()
        .unwrap()
        .iter()
        .map(|minute| (minute["calls"].clone(), minute["failures"].clone()))
        .collect();
    assert_eq!(told, [(json!(1), json!(0)), (json!(2), json!(1))], "{minutes}");
    // Keys are told nothing of it.
    let seen = app.bearer(&key).get("/v1/model/info").expect_status(200).await.value();
    assert_eq!(seen["data"][0]["state"]["last_hour"], json!([]));
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
