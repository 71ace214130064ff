//! Calls that some tools, or all, are not told of: `x-litellm-disable-callbacks` and `no-log`.

use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};
use tollgate::db;

use super::{at, exporting, until_calls};
use crate::chat::{CHAT, ask};
use crate::kit::{FakeUpstream, MASTER_KEY, Receiver, TestApp};

const DISABLE: &str = "x-litellm-disable-callbacks";

/// Tells Langfuse and whatever takes JSON, at one receiver; the model `gpt` is the upstream's.
async fn start(settings: &str, receiver: &Receiver, upstream: &FakeUpstream) -> TestApp {
    let settings = format!("{{callbacks: [langfuse, generic_api], user_url_allowed_hosts: [127.0.0.1]{settings}}}");
    let builder = at(exporting(&settings, &upstream.deployment("gpt", "one")), receiver);
    let builder = builder.variable("LANGFUSE_HOST", &receiver.url("")).variable("LANGFUSE_PUBLIC_KEY", "pk");
    builder.variable("LANGFUSE_SECRET_KEY", "sk").start().await
}

async fn call(app: &TestApp, headers: &[(&str, &str)], more: Value) {
    let client = headers.iter().fold(app.bearer(MASTER_KEY), |client, (name, value)| client.with_header(name, value));
    let mut asked = ask("gpt");
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.post(CHAT, asked).expect_status(200).await;
}

/// How many calls each tool was told of until the end: Langfuse, and whatever takes JSON.
async fn told(app: TestApp, receiver: &Receiver) -> (usize, usize) {
    app.stop().await;
    let (mut langfuse, mut json) = (0, 0);
    for told in receiver.told() {
        match told.json() {
            Value::Array(calls) => json += calls.len(),
            batch => langfuse += batch["batch"].as_array().unwrap().len() / 2,
        }
    }
    (langfuse, json)
}

#[tokio::test]
async fn a_header_names_tools_that_are_not_told() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = start("", &receiver, &upstream).await;
    call(&app, &[], json!({})).await;
    call(&app, &[(DISABLE, "langfuse")], json!({})).await;
    call(&app, &[(DISABLE, " LANGFUSE , webhook,datadog")], json!({})).await;
    call(&app, &[(DISABLE, "datadog, none-such")], json!({})).await;
    let asked = upstream.received();
    assert!(asked.len() == 4 && asked.iter().all(|asked| asked.header(DISABLE).is_none()), "{asked:#?}");
    assert_eq!(told(app, &receiver).await, (2, 3));
}

#[tokio::test]
async fn a_header_silences_the_tools_of_keys_too() {
    let (upstream, receiver, own) = (FakeUpstream::start(), Receiver::start(), Receiver::start());
    let app = start("", &receiver, &upstream).await;
    let logging = json!([{"callback_name": "webhook", "callback_vars": {"generic_logger_endpoint": own.url("/own")}}]);
    let key = app.new_key(json!({"metadata": {"logging": logging}})).await;
    app.bearer(&key).with_header(DISABLE, "generic_api").post(CHAT, ask("gpt")).expect_status(200).await;
    app.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
    assert_eq!(until_calls(&own, 1).await.len(), 1);
    assert_eq!(told(app, &receiver).await, (2, 0));
    assert_eq!(super::calls(&own.told()).len(), 1);
}

#[tokio::test]
async fn a_body_asks_for_silence_of_all_and_is_booked_all_the_same() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let settings = "}\ngeneral_settings: {store_prompts_in_spend_logs: true";
    let app = start(settings, &receiver, &upstream).await;
    call(&app, &[], json!({"no-log": true})).await;
    call(&app, &[], json!({"no-log": true, "stream": true})).await;
    call(&app, &[], json!({"no-log": false})).await;
    for (path, more) in [
        ("/v1/responses", json!({"input": "hi"})),
        ("/v1/messages", json!({"max_tokens": 50, "messages": [{"role": "user", "content": "hi"}]})),
    ] {
        let mut asked = json!({"model": "mock", "no-log": true});
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        app.post(path, &asked).expect_status(200).await;
        asked["no-log"] = json!("perhaps");
        let answer = app.post(path, &asked).expect_status(400).await;
        assert!(answer.body().contains("no-log"), "{}", answer.body());
    }
    let asked: Vec<String> = upstream.received().into_iter().map(|asked| asked.body).collect();
    assert!(asked.iter().all(|body| !body.contains("no-log")), "{asked:#?}");
    app.settled().await;
    let booked = app.get("/spend/logs").expect_status(200).await.value();
    let succeeded = booked.as_array().unwrap().iter().filter(|call| call["status"] == "success").count();
    assert_eq!(succeeded, 5, "{booked:#}");
    // What is kept is written a moment later, in the order of the calls.
    let kept = || db::spend_log_content::Entity::find().count(&app.app.db);
    while kept().await.unwrap() == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(kept().await.unwrap(), 1, "what is silent is not kept");
    assert_eq!(told(app, &receiver).await, (1, 1));
}

#[tokio::test]
async fn whoever_runs_the_gateway_may_forbid_both() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let settings = ", allow_dynamic_callback_disabling: false, global_disable_no_log_param: true";
    let app = start(settings, &receiver, &upstream).await;
    call(&app, &[(DISABLE, "langfuse, generic_api")], json!({"no-log": true})).await;
    let asked: Vec<String> = upstream.received().into_iter().map(|asked| asked.body).collect();
    assert!(asked.iter().all(|body| !body.contains("no-log")), "{asked:#?}");
    assert_eq!(told(app, &receiver).await, (1, 1));
}
