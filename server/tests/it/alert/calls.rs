//! Alerts that calls cause.

use std::time::Duration;

use serde_json::{Value, json};

use super::{telling, titles};
use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, Receiver, TestApp};

fn busy() -> Behaviour {
    Behaviour::Status(503, json!({"error": {"message": "we are down"}}).to_string(), Vec::new())
}

#[tokio::test]
async fn failures_are_told_of_once_an_hour_and_counted() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let more = "router_settings: {num_retries: 0, disable_cooldowns: true}\n";
    let app = telling(&upstream, &receiver, "[webhook]", more).await;
    let key = app.bearer(&app.new_key(json!({})).await);
    for _ in 0..4 {
        upstream.then(busy());
        key.post(CHAT, ask("gpt")).send().await;
    }
    app.settled().await;
    let told = receiver.until_told(1).await;
    assert_eq!(titles(&told), ["Calls to gpt fail"]);
    assert!(told[0].json()["text"].as_str().unwrap().contains("we are down"), "{}", told[0].body);
    let link = told[0].json()["link"].as_str().unwrap().to_owned();
    assert!(link.contains("/ui/logs?call="), "{link}");
    // The fifth in a minute is an outage.
    upstream.then(busy());
    key.post(CHAT, ask("gpt")).send().await;
    app.settled().await;
    let told = receiver.until_told(2).await;
    assert_eq!(told[1].json()["alert_type"], "outage_alerts");
    assert_eq!(told[1].json()["level"], "medium");
    let list = app.get("/alert/list?alert_type=llm_exceptions").expect_status(200).await.value();
    assert_eq!((&list["total"], &list["alerts"][0]["occurrences"]), (&json!(1), &json!(5)));
    // What a client does wrong is nobody else's business.
    key.post(CHAT, json!({"model": "gpt"})).expect_status(400).await;
    app.settled().await;
    assert_eq!(app.get("/alert/list").expect_status(200).await.value()["total"], 2);
}

#[tokio::test]
async fn a_slow_call_is_told_of() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = telling(&upstream, &receiver, "[webhook]", "  alerting_threshold: 100\n").await;
    let key = app.bearer(&app.new_key(json!({})).await);
    let go = std::sync::Arc::new(tokio::sync::Notify::new());
    upstream.then(Behaviour::HeldAnswer(go.clone()));
    let call = tokio::spawn(key.post(CHAT, ask("gpt")).expect_status(200));
    upstream.until_called(1).await;
    app.advance(Duration::from_secs(101));
    go.notify_one();
    call.await.unwrap();
    let told = receiver.until_told(1).await;
    assert_eq!(titles(&told), ["Calls to gpt are slow"]);
    assert_eq!(told[0].json()["details"]["seconds"], 101);
}

#[tokio::test]
async fn that_another_model_stood_in_is_told_of() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let models = format!("{}{}", upstream.deployment("gpt", "one"), upstream.deployment("spare", "two"));
    let router = "router_settings: {num_retries: 0, fallbacks: [{gpt: [spare]}]}\n";
    let yaml = format!("model_list:\n{models}general_settings:\n  alerting: [webhook]\n{router}");
    let app = TestApp::builder().config(&yaml).alerts(&receiver).start().await;
    upstream.then(busy());
    let key = app.bearer(&app.new_key(json!({})).await);
    key.post(CHAT, ask("gpt")).expect_status(200).await;
    let told = receiver.until_told(1).await;
    assert_eq!(titles(&told), ["spare stands in for gpt"]);
    assert_eq!(told[0].json()["alert_type"], "fallback_reports");
}

#[tokio::test]
async fn changes_are_told_of_where_somebody_asks_for_them() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let types = "  alert_types: [new_virtual_key_created, virtual_key_deleted, team_updated, internal_user_deleted]\n";
    let app = telling(&upstream, &receiver, "[webhook]", types).await;
    let key = app.new_key(json!({"key_alias": "mine"})).await;
    receiver.until_told(1).await;
    app.post("/key/update", json!({"key": key, "rpm_limit": 5})).expect_status(200).await;
    app.post("/key/delete", json!({"keys": [key]})).expect_status(200).await;
    receiver.until_told(2).await;
    app.post("/team/new", json!({"team_id": "t", "team_alias": "Search"})).expect_status(200).await;
    app.post("/team/block", json!({"team_id": "t"})).expect_status(200).await;
    let told = receiver.until_told(3).await;
    let expected = ["Key mine was created", "Key mine was deleted", "Team Search was changed"];
    assert_eq!(titles(&told), expected);
    assert_eq!(told[0].json()["text"], "The master key did it.");
    let secrets = told.iter().filter(|told| told.body.contains(&key)).count();
    assert_eq!(secrets, 0);
}

#[tokio::test]
async fn a_configuration_may_say_where_slack_is() {
    let receiver = Receiver::start();
    let url = receiver.url("/from-the-file");
    let yaml = format!(
        "model_list: []\nenvironment_variables: {{SLACK_WEBHOOK_URL: \"{url}\"}}\ngeneral_settings:\n  alerting: [slack, sentry]\n  \
         alert_types: [new_virtual_key_created, no_such_type]\n"
    );
    let app = TestApp::builder().config(&yaml).start().await;
    app.new_key(json!({"key_alias": "mine"})).await;
    assert_eq!(receiver.until_told(1).await[0].path, "/from-the-file");
}

#[tokio::test]
async fn types_of_alerts_may_lead_elsewhere() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let more = format!(
        "  alert_types: [new_virtual_key_created, virtual_key_deleted]\n  alert_to_webhook_url: {{virtual_key_deleted: [\"{}\"]}}\n",
        receiver.url("/elsewhere")
    );
    let app = telling(&upstream, &receiver, "[slack]", &more).await;
    let key = app.new_key(json!({"key_alias": "mine"})).await;
    receiver.until_told(1).await;
    app.post("/key/delete", json!({"keys": [key]})).expect_status(200).await;
    let told = receiver.until_told(2).await;
    assert_eq!((told[0].path.as_str(), told[1].path.as_str()), ("/slack", "/elsewhere"));
    // Where it leads is a secret.
    let shown = app.get("/config/list?config_type=general_settings").expect_status(200).await;
    assert!(!shown.body().contains("/elsewhere"), "{}", shown.body());
}

#[tokio::test]
async fn settings_of_alerts_change_while_the_gateway_runs() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = telling(&upstream, &receiver, "[]", "").await;
    let channels = |app: &TestApp| app.get("/alert/channel/list").expect_status(200);
    assert_eq!(channels(&app).await.value()["channels"], json!([]));
    let update = json!({"general_settings": {"alerting": ["webhook"], "alert_types": ["new_virtual_key_created"]}});
    app.post("/config/update", update).expect_status(200).await;
    let shown: Value = channels(&app).await.value()["channels"][0].clone();
    assert_eq!((&shown["channel_id"], &shown["source"]), (&json!("webhook"), &json!("config")));
    assert_eq!(shown["alert_types"], json!(["new_virtual_key_created"]));
    app.new_key(json!({"key_alias": "mine"})).await;
    assert_eq!(titles(&receiver.until_told(1).await), ["Key mine was created"]);
}
