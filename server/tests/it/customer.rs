//! Customers.

use serde_json::{Value, json};
use tollgate_openapi::customer::{CustomerView, CustomersBlocked, CustomersDeleted, CustomersUnblocked};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::session::UserRole;

use crate::budget::small;
use crate::chat::CHAT;
use crate::kit::{FakeUpstream, TestApp};
use crate::session::add_user;

async fn new_customer(app: &TestApp, body: Value) -> CustomerView {
    app.post("/customer/new", body).expect_status(200).await.json()
}

async fn info(app: &TestApp, id: &str) -> CustomerView {
    app.get(&format!("/customer/info?end_user_id={id}")).expect_status(200).await.json()
}

fn call_for(customer: &str) -> Value {
    let mut body = small();
    body["user"] = json!(customer);
    body
}

#[tokio::test]
async fn a_customer_is_registered_changed_and_deleted() {
    let app = TestApp::start().await;
    let made = new_customer(
        &app,
        json!({"user_id": "c1", "alias": "Globex", "max_budget": 5, "budget_duration": "30d", "rpm_limit": 3,
               "models": ["gpt"], "metadata": {"a": 1}, "default_model": "gpt", "spend": 1.5}),
    )
    .await;
    assert_eq!((made.alias.as_deref(), made.blocked, made.limits.rpm_limit), (Some("Globex"), false, Some(3)));
    assert_eq!((made.standing.spend, made.other["default_model"].as_str()), (NanoUsd(1_500_000_000), Some("gpt")));
    let in_force = made.standing.litellm_budget_table.as_ref().unwrap();
    assert_eq!(in_force.limits.max_budget, Some(NanoUsd(5_000_000_000)));
    assert_eq!(info(&app, "c1").await, made);
    let same: CustomerView = app.get("/end_user/info?end_user_id=c1").expect_status(200).await.json();
    assert_eq!(same, made, "LiteLLM's other path");

    let body = json!({"user_id": "c1", "alias": null, "max_budget": 6, "budget_duration": "1d", "rpm_limit": null,
                      "models": null, "default_model": null});
    let changed: CustomerView = app.post("/customer/update", body).expect_status(200).await.json();
    assert_eq!((changed.alias.as_deref(), changed.limits.rpm_limit), (None, None));
    assert!(changed.models.is_empty() && changed.other.is_empty() && changed.metadata["a"] == 1);
    assert_eq!(changed.standing.spend, NanoUsd(1_500_000_000), "what was spent counts on in another window");
    assert_eq!(changed.standing.budget_reset_at.unwrap().to_string(), "2026-11-22 00:00:00 UTC");

    new_customer(&app, json!({"user_id": "c2", "alias": "Initech"})).await;
    let page = app.get("/customer/list?page=2&page_size=1").expect_status(200).await;
    assert_eq!(page.header("x-total-count"), "2");
    assert_eq!(page.json::<Vec<CustomerView>>()[0].user_id, "c2");
    let found: Vec<CustomerView> = app.get("/customer/list?search=INIT").expect_status(200).await.json();
    assert_eq!(found.len(), 1);
    app.post("/customer/delete", json!({"user_ids": ["c1", "none"]})).expect_status(404).await;
    let gone: CustomersDeleted =
        app.post("/end_user/delete", json!({"user_ids": ["c1"]})).expect_status(200).await.json();
    assert_eq!(gone.deleted_customers, 1);
    app.get("/customer/info?end_user_id=c1").expect_status(404).await;
    assert_eq!(new_customer(&app, json!({"user_id": "c1"})).await.limits.max_budget, None);
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let app = TestApp::start().await;
    new_customer(&app, json!({"user_id": "c"})).await;
    for (body, place) in [
        (json!({}), "body.user_id"),
        (json!({"user_id": "d", "max_budget": "ten"}), "body.max_budget"),
        (json!({"user_id": "d", "allias": "x"}), "body.allias"),
        (json!({"user_id": "d", "default_model": 7}), "body.default_model"),
    ] {
        assert_eq!(app.post("/customer/new", &body).expect_status(422).await.problems(), [place], "{body}");
    }
    for (body, field) in [
        (json!({"user_id": "d", "max_budget": -1}), "max_budget"),
        (json!({"user_id": "d", "budget_duration": "soon"}), "budget_duration"),
        (json!({"user_id": "d", "budget_id": "none"}), "budget_id"),
        (json!({"user_id": "c"}), "user_id"),
        (json!({"user_id": ""}), "user_id"),
    ] {
        let (_, param, message) = app.post("/customer/new", &body).expect_status(400).await.error();
        assert_eq!(param.as_deref(), Some(field), "{message}");
    }
    app.post("/customer/update", json!({"user_id": "none"})).expect_status(404).await;
    app.post("/customer/block", json!({"user_ids": []})).expect_status(400).await;
    app.post("/customer/unblock", json!({"user_ids": ["none"]})).expect_status(404).await;
    app.get("/customer/info").expect_status(422).await;
}

