//! OpenTelemetry: spans and metrics, in the words of the conventions for generative AI.

mod metrics;

use std::collections::BTreeMap;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde_json::{Value, json};

use super::{exporting, metric, until_metric};
use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, DONE, FakeUpstream, Receiver, TestApp, Told, delta, usage};

const TOOL: &str = "otel";

async fn start(settings: &str, upstream: &FakeUpstream, receiver: &Receiver) -> TestApp {
    let builder = exporting(settings, &upstream.deployment("gpt", "one"));
    let builder = builder.variable("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url("/collector/"));
    let builder = builder.variable("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20hush");
    let builder = builder.variable("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test");
    builder.variable("OTEL_SERVICE_NAME", "gateway-of-acme").start().await
}

fn spans(told: &Told) -> Vec<Value> {
    told.json()["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().clone()
}

fn value(value: &Value) -> Value {
    let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "intValue" => json!(value.as_str().unwrap().parse::<i64>().unwrap()),
        "arrayValue" => value["values"].as_array().unwrap().iter().map(|one| one["stringValue"].clone()).collect(),
        _ => value.clone(),
    }
}

fn attributes(of: &Value) -> BTreeMap<String, Value> {
    let all = of["attributes"].as_array().unwrap().iter();
    let all: Vec<_> = all.map(|one| (one["key"].as_str().unwrap().to_owned(), value(&one["value"]))).collect();
    let (count, all) = (all.len(), BTreeMap::from_iter(all));
    assert_eq!(all.len(), count, "no attribute twice");
    all
}

fn has(found: &BTreeMap<String, Value>, expected: &Value) {
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(found.get(name), Some(value), "{name} of {found:#?}");
    }
}

#[tokio::test]
async fn a_call_is_a_span_with_the_attributes_of_the_conventions() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = start("{callbacks: [otel]}", &upstream, &receiver).await;
    app.post("/team/new", json!({"team_id": "t", "team_alias": "Search"})).expect_status(200).await;
    let key = app.bearer(&app.new_key(json!({"key_alias": "k", "team_id": "t"})).await);
    let mut asked = ask("gpt");
    let more = json!({
        "temperature": 1, "max_tokens": 50,
        "metadata": {"trace_id": "0AF7651916CD43DD8448EB211C80319C", "session_id": "s", "tags": ["batch"]},
    });
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = key.post(CHAT, asked).expect_status(200).await;
    let told = receiver.until_told(1).await;
    assert_eq!((told[0].path.as_str(), told[0].header("authorization")), ("/collector/v1/traces", Some("Bearer hush")));
    let resource = attributes(&told[0].json()["resourceSpans"][0]["resource"]);
    has(&resource, &json!({"service.name": "gateway-of-acme", "deployment.environment.name": "test"}));
    let span = &spans(&told[0])[0];
    assert_eq!((&span["name"], &span["kind"], &span["status"]["code"]), (&json!("chat gpt"), &json!(3), &json!(1)));
    assert_eq!(span["traceId"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(span["spanId"].as_str().unwrap().len(), 16);
    let nanos = |name: &str| span[name].as_str().unwrap().parse::<i64>().unwrap();
    assert!(nanos("endTimeUnixNano") >= nanos("startTimeUnixNano") && nanos("startTimeUnixNano") > 0);
    let found = attributes(span);
    let expected = json!({
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.system": "openai",
        "gen_ai.request.model": "gpt", "gen_ai.response.model": "gpt-upstream", "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 20, "gen_ai.request.temperature": 1.0,
        "gen_ai.request.max_tokens": 50, "gen_ai.conversation.id": "s", "server.address": "127.0.0.1",
        "tollgate.call.id": answer.header("x-litellm-call-id"), "tollgate.cost.usd": 0.00005,
        "tollgate.key.alias": "k", "tollgate.team.id": "t", "tollgate.team.alias": "Search", "tollgate.tags": ["batch"],
        "tollgate.stream": false,
    });
    has(&found, &expected);
    let messages = |name: &str| serde_json::from_str::<Value>(found[name].as_str().unwrap()).unwrap();
    let asked = json!([{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]);
    assert_eq!(messages("gen_ai.input.messages"), asked);
    assert_eq!(messages("gen_ai.output.messages")[0]["parts"][0]["content"], "Hello there");
}

#[tokio::test]
async fn a_stream_says_when_it_began_and_a_failure_what_went_wrong() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let settings = "{callbacks: [otel], turn_off_message_logging: true}\nrouter_settings: {num_retries: 0}";
    let app = start(settings, &upstream, &receiver).await;
    let down = json!({"error": {"message": "we are down"}}).to_string();
    let stream = vec![delta("Hel"), delta("lo"), usage(10, 20), DONE.to_owned()];
    upstream.then(Behaviour::Stream(stream, Duration::ZERO)).then(Behaviour::Status(503, down, Vec::new()));
    let mut asked = ask("gpt");
    asked["stream"] = json!(true);
    app.post(CHAT, asked).expect_status(200).await;
    app.post(CHAT, ask("gpt")).expect_status(503).await;
    until_metric(&app, "tollgate_export_sent_total", TOOL, "2").await;
    let spans: Vec<Value> = receiver.told().iter().flat_map(spans).collect();
    assert_eq!(spans[0]["events"][0]["name"], "first_token");
    let (streamed, failed) = (attributes(&spans[0]), attributes(&spans[1]));
    assert!(streamed.contains_key("tollgate.time_to_first_token_seconds"), "{streamed:#?}");
    assert!(!streamed.contains_key("gen_ai.input.messages") && !streamed.contains_key("gen_ai.output.messages"));
    assert_eq!(spans[1]["status"]["code"], 2);
    assert!(spans[1]["status"]["message"].as_str().unwrap().contains("we are down"), "{}", spans[1]);
    has(&failed, &json!({"error.type": "503", "tollgate.cost.usd": 0.0}));
}

#[tokio::test]
async fn spans_that_a_collector_does_not_take_are_counted() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = start("{callbacks: [otel]}", &upstream, &receiver).await;
    receiver.then_saying(200, &json!({"partialSuccess": {"rejectedSpans": "1", "errorMessage": "too many"}}));
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    until_metric(&app, "tollgate_export_failed_total", TOOL, "1").await;
    assert_eq!(metric(&app, "tollgate_export_sent_total", TOOL).await, "0");
}

