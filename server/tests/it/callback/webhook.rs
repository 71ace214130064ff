//! `generic_api`: what of a call is told, and of which calls.

use std::time::Duration;

use serde_json::{Value, json};

use super::{at, exporting, until_calls};
use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, DONE, FakeUpstream, Receiver, TestApp, delta, usage};

const BOTH: &str = "{callbacks: [generic_api]}";

async fn start(settings: &str, upstream: &FakeUpstream, receiver: &Receiver) -> TestApp {
    at(exporting(settings, &upstream.deployment("gpt", "one")), receiver).start().await
}

#[tokio::test]
async fn an_answered_call_is_told_in_litellms_words() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = start(BOTH, &upstream, &receiver).await;
    app.post("/organization/new", json!({"organization_id": "o", "organization_alias": "Acme"}))
        .expect_status(200)
        .await;
    app.post("/team/new", json!({"team_id": "t", "team_alias": "Search", "organization_id": "o"}))
        .expect_status(200)
        .await;
    let key = app.bearer(&app.new_key(json!({"key_alias": "k", "team_id": "t", "user_id": "u"})).await);
    let secret = format!("sk-{}", "a1".repeat(20));
    let asked = json!({
        "model": "gpt", "temperature": 0.5, "max_tokens": 50, "user": "customer", "stop": ["x"],
        "messages": [{"role": "user", "content": format!("my key is {secret}")}],
        "metadata": {"tags": ["batch"], "trace_id": "trace-1", "session_id": "session-1", "feature": "search"},
    });
    let answer = key.post(CHAT, asked).expect_status(200).await;
    let told = receiver.until_told(1).await;
    assert_eq!((told[0].path.as_str(), told[0].header("x-env")), ("/logs", Some("test")));
    assert_eq!(told[0].header("authorization"), Some("Bearer hush"));
    assert_eq!(told[0].header("content-type"), Some("application/json"));
    let call = &told[0].json()[0];
    let expected = json!({
        "id": answer.header("x-litellm-call-id"), "trace_id": "trace-1", "session_id": "session-1",
        "call_type": "acompletion", "stream": false, "status": "success", "status_code": 200, "response_cost": 0.00005,
        "custom_llm_provider": "openai", "model": "gpt-upstream", "model_id": "one", "model_group": "gpt",
        "prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30, "cache_hit": false,
        "request_tags": ["batch"], "end_user": "customer", "error_str": null, "error_information": null,
        "model_parameters": {"temperature": 0.5, "max_tokens": 50},
        "messages": [{"role": "user", "content": "my key is [secret left out]"}],
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&call[name], value, "{name}");
    }
    let metadata = &call["metadata"];
    let caller = json!({
        "user_api_key_alias": "k", "user_api_key_user_id": "u", "user_api_key_team_id": "t",
        "user_api_key_team_alias": "Search", "user_api_key_org_id": "o", "user_api_key_org_alias": "Acme",
        "user_api_key_end_user_id": "customer",
    });
    for (name, value) in caller.as_object().unwrap() {
        assert_eq!(&metadata[name], value, "{name}");
    }
    assert_eq!(metadata["requester_metadata"]["feature"], "search");
    assert_eq!(metadata["usage_object"]["prompt_tokens"], 10);
    assert_eq!(call["response"]["choices"][0]["message"]["content"], "Hello there");
    assert!(call["startTime"].as_f64().unwrap() > 1.7e9 && call["endTime"].as_f64() >= call["startTime"].as_f64());
}

#[tokio::test]
async fn a_stream_is_told_put_together_though_nothing_is_stored() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = start(BOTH, &upstream, &receiver).await;
    let stream = vec![delta("Hel"), delta("lo"), usage(10, 20), DONE.to_owned()];
    upstream.then(Behaviour::Stream(stream, Duration::ZERO));
    let mut asked = ask("gpt");
    asked["stream"] = json!(true);
    app.post(CHAT, asked).expect_status(200).await;
    let calls = until_calls(&receiver, 1).await;
    assert_eq!((&calls[0]["stream"], &calls[0]["total_tokens"]), (&json!(true), &json!(30)));
    assert_eq!(calls[0]["response"]["choices"][0]["message"]["content"], "Hello");
    assert!(calls[0]["completionStartTime"].as_f64() >= calls[0]["startTime"].as_f64());
    app.settled().await;
    let call = app.get(&format!("/spend/logs?request_id={}", calls[0]["id"].as_str().unwrap()));
    let call: Value = call.expect_status(200).await.value();
    assert_eq!((&call[0]["status"], &call[0]["messages"]), (&json!("success"), &Value::Null));
}

