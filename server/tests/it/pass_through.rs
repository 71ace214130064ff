//! Providers' own APIs behind `/anthropic`, `/gemini`, `/openai` and their like.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::chat::ask;
use crate::kit::{Behaviour, FakeUpstream, TestApp};
use crate::provider::anthropic::{COST_NANO, events, message};

const MESSAGES: &str = "/anthropic/v1/messages";

/// Models of several providers at one address, with the catalog's prices.
async fn start(upstream: &FakeUpstream) -> TestApp {
    let deployments = [
        upstream.deployment_of("anthropic/claude-sonnet-4-5", "claude", "one"),
        upstream.deployment_of("gemini/gemini-2.5-flash", "fast", "two"),
        upstream.deployment_of("openai/gpt-4o-mini", "gpt", "three"),
        upstream.deployment_of("cohere/rerank-v3.5", "rerank", "four"),
    ];
    let lines: Vec<String> = deployments.concat().lines().map(str::to_owned).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).filter(|line| !line.contains("cost_per_token")).collect();
    TestApp::builder().config(&format!("model_list:\n{}\n", lines.join("\n"))).start().await
}

fn say(model: &str) -> Value {
    json!({ "model": model, "max_tokens": 50, "messages": [{ "role": "user", "content": "hi" }] })
}

#[tokio::test]
async fn only_the_credential_and_the_public_name_change() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let key = app.new_key(json!({ "models": ["claude"] })).await;
    upstream.then(Behaviour::Status(200, message(), vec![("request-id", "req_1"), ("set-cookie", "a=b")]));
    let client = app.nobody().with_header("x-api-key", &key).with_header("anthropic-beta", "new-2026");
    let client = client.with_header("x-forwarded-for", "1.2.3.4").with_header("x-mine", "1");
    let body =
        r#"{ "model" : "claude", "new_field": 1.50, "max_tokens":50,"messages":[{"role":"user","content":"hi"}]}"#;
    let answer = client.post_text(&format!("{MESSAGES}?beta=true"), body).expect_status(200).await;
    assert_eq!(answer.body(), message());
    assert_eq!((answer.header("request-id"), answer.header("x-litellm-response-cost")), ("req_1", "0.000294"));
    assert!(!answer.has_header("set-cookie"));
    let sent = &upstream.received()[0];
    assert_eq!((&*sent.method, &*sent.path, &*sent.query), ("POST", "/v1/messages", "beta=true"));
    assert_eq!(sent.body, body.replace("\"claude\"", "\"claude-sonnet-4-5\""));
    assert_eq!((sent.header("x-api-key"), &sent.authorization), (Some("sk-upstream"), &None));
    assert_eq!((sent.header("anthropic-beta"), sent.header("x-mine")), (Some("new-2026"), Some("1")));
    assert_eq!((sent.header("anthropic-version"), sent.header("x-forwarded-for")), (Some("2023-06-01"), None));
    assert_eq!(app.settled().await.spend.0, COST_NANO);
    let logs = app.get("/spend/logs").expect_status(200).await.value();
    assert_eq!((&logs[0]["call_type"], &logs[0]["model_group"]), (&json!("pass_through_endpoint"), &json!("claude")));
    assert_eq!(logs[0]["metadata"]["path"], "POST /anthropic/v1/messages");
}

#[tokio::test]
async fn streams_pass_as_they_are_and_are_metered() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let mut body = say("claude-sonnet-4-5");
    body["stream"] = json!(true);
    upstream.then(Behaviour::Stream(events(), Duration::ZERO));
    let answer = app.post(MESSAGES, &body).expect_status(200).await;
    assert_eq!(answer.body(), events().concat());
    assert_eq!(app.settled().await.spend.0, COST_NANO);
    upstream.then(Behaviour::Truncate(events()[..5].to_vec()));
    let answer = app.post(MESSAGES, &body).expect_status(200).await;
    assert_eq!(answer.body(), events()[..5].concat(), "nothing is added to it");
    assert_eq!(app.settled().await.spend.0, 2 * COST_NANO - 5 * 15_000);
}

