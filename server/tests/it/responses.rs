//! `POST /v1/responses`: OpenAI's Responses API, served by providers that have it and by others.

mod stored;

use std::time::Duration;

use serde_json::{Value, json};

use crate::kit::{Behaviour, FakeUpstream, TestApp};

const RESPONSES: &str = "/v1/responses";

fn ask(model: &str) -> Value {
    json!({ "model": model, "max_output_tokens": 50, "input": "hi" })
}

/// One model, `gpt`, whose provider has the API: 1 dollar per million input tokens, 2 per million output tokens.
async fn native(upstream: &FakeUpstream) -> TestApp {
    TestApp::builder().config(&format!("model_list:\n{}", native_deployment(upstream, "gpt", "one"))).start().await
}

fn native_deployment(upstream: &FakeUpstream, model_name: &str, id: &str) -> String {
    format!("{}      supported_endpoints: [\"/v1/responses\"]\n", upstream.deployment(model_name, id))
}

/// A response of 10 input and 20 output tokens.
fn response() -> Value {
    json!({
        "id": "resp_native", "object": "response", "created_at": 7, "status": "completed", "model": "gpt-upstream",
        "output": [{ "id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": [
            { "type": "output_text", "text": "Hello there", "annotations": [] } ] }],
        "previous_response_id": null, "a_new_field": 2.50,
        "usage": { "input_tokens": 10, "input_tokens_details": { "cached_tokens": 0 },
            "output_tokens": 20, "output_tokens_details": { "reasoning_tokens": 5 }, "total_tokens": 30 },
    })
}

fn event(value: &Value) -> String {
    format!("event: {}\ndata: {value}\n\n", value["type"].as_str().unwrap())
}

fn events() -> Vec<String> {
    let mut begun = response();
    begun["status"] = json!("in_progress");
    begun["output"] = json!([]);
    begun["usage"] = Value::Null;
    [
        json!({ "type": "response.created", "response": begun, "sequence_number": 0 }),
        json!({ "type": "response.in_progress", "response": begun, "sequence_number": 1 }),
        json!({ "type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": "Hello ", "sequence_number": 2 }),
        json!({ "type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": "there", "sequence_number": 3 }),
        json!({ "type": "response.completed", "response": response(), "sequence_number": 4 }),
    ]
    .iter()
    .map(event)
    .collect()
}

fn data(body: &str) -> Vec<Value> {
    body.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok()).collect()
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn bytes_pass_through_but_for_ids_and_are_priced() {
    let upstream = FakeUpstream::start();
    let app = native(&upstream).await;
    let body = r#"{"max_output_tokens": 50, "new_field": [1, 2.50], "model":"gpt",
        "input":[{"type":"new_item","é":1},{"role":"user","content":"hi"}],"tools":[{"type":"mcp","server_url":"https://x"}]}"#;
    upstream.then(Behaviour::Status(200, response().to_string(), vec![]));
    let answer = app.post_text(RESPONSES, body).expect_status(200).await;
    assert_eq!(answer.header("x-litellm-response-cost"), "0.00005");
    let id = answer.value()["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("resp_") && id != "resp_native", "{id}");
    assert_eq!(answer.body(), response().to_string().replace("resp_native", &id));
    let sent = &upstream.received()[0];
    assert_eq!((&*sent.path, sent.authorization.as_deref()), ("/v1/responses", Some("Bearer sk-upstream")));
    assert_eq!(sent.body, body.replace("\"gpt\"", "\"gpt-upstream\""));

    upstream.then(Behaviour::Stream(events(), Duration::ZERO));
    let mut streamed = ask("gpt");
    streamed["stream"] = json!(true);
    let answer = app.post("/openai/v1/responses", streamed).expect_status(200).await;
    assert_eq!(answer.body(), events().concat().replace("resp_native", &id));
    assert_eq!(app.settled().await.spend.0, 2 * 50_000);
    let logs = app.get("/spend/logs").expect_status(200).await.value();
    assert_eq!(logs[0]["call_type"], "aresponses");
}

