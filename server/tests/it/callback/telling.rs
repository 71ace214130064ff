//! What a request says of how it is told: whether what was said is, and what it belongs to.

use std::time::Duration;

use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};
use tollgate::db;

use super::{at, exporting, until_calls};
use crate::chat::{CHAT, ask};
use crate::kit::{Client, Receiver, TestApp};

const ON: &str = "{callbacks: [generic_api]}";
const OFF: &str = "{callbacks: [generic_api], turn_off_message_logging: true}";
const ENABLE: &str = "x-litellm-enable-message-redaction";
const OLD_ENABLE: &str = "litellm-enable-message-redaction";
const DISABLE: &str = "litellm-disable-message-redaction";

async fn start(settings: &str, receiver: &Receiver) -> TestApp {
    let claude = "  - model_name: claude\n    litellm_params: {model: anthropic/claude, mock_response: Hello there}\n";
    let settings = format!("{settings}\ngeneral_settings: {{store_prompts_in_spend_logs: true}}");
    at(exporting(&settings, claude), receiver).start().await
}

fn master(app: &TestApp) -> Client {
    app.bearer(crate::kit::MASTER_KEY)
}

/// Asks, and gives what the tool was told of what was said. What is told is kept, too.
async fn said(app: &TestApp, receiver: &Receiver, keeps: bool, client: Client, asked: &Value) -> Value {
    let before = super::calls(&receiver.told()).len();
    client.post(CHAT, asked).expect_status(200).await;
    let calls = until_calls(receiver, before + 1).await;
    let call = calls.last().unwrap();
    app.settled().await;
    let path = format!("/spend/logs?request_id={}", call["id"].as_str().unwrap());
    // What is kept is written a moment later.
    while keeps
        && call["messages"].is_array()
        && app.get(&path).expect_status(200).await.value()[0]["messages"].is_null()
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    call["messages"].clone()
}

#[tokio::test]
async fn a_request_turns_the_telling_of_what_was_said_off_and_on() {
    let messages = json!([{"role": "user", "content": "hi"}]);
    let (told, hidden) = (messages, json!("redacted-by-litellm"));
    let off = |value: Value| json!({"turn_off_message_logging": value});
    let about = |value: Value| json!({"metadata": off(value)});
    let nothing = json!({});
    let cases = [
        (ON, vec![], nothing.clone(), &told),
        (ON, vec![(ENABLE, "true")], nothing.clone(), &hidden),
        (ON, vec![(OLD_ENABLE, "yes")], nothing.clone(), &hidden),
        (ON, vec![(ENABLE, "false")], nothing.clone(), &told),
        (ON, vec![], off(json!(true)), &hidden),
        (ON, vec![], about(json!("true")), &hidden),
        (ON, vec![], json!({"litellm_metadata": off(json!(true))}), &hidden),
        (ON, vec![(ENABLE, "true")], off(json!(false)), &told),
        (OFF, vec![], nothing.clone(), &hidden),
        (OFF, vec![], off(json!(null)), &hidden),
        (OFF, vec![(DISABLE, "true")], nothing.clone(), &told),
        (OFF, vec![(DISABLE, "perhaps")], nothing, &hidden),
        (OFF, vec![], about(json!(false)), &told),
        (OFF, vec![(DISABLE, "true")], off(json!(true)), &told),
    ];
    let (on, off) = (Receiver::start(), Receiver::start());
    let apps = [(ON, start(ON, &on).await, &on), (OFF, start(OFF, &off).await, &off)];
    for (settings, headers, more, expected) in cases {
        let (_, app, receiver) = apps.iter().find(|(known, ..)| *known == settings).unwrap();
        let client = headers.iter().fold(master(app), |client, (name, value)| client.with_header(name, value));
        let mut asked = ask("mock");
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(
            &said(app, receiver, *settings == *ON, client, &asked).await,
            expected,
            "{settings} {headers:?} {more}"
        );
    }
    // Where whoever runs the gateway says that nothing is told, nothing is kept either, whatever a request says.
    for ((settings, app, _), kept) in apps.iter().zip([3, 0]) {
        let found = db::spend_log_content::Entity::find().count(&app.app.db).await.unwrap();
        assert_eq!(found, kept, "what is told, and no more, of {settings}");
    }
}