#[tokio::test]
async fn googles_clients_may_have_their_key_in_the_query() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let key = app.new_key(json!({})).await;
    let answer = json!({ "candidates": [{ "content": { "parts": [{ "text": "Hi" }] }, "finishReason": "STOP" }],
        "usageMetadata": { "promptTokenCount": 100, "cachedContentTokenCount": 40, "candidatesTokenCount": 20,
            "thoughtsTokenCount": 30, "totalTokenCount": 150 } });
    let contents = json!({ "contents": [{ "parts": [{ "text": "hi" }] }] });
    upstream.then(Behaviour::Status(200, answer.to_string(), vec![]));
    let path = format!("/gemini/v1beta/models/fast:generateContent?key={key}&x=1");
    let got = app.nobody().post(&path, &contents).expect_status(200).await;
    assert_eq!(got.body(), answer.to_string());
    let sent = &upstream.received()[0];
    assert_eq!((&*sent.path, &*sent.query), ("/v1beta/models/gemini-2.5-flash:generateContent", "x=1"));
    assert_eq!(sent.header("x-goog-api-key"), Some("sk-upstream"));
    assert_eq!(sent.json(), contents);
    // 60×0.3 + 40×0.03 + 50×2.5 millionths.
    assert_eq!(app.settled().await.spend.0, 144_200);

    let event = format!("data: {answer}\r\n\r\n");
    upstream.then(Behaviour::Stream(vec![event.clone()], Duration::ZERO));
    let path = "/gemini/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse";
    let got = app.bearer(&key).post(path, &contents).expect_status(200).await;
    assert_eq!(got.body(), event);
    assert_eq!(upstream.received()[1].query, "alt=sse");
    assert_eq!(app.settled().await.spend.0, 2 * 144_200);
}

#[tokio::test]
async fn calls_without_a_model_are_for_keys_of_all_models_with_money_left() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let files = r#"{"object":"list","data":[]}"#;
    upstream.then(Behaviour::Status(203, files.to_owned(), vec![("openai-processing-ms", "7")]));
    let answer = app.get("/openai/v1/files?limit=2&after=a%2Fb").expect_status(203).await;
    assert_eq!((answer.body(), answer.header("openai-processing-ms")), (files, "7"));
    let sent = &upstream.received()[0];
    assert_eq!((&*sent.method, &*sent.path, &*sent.query), ("GET", "/v1/files", "limit=2&after=a%2Fb"));
    assert_eq!(sent.authorization.as_deref(), Some("Bearer sk-upstream"));
    upstream.then(Behaviour::Status(200, "{}".to_owned(), vec![]));
    app.call(Method::DELETE, "/openai/v1/files/file-1", None).expect_status(200).await;
    assert_eq!(upstream.received()[1].method, "DELETE");

    let limited = app.new_key(json!({ "models": ["gpt"] })).await;
    let (_, _, message) = app.bearer(&limited).get("/openai/v1/files").expect_status(403).await.error();
    assert!(message.contains("names no model"), "{message}");
    let poor = app.new_key(json!({ "max_budget": 0.0 })).await;
    let (_, _, message) = app.bearer(&poor).get("/openai/v1/files").expect_status(400).await.error();
    assert!(message.contains("Budget has been exceeded"), "{message}");
    app.nobody().get("/openai/v1/files").expect_status(401).await;
    assert_eq!(upstream.received().len(), 2);
    let report = app.settled().await;
    assert_eq!(report.spend.0, 0);
}

#[tokio::test]
async fn a_key_uses_only_its_models_under_either_name() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let key = app.new_key(json!({ "models": ["claude"] })).await;
    for model in ["claude", "claude-sonnet-4-5"] {
        upstream.then(Behaviour::Status(200, message(), vec![]));
        app.bearer(&key).post(MESSAGES, say(model)).expect_status(200).await;
    }
    for model in ["claude-opus-4-1", "fast", ""] {
        let refused = app.bearer(&key).post(MESSAGES, say(model)).expect_status(403).await.value();
        assert_eq!(refused["type"], "error", "in the words of the client's protocol");
    }
    let twice = r#"{"model":"claude","model":"claude-opus-4-1","max_tokens":5}"#;
    app.bearer(&key).post_text(MESSAGES, twice).expect_status(400).await;
    let path = "/gemini/v1beta/models/gemini-2.5-flash:generateContent";
    app.bearer(&key).post(path, json!({ "model": "claude" })).expect_status(403).await;
    assert_eq!(upstream.received().len(), 2);
    assert_eq!(app.settled().await.spend.0, 2 * COST_NANO);
}

