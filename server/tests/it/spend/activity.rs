//! Usage in the shapes that LiteLLM's clients read.

mod export;
mod report;

use std::sync::Arc;

use serde_json::{Value, json};
use tollgate::ledger::SpendEvent;
use tollgate_openapi::session::UserRole;

use super::{call, write};
use crate::kit::{FakeUpstream, TestApp};
use crate::session::add_user;

const RANGE: &str = "start_date=2026-11-20&end_date=2026-11-21";

/// Ada of the shop calls twice with two tags and fails once; Bob of the lab, an organization, calls the day before.
async fn world() -> TestApp {
    let app = TestApp::start().await;
    app.post("/organization/new", json!({"organization_id": "lab-org", "organization_alias": "The Lab"}))
        .expect_status(200)
        .await;
    for user in ["ada", "bob", "lead"] {
        add_user(&app, user, None, UserRole::InternalUser, user).await;
    }
    app.post("/team/new", json!({"team_id": "shop", "team_alias": "The Shop", "admins": ["lead"], "members": ["ada"]}))
        .expect_status(200)
        .await;
    let made = app.post("/key/generate", json!({"user_id": "ada", "team_id": "shop", "key_alias": "till"}));
    let token = made.expect_status(200).await.value()["token"].as_str().unwrap().to_owned();
    let ada = |id: &str, at: &str| SpendEvent { tags: vec!["x".into(), "y".into()], ..call(id, &token, at) };
    let failed = SpendEvent {
        spend_nano: 0,
        status: tollgate_openapi::spend::CallStatus::Failure,
        status_code: 500,
        tags: vec![],
        ..call("c", &token, "2026-11-21T11:00:00Z")
    };
    let bob = SpendEvent {
        user_id: Some(Arc::from("bob")),
        team_id: None,
        organization_id: Some(Arc::from("lab-org")),
        end_user: None,
        model_group: Arc::from("claude"),
        model: Arc::from("claude-sonnet"),
        provider: Some(Arc::from("anthropic")),
        ..call("d", "key-bob", "2026-11-20T10:00:00Z")
    };
    write(&app, &[ada("a", "2026-11-21T10:00:00Z"), ada("b", "2026-11-21T10:30:00Z"), failed, bob]).await;
    app
}

async fn read(app: &TestApp, path: &str) -> Value {
    app.get(path).expect_status(200).await.value()
}

#[tokio::test]
async fn all_days_at_once_are_what_the_pages_are_together() {
    let app = world().await;
    for path in ["user", "team", "organization", "customer", "tag"] {
        let whole = read(&app, &format!("/{path}/daily/activity/aggregated?{RANGE}")).await;
        let mut paged = read(&app, &format!("/{path}/daily/activity?{RANGE}&page_size=1000")).await;
        assert_eq!(whole, paged, "{path}");
        let one = format!("/{path}/daily/activity/aggregated?{RANGE}&model=claude");
        paged = read(&app, &format!("/{path}/daily/activity?{RANGE}&model=claude&page_size=1000")).await;
        assert_eq!(read(&app, &one).await["results"], paged["results"], "{path}");
    }
    let ada = app.sign_in("ada", "ada").await;
    let own = ada.get(&format!("/user/daily/activity/aggregated?{RANGE}")).expect_status(200).await.value();
    assert_eq!((&own["metadata"]["total_api_requests"], &own["metadata"]["has_more"]), (&json!(3), &json!(false)));
    let others = format!("/user/daily/activity/aggregated?{RANGE}&user_id=bob");
    assert_eq!(ada.get(&others).expect_status(200).await.value()["results"], json!([]));
}

