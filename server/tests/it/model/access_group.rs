//! Names for several models, in the lists of models of keys and teams.

use serde_json::json;

use super::manage::model;
use crate::chat::{CHAT, ask};
use crate::kit::{FakeUpstream, TestApp};

#[tokio::test]
async fn a_group_stands_for_its_models() {
    let upstream = FakeUpstream::start();
    let beta = "      access_groups: [beta]\n";
    let yaml = format!(
        "model_list:\n{}{beta}{}{}{beta}",
        upstream.deployment("gpt", "one"),
        upstream.deployment("other", "two"),
        upstream.deployment_of("openai/*", "openai/*", "three")
    );
    let app = TestApp::builder().config(&yaml).start().await;
    let team = app.post("/team/new", json!({"team_alias": "t", "models": ["beta"]})).expect_status(200).await.value();
    let keys = [app.new_key(json!({"models": ["beta"]})).await, app.new_key(json!({"team_id": team["team_id"]})).await];
    for key in keys.map(|key| app.bearer(&key)) {
        key.post(CHAT, ask("gpt")).expect_status(200).await;
        key.post(CHAT, ask("openai/gpt-x")).expect_status(200).await;
        let refused = key.post(CHAT, ask("other")).send().await;
        assert!(matches!(refused.status, 401 | 403), "{refused:?}");
        let listed = key.get("/v1/models").expect_status(200).await.value();
        let listed = listed["data"].as_array().unwrap();
        assert!(listed.iter().any(|one| one["id"] == "gpt") && !listed.iter().any(|one| one["id"] == "other"));
        // A model that joins the group later is one of them at once.
    }
    let key = app.bearer(&app.new_key(json!({"models": ["beta"]})).await);
    key.post(CHAT, ask("late")).send().await;
    let mut late = model(&upstream, "late", "late");
    late["model_info"]["access_groups"] = json!(["beta"]);
    app.post("/model/new", late).expect_status(200).await;
    key.post(CHAT, ask("late")).expect_status(200).await;
    let seen = key.get("/v1/model/info").expect_status(200).await.value();
    assert_eq!(seen["data"].as_array().unwrap().iter().filter(|one| one["model_name"] == "late").count(), 1);
    app.settled().await;
}
