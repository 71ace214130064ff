//! Embeddings and reranking in providers' own protocols: what they are sent, what clients get, what it costs.

use serde_json::{Value, json};

use crate::kit::{Behaviour, FakeUpstream, TestApp};

const EMBEDDINGS: &str = "/v1/embeddings";
/// The header in which Bedrock tells what a model has read.
const TOKENS: &str = "x-amzn-bedrock-input-token-count";

/// A model that makes embeddings at 1 dollar per million tokens.
async fn start(upstream: &FakeUpstream, model: &str, more: &[String]) -> TestApp {
    let deployment = upstream.deployment_of(model, "m", "one");
    let more: String = more.iter().map(|line| format!("      {line}\n")).collect();
    let config = deployment.replace("    model_info:", &format!("{more}    model_info:"));
    TestApp::builder().config(&format!("model_list:\n{config}")).start().await
}

fn answers(upstream: &FakeUpstream, answer: &Value, headers: &[(&'static str, &'static str)]) {
    upstream.then(Behaviour::Status(200, answer.to_string(), headers.to_vec()));
}

fn embedding(index: u64, numbers: &[f64]) -> Value {
    json!({ "object": "embedding", "index": index, "embedding": numbers })
}

/// Asks for the embeddings of two texts, and gives back what the provider was sent, which answers the same to each.
async fn two_texts(app: &TestApp, upstream: &FakeUpstream, more: Value, tokens: u64) -> Vec<(String, Value)> {
    let mut body = json!({ "model": "m", "input": ["one", "two"] });
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    let answer = app.post(EMBEDDINGS, body).expect_status(200).await.value();
    assert_eq!(answer["data"], json!([embedding(0, &[0.5, -1.0]), embedding(1, &[0.5, -1.0])]));
    assert_eq!(answer["usage"], json!({ "prompt_tokens": tokens, "total_tokens": tokens }));
    let spent = app.settled().await.spend.0;
    assert_eq!(spent, i64::try_from(tokens).unwrap() * 1000);
    let sent = upstream.received().into_iter().filter(|call| call.body.starts_with('{'));
    sent.map(|call| (call.path.clone(), call.json())).collect()
}

#[tokio::test]
async fn cohere_is_told_what_embeddings_are_for() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "cohere/embed-v4.0", &[]).await;
    answers(
        &upstream,
        &json!({ "id": "e-1", "embeddings": { "float": [[0.5, -1], [0.5, -1]] }, "texts": ["one", "two"],
            "meta": { "api_version": { "version": "2" }, "billed_units": { "input_tokens": 7.0 } } }),
        &[],
    );
    let sent = two_texts(&app, &upstream, json!({ "dimensions": 2, "truncate": "END" }), 7).await;
    let expected = json!({ "model": "embed-v4.0", "texts": ["one", "two"], "input_type": "search_document",
        "embedding_types": ["float"], "output_dimension": 2, "truncate": "END" });
    assert_eq!(sent, [("/v1/v2/embed".to_owned(), expected)]);
}

#[tokio::test]
async fn more_texts_than_fit_are_sent_apart() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "cohere/embed-v4.0", &[]).await;
    for count in [96, 4] {
        let vectors = vec![json!([1]); count];
        let answer =
            json!({ "embeddings": { "float": vectors }, "meta": { "billed_units": { "input_tokens": count } } });
        answers(&upstream, &answer, &[]);
    }
    // Both are sent at once, so the answers may be swapped: their sum is what counts.
    let body = json!({ "model": "m", "input": vec!["a"; 100], "input_type": "search_query" });
    let answer = app.post(EMBEDDINGS, body).expect_status(200).await.value();
    assert_eq!((answer["data"].as_array().unwrap().len(), &answer["data"][99]["index"]), (100, &json!(99)));
    assert_eq!(answer["usage"]["prompt_tokens"], 100);
    let mut sent: Vec<usize> =
        upstream.received().iter().map(|call| call.json()["texts"].as_array().unwrap().len()).collect();
    sent.sort_unstable();
    assert_eq!(sent, [4, 96]);
}

#[tokio::test]
async fn titan_takes_one_text_at_a_time() {
    for (model, wanted, sent) in [
        ("amazon.titan-embed-text-v1", json!({}), json!({})),
        ("amazon.titan-embed-text-v2:0", json!({ "dimensions": 256 }), json!({ "dimensions": 256 })),
        (
            "amazon.titan-embed-image-v1",
            json!({ "dimensions": 384 }),
            json!({ "embeddingConfig": { "outputEmbeddingLength": 384 } }),
        ),
    ] {
        let upstream = FakeUpstream::start();
        let region = ["aws_region_name: us-east-1".to_owned()];
        let app = start(&upstream, &format!("bedrock/{model}"), &region).await;
        for _ in 0..2 {
            answers(&upstream, &json!({ "embedding": [0.5, -1], "inputTextTokenCount": 3 }), &[]);
        }
        let mut found = two_texts(&app, &upstream, wanted, 6).await;
        found.sort_by_key(|(_, body)| body.to_string());
        let path = format!("/v1/model/{}/invoke", model.replace(':', "%3A"));
        let expected = ["one", "two"].map(|text| {
            let mut body = sent.clone();
            body["inputText"] = json!(text);
            (path.clone(), body)
        });
        found.sort_by_key(|(_, body)| body["inputText"].to_string());
        assert_eq!(found, expected, "{model}");
    }
}

