//! Everything but conversations: what providers are sent, what clients get, what it costs.

use std::time::Duration;

use serde_json::{Value, json};

use crate::kit::{Behaviour, Client, FakeUpstream, MASTER_KEY, TestApp};

fn status(body: &Value) -> Behaviour {
    Behaviour::Status(200, body.to_string(), vec![])
}

/// A deployment with prices of its own, and the mode of its model.
fn deployment(upstream: &FakeUpstream, name: &str, mode: &str, prices: &[(&str, &str)]) -> String {
    let prices: String = prices.iter().map(|(name, rate)| format!("      {name}: {rate}\n")).collect();
    format!(
        "  - model_name: {name}\n    litellm_params:\n      model: openai/{name}-upstream\n      api_base: {}\n      \
         api_key: sk-upstream\n{prices}    model_info:\n      mode: {mode}\n",
        upstream.base()
    )
}

async fn start(upstream: &FakeUpstream) -> TestApp {
    let models = [
        deployment(upstream, "embed", "embedding", &[("input_cost_per_token", "0.000001")]),
        deployment(upstream, "draw", "image_generation", &[("output_cost_per_image", "0.04")]),
        deployment(
            upstream,
            "paint",
            "image_generation",
            &[("input_cost_per_token", "0.000005"), ("output_cost_per_image_token", "0.00004")],
        ),
        deployment(upstream, "say", "audio_speech", &[("input_cost_per_character", "0.000015")]),
        deployment(upstream, "hear", "audio_transcription", &[("input_cost_per_second", "0.0001")]),
        deployment(upstream, "judge", "moderation", &[("input_cost_per_token", "0")]),
        deployment(upstream, "sort", "rerank", &[("input_cost_per_query", "0.002")]),
        upstream.deployment("gpt", "gpt"),
    ];
    TestApp::builder().config(&format!("model_list:\n{}", models.concat())).start().await
}

async fn spent(app: &TestApp) -> i64 {
    app.settled().await.spend.0
}

#[tokio::test]
async fn embeddings_pass_through_and_are_priced() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let answer = json!({ "object": "list", "model": "e", "data": [{ "object": "embedding", "index": 0, "embedding": [0.5] }],
        "usage": { "prompt_tokens": 8, "total_tokens": 8 } });
    for path in ["/v1/embeddings", "/embeddings", "/openai/deployments/embed/embeddings", "/engines/embed/embeddings"] {
        upstream.then(status(&answer));
        let body = r#"{"input": ["a", "b"], "model": "embed", "dimensions":3, "tags":["x"], "new":{"é":1.50}}"#;
        let got = app.post_text(path, body).expect_status(200).await;
        assert_eq!(got.value(), answer);
        assert_eq!(got.header("x-litellm-response-cost"), "0.000008");
    }
    let sent = &upstream.received()[0];
    assert_eq!(sent.path, "/v1/embeddings");
    assert_eq!(sent.body, r#"{"input":["a", "b"],"model":"embed-upstream","dimensions":3,"new":{"é":1.50}}"#);
    assert_eq!(spent(&app).await, 4 * 8_000);
    let logs = app.get("/spend/logs").expect_status(200).await.value();
    assert_eq!((&logs[0]["call_type"], &logs[0]["prompt_tokens"]), (&json!("aembedding"), &json!(8)));
}

#[tokio::test]
async fn what_a_provider_does_not_tell_is_counted() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    upstream.then(status(&json!({ "data": [] })));
    app.post("/v1/embeddings", json!({ "model": "embed", "input": ["hello world", [1, 2, 3]] }))
        .expect_status(200)
        .await;
    assert_eq!(spent(&app).await, 5_000, "two tokens of text and three as they are");
}