#[tokio::test]
async fn a_failed_and_a_refused_call_are_told_with_their_errors() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let settings = "{failure_callback: webhook}\nrouter_settings: {num_retries: 0}";
    let app = start(settings, &upstream, &receiver).await;
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    let down = json!({"error": {"message": "we are down"}}).to_string();
    upstream.then(Behaviour::Status(503, down, Vec::new()));
    app.post(CHAT, ask("gpt")).expect_status(503).await;
    app.post(CHAT, ask("none-such")).expect_status(400).await;
    let calls = until_calls(&receiver, 2).await;
    assert_eq!(calls.len(), 2, "the answered one is not told: {calls:#?}");
    let failed = &calls[0];
    assert_eq!((&failed["status"], &failed["response_cost"]), (&json!("failure"), &json!(0.0)));
    assert!(failed["error_str"].as_str().unwrap().contains("we are down"), "{failed}");
    let error = &failed["error_information"];
    assert_eq!((&error["error_code"], &error["llm_provider"]), (&json!("503"), &json!("openai")));
    assert_eq!(failed["messages"][0]["content"], "hi");
    let refused = &calls[1]["error_information"];
    assert_eq!((&refused["error_code"], &calls[1]["messages"]), (&json!("400"), &Value::Null));
    assert!(refused["error_message"].as_str().unwrap().contains("none-such"), "{refused}");
}

#[tokio::test]
async fn a_call_whose_client_left_is_told_to_whoever_hears_of_answers() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = start("{success_callback: [generic_api]}", &upstream, &receiver).await;
    upstream.then(Behaviour::Stall(vec![delta("first")]));
    let mut asked = ask("gpt");
    asked["stream"] = json!(true);
    let request = reqwest::Client::new().post(format!("{}{CHAT}", app.base)).bearer_auth(crate::kit::MASTER_KEY);
    let request = request.header("content-type", "application/json").body(asked.to_string());
    let mut answer = request.send().await.unwrap();
    answer.chunk().await.unwrap().unwrap();
    drop(answer);
    let calls = until_calls(&receiver, 1).await;
    assert_eq!((&calls[0]["status"], &calls[0]["status_code"]), (&json!("failure"), &json!(499)));
    assert_eq!(calls[0]["response"]["choices"][0]["message"]["content"], "first");
}

#[tokio::test]
async fn what_was_said_is_told_to_nobody_where_messages_are_not_logged() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = start("{callbacks: [generic_api], turn_off_message_logging: true}", &upstream, &receiver).await;
    let mut asked = ask("gpt");
    asked["messages"][0]["content"] = json!("a private matter");
    asked["metadata"] = json!({"trace_id": "trace-1"});
    app.post(CHAT, asked.clone()).expect_status(200).await;
    asked["stream"] = json!(true);
    app.post(CHAT, asked).expect_status(200).await;
    for call in until_calls(&receiver, 2).await {
        let redacted = json!("redacted-by-litellm");
        assert_eq!((&call["messages"], &call["response"]), (&redacted, &redacted));
        assert_eq!(call["trace_id"], "trace-1");
        assert!(!call.to_string().contains("private") && !call.to_string().contains("Hello"), "{call}");
    }
}

#[tokio::test]
async fn long_texts_are_cut() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let settings = "{callbacks: [generic_api]}\ntollgate_settings: {stored_content_max_kb: 1}";
    let app = start(settings, &upstream, &receiver).await;
    let mut asked = ask("gpt");
    asked["messages"][0]["content"] = json!("a".repeat(5_000));
    app.post(CHAT, asked).expect_status(200).await;
    let calls = until_calls(&receiver, 1).await;
    let messages = &calls[0]["messages"];
    assert_eq!(messages["truncated"], true);
    assert!(messages["beginning"].as_str().unwrap().len() <= 1_024, "{messages}");
}
