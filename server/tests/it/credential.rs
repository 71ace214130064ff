//! Credentials, and the deployments that name them.

use reqwest::Method;
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};
use tollgate::db::audit;

use crate::chat::{CHAT, ask};
use crate::kit::{FakeUpstream, TestApp};

fn using(upstream: &FakeUpstream, credential: &str) -> Value {
    json!({"model_name": "new", "model_info": {"id": "n1"}, "litellm_params": {"model": "openai/x",
        "api_base": upstream.base(), "litellm_credential_name": credential}})
}

async fn patch(app: &TestApp, name: &str, body: Value, status: u16) {
    app.call(Method::PATCH, &format!("/credentials/{name}"), Some(body.to_string())).expect_status(status).await;
}

async fn authorization_of_a_call(app: &TestApp, upstream: &FakeUpstream) -> Option<String> {
    app.post(CHAT, ask("new")).expect_status(200).await;
    upstream.received().last().unwrap().authorization.clone()
}

#[tokio::test]
async fn a_credential_is_used_by_its_name_and_never_shown() {
    let upstream = FakeUpstream::start();
    let app = TestApp::start().await;
    let made = json!({"credential_name": "team/prod", "credential_info": {"custom_llm_provider": "openai"},
        "credential_values": {"api_key": "sk-first", "organization": "org-1"}});
    assert_eq!(app.post("/credentials", &made).expect_status(200).await.value()["success"], true);
    let (_, field, _) = app.post("/credentials", &made).expect_status(400).await.error();
    assert_eq!(field.as_deref(), Some("credential_name"));
    app.post("/model/new", using(&upstream, "team/prod")).expect_status(200).await;
    assert_eq!(authorization_of_a_call(&app, &upstream).await.as_deref(), Some("Bearer sk-first"));
    assert_eq!(upstream.received()[0].header("openai-organization"), Some("org-1"));

    let listed = app.get("/credentials").expect_status(200).await;
    assert!(!listed.body().contains("sk-first"), "{}", listed.body());
    let one = app.get("/credentials/by_name/team/prod").expect_status(200).await.value();
    assert_eq!(one["credential_values"], json!({"api_key": "****", "organization": "org-1"}));
    assert_eq!((&one["source"], &one["used_by"]), (&json!("db"), &json!(["n1"])));

    // Deployments have the new values at once; what is masked or left out stays.
    patch(&app, "team/prod", json!({"credential_values": {"api_key": "sk-second", "organization": "****"}}), 200).await;
    assert_eq!(authorization_of_a_call(&app, &upstream).await.as_deref(), Some("Bearer sk-second"));
    assert_eq!(upstream.received()[1].header("openai-organization"), Some("org-1"));
    let delete = async |status| app.call(Method::DELETE, "/credentials/team/prod", None).expect_status(status).await;
    assert!(delete(400).await.error().2.contains("n1"));
    app.post("/model/delete", json!({"id": "n1"})).expect_status(200).await;
    delete(200).await;
    delete(404).await;
    app.get("/credentials/by_name/team/prod").expect_status(404).await;

    let rows = audit::Entity::find().order_by_asc(audit::Column::Id).all(&app.app.db).await.unwrap();
    let of_credential: Vec<_> = rows.iter().filter(|row| row.resource == "credential").collect();
    assert_eq!(of_credential.iter().map(|row| &*row.action).collect::<Vec<_>>(), ["created", "updated", "deleted"]);
    assert!(!format!("{rows:?}").contains("sk-first"), "{rows:?}");
    app.settled().await;
}

#[tokio::test]
async fn config_yaml_has_credentials_too() {
    let upstream = FakeUpstream::start();
    let yaml = format!(
        "credential_list:\n  - credential_name: prod\n    credential_info: {{note: ours}}\n    credential_values: \
         {{api_key: sk-of-the-file, api_base: {}}}\nmodel_list:\n  - model_name: gpt\n    litellm_params: {{model: \
         openai/x, litellm_credential_name: prod}}\n    model_info: {{id: one}}\n  - model_name: later\n    \
         litellm_params: {{model: openai/x, api_base: {}, litellm_credential_name: of-the-database}}\n",
        upstream.base(),
        upstream.base()
    );
    let app = TestApp::builder().config(&yaml).start().await;
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    assert_eq!(upstream.received()[0].authorization.as_deref(), Some("Bearer sk-of-the-file"));
    let info = app.get("/v1/model/info?litellm_model_id=one").expect_status(200).await;
    assert!(!info.body().contains("sk-of-the-file"), "{}", info.body());
    let one = app.get("/credentials/by_name/prod").expect_status(200).await.value();
    assert_eq!((&one["source"], &one["credential_values"]["api_key"]), (&json!("config"), &json!("****")));

    patch(&app, "prod", json!({"credential_values": {"api_key": "sk-x"}}), 400).await;
    let same = json!({"credential_name": "prod", "credential_values": {"api_key": "sk-x"}});
    assert!(app.post("/credentials", same).expect_status(400).await.error().2.contains("config.yaml"));
    // A deployment of the file may name one of the database.
    assert!(app.post(CHAT, ask("later")).send().await.body().contains("of-the-database"));
    let made = json!({"credential_name": "of-the-database", "credential_values": {"api_key": "sk-of-the-database"}});
    app.post("/credentials", made).expect_status(200).await;
    app.post(CHAT, ask("later")).expect_status(200).await;
    assert_eq!(upstream.received()[1].authorization.as_deref(), Some("Bearer sk-of-the-database"));
    app.settled().await;
}

#[tokio::test]
async fn values_that_will_not_do_are_named() {
    let app = TestApp::start().await;
    let with = |values: Value| json!({"credential_name": "c", "credential_values": values});
    for (values, field) in [
        (json!({}), "credential_values"),
        (json!({"api_key": "os.environ/LITELLM_MASTER_KEY"}), "credential_values.api_key"),
        (json!({"vertex_credentials": "/etc/passwd"}), "credential_values.vertex_credentials"),
        (json!({"aws_web_identity_token": "oidc/file/etc/passwd"}), "credential_values.aws_web_identity_token"),
    ] {
        let (_, found, message) = app.post("/credentials", with(values)).expect_status(400).await.error();
        assert_eq!(found.as_deref(), Some(field), "{message}");
    }
    assert_eq!(
        app.post("/credentials", json!({"credential_name": "c"})).expect_status(422).await.problems(),
        ["body.credential_values"]
    );
    app.post("/credentials", with(json!({"api_key": "sk"}))).expect_status(200).await;
    patch(&app, "c", json!({"credential_name": "d"}), 400).await;
    patch(&app, "c", json!({"credential_values": {"organization": "****"}}), 400).await;
    patch(&app, "none", json!({}), 404).await;
}
