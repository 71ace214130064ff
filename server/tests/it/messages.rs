//! `POST /v1/messages`: Anthropic's protocol, served by Anthropic and by others.

use std::time::Duration;

use serde_json::{Value, json};

use crate::kit::{Behaviour, FakeUpstream, TestApp};
use crate::provider::anthropic::{COST_NANO, events, message, start};

const MESSAGES: &str = "/v1/messages";

fn ask(model: &str) -> Value {
    json!({ "model": model, "max_tokens": 50, "messages": [{ "role": "user", "content": "hi" }] })
}

fn data(body: &str) -> Vec<Value> {
    body.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok()).collect()
}

#[tokio::test]
async fn bytes_pass_through_to_anthropic_and_are_priced() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let key = app.new_key(json!({})).await;
    let body = r#"{"max_tokens": 50, "new_field": [1, 2.50], "model":"claude",
        "messages":[{"role":"user","content":[{"type":"new_block","é":1},{"type":"text","text":"hi"}]}],"thinking":{"type":"enabled","budget_tokens":1024}}"#;
    upstream.then(Behaviour::Status(200, message(), vec![]));
    let client = app.nobody().with_header("x-api-key", &key).with_header("anthropic-beta", "new-2026,other");
    let answer = client.post_text(MESSAGES, body).expect_status(200).await;
    assert_eq!(answer.body(), message());
    assert_eq!(upstream.received()[0].body, body.replace("\"claude\"", "\"claude-sonnet-4-5\""));
    let sent = &upstream.received()[0];
    assert_eq!((&*sent.path, sent.header("anthropic-beta")), ("/v1/messages", Some("new-2026,other")));
    assert_eq!((sent.header("anthropic-version"), sent.header("x-api-key")), (Some("2023-06-01"), Some("sk-upstream")));

    upstream.then(Behaviour::Stream(events(), Duration::ZERO));
    let mut streamed = ask("claude");
    streamed["stream"] = json!(true);
    let answer = client.post(MESSAGES, streamed).expect_status(200).await;
    assert_eq!(answer.body(), events().concat());
    assert_eq!(app.settled().await.spend.0, 2 * COST_NANO);
    let logs = app.get("/spend/logs").expect_status(200).await.value();
    assert_eq!(logs[0]["call_type"], "anthropic_messages");
}

/// At 15 dollars a million output tokens.
#[tokio::test]
async fn thinking_stays_within_what_a_budget_affords() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    for (max_budget, thinks) in [(0.07, true), (0.02, false), (1.0, true)] {
        let key = app.new_key(json!({ "max_budget": max_budget })).await;
        let mut body = ask("claude");
        body["max_tokens"] = json!(20_000);
        body["thinking"] = json!({ "type": "enabled", "budget_tokens": 10_000, "display": "omitted" });
        upstream.then(Behaviour::Status(200, message(), vec![]));
        app.bearer(&key).post(MESSAGES, body).expect_status(200).await;
        let sent = upstream.received().last().unwrap().json();
        let limit = sent["max_tokens"].as_u64().unwrap();
        let budget = if max_budget < 1.0 { limit / 2 } else { 10_000 };
        let expected = json!({ "type": "enabled", "budget_tokens": budget, "display": "omitted" });
        assert_eq!(sent.get("thinking"), thinks.then_some(&expected), "{sent}");
        assert_eq!(limit == 20_000, max_budget == 1.0, "{sent}");
    }
}

#[tokio::test]
async fn any_model_answers_in_anthropics_words() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let mut body = ask("gpt");
    body["thinking"] = json!({ "type": "enabled", "budget_tokens": 1024 });
    body["top_k"] = json!(4);
    body["metadata"] = json!({ "user_id": "x".repeat(65) });
    let answer = app.post(MESSAGES, body).expect_status(200).await;
    assert_eq!(answer.header("x-litellm-response-cost"), "0.00005");
    let expected = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "gpt-upstream", "stop_reason": "end_turn",
        "content": [{ "type": "text", "text": "Hello there" }], "stop_sequence": null, "usage": {
            "input_tokens": 10, "output_tokens": 20, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0 },
    });
    assert_eq!(answer.value(), expected);
    let sent = upstream.received()[0].json();
    let expected = json!({
        "model": "gpt-upstream", "messages": [{ "role": "user", "content": "hi" }], "max_completion_tokens": 50,
    });
    assert_eq!(sent, expected, "what OpenAI's models refuse is left out");

    let mut streamed = ask("gpt");
    streamed["stream"] = json!(true);
    let answer = app.post(MESSAGES, streamed).expect_status(200).await;
    let events = data(answer.body());
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
    );
    assert_eq!(events[5]["usage"]["output_tokens"], 20);
    assert_eq!(app.settled().await.spend.0, 100_000);
}

#[tokio::test]
async fn the_demo_model_answers_too() {
    let app = TestApp::start().await;
    let answer = app.post(MESSAGES, ask("demo")).expect_status(200).await.value();
    assert!(answer["content"][0]["text"].as_str().unwrap().contains("demo model"), "{answer}");
}

