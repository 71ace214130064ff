//! Gemini behind `/v1/chat/completions`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, TestApp};

/// An answer of 100 input (40 of them cached), 20 output and 30 thought tokens.
fn answer(parts: &Value) -> Value {
    json!({
        "candidates": [{ "content": { "role": "model", "parts": parts }, "finishReason": "STOP", "index": 0 }],
        "usageMetadata": { "promptTokenCount": 100, "cachedContentTokenCount": 40, "candidatesTokenCount": 20,
            "thoughtsTokenCount": 30, "totalTokenCount": 150 },
        "modelVersion": "gemini-2.5-flash", "responseId": "r-1",
    })
}

/// Of [`answer`] at 0.30 dollars a million input tokens, 0.03 cached, 2.50 written or thought:
/// 60×0.3 + 40×0.03 + 50×2.5 = 144.2 millionths.
const COST_NANO: i64 = 144_200;

async fn start(deployments: &[String]) -> TestApp {
    let lines = deployments.iter().flat_map(|one| one.lines()).filter(|line| !line.contains("cost_per_token"));
    TestApp::builder().config(&format!("model_list:\n{}\n", lines.collect::<Vec<_>>().join("\n"))).start().await
}

#[tokio::test]
async fn a_whole_answer_is_translated_and_priced_by_every_leg() {
    let upstream = FakeUpstream::start();
    let app = start(&[upstream.deployment_of("gemini/gemini-2.5-flash", "m", "one")]).await;
    upstream.then(Behaviour::Status(200, answer(&json!([{ "text": "Hello" }])).to_string(), vec![]));
    let body = app.post(CHAT, ask("m")).expect_status(200).await.value().clone();
    assert_eq!((&body["id"], &body["choices"][0]["message"]["content"]), (&json!("r-1"), &json!("Hello")));
    let sent = &upstream.received()[0];
    assert_eq!(sent.path, "/v1/models/gemini-2.5-flash:generateContent");
    assert_eq!((sent.header("x-goog-api-key"), &sent.authorization), (Some("sk-upstream"), &None));
    assert_eq!(sent.json(), json!({ "contents": [{ "role": "user", "parts": [{ "text": "hi" }] }] }));
    assert_eq!(app.settled().await.spend.0, COST_NANO);
}

#[tokio::test]
async fn a_stream_is_translated_and_priced_alike() {
    let upstream = FakeUpstream::start();
    let app = start(&[upstream.deployment_of("gemini/gemini-2.5-flash", "m", "one")]).await;
    let events = [json!([{ "text": "Hel" }]), json!([{ "text": "lo" }])];
    let events = events.iter().map(|parts| format!("data: {}\r\n\r\n", answer(parts))).collect();
    upstream.then(Behaviour::Stream(events, Duration::ZERO));
    let mut body = ask("m");
    body["stream"] = json!(true);
    let answer = app.post(CHAT, body).expect_status(200).await;
    let text = answer.body();
    let chunks = text.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
    let said: String =
        chunks.filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned)).collect();
    assert_eq!(said, "Hello");
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
    assert_eq!(upstream.received()[0].path, "/v1/models/gemini-2.5-flash:streamGenerateContent");
    assert_eq!(app.settled().await.spend.0, COST_NANO);
}

fn conversation(id: &str) -> Value {
    let mut body = ask("m");
    body["messages"] = json!([
        { "role": "user", "content": "Time?" },
        { "role": "assistant", "tool_calls": [
            { "id": id, "type": "function", "function": { "name": "now", "arguments": "{}" } },
        ] },
        { "role": "tool", "tool_call_id": id, "content": "noon" },
    ]);
    body
}

/// Gemini wants the signature in the id back; another provider would refuse the id.
#[tokio::test]
async fn a_conversation_goes_on_with_another_provider() {
    let upstream = FakeUpstream::start();
    let first = upstream.deployment_of("gemini/gemini-3-pro-preview", "m", "first");
    let first = first.replace("    model_info:", "      order: 1\n    model_info:");
    let second = upstream.deployment("m", "second").replace("    model_info:", "      order: 2\n    model_info:");
    let deployments = [first, second];
    let app = start(&deployments).await;
    upstream.then(Behaviour::Status(503, "{}".to_owned(), vec![]));
    app.post(CHAT, conversation("fc-1__thought__U0lH")).expect_status(200).await;
    let received = upstream.received();
    let gemini = received[0].json();
    assert_eq!(gemini["contents"][1]["parts"][0]["thoughtSignature"], "U0lH");
    assert_eq!(gemini["contents"][1]["parts"][0]["functionCall"]["id"], "fc-1");
    let other = received[1].json();
    assert_eq!(other["messages"], conversation("fc-1")["messages"]);
}

#[tokio::test]
async fn errors_have_openais_status_and_googles_words() {
    let upstream = FakeUpstream::start();
    let app = start(&[upstream.deployment_of("gemini/gemini-2.5-flash", "m", "one")]).await;
    let error = |code: u16, message: &str, detail: Value| {
        Behaviour::Status(
            code,
            json!({ "error": { "code": code, "message": message, "details": [detail] } }).to_string(),
            vec![],
        )
    };
    upstream.then(error(400, "API key not valid.", json!({ "reason": "API_KEY_INVALID" })));
    let refused = app.post(CHAT, ask("m")).expect_status(401).await;
    assert_eq!(refused.value()["error"]["message"], "API key not valid.");
    let mut body = ask("m");
    body["logit_bias"] = json!({ "1": 1 });
    let refused = app.post(CHAT, body).expect_status(400).await;
    assert_eq!(refused.value()["error"]["param"], "logit_bias");
    assert_eq!(upstream.received().len(), 1);
}

/// Clients of Anthropic's say it to every model, whoever it is of; clients of OpenAI's are told that it is not there.
#[tokio::test]
async fn what_anthropics_clients_say_as_a_matter_of_course_is_left_out() {
    let upstream = FakeUpstream::start();
    let app = start(&[upstream.deployment_of("gemini/gemini-2.5-flash", "m", "one")]).await;
    upstream.then(Behaviour::Status(200, answer(&json!([{ "text": "Hello" }])).to_string(), vec![]));
    let mut body = ask("m");
    body["max_tokens"] = json!(50);
    body["tools"] = json!([{ "name": "now", "input_schema": { "type": "object" } }]);
    body["tool_choice"] = json!({ "type": "any", "disable_parallel_tool_use": true });
    app.post("/v1/messages", body).expect_status(200).await;
    let sent = upstream.received()[0].json();
    assert_eq!(sent["toolConfig"]["functionCallingConfig"], json!({ "mode": "ANY" }));

    let mut body = ask("m");
    body["tools"] = json!([{ "type": "function", "function": { "name": "now" } }]);
    body["parallel_tool_calls"] = json!(false);
    let refused = app.post(CHAT, body).expect_status(400).await.value();
    assert_eq!(refused["error"]["param"], "parallel_tool_calls");
}
