//! Tags that calls carry.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::session::UserRole;
use tollgate_openapi::tag::{TagDeleted, TagView};

use crate::budget::small;
use crate::chat::CHAT;
use crate::kit::{FakeUpstream, TestApp};
use crate::session::add_user;

async fn new_tag(app: &TestApp, body: Value) -> TagView {
    app.post("/tag/new", body).expect_status(200).await.json()
}

async fn info(app: &TestApp, name: &str) -> BTreeMap<String, TagView> {
    app.post("/tag/info", json!({"names": [name]})).expect_status(200).await.json()
}

#[tokio::test]
async fn a_tag_is_registered_changed_and_deleted() {
    let app = TestApp::start().await;
    let made = new_tag(
        &app,
        json!({"name": "batch", "description": "Nightly", "models": ["gpt"], "model_info": {"a": "b"},
               "max_budget": 5, "budget_duration": "1mo", "tpm_limit": 9, "model_rpm_limit": {"gpt": 2}}),
    )
    .await;
    assert_eq!((made.description.as_deref(), made.limits.tpm_limit), (Some("Nightly"), Some(9)));
    assert_eq!(
        (made.limits.model_rpm_limit["gpt"].clone(), made.other["model_info"]["a"].clone()),
        (json!(2), json!("b"))
    );
    assert_eq!(made.standing.budget_reset_at.unwrap().to_string(), "2026-12-01 00:00:00 UTC");
    assert_eq!(info(&app, "batch").await["batch"], made);
    let body = json!({"name": "batch", "description": null, "models": null, "max_budget": 6, "tpm_limit": null,
                      "model_info": null});
    let changed: TagView = app.post("/tag/update", body).expect_status(200).await.json();
    assert_eq!((changed.description.as_deref(), changed.limits.tpm_limit), (None, None));
    assert_eq!(changed.limits.max_budget, Some(NanoUsd(6_000_000_000)));
    assert!(changed.models.is_empty() && changed.other.is_empty());
    new_tag(&app, json!({"name": "a", "description": "Of the EU"})).await;
    for search in ["the%20eu", "A"] {
        let found: Vec<TagView> = app.get(&format!("/tag/list?search={search}")).expect_status(200).await.json();
        assert_eq!(found[0].name, "a", "{search}");
    }
    let page = app.get("/tag/list?page=2&page_size=1").expect_status(200).await;
    assert_eq!((page.header("x-total-count"), page.json::<Vec<TagView>>()), ("2", vec![changed]));
    let gone: TagDeleted = app.post("/tag/delete", json!({"name": "batch"})).expect_status(200).await.json();
    assert!(gone.message.contains("batch"));
    assert!(info(&app, "batch").await.is_empty());
    assert_eq!(new_tag(&app, json!({"name": "batch"})).await.limits.max_budget, None);
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let app = TestApp::start().await;
    new_tag(&app, json!({"name": "t"})).await;
    for (body, place) in [
        (json!({}), "body.name"),
        (json!({"name": "x", "max_budget": "ten"}), "body.max_budget"),
        (json!({"name": "x", "descripton": "d"}), "body.descripton"),
    ] {
        assert_eq!(app.post("/tag/new", &body).expect_status(422).await.problems(), [place], "{body}");
    }
    for (body, field) in [
        (json!({"name": "x", "rpm_limit": -1}), "rpm_limit"),
        (json!({"name": "x", "budget_id": "none"}), "budget_id"),
        (json!({"name": "t"}), "name"),
        (json!({"name": ""}), "name"),
    ] {
        let (_, param, message) = app.post("/tag/new", &body).expect_status(400).await.error();
        assert_eq!(param.as_deref(), Some(field), "{message}");
    }
    app.post("/tag/update", json!({"name": "none"})).expect_status(404).await;
    app.post("/tag/delete", json!({"name": "none"})).expect_status(404).await;
}

#[tokio::test]
async fn the_tags_budget_refuses_calls_until_it_is_raised() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    new_tag(&app, json!({"name": "batch", "max_budget": 0.00006})).await;
    let client = app.bearer(&app.new_key(json!({})).await);
    let mut tagged = small();
    tagged["metadata"] = json!({"tags": ["batch"]});
    while client.post(CHAT, tagged.clone()).send().await.status == 200 {
        app.settled().await;
    }
    let (kind, _, message) = client.post(CHAT, tagged.clone()).expect_status(400).await.error();
    assert_eq!(kind, "budget_exceeded");
    assert!(message.contains("batch"), "{message}");
    client.post(CHAT, small()).expect_status(200).await;
    app.post("/tag/update", json!({"name": "batch", "max_budget": 1})).expect_status(200).await;
    client.post(CHAT, tagged).expect_status(200).await;
    app.settled().await;
    let standing = info(&app, "batch").await["batch"].standing.clone();
    assert!(standing.spend >= NanoUsd(100_000) && standing.spend == standing.total_spend, "{standing:?}");
}

#[tokio::test]
async fn only_administrators_touch_tags() {
    let app = TestApp::start().await;
    new_tag(&app, json!({"name": "t"})).await;
    add_user(&app, "viewer", None, UserRole::ProxyAdminViewer, "v").await;
    add_user(&app, "ada", None, UserRole::InternalUser, "a").await;
    let key = app.bearer(&app.new_key(json!({})).await);
    let (viewer, ada) = (app.sign_in("viewer", "v").await, app.sign_in("ada", "a").await);
    viewer.get("/tag/list").expect_status(200).await;
    for client in [&viewer, &ada, &key] {
        client.post("/tag/new", json!({"name": "x"})).expect_status(403).await;
        client.post("/tag/update", json!({"name": "t"})).expect_status(403).await;
        client.post("/tag/delete", json!({"name": "t"})).expect_status(403).await;
    }
    for client in [&ada, &key] {
        client.get("/tag/list").expect_status(403).await;
        client.post("/tag/info", json!({"names": ["t"]})).expect_status(403).await;
    }
    app.nobody().get("/tag/list").expect_status(401).await;
}