#[tokio::test]
async fn pictures_cost_by_number_or_by_token() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    upstream.then(status(&json!({ "created": 1, "data": [{ "url": "u" }, { "url": "v" }] })));
    let body = json!({ "model": "draw", "prompt": "a cat", "n": 2 });
    let got = app.post("/v1/images/generations", body).expect_status(200).await;
    assert_eq!(got.header("x-litellm-response-cost"), "0.08");
    let usage = json!({ "input_tokens": 10, "output_tokens": 1000, "total_tokens": 1010,
        "input_tokens_details": { "text_tokens": 10, "image_tokens": 0 } });
    upstream.then(status(&json!({ "created": 1, "data": [{ "b64_json": "AA==" }], "usage": usage })));
    let got =
        app.post("/v1/images/generations", json!({ "model": "paint", "prompt": "a cat" })).expect_status(200).await;
    assert_eq!(got.header("x-litellm-response-cost"), "0.04005");
    assert_eq!(spent(&app).await, 80_000_000 + 40_050_000);
    assert_eq!(upstream.received()[0].path, "/v1/images/generations");
}

#[tokio::test]
async fn a_stream_of_pictures_is_priced_by_its_last_event() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let events = vec![
        "event: image_generation.partial_image\ndata: {\"type\":\"image_generation.partial_image\",\"b64_json\":\"AA\"}\n\n".to_owned(),
        "event: image_generation.completed\ndata: {\"type\":\"image_generation.completed\",\"b64_json\":\"AA\",\
         \"usage\":{\"input_tokens\":10,\"output_tokens\":100,\"total_tokens\":110}}\n\n".to_owned(),
    ];
    upstream.then(Behaviour::Stream(events.clone(), Duration::ZERO));
    let body = json!({ "model": "paint", "prompt": "a cat", "stream": true, "partial_images": 1 });
    let got = app.post("/v1/images/generations", body).expect_status(200).await;
    assert_eq!(got.body(), events.concat());
    assert_eq!(spent(&app).await, 50_000 + 4_000_000);
    assert!(upstream.received()[0].json().get("stream_options").is_none(), "only chat has them");
}

#[tokio::test]
async fn speech_comes_as_it_is_and_is_priced_by_the_character() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    upstream.then(Behaviour::Stream(vec!["ID3".to_owned(), "sound".to_owned()], Duration::ZERO));
    let got = app.post("/v1/audio/speech", json!({ "model": "say", "input": "Grüße!", "voice": "alloy" }));
    assert_eq!(got.expect_status(200).await.body(), "ID3sound");
    assert_eq!(spent(&app).await, 6 * 15_000);
    let logs = app.get("/spend/logs").expect_status(200).await.value();
    assert_eq!(logs[0]["call_type"], "aspeech");
}

const BOUNDARY: &str = "----of-the-test";

pub(crate) fn form(fields: &[(&str, &str)], file: (&str, &str)) -> String {
    let mut body = String::new();
    for (name, value) in fields {
        body += &format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    let (name, bytes) = file;
    body += &format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n{bytes}\r\n--{BOUNDARY}--\r\n"
    );
    body
}

pub(crate) fn with_form(app: &TestApp) -> Client {
    app.nobody().with_key(MASTER_KEY).with_header("content-type", &format!("multipart/form-data; boundary={BOUNDARY}"))
}

#[tokio::test]
async fn sound_is_sent_on_as_a_form_and_priced_by_the_second() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let answer = json!({ "text": "hello", "usage": { "type": "duration", "seconds": 3 } });
    upstream.then(status(&answer));
    let fields = [
        ("model", "hear"),
        ("language", "en"),
        ("metadata", "{\"tags\":[\"x\"]}"),
        ("timestamp_granularities[]", "word"),
    ];
    let got = with_form(&app).post_form("/v1/audio/transcriptions", &form(&fields, ("file", "RIFFsound")));
    let got = got.expect_status(200).await;
    assert_eq!(got.value(), answer);
    assert_eq!(got.header("x-litellm-response-cost"), "0.0003");
    let sent = &upstream.received()[0];
    assert!(sent.header("content-type").unwrap().starts_with("multipart/form-data; boundary="));
    assert!(sent.body.contains("name=\"model\"\r\n\r\nhear-upstream\r\n"), "{}", sent.body);
    assert!(
        sent.body.contains("name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFFsound"),
        "{}",
        sent.body
    );
    assert!(sent.body.contains("name=\"timestamp_granularities[]\"\r\n\r\nword"), "{}", sent.body);
    assert!(!sent.body.contains("metadata"), "{}", sent.body);
    upstream.then(status(&json!({ "text": "hello", "duration": 2.5, "segments": [] })));
    with_form(&app)
        .post_form("/v1/audio/transcriptions", &form(&fields, ("file", "RIFFsound")))
        .expect_status(200)
        .await;
    assert_eq!(spent(&app).await, 300_000 + 250_000);
}

