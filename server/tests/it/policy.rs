//! `POST /policy/explain`: the same verdict as the call itself.

use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::{Value, json};
use tollgate::db;
use tollgate_openapi::session::UserRole;

use crate::chat::{CHAT, ask};
use crate::kit::{FakeUpstream, TestApp};
use crate::scope::set_limits;
use crate::session::add_user;

const EXPLAIN: &str = "/policy/explain";

fn check<'a>(answer: &'a Value, kind: &str, scope: &str) -> &'a Value {
    let checks = answer["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["check"] == kind && check["scope"] == scope);
    found.unwrap_or_else(|| panic!("no check {kind} of {scope} in {answer:#}"))
}

#[tokio::test]
async fn every_check_is_shown_and_nothing_is_reserved() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let limits = json!({"key_alias": "k", "max_budget": 0.01, "budget_duration": "1d", "rpm_limit": 5, "tpm_limit": 1000,
        "max_parallel_requests": 2, "model_rpm_limit": {"gpt": 3}});
    let key = app.new_key(limits).await;
    app.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
    app.settled().await;
    let question = json!({"key": key, "model": "gpt", "input_tokens": 100, "max_tokens": 200});
    for _ in 0..10 {
        let answer = app.post(EXPLAIN, question.clone()).expect_status(200).await.value();
        assert_eq!((&answer["verdict"], &answer["refusal"]), (&json!("allowed"), &Value::Null), "{answer:#}");
        assert_eq!(answer["estimate"]["cost"], 0.0005);
        let budget = check(&answer, "max_budget", "key");
        assert_eq!(
            (&budget["limit"], &budget["used"], &budget["passed"]),
            (&json!(0.01), &json!(0.00005), &json!(true))
        );
        assert_eq!(budget["resets_at"], "2026-11-22T00:00:00Z");
        assert_eq!(check(&answer, "rpm_limit", "key")["used"], 1.0);
        assert_eq!(check(&answer, "tpm_limit", "key")["used"], 30.0);
        assert_eq!(check(&answer, "rpm_limit", "key_model")["limit"], 3.0);
        assert_eq!(check(&answer, "max_parallel_requests", "key")["used"], 0.0);
        assert_eq!(answer["deployments"][0]["model_id"], "one");
    }
    let own = app.bearer(&key).post(EXPLAIN, json!({"model": "gpt"})).expect_status(200).await.value();
    assert_eq!(own["verdict"], "limited", "{own:#}");
}

#[tokio::test]
async fn the_refusal_is_the_one_that_the_call_gets() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let keys = [
        json!({"max_budget": 0}),
        json!({"models": ["other"]}),
        json!({"rpm_limit": 0}),
        json!({"max_parallel_requests": 0}),
        json!({"tpm_limit": 5}),
        json!({"max_budget": 0.000001}),
    ];
    for limits in keys {
        let key = app.new_key(limits.clone()).await;
        let mut body = ask("gpt");
        body["max_tokens"] = json!(100);
        let called = app.bearer(&key).post(CHAT, body).send().await;
        let question = json!({"key": key, "model": "gpt", "input_tokens": 100, "max_tokens": 100});
        let answer = app.post(EXPLAIN, question).expect_status(200).await.value();
        assert_eq!(answer["verdict"], "refused", "{limits} {answer:#}");
        let (kind, _, message) = called.error();
        assert_eq!((&answer["refusal"]["status"], &answer["refusal"]["type"]), (&json!(called.status), &json!(kind)));
        let beginning = |text: &str| text.chars().take(40).collect::<String>();
        assert_eq!(beginning(answer["refusal"]["message"].as_str().unwrap()), beginning(&message));
        let failed = answer["checks"].as_array().unwrap().iter().filter(|check| check["passed"] == false).count();
        assert_eq!(failed, 1, "{limits} {answer:#}");
    }
    let key = app.new_key(json!({"blocked": true})).await;
    let answer = app.post(EXPLAIN, json!({"key": key, "model": "gpt"})).expect_status(200).await.value();
    assert_eq!(answer["refusal"]["status"], 401);
    let key = app.new_key(json!({})).await;
    let answer = app.post(EXPLAIN, json!({"key": key, "model": "none"})).expect_status(200).await.value();
    assert!(answer["summary"].as_str().unwrap().contains("Invalid model name"), "{answer:#}");
}

#[tokio::test]
async fn what_all_spend_is_shown_to_admins_only() {
    let yaml = "litellm_settings:\n  max_budget: 77\nmodel_list:\n  - model_name: gpt\n    litellm_params:\n      \
        model: openai/gpt-4o\n      api_key: sk-x\n";
    let app = TestApp::builder().config(yaml).start().await;
    let key = app.new_key(json!({})).await;
    let question = json!({"key": key, "model": "gpt"});
    let shown = app.post(EXPLAIN, question.clone()).expect_status(200).await.value();
    assert_eq!(check(&shown, "max_budget", "gateway")["limit"], 77.0);
    let hidden = app.bearer(&key).post(EXPLAIN, question).expect_status(200).await.value();
    let check = check(&hidden, "max_budget", "gateway");
    assert_eq!((&check["limit"], &check["used"], &check["passed"]), (&Value::Null, &Value::Null, &json!(true)));
}