#[tokio::test]
async fn any_model_answers() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let mut body = ask("gpt");
    body["instructions"] = json!("Be brief.");
    body["store"] = json!(true);
    body["metadata"] = json!({ "k": "v" });
    body["reasoning"] = json!({ "effort": "low" });
    let answer = app.post("/responses", body).expect_status(200).await;
    assert_eq!(answer.header("x-litellm-response-cost"), "0.00005");
    let answer = answer.value();
    let content = json!([{ "type": "output_text", "text": "Hello there", "annotations": [], "logprobs": [] }]);
    assert_eq!(answer["output"][0]["content"], content);
    assert_eq!((&answer["object"], &answer["status"]), (&json!("response"), &json!("completed")));
    assert_eq!((&answer["metadata"], &answer["store"]), (&json!({ "k": "v" }), &json!(false)));
    assert_eq!(answer["usage"]["total_tokens"], 30);
    let sent = upstream.received()[0].json();
    let expected = json!({
        "model": "gpt-upstream", "max_completion_tokens": 50, "reasoning_effort": "low",
        "messages": [{ "role": "system", "content": "Be brief." }, { "role": "user", "content": "hi" }],
    });
    assert_eq!(sent, expected);

    let mut streamed = ask("gpt");
    streamed["stream"] = json!(true);
    let answer = app.post(RESPONSES, streamed).expect_status(200).await;
    let events = data(answer.body());
    let expected = [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ];
    assert_eq!(kinds(&events), expected);
    assert_eq!(events[9]["response"]["usage"]["output_tokens"], 20);
    assert_eq!(app.settled().await.spend.0, 100_000);
}

#[tokio::test]
async fn the_demo_model_answers_too() {
    let app = TestApp::start().await;
    let answer = app.post(RESPONSES, json!({ "model": "demo", "input": "hi" })).expect_status(200).await.value();
    assert!(answer["output"][0]["content"][0]["text"].as_str().unwrap().contains("demo model"), "{answer}");
}

#[tokio::test]
async fn what_only_the_api_can_do_is_refused_elsewhere() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    for (field, value) in [
        ("previous_response_id", json!("resp_1")),
        ("conversation", json!("conv_1")),
        ("background", json!(true)),
        ("prompt", json!({ "id": "pmpt_1" })),
        ("tools", json!([{ "type": "code_interpreter", "container": { "type": "auto" } }])),
    ] {
        let mut body = ask("gpt");
        body[field] = value;
        let (_, param, message) = app.post(RESPONSES, body).expect_status(400).await.error();
        assert_eq!(param.as_deref(), Some(field), "{message}");
    }
    assert!(upstream.received().is_empty());
    let mut body = ask("gpt");
    body["tools"] = json!([{ "type": "code_interpreter" }, { "type": "function", "name": "look", "parameters": {} }]);
    body["drop_params"] = json!(true);
    app.post(RESPONSES, body).expect_status(200).await;
    let sent = upstream.received()[0].json();
    assert_eq!(sent["tools"].as_array().unwrap().len(), 1, "{sent}");
    assert_eq!(app.settled().await.spend.0, 50_000);
}

#[tokio::test]
async fn what_the_provider_does_not_take_is_called_as_the_client_calls_it() {
    let upstream = FakeUpstream::start();
    let deployment = upstream.deployment_of("anthropic/claude-3-5-sonnet-latest", "claude", "one");
    let config = format!("model_list:\n{deployment}");
    let app = TestApp::builder().config(&config).start().await;
    let body = json!({ "model": "claude", "input": "hi", "reasoning": { "effort": "high" } });
    let (_, param, message) = app.post(RESPONSES, body).expect_status(400).await.error();
    assert_eq!(param.as_deref(), Some("reasoning.effort"));
    assert!(message.contains("does not support the parameter 'reasoning.effort'"), "{message}");
}