#[tokio::test]
async fn a_call_is_a_span_of_the_trace_that_it_was_made_in() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = start("{callbacks: [otel]}", &upstream, &receiver).await;
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let mut asked = ask("gpt");
    asked["metadata"] = json!({"trace_id": "another"});
    let client = app.bearer(crate::kit::MASTER_KEY);
    client.with_header("traceparent", parent).post(CHAT, asked).expect_status(200).await;
    let span = spans(&receiver.until_told(1).await[0])[0].clone();
    assert_eq!(span["traceId"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!((&span["parentSpanId"], &span["flags"]), (&json!("b7ad6b7169203331"), &json!(0x301)));
    let client = app.bearer(crate::kit::MASTER_KEY).with_header("traceparent", "nonsense");
    client.post(CHAT, ask("gpt")).expect_status(200).await;
    let span = spans(&receiver.until_told(2).await[1])[0].clone();
    assert_eq!((span["traceId"].as_str().unwrap().len(), &span["parentSpanId"]), (32, &json!("")));
}

#[tokio::test]
async fn spans_are_told_in_the_form_that_is_asked_for() {
    let variables = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER"];
    for (variable, failed) in variables.into_iter().zip(["1", "2", "3"]) {
        let value = if variable == "OTEL_EXPORTER" { "otlp_http" } else { "http/protobuf" };
        let receiver = Receiver::start();
        // As LiteLLM has addresses.
        let address = receiver.url("/collector/v1/traces");
        let builder = exporting("{callbacks: [otel]}", "").variable("OTEL_ENDPOINT", &address);
        let app = builder.variable(variable, value).start().await;
        // What a collector says of a span that it did not take.
        receiver.then_text("\n\u{2}\u{8}\u{1}");
        app.post(CHAT, ask("mock")).expect_status(200).await;
        until_metric(&app, "tollgate_export_failed_total", TOOL, failed).await;
        let told = receiver.told();
        assert_eq!((told[0].path.as_str(), told.len()), ("/collector/v1/traces", 1));
        assert_eq!(told[0].header("content-type"), Some("application/x-protobuf"));
        let request = ExportTraceServiceRequest::decode(told[0].bytes.clone()).unwrap();
        let span = &request.resource_spans[0].scope_spans[0].spans[0];
        assert_eq!((span.name.as_str(), span.trace_id.len(), span.span_id.len()), ("chat mock", 16, 8));
    }
}

#[tokio::test]
async fn a_form_that_is_not_spoken_is_named_and_the_tool_left_out() {
    let receiver = Receiver::start();
    let builder = exporting("{callbacks: [otel]}", "").variable("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url(""));
    let app = builder.variable("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc").start().await;
    app.post(CHAT, ask("mock")).expect_status(200).await;
    let tried = app.get("/health/services?service=otel").expect_status(400).await.value();
    assert!(receiver.told().is_empty(), "{tried}");
}