#[tokio::test]
async fn a_stream_that_is_to_be_told_to_nobody_is_not() {
    let receiver = Receiver::start();
    let app = start(ON, &receiver).await;
    let mut asked = ask("mock");
    asked["stream"] = json!(true);
    master(&app).with_header(ENABLE, "true").post(CHAT, asked).expect_status(200).await;
    let calls = until_calls(&receiver, 1).await;
    assert_eq!(calls[0]["response"], "redacted-by-litellm");
    assert!(!calls[0].to_string().contains("Hello"), "{}", calls[0]);
}

#[tokio::test]
async fn a_word_that_is_neither_yes_nor_no_is_refused_by_its_name() {
    let receiver = Receiver::start();
    let app = start(ON, &receiver).await;
    for path in [CHAT, "/v1/messages", "/v1/responses"] {
        let asked = json!({
            "model": "mock", "max_tokens": 50, "messages": [{"role": "user", "content": "hi"}], "input": "hi",
            "turn_off_message_logging": "perhaps",
        });
        let answer = app.post(path, asked).expect_status(400).await;
        assert!(answer.body().contains("turn_off_message_logging"), "{}", answer.body());
    }
}

#[tokio::test]
async fn calls_of_every_protocol_say_what_they_belong_to() {
    let receiver = Receiver::start();
    let app = start(ON, &receiver).await;
    let about = json!({"trace_id": "trace-1", "session_id": "session-1", "feature": "search"});
    let conversation = json!([{"role": "user", "content": "hi"}]);
    let calls = [
        (CHAT, json!({"model": "mock", "messages": conversation, "litellm_metadata": about})),
        ("/v1/messages", json!({"model": "claude", "max_tokens": 50, "messages": conversation, "metadata": about})),
        (
            "/v1/messages",
            json!({
                "model": "claude", "max_tokens": 50, "messages": conversation, "litellm_metadata": about,
                "metadata": {"user_id": "u", "trace_id": "goes behind"},
            }),
        ),
        ("/v1/responses", json!({"model": "mock", "input": "hi", "metadata": about})),
        ("/v1/responses", json!({"model": "mock", "input": "hi", "litellm_metadata": about})),
    ];
    for (index, (path, asked)) in calls.iter().enumerate() {
        app.post(path, asked).expect_status(200).await;
        let told = until_calls(&receiver, index + 1).await;
        let call = told.last().unwrap();
        assert_eq!((&call["trace_id"], &call["session_id"]), (&json!("trace-1"), &json!("session-1")), "{path}");
        assert_eq!(call["metadata"]["requester_metadata"]["feature"], "search", "{path}");
    }
    let client = master(&app).with_header("x-litellm-trace-id", "trace-2").with_header("x-litellm-session-id", "two");
    let mut asked = ask("mock");
    asked["metadata"] = json!({"session_id": "session-1"});
    client.post(CHAT, asked).expect_status(200).await;
    let told = until_calls(&receiver, calls.len() + 1).await;
    let call = told.last().unwrap();
    assert_eq!((&call["trace_id"], &call["session_id"]), (&json!("trace-2"), &json!("session-1")));
    assert_eq!(call["request_tags"], json!([]));
}

#[tokio::test]
async fn tags_may_stand_in_litellms_own_metadata() {
    let receiver = Receiver::start();
    let app = start(ON, &receiver).await;
    let conversation = json!([{"role": "user", "content": "hi"}]);
    let about = json!({"tags": ["batch"]});
    let calls = [
        (CHAT, json!({"model": "mock", "messages": conversation, "litellm_metadata": about})),
        (
            "/v1/messages",
            json!({"model": "claude", "max_tokens": 50, "messages": conversation, "litellm_metadata": about}),
        ),
        ("/v1/responses", json!({"model": "mock", "input": "hi", "litellm_metadata": about})),
    ];
    for (index, (path, asked)) in calls.into_iter().enumerate() {
        app.post(path, asked).expect_status(200).await;
        let told = until_calls(&receiver, index + 1).await;
        assert_eq!(told.last().unwrap()["request_tags"], json!(["batch"]), "{path}");
    }
}