#[tokio::test]
async fn whose_key_it_is_not_learns_nothing() {
    let app = TestApp::start().await;
    let key = app.new_key(json!({})).await;
    let other = app.new_key(json!({})).await;
    app.bearer(&other).post(EXPLAIN, json!({"key": key, "model": "demo"})).expect_status(403).await;
    app.nobody().post(EXPLAIN, json!({"key": key, "model": "demo"})).expect_status(401).await;
    app.post(EXPLAIN, json!({"key": "sk-none", "model": "demo"})).expect_status(404).await;
    app.post(EXPLAIN, json!({"model": "demo"})).expect_status(400).await;
    let wrong = app.post(EXPLAIN, json!({"key": key, "model": 1})).expect_status(422).await;
    assert!(wrong.body().contains("model"), "{}", wrong.body());
    app.post(EXPLAIN, json!({"key": key, "model": "demo", "tokens": 1})).expect_status(422).await;
}

#[tokio::test]
async fn every_scope_is_checked_in_order() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let scopes = ["team_member", "user", "team", "organization", "customer", "tag", "provider"];
    let ids = ["t/u", "u", "t", "o", "c", "g", "openai"];
    for (kind, id) in scopes.into_iter().zip(ids) {
        set_limits(&app, kind, id, |limit| limit.max_budget = Some(1_000_000_000)).await;
    }
    let fields = json!({"user_id": "u", "team_id": "t", "organization_id": "o", "max_budget": 1});
    let key = app.new_key(fields).await;
    let question = json!({"key": key, "model": "gpt", "end_user": "c", "tags": ["g"]});
    let answer = app.post(EXPLAIN, question.clone()).expect_status(200).await.value();
    assert_eq!(answer["verdict"], "allowed", "{answer:#}");
    let checked = answer["checks"].as_array().unwrap().iter().filter(|check| check["check"] == "max_budget");
    let checked: Vec<&str> = checked.map(|check| check["scope"].as_str().unwrap()).collect();
    assert_eq!(checked[1..], scopes);
    set_limits(&app, "tag", "g", |limit| limit.max_budget = Some(0)).await;
    let answer = app.post(EXPLAIN, question.clone()).expect_status(200).await.value();
    assert!(answer["summary"].as_str().unwrap().starts_with("Budget has been exceeded! Tag=g "), "{answer:#}");

    // Whoever asks with the key sees what is theirs, and of the rest only whether there is room.
    let own = app.bearer(&key).post(EXPLAIN, json!({"model": "gpt", "end_user": "c"})).expect_status(200).await.value();
    for scope in ["key", "team_member", "user", "team"] {
        assert_eq!(check(&own, "max_budget", scope)["limit"], 1.0, "{scope}");
    }
    for scope in ["organization", "customer", "provider"] {
        assert_eq!(check(&own, "max_budget", scope)["limit"], Value::Null, "{scope}");
        assert_eq!(check(&own, "max_budget", scope)["scope_id"], Value::Null, "{scope}");
    }
}

#[tokio::test]
async fn a_user_or_a_team_is_judged_without_a_key() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    for question in [json!({"team_id": "t", "model": "gpt"}), json!({"user_id": "ada", "model": "gpt"})] {
        app.post(EXPLAIN, question).expect_status(404).await;
    }
    // The master key stands for somebody whom the database does not know.
    app.post(EXPLAIN, json!({"user_id": "default_user_id", "model": "gpt"})).expect_status(200).await;
    app.post("/team/new", json!({"team_id": "t"})).expect_status(200).await;
    add_user(&app, "ada", None, UserRole::InternalUser, "correct horse").await;
    set_limits(&app, "team", "t", |limit| limit.rpm_limit = Some(0)).await;
    let answer = app.post(EXPLAIN, json!({"team_id": "t", "model": "gpt"})).expect_status(200).await.value();
    assert!(answer["summary"].as_str().unwrap().starts_with("Rate limit exceeded for team: t."), "{answer:#}");
    let answer = app.post(EXPLAIN, json!({"user_id": "ada", "model": "gpt"})).expect_status(200).await.value();
    assert_eq!(answer["verdict"], "allowed");
    app.post(EXPLAIN, json!({"key": "sk-1234", "user_id": "ada", "model": "gpt"})).expect_status(400).await;
    app.post(EXPLAIN, json!({"team_id": "t", "model": "gpt", "tags": [""]})).expect_status(400).await;

    let ada = app.sign_in("ada", "correct horse").await;
    ada.post(EXPLAIN, json!({"user_id": "ada", "model": "gpt"})).expect_status(200).await;
    ada.post(EXPLAIN, json!({"user_id": "bob", "model": "gpt"})).expect_status(404).await;
    ada.post(EXPLAIN, json!({"team_id": "t", "model": "gpt"})).expect_status(404).await;
    let member = db::team_member::Model {
        team_id: "t".to_owned(),
        user_id: "ada".to_owned(),
        role: "user".to_owned(),
        created_at: app.app.clock.now(),
        other: db::JsonMap::default(),
    };
    let insert = db::team_member::Entity::insert(member.into_active_model());
    insert.exec_without_returning(&app.app.db).await.unwrap();
    let answer = ada.post(EXPLAIN, json!({"team_id": "t", "user_id": "ada", "model": "gpt"}));
    assert_eq!(check(&answer.expect_status(200).await.value(), "rpm_limit", "team")["limit"], 0.0);
    let key = app.bearer(&app.new_key(json!({"team_id": "t"})).await);
    key.post(EXPLAIN, json!({"team_id": "t", "model": "gpt"})).expect_status(403).await;
}

#[tokio::test]
async fn what_is_left_is_told_to_the_nano_dollar() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.new_key(json!({"max_budget": 0.00007, "spend": 0.00005})).await;
    let answer = app.post(EXPLAIN, json!({"key": key, "model": "gpt"})).expect_status(200).await.value();
    assert_eq!(check(&answer, "max_budget", "key")["detail"], "0.00002 of 0.00007 US dollars left.");
}