#[tokio::test]
async fn documents_are_ranked_and_texts_judged() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let ranked = json!({ "id": "r-1", "results": [{ "index": 1, "relevance_score": 0.9 }],
        "meta": { "billed_units": { "search_units": 1 } } });
    for path in ["/rerank", "/v1/rerank", "/v2/rerank"] {
        upstream.then(status(&ranked));
        let body = json!({ "model": "sort", "query": "q", "documents": ["a", "b"], "top_n": 1 });
        assert_eq!(app.post(path, body).expect_status(200).await.value(), ranked);
    }
    let judged = json!({ "id": "m-1", "results": [{ "flagged": false }] });
    upstream.then(status(&judged));
    let got = app.post("/v1/moderations", json!({ "model": "judge", "input": "hi" })).expect_status(200).await;
    assert_eq!(got.value(), judged);
    assert_eq!(spent(&app).await, 3 * 2_000_000);
}

#[tokio::test]
async fn a_moderation_that_names_no_model_means_openais_default() {
    let upstream = FakeUpstream::start();
    let yaml = format!("model_list:\n{}", deployment(&upstream, "omni-moderation-latest", "moderation", &[]));
    let app = TestApp::builder().config(&yaml).start().await;
    upstream.then(status(&json!({ "id": "m-1", "results": [{ "flagged": false }] })));
    app.post("/v1/moderations", json!({ "input": "hi" })).expect_status(200).await;
    let sent: Value = serde_json::from_str(&upstream.received()[0].body).unwrap();
    assert_eq!(sent["input"], "hi");
    let other = TestApp::with_upstream(&upstream).await;
    let error = other.post("/v1/moderations", json!({ "input": "hi" })).expect_status(400).await.error();
    assert!(error.2.contains("omni-moderation-latest"), "{error:?}");
}

#[tokio::test]
async fn a_budget_holds_before_anything_is_sent() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let key = app.new_key(json!({ "max_budget": 0.07 })).await;
    let client = app.nobody().with_key(&key);
    let two = json!({ "model": "draw", "prompt": "a cat", "n": 2 });
    let refused = client.post("/v1/images/generations", two).expect_status(400).await;
    assert_eq!(refused.error().0, "budget_exceeded");
    upstream.then(status(&json!({ "data": [{ "url": "u" }] })));
    client.post("/v1/images/generations", json!({ "model": "draw", "prompt": "a cat" })).expect_status(200).await;
    client.post("/v1/images/generations", json!({ "model": "draw", "prompt": "a cat" })).expect_status(400).await;
    assert_eq!((upstream.received().len(), spent(&app).await), (1, 40_000_000));
}

#[tokio::test]
async fn a_model_does_what_it_is_for_and_nothing_else() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let (_, param, message) =
        app.post("/v1/embeddings", json!({ "model": "say", "input": "x" })).expect_status(400).await.error();
    assert_eq!(param.as_deref(), Some("model"));
    assert!(message.contains("does not do embeddings (its mode is audio_speech)"), "{message}");
    let chat = json!({ "model": "embed", "messages": [{ "role": "user", "content": "hi" }] });
    app.post("/v1/chat/completions", chat).expect_status(400).await;
    // Of a model without a mode, the provider knows what it does.
    upstream.then(status(&json!({ "data": [], "usage": { "prompt_tokens": 1 } })));
    app.post("/v1/embeddings", json!({ "model": "gpt", "input": "x" })).expect_status(200).await;
    assert_eq!(upstream.received().len(), 1);
}