#[tokio::test]
async fn users_activity_has_litellms_shape() {
    let app = world().await;
    let page = read(&app, &format!("/user/daily/activity?{RANGE}")).await;
    let results = page["results"].as_array().unwrap();
    assert_eq!(results.iter().map(|day| &day["date"]).collect::<Vec<_>>(), ["2026-11-21", "2026-11-20"]);
    let today = &results[0];
    assert_eq!(
        today["metrics"],
        json!({"spend": 0.03, "prompt_tokens": 30, "completion_tokens": 15, "cache_read_input_tokens": 0,
            "cache_creation_input_tokens": 0, "total_tokens": 45, "successful_requests": 2, "failed_requests": 1,
            "api_requests": 3})
    );
    let breakdown = &today["breakdown"];
    assert_eq!(breakdown["models"]["gpt-4o-2024-08-06"]["metrics"]["api_requests"], 3);
    assert_eq!(breakdown["model_groups"]["gpt-4o"]["metrics"]["spend"], 0.03);
    assert_eq!(breakdown["providers"]["openai"]["metrics"]["failed_requests"], 1);
    assert_eq!(breakdown["entities"]["ada"]["metrics"]["total_tokens"], 45);
    let keys = breakdown["api_keys"].as_object().unwrap();
    let (token, key) = keys.iter().next().unwrap();
    assert_eq!(key["metadata"], json!({"key_alias": "till", "team_id": "shop"}));
    assert_eq!(breakdown["providers"]["openai"]["api_key_breakdown"][token], *key);
    assert_eq!((&breakdown["mcp_servers"], &breakdown["endpoints"]), (&json!({}), &json!({})));
    let metadata = &page["metadata"];
    assert_eq!(metadata["total_spend"], 0.045);
    assert_eq!((&metadata["total_api_requests"], &metadata["total_successful_requests"]), (&json!(4), &json!(3)));
    assert_eq!(
        (&metadata["page"], &metadata["total_pages"], &metadata["has_more"]),
        (&json!(1), &json!(1), &json!(false))
    );

    let named = read(&app, &format!("/user/daily/activity?{RANGE}&user_id=bob")).await;
    assert_eq!(named["metadata"]["total_api_requests"], 1);
    for filter in ["model=claude", "model=claude-sonnet", "api_key=key-bob"] {
        let page = read(&app, &format!("/user/daily/activity?{RANGE}&{filter}")).await;
        let expected = if filter.starts_with("api_key") { 0 } else { 1 };
        assert_eq!(page["metadata"]["total_api_requests"], expected, "{filter}");
    }
    let own = read(&app, &format!("/user/daily/activity?{RANGE}&api_key={token}")).await;
    assert_eq!(own["metadata"]["total_api_requests"], 3);
}

#[tokio::test]
async fn pages_add_up_to_the_whole() {
    let app = world().await;
    let (mut spend, mut calls, mut page) = (0.0, 0, 1);
    loop {
        let read = read(&app, &format!("/user/daily/activity?{RANGE}&page_size=1&page={page}")).await;
        spend += read["metadata"]["total_spend"].as_f64().unwrap();
        calls += read["metadata"]["total_api_requests"].as_i64().unwrap();
        assert_eq!(read["metadata"]["total_pages"], 2);
        if read["metadata"]["has_more"] == json!(false) {
            break;
        }
        page += 1;
    }
    assert_eq!((page, calls), (2, 4));
    assert!((spend - 0.045).abs() < 1e-9);
    app.get("/user/daily/activity?page_size=2000").expect_status(422).await;
    app.get("/user/daily/activity?start_date=2026-11-21&end_date=2026-11-20").expect_status(422).await;
}

#[tokio::test]
async fn teams_organizations_customers_and_tags_are_reported_alike() {
    let app = world().await;
    for (path, entity, name, calls) in [
        ("/team/daily/activity", "shop", json!({"team_alias": "The Shop"}), 3),
        ("/organization/daily/activity", "lab-org", json!({"organization_alias": "The Lab"}), 1),
        ("/customer/daily/activity", "customer-7", json!({}), 3),
        ("/tag/daily/activity", "x", json!({}), 2),
    ] {
        let page = read(&app, &format!("{path}?{RANGE}")).await;
        let part = &page["results"][0]["breakdown"]["entities"][entity];
        assert_eq!((&part["metrics"]["api_requests"], &part["metadata"]), (&json!(calls), &name), "{path}");
        let entities = page["results"][0]["breakdown"]["entities"].as_object().unwrap();
        assert!(!entities.contains_key(""), "{path}");
    }
    for path in [
        "/team/daily/activity?team_ids=other,%20none&",
        "/team/daily/activity?exclude_team_ids=shop&",
        "/organization/daily/activity?exclude_organization_ids=lab-org&",
        "/customer/daily/activity?end_user_ids=nobody&",
        "/tag/daily/activity?tags=z&",
    ] {
        assert_eq!(read(&app, &format!("{path}{RANGE}")).await["results"], json!([]), "{path}");
    }
    let one = read(&app, &format!("/tag/daily/activity?tags=y,z&{RANGE}")).await;
    assert_eq!(one["metadata"]["total_api_requests"], 2);
}

