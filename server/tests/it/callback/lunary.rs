//! Lunary: the start and the end of a run for each call.

use serde_json::{Value, json};

use super::{exporting, metric, until_metric};
use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, Receiver, TestApp, Told};

const TOOL: &str = "lunary";
/// What Lunary's own clients send of a run.
const FIELDS: [&str; 19] = [
    "event",
    "type",
    "name",
    "userId",
    "userProps",
    "tags",
    "threadTags",
    "runId",
    "parentRunId",
    "timestamp",
    "message",
    "input",
    "output",
    "error",
    "runtime",
    "tokensUsage",
    "metadata",
    "params",
    "templateId",
];

async fn start(settings: &str, upstream: &FakeUpstream, receiver: &Receiver) -> TestApp {
    let settings = format!("{settings}\nrouter_settings: {{num_retries: 0}}");
    let builder = exporting(&settings, &upstream.deployment("gpt", "one"));
    let builder = builder.variable("LUNARY_API_URL", &receiver.url("/"));
    builder.variable("LUNARY_PUBLIC_KEY", "259d2d94-9446-478a-ae04-484de705b522").start().await
}

fn events(told: &Told) -> Vec<Value> {
    assert_eq!(told.path, "/v1/runs/ingest");
    assert_eq!(told.header("authorization"), Some("Bearer 259d2d94-9446-478a-ae04-484de705b522"));
    let events = told.json()["events"].as_array().unwrap().clone();
    for event in &events {
        let unknown = event.as_object().unwrap().keys().find(|name| !FIELDS.contains(&name.as_str()));
        assert_eq!(unknown, None, "{event:#}");
        chrono::DateTime::parse_from_rfc3339(event["timestamp"].as_str().unwrap()).unwrap();
    }
    events
}

fn has(body: &Value, expected: &Value) {
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&body[name], value, "{name} of {body:#}");
    }
}

#[tokio::test]
async fn a_call_is_a_run_that_starts_and_ends() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = start("{success_callback: [lunary]}", &upstream, &receiver).await;
    let mut asked = ask("gpt");
    let more = json!({
        "temperature": 0.5, "user": "customer",
        "metadata": {"tags": ["a"], "feature": "search", "parent_run_id": "run-1", "template_id": "greeting"},
    });
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = app.post(CHAT, asked).expect_status(200).await;
    let told = receiver.until_told(1).await;
    let events = events(&told[0]);
    assert_eq!(events.len(), 2);
    let run = events[0]["runId"].as_str().unwrap();
    assert_eq!((run.len(), run.replace('-', "")), (36, answer.header("x-litellm-call-id").to_owned()));
    let expected = json!({
        "event": "start", "type": "llm", "name": "gpt-upstream", "userId": "customer", "tags": ["a"],
        "input": [{"role": "user", "content": "hi"}], "params": {"temperature": 0.5}, "templateId": "greeting",
        // The first 16 bytes of the SHA-256 of `run-1` and the project's key, as Lunary's clients make it.
        "parentRunId": "b95b0c6e-84af-07ba-5958-19cba12f5890",
    });
    has(&events[0], &expected);
    has(&events[0]["metadata"], &json!({"feature": "search", "model_group": "gpt", "litellm_response_cost": 0.00005}));
    let expected = json!({
        "event": "end", "type": "llm", "runId": run,
        "tokensUsage": {"prompt": 10, "completion": 20, "promptCached": 0},
    });
    has(&events[1], &expected);
    assert_eq!(events[1]["output"]["content"], "Hello there");
    assert!(events[0]["timestamp"].as_str() <= events[1]["timestamp"].as_str());
}

#[tokio::test]
async fn a_failure_ends_with_its_reason() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = start("{failure_callback: [lunary]}", &upstream, &receiver).await;
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    let down = json!({"error": {"message": "we are down"}}).to_string();
    upstream.then(Behaviour::Status(503, down, Vec::new()));
    app.post(CHAT, ask("gpt")).expect_status(503).await;
    let events = events(&receiver.until_told(1).await[0]);
    assert_eq!((&events[0]["event"], &events[1]["event"]), (&json!("start"), &json!("error")));
    assert!(events[1]["error"]["message"].as_str().unwrap().contains("we are down"), "{events:#?}");
}

#[tokio::test]
async fn what_lunary_does_not_take_is_counted_but_for_what_it_has_already() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = start("{callbacks: [lunary]}", &upstream, &receiver).await;
    let wrong = |id: &str, error: &str| json!({"id": id, "success": false, "error": error});
    let known = wrong("three", "Run with this ID already exists in the database.");
    let results = json!([wrong("one", "no"), wrong("one", "no"), {"id": "two", "success": true}, known]);
    receiver.then_saying(200, &json!({"results": results}));
    for _ in 0..3 {
        app.post(CHAT, ask("gpt")).expect_status(200).await;
    }
    until_metric(&app, "tollgate_export_sent_total", TOOL, "2").await;
    assert_eq!(metric(&app, "tollgate_export_failed_total", TOOL).await, "1");
}
