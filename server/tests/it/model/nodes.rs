//! Models of the database on several nodes, over restarts and over changes of config.yaml.

use std::time::Duration;

use sea_orm::ActiveModelTrait;
use sea_orm::ActiveValue::Set;
use serde_json::json;
use tollgate::crypto::Sealer;
use tollgate::db;
use tollgate::settings::Reloaded;

use super::manage::{model, shown};
use crate::chat::{CHAT, ask};
use crate::kit::{FakeUpstream, TestApp};

const PATIENCE: Duration = Duration::from_secs(20);
const SALT: &str = "general_settings: {salt_key: a-salt-for-all-nodes}\n";

async fn until(app: &TestApp, model: &str, status: u16) {
    let comes = async {
        while app.post(CHAT, ask(model)).send().await.status != status {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, comes).await.unwrap_or_else(|_| panic!("{model} does not answer with {status}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_serves_on_every_node() {
    let upstream = FakeUpstream::start();
    let yaml = format!("{SALT}model_list:\n{}", upstream.deployment("gpt", "one"));
    let first = TestApp::builder().config(&yaml).start().await;
    let second = first.beside().await;
    first.post("/model/new", model(&upstream, "new", "n1")).expect_status(200).await;
    until(&second, "new", 200).await;
    second.post("/model/block", json!({"model_id": "n1"})).expect_status(200).await;
    until(&first, "new", second.post(CHAT, ask("new")).send().await.status).await;
    second.post("/model/delete", json!({"id": "n1"})).expect_status(200).await;
    until(&first, "new", 400).await;
    first.settled().await;
}

#[tokio::test]
async fn models_outlive_a_restart_and_a_change_of_the_file() {
    let upstream = FakeUpstream::start();
    let yaml = format!("model_list:\n{}", upstream.deployment("gpt", "one"));
    let app = TestApp::builder().config(&yaml).start().await;
    app.post("/model/new", model(&upstream, "new", "n1")).expect_status(200).await;
    app.settled().await;
    let app = app.stop().await.start().await;
    app.post(CHAT, ask("new")).expect_status(200).await;

    let path = app.config_file();
    std::fs::write(&path, format!("{yaml}{}", upstream.deployment("more", "two"))).unwrap();
    let reloaded = app.app.settings.reload().await;
    // A node that has just started looks once more by itself, and may have been quicker. What counts is what is served.
    assert!(!matches!(reloaded, Reloaded::Refused(_)), "{reloaded:?}");
    for name in ["gpt", "more", "new"] {
        app.post(CHAT, ask(name)).expect_status(200).await;
    }
    // The file takes the id for itself: what is written there counts.
    std::fs::write(&path, format!("{yaml}{}", upstream.deployment("theirs", "n1"))).unwrap();
    app.app.settings.reload().await;
    app.post(CHAT, ask("theirs")).expect_status(200).await;
    app.post(CHAT, ask("new")).expect_status(400).await;
    app.settled().await;
}

#[tokio::test]
async fn what_cannot_be_opened_is_shown_and_not_served_and_can_be_deleted() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    app.post("/model/new", model(&upstream, "new", "n1")).expect_status(200).await;
    let credential = json!({"credential_name": "c", "credential_values": {"api_key": "sk"}});
    app.post("/credentials", credential).expect_status(200).await;
    // As where the salt key was lost.
    let lost = Sealer::new("another salt key").unwrap();
    let sealed = |place: String| Set(lost.seal(&place, "{}").unwrap());
    let (of_model, of_credential) = (sealed(db::model::place("n1")), sealed(db::credential::place("c")));
    let row = db::model::find(&app.app.db, "n1").await.unwrap().unwrap();
    let row = db::model::ActiveModel { sealed_params: of_model, ..row.into() };
    row.update(&app.app.db).await.unwrap();
    let row = db::credential::all(&app.app.db).await.unwrap().remove(0);
    let row = db::credential::ActiveModel { sealed_values: of_credential, ..row.into() };
    row.update(&app.app.db).await.unwrap();
    let stranger = app.beside().await;
    stranger.post(CHAT, ask("gpt")).expect_status(200).await;
    let state = shown(&stranger, "n1").await["state"].clone();
    assert_eq!(state["status"], "unavailable");
    assert!(state["reason"].as_str().unwrap().contains("LITELLM_SALT_KEY"), "{state}");
    let listed = stranger.get("/credentials").expect_status(200).await.value();
    assert!(listed["credentials"][0]["problem"].as_str().unwrap().contains("LITELLM_SALT_KEY"), "{listed}");
    let update = json!({"model_info": {"id": "n1"}, "litellm_params": {"rpm": 1}});
    stranger.post("/model/update", update).expect_status(400).await;
    stranger.post("/model/delete", json!({"id": "n1"})).expect_status(200).await;
    stranger.settled().await;
}
