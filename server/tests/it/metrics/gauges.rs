//! Figures that are read when somebody asks: budgets, limits, deployments, the database.

use std::time::Duration;

use serde_json::json;

use super::{read, series, value};
use crate::chat::CHAT;
use crate::kit::{Behaviour, FakeUpstream, TestApp};
use crate::scope::{add_organization, add_team, set_limits, small};

/// What a small call costs, in US dollars.
const COST: f64 = 0.000_05;

fn is_near(left: f64, right: f64) -> bool {
    (left - right).abs() < 1e-9
}

#[tokio::test]
async fn what_is_left_of_budgets_is_told_of_whoever_called() {
    let upstream = FakeUpstream::start();
    let settings = "router_settings: {provider_budget_config: {openai: {budget_limit: 6, time_period: 1d}}}\n\
                    litellm_settings: {max_budget: 7, budget_duration: 30d}\n";
    let yaml = format!("{settings}model_list:\n{}", upstream.deployment("gpt", "one"));
    let app = TestApp::builder().config(&yaml).start().await;
    add_organization(&app, "acme", None).await;
    add_team(&app, "crew", Some("acme"), &[]).await;
    for (kind, id, max) in
        [("team", "crew", 2), ("user", "ada", 3), ("organization", "acme", 4), ("customer", "eve", 5)]
    {
        set_limits(&app, kind, id, |limit| limit.max_budget = Some(max * 1_000_000_000)).await;
    }
    let key = json!({"team_id": "crew", "user_id": "ada", "key_alias": "k", "max_budget": 1, "budget_duration": "1h"});
    let key = app.new_key(key).await;
    app.followed().await;
    let mut body = small();
    body["user"] = json!("eve");
    app.bearer(&key).post(CHAT, body).expect_status(200).await;
    app.settled().await;
    let metrics = read(&app).await;
    for (kind, labels, max) in [
        ("api_key", [("api_key_alias", "k"); 2], 1.0),
        ("team", [("team", "crew"), ("team_alias", "alias of crew")], 2.0),
        ("user", [("user", "ada"); 2], 3.0),
        ("org", [("org_id", "acme"), ("org_alias", "alias of acme")], 4.0),
        ("customer", [("end_user", "eve"); 2], 5.0),
    ] {
        assert_eq!(value(&metrics, &format!("litellm_{kind}_max_budget_metric"), &labels), max);
        let left = value(&metrics, &format!("litellm_remaining_{kind}_budget_metric"), &labels);
        assert!(is_near(left, max - COST), "{kind}: {left}");
    }
    let hours = value(&metrics, "litellm_api_key_budget_remaining_hours_metric", &[("api_key_alias", "k")]);
    assert!((0.9..=1.0).contains(&hours), "{hours}");
    let left = value(&metrics, "litellm_provider_remaining_budget_metric", &[("api_provider", "openai")]);
    assert!(is_near(left, 6.0 - COST), "{left}");
    assert!(is_near(value(&metrics, "tollgate_gateway_remaining_budget_usd", &[]), 7.0 - COST));
    let share = |scope| value(&metrics, "tollgate_budget_used_ratio", &[("scope", scope)]);
    assert!(is_near(share("team"), COST / 2.0) && is_near(share("gateway"), COST / 7.0));
    // A new window begins with the whole budget, whether or not anybody calls.
    app.advance(Duration::from_secs(3600));
    let metrics = read(&app).await;
    assert_eq!(value(&metrics, "litellm_remaining_api_key_budget_metric", &[("api_key_alias", "k")]), 1.0);
}

#[tokio::test]
async fn what_is_gone_has_no_gauges() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.new_key(json!({"key_alias": "brief", "max_budget": 1})).await;
    app.followed().await;
    app.bearer(&key).post(CHAT, small()).expect_status(200).await;
    app.settled().await;
    let labels = [("api_key_alias", "brief")];
    assert_eq!(series(&read(&app).await, "litellm_api_key_max_budget_metric", &labels).len(), 1);
    app.post("/key/delete", json!({"keys": [key]})).expect_status(200).await;
    let metrics = read(&app).await;
    assert!(series(&metrics, "litellm_api_key_max_budget_metric", &labels).is_empty(), "{metrics}");
}