#[tokio::test]
async fn bad_input_is_named() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    for (path, body, param) in [
        ("/v1/embeddings", json!({ "model": "embed" }), "input"),
        ("/v1/embeddings", json!({ "model": "embed", "input": "" }), "input"),
        ("/v1/embeddings", json!({ "model": "embed", "input": [] }), "input"),
        ("/v1/embeddings", json!({ "input": "x" }), "model"),
        ("/v1/images/generations", json!({ "model": "draw" }), "prompt"),
        ("/v1/images/generations", json!({ "model": "draw", "prompt": "x", "n": 0 }), "n"),
        ("/v1/audio/speech", json!({ "model": "say", "input": ["x"] }), "input"),
        ("/v1/rerank", json!({ "model": "sort", "query": "q" }), "documents"),
        ("/v1/moderations", json!({ "model": "judge", "input": 1 }), "input"),
    ] {
        let (_, found, message) = app.post(path, body).expect_status(400).await.error();
        assert_eq!(found.as_deref(), Some(param), "{path}: {message}");
    }
    app.post("/v1/audio/transcriptions", json!({ "model": "hear" })).expect_status(400).await;
    let empty = form(&[("model", "hear")], ("file", ""));
    let (_, param, _) = with_form(&app).post_form("/v1/audio/transcriptions", &empty).expect_status(400).await.error();
    assert_eq!(param.as_deref(), Some("file"));
    let cut = form(&[("model", "hear")], ("file", "x")).replace("--\r\n", "");
    with_form(&app).post_form("/v1/audio/transcriptions", &cut).expect_status(400).await;
    app.nobody().post("/v1/embeddings", json!({ "model": "embed", "input": "x" })).expect_status(401).await;
    assert_eq!(upstream.received().len(), 0);
}

#[tokio::test]
async fn a_providers_error_is_passed_on_and_another_deployment_tried() {
    let upstream = FakeUpstream::start();
    let two: String = ["embed"; 2].iter().map(|name| deployment(&upstream, name, "embedding", &[])).collect();
    let app = TestApp::builder().config(&format!("model_list:\n{two}")).start().await;
    let error =
        json!({ "error": { "message": "too long", "type": "invalid_request_error", "param": "input", "code": null } });
    upstream.then(Behaviour::Status(400, error.to_string(), vec![]));
    let got = app.post("/v1/embeddings", json!({ "model": "embed", "input": "x" })).expect_status(400).await;
    assert_eq!(got.value(), error);
    upstream
        .then(Behaviour::Status(500, "oh".to_owned(), vec![]))
        .then(status(&json!({ "data": [], "usage": { "prompt_tokens": 1 } })));
    let got = app.post("/v1/embeddings", json!({ "model": "embed", "input": "x" })).expect_status(200).await;
    assert_eq!(got.header("x-litellm-attempted-retries"), "1");
}

#[tokio::test]
async fn health_asks_a_model_for_what_it_is_for() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    app.get("/health").expect_status(200).await;
    let mut paths: Vec<String> = upstream.received().iter().map(|one| one.path.clone()).collect();
    paths.sort();
    paths.dedup();
    let expected = [
        "/v1/audio/speech",
        "/v1/audio/transcriptions",
        "/v1/chat/completions",
        "/v1/embeddings",
        "/v1/images/generations",
        "/v1/moderations",
        "/v1/rerank",
    ];
    assert_eq!(paths, expected);
}

