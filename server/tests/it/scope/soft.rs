//! Budgets that only warn.

use serde_json::json;

use super::{set_limits, small};
use crate::chat::CHAT;
use crate::kit::{FakeUpstream, TestApp};

#[tokio::test]
async fn calls_beyond_a_soft_budget_are_made_and_noted() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    set_limits(&app, "team", "crew", |limit| limit.soft_budget = Some(100_000)).await;
    let key = app.bearer(&app.new_key(json!({"team_id": "crew", "key_alias": "k", "soft_budget": 0.00015})).await);
    let mut noted = Vec::new();
    for _ in 0..3 {
        let answer = key.post(CHAT, small()).expect_status(200).await;
        app.settled().await;
        let id = answer.header("x-litellm-call-id");
        let log = app.get(&format!("/spend/logs?request_id={id}")).expect_status(200).await.value()[0].clone();
        noted.push(log["metadata"]["soft_budget_exceeded"].clone());
    }
    assert_eq!((&noted[0], &noted[1]), (&json!(null), &json!(["team crew"])));
    let last = noted[2].as_array().unwrap();
    assert!(last.len() == 2 && last[0].as_str().unwrap().starts_with("key k (sk-"), "{last:?}");
    let metrics = app.get("/metrics").expect_status(200).await.body().to_owned();
    assert!(metrics.contains("tollgate_soft_budget_exceeded_total{scope=\"team\"}"), "{metrics}");
}
