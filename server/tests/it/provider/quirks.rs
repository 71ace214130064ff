//! OpenAI-compatible providers that are not quite that.

use std::time::Duration;

use serde_json::{Value, json};

use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, DONE, FakeUpstream, TestApp, event, usage};

async fn start(upstream: &FakeUpstream, more: &str) -> TestApp {
    let groq = upstream.deployment_of("groq/qwen", "groq", "one");
    TestApp::builder().config(&format!("model_list:\n{groq}{more}")).start().await
}

fn with(name: &str, value: Value) -> Value {
    let mut body = ask("groq");
    body[name] = value;
    body
}

#[tokio::test]
async fn a_parameter_it_does_not_take_is_refused_by_name_before_it_is_called() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "").await;
    let (_, param, message) = app.post(CHAT, with("logit_bias", json!({ "1": 2 }))).expect_status(400).await.error();
    assert_eq!(param.as_deref(), Some("logit_bias"));
    assert!(message.contains("groq does not support the parameter 'logit_bias'"), "{message}");
    assert!(upstream.received().is_empty());
    app.post(CHAT, with("n", json!(1))).expect_status(200).await;
    assert_eq!(upstream.received()[0].json().get("n"), None);
}

#[tokio::test]
async fn drop_params_of_the_gateway_the_deployment_and_the_request() {
    let upstream = FakeUpstream::start();
    let settings = "litellm_settings:\n  drop_params: true\n";
    let app = start(&upstream, settings).await;
    app.post(CHAT, with("logit_bias", json!({ "1": 2 }))).expect_status(200).await;
    assert_eq!(upstream.received()[0].json().get("logit_bias"), None);

    let upstream = FakeUpstream::start();
    let app = start(&upstream, "").await;
    let mut body = with("logit_bias", json!({ "1": 2 }));
    body["drop_params"] = json!(true);
    app.post(CHAT, body).expect_status(200).await;
    let sent = upstream.received()[0].json();
    assert_eq!((sent.get("logit_bias"), sent.get("drop_params")), (None, None));

    let upstream = FakeUpstream::start();
    let of_deployment = upstream.deployment_of("groq/qwen", "groq", "one").replace(
        "    model_info:",
        "      drop_params: true\n      additional_drop_params: [seed]\n      allowed_openai_params: [logprobs]\n      \
         extra_body: {reasoning_format: parsed}\n    model_info:",
    );
    let app = TestApp::builder().config(&format!("model_list:\n{of_deployment}")).start().await;
    let mut body = with("logit_bias", json!({ "1": 2 }));
    body["seed"] = json!(7);
    body["logprobs"] = json!(true);
    app.post(CHAT, body).expect_status(200).await;
    let sent = upstream.received()[0].json();
    assert_eq!((sent.get("logit_bias"), sent.get("seed")), (None, None));
    assert_eq!((&sent["logprobs"], &sent["reasoning_format"]), (&json!(true), &json!("parsed")));
}

#[tokio::test]
async fn its_reasoning_comes_where_clients_look_for_it() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "").await;
    let delta = |delta: Value| event(&json!({ "id": "1", "choices": [{ "index": 0, "delta": delta }] }));
    let events =
        vec![delta(json!({ "reasoning": "Hm." })), delta(json!({ "content": "Yes." })), usage(10, 20), DONE.to_owned()];
    upstream.then(Behaviour::Stream(events, Duration::ZERO));
    let stream = app.post(CHAT, with("stream", json!(true))).expect_status(200).await;
    assert!(stream.body().contains(r#"{"reasoning_content":"Hm."}"#), "{}", stream.body());

    let whole = json!({ "id": "1", "choices": [{ "index": 0, "finish_reason": "stop",
        "message": { "role": "assistant", "content": "Yes.", "reasoning": "Hm." } }],
        "usage": { "prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3 } });
    upstream.then(Behaviour::Status(200, whole.to_string(), vec![]));
    let answer = app.post(CHAT, ask("groq")).expect_status(200).await;
    assert_eq!(answer.value()["choices"][0]["message"]["reasoning_content"], "Hm.");
}

#[tokio::test]
async fn errors_in_other_forms_come_in_openais() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "").await;
    let body = r#"{"detail":[{"loc":["body","x"],"msg":"Extra inputs are not permitted"}]}"#;
    upstream.then(Behaviour::Status(422, body.to_owned(), vec![]));
    let (kind, _, message) = app.post(CHAT, ask("groq")).expect_status(422).await.error();
    assert_eq!((kind.as_str(), message.as_str()), ("provider_error", "body.x: Extra inputs are not permitted"));
}
