//! Deployments that are added, changed, blocked and deleted at run time.

use std::time::Duration;

use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};
use tollgate::db::audit;

use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, TestApp};

/// The body of `/model/new` for a model at `upstream`.
pub(super) fn model(upstream: &FakeUpstream, name: &str, id: &str) -> Value {
    json!({"model_name": name, "model_info": {"id": id}, "litellm_params": {"model": format!("openai/{name}-upstream"),
        "api_base": upstream.base(), "api_key": "sk-of-the-database", "input_cost_per_token": 0.000001,
        "output_cost_per_token": 0.000002}})
}

/// What is shown of one deployment.
pub(super) async fn shown(app: &TestApp, id: &str) -> Value {
    app.get(&format!("/v1/model/info?litellm_model_id={id}")).expect_status(200).await.value()["data"][0].clone()
}

#[tokio::test]
async fn a_deployment_is_added_serves_changes_and_goes() {
    let upstream = FakeUpstream::start();
    let app = TestApp::start().await;
    let made = app.post("/model/new", model(&upstream, "new", "n1")).expect_status(200).await;
    assert!(!made.body().contains("sk-of-the-database"), "{}", made.body());
    assert_eq!(made.value()["litellm_params"]["api_key"], "****");
    assert_eq!(app.post(CHAT, ask("new")).expect_status(200).await.header("x-litellm-model-id"), "n1");
    assert_eq!(upstream.received()[0].authorization.as_deref(), Some("Bearer sk-of-the-database"));

    let view = shown(&app, "n1").await;
    assert_eq!(
        (&view["model_info"]["db_model"], &view["model_info"]["created_by"]),
        (&json!(true), &json!("default_user_id"))
    );
    assert_eq!(view["litellm_params"]["api_key"], "****");

    // What was shown comes back, masks and all, with one change.
    let patch = json!({"model_name": "renamed", "litellm_params": {"api_key": "****", "rpm": 60}});
    app.call(reqwest::Method::PATCH, "/model/n1/update", Some(patch.to_string())).expect_status(200).await;
    app.post(CHAT, ask("new")).expect_status(400).await;
    app.post(CHAT, ask("renamed")).expect_status(200).await;
    assert_eq!(upstream.received()[1].authorization.as_deref(), Some("Bearer sk-of-the-database"));
    assert_eq!(shown(&app, "n1").await["litellm_params"]["rpm"], 60);
    let patch = json!({"model_info": {"id": "n1"}, "litellm_params": {"rpm": null, "api_key": "sk-another"}});
    app.post("/model/update", patch).expect_status(200).await;
    app.post(CHAT, ask("renamed")).expect_status(200).await;
    assert_eq!(upstream.received()[2].authorization.as_deref(), Some("Bearer sk-another"));
    assert_eq!(shown(&app, "n1").await["litellm_params"].get("rpm"), None);

    let gone = app.post("/model/delete", json!({"id": "n1"})).expect_status(200).await.value();
    assert_eq!(gone["message"], "Model: n1 deleted successfully");
    app.post(CHAT, ask("renamed")).expect_status(400).await;
    app.post("/model/delete", json!({"id": "n1"})).expect_status(404).await;
    assert_eq!(app.settled().await.spend.0, 3 * 50_000);
}

#[tokio::test]
async fn every_change_is_audited_and_no_secret_is_in_the_database() {
    let upstream = FakeUpstream::start();
    let app = TestApp::start().await;
    app.post("/model/new", model(&upstream, "new", "n1")).expect_status(200).await;
    app.post("/model/update", json!({"model_info": {"id": "n1"}, "litellm_params": {"rpm": 5}}))
        .expect_status(200)
        .await;
    app.post("/model/block", json!({"model_id": "n1"})).expect_status(200).await;
    app.post("/model/unblock", json!({"model_id": "n1"})).expect_status(200).await;
    let row = tollgate::db::model::find(&app.app.db, "n1").await.unwrap().unwrap();
    app.post("/model/delete", json!({"id": "n1"})).expect_status(200).await;
    assert!(!format!("{row:?}").contains("sk-of-the-database"), "{row:?}");
    assert_eq!(audit::first_broken(&app.app.db).await.unwrap(), None);
    let rows = audit::Entity::find().order_by_asc(audit::Column::Id).all(&app.app.db).await.unwrap();
    let actions: Vec<_> = rows.iter().map(|row| (row.action.as_str(), row.resource_id.as_str())).collect();
    let expected = ["created", "updated", "blocked", "unblocked", "deleted"].map(|action| (action, "n1"));
    assert_eq!(actions, expected);
    assert!(!format!("{rows:?}").contains("sk-of-the-database"), "{rows:?}");
    let after: Value = serde_json::from_str(rows[1].after.as_deref().unwrap()).unwrap();
    assert_eq!(after["litellm_params"]["rpm"], 5);
}

