//! What callers name: customers and tags.

use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::{Value, json};
use tollgate::db::{self, JsonMap, Strings};

use super::{set_limits, small};
use crate::chat::{CHAT, ask};
use crate::kit::{FakeUpstream, TestApp};

fn for_customer(customer: &str) -> Value {
    let mut body = small();
    body["user"] = json!(customer);
    body
}

#[tokio::test]
async fn every_customer_has_the_default_budget() {
    let upstream = FakeUpstream::start();
    let yaml = format!(
        "litellm_settings:\n  max_end_user_budget: 0.00008\nmodel_list:\n{}",
        upstream.deployment("gpt", "one")
    );
    let app = TestApp::builder().config(&yaml).start().await;
    let key = app.bearer(&app.new_key(json!({})).await);
    for customer in ["ada", "bob"] {
        key.post(CHAT, for_customer(customer)).expect_status(200).await;
        app.settled().await;
        let message = key.post(CHAT, for_customer(customer)).expect_status(400).await.error().2;
        assert!(message.starts_with(&format!("Budget has been exceeded! Customer={customer} ")), "{message}");
    }
    // A customer's own budget goes before it.
    set_limits(&app, "customer", "bob", |limit| limit.max_budget = Some(1_000_000)).await;
    key.post(CHAT, for_customer("bob")).expect_status(200).await;
    key.post(CHAT, for_customer("ada")).expect_status(400).await;
    key.post(CHAT, small()).expect_status(200).await;
}

#[tokio::test]
async fn a_customer_may_be_blocked_or_have_few_models() {
    let upstream = FakeUpstream::start();
    let yaml = format!("model_list:\n{}{}", upstream.deployment("gpt", "one"), upstream.deployment("other", "two"));
    let app = TestApp::builder().config(&yaml).start().await;
    let key = app.bearer(&app.new_key(json!({})).await);
    let now = db::stored_time(app.app.clock.now());
    for (user_id, blocked) in [("ada", false), ("bob", true)] {
        let customer = db::customer::Model {
            user_id: user_id.to_owned(),
            alias: None,
            blocked,
            other: JsonMap::default(),
            models: Strings(vec!["gpt".to_owned()]),
            metadata: JsonMap::default(),
            created_at: now,
            created_by: None,
            updated_at: now,
            updated_by: None,
        };
        db::customer::Entity::insert(customer.into_active_model()).exec_without_returning(&app.app.db).await.unwrap();
        app.app.policy.forget("customer", user_id);
    }
    key.post(CHAT, for_customer("ada")).expect_status(200).await;
    let mut other = ask("other");
    other["user"] = json!("ada");
    assert_eq!(key.post(CHAT, other).expect_status(403).await.error().0, "customer_model_access_denied");
    let message = key.post(CHAT, for_customer("bob")).expect_status(403).await.error().2;
    assert_eq!(message, "Customer=bob is blocked.");
}

/// Tags come from the body, from its metadata, from a header and from the key; each counts once, and none is sent on.
#[tokio::test]
async fn tags_are_booked_and_not_sent_on() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.new_key(json!({"tags": ["of-key", "shared"]})).await;
    let client = app.bearer(&key).with_header("x-litellm-tags", "of-header, shared");
    let body = r#"{"tags": ["of-body"], "model":"gpt","metadata":{"tags":["of-metadata","shared"],"job":"7"},
        "messages":[{"role":"user","content":"\u00e9"}],"n":1}"#;
    client.post_text(CHAT, body).expect_status(200).await;
    let only_tags =
        r#"{"metadata":{"tags":["of-body"]},"model":"gpt","messages":[{"role":"user","content":"hi"}],"tags":[]}"#;
    client.post_text(CHAT, only_tags).expect_status(200).await;
    let sent: Vec<String> = upstream.received().into_iter().map(|call| call.body).collect();
    let rest =
        r#"{"model":"gpt-upstream","metadata":{"job":"7"},"messages":[{"role":"user","content":"\u00e9"}],"n":1}"#;
    assert_eq!(sent[0], rest);
    assert_eq!(sent[1], r#"{"model":"gpt-upstream","messages":[{"role":"user","content":"hi"}]}"#);
    // What is no list of tags is the provider's.
    let mut plain = ask("gpt");
    plain["metadata"] = json!({"tags": "one"});
    app.post(CHAT, plain).expect_status(200).await;
    assert!(upstream.received()[2].body.contains(r#"{"tags":"one"}"#));

    app.settled().await;
    let logs = app.get("/spend/logs/v2").expect_status(200).await.value();
    let tags: Vec<&Value> = logs["data"].as_array().unwrap().iter().map(|log| &log["request_tags"]).collect();
    assert!(tags.contains(&&json!(["of-body", "of-metadata", "shared", "of-header", "of-key"])), "{tags:?}");
    assert!(tags.contains(&&json!(["of-body", "of-header", "shared", "of-key"])), "{tags:?}");
    let tags = ["shared".to_owned(), "of-metadata".to_owned()];
    let totals = db::spend_total::of_many(&app.app.db, "tag", &tags).await.unwrap();
    assert_eq!((totals["shared"].spend, totals["of-metadata"].spend), (100_000, 50_000));
    let days = db::daily_tag_spend::Entity::find().all(&app.app.db).await.unwrap();
    assert_eq!(days.iter().map(|day| day.api_requests).sum::<i64>(), 9);
}

#[tokio::test]
async fn too_many_tags_are_refused() {
    let app = TestApp::start().await;
    for tags in [json!((0..33).map(|tag| tag.to_string()).collect::<Vec<_>>()), json!(["x".repeat(256)]), json!("a")] {
        let mut body = ask("demo");
        body["tags"] = tags;
        let (kind, param, _) = app.post(CHAT, body).expect_status(400).await.error();
        assert_eq!((kind.as_str(), param.as_deref()), ("invalid_request_error", Some("tags")));
    }
}

#[tokio::test]
async fn a_call_counts_in_each_of_its_tags() {
    let upstream = FakeUpstream::start();
    let yaml = format!(
        "litellm_settings:\n  tag_budget_config:\n    batch: {{max_budget: 0.00008, budget_duration: 1d}}\n\
         model_list:\n{}",
        upstream.deployment("gpt", "one")
    );
    let app = TestApp::builder().config(&yaml).start().await;
    let key = app.bearer(&app.new_key(json!({})).await);
    let tagged = |tags: Value| {
        let mut body = small();
        body["tags"] = tags;
        body
    };
    set_limits(&app, "tag", "nightly", |limit| limit.rpm_limit = Some(2)).await;
    key.post(CHAT, tagged(json!(["batch", "nightly"]))).expect_status(200).await;
    app.settled().await;
    let message = key.post(CHAT, tagged(json!(["nightly", "batch"]))).expect_status(400).await.error().2;
    assert!(message.starts_with("Budget has been exceeded! Tag=batch "), "{message}");
    key.post(CHAT, tagged(json!(["nightly"]))).expect_status(200).await;
    let message = key.post(CHAT, tagged(json!(["nightly"]))).expect_status(429).await.error().2;
    assert!(message.starts_with("Rate limit exceeded for tag: nightly."), "{message}");
}
