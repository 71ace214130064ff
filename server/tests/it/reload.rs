//! A configuration that changes while the gateway runs.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::Notify;
use tollgate::settings::Reloaded;

use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, TestApp};

struct Reloading {
    app: TestApp,
}

impl Reloading {
    async fn start(yaml: &str) -> Self {
        let app = TestApp::builder().config(yaml).start().await;
        // A node that has just started looks once more by itself, and would find what is written next.
        app.new_key(json!({})).await;
        app.followed().await;
        Self { app }
    }

    async fn write(&mut self, yaml: &str) -> Reloaded {
        std::fs::write(self.app.config_file(), yaml).unwrap();
        self.app.running.app.settings.reload().await
    }
}

#[tokio::test]
async fn models_come_and_go_and_no_call_is_lost() {
    let (one, two) = (FakeUpstream::start(), FakeUpstream::start());
    let before = format!("model_list:\n{}", one.deployment("gpt", "one"));
    let mut reloading = Reloading::start(&before).await;
    let go = Arc::new(Notify::new());
    one.then(Behaviour::HeldAnswer(Arc::clone(&go)));
    let in_flight = tokio::spawn(reloading.app.post(CHAT, ask("gpt")).expect_status(200));
    one.until_called(1).await;

    let after = format!("model_list:\n{}{}", two.deployment("gpt", "two"), two.deployment("other", "three"));
    assert!(matches!(reloading.write(&after).await, Reloaded::InForce { waiting, .. } if waiting.is_empty()));
    let answer = reloading.app.post(CHAT, ask("gpt")).expect_status(200).await;
    assert_eq!(answer.header("x-litellm-model-id"), "two");
    reloading.app.post(CHAT, ask("other")).expect_status(200).await;
    go.notify_one();
    assert_eq!(in_flight.await.unwrap().header("x-litellm-model-id"), "one");
    assert_eq!(reloading.app.settled().await.spend.0, 3 * 50_000);
    assert!(matches!(reloading.write(&after).await, Reloaded::Same));
}

#[tokio::test]
async fn what_is_known_of_a_deployment_stays() {
    let (one, two) = (FakeUpstream::start(), FakeUpstream::start());
    let before = format!("model_list:\n{}{}", one.deployment("gpt", "one"), two.deployment("gpt", "two"));
    let mut reloading = Reloading::start(&before).await;
    one.then(Behaviour::Status(401, "{}".to_owned(), vec![]));
    two.then(Behaviour::Status(401, "{}".to_owned(), vec![]));
    reloading.app.post(CHAT, ask("gpt")).send().await;
    let state = async |app: &TestApp| app.get("/v1/model/info").expect_status(200).await.value()["data"][0].clone();
    let known = state(&reloading.app).await["state"].clone();
    assert_eq!(known["status"], "cooling_down");
    let after = before.replace("0.000001", "0.000003");
    assert!(matches!(reloading.write(&after).await, Reloaded::InForce { .. }));
    let now = state(&reloading.app).await;
    assert_eq!(now["model_info"]["input_cost_per_token"], 0.000003);
    assert_eq!((&now["state"]["status"], &now["state"]["failures"]), (&known["status"], &known["failures"]));
    reloading.app.advance(Duration::from_secs(60));
    reloading.app.settled().await;
}

#[tokio::test]
async fn the_routers_settings_change_too_and_a_broken_file_changes_nothing() {
    let (one, two) = (FakeUpstream::start(), FakeUpstream::start());
    let models = format!("model_list:\n{}{}", one.deployment("gpt", "one"), two.deployment("other", "two"));
    let mut reloading = Reloading::start(&format!("router_settings: {{num_retries: 0}}\n{models}")).await;
    let with_fallback = format!("router_settings: {{num_retries: 0, fallbacks: [{{gpt: [other]}}]}}\n{models}");
    assert!(matches!(reloading.write(&with_fallback).await, Reloaded::InForce { .. }));
    one.then(Behaviour::Status(500, "{}".to_owned(), vec![]));
    let answer = reloading.app.post(CHAT, ask("gpt")).expect_status(200).await;
    assert_eq!(answer.header("x-litellm-model-id"), "two");

    let broken = with_fallback.replace("num_retries: 0", "num_retries: many");
    assert!(matches!(reloading.write(&broken).await, Reloaded::Refused(problems) if !problems.is_empty()));
    one.then(Behaviour::Status(500, "{}".to_owned(), vec![]));
    reloading.app.post(CHAT, ask("gpt")).expect_status(200).await;

    let more = format!("litellm_settings: {{timezone: Europe/Berlin, drop_params: true}}\n{models}");
    let Reloaded::InForce { waiting, .. } = reloading.write(&more).await else { panic!("it changed") };
    assert_eq!(waiting, ["litellm_settings.timezone"]);
    reloading.app.post(CHAT, json!({"model": "nobody", "messages": []})).expect_status(400).await;
    reloading.app.settled().await;
}

#[tokio::test]
async fn what_is_doubtful_and_what_waits_is_told() {
    let one = FakeUpstream::start();
    let models = format!("model_list:\n{}", one.deployment("gpt", "one"));
    let mut reloading = Reloading::start(&models).await;
    let more = format!(
        "litellm_settings: {{num_retries: 1, tag_budget_config: {{jobs: {{max_budget: 1}}}}}}\n\
         {models}  - model_name: new\n    litellm_params: {{model: openai/new, api_key: os.environ/NOT_SET}}\n"
    );
    let Reloaded::InForce { waiting, warnings } = reloading.write(&more).await else { panic!("it changed") };
    assert_eq!(waiting, ["litellm_settings.tag_budget_config"]);
    assert!(warnings.iter().any(|warning| warning.to_string().contains("NOT_SET")), "{warnings:?}");
    reloading.app.settled().await;
}