#[tokio::test]
async fn a_text_is_gone_on_with_by_who_can_and_by_conversation_elsewhere() {
    let upstream = FakeUpstream::start();
    let instruct = deployment(&upstream, "instruct", "completion", &[("output_cost_per_token", "0.000002")]);
    let config = format!("model_list:\n{instruct}{}", upstream.deployment("gpt", "gpt"));
    let app = TestApp::builder().config(&config).start().await;
    let answer = json!({ "id": "cmpl-1", "object": "text_completion", "choices": [{ "text": " there", "index": 0 }] });
    upstream.then(status(&answer));
    let body = r#"{"prompt": ["Hello", "Hi"], "model":"instruct","max_tokens":4, "echo":true}"#;
    let got = app.post_text("/v1/completions", body).expect_status(200).await;
    assert_eq!(got.value(), answer);
    assert_eq!(got.header("x-litellm-response-cost"), "0.000002", "counted");
    let sent = &upstream.received()[0];
    assert_eq!(
        (&*sent.path, &*sent.body),
        ("/v1/completions", &*body.replace("\"instruct\"", "\"instruct-upstream\""))
    );

    let events = vec![
        "data: {\"id\":\"cmpl-1\",\"choices\":[{\"text\":\" there\",\"index\":0}]}\n\n".to_owned(),
        "data: {\"id\":\"cmpl-1\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":3}}\n\n"
            .to_owned(),
        "data: [DONE]\n\n".to_owned(),
    ];
    upstream.then(Behaviour::Stream(events.clone(), Duration::ZERO));
    let streamed = json!({ "model": "instruct", "prompt": "Hello", "stream": true });
    let got = app.post("/completions", streamed).expect_status(200).await;
    assert_eq!(got.body(), [&*events[0], &*events[2]].concat(), "nobody asked for usage");

    let got =
        app.post("/engines/gpt/completions", json!({ "prompt": "Hello", "max_tokens": 9 })).expect_status(200).await;
    let text = got.value();
    assert_eq!((&text["id"], &text["object"]), (&json!("cmpl-1"), &json!("text_completion")));
    assert_eq!(text["choices"][0]["text"], "Hello there");
    let sent = upstream.received()[2].json();
    let expected =
        json!({ "model": "gpt-upstream", "max_tokens": 9, "messages": [{ "role": "user", "content": "Hello" }] });
    assert_eq!((&*upstream.received()[2].path, sent), ("/v1/chat/completions", expected));
    let got = app
        .post("/v1/completions", json!({ "model": "gpt", "prompt": "Hello", "stream": true }))
        .expect_status(200)
        .await;
    assert!(
        got.body().contains("\"object\":\"text_completion\"") && got.body().ends_with("data: [DONE]\n\n"),
        "{}",
        got.body()
    );
    assert_eq!(spent(&app).await, 2_000 + 6_000 + 2 * 50_000);
    let logs = app.get("/spend/logs").expect_status(200).await.value();
    assert!(logs.as_array().unwrap().iter().all(|log| log["call_type"] == "atext_completion"));
    let chat = json!({ "model": "instruct", "messages": [{ "role": "user", "content": "hi" }] });
    app.post("/v1/chat/completions", chat).expect_status(400).await;
    let (_, param, _) = app.post("/v1/completions", json!({ "model": "gpt" })).expect_status(400).await.error();
    assert_eq!(param.as_deref(), Some("prompt"));
}

#[tokio::test]
async fn what_has_two_prices_is_paid_once() {
    let upstream = FakeUpstream::start();
    let both =
        [("input_cost_per_token", "0"), ("output_cost_per_image_token", "0.00004"), ("output_cost_per_image", "0.25")];
    let spoken = [
        ("input_cost_per_token", "0.000001"),
        ("input_cost_per_second", "0.0001"),
        ("output_cost_per_token", "0.00001"),
    ];
    let models = [
        deployment(&upstream, "paint", "image_generation", &both),
        deployment(&upstream, "hear", "audio_transcription", &spoken),
    ];
    let app = TestApp::builder().config(&format!("model_list:\n{}", models.concat())).start().await;
    let usage = json!({ "input_tokens": 10, "output_tokens": 1000, "total_tokens": 1010 });
    upstream.then(status(&json!({ "data": [{}], "usage": usage }))).then(status(&json!({ "data": [{}] })));
    for expected in ["0.04", "0.25"] {
        let got =
            app.post("/v1/images/generations", json!({ "model": "paint", "prompt": "a cat" })).expect_status(200).await;
        assert_eq!(got.header("x-litellm-response-cost"), expected);
    }
    // 16,000 bytes a second of sound that nobody tells the length of, and its transcript as a plain text.
    let mut wav =
        "RIFF\u{24}\u{7d}\0\0WAVEfmt \u{10}\0\0\0\u{1}\0\u{1}\0@\u{1f}\0\0@\u{1f}\0\0\u{1}\0\u{8}\0data\0\u{7d}\0\0"
            .to_owned();
    wav += &"\0".repeat(32_000);
    let told = form(&[("model", "hear"), ("response_format", "text")], ("file", &wav));
    upstream.then(Behaviour::Status(200, "hello".to_owned(), vec![]));
    let got = with_form(&app).post_form("/v1/audio/transcriptions", &told).expect_status(200).await;
    assert_eq!((got.body(), got.header("x-litellm-response-cost")), ("hello", "0.0004"), "four seconds");
}