#[tokio::test]
async fn who_has_the_api_does_what_others_cannot() {
    let (with, without) = (FakeUpstream::start(), FakeUpstream::start());
    let list = [without.deployment("gpt", "without"), native_deployment(&with, "gpt", "with")].concat();
    let app = TestApp::builder().config(&format!("model_list:\n{list}")).start().await;
    let mut body = ask("gpt");
    body["tools"] = json!([{ "type": "code_interpreter", "container": { "type": "auto" } }]);
    for _ in 0..8 {
        with.then(Behaviour::Status(200, response().to_string(), vec![]));
        app.post(RESPONSES, body.clone()).expect_status(200).await;
    }
    assert_eq!((with.received().len(), without.received().len()), (8, 0));
}

#[tokio::test]
async fn refusals_and_failures_are_openais_errors() {
    let upstream = FakeUpstream::start();
    let app = native(&upstream).await;
    app.nobody().post(RESPONSES, ask("gpt")).expect_status(401).await.error();
    let (kind, param, _) = app.post(RESPONSES, json!({ "model": "gpt" })).expect_status(400).await.error();
    assert_eq!((&*kind, param.as_deref()), ("invalid_request_error", Some("input")));
    let error = json!({ "error": { "message": "slow down", "type": "requests", "param": null, "code": "rate_limit" } });
    for _ in 0..4 {
        upstream.then(Behaviour::Status(429, error.to_string(), vec![]));
    }
    assert_eq!(app.post(RESPONSES, ask("gpt")).expect_status(429).await.value(), error);
    assert_eq!(app.settled().await.spend.0, 0);
}

#[tokio::test]
async fn a_native_stream_that_breaks_off_is_counted_and_says_so() {
    let upstream = FakeUpstream::start();
    let app = native(&upstream).await;
    let some = events()[..4].to_vec();
    let mut body = ask("gpt");
    body["stream"] = json!(true);
    for broken in [Behaviour::Stream(some.clone(), Duration::ZERO), Behaviour::Truncate(some.clone())] {
        upstream.then(broken);
        let answer = app.post(RESPONSES, body.clone()).expect_status(200).await;
        let told = data(answer.body());
        let expected = json!({ "type": "error", "code": "server_error", "param": null, "sequence_number": 4,
            "message": "The provider broke off its answer." });
        assert_eq!(told.last().unwrap(), &expected);
    }
    // What came is counted: some tokens of the input, and two of "Hello there".
    let report = app.settled().await;
    assert!(report.spend.0 > 2 * 2 * 2_000, "{report:?}");
    let logs = app.get("/spend/logs").expect_status(200).await.value();
    assert_eq!((&logs[0]["status"], &logs[0]["completion_tokens"]), (&json!("failure"), &json!(2)));
}

#[tokio::test]
async fn an_answer_is_limited_to_what_a_budget_affords() {
    let upstream = FakeUpstream::start();
    let app = native(&upstream).await;
    let ask = |text: &str| json!({ "model": "gpt", "input": text });
    // 100 output tokens are 200 microdollars.
    let key = app.new_key(json!({ "max_budget": 0.0003 })).await;
    upstream.then(Behaviour::Status(200, response().to_string(), vec![]));
    app.bearer(&key).post(RESPONSES, ask("hi")).expect_status(200).await;
    let limit = upstream.received()[0].json()["max_output_tokens"].as_u64().unwrap();
    assert!((16..150).contains(&limit), "{limit}");
    let poor = app.new_key(json!({ "max_budget": 0.00003 })).await;
    app.bearer(&poor).post(RESPONSES, ask("hi")).expect_status(400).await;
    assert_eq!(upstream.received().len(), 1);
    assert_eq!(app.settled().await.spend.0, 50_000);
}