#[tokio::test]
async fn everybody_sees_what_is_theirs() {
    let app = world().await;
    let calls = async |user: &str, path: &str| {
        let client = app.sign_in(user, user).await;
        let page = client.get(&format!("{path}{RANGE}")).expect_status(200).await.value();
        page["metadata"]["total_api_requests"].as_i64().unwrap()
    };
    assert_eq!(calls("ada", "/user/daily/activity?").await, 3);
    assert_eq!(calls("bob", "/user/daily/activity?").await, 1);
    assert_eq!(calls("bob", "/user/daily/activity?user_id=ada&").await, 0);
    assert_eq!(calls("bob", "/team/daily/activity?").await, 0);
    assert_eq!(calls("bob", "/tag/daily/activity?").await, 0);
    assert_eq!(calls("bob", "/customer/daily/activity?end_user_ids=customer-7&").await, 0);
    assert_eq!(calls("lead", "/user/daily/activity?").await, 0);
    assert_eq!(calls("lead", "/user/daily/activity?user_id=ada&").await, 3);
    assert_eq!(calls("lead", "/team/daily/activity?").await, 3);
    let key = app.new_key(json!({})).await;
    app.bearer(&key).get("/user/daily/activity").expect_status(403).await;
}

#[tokio::test]
async fn the_whole_gateways_spend_by_everything() {
    let app = world().await;
    let teams = read(&app, "/global/spend/teams").await;
    assert_eq!(teams["teams"], json!(["The Shop"]));
    assert_eq!(teams["total_spend_per_team"], json!([{"team_id": "The Shop", "total_spend": 0.03}]));
    assert_eq!(teams["daily_spend"], json!([{"date": "2026-11-21", "The Shop": 0.03}]));
    let providers = read(&app, "/global/spend/provider").await;
    assert_eq!(providers, json!([{"provider": "openai", "spend": 0.03}, {"provider": "anthropic", "spend": 0.015}]));
    let customers = app.post("/global/spend/end_users", json!({})).expect_status(200).await.value();
    assert_eq!(customers, json!([{"end_user": "customer-7", "total_count": 3, "total_spend": 0.03}]));
    let none = app.post("/global/spend/end_users", json!({"api_key": "key-bob"})).expect_status(200).await.value();
    assert_eq!(none, json!([]));
    let tags = read(&app, "/global/spend/tags?tags=x").await;
    assert_eq!(tags, json!({"spend_per_tag": [{"name": "x", "spend": 0.03, "log_count": 2}]}));
    assert_eq!(read(&app, "/global/spend/tags?tags=all-tags").await["spend_per_tag"].as_array().unwrap().len(), 2);
    assert_eq!(read(&app, "/global/spend/all_tag_names").await, json!({"tag_names": ["x", "y"]}));
    let models = read(&app, "/global/activity/model").await;
    assert_eq!(
        models[0],
        json!({"model": "gpt-4o", "daily_data": [{"date": "2026-11-21", "api_requests": 3, "total_tokens": 45}],
            "sum_api_requests": 3, "sum_total_tokens": 45})
    );
    let shown = read(&app, "/spend/tags").await;
    assert_eq!(shown[0], json!({"individual_request_tag": "x", "log_count": 2, "total_spend": 0.03}));
    let keys = read(&app, "/spend/keys").await;
    assert_eq!((&keys[0]["key_alias"], &keys[0]["total_spend"]), (&json!("till"), &json!(0.03)));
    let users = read(&app, "/spend/users").await;
    assert!(users.as_array().unwrap().len() >= 3);
    let ada = read(&app, "/spend/users?user_id=ada").await;
    assert_eq!((&ada[0]["user_id"], &ada[0]["total_spend"]), (&json!("ada"), &json!(0.03)));

    let bob = app.sign_in("bob", "bob").await;
    for path in ["teams", "provider", "tags", "all_tag_names", "report"] {
        bob.get(&format!("/global/spend/{path}")).expect_status(403).await;
    }
    bob.get("/global/activity/model").expect_status(403).await;
    bob.post("/global/spend/end_users", json!({})).expect_status(403).await;
    bob.get("/spend/users?user_id=ada").expect_status(404).await;
    assert_eq!(bob.get("/spend/users").expect_status(200).await.value()[0]["user_id"], "bob");
    assert_eq!(bob.get("/spend/keys").expect_status(200).await.value(), json!([]));
    assert_eq!(bob.get("/spend/tags").expect_status(200).await.value(), json!([]));
}