#[tokio::test]
async fn a_blocked_deployment_is_not_called() {
    let (one, two) = (FakeUpstream::start(), FakeUpstream::start());
    let yaml = format!("model_list:\n{}", one.deployment("gpt", "one"));
    let app = TestApp::builder().config(&yaml).start().await;
    app.post("/model/new", model(&two, "gpt", "two")).expect_status(200).await;
    app.post("/model/new", model(&two, "lone", "lone")).expect_status(200).await;
    for id in ["two", "lone"] {
        let blocked = app.post("/model/block", json!({"model_id": id})).expect_status(200).await.value();
        assert_eq!(blocked["blocked"], true);
        assert_eq!(shown(&app, id).await["state"]["status"], "blocked");
    }
    for _ in 0..8 {
        app.post(CHAT, ask("gpt")).expect_status(200).await;
    }
    assert_eq!((one.received().len(), two.received().len()), (8, 0));
    let refused = app.post(CHAT, ask("lone")).send().await;
    assert!(refused.status >= 400 && refused.body().contains("blocked"), "{refused:?}");
    app.post("/model/unblock", json!({"model_id": "lone"})).expect_status(200).await;
    app.post(CHAT, ask("lone")).expect_status(200).await;
    app.settled().await;
}

#[tokio::test]
async fn what_config_yaml_has_is_changed_there() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    assert_eq!(shown(&app, "one").await["model_info"]["db_model"], false);
    let update = json!({"model_info": {"id": "one"}, "litellm_params": {"rpm": 1}});
    for (path, body) in [
        ("/model/update", update),
        ("/model/delete", json!({"id": "one"})),
        ("/model/block", json!({"model_id": "one"})),
    ] {
        let (_, _, message) = app.post(path, body).expect_status(400).await.error();
        assert!(message.contains("config.yaml"), "{path}: {message}");
    }
    let (_, field, _) = app.post("/model/new", model(&upstream, "x", "one")).expect_status(400).await.error();
    assert_eq!(field.as_deref(), Some("model_info.id"));
}

#[tokio::test]
async fn what_is_wrong_is_named_and_changes_nothing() {
    let app = TestApp::start().await;
    let with = |params: Value| json!({"model_name": "m", "litellm_params": params});
    for (params, field) in [
        (json!({"model": "openai/x", "api_key": "sk", "rpm": "many"}), "litellm_params.rpm"),
        (json!({"model": "openai/x", "api_key": "sk", "api_base": "nowhere"}), "litellm_params.api_base"),
        (json!({"api_key": "sk"}), "litellm_params"),
        (json!({"model": "openai/x"}), "litellm_params"),
        (json!({"model": "nobody/x", "api_key": "sk"}), "litellm_params"),
        (json!({"model": "openai/x", "api_key": "os.environ/SECRET"}), "litellm_params.api_key"),
        (
            json!({"model": "vertex_ai/gemini-2.5-flash", "vertex_credentials": "/etc/passwd"}),
            "litellm_params.vertex_credentials",
        ),
        (json!({"model": "openai/x", "litellm_credential_name": "none"}), "litellm_params"),
        (json!({"model": "openai/x", "api_key": "****"}), "litellm_params.api_key"),
        (json!({"model": "*", "api_key": "sk"}), "litellm_params.model"),
    ] {
        let (_, found, message) = app.post("/model/new", with(params)).expect_status(400).await.error();
        assert_eq!(found.as_deref(), Some(field), "{message}");
        assert!(message.starts_with(field), "{message}");
    }
    let of_team = json!({"model_name": "m", "litellm_params": {"model": "openai/x", "api_key": "sk"}, "model_info": {"team_id": "t"}});
    let (_, field, _) = app.post("/model/new", of_team).expect_status(400).await.error();
    assert_eq!(field.as_deref(), Some("model_info.team_id"));
    assert_eq!(
        app.post("/model/new", json!({"model_name": "m"})).expect_status(422).await.problems(),
        ["body.litellm_params"]
    );
    app.post("/model/update", json!({"litellm_params": {}})).expect_status(400).await;
    app.post("/model/update", json!({"model_info": {"id": "none"}})).expect_status(404).await;
    assert_eq!(tollgate::db::model::all(&app.app.db).await.unwrap(), []);
    let doubtful = with(json!({"model": "openai/x", "api_key": "sk", "time_out": 5}));
    let made = app.post("/model/new", doubtful).expect_status(200).await.value();
    assert!(made["warnings"][0].as_str().unwrap().contains("did you mean \"timeout\""), "{made}");
}