#[tokio::test]
async fn what_the_provider_reads_counts_against_a_budget() {
    let upstream = FakeUpstream::start();
    let deployment = format!("{}      max_input_tokens: 200000\n", native_deployment(&upstream, "gpt", "one"));
    let app = TestApp::builder().config(&format!("model_list:\n{deployment}")).start().await;
    // 30,000 words at a dollar a million tokens are more than 2 cents, and so is what 200,000 tokens cost.
    let key = app.new_key(json!({ "max_budget": 0.02 })).await;
    let long = "word ".repeat(30_000);
    let file = format!("data:application/pdf;base64,{}", "QUJD".repeat(20_000));
    let part = |part: Value| json!({ "input": [{ "role": "user", "content": [part] }] });
    for fields in [
        json!({ "input": long }),
        json!({ "instructions": long }),
        json!({ "input": [{ "type": "new_item", "text": long }] }),
        json!({ "input": [{ "type": "function_call_output", "call_id": "c", "output": long }] }),
        json!({ "input": [{ "type": "reasoning", "id": "rs", "summary": [], "encrypted_content": long }] }),
        json!({ "tools": [{ "type": "function", "name": "f", "description": long }] }),
        json!({ "text": { "format": { "type": "json_schema", "name": "a", "schema": { "description": long } } } }),
        json!({ "new_field": long }),
        json!({ "tools": [{ "type": "web_search" }] }),
        json!({ "prompt": { "id": "pmpt_1" } }),
        json!({ "conversation": "conv_1" }),
        part(json!({ "type": "input_file", "file_id": "file-1" })),
        part(json!({ "type": "input_file", "filename": "a.pdf", "file_data": file })),
    ] {
        let mut body = ask("gpt");
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let refused = app.bearer(&key).post(RESPONSES, body).expect_status(400).await.value();
        assert!(refused["error"]["message"].as_str().unwrap().contains("Budget has been exceeded"), "{refused}");
    }
    assert!(upstream.received().is_empty());
    upstream.then(Behaviour::Status(200, response().to_string(), vec![]));
    let image = format!("data:image/png;base64,{}", "QUJD".repeat(20_000));
    let mut body = ask("gpt");
    body["input"] = part(json!({ "type": "input_image", "image_url": image }))["input"].take();
    app.bearer(&key).post(RESPONSES, body).expect_status(200).await;
}

#[tokio::test]
async fn models_of_the_api_alone_answer_chats() {
    let upstream = FakeUpstream::start();
    let deployment = format!("{}      mode: responses\n", native_deployment(&upstream, "gpt", "one"));
    let app = TestApp::builder().config(&format!("model_list:\n{deployment}")).start().await;
    let chat = json!({ "model": "gpt", "max_tokens": 50, "messages": [{ "role": "user", "content": "hi" }] });
    upstream.then(Behaviour::Status(200, response().to_string(), vec![]));
    let answer = app.post("/v1/chat/completions", chat.clone()).expect_status(200).await.value();
    assert_eq!(answer["choices"][0]["message"]["content"], "Hello there");
    let mut streamed = chat;
    streamed["stream"] = json!(true);
    upstream.then(Behaviour::Stream(events(), Duration::ZERO));
    let answer = app.post("/v1/chat/completions", streamed).expect_status(200).await;
    assert!(answer.body().contains("\"Hello \"") && answer.body().ends_with("data: [DONE]\n\n"), "{}", answer.body());
    upstream.then(Behaviour::Status(200, response().to_string(), vec![]));
    app.post(RESPONSES, ask("gpt")).expect_status(200).await;
    let paths: Vec<String> = upstream.received().into_iter().map(|call| call.path).collect();
    assert_eq!(paths, ["/v1/responses"; 3]);
    assert_eq!(app.settled().await.spend.0, 3 * 50_000);
}

#[tokio::test]
async fn what_is_not_served_is_told_in_an_error() {
    let app = TestApp::start().await;
    for path in ["/v1/responses/compact", "/v1/responses/input_tokens"] {
        let (kind, _, message) = app.post(path, json!({})).expect_status(405).await.error();
        assert_eq!((kind.as_str(), message.as_str()), ("method_not_allowed", "Method Not Allowed"));
    }
}
