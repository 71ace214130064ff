//! Anthropic behind `/v1/chat/completions`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, TestApp};

/// An answer of 10 input, 5 cached, 30 written to the cache (20 of them for an hour) and 7 output tokens.
pub(crate) fn message() -> String {
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929",
        "content": [{ "type": "text", "text": "Hello there" }], "stop_reason": "end_turn", "stop_sequence": null,
        "usage": {
            "input_tokens": 10, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 30, "output_tokens": 7,
            "cache_creation": { "ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20 },
        },
    })
    .to_string()
}

/// The same as a stream.
pub(crate) fn events() -> Vec<String> {
    let event = |value: Value| format!("event: {}\ndata: {value}\n\n", value["type"].as_str().unwrap());
    vec![
        event(json!({ "type": "message_start", "message": {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929", "content": [],
            "stop_reason": null, "stop_sequence": null, "usage": {
                "input_tokens": 10, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 30, "output_tokens": 1,
                "cache_creation": { "ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20 },
            },
        } })),
        event(json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } })),
        event(json!({ "type": "ping" })),
        event(json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "Hello" } })),
        event(
            json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": " there" } }),
        ),
        event(json!({ "type": "content_block_stop", "index": 0 })),
        event(json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn", "stop_sequence": null },
            "usage": { "output_tokens": 7 } })),
        event(json!({ "type": "message_stop" })),
    ]
}

/// One model, `claude`, with the catalog's prices.
pub(crate) async fn start(upstream: &FakeUpstream) -> TestApp {
    let deployment = upstream.deployment_of("anthropic/claude-sonnet-4-5", "claude", "one");
    let without_prices: Vec<&str> = deployment.lines().filter(|line| !line.contains("cost_per_token")).collect();
    TestApp::builder().config(&format!("model_list:\n{}\n", without_prices.join("\n"))).start().await
}

/// Of [`message`] at 3 dollars a million input tokens, 0.30 read from the cache, 3.75 and 6 written to it, 15 output:
/// 10×3 + 5×0.3 + 10×3.75 + 20×6 + 7×15 = 294 millionths.
pub(crate) const COST_NANO: i64 = 294_000;

#[tokio::test]
async fn a_whole_answer_is_translated_and_priced_by_every_leg() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    upstream.then(Behaviour::Status(200, message(), vec![("request-id", "req_1")]));
    let answer = app.post(CHAT, ask("claude")).expect_status(200).await;
    let body = answer.value();
    assert_eq!((&body["id"], &body["object"]), (&json!("msg_1"), &json!("chat.completion")));
    assert_eq!(body["choices"][0]["message"]["content"], "Hello there");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!(body["usage"]["prompt_tokens"], 45);
    assert_eq!(answer.header("x-litellm-response-cost"), "0.000294");
    assert_eq!(answer.header("llm_provider-request-id"), "req_1");

    let sent = &upstream.received()[0];
    assert_eq!(sent.path, "/v1/messages");
    assert_eq!(sent.header("x-api-key"), Some("sk-upstream"));
    assert_eq!(sent.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(sent.authorization, None);
    let expected = json!({
        "model": "claude-sonnet-4-5", "max_tokens": 64_000,
        "messages": [{ "role": "user", "content": [{ "type": "text", "text": "hi" }] }],
    });
    assert_eq!(sent.json(), expected);
    assert_eq!(app.settled().await.spend.0, COST_NANO);
}

#[tokio::test]
async fn a_stream_is_translated_and_priced_alike() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    for include_usage in [false, true] {
        upstream.then(Behaviour::Stream(events(), Duration::ZERO));
        let mut body = ask("claude");
        body["stream"] = json!(true);
        body["stream_options"] = json!({ "include_usage": include_usage });
        let answer = app.post(CHAT, body).expect_status(200).await;
        let text = answer.body();
        let chunks: Vec<Value> =
            text.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok()).collect();
        let said: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
        assert_eq!(said, "Hello there");
        assert_eq!(chunks.iter().any(|chunk| chunk["usage"]["completion_tokens"] == 7), include_usage, "{text}");
        assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
        assert_eq!(upstream.received().last().unwrap().json()["stream"], true);
    }
    assert_eq!(app.settled().await.spend.0, 2 * COST_NANO);
}

#[tokio::test]
async fn a_stream_cut_off_by_the_provider_says_so_and_is_charged_for_what_came() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    upstream.then(Behaviour::Stream(events()[..5].to_vec(), Duration::ZERO));
    let mut body = ask("claude");
    body["stream"] = json!(true);
    let answer = app.post(CHAT, body).expect_status(200).await;
    assert!(answer.body().contains("The provider broke off its answer."), "{}", answer.body());
    let report = app.settled().await;
    // All input as Anthropic told it at the beginning, and the 2 tokens of text that came.
    assert_eq!(report.spend.0, COST_NANO - 5 * 15_000);
    let logs = app.get("/spend/logs").expect_status(200).await.value();
    assert_eq!(logs[0]["status"], "failure");
}

#[tokio::test]
async fn an_error_is_of_openais_form_with_the_providers_message() {
    let error = |kind: &str, message: &str| {
        json!({ "type": "error", "error": { "type": kind, "message": message }, "request_id": "req_1" }).to_string()
    };
    for (status, message, expected, code) in [
        (400, "prompt is too long: 210000 tokens > 200000 maximum", 400, "context_length_exceeded"),
        (400, "messages: at least one message is required", 400, "400"),
        (413, "Request exceeds the maximum size", 413, "413"),
        (529, "Overloaded", 503, "503"),
    ] {
        let upstream = FakeUpstream::start();
        for _ in 0..5 {
            upstream.then(Behaviour::Status(status, error("x", message), vec![]));
        }
        let app = start(&upstream).await;
        let answer = app.post(CHAT, ask("claude")).expect_status(expected).await.value();
        assert_eq!((&answer["error"]["message"], &answer["error"]["code"]), (&json!(message), &json!(code)));
    }
}

#[tokio::test]
async fn what_cannot_be_said_to_it_is_refused_without_a_call_or_dropped() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let mut body = ask("claude");
    body["logit_bias"] = json!({ "1": 2 });
    let (_, param, reason) = app.post(CHAT, body.clone()).expect_status(400).await.error();
    assert_eq!(param.as_deref(), Some("logit_bias"));
    assert!(reason.contains("anthropic does not support the parameter 'logit_bias'"), "{reason}");
    assert!(upstream.received().is_empty());
    assert_eq!(app.settled().await.spend.0, 0);

    let deployment = upstream.deployment_of("anthropic/claude-sonnet-4-5", "claude", "one");
    let yaml = format!("litellm_settings:\n  drop_params: true\nmodel_list:\n{deployment}");
    let app = TestApp::builder().config(&yaml).start().await;
    upstream.then(Behaviour::Status(200, message(), vec![]));
    app.post(CHAT, body).expect_status(200).await;
    assert_eq!(upstream.received()[0].json().get("logit_bias"), None);
}

#[tokio::test]
async fn what_a_search_may_find_and_cost_is_reserved() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let key = app.new_key(json!({ "max_budget": 0.05 })).await;
    let mut body = ask("claude");
    body["web_search_options"] = json!({});
    let (kind, ..) = app.nobody().with_key(&key).post(CHAT, body.clone()).expect_status(400).await.error();
    assert_eq!((&*kind, upstream.received().len()), ("budget_exceeded", 0));
    upstream.then(Behaviour::Status(200, message(), vec![]));
    body.as_object_mut().unwrap().remove("web_search_options");
    app.nobody().with_key(&key).post(CHAT, body).expect_status(200).await;
}