#[tokio::test]
async fn a_model_in_a_path_is_the_same_however_it_is_written() {
    let upstream = FakeUpstream::start();
    let model = "amazon.nova-lite-v1:0";
    let yaml = format!(
        "model_list:\n  - model_name: nova\n    litellm_params:\n      model: bedrock/{model}\n      \
         aws_bedrock_runtime_endpoint: {}\n      aws_region_name: us-east-1\n      aws_access_key_id: AKIAEXAMPLE\n      \
         aws_secret_access_key: secret\n",
        upstream.base()
    );
    let app = TestApp::builder().config(&yaml).start().await;
    let answer = r#"{"output":{"message":{"role":"assistant","content":[{"text":"hi"}]}},"stopReason":"end_turn",
        "usage":{"inputTokens":1000,"outputTokens":1000,"totalTokens":2000}}"#;
    let body = json!({ "messages": [{ "role": "user", "content": [{ "text": "hi" }] }] });
    let key = app.bearer(&app.new_key(json!({ "models": ["nova"], "max_budget": 0.01 })).await);
    for written in [model, "amazon.nova-lite-v1%3A0", "nova"] {
        upstream.then(Behaviour::Status(200, answer.to_owned(), vec![]));
        key.post(&format!("/bedrock/model/{written}/converse"), body.clone()).expect_status(200).await;
    }
    // 0.06 dollars a million tokens of input, 0.24 of output.
    assert_eq!(app.settled().await.spend.0, 3 * 300_000);
    for path in ["/bedrock/mode%6C/amazon.nova-pro-v1:0/converse", "/bedrock/Model/amazon.nova-pro-v1:0/converse"] {
        let mut body = body.clone();
        body["model"] = json!("nova");
        key.post(path, body).expect_status(403).await;
    }
    let refused = key.post("/bedrock/async-invoke", json!({ "modelId": "amazon.nova-reel-v1:0", "model": "nova" }));
    assert!(refused.expect_status(403).await.error().2.contains("names no model"));
    assert_eq!(upstream.received().len(), 3);
}

/// A model that is no deployment's costs what the catalog says: of `message()` at 1 dollar a million input tokens, 0.10
/// cached, 1.25 and 2 written to the cache, 5 output.
#[tokio::test]
async fn other_models_of_a_provider_are_priced_by_the_catalog() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    upstream.then(Behaviour::Status(200, message(), vec![]));
    app.post(MESSAGES, say("claude-haiku-4-5")).expect_status(200).await;
    assert_eq!(upstream.received()[0].json()["model"], "claude-haiku-4-5");
    assert_eq!(app.settled().await.spend.0, 98_000);
    let poor = app.new_key(json!({ "max_budget": 0.0001 })).await;
    let mut body = say("claude-haiku-4-5");
    body["max_tokens"] = json!(50_000);
    let refused = app.bearer(&poor).post(MESSAGES, body).expect_status(400).await.value();
    assert!(refused["error"]["message"].as_str().unwrap().contains("Budget has been exceeded"), "{refused}");
    assert_eq!(upstream.received().len(), 1);
}

