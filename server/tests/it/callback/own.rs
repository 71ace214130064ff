//! Callbacks that keys and teams have of their own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tollgate::db;

use super::{at, exporting, until_calls, until_metric};
use crate::chat::{CHAT, ask};
use crate::kit::{MASTER_KEY, Receiver, TestApp, TestAppBuilder, Told};

const MASK: &str = "***REDACTED***";

/// Keys and teams may have it called at the address where the receivers of tests are.
const REACHABLE: &str = "user_url_allowed_hosts: [127.0.0.1]";

fn builder(settings: &str) -> TestAppBuilder {
    exporting(&format!("{{{settings}{REACHABLE}}}"), "")
}

fn langfuse(receiver: &Receiver, keys: (&str, &str), callback_type: &str) -> Value {
    json!({"callback_name": "langfuse", "callback_type": callback_type, "callback_vars": {
        "langfuse_public_key": keys.0, "langfuse_secret_key": keys.1, "langfuse_host": receiver.url(""),
    }})
}

fn authorization(keys: (&str, &str)) -> String {
    format!("Basic {}", STANDARD.encode(format!("{}:{}", keys.0, keys.1)))
}

fn traces(told: &[Told]) -> usize {
    let is_trace = |event: &&Value| event["type"] == "trace-create";
    told.iter().map(|told| told.json()["batch"].as_array().unwrap().iter().filter(is_trace).count()).sum()
}

async fn until_traces(receiver: &Receiver, count: usize) {
    let mut batches = 1;
    while traces(&receiver.until_told(batches).await) < count {
        batches += 1;
    }
}

async fn call(app: &TestApp, key: &str, status: u16) {
    let model = if status == 200 { "mock" } else { "none-such" };
    app.bearer(key).post(CHAT, ask(model)).expect_status(status).await;
}

async fn delete(app: &TestApp, path: &str, status: u16) {
    app.bearer(MASTER_KEY).call(Method::DELETE, path, None).expect_status(status).await;
}

async fn team(app: &TestApp, id: &str) {
    app.post("/team/new", json!({"team_id": id})).expect_status(200).await;
}

#[tokio::test]
async fn the_keys_tool_goes_before_the_teams_and_that_before_the_configurations() {
    let [of_key, of_team, ours, json_tool] = [(); 4].map(|()| Receiver::start());
    let builder = at(builder("callbacks: [langfuse, generic_api], "), &json_tool);
    let builder = builder.variable("LANGFUSE_HOST", &ours.url("")).variable("LANGFUSE_PUBLIC_KEY", "pk-0");
    let app = builder.variable("LANGFUSE_SECRET_KEY", "sk-0").start().await;
    team(&app, "t").await;
    let plain = app.new_key(json!({"team_id": "t"})).await;
    let own = langfuse(&of_key, ("pk-key", "sk-key"), "success");
    let with_own = app.new_key(json!({"team_id": "t", "metadata": {"logging": [own]}})).await;
    call(&app, &plain, 200).await;
    until_traces(&ours, 1).await;
    let body = langfuse(&of_team, ("pk-team", "sk-team"), "success_and_failure");
    app.post("/team/t/callback", body).expect_status(200).await;
    call(&app, &plain, 200).await;
    call(&app, &plain, 400).await;
    until_traces(&of_team, 2).await;
    call(&app, &with_own, 200).await;
    until_traces(&of_key, 1).await;
    assert_eq!(of_team.told()[0].header("authorization"), Some(&*authorization(("pk-team", "sk-team"))));
    assert_eq!(of_key.told()[0].header("authorization"), Some(&*authorization(("pk-key", "sk-key"))));
    // A failure is none of the key's tool, and takes nobody else's place.
    call(&app, &with_own, 400).await;
    delete(&app, "/team/t/callback/langfuse", 200).await;
    call(&app, &plain, 200).await;
    until_traces(&ours, 2).await;
    assert_eq!((traces(&of_key.told()), traces(&of_team.told())), (1, 2));
    assert_eq!(until_calls(&json_tool, 6).await.len(), 6, "other tools of the configuration are told of all");
}

