//! Embeddings, of which each input is kept apart.

use std::time::Duration;

use serde_json::{Value, json};

use super::{log, start, was_hit};
use crate::kit::{Answer, Behaviour, FakeUpstream, TestApp};

const EMBEDDINGS: &str = "/v1/embeddings";

/// What the provider answers: a vector for each of these, told in another order than asked.
fn vectors(numbers: &[f64]) -> Behaviour {
    let item = |(index, number): (usize, &f64)| json!({"object": "embedding", "index": index, "embedding": [number]});
    let mut data: Vec<Value> = numbers.iter().enumerate().map(item).collect();
    data.reverse();
    let tokens = numbers.len() * 10;
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    let body = json!({"object": "list", "data": data, "model": "vectors-1", "usage": usage, "of_its_own": true});
    Behaviour::Status(200, body.to_string(), Vec::new())
}

fn embed(input: Value) -> Value {
    json!({"model": "gpt", "input": input})
}

fn numbers(answer: &Answer) -> Vec<f64> {
    let body = answer.value();
    let items = body["data"].as_array().unwrap();
    for (at, item) in items.iter().enumerate() {
        assert_eq!((&item["index"], &item["object"]), (&json!(at), &json!("embedding")), "{body}");
    }
    items.iter().map(|item| item["embedding"][0].as_f64().unwrap()).collect()
}

fn inputs(upstream: &FakeUpstream) -> Vec<Value> {
    upstream.received().iter().map(|call| call.json()["input"].clone()).collect()
}

async fn call(app: &TestApp, body: Value) -> Answer {
    app.post(EMBEDDINGS, body).expect_status(200).await
}

#[tokio::test]
async fn only_what_is_not_known_is_bought() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    upstream.then(vectors(&[1.0, 2.0])).then(vectors(&[3.0, 4.0]));
    assert!(!was_hit(&call(&app, embed(json!(["a", "b"]))).await));
    app.advance(Duration::from_secs(5));
    let mixed = call(&app, embed(json!(["c", "b", "a", "d", "b", "c"]))).await;
    assert_eq!(numbers(&mixed), [3.0, 2.0, 1.0, 4.0, 2.0, 3.0]);
    assert_eq!(
        (mixed.value()["usage"].clone(), mixed.value()["of_its_own"].clone()),
        (
            json!({"prompt_tokens": 20,
        "total_tokens": 20}),
            json!(true)
        )
    );
    assert!(!was_hit(&mixed));
    assert_eq!(inputs(&upstream), [json!(["a", "b"]), json!(["c", "d"])]);
    app.advance(Duration::from_secs(5));
    let known = call(&app, embed(json!(["d", "a"]))).await;
    assert_eq!(numbers(&known), [4.0, 1.0]);
    assert!(was_hit(&known));
    assert_eq!((known.header("age"), &known.value()["model"]), ("10", &json!("vectors-1")));
    assert_eq!(known.value()["usage"], json!({"prompt_tokens": 0, "total_tokens": 0}));
    assert_eq!(numbers(&call(&app, embed(json!("d"))).await), [4.0], "one alone is the same as one among others");
    assert_eq!(upstream.received().len(), 2);
    let log = log(&app).await;
    let costs: Vec<_> = log.iter().rev().map(|call| call["spend"].as_f64().unwrap()).collect();
    assert_eq!(costs, [0.00002, 0.00002, 0.0, 0.0]);
    let (known, mixed) = (&log[1], &log[2]);
    let expected = json!({"inputs": 6, "found": 3, "saved": 0.00003, "age_seconds": 5.0});
    assert_eq!((&mixed["metadata"]["cache"], &mixed["cache_hit"]), (&expected, &json!("False")));
    let expected = json!({"inputs": 2, "found": 2, "saved": 0.00002, "age_seconds": 10.0});
    assert_eq!((&known["metadata"]["cache"], &known["cache_hit"]), (&expected, &json!("True")));
    assert_eq!(known["total_tokens"], json!(0));
}

#[tokio::test]
async fn what_was_known_saves_nothing_where_the_rest_is_not_answered() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    upstream.then(vectors(&[1.0])).then(Behaviour::Status(400, "{}".to_owned(), Vec::new()));
    call(&app, embed(json!(["a"]))).await;
    app.post(EMBEDDINGS, embed(json!(["a", "b"]))).expect_status(400).await;
    let failed = &log(&app).await[0];
    assert_eq!((&failed["status"], &failed["saved_by_cache"]), (&json!("failure"), &json!(0.0)));
}