#[tokio::test]
async fn a_change_leaves_what_is_known_of_others_and_catches_no_figures() {
    let (one, two) = (FakeUpstream::start(), FakeUpstream::start());
    let yaml = format!("model_list:\n{}{}", one.deployment("gpt", "one"), two.deployment("gpt", "two"));
    let app = TestApp::builder().config(&yaml).start().await;
    one.then(Behaviour::Status(401, "{}".to_owned(), vec![]));
    two.then(Behaviour::Status(401, "{}".to_owned(), vec![]));
    app.post(CHAT, ask("gpt")).send().await;
    let known = shown(&app, "one").await["state"].clone();
    assert_eq!(known["status"], "cooling_down");
    let real = json!({"model_name": "real", "model_info": {"id": "real"}, "litellm_params": {"model": "openai/gpt-4o", "api_key": "sk"}});
    app.post("/model/new", real).expect_status(200).await;
    assert_eq!(shown(&app, "one").await["state"], known);
    // A script that sends back all it was shown keeps the catalog's prices the catalog's.
    let mut info = shown(&app, "real").await["model_info"].clone();
    assert_eq!(info["input_cost_per_token"], 0.0000025);
    info["note"] = json!("kept");
    app.post("/model/update", json!({"model_info": info})).expect_status(200).await;
    let row = tollgate::db::model::find(&app.app.db, "real").await.unwrap().unwrap();
    assert_eq!(json!(row.model_info.0), json!({"note": "kept"}));
    app.advance(Duration::from_secs(60));
    app.settled().await;
}

#[tokio::test]
async fn only_administrators_change_models() {
    let upstream = FakeUpstream::start();
    let app = TestApp::start().await;
    let key = app.bearer(&app.new_key(json!({})).await);
    for (path, body) in [
        ("/model/new", model(&upstream, "new", "n1")),
        ("/model/update", json!({"model_info": {"id": "n1"}})),
        ("/model/delete", json!({"id": "n1"})),
        ("/model/block", json!({"model_id": "n1"})),
        ("/health/test_connection", json!({"litellm_params": {"model": "openai/x"}})),
        ("/credentials", json!({"credential_name": "c", "credential_values": {"api_key": "sk"}})),
    ] {
        key.post(path, &body).expect_status(403).await;
        app.nobody().post(path, &body).expect_status(401).await;
    }
    key.get("/credentials").expect_status(403).await;
}

#[tokio::test]
async fn where_models_are_not_kept_in_the_database_a_refusal_names_the_setting() {
    let upstream = FakeUpstream::start();
    let off =
        format!("general_settings: {{store_model_in_db: false}}\nmodel_list:\n{}", upstream.deployment("gpt", "one"));
    let app = TestApp::builder().config(&off).start().await;
    let answer = app.post("/model/new", model(&upstream, "new", "n1")).expect_status(400).await;
    assert!(answer.error().2.contains("general_settings.store_model_in_db"), "{}", answer.body());
}
