//! Helicone: each call for itself, as its logging API takes it.

use serde_json::{Value, json};

use super::{exporting, metric, until_metric};
use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, Receiver, TestApp, Told};

const TOOL: &str = "helicone";

async fn start(settings: &str, models: &str, receiver: &Receiver) -> TestApp {
    let settings = format!("{settings}\nrouter_settings: {{num_retries: 0}}");
    let builder = exporting(&settings, models).variable("HELICONE_API_BASE", &receiver.url("/base/"));
    builder.variable("HELICONE_API_KEY", "sk-helicone").start().await
}

/// Whole seconds and milliseconds, as one number.
fn millis(time: &Value) -> u64 {
    let (seconds, millis) = (time["seconds"].as_u64().unwrap(), time["milliseconds"].as_u64().unwrap());
    assert!(millis < 1000, "{time}");
    seconds * 1000 + millis
}

fn has(body: &Value, expected: &Value) {
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&body[name], value, "{name} of {body:#}");
    }
}

/// What every message has: all the fields of Helicone's own clients, of the types that they have there.
fn check(told: &Told) -> Value {
    let body = told.json();
    let (request, response) = (&body["providerRequest"], &body["providerResponse"]);
    assert!(request["url"].is_string() && request["json"].is_object(), "{body:#}");
    assert!(request["meta"].as_object().unwrap().values().all(Value::is_string), "{body:#}");
    assert!(response["json"].is_object() && response["status"].is_number() && response["headers"].is_object());
    assert!(millis(&body["timing"]["startTime"]) <= millis(&body["timing"]["endTime"]));
    assert_eq!(told.header("authorization"), Some("Bearer sk-helicone"));
    body
}

#[tokio::test]
async fn a_call_is_told_with_its_question_its_answer_and_its_times() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = start("{success_callback: [helicone]}", &upstream.deployment("gpt", "one"), &receiver).await;
    app.post("/team/new", json!({"team_id": "t", "team_alias": "Söhne"})).expect_status(200).await;
    let key = app.bearer(&app.new_key(json!({"key_alias": "k", "team_id": "t"})).await);
    let mut asked = ask("gpt");
    let more = json!({
        "temperature": 0.5, "user": "customer",
        "metadata": {
            "session_id": "s", "tags": ["a", "b"], "Helicone-Property-Feature": "search", "helicone-user-id": "mine",
            "Helicone-Auth": "Bearer sk-of-another",
        },
    });
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = key.post(CHAT, asked).expect_status(200).await;
    let told = receiver.until_told(1).await;
    assert_eq!(told[0].path, "/base/oai/v1/log");
    let body = check(&told[0]);
    let request = json!({
        "model": "gpt-upstream", "temperature": 0.5, "messages": [{"role": "user", "content": "hi"}],
    });
    assert_eq!(body["providerRequest"]["json"], request);
    assert_eq!(body["providerRequest"]["url"], "https://api.openai.com/v1");
    let meta = &body["providerRequest"]["meta"];
    let expected = json!({
        "Helicone-Session-Id": "s", "Helicone-Property-Tags": "a,b", "Helicone-Property-Feature": "search",
        "helicone-user-id": "mine", "Helicone-Property-Key-Alias": "k", "Helicone-Property-Team-Alias": "S?hne",
        "Helicone-Property-Model-Group": "gpt",
    });
    has(meta, &expected);
    assert!(meta.get("Helicone-User-Id").is_none() && meta.get("Helicone-Auth").is_none(), "{meta:#}");
    let id = meta["Helicone-Request-Id"].as_str().unwrap();
    assert_eq!((id.len(), id.replace('-', "")), (36, answer.header("x-litellm-call-id").to_owned()));
    let response = &body["providerResponse"];
    assert_eq!(response["status"], 200);
    assert_eq!(response["json"]["choices"][0]["message"]["content"], "Hello there");
    has(&response["json"]["usage"], &json!({"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}));
}

#[tokio::test]
async fn each_provider_is_told_in_words_that_helicone_reads() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let models = [
        upstream.deployment_of("mistral/small", "mistral", "one"),
        "  - model_name: claude\n    litellm_params: {model: anthropic/claude, mock_response: Hello there}\n"
            .to_owned(),
    ];
    let app = start("{callbacks: [helicone]}", &models.concat(), &receiver).await;
    app.post(CHAT, ask("mistral")).expect_status(200).await;
    let told = receiver.until_told(1).await;
    assert_eq!(told[0].path, "/base/custom/v1/log");
    assert_eq!(check(&told[0])["providerRequest"]["url"], "custom-model-nopath");
    app.post(CHAT, ask("claude")).expect_status(200).await;
    let told = receiver.until_told(2).await;
    assert_eq!(told[1].path, "/base/anthropic/v1/log");
    let body = check(&told[1]);
    let answer = &body["providerResponse"]["json"];
    assert_eq!(answer["content"], json!([{"type": "text", "text": "Hello there"}]));
    assert!(answer["usage"]["input_tokens"].as_u64().unwrap() > 0, "{answer:#}");
    has(answer, &json!({"type": "message", "role": "assistant", "stop_reason": "stop"}));
}

#[tokio::test]
async fn a_failure_is_told_and_calls_of_a_batch_stand_and_fall_alone() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = start("{callbacks: [helicone]}", &upstream.deployment("gpt", "one"), &receiver).await;
    let down = json!({"error": {"message": "we are down"}}).to_string();
    upstream.then(Behaviour::Status(503, down, Vec::new()));
    app.post(CHAT, ask("gpt")).expect_status(503).await;
    let body = check(&receiver.until_told(1).await[0]);
    assert_eq!(body["providerResponse"]["status"], 503);
    let error = &body["providerResponse"]["json"]["error"];
    assert!(error["message"].as_str().unwrap().contains("we are down"), "{body:#}");
    until_metric(&app, "tollgate_export_sent_total", TOOL, "1").await;
    receiver.then(400);
    for _ in 0..3 {
        app.post(CHAT, ask("mock")).expect_status(200).await;
    }
    until_metric(&app, "tollgate_export_sent_total", TOOL, "3").await;
    assert_eq!(metric(&app, "tollgate_export_failed_total", TOOL).await, "1");
    assert_eq!(receiver.told().len(), 4, "a message for each call");
}

#[tokio::test]
async fn what_was_said_is_left_out_where_messages_are_not_logged() {
    let receiver = Receiver::start();
    let app = start("{callbacks: [helicone], turn_off_message_logging: true}", "", &receiver).await;
    let mut asked = ask("mock");
    asked["messages"][0]["content"] = json!("a private matter");
    app.post(CHAT, asked).expect_status(200).await;
    let body = check(&receiver.until_told(1).await[0]);
    let redacted = json!("redacted-by-litellm");
    assert_eq!(body["providerRequest"]["json"]["messages"][0]["content"], redacted);
    assert_eq!(body["providerResponse"]["json"]["choices"][0]["message"]["content"], redacted);
    assert!(!body.to_string().contains("private") && !body.to_string().contains("Hello"), "{body:#}");
}