#[tokio::test]
async fn refusals_and_failures_are_anthropics_errors() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let nobody = app.nobody().post(MESSAGES, ask("claude")).expect_status(401).await.value();
    assert_eq!((&nobody["type"], &nobody["error"]["type"]), (&json!("error"), &json!("authentication_error")));
    let mut body = ask("claude");
    body.as_object_mut().unwrap().remove("max_tokens");
    let missing = app.post(MESSAGES, body).expect_status(400).await.value();
    assert_eq!(missing["error"]["type"], "invalid_request_error");
    assert!(missing["error"]["message"].as_str().unwrap().contains("max_tokens"), "{missing}");
    let poor = app.new_key(json!({ "max_budget": 0.0 })).await;
    let refused = app.bearer(&poor).post(MESSAGES, ask("claude")).expect_status(400).await.value();
    assert!(refused["error"]["message"].as_str().unwrap().contains("Budget has been exceeded"), "{refused}");

    for _ in 0..4 {
        let error = json!({ "type": "error", "error": { "type": "rate_limit_error", "message": "slow down" } });
        upstream.then(Behaviour::Status(429, error.to_string(), vec![]));
    }
    let limited = app.post(MESSAGES, ask("claude")).expect_status(429).await.value();
    assert_eq!(limited, json!({ "type": "error", "error": { "type": "rate_limit_error", "message": "slow down" } }));
}

#[tokio::test]
async fn conversations_are_not_held_and_sdks_are_told() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let mut body = ask("claude");
    body["thread"] = json!({ "type": "continue", "previous_message_id": "msg_of_somebody_else" });
    for path in [MESSAGES, "/v1/messages/count_tokens"] {
        let refused = app.post(path, body.clone()).expect_status(400).await.value();
        assert_eq!(refused["error"]["details"]["error_code"], "thread_unsupported_request", "{refused}");
        assert!(refused["error"]["message"].as_str().unwrap().contains("'thread'"), "{refused}");
    }
    assert!(upstream.received().is_empty());
    body["thread"] = Value::Null;
    upstream.then(Behaviour::Status(200, message(), vec![]));
    app.post(MESSAGES, body).expect_status(200).await;
}

#[tokio::test]
async fn a_stream_that_the_provider_breaks_off_says_so() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let some = events()[..5].to_vec();
    let mut body = ask("claude");
    body["stream"] = json!(true);
    for broken in [Behaviour::Stream(some.clone(), Duration::ZERO), Behaviour::Truncate(some.clone())] {
        upstream.then(broken);
        let answer = app.post(MESSAGES, body.clone()).expect_status(200).await;
        let rest = answer.body().strip_prefix(&some.concat()).unwrap().to_owned();
        assert_eq!(data(&rest)[0]["error"]["message"], "The provider broke off its answer.", "{rest}");
    }
    let report = app.settled().await;
    assert!(report.spend.0 > 0, "{report:?}");
    let logs = app.get("/spend/logs").expect_status(200).await.value();
    assert_eq!((&logs[0]["status"], &logs[1]["status"]), (&json!("failure"), &json!("failure")));
}

#[tokio::test]
async fn what_only_anthropic_reads_counts_against_a_budget() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    // 30,000 words at 3 dollars a million tokens are more than 5 cents.
    let key = app.new_key(json!({ "max_budget": 0.05 })).await;
    let long = "word ".repeat(30_000);
    let source = json!({ "type": "content", "content": [{ "type": "text", "text": long }] });
    let blocks = [
        json!({ "type": "search_result", "content": [{ "type": "text", "text": long }] }),
        json!({ "type": "document", "source": source }),
        json!({ "type": "tool_result", "tool_use_id": "t", "content": [{ "type": "document", "source": source }] }),
    ];
    for block in blocks {
        let mut body = ask("claude");
        body["messages"][0]["content"] = json!([block]);
        let refused = app.bearer(&key).post(MESSAGES, body).expect_status(400).await.value();
        assert!(refused["error"]["message"].as_str().unwrap().contains("Budget has been exceeded"), "{refused}");
    }
    let mut body = ask("claude");
    body["mcp_servers"] = json!([{ "name": long }]);
    app.bearer(&key).post(MESSAGES, body).expect_status(400).await;
    assert!(upstream.received().is_empty());
}

#[tokio::test]
async fn tokens_are_counted_without_a_call() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let count = |mut body: Value| {
        body.as_object_mut().unwrap().remove("max_tokens");
        app.post("/v1/messages/count_tokens", body)
    };
    let short = count(ask("claude")).expect_status(200).await.value()["input_tokens"].as_u64().unwrap();
    let mut long = ask("claude");
    long["system"] = json!("word ".repeat(100));
    let long = count(long).expect_status(200).await.value()["input_tokens"].as_u64().unwrap();
    assert!(short > 0 && long >= short + 100, "{short} {long}");
    count(ask("no-such-model")).expect_status(400).await;
    assert!(upstream.received().is_empty());
    assert_eq!(app.settled().await.calls, 0);
}
