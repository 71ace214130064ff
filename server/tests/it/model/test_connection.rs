//! `POST /health/test_connection`.

use serde_json::{Value, json};

use super::manage::model;
use crate::kit::{Behaviour, FakeUpstream, TestApp};

async fn test(app: &TestApp, body: Value) -> Value {
    app.post("/health/test_connection", body).expect_status(200).await.value()
}

#[tokio::test]
async fn a_deployment_is_tried_before_it_is_saved() {
    let upstream = FakeUpstream::start();
    let app = TestApp::start().await;
    let mut body = model(&upstream, "new", "n1");
    body.as_object_mut().unwrap().remove("model_name");
    let tested = test(&app, body.clone()).await;
    assert_eq!((&tested["status"], &tested["message"]), (&json!("success"), &json!("The deployment answers.")));
    assert_eq!(upstream.received()[0].authorization.as_deref(), Some("Bearer sk-of-the-database"));
    // It is not kept, and what it cost is booked.
    assert_eq!(app.get("/v1/model/info?litellm_model_id=n1").expect_status(200).await.value()["data"], json!([]));
    let report = app.settled().await;
    assert_eq!((report.calls, report.spend.0), (1, 50_000));

    for (status, words) in
        [(401, "refuses the credentials"), (404, "does not know the model"), (429, "takes no call now"), (500, "fails")]
    {
        upstream.then(Behaviour::Status(status, r#"{"error": {"message": "told why"}}"#.to_owned(), vec![]));
        let tested = test(&app, body.clone()).await;
        assert_eq!(tested["status"], "error");
        assert!(tested["message"].as_str().unwrap().contains(words), "{tested}");
        assert!(tested["result"]["error"].as_str().unwrap().contains("told why"), "{tested}");
    }
    body["litellm_params"]["api_base"] = json!("http://127.0.0.1:9");
    let tested = test(&app, body.clone()).await;
    assert!(tested["message"].as_str().unwrap().contains("cannot be reached"), "{tested}");
    assert!(!tested.to_string().contains("sk-of-the-database"), "{tested}");
    body["litellm_params"]["rpm"] = json!("many");
    let (_, field, _) = app.post("/health/test_connection", body).expect_status(400).await.error();
    assert_eq!(field.as_deref(), Some("litellm_params.rpm"));
}

#[tokio::test]
async fn a_change_is_tried_with_the_key_that_is_saved() {
    let upstream = FakeUpstream::start();
    let app = TestApp::start().await;
    app.post("/model/new", model(&upstream, "new", "n1")).expect_status(200).await;
    let change = json!({"litellm_params": {"model": "openai/other", "api_key": "****"}, "model_info": {"id": "n1"}});
    assert_eq!(test(&app, change).await["status"], "success");
    let received = &upstream.received()[0];
    assert_eq!(received.authorization.as_deref(), Some("Bearer sk-of-the-database"));
    assert_eq!(received.json()["model"], "other");
    app.settled().await;
}

#[tokio::test]
async fn what_a_model_is_for_says_how_it_is_asked() {
    let upstream = FakeUpstream::start();
    let app = TestApp::start().await;
    let mut body = model(&upstream, "new", "n1");
    body.as_object_mut().unwrap().remove("model_name");
    body["mode"] = json!("embedding");
    let answer = r#"{"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.1]}], "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}}"#;
    upstream.then(Behaviour::Status(200, answer.to_owned(), vec![("content-type", "application/json")]));
    let tested = test(&app, body).await;
    assert_eq!(tested["status"], "success", "{tested}");
    assert!(upstream.received()[0].path.ends_with("/embeddings"));
    app.settled().await;
}