#[tokio::test]
async fn other_forms_of_usage_are_read() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    // 2 dollars a thousand searches.
    let ranked = json!({ "results": [], "meta": { "billed_units": { "search_units": 3 } } });
    upstream.then(Behaviour::Status(200, ranked.to_string(), vec![]));
    let body = json!({ "model": "rerank", "query": "q", "documents": ["a"] });
    app.post("/cohere/v2/rerank", &body).expect_status(200).await;
    assert_eq!(upstream.received()[0].json()["model"], "rerank-v3.5");
    assert_eq!(app.settled().await.spend.0, 6_000_000);
    let poor = app.new_key(json!({ "max_budget": 0.001 })).await;
    app.bearer(&poor).post("/cohere/v2/rerank", &body).expect_status(400).await;
    // 0.15 dollars a million input tokens, 0.60 output.
    let response = json!({ "type": "response.completed", "response": { "usage": { "input_tokens": 100, "output_tokens": 10,
        "input_tokens_details": { "cached_tokens": 0 } } } });
    upstream.then(Behaviour::Stream(vec![format!("event: x\ndata: {response}\n\n")], Duration::ZERO));
    let body = json!({ "model": "gpt", "input": "hi", "stream": true });
    app.post("/openai/v1/agents/run", body).expect_status(200).await;
    assert_eq!(app.settled().await.spend.0, 6_000_000 + 15_000 + 6_000);
}

#[tokio::test]
async fn what_the_provider_refuses_passes_as_it_is() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    upstream.then(Behaviour::Status(429, r#"{"type":"error","x":1}"#.to_owned(), vec![("retry-after", "7")]));
    let answer = app.post(MESSAGES, say("claude")).expect_status(429).await;
    assert_eq!((answer.body(), answer.header("retry-after")), (r#"{"type":"error","x":1}"#, "7"));
    assert_eq!(upstream.received().len(), 1, "nothing is tried again");
    assert_eq!(app.settled().await.spend.0, 0);
    let logs = app.get("/spend/logs").expect_status(200).await.value();
    assert_eq!((&logs[0]["status"], &logs[0]["metadata"]["attempts"][0]["status"]), (&json!("failure"), &json!(429)));
}

#[tokio::test]
async fn limits_by_the_minute_hold() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let key = app.new_key(json!({ "rpm_limit": 1 })).await;
    upstream.then(Behaviour::Status(200, "{}".to_owned(), vec![]));
    app.bearer(&key).get("/openai/v1/files").expect_status(200).await;
    app.bearer(&key).get("/openai/v1/files").expect_status(429).await;
    assert_eq!(upstream.received().len(), 1);
}

#[tokio::test]
async fn routes_of_the_gateway_keep_what_they_are() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    app.post("/openai/v1/chat/completions", ask("gpt")).expect_status(200).await;
    app.post("/openai/deployments/gpt/chat/completions", ask("gpt")).expect_status(200).await;
    app.settled().await;
    let logs = app.get("/spend/logs").expect_status(200).await.value();
    assert!(logs.as_array().unwrap().iter().all(|log| log["call_type"] == "acompletion"), "{logs}");
    let (_, _, message) = app.get("/bedrock/guardrails").expect_status(404).await.error();
    assert!(message.contains("bedrock"), "{message}");
}

/// What clients of HTTP would put right before they send it.
async fn raw(app: &TestApp, head: &str) -> String {
    let address = app.base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn no_path_leads_elsewhere() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let key = app.new_key(json!({})).await;
    let rest = format!("HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\r\n");
    for path in [
        "/openai/../admin",
        "/openai/v1/../../admin",
        "/openai/%2e%2e/admin",
        "/openai/v1/%252e%252e/admin",
        "/openai/v1/..%2fadmin",
        "/openai/v1/..;/admin",
        "/openai//evil.example/x",
        "/openai/v1/\\..\\admin",
    ] {
        let status = raw(&app, &format!("GET {path} {rest}")).await;
        assert!(status.contains(" 400 "), "{path}: {status}");
    }
    assert!(upstream.received().is_empty());
    upstream.then(Behaviour::Status(200, "{}".to_owned(), vec![]));
    let status = raw(&app, &format!("GET http://evil.example/openai/v1/files {rest}")).await;
    assert!(status.contains(" 200 "), "{status}");
    assert_eq!((upstream.received().len(), &*upstream.received()[0].path), (1, "/v1/files"));
    assert!(upstream.received()[0].header("host").unwrap().starts_with("127.0.0.1"));
}