#[tokio::test]
async fn numbers_are_inputs_too() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    upstream.then(vectors(&[1.0])).then(vectors(&[2.0]));
    call(&app, embed(json!([15496, 995]))).await;
    let both = call(&app, embed(json!([[15496, 995], [7, 8]]))).await;
    assert_eq!(numbers(&both), [1.0, 2.0]);
    assert_eq!(inputs(&upstream), [json!([15496, 995]), json!([[7, 8]])]);
}

#[tokio::test]
async fn all_else_that_is_asked_has_to_be_the_same() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    let mut small = embed(json!("a"));
    small["dimensions"] = json!(256);
    upstream.then(vectors(&[1.0])).then(vectors(&[2.0]));
    assert_eq!(numbers(&call(&app, embed(json!("a"))).await), [1.0]);
    assert_eq!(numbers(&call(&app, small.clone()).await), [2.0]);
    assert_eq!(numbers(&call(&app, small).await), [2.0]);
    assert_eq!(upstream.received().len(), 2);
}

#[tokio::test]
async fn what_is_no_answer_to_what_was_asked_is_not_kept() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    upstream.then(vectors(&[1.0]));
    call(&app, embed(json!("a"))).await;
    // It answers another number of inputs.
    upstream.then(vectors(&[5.0, 6.0]));
    let refused = app.post(EMBEDDINGS, embed(json!(["a", "b"]))).expect_status(502).await;
    assert!(refused.error().2.contains("not whole"), "{refused:?}");
    upstream.then(vectors(&[2.0]));
    assert_eq!(numbers(&call(&app, embed(json!(["a", "b"]))).await), [1.0, 2.0]);
    let log = log(&app).await;
    assert_eq!((&log[1]["status"], &log[1]["spend"]), (&json!("failure"), &json!(0.00002)), "it is paid nevertheless");
}

#[tokio::test]
async fn many_at_once_are_bought_once() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    upstream.then(vectors(&[1.0, 2.0]));
    let calls: Vec<_> = (0..20).map(|_| tokio::spawn(app.post(EMBEDDINGS, embed(json!(["a", "b"]))).send())).collect();
    for call in calls {
        let answer = call.await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.body().contains("[1.0]") && answer.body().contains("[2.0]"), "{answer:?}");
    }
    assert_eq!(upstream.received().len(), 1);
    app.settled().await;
}

#[tokio::test]
async fn other_tasks_are_kept_whole() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    let ranked =
        json!({"results": [{"index": 0, "relevance_score": 0.5}], "meta": {"billed_units": {"search_units": 1}}});
    upstream.then(Behaviour::Status(200, ranked.to_string(), Vec::new()));
    let body = json!({"model": "gpt", "query": "q", "documents": ["a", "b"]});
    let first = app.post("/v1/rerank", &body).expect_status(200).await;
    let again = app.post("/v1/rerank", &body).expect_status(200).await;
    assert!(was_hit(&again) && again.body() == first.body());
    let judged = json!({"id": "m", "model": "gpt", "results": [{"flagged": false}]});
    upstream.then(Behaviour::Status(200, judged.to_string(), Vec::new()));
    let body = json!({"model": "gpt", "input": "x"});
    let first = app.post("/v1/moderations", &body).expect_status(200).await;
    let again = app.post("/v1/moderations", &body).expect_status(200).await;
    assert!(was_hit(&again) && again.body() == first.body());
    assert_eq!(upstream.received().len(), 2);
    app.settled().await;
}

#[tokio::test]
async fn a_transcript_is_of_its_sound() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "type: local").await;
    let form = |sound: &str| {
        format!(
            "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ngpt\r\n--b\r\nContent-Disposition: form-data; \
             name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n{sound}\r\n--b--\r\n"
        )
    };
    let client = (*app).clone().with_header("content-type", "multipart/form-data; boundary=b");
    let written = json!({"text": "Hello", "usage": {"type": "duration", "seconds": 1}});
    let mut found = Vec::new();
    for sound in ["one", "one", "two"] {
        upstream.then(Behaviour::Status(200, written.to_string(), Vec::new()));
        let answer = client.post_form("/v1/audio/transcriptions", &form(sound)).expect_status(200).await;
        found.push(was_hit(&answer));
    }
    assert_eq!(found, [false, true, false]);
    app.settled().await;
}
