//! What does not fit is refused with the name of the field, and nothing changes.

use serde_json::{Value, json};
use tollgate_openapi::key::KeyPage;

use super::{generate, info};
use crate::kit::TestApp;

#[tokio::test]
async fn bodies_of_key_generate() {
    let app = TestApp::start().await;
    for (body, place) in [
        (json!({"max_budget": -0.01}), "body.max_budget"),
        (json!({"max_budget": 1e13}), "body.max_budget"),
        (json!({"max_budget": "ten"}), "body.max_budget"),
        (json!({"soft_budget": -1}), "body.soft_budget"),
        (json!({"spend": -1}), "body.spend"),
        (json!({"rpm_limit": -1}), "body.rpm_limit"),
        (json!({"rpm_limit": 1.5}), "body.rpm_limit"),
        (json!({"tpm_limit": 1e300}), "body.tpm_limit"),
        (json!({"max_parallel_requests": "many"}), "body.max_parallel_requests"),
        (json!({"duration": "soon"}), "body.duration"),
        (json!({"duration": "0d"}), "body.duration"),
        (json!({"duration": "999999999999d"}), "body.duration"),
        (json!({"budget_duration": "1y"}), "body.budget_duration"),
        (json!({"key_alias": ""}), "body.key_alias"),
        (json!({"key_alias": "a".repeat(256)}), "body.key_alias"),
        (json!({"key_alias": 7}), "body.key_alias"),
        (json!({"key_alias": "a\0b"}), "body"),
        (json!({"models": "gpt-4o"}), "body.models"),
        (json!({"models": ["gpt-4o", ""]}), "body.models.1"),
        (json!({"metadata": []}), "body.metadata"),
        (json!({"blocked": "yes"}), "body.blocked"),
        (json!({"key": "short"}), "body.key"),
        (json!({"key": "pk-not-the-right-prefix"}), "body.key"),
        (json!({"key": "sk-with spaces inside it"}), "body.key"),
        (json!({"max_budgets": 1}), "body.max_budgets"),
        (json!([]), "body"),
        (json!("text"), "body"),
    ] {
        let answer = app.post("/key/generate", &body).expect_status(422).await;
        assert!(answer.problems().iter().any(|problem| problem.starts_with(place)), "{body}: {answer:?}");
    }
    for text in ["", "{", "{\"a\":1}}", "nonsense", "{\"max_budget\": NaN}"] {
        app.post_text("/key/generate", text).expect_status(422).await.problems();
    }
    let page: KeyPage = app.get("/key/list").expect_status(200).await.json();
    assert_eq!(page.total_count, 0);
}

#[tokio::test]
async fn a_misspelt_field_is_answered_with_the_right_one() {
    let app = TestApp::start().await;
    let answer = app.post("/key/generate", json!({"max_budgte": 1})).expect_status(422).await.value();
    assert_eq!(answer["detail"][0]["type"], "extra_forbidden");
    assert_eq!(answer["detail"][0]["msg"], "Unknown field `max_budgte`. Did you mean `max_budget`?");
}

#[tokio::test]
async fn bodies_of_key_update_change_nothing() {
    let app = TestApp::start().await;
    let made = generate(&app, json!({"key_alias": "a", "max_budget": 5})).await;
    for (field, value) in [
        ("max_budget", json!(-1)),
        ("max_budget", json!(true)),
        ("rpm_limit", json!(-5)),
        ("duration", json!("later")),
        ("budget_duration", json!("every week")),
        ("key_alias", json!("")),
        ("user_id", json!("u".repeat(256))),
        ("models", json!([""])),
        ("blocked", json!("no")),
        ("colour", json!("red")),
    ] {
        let mut body = json!({"key": made.key, "rpm_limit": 17});
        body[field] = value;
        let answer = app.post("/key/update", body).expect_status(422).await;
        assert!(answer.problems().contains(&format!("body.{field}")), "{answer:?}");
    }
    assert_eq!(info(&app, &made.key).await, made.view);
}

#[tokio::test]
async fn other_bodies() {
    let app = TestApp::start().await;
    for (path, body, place) in [
        ("/key/block", json!({}), "body.key"),
        ("/key/block", json!({"key": 5}), "body.key"),
        ("/key/block", json!({"key": "sk-1", "token": "x"}), "body.token"),
        ("/key/unblock", json!({"keys": ["sk-1"]}), "body.keys"),
        ("/key/delete", json!({"keys": "sk-1"}), "body.keys"),
        ("/key/delete", json!({"keys": vec!["sk-1"; 1001]}), "body.keys"),
        ("/key/delete", json!({"key": ["sk-1"]}), "body.key"),
    ] {
        assert_eq!(app.post(path, body).expect_status(422).await.problems(), [place]);
    }
}

#[tokio::test]
async fn queries() {
    let app = TestApp::start().await;
    for (query, place) in [
        ("page=0", "query.page"),
        ("page=-1", "query.page"),
        ("size=0", "query.size"),
        ("size=101", "query.size"),
        ("page=99999999999999999999", "query.page"),
        ("sort_by=colour", "query.sort_by"),
        ("sort_order=up", "query.sort_order"),
        ("status=lost", "query.status"),
        ("return_full_object=perhaps", "query.return_full_object"),
        ("search=%00", "query.search"),
    ] {
        assert_eq!(app.get(&format!("/key/list?{query}")).expect_status(422).await.problems(), [place], "{query}");
    }
}

#[tokio::test]
async fn an_over_long_body_is_refused_early() {
    let app = TestApp::start().await;
    let body = json!({"metadata": {"filler": "x".repeat(1024 * 1024)}});
    let (kind, _, _) = app.post("/key/generate", body).expect_status(413).await.error();
    assert_eq!(kind, "request_too_large");
}

#[tokio::test]
async fn deep_json_is_refused() {
    let app = TestApp::start().await;
    let body = format!("{{\"metadata\": {{\"a\": {}1{}}}}}", "[".repeat(10_000), "]".repeat(10_000));
    app.post_text("/key/generate", &body).expect_status(422).await;
    let nested = (0..100).fold(Value::from(1), |inner, _| json!([inner]));
    generate(&app, json!({"metadata": {"a": nested}})).await;
}
