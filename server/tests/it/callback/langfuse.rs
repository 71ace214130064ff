//! Langfuse: the events of its ingestion API, and what it says of them.

use serde_json::{Value, json};

use super::{at, exporting, metric, until_calls, until_metric};
use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, Receiver, TestApp, TestAppBuilder, Told};

const TOOL: &str = "langfuse";

fn with_keys(builder: TestAppBuilder, receiver: &Receiver) -> TestAppBuilder {
    let builder = builder.variable("LANGFUSE_HOST", &receiver.url("/"));
    builder.variable("LANGFUSE_PUBLIC_KEY", "pk-lf-1").variable("LANGFUSE_SECRET_KEY", "sk-lf-2")
}

async fn start(upstream: &FakeUpstream, receiver: &Receiver) -> TestApp {
    let settings = "{success_callback: [langfuse], failure_callback: [langfuse]}\nrouter_settings: {num_retries: 0}";
    with_keys(exporting(settings, &upstream.deployment("gpt", "one")), receiver).start().await
}

/// The events of a batch, by kind.
fn bodies(told: &Told, kind: &str) -> Vec<Value> {
    let batch = told.json()["batch"].as_array().unwrap().clone();
    batch.into_iter().filter(|event| event["type"] == kind).map(|event| event["body"].clone()).collect()
}

fn has(body: &Value, expected: &Value) {
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&body[name], value, "{name} of {body:#}");
    }
}

#[tokio::test]
async fn a_call_is_a_trace_and_a_generation() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = start(&upstream, &receiver).await;
    app.post("/team/new", json!({"team_id": "t", "team_alias": "Search"})).expect_status(200).await;
    let key = app.bearer(&app.new_key(json!({"key_alias": "k", "team_id": "t", "user_id": "u"})).await);
    let mut asked = ask("gpt");
    asked["temperature"] = json!(0.5);
    asked["metadata"] = json!({
        "tags": ["batch"], "trace_id": "trace-1", "trace_name": "search", "generation_name": "answer",
        "session_id": "session-1", "trace_user_id": "customer", "trace_version": "7", "feature": "f",
    });
    let answer = key.post(CHAT, asked).expect_status(200).await;
    let told = receiver.until_told(1).await;
    assert_eq!(told[0].path, "/api/public/ingestion");
    // pk-lf-1:sk-lf-2
    assert_eq!(told[0].header("authorization"), Some("Basic cGstbGYtMTpzay1sZi0y"));
    let call_id = answer.header("x-litellm-call-id");
    let event = &told[0].json()["batch"][1];
    assert_eq!(event["id"], format!("{call_id}-generation-create"));
    let trace = &bodies(&told[0], "trace-create")[0];
    let messages = json!([{"role": "user", "content": "hi"}]);
    let expected = json!({
        "id": "trace-1", "name": "search", "userId": "customer", "sessionId": "session-1", "version": "7",
        "tags": ["batch"], "input": messages,
    });
    has(trace, &expected);
    assert_eq!((&trace["output"]["role"], &trace["output"]["content"]), (&json!("assistant"), &json!("Hello there")));
    let generation = &bodies(&told[0], "generation-create")[0];
    let expected = json!({
        "id": call_id, "traceId": "trace-1", "name": "answer", "model": "gpt-upstream", "level": "DEFAULT",
        "modelParameters": {"temperature": 0.5}, "input": messages,
        "usage": {"input": 10, "output": 20, "total": 30, "unit": "TOKENS", "totalCost": 0.00005},
        "usageDetails": {"input": 10, "output": 20, "total": 30}, "costDetails": {"total": 0.00005},
    });
    has(generation, &expected);
    assert_eq!(generation.get("statusMessage"), None, "nothing is null: {generation:#}");
    let expected = json!({
        "user_api_key_alias": "k", "user_api_key_team_id": "t", "user_api_key_team_alias": "Search",
        "user_api_key_user_id": "u", "model_group": "gpt", "cache_hit": false, "litellm_response_cost": 0.00005,
    });
    has(&generation["metadata"], &expected);
    assert_eq!(generation["metadata"]["requester_metadata"]["feature"], "f");
}

#[tokio::test]
async fn a_call_without_names_has_usual_ones_and_one_in_another_trace_changes_nothing_there() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = start(&upstream, &receiver).await;
    let mut asked = ask("gpt");
    asked["user"] = json!("customer");
    let answer = app.post(CHAT, asked.clone()).expect_status(200).await;
    asked["metadata"] = json!({"existing_trace_id": "trace-0", "trace_name": "search", "parent_observation_id": "o"});
    app.post(CHAT, asked).expect_status(200).await;
    until_metric(&app, "tollgate_export_sent_total", TOOL, "2").await;
    let told = receiver.told();
    let all = |kind| told.iter().flat_map(|told| bodies(told, kind)).collect::<Vec<_>>();
    let (traces, generations) = (all("trace-create"), all("generation-create"));
    assert_eq!((traces.len(), generations.len()), (1, 2));
    let call_id = answer.header("x-litellm-call-id");
    has(&traces[0], &json!({"id": call_id, "name": "litellm-acompletion", "userId": "customer"}));
    has(&generations[0], &json!({"traceId": call_id, "name": "litellm-acompletion"}));
    has(&generations[1], &json!({"traceId": "trace-0", "parentObservationId": "o"}));
}

#[tokio::test]
async fn a_failure_is_an_error_with_its_reason() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = start(&upstream, &receiver).await;
    let down = json!({"error": {"message": "we are down"}}).to_string();
    upstream.then(Behaviour::Status(503, down, Vec::new()));
    app.post(CHAT, ask("gpt")).expect_status(503).await;
    let told = receiver.until_told(1).await;
    let generation = &bodies(&told[0], "generation-create")[0];
    has(generation, &json!({"level": "ERROR", "costDetails": {"total": 0.0}}));
    let reason = generation["statusMessage"].as_str().unwrap();
    assert!(reason.contains("we are down"), "{reason}");
    assert_eq!(generation["output"], reason);
}

#[tokio::test]
async fn what_langfuse_does_not_take_of_a_batch_is_counted() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = start(&upstream, &receiver).await;
    let error = |id: &str| json!({"id": id, "status": 400, "message": "invalid"});
    let errors = json!([error("one-trace-create"), error("one-generation-create")]);
    receiver.then_saying(207, &json!({"successes": [{"id": "two-trace-create", "status": 201}], "errors": errors}));
    for _ in 0..2 {
        app.post(CHAT, ask("gpt")).expect_status(200).await;
    }
    until_metric(&app, "tollgate_export_failed_total", TOOL, "1").await;
    assert_eq!(metric(&app, "tollgate_export_sent_total", TOOL).await, "1");
}

#[tokio::test]
async fn one_tool_that_is_away_does_not_keep_calls_from_another() {
    let (away, receiver) = (Receiver::start(), Receiver::start());
    away.always(503);
    let builder = with_keys(exporting("{callbacks: [langfuse, generic_api]}", ""), &away);
    let app = at(builder, &receiver).start().await;
    for _ in 0..3 {
        app.post(CHAT, ask("mock")).expect_status(200).await;
    }
    assert_eq!(until_calls(&receiver, 3).await.len(), 3);
    assert_eq!(metric(&app, "tollgate_export_sent_total", TOOL).await, "0");
}
