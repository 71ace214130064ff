//! Reusable budgets.

use std::time::Duration;

use serde_json::{Value, json};
use tollgate_openapi::budget::BudgetView;
use tollgate_openapi::key::KeyCreated;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::session::UserRole;

use crate::kit::TestApp;
use crate::session::add_user;

async fn new_budget(app: &TestApp, body: Value) -> BudgetView {
    app.post("/budget/new", body).expect_status(200).await.json()
}

async fn shown(app: &TestApp, id: &str) -> Vec<BudgetView> {
    app.post("/budget/info", json!({"budgets": [id]})).expect_status(200).await.json()
}

#[tokio::test]
async fn a_budget_is_made_changed_and_shown() {
    let app = TestApp::start().await;
    let made = new_budget(
        &app,
        json!({"budget_id": "starter", "max_budget": 20, "soft_budget": 15.5, "budget_duration": "30d", "rpm_limit": 60,
               "tpm_limit": 1000, "max_parallel_requests": 3, "tpd_limit": 5,
               "model_max_budget": {"gpt-4o": {"budget_limit": 5, "time_period": "1d"}}, "model_rpm_limit": {"gpt-4o": 2}}),
    )
    .await;
    assert_eq!((made.budget_id.as_str(), made.created_by.as_deref()), ("starter", Some("default_user_id")));
    assert_eq!(made.limits.max_budget, Some(NanoUsd(20_000_000_000)));
    assert_eq!(made.limits.model_rpm_limit["gpt-4o"], 2);
    assert_eq!(made.other["tpd_limit"], 5);
    assert_eq!(shown(&app, "starter").await, std::slice::from_ref(&made));

    app.advance(Duration::from_secs(60));
    let body = json!({"budget_id": "starter", "max_budget": 30, "soft_budget": null, "model_rpm_limit": null,
                      "model_max_budget": {}, "tpd_limit": null});
    let changed: BudgetView = app.post("/budget/update", body).expect_status(200).await.json();
    assert_eq!(changed.limits.max_budget, Some(NanoUsd(30_000_000_000)));
    assert_eq!((changed.limits.soft_budget, changed.limits.rpm_limit), (None, Some(60)), "what was not sent stays");
    assert!(changed.limits.model_rpm_limit.is_empty() && changed.limits.model_max_budget.is_empty());
    assert!(changed.other.is_empty() && changed.updated_at > made.updated_at);
    assert_eq!(shown(&app, "starter").await, [changed]);
    assert_eq!(shown(&app, "none").await, []);

    let unnamed = new_budget(&app, json!({})).await;
    assert!(!unnamed.budget_id.is_empty() && unnamed.limits.max_budget.is_none());
}

