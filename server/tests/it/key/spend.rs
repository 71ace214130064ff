//! What a key has spent, and what an administrator says it has.

use std::time::Duration;

use serde_json::json;
use tollgate_openapi::money::NanoUsd;

use super::{generate, info};
use crate::chat::{CHAT, ask};
use crate::kit::{FakeUpstream, TestApp};

const DAY: Duration = Duration::from_secs(86_400);

fn usd(amount: f64) -> NanoUsd {
    NanoUsd::from_usd(amount).unwrap()
}

#[tokio::test]
async fn a_key_may_start_with_spend() {
    let app = TestApp::start().await;
    let made = generate(&app, json!({"spend": 1.25, "max_budget": 2})).await;
    assert_eq!((made.view.spend, made.view.total_spend), (usd(1.25), NanoUsd::ZERO));
    assert_eq!(info(&app, &made.key).await.spend, usd(1.25));
}

#[tokio::test]
async fn an_administrator_sets_the_spend_of_the_window() {
    let app = TestApp::start().await;
    let made = generate(&app, json!({"budget_duration": "1d"})).await;
    for target in [3.5, 0.75, 0.0, 2.0] {
        app.post("/key/update", json!({"key": made.key, "spend": target})).expect_status(200).await;
        assert_eq!(info(&app, &made.key).await.spend, usd(target));
    }
    app.advance(DAY);
    assert_eq!(info(&app, &made.key).await.spend, NanoUsd::ZERO);
}

#[tokio::test]
async fn a_new_budget_duration_is_no_forgiveness() {
    let app = TestApp::start().await;
    let made = generate(&app, json!({"spend": 4})).await;
    app.post("/key/update", json!({"key": made.key, "budget_duration": "1d"})).expect_status(200).await;
    let shown = info(&app, &made.key).await;
    assert_eq!(shown.spend, usd(4.0));
    assert_eq!(shown.budget_reset_at.unwrap().to_string(), "2026-11-22 00:00:00 UTC");
    app.advance(DAY);
    assert_eq!(info(&app, &made.key).await.spend, NanoUsd::ZERO);
}

#[tokio::test]
async fn a_key_made_again_starts_afresh() {
    let app = TestApp::start().await;
    let body = json!({"key": "sk-my-very-own-key-1"});
    let made = generate(&app, body.clone()).await;
    app.post("/key/update", json!({"key": made.key, "spend": 3})).expect_status(200).await;
    app.post("/key/delete", json!({"keys": [made.key]})).expect_status(200).await;
    assert_eq!(generate(&app, body).await.view.spend, NanoUsd::ZERO);
}

#[tokio::test]
async fn spend_that_is_set_with_a_new_budget_duration_counts() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let made = generate(&app, json!({"max_budget": 1})).await;
    let key = app.bearer(&made.key);
    key.post(CHAT, ask("gpt")).expect_status(200).await;
    app.settled().await;
    for (duration, spend, status) in [("1d", 1.0, 400), ("7d", 0.0, 200)] {
        let update = json!({"key": made.key, "budget_duration": duration, "spend": spend});
        app.post("/key/update", update).expect_status(200).await;
        assert_eq!(info(&app, &made.key).await.spend, usd(spend));
        key.post(CHAT, ask("gpt")).expect_status(status).await;
    }
}
