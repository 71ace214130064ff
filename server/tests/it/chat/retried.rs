//! Failures the client need not see.

use std::time::Duration;

use serde_json::json;

use super::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, TestApp};

fn error(status: u16) -> Behaviour {
    Behaviour::Status(status, r#"{"error":{"message":"no"}}"#.to_owned(), vec![])
}

async fn pair(settings: &str) -> (FakeUpstream, FakeUpstream, TestApp) {
    let (one, two) = (FakeUpstream::start(), FakeUpstream::start());
    let yaml = format!("{settings}model_list:\n{}{}", one.deployment("gpt", "one"), two.deployment("gpt", "two"));
    let app = TestApp::builder().config(&yaml).start().await;
    (one, two, app)
}

#[tokio::test]
async fn a_failing_deployment_is_replaced_by_its_sibling_and_cools_down() {
    let (one, two, app) = pair("").await;
    for _ in 0..30 {
        one.then(error(401));
    }
    for _ in 0..20 {
        let answer = app.post(CHAT, ask("gpt")).expect_status(200).await;
        assert_eq!(answer.header("x-litellm-model-id"), "two");
    }
    assert_eq!((one.received().len(), two.received().len()), (1, 20), "a 401 cools down at once");
    let models = app.get("/v1/model/info").expect_status(200).await.value();
    assert_eq!(models["data"][0]["state"]["status"], "cooling_down");
    assert!(models["data"][0]["state"]["reason"].as_str().unwrap().contains("401"));
    let report = app.settled().await;
    assert_eq!((report.calls, report.spend.0), (20, 20 * 50_000), "a failed attempt costs nothing");
    app.advance(Duration::from_secs(10));
    let models = app.get("/v1/model/info").expect_status(200).await.value();
    assert_eq!(models["data"][0]["state"]["status"], "available");
}

/// What Bedrock says of a model that broke down, and Anthropic of one that is overloaded, among others.
#[tokio::test]
async fn a_sibling_is_asked_where_it_may_do_better() {
    for (status, expected) in [(401, 1), (404, 1), (408, 1), (424, 1), (429, 1), (500, 1), (529, 1), (422, 0)] {
        let (one, two) = (FakeUpstream::start(), FakeUpstream::start());
        let first = one.deployment("gpt", "one").replace("    model_info:", "      order: 1\n    model_info:");
        let second = two.deployment("gpt", "two").replace("    model_info:", "      order: 2\n    model_info:");
        let app = TestApp::builder().config(&format!("model_list:\n{first}{second}")).start().await;
        one.then(error(status));
        app.post(CHAT, ask("gpt")).expect_status(if expected == 1 { 200 } else { status }).await;
        assert_eq!((one.received().len(), two.received().len()), (1, expected), "{status}");
    }
}

#[tokio::test]
async fn attempts_are_bounded_and_shown() {
    let upstream = FakeUpstream::start();
    let yaml = format!("router_settings:\n  num_retries: 1\nmodel_list:\n{}", upstream.deployment("gpt", "one"));
    let app = TestApp::builder().config(&yaml).start().await;
    upstream.then(error(503)).then(error(503)).then(error(503));
    let answer = app.post(CHAT, ask("gpt")).expect_status(503).await;
    assert_eq!(answer.header("x-litellm-attempted-retries"), "1");
    assert_eq!(upstream.received().len(), 2);
    app.settled().await;
    let log = app.get("/spend/logs").expect_status(200).await.value()[0].clone();
    assert_eq!(log["metadata"]["attempts"].as_array().unwrap().len(), 2);
    assert_eq!((&log["status"], &log["status_code"]), (&json!("failure"), &json!(503)));
}

#[tokio::test]
async fn the_clients_own_mistakes_are_not_tried_again() {
    let (one, two, app) = pair("").await;
    one.then(error(400));
    two.then(error(400));
    app.post(CHAT, ask("gpt")).expect_status(400).await;
    assert_eq!(one.received().len() + two.received().len(), 1);
}

#[tokio::test]
async fn a_dead_provider_is_a_502_without_its_address() {
    let yaml = "router_settings:\n  num_retries: 0\nmodel_list:\n  - model_name: gpt\n    litellm_params:\n      \
        model: openai/gpt-4o\n      api_key: sk-x\n      api_base: http://127.0.0.1:1/v1\n";
    let app = TestApp::builder().config(yaml).start().await;
    let (kind, _, message) = app.post(CHAT, ask("gpt")).expect_status(502).await.error();
    assert_eq!(kind, "api_connection_error");
    assert!(!message.contains("127.0.0.1"), "{message}");
    app.settled().await;
}

#[tokio::test]
async fn a_provider_that_never_answers_is_a_504() {
    let upstream = FakeUpstream::start();
    let yaml = format!(
        "router_settings:\n  num_retries: 0\n  timeout: 0.1\nmodel_list:\n{}",
        upstream.deployment("gpt", "one")
    );
    let app = TestApp::builder().config(&yaml).start().await;
    upstream.then(Behaviour::Hang);
    assert_eq!(app.post(CHAT, ask("gpt")).expect_status(504).await.error().0, "timeout_error");
    app.settled().await;
}

#[tokio::test]
async fn a_model_whose_deployments_lack_something_says_what() {
    let yaml = "model_list:\n  - model_name: gpt\n    litellm_params:\n      model: openai/gpt-4o\n      \
        api_key: os.environ/NO_SUCH_VARIABLE\n";
    let app = TestApp::builder().config(yaml).start().await;
    let (_, param, message) = app.post(CHAT, ask("gpt")).expect_status(503).await.error();
    assert_eq!(param.as_deref(), Some("model"));
    assert!(message.contains("NO_SUCH_VARIABLE"), "{message}");
    let models = app.get("/v1/model/info").expect_status(200).await.value();
    assert_eq!(models["data"][0]["state"]["status"], "unavailable");
}

#[tokio::test]
async fn an_answer_that_breaks_off_before_anything_was_sent_is_tried_elsewhere() {
    let (one, two, app) = pair("").await;
    one.then(Behaviour::Truncate(vec!["{\"half\":".to_owned()]));
    two.then(Behaviour::Truncate(vec!["{\"half\":".to_owned()]));
    let answer = app.post(CHAT, ask("gpt")).expect_status(200).await;
    assert!(answer.body().contains("Hello there") && answer.header("x-litellm-attempted-retries") != "0");
    assert_eq!(app.settled().await.spend.0, 50_000);
}

#[tokio::test]
async fn a_lower_order_is_used_first() {
    let (one, two) = (FakeUpstream::start(), FakeUpstream::start());
    let second = two.deployment("gpt", "two").replace("api_key:", "order: 2\n      api_key:");
    let first = one.deployment("gpt", "one").replace("api_key:", "order: 1\n      api_key:");
    let app = TestApp::builder().config(&format!("model_list:\n{second}{first}")).start().await;
    for _ in 0..10 {
        app.post(CHAT, ask("gpt")).expect_status(200).await;
    }
    one.then(error(401));
    assert_eq!(app.post(CHAT, ask("gpt")).expect_status(200).await.header("x-litellm-model-id"), "two");
    assert_eq!((one.received().len(), two.received().len()), (11, 1));
}

#[tokio::test]
async fn a_class_of_failure_may_be_put_up_with_more_often() {
    let settings = "router_settings:\n  allowed_fails_policy: {RateLimitErrorAllowedFails: 2, \
                    InternalServerErrorAllowedFails: 0}\n";
    for (status, failures) in [(429, 3), (500, 1), (401, 1)] {
        let (one, two, app) = pair(settings).await;
        for _ in 0..50 {
            one.then(error(status));
        }
        for _ in 0..60 {
            app.post(CHAT, ask("gpt")).expect_status(200).await;
        }
        assert_eq!((one.received().len(), two.received().len()), (failures, 60), "{status}");
        app.settled().await;
    }
}