#[tokio::test]
async fn limits_by_the_minute_and_what_is_used_of_them_are_told() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    add_team(&app, "crew", None, &[]).await;
    set_limits(&app, "team", "crew", |limit| limit.tpm_limit = Some(9_000)).await;
    let limits = json!({"gpt": 4});
    let key = json!({"team_id": "crew", "key_alias": "k", "rpm_limit": 10, "model_rpm_limit": limits});
    let key = app.new_key(key).await;
    app.followed().await;
    for _ in 0..3 {
        app.bearer(&key).post(CHAT, small()).expect_status(200).await;
    }
    app.settled().await;
    let metrics = read(&app).await;
    let key = [("api_key_alias", "k"), ("rate_limit_type", "requests")];
    assert_eq!(value(&metrics, "litellm_api_key_rate_limit_allowed_metric", &key), 10.0);
    assert_eq!(value(&metrics, "litellm_api_key_rate_limit_used_metric", &key), 3.0);
    let left = [("api_key_alias", "k"), ("model", "gpt")];
    assert_eq!(value(&metrics, "litellm_remaining_api_key_requests_for_model", &left), 1.0);
    let team = [("team", "crew"), ("rate_limit_type", "tokens")];
    assert_eq!(value(&metrics, "litellm_team_rate_limit_allowed_metric", &team), 9_000.0);
    assert_eq!(value(&metrics, "litellm_team_rate_limit_used_metric", &team), 90.0);
}

#[tokio::test]
async fn deployments_tell_their_limits_and_what_their_provider_says_is_left() {
    let upstream = FakeUpstream::start();
    let with_limits =
        upstream.deployment("gpt", "one").replace("    model_info", "      rpm: 60\n      tpm: 7000\n    model_info");
    let app = TestApp::builder().config(&format!("model_list:\n{with_limits}")).start().await;
    let at = [("model_id", "one"), ("model_group", "gpt"), ("api_provider", "openai")];
    let metrics = read(&app).await;
    assert_eq!(value(&metrics, "litellm_deployment_rpm_limit", &at), 60.0);
    assert_eq!(value(&metrics, "litellm_deployment_tpm_limit", &at), 7_000.0);
    assert!(series(&metrics, "litellm_remaining_requests_metric", &[]).is_empty(), "nobody has said");
    let answer =
        r#"{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}"#;
    let headers = vec![("x-ratelimit-remaining-requests", "41"), ("x-ratelimit-remaining-tokens", "5000")];
    upstream.then(Behaviour::Status(200, answer.to_owned(), headers));
    app.post(CHAT, small()).expect_status(200).await;
    let metrics = read(&app).await;
    assert_eq!(value(&metrics, "litellm_remaining_requests_metric", &at), 41.0);
    assert_eq!(value(&metrics, "litellm_remaining_tokens_metric", &at), 5_000.0);
}

#[tokio::test]
async fn users_and_teams_are_counted_behind_the_scenes() {
    let app = TestApp::start().await;
    let counted = async {
        loop {
            let metrics = read(&app).await;
            if !series(&metrics, "litellm_teams_count", &[]).is_empty() {
                return metrics;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let metrics = tokio::time::timeout(Duration::from_secs(20), counted).await.expect("nobody counted");
    assert_eq!(value(&metrics, "litellm_teams_count", &[]), 0.0);
    assert!(value(&metrics, "litellm_total_users", &[]) >= 1.0, "the first admin");
    assert_eq!(value(&metrics, "tollgate_database_up", &[]), 1.0);
    assert_eq!(value(&metrics, "tollgate_alerts_waiting", &[("stage", "dispatch")]), 0.0);
    assert!(series(&metrics, "tollgate_database_connections", &[]).len() == 2);
}