#[tokio::test]
async fn the_customers_budget_refuses_calls_until_it_is_raised() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let client = app.bearer(&app.new_key(json!({})).await);
    client.post(CHAT, call_for("c")).expect_status(200).await;
    app.post("/budget/new", json!({"budget_id": "tiny", "max_budget": 0.00006})).expect_status(200).await;
    new_customer(&app, json!({"user_id": "c", "alias": "Globex", "budget_id": "tiny"})).await;
    while client.post(CHAT, call_for("c")).send().await.status == 200 {
        app.settled().await;
    }
    let (kind, _, message) = client.post(CHAT, call_for("c")).expect_status(400).await.error();
    assert_eq!(kind, "budget_exceeded");
    assert!(message.contains("Globex"), "{message}");
    client.post(CHAT, call_for("other")).expect_status(200).await;
    let refused = app.post("/budget/delete", json!({"id": "tiny"})).expect_status(400).await;
    assert!(refused.error().2.contains("customer: 1"));
    app.post("/budget/update", json!({"budget_id": "tiny", "max_budget": 1})).expect_status(200).await;
    client.post(CHAT, call_for("c")).expect_status(200).await;

    let blocked: CustomersBlocked =
        app.post("/customer/block", json!({"user_ids": ["c", "unseen"]})).expect_status(200).await.json();
    assert!(blocked.blocked_users.len() == 2 && blocked.blocked_users.iter().all(|customer| customer.blocked));
    for customer in ["c", "unseen"] {
        client.post(CHAT, call_for(customer)).expect_status(403).await;
    }
    let free: CustomersUnblocked =
        app.post("/customer/unblock", json!({"user_ids": ["c", "unseen"]})).expect_status(200).await.json();
    assert!(free.unblocked_users.iter().all(|customer| !customer.blocked));
    client.post(CHAT, call_for("c")).expect_status(200).await;
}

#[tokio::test]
async fn only_administrators_touch_customers() {
    let app = TestApp::start().await;
    new_customer(&app, json!({"user_id": "c"})).await;
    add_user(&app, "viewer", None, UserRole::ProxyAdminViewer, "v").await;
    add_user(&app, "ada", None, UserRole::InternalUser, "a").await;
    let key = app.bearer(&app.new_key(json!({})).await);
    let (viewer, ada) = (app.sign_in("viewer", "v").await, app.sign_in("ada", "a").await);
    viewer.get("/customer/list").expect_status(200).await;
    viewer.get("/customer/info?end_user_id=c").expect_status(200).await;
    for client in [&viewer, &ada, &key] {
        client.post("/customer/new", json!({"user_id": "d"})).expect_status(403).await;
        client.post("/customer/update", json!({"user_id": "c"})).expect_status(403).await;
        client.post("/customer/block", json!({"user_ids": ["c"]})).expect_status(403).await;
        client.post("/customer/delete", json!({"user_ids": ["c"]})).expect_status(403).await;
    }
    for client in [&ada, &key] {
        client.get("/customer/list").expect_status(403).await;
        client.get("/customer/info?end_user_id=c").expect_status(403).await;
    }
    app.nobody().get("/end_user/list").expect_status(401).await;
}

#[tokio::test]
async fn lists_go_on_where_a_cursor_says() {
    let app = TestApp::start().await;
    for id in ["c", "a", "b", "e", "d"] {
        new_customer(&app, json!({"user_id": id})).await;
        app.post("/user/new", json!({"user_id": id, "auto_create_key": false})).expect_status(200).await;
        app.post("/team/new", json!({"team_id": id, "team_alias": id})).expect_status(200).await;
        app.post("/tag/new", json!({"name": id})).expect_status(200).await;
        app.post("/budget/new", json!({"budget_id": id, "max_budget": 1})).expect_status(200).await;
        app.post("/organization/new", json!({"organization_id": id, "organization_alias": id}))
            .expect_status(200)
            .await;
    }
    for (path, id) in [
        ("/customer/list", "user_id"),
        ("/tag/list", "name"),
        ("/budget/list", "budget_id"),
        ("/organization/list", "organization_id"),
        ("/team/list", "team_id"),
    ] {
        let all: Vec<Value> = app.get(path).expect_status(200).await.json();
        let (mut found, mut from) = (Vec::new(), String::new());
        for rows in [2, 2, 1] {
            let page = app.get(&format!("{path}?page_size=2{from}")).expect_status(200).await;
            assert_eq!(page.header("x-total-count"), "5");
            let values: Vec<Value> = page.json();
            assert_eq!((values.len(), page.has_header("x-next-cursor")), (rows, rows == 2), "{path}");
            if rows == 2 {
                from = format!("&cursor={}", page.header("x-next-cursor"));
            }
            found.extend(values.into_iter().map(|value| value[id].clone()));
        }
        assert_eq!(found, all.iter().map(|value| value[id].clone()).collect::<Vec<_>>(), "{path}");
    }
    for (path, field) in [("/user/list", "users"), ("/v2/team/list", "teams")] {
        let all = app.get(path).expect_status(200).await.value();
        let first = app.get(&format!("{path}?page_size=3")).expect_status(200).await.value();
        let cursor = first["next_cursor"].as_str().unwrap();
        let second = app.get(&format!("{path}?page_size=3&cursor={cursor}")).expect_status(200).await.value();
        assert_eq!((&second["page"], second.get("next_cursor")), (&json!(2), None), "{path}");
        let both: Vec<_> = [first, second].iter().flat_map(|page| page[field].as_array().unwrap().clone()).collect();
        assert_eq!(json!(both), all[field], "{path}");
    }
}
