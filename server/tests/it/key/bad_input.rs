//! What does not fit is refused with the name of the field, and nothing changes.

use serde_json::{Value, json};
use tollgate_openapi::key::KeyPage;

use super::{generate, info};
use crate::kit::TestApp;

#[tokio::test]
async fn bodies_of_key_generate() {
    let app = TestApp::start().await;
    for (body, place) in [
        (json!({"max_budget": 1e13}), "body.max_budget"),
        (json!({"max_budget": "ten"}), "body.max_budget"),
        (json!({"rpm_limit": 1.5}), "body.rpm_limit"),
        (json!({"tpm_limit": 1e300}), "body.tpm_limit"),
        (json!({"max_parallel_requests": "many"}), "body.max_parallel_requests"),
        (json!({"key_alias": 7}), "body.key_alias"),
        (json!({"key_alias": "a\0b"}), "body"),
        (json!({"models": "gpt-4o"}), "body.models"),
        (json!({"metadata": []}), "body.metadata"),
        (json!({"blocked": "yes"}), "body.blocked"),
        (json!({"max_budgets": 1}), "body.max_budgets"),
        (json!({"tags": 5}), "body.tags"),
        (json!({"permissions": []}), "body.permissions"),
        (json!({"auto_rotate": "daily"}), "body.auto_rotate"),
        (json!({"tpd_limit": -1}), "body.tpd_limit"),
        (json!({"budget_id": 7}), "body.budget_id"),
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
async fn values_that_will_not_do() {
    let app = TestApp::start().await;
    for (body, field) in [
        (json!({"max_budget": -0.01}), "max_budget"),
        (json!({"max_budget": -1e-12}), "max_budget"),
        (json!({"soft_budget": -1}), "soft_budget"),
        (json!({"spend": -1}), "spend"),
        (json!({"rpm_limit": -1}), "rpm_limit"),
        (json!({"duration": "soon"}), "duration"),
        (json!({"duration": "0d"}), "duration"),
        (json!({"duration": "999999999999d"}), "duration"),
        (json!({"duration": ""}), "duration"),
        (json!({"budget_duration": "1y"}), "budget_duration"),
        (json!({"budget_duration": "9".repeat(1000)}), "budget_duration"),
        (json!({"key_alias": ""}), "key_alias"),
        (json!({"key_alias": "  "}), "key_alias"),
        (json!({"key_alias": "a\nb"}), "key_alias"),
        (json!({"key_alias": "\u{202e}nimda"}), "key_alias"),
        (json!({"key_alias": "a".repeat(256)}), "key_alias"),
        (json!({"user_id": "\u{7f}"}), "user_id"),
        (json!({"team_id": "🎉".repeat(64)}), "team_id"),
        (json!({"models": ["gpt-4o", ""]}), "models"),
        (json!({"models": vec!["m"; 1001]}), "models"),
        (json!({"key": "short"}), "key"),
        (json!({"key": "pk-not-the-right-prefix"}), "key"),
        (json!({"key": "sk-with spaces inside it"}), "key"),
    ] {
        let (kind, param, message) = app.post("/key/generate", &body).expect_status(400).await.error();
        assert_eq!((kind.as_str(), param.as_deref()), ("bad_request_error", Some(field)), "{message}");
        assert!(message.starts_with(&format!("{field}: ")) && message.len() < 300, "{message}");
    }
    let page: KeyPage = app.get("/key/list").expect_status(200).await.json();
    assert_eq!(page.total_count, 0);
    let both = json!({"max_budget": -1, "rpm_limit": -1});
    let (_, _, message) = app.post("/key/generate", both).expect_status(400).await.error();
    assert_eq!(message, "max_budget: expected zero or more US dollars; rpm_limit: lower than 0");
}

#[tokio::test]
async fn null_and_emoji_are_fine() {
    let app = TestApp::start().await;
    let alias = "🎉".repeat(255);
    let body = json!({"key_alias": alias, "models": null, "metadata": null, "tags": null, "max_budget": null});
    let made = generate(&app, body).await;
    assert_eq!(made.view.key_alias.as_deref(), Some(alias.as_str()));
    assert!(made.view.models.is_empty() && made.view.metadata.is_empty() && made.view.other.is_empty());
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
    let update = |field: &str, value: Value| {
        let mut body = json!({"key": made.key, "rpm_limit": 17});
        body[field] = value;
        app.post("/key/update", body)
    };
    for (field, value) in [
        ("max_budget", json!(true)),
        ("blocked", json!("no")),
        ("colour", json!("red")),
        ("guardrails", json!("none")),
        ("metadata", json!("text")),
    ] {
        let answer = update(field, value).expect_status(422).await;
        assert!(answer.problems().contains(&format!("body.{field}")), "{answer:?}");
    }
    for (field, value) in [
        ("max_budget", json!(-1)),
        ("rpm_limit", json!(-5)),
        ("duration", json!("later")),
        ("duration", json!("")),
        ("budget_duration", json!("every week")),
        ("key_alias", json!("")),
        ("key_alias", json!("a\tb")),
        ("user_id", json!("u".repeat(256))),
        ("models", json!([""])),
    ] {
        assert_eq!(update(field, value).expect_status(400).await.error().1.as_deref(), Some(field));
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
        ("/key/delete", json!({"key": ["sk-1"]}), "body.key"),
    ] {
        assert_eq!(app.post(path, body).expect_status(422).await.problems(), [place]);
    }
    for body in [
        json!({"keys": vec!["sk-1"; 1001]}),
        json!({"keys": vec!["sk-1"; 501], "key_aliases": vec!["a"; 500]}),
        json!({"keys": []}),
    ] {
        assert_eq!(app.post("/key/delete", body).expect_status(400).await.error().1.as_deref(), Some("keys"));
    }
    let (_, param, _) = app.post("/key/block", json!({"key": ""})).expect_status(400).await.error();
    assert_eq!(param.as_deref(), Some("key"));
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