#[tokio::test]
async fn a_tool_is_told_where_the_configuration_names_none_and_what_is_left_at_the_end() {
    let receiver = Receiver::start();
    let app = builder("").start().await;
    let own = json!({"callback_name": "generic_api", "callback_vars": {
        "generic_logger_endpoint": receiver.url("/own"), "generic_logger_headers": "authorization=Bearer hush",
        "turn_off_message_logging": "true",
    }});
    let key = app.new_key(json!({"metadata": {"logging": [own]}})).await;
    let other = app.new_key(json!({})).await;
    call(&app, &key, 200).await;
    call(&app, &other, 200).await;
    let calls = until_calls(&receiver, 1).await;
    assert_eq!(calls[0]["messages"], "redacted-by-litellm");
    assert_eq!(receiver.told()[0].header("authorization"), Some("Bearer hush"));
    let mut asked = ask("mock");
    asked["stream"] = json!(true);
    asked["turn_off_message_logging"] = json!(false);
    app.bearer(&key).post(CHAT, asked).expect_status(200).await;
    app.stop().await;
    let calls = super::calls(&receiver.told());
    assert_eq!(calls.len(), 2, "{calls:#?}");
    assert_eq!(calls[1]["response"]["choices"][0]["message"]["content"], "Hello there");
}

#[tokio::test]
async fn secrets_are_sealed_and_never_shown_again() {
    let receiver = Receiver::start();
    let app = builder("").start().await;
    let body = langfuse(&receiver, ("pk-team", "sk-of-the-team"), "success");
    let own = langfuse(&receiver, ("pk-key", "sk-of-the-key"), "success");
    team(&app, "t").await;
    let mut shown = app.post("/team/t/callback", body).expect_status(200).await.body().to_owned();
    let made = app.post("/key/generate", json!({"metadata": {"logging": [own], "kept": 1}})).expect_status(200).await;
    let key = made.value();
    shown += made.body();
    let paths =
        ["/team/t/callback", "/team/info?team_id=t", "/team/list", "/key/list?return_full_object=true", "/audit"];
    let info = format!("/key/info?key={}", key["token_id"].as_str().unwrap());
    for path in paths.iter().copied().chain([&*info]) {
        shown += app.get(path).expect_status(200).await.body();
    }
    assert!(!shown.contains("sk-of-the") && !shown.contains("sealed:"), "{shown}");
    assert!(shown.contains("pk-team") && shown.contains("pk-key") && shown.contains(MASK), "{shown}");
    let teams = db::team::Entity::find().all(&app.app.db).await.unwrap();
    let keys = db::key::Entity::find().all(&app.app.db).await.unwrap();
    let kept = format!("{teams:?}{keys:?}");
    assert!(!kept.contains("sk-of-the") && kept.contains("sealed:"), "{kept}");
    let callbacks = app.get("/team/t/callback").expect_status(200).await.value();
    assert_eq!(callbacks["data"]["success_callbacks"], json!(["langfuse"]));
    assert_eq!(callbacks["data"]["failure_callbacks"], json!([]));
    assert_eq!(callbacks["data"]["callback_vars"]["langfuse_secret_key"], MASK);
}

#[tokio::test]
async fn what_is_shown_may_be_sent_back_but_not_to_another_address() {
    let (receiver, thief) = (Receiver::start(), Receiver::start());
    let app = builder("").start().await;
    let own = langfuse(&receiver, ("pk", "sk-secret"), "success");
    let key = app.new_key(json!({"metadata": {"logging": [own]}})).await;
    let info = app.get(&format!("/key/info?key={key}")).expect_status(200).await.value();
    let mut metadata = info["info"]["metadata"].clone();
    assert_eq!(metadata["logging"][0]["callback_vars"]["langfuse_secret_key"], MASK);
    metadata["purpose"] = json!("shop");
    app.post("/key/update", json!({"key": key, "metadata": metadata})).expect_status(200).await;
    app.post("/key/update", json!({"key": key, "rpm_limit": 100})).expect_status(200).await;
    call(&app, &key, 200).await;
    until_traces(&receiver, 1).await;
    assert_eq!(receiver.told()[0].header("authorization"), Some(&*authorization(("pk", "sk-secret"))));
    metadata["logging"][0]["callback_vars"]["langfuse_host"] = json!(thief.url(""));
    let answer = app.post("/key/update", json!({"key": key, "metadata": metadata})).expect_status(400).await;
    assert!(answer.body().contains("metadata.logging[0].callback_vars.langfuse_secret_key"), "{}", answer.body());
    call(&app, &key, 200).await;
    until_traces(&receiver, 2).await;
    assert!(thief.told().is_empty());
}

