//! Parameters that the configuration names, and headers that requests name.

use serde_json::{Value, json};

use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, TestApp};
use crate::provider::anthropic::message;

const DEFAULTS: &str = "      temperature: 0.2\n      top_k: 7\n      stop: END\n      reasoning_effort: low\n      \
                        response_format: {type: json_object}\n      parallel_tool_calls: false\n      \
                        extra_headers: {x-of-config: one, openai-beta: config}\n    model_info:";

async fn start(upstream: &FakeUpstream) -> TestApp {
    let deployments = [
        upstream.deployment_of("openai_compatible/m", "openai", "one"),
        upstream.deployment_of("anthropic/claude-sonnet-4-5", "claude", "two"),
    ];
    let deployments = deployments.concat().replace("    model_info:", DEFAULTS);
    TestApp::builder().config(&format!("model_list:\n{deployments}")).start().await
}

fn with(model: &str, more: Value) -> Value {
    let mut body = ask(model);
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn what_the_client_does_not_name_is_as_configured() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    app.post(CHAT, ask("openai")).expect_status(200).await;
    let defaults = json!({ "temperature": 0.2, "top_k": 7, "stop": ["END"], "reasoning_effort": "low",
        "response_format": { "type": "json_object" }, "parallel_tool_calls": false });
    let mut expected = with("m", defaults);
    assert_eq!(upstream.received()[0].json(), expected);

    let own = json!({ "temperature": 1, "stop": null, "thinking": { "type": "disabled" }, "top_k": 1,
        "response_format": { "type": "text" }, "parallel_tool_calls": true });
    expected = with("m", own.clone());
    app.post(CHAT, with("openai", own)).expect_status(200).await;
    assert_eq!(upstream.received()[1].json(), expected);

    upstream.then(Behaviour::Status(200, message(), vec![]));
    let calm = json!({ "temperature": 1, "thinking": { "type": "disabled" } });
    app.post(CHAT, with("claude", calm)).expect_status(200).await;
    let sent = upstream.received()[2].json();
    assert_eq!(
        (&sent["temperature"], &sent["top_k"], &sent["stop_sequences"]),
        (&json!(1.0), &json!(7), &json!(["END"]))
    );
    // Who thinks takes no top_k.
    let thinking = json!({ "temperature": 1 });
    let (_, param, _) = app.post(CHAT, with("claude", thinking.clone())).expect_status(400).await.error();
    assert_eq!(param.as_deref(), Some("top_k"));
    upstream.then(Behaviour::Status(200, message(), vec![]));
    let mut body = with("claude", thinking);
    body["drop_params"] = json!(true);
    app.post(CHAT, body).expect_status(200).await;
    let sent = upstream.received()[3].json();
    assert_eq!((&sent["thinking"]["budget_tokens"], sent.get("top_k")), (&json!(1024), None));
    assert!(sent["tools"][0]["name"].as_str().unwrap().contains("json"), "{sent}");
}

#[tokio::test]
async fn so_it_is_for_clients_of_anthropics_protocol() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let body = |model: &str| with(model, json!({ "max_tokens": 50, "temperature": 0.9 }));
    upstream.then(Behaviour::Status(200, message(), vec![]));
    app.post("/v1/messages", body("claude")).expect_status(200).await;
    let mut expected = body("claude-sonnet-4-5");
    expected
        .as_object_mut()
        .unwrap()
        .extend([("top_k".to_owned(), json!(7)), ("stop_sequences".to_owned(), json!(["END"]))]);
    assert_eq!(upstream.received()[0].json(), expected);

    app.post("/v1/messages", body("openai")).expect_status(200).await;
    let sent = upstream.received()[1].json();
    assert_eq!((&sent["temperature"], &sent["stop"]), (&json!(0.9), &json!(["END"])));
    assert_eq!(sent["response_format"], json!({ "type": "json_object" }));
}

#[tokio::test]
async fn headers_of_a_request_reach_the_provider_but_not_those_of_the_gateway() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let headers = json!({ "x-mine": "two", "OpenAI-Beta": "mine", "Authorization": "Bearer stolen", "host": "elsewhere",
        "content-length": "1", "transfer-encoding": "chunked", "x-amz-date": "now", "Connection": "close",
        "x-api-key": "stolen", "openai-organization": "other", "x-nothing": null });
    app.post(CHAT, with("openai", json!({ "extra_headers": headers }))).expect_status(200).await;
    let sent = &upstream.received()[0];
    assert_eq!((sent.header("x-mine"), sent.header("x-of-config")), (Some("two"), Some("one")));
    assert_eq!(
        (sent.header("openai-beta"), sent.header("authorization")),
        (Some("config"), Some("Bearer sk-upstream"))
    );
    assert!(sent.header("host").unwrap().starts_with("127.0.0.1"));
    for name in ["x-amz-date", "x-api-key", "openai-organization", "transfer-encoding", "x-nothing"] {
        assert_eq!(sent.header(name), None);
    }
    assert_eq!(sent.json().get("extra_headers"), None);

    let many: serde_json::Map<String, Value> = (0..33).map(|number| (format!("x-{number}"), json!("1"))).collect();
    for wrong in [json!({ "x": 1 }), json!({ "a b": "c" }), json!({ "x": "line\nbreak" }), json!([]), json!(many)] {
        let (_, param, message) =
            app.post(CHAT, with("openai", json!({ "extra_headers": wrong }))).expect_status(400).await.error();
        assert_eq!(param.as_deref(), Some("extra_headers"), "{message}");
    }
    assert_eq!(upstream.received().len(), 1);
}
