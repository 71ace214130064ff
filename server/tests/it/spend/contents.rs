//! What was asked and answered: kept only where that is wanted, redacted, and shown to who may read the call.

use std::time::Duration;

use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};
use tollgate::db;
use tollgate::ledger::retention;
use tollgate_openapi::spend::SpendLogView;

use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, DONE, FakeUpstream, TestApp, delta, event, usage};

const KEEP: &str = "general_settings: {store_prompts_in_spend_logs: true}";

async fn start(upstream: &FakeUpstream, settings: &str) -> TestApp {
    let yaml = format!("{settings}\nmodel_list:\n{}", upstream.deployment("gpt", "one"));
    TestApp::builder().config(&yaml).start().await
}

async fn kept(app: &TestApp) -> u64 {
    db::spend_log_content::Entity::find().count(&app.app.db).await.unwrap()
}

async fn until_kept(app: &TestApp, count: u64) {
    let written = async {
        while kept(app).await != count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), written).await.expect("prompts and answers are not written");
}

/// The one call there is, as it is shown in detail.
async fn detail(app: &TestApp) -> SpendLogView {
    app.settled().await;
    let calls: Vec<SpendLogView> = app.get("/spend/logs").expect_status(200).await.json();
    assert_eq!(calls.len(), 1);
    assert_eq!((&calls[0].messages, &calls[0].response), (&None, &None), "a list shows none");
    let path = format!("/spend/logs?request_id={}", calls[0].request_id);
    let mut calls: Vec<SpendLogView> = app.get(&path).expect_status(200).await.json();
    calls.remove(0)
}

#[tokio::test]
async fn a_whole_call_is_kept_without_its_secrets() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, KEEP).await;
    let secret = format!("sk-{}", "a1".repeat(20));
    let mut asked = ask("gpt");
    asked["messages"][0]["content"] = json!(format!("my key is {secret}"));
    app.post(CHAT, asked).expect_status(200).await;
    until_kept(&app, 1).await;
    let call = detail(&app).await;
    let messages = call.messages.unwrap();
    assert_eq!(messages, json!([{"role": "user", "content": "my key is [secret left out]"}]));
    assert_eq!(call.response.unwrap()["choices"][0]["message"]["content"], "Hello there");
}

#[tokio::test]
async fn a_stream_is_put_together_again() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, KEEP).await;
    let tool = |index: u64, function: Value| {
        event(&json!({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": index, "function": function}]}}]}))
    };
    let events = vec![
        delta("Hel"),
        delta("lo"),
        tool(0, json!({"name": "look", "arguments": "{\"at\":"})),
        tool(1, json!({"name": "wait", "arguments": "{}"})),
        tool(0, json!({"arguments": " 1}"})),
        usage(10, 20),
        DONE.to_owned(),
    ];
    upstream.then(Behaviour::Stream(events, Duration::ZERO));
    let mut asked = ask("gpt");
    asked["stream"] = json!(true);
    app.post(CHAT, asked).expect_status(200).await;
    until_kept(&app, 1).await;
    let response = detail(&app).await.response.unwrap();
    assert_eq!(response["id"], "chatcmpl-1");
    let message = &response["choices"][0]["message"];
    assert_eq!(message["content"], "Hello");
    assert_eq!(message["tool_calls"][0]["function"], json!({"name": "look", "arguments": "{\"at\": 1}"}));
    assert_eq!(message["tool_calls"][1]["function"]["name"], "wait");
}

#[tokio::test]
async fn a_failed_call_keeps_what_was_asked() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, KEEP).await;
    upstream.then(Behaviour::Status(400, "{}".to_owned(), vec![]));
    app.post(CHAT, ask("gpt")).expect_status(400).await;
    until_kept(&app, 1).await;
    let call = detail(&app).await;
    assert_eq!((call.messages.unwrap()[0]["content"].as_str(), call.response), (Some("hi"), None));
}

#[tokio::test]
async fn long_ones_are_cut() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, &format!("{KEEP}\ntollgate_settings: {{stored_content_max_kb: 1}}")).await;
    let mut asked = ask("gpt");
    asked["messages"][0]["content"] = json!("long ".repeat(1_000));
    asked["stream"] = json!(true);
    upstream.then(Behaviour::Stream(vec![delta(&"word ".repeat(1_000)), usage(1, 1), DONE.to_owned()], Duration::ZERO));
    app.post(CHAT, asked).expect_status(200).await;
    until_kept(&app, 1).await;
    let call = detail(&app).await;
    let (messages, response) = (call.messages.unwrap(), call.response.unwrap());
    assert_eq!((&messages["truncated"], &response["truncated"]), (&json!(true), &json!(true)));
    assert!(messages["beginning"].as_str().unwrap().len() <= 1_024);
}

#[tokio::test]
async fn nothing_is_kept_unless_it_is_wanted() {
    let off = "litellm_settings: {turn_off_message_logging: true}";
    for settings in ["", &format!("{KEEP}\n{off}")] {
        let upstream = FakeUpstream::start();
        let app = start(&upstream, settings).await;
        app.post(CHAT, ask("gpt")).expect_status(200).await;
        let call = detail(&app).await;
        assert_eq!((call.messages, call.response), (None, None));
        let app = app.stop().await.start().await;
        assert_eq!(kept(&app).await, 0, "not even when all was written");
    }
}

#[tokio::test]
async fn stopping_writes_what_waits_and_retention_takes_it_out() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, KEEP).await;
    for _ in 0..3 {
        app.post(CHAT, ask("gpt")).expect_status(200).await;
    }
    let app = app.stop().await.start().await;
    assert_eq!(kept(&app).await, 3);
    app.settled().await;
    let later = app.app.clock.now() + chrono::TimeDelta::days(1);
    assert_eq!(retention::prune(&app.app.db, later).await.unwrap(), 3);
    assert_eq!(kept(&app).await, 0);
}

#[tokio::test]
async fn only_who_may_read_the_call_reads_what_was_asked() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, KEEP).await;
    let (own, other) = (app.new_key(json!({})).await, app.new_key(json!({})).await);
    app.bearer(&own).post(CHAT, ask("gpt")).expect_status(200).await;
    until_kept(&app, 1).await;
    let path = format!("/spend/logs?request_id={}", detail(&app).await.request_id);
    let seen: Vec<SpendLogView> = app.bearer(&own).get(&path).expect_status(200).await.json();
    assert!(seen[0].messages.is_some());
    let seen: Vec<SpendLogView> = app.bearer(&other).get(&path).expect_status(200).await.json();
    assert!(seen.is_empty());
    app.nobody().get(&path).expect_status(401).await;
}