#[tokio::test]
async fn budgets_are_listed_in_pages() {
    let app = TestApp::start().await;
    for id in ["c", "a", "b"] {
        new_budget(&app, json!({"budget_id": id})).await;
    }
    let page = app.get("/budget/list?page=2&page_size=2").expect_status(200).await;
    let ids: Vec<String> = page.json::<Vec<BudgetView>>().into_iter().map(|budget| budget.budget_id).collect();
    assert_eq!((ids, page.header("x-total-count")), (vec!["c".to_owned()], "3"));
    assert_eq!(app.get("/budget/list").expect_status(200).await.json::<Vec<BudgetView>>().len(), 3);
    app.get("/budget/list?page_size=1001").expect_status(422).await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_changes_nothing() {
    let app = TestApp::start().await;
    new_budget(&app, json!({"budget_id": "b", "max_budget": 1})).await;
    for (body, place) in [
        (json!({"max_budget": "ten"}), "body.max_budget"),
        (json!({"rpm_limit": 1.5}), "body.rpm_limit"),
        (json!({"model_max_budget": []}), "body.model_max_budget"),
        (json!({"model_rpm_limit": {"gpt": -1}}), "body.model_rpm_limit.gpt"),
        (json!({"max_budgte": 1}), "body.max_budgte"),
        (json!({"tpd_limit": "many"}), "body.tpd_limit"),
        (json!({"budget_id": 7}), "body.budget_id"),
    ] {
        let answer = app.post("/budget/new", &body).expect_status(422).await;
        assert_eq!(answer.problems(), [place], "{body}");
    }
    for (body, field) in [
        (json!({"max_budget": -1}), "max_budget"),
        (json!({"tpm_limit": -1}), "tpm_limit"),
        (json!({"budget_duration": "soon"}), "budget_duration"),
        (json!({"budget_id": " "}), "budget_id"),
        (json!({"budget_id": "b"}), "budget_id"),
    ] {
        let (_, param, message) = app.post("/budget/new", &body).expect_status(400).await.error();
        assert_eq!(param.as_deref(), Some(field), "{message}");
    }
    let answer = app.post("/budget/new", json!({"max_budgte": 1})).expect_status(422).await.value();
    assert_eq!(answer["detail"][0]["msg"], "Unknown field `max_budgte`. Did you mean `max_budget`?");
    app.post("/budget/update", json!({"max_budget": 1})).expect_status(422).await;
    app.post("/budget/update", json!({"budget_id": "none"})).expect_status(404).await;
    app.post("/budget/delete", json!({"id": "none"})).expect_status(404).await;
    assert_eq!(app.get("/budget/list").expect_status(200).await.json::<Vec<BudgetView>>().len(), 1);
}

#[tokio::test]
async fn a_budget_that_a_key_is_attached_to_is_not_deleted() {
    let app = TestApp::start().await;
    let (_, param, _) = app.post("/key/generate", json!({"budget_id": "b"})).expect_status(400).await.error();
    assert_eq!(param.as_deref(), Some("budget_id"), "a key needs a budget that exists");
    new_budget(&app, json!({"budget_id": "b", "max_budget": 5, "budget_duration": "30d"})).await;
    let key: KeyCreated = app.post("/key/generate", json!({"budget_id": "b"})).expect_status(200).await.json();
    let in_force = key.view.litellm_budget_table.unwrap();
    assert_eq!((in_force.budget_id.as_deref(), in_force.limits.max_budget), (Some("b"), Some(NanoUsd(5_000_000_000))));
    assert_eq!(key.view.budget_reset_at.unwrap().to_string(), "2026-12-01 00:00:00 UTC", "the budget's window");
    assert_eq!(shown(&app, "b").await[0].attached_to["key"], 1);

    let (_, param, message) = app.post("/budget/delete", json!({"id": "b"})).expect_status(400).await.error();
    assert_eq!(param.as_deref(), Some("id"));
    assert!(message.contains("key: 1"), "{message}");
    let to_none = app.post("/key/update", json!({"key": key.key, "budget_id": "none"}));
    assert_eq!(to_none.expect_status(400).await.error().1.as_deref(), Some("budget_id"));
    app.post("/key/update", json!({"key": key.key, "budget_id": null})).expect_status(200).await;
    app.post("/budget/delete", json!({"id": "b"})).expect_status(200).await;
    assert_eq!(shown(&app, "b").await, []);
}

#[tokio::test]
async fn what_was_spent_counts_on_when_the_budgets_window_changes() {
    let app = TestApp::start().await;
    new_budget(&app, json!({"budget_id": "b", "budget_duration": "1d"})).await;
    let key = app.new_key(json!({"budget_id": "b", "spend": 0.5})).await;
    let spend = || async {
        let info = app.get(&format!("/key/info?key={key}")).expect_status(200).await.value();
        (info["info"]["spend"].as_f64().unwrap(), info["info"]["budget_reset_at"].as_str().unwrap().to_owned())
    };
    assert_eq!(spend().await, (0.5, "2026-11-22T00:00:00Z".to_owned()));
    app.post("/budget/update", json!({"budget_id": "b", "budget_duration": "1mo"})).expect_status(200).await;
    assert_eq!(spend().await, (0.5, "2026-12-01T00:00:00Z".to_owned()));
}

#[tokio::test]
async fn only_administrators_touch_budgets() {
    let app = TestApp::start().await;
    new_budget(&app, json!({"budget_id": "b"})).await;
    add_user(&app, "viewer", None, UserRole::ProxyAdminViewer, "v").await;
    add_user(&app, "ada", None, UserRole::InternalUser, "a").await;
    let key = app.new_key(json!({})).await;
    let (viewer, ada) = (app.sign_in("viewer", "v").await, app.sign_in("ada", "a").await);
    viewer.get("/budget/list").expect_status(200).await;
    for client in [&viewer, &ada, &app.bearer(&key)] {
        client.post("/budget/new", json!({})).expect_status(403).await;
        client.post("/budget/update", json!({"budget_id": "b"})).expect_status(403).await;
        client.post("/budget/delete", json!({"id": "b"})).expect_status(403).await;
    }
    for client in [&ada, &app.bearer(&key)] {
        client.get("/budget/list").expect_status(403).await;
        client.post("/budget/info", json!({"budgets": ["b"]})).expect_status(403).await;
    }
    app.nobody().get("/budget/list").expect_status(401).await;
}
