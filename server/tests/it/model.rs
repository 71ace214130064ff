//! `GET /v1/model/info`.

use crate::chat::{CHAT, ask};
use crate::kit::{FakeUpstream, TestApp};

#[tokio::test]
async fn deployments_show_prices_and_state_but_no_secret() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    let answer = app.get("/v1/model/info").expect_status(200).await;
    assert!(!answer.body().contains("sk-upstream"), "{}", answer.body());
    let one = answer.value()["data"][0].clone();
    assert_eq!(one["model_name"], "gpt");
    assert_eq!(one["model_info"]["input_cost_per_token"], 0.000001);
    assert_eq!((&one["state"]["status"], &one["state"]["requests"]), (&"available".into(), &1.into()));
    let none = app.get("/model/info?litellm_model_id=other").expect_status(200).await.value();
    assert_eq!(none["data"].as_array().unwrap().len(), 0);
    app.nobody().get("/v1/model/info").expect_status(401).await;
}