#[tokio::test]
async fn a_callback_that_will_not_do_is_refused_by_its_path() {
    let app = builder("").start().await;
    team(&app, "t").await;
    let vars = |name: &str, value: Value| json!([{"callback_name": "langfuse", "callback_vars": {name: value}}]);
    let cases = [
        (json!("langfuse"), "metadata.logging"),
        (json!([{"callback_name": "langsmith", "callback_vars": {}}]), "[0].callback_name"),
        (json!([{"callback_name": "langfuse", "callback_type": "both"}]), "[0].callback_type"),
        (json!([{"callback_name": "langfuse", "more": 1}]), "[0].more"),
        (vars("lunary_public_key", json!("x")), "[0].callback_vars.lunary_public_key"),
        (vars("langfuse_host", json!("ftp://a.test")), "[0].callback_vars.langfuse_host"),
        (vars("langfuse_host", json!("https://me:secret@a.test")), "[0].callback_vars.langfuse_host"),
        (vars("langfuse_secret_key", json!("os.environ/LANGFUSE_SECRET_KEY")), "[0].callback_vars.langfuse_secret_key"),
        (vars("langfuse_secret_key", json!("sealed:mine")), "[0].callback_vars.langfuse_secret_key"),
        (vars("langfuse_secret_key", json!(MASK)), "[0].callback_vars.langfuse_secret_key"),
        (vars("turn_off_message_logging", json!("perhaps")), "[0].callback_vars.turn_off_message_logging"),
        (json!(vec![json!({"callback_name": "langfuse"}); 11]), "at most 10"),
    ];
    for (logging, expected) in cases {
        let metadata = json!({"logging": logging});
        for (path, body) in [
            ("/key/generate", json!({"metadata": metadata})),
            ("/team/new", json!({"metadata": metadata})),
            ("/team/update", json!({"team_id": "t", "metadata": metadata})),
        ] {
            let answer = app.post(path, body).expect_status(400).await;
            assert!(answer.body().contains(expected), "{path}: {}", answer.body());
        }
    }
    let body = json!({"callback_name": "langfuse", "callback_vars": {"langfuse_secret_key": "sk"}});
    app.post("/team/t/callback", &body).expect_status(200).await;
    app.post("/team/t/callback", &body).expect_status(400).await;
    delete(&app, "/team/t/callback/otel", 404).await;
    app.post("/team/t/disable_logging", json!({})).expect_status(200).await;
    let callbacks = app.get("/team/t/callback").expect_status(200).await.value();
    assert_eq!(
        callbacks["data"],
        json!({
            "team_id": "t", "success_callbacks": [], "failure_callbacks": [], "callback_vars": {},
        })
    );
}

#[tokio::test]
async fn an_address_inside_is_not_called_and_calls_go_on() {
    let receiver = Receiver::start();
    let app = exporting("{drop_params: false}", "").start().await;
    let own = langfuse(&receiver, ("pk", "sk"), "success");
    let key = app.new_key(json!({"metadata": {"logging": [own]}})).await;
    call(&app, &key, 200).await;
    until_metric(&app, "tollgate_export_failed_total", "own_langfuse", "1").await;
    // A tool without its secret misses its calls, too.
    let half = json!({"callback_name": "langfuse", "callback_vars": {"langfuse_public_key": "pk"}});
    let key = app.new_key(json!({"metadata": {"logging": [half]}})).await;
    call(&app, &key, 200).await;
    until_metric(&app, "tollgate_export_failed_total", "own_langfuse", "2").await;
    assert!(receiver.told().is_empty());
}