#[tokio::test]
async fn the_report_is_by_team_customer_or_key() {
    let app = world().await;
    let by_team = read(&app, &format!("/global/spend/report?{RANGE}")).await;
    let day = &by_team[0];
    assert_eq!((&day["group_by_day"], &day["teams"][0]["team_name"]), (&json!("2026-11-21"), &json!("The Shop")));
    assert_eq!(day["teams"][0]["total_spend"], 0.03);
    let part = &day["teams"][0]["metadata"][0];
    assert_eq!((&part["model"], &part["spend"], &part["total_tokens"]), (&json!("gpt-4o"), &json!(0.03), &json!(45)));
    let by_customer = read(&app, &format!("/global/spend/report?{RANGE}&group_by=customer")).await;
    assert_eq!(by_customer[0]["customers"][0]["customer"], "customer-7");
    let by_key = read(&app, &format!("/global/spend/report?{RANGE}&group_by=api_key")).await;
    assert_eq!((&by_key[0]["total_cost"], &by_key[1]["total_cost"]), (&json!(0.03), &json!(0.015)));
    assert_eq!(by_key[0]["model_details"][0]["total_input_tokens"], 30);
    let of_bob = read(&app, &format!("/global/spend/report?{RANGE}&internal_user_id=bob")).await;
    assert_eq!(of_bob.as_array().unwrap().len(), 1);
    let of_team = read(&app, &format!("/global/spend/report?{RANGE}&team_id=none")).await;
    assert_eq!(of_team, json!([]));
    app.get("/global/spend/report?group_by=colour").expect_status(422).await;
}

#[tokio::test]
async fn costs_are_calculated_without_a_call() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let usage = json!({"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500});
    let cost = async |body: Value| {
        app.post("/spend/calculate", body).expect_status(200).await.value()["cost"].as_f64().unwrap()
    };
    // The price catalog's: $2.50 and $10 a million.
    let answered = cost(json!({"completion_response": {"model": "gpt-4o", "usage": usage}})).await;
    assert!((answered - 0.0075).abs() < 1e-12, "{answered}");
    let named = cost(json!({"model": "openai/gpt-4o", "completion_response": {"usage": usage}})).await;
    assert!((named - 0.0075).abs() < 1e-12, "{named}");
    let deployed = cost(json!({"model": "gpt", "completion_response": {"usage": usage}})).await;
    assert!(deployed > 0.0);
    let read =
        cost(json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "Why is the sky blue?"}]})).await;
    assert!(read > 0.0 && read < 0.001, "{read}");
    for (body, field) in [
        (json!({"model": "gpt-4o"}), "messages"),
        (json!({"messages": []}), "model"),
        (json!({"model": "nobody-knows-it", "messages": []}), "model"),
        (json!({"model": "gpt-4o", "completion_response": {}}), "completion_response"),
    ] {
        let refused = app.post("/spend/calculate", body).expect_status(400).await.value();
        assert_eq!(refused["error"]["param"], field, "{refused}");
    }
}

#[tokio::test]
async fn costs_of_requests_are_estimated() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    // The price catalog's: $2.50 a million read, $1.25 from the cache, $10 written.
    let body = json!({"model": "gpt-4o", "input_tokens": 1000, "output_tokens": 500, "cache_read_input_tokens": 400,
        "reasoning_tokens": 100, "num_requests_per_month": 100_000});
    let answer = app.post("/cost/estimate", body).expect_status(200).await.value();
    for (field, expected) in [
        ("cost_per_request", json!(0.007)),
        ("input_cost_per_request", json!(0.002)),
        ("output_cost_per_request", json!(0.005)),
        ("margin_cost_per_request", json!(0.0)),
        ("cache_read_cost_per_request", json!(0.0005)),
        ("reasoning_cost_per_request", json!(0.001)),
        ("daily_cost", json!(null)),
        ("monthly_cost", json!(700.0)),
        ("monthly_output_cost", json!(500.0)),
        ("input_cost_per_token", json!(0.000_002_5)),
        ("provider", json!("openai")),
        ("num_requests_per_month", json!(100_000)),
    ] {
        assert_eq!(answer[field], expected, "{field}");
    }
    let of = |more: Value| {
        let mut body = json!({"model": "gpt-4o", "input_tokens": 10, "output_tokens": 10});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (more, field) in [
        (json!({"cache_read_input_tokens": 6, "cache_creation_input_tokens": 5}), "cache_read_input_tokens"),
        (json!({"reasoning_tokens": 11}), "reasoning_tokens"),
        (json!({"model": "nobody-knows-it"}), "model"),
    ] {
        let refused = app.post("/cost/estimate", of(more)).expect_status(400).await.value();
        assert_eq!(refused["error"]["param"], field, "{refused}");
    }
    app.post("/cost/estimate", of(json!({"input_tokens": -1}))).expect_status(422).await;
    app.post("/cost/estimate", json!({"model": "gpt-4o"})).expect_status(422).await;
}