#[tokio::test]
async fn cohere_on_bedrock_tells_its_tokens_in_a_header() {
    let upstream = FakeUpstream::start();
    let region = ["aws_region_name: us-east-1".to_owned()];
    let app = start(&upstream, "bedrock/us.cohere.embed-v4:0", &region).await;
    let answer = json!({ "id": "e-1", "embeddings": { "float": [[0.5, -1], [0.5, -1]] },
        "response_type": "embeddings_by_type", "texts": ["one", "two"] });
    answers(&upstream, &answer, &[(TOKENS, "9")]);
    let sent = two_texts(&app, &upstream, json!({ "input_type": "clustering" }), 9).await;
    let expected = json!({ "texts": ["one", "two"], "input_type": "clustering", "embedding_types": ["float"] });
    assert_eq!(sent, [("/v1/model/us.cohere.embed-v4%3A0/invoke".to_owned(), expected)]);
}

#[tokio::test]
async fn gemini_is_asked_for_several_at_once() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "gemini/gemini-embedding-001", &[]).await;
    let answer = json!({ "embeddings": [{ "values": [0.5, -1] }, { "values": [0.5, -1] }],
        "usageMetadata": { "promptTokenCount": 5 } });
    answers(&upstream, &answer, &[]);
    let wanted = json!({ "dimensions": 2, "input_type": "search_query" });
    let sent = two_texts(&app, &upstream, wanted, 5).await;
    let request = |text: &str| {
        json!({ "model": "models/gemini-embedding-001", "content": { "parts": [{ "text": text }] },
            "taskType": "RETRIEVAL_QUERY", "outputDimensionality": 2 })
    };
    let expected = json!({ "requests": [request("one"), request("two")] });
    assert_eq!(sent, [("/v1/models/gemini-embedding-001:batchEmbedContents".to_owned(), expected)]);
}

/// Somebody who signed in; the fake provider gives them a token first.
fn google(upstream: &FakeUpstream) -> Vec<String> {
    let credentials = json!({ "type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r",
        "token_uri": upstream.base() });
    answers(upstream, &json!({ "access_token": "t", "expires_in": 3600 }), &[]);
    let place = ["vertex_project: p", "vertex_location: us-central1"].map(str::to_owned);
    [format!("vertex_credentials: '{credentials}'")].into_iter().chain(place).collect()
}

const VERTEX: &str = "/v1/projects/p/locations/us-central1/publishers/google/models";

#[tokio::test]
async fn vertex_predicts_embeddings() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "vertex_ai/text-embedding-005", &google(&upstream)).await;
    let one = json!({ "embeddings": { "values": [0.5, -1], "statistics": { "truncated": false, "token_count": 2 } } });
    answers(&upstream, &json!({ "predictions": [one, one], "metadata": { "billableCharacterCount": 6 } }), &[]);
    let wanted = json!({ "dimensions": 2, "task_type": "CLASSIFICATION", "auto_truncate": false });
    let sent = two_texts(&app, &upstream, wanted, 4).await;
    let instance = |text: &str| json!({ "content": text, "task_type": "CLASSIFICATION" });
    let expected = json!({ "instances": [instance("one"), instance("two")],
        "parameters": { "outputDimensionality": 2, "autoTruncate": false } });
    assert_eq!(sent, [(format!("{VERTEX}/text-embedding-005:predict"), expected)]);
}

#[tokio::test]
async fn vertex_asks_geminis_second_for_one_at_a_time() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "vertex_ai/gemini-embedding-2", &google(&upstream)).await;
    for _ in 0..2 {
        let answer = json!({ "embedding": { "values": [0.5, -1] }, "usageMetadata": { "promptTokenCount": 3 } });
        answers(&upstream, &answer, &[]);
    }
    let mut sent = two_texts(&app, &upstream, json!({ "dimensions": 2 }), 6).await;
    sent.sort_by_key(|(_, body)| body.to_string());
    let expected = ["one", "two"].map(|text| {
        let body =
            json!({ "content": { "parts": [{ "text": text }] }, "embedContentConfig": { "outputDimensionality": 2 } });
        (format!("{VERTEX}/gemini-embedding-2:embedContent"), body)
    });
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn ollama_is_asked_in_its_own_words() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "ollama/nomic-embed-text", &[]).await;
    answers(
        &upstream,
        &json!({ "model": "nomic-embed-text", "embeddings": [[0.5, -1], [0.5, -1]], "prompt_eval_count": 4 }),
        &[],
    );
    let sent = two_texts(&app, &upstream, json!({ "dimensions": 2, "truncate": false }), 4).await;
    let expected = json!({ "model": "nomic-embed-text", "input": ["one", "two"], "dimensions": 2, "truncate": false });
    assert_eq!(sent, [("/v1/api/embed".to_owned(), expected)]);
}

#[tokio::test]
async fn numbers_come_as_bytes_where_that_is_wanted() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream, "ollama/nomic-embed-text", &[]).await;
    answers(&upstream, &json!({ "embeddings": [[0.5, -1]], "prompt_eval_count": 4 }), &[]);
    let body = json!({ "model": "m", "input": "one", "encoding_format": "base64" });
    let answer = app.post(EMBEDDINGS, body).expect_status(200).await.value();
    // 0x3f000000 and 0xbf800000, the lowest byte first.
    assert_eq!(answer["data"][0]["embedding"], "AAAAPwAAgL8=");
}

#[tokio::test]
async fn what_a_provider_does_not_take_is_refused_before_it_is_called() {
    let upstream = FakeUpstream::start();
    let region = ["aws_region_name: us-east-1".to_owned()];
    let app = start(&upstream, "bedrock/amazon.titan-embed-text-v1", &region).await;
    for (more, param) in [
        (json!({ "input": [[1, 2]] }), "input"),
        (json!({ "dimensions": 256 }), "dimensions"),
        (json!({ "input_type": "search_query" }), "input_type"),
        (json!({ "encoding_format": "int8" }), "encoding_format"),
    ] {
        let mut body = json!({ "model": "m", "input": "one" });
        body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        let refused = app.post(EMBEDDINGS, body).expect_status(400).await.value();
        assert_eq!(refused["error"]["param"], param);
    }
    assert!(upstream.received().is_empty());
    assert_eq!(app.settled().await.spend.0, 0);
    // What is wrong there is said in its words.
    upstream.then(Behaviour::Status(400, json!({ "message": "Malformed input request" }).to_string(), vec![]));
    let refused = app.post(EMBEDDINGS, json!({ "model": "m", "input": "one" })).expect_status(400).await.value();
    assert_eq!(refused["error"]["message"], "Malformed input request");
}

fn rerank_body() -> Value {
    json!({ "model": "m", "query": "q", "documents": ["one", { "text": "two" }], "top_n": 1, "return_documents": true })
}

#[tokio::test]
async fn cohere_ranks_documents_in_either_version() {
    let upstream = FakeUpstream::start();
    let price = ["input_cost_per_query: 0.002".to_owned()];
    let app = start(&upstream, "cohere/rerank-v3.5", &price).await;
    let answer = json!({ "id": "r-1", "results": [{ "index": 1, "relevance_score": 0.75 }],
        "meta": { "api_version": { "version": "2" }, "billed_units": { "search_units": 1 } } });
    for path in ["/v1/rerank", "/v2/rerank", "/rerank"] {
        answers(&upstream, &answer, &[]);
        let ranked = app.post(path, rerank_body()).expect_status(200).await.value();
        let result = json!({ "index": 1, "relevance_score": 0.75, "document": { "text": "two" } });
        assert_eq!((&ranked["id"], &ranked["results"]), (&json!("r-1"), &json!([result])));
        assert_eq!(ranked["meta"]["billed_units"]["search_units"], 1);
    }
    let sent = &upstream.received()[0];
    assert_eq!(sent.path, "/v1/v2/rerank");
    assert_eq!(sent.json(), json!({ "model": "rerank-v3.5", "query": "q", "documents": ["one", "two"], "top_n": 1 }));
    assert_eq!(app.settled().await.spend.0, 3 * 2_000_000);
}

#[tokio::test]
async fn bedrock_ranks_documents_by_its_own_api() {
    let upstream = FakeUpstream::start();
    let lines = ["input_cost_per_query: 0.001", "aws_region_name: us-west-2"].map(str::to_owned);
    let app = start(&upstream, "bedrock/amazon.rerank-v1:0", &lines).await;
    answers(&upstream, &json!({ "results": [{ "index": 1, "relevanceScore": 0.75 }] }), &[]);
    let ranked = app.post("/v2/rerank", rerank_body()).expect_status(200).await.value();
    let result = json!({ "index": 1, "relevance_score": 0.75, "document": { "text": "two" } });
    assert_eq!(ranked["results"], json!([result]));
    let source = |text: &str| json!({ "type": "INLINE", "inlineDocumentSource": { "type": "TEXT", "textDocument": { "text": text } } });
    let model = "arn:aws:bedrock:us-west-2::foundation-model/amazon.rerank-v1:0";
    let expected = json!({
        "queries": [{ "type": "TEXT", "textQuery": { "text": "q" } }],
        "sources": [source("one"), source("two")],
        "rerankingConfiguration": { "type": "BEDROCK_RERANKING_MODEL", "bedrockRerankingConfiguration": {
            "modelConfiguration": { "modelArn": model }, "numberOfResults": 1 } },
    });
    let sent = &upstream.received()[0];
    assert_eq!((&*sent.path, sent.json()), ("/v1/rerank", expected));
    assert_eq!(app.settled().await.spend.0, 1_000_000, "one query of up to a hundred documents");
}
