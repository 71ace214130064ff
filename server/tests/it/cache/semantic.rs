//! Questions that mean the same. Vectors come from a stand-in that is the same each time: words that mean little are left
//! out, some are known to mean the same, and each is a direction of its own.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::{CHAT, ask, log, was_hit};
use crate::kit::{Answer, Behaviour, Client, FakeUpstream, RedisServer, TestApp};

const DIMENSIONS: usize = 509;
const MEAN_LITTLE: [&str; 26] = [
    "a", "an", "the", "is", "are", "do", "does", "did", "i", "my", "me", "you", "your", "to", "of", "in", "for", "can",
    "could", "please", "tell", "what", "it", "on", "be", "was",
];
const MEAN_THE_SAME: [(&str, &str); 18] = [
    ("reset", "change"),
    ("passphrase", "password"),
    ("biggest", "largest"),
    ("capital", "capital"),
    ("purchase", "buy"),
    ("cancel", "end"),
    ("terminate", "end"),
    ("membership", "subscription"),
    ("wrote", "author"),
    ("writer", "author"),
    ("cost", "price"),
    ("expensive", "price"),
    ("parcel", "package"),
    ("shipment", "package"),
    ("arrive", "delivered"),
    ("boil", "boiling"),
    ("temperature", "boiling"),
    ("planets", "planet"),
];

fn vector(question: &str) -> Vec<f64> {
    let mut vector = vec![0.0; DIMENSIONS];
    let words = question.to_lowercase();
    let words = words.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    for word in words.filter(|word| !MEAN_LITTLE.contains(word)) {
        let word = MEAN_THE_SAME.iter().find(|(known, _)| *known == word).map_or(word, |(_, same)| *same);
        let place = word.bytes().fold(7_usize, |hash, byte| (hash * 31 + usize::from(byte)) % 1_000_003);
        vector[place % DIMENSIONS] = 1.0;
    }
    vector
}

/// The provider of the vectors answers the next call as it would this question.
fn locate(vectors: &FakeUpstream, question: &str) {
    let data = json!([{"object": "embedding", "index": 0, "embedding": vector(question)}]);
    let usage = json!({"prompt_tokens": 5, "total_tokens": 5});
    let body = json!({"object": "list", "data": data, "model": "vectors", "usage": usage});
    vectors.then(Behaviour::Status(200, body.to_string(), Vec::new()));
}

struct Place {
    app: TestApp,
    answers: FakeUpstream,
    vectors: FakeUpstream,
}

fn config(answers: &FakeUpstream, vectors: &FakeUpstream, params: &str) -> String {
    let models =
        [answers.deployment("gpt", "one"), vectors.deployment_of("openai/text-embedding-3-small", "vectors", "v")];
    let params: String = params.lines().map(|line| format!("    {}\n", line.trim())).collect();
    format!(
        "model_list:\n{}litellm_settings:\n  cache: true\n  cache_params:\n{params}    embedding_model: vectors\n",
        models.concat()
    )
}

impl Place {
    async fn start(params: &str) -> Self {
        let (answers, vectors) = (FakeUpstream::start(), FakeUpstream::start());
        let app = TestApp::builder().config(&config(&answers, &vectors, params)).start().await;
        Self { app, answers, vectors }
    }

    /// Asks; the vector is made of the question, which is what the user says last.
    async fn ask(&self, client: &Client, body: &Value) -> Answer {
        let question = body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap();
        locate(&self.vectors, question);
        client.post(CHAT, body).expect_status(200).await
    }
}

const SEMANTIC: &str = "type: local-semantic\nsimilarity_threshold: 0.8";

#[tokio::test]
async fn a_question_that_means_the_same_has_the_same_answer() {
    let place = Place::start(SEMANTIC).await;
    let key = place.app.new_key(json!({"max_parallel_requests": 1, "rpm_limit": 4, "models": ["gpt"]})).await;
    let client = place.app.bearer(&key);
    let first = place.ask(&client, &ask("How do I reset my password?")).await;
    assert!(!was_hit(&first));
    let again = place.ask(&client, &ask("How can I change my passphrase?")).await;
    assert!(was_hit(&again) && again.body() == first.body());
    let similarity: f64 = again.header("x-litellm-semantic-similarity").parse().unwrap();
    assert!(similarity > 0.99, "{similarity}");
    assert_eq!(again.header("x-litellm-cache-key"), first.header("x-litellm-cache-key"));
    let other = place.ask(&client, &ask("How do I delete my account?")).await;
    assert!(!was_hit(&other));
    assert_eq!((place.answers.received().len(), place.vectors.received().len()), (2, 3));
    // The very same question needs no vector.
    let same = client.post(CHAT, ask("How do I reset my password?")).expect_status(200).await;
    assert!(was_hit(&same) && !same.has_header("x-litellm-semantic-similarity"));
    assert_eq!(place.vectors.received().len(), 3);
    let sent = place.vectors.received()[1].json();
    assert_eq!(sent["input"], "How can I change my passphrase?");

    let log = log(&place.app).await;
    let of = |call_type: &str| log.iter().filter(move |call| call["call_type"] == call_type).collect::<Vec<_>>();
    let (asked, made) = (of("acompletion"), of("aembedding"));
    let costs = |calls: &[&Value]| calls.iter().map(|call| call["spend"].as_f64().unwrap()).collect::<Vec<_>>();
    assert_eq!(costs(&asked), [0.0, 0.00005, 0.0, 0.00005]);
    assert_eq!(costs(&made), [0.000005; 3], "no vector is free");
    for call in &made {
        let parent = &call["metadata"]["made_for"];
        assert!(asked.iter().any(|call| call["request_id"] == *parent), "{call}");
    }
    assert!(asked[2]["metadata"]["cache"]["similarity"].as_f64().unwrap() > 0.99);
    let info = place.app.get(&format!("/key/info?key={key}")).expect_status(200).await.value();
    assert_eq!(info["info"]["spend"], json!(0.000115));
}

#[tokio::test]
async fn all_else_has_to_be_equal() {
    let place = Place::start(SEMANTIC).await;
    let (question, same) = ("What is the largest planet?", "What is the biggest planet?");
    assert!(!was_hit(&place.ask(&place.app, &ask(question)).await));
    let mut warm = ask(same);
    warm["temperature"] = json!(0.7);
    assert!(!was_hit(&place.ask(&place.app, &warm).await));
    let mut told = ask(same);
    told["messages"].as_array_mut().unwrap().insert(0, json!({"role": "system", "content": "Answer in French."}));
    assert!(!was_hit(&place.ask(&place.app, &told).await));
    let mut streamed = ask(same);
    streamed["stream"] = json!(true);
    assert!(!was_hit(&place.ask(&place.app, &streamed).await));
    let mut named = ask(same);
    named["cache"] = json!({"namespace": "other"});
    assert!(!was_hit(&place.ask(&place.app, &named).await));
    assert!(was_hit(&place.ask(&place.app, &ask(same)).await));
}

#[tokio::test]
async fn no_tenant_gets_anothers_answer() {
    let place = Place::start(SEMANTIC).await;
    let (one, other) = (place.app.new_key(json!({})).await, place.app.new_key(json!({})).await);
    let (question, same) = ("What is the largest planet?", "What is the biggest planet?");
    assert!(!was_hit(&place.ask(&place.app.bearer(&one), &ask(question)).await));
    assert!(!was_hit(&place.ask(&place.app.bearer(&other), &ask(same)).await));
    assert!(was_hit(&place.ask(&place.app.bearer(&one), &ask(same)).await));
}

#[tokio::test]
async fn calls_with_tools_are_found_by_meaning_only_where_that_is_asked() {
    for (params, expected) in [(SEMANTIC, false), (&*format!("{SEMANTIC}\nsemantic_with_tools: true"), true)] {
        let place = Place::start(params).await;
        let with_tools = |question: &str| {
            let mut body = ask(question);
            body["tools"] = json!([{"type": "function", "function": {"name": "f", "parameters": {}}}]);
            body
        };
        place.ask(&place.app, &with_tools("What is the largest planet?")).await;
        let same = place.ask(&place.app, &with_tools("What is the biggest planet?")).await;
        assert_eq!(was_hit(&same), expected);
        let made = place.vectors.received().len();
        assert_eq!(made, if expected { 2 } else { 0 });
    }
}

#[tokio::test]
async fn answers_are_forgotten_with_their_time_and_their_keys() {
    let place = Place::start(&format!("{SEMANTIC}\nttl: 60")).await;
    let (question, same) = ("What is the largest planet?", "What is the biggest planet?");
    let first = place.ask(&place.app, &ask(question)).await;
    let keys = json!({"keys": [first.header("x-litellm-cache-key")]});
    place.app.post("/cache/delete", keys).expect_status(200).await;
    assert!(!was_hit(&place.ask(&place.app, &ask(same)).await));
    assert!(was_hit(&place.ask(&place.app, &ask(question)).await));
    place.app.advance(Duration::from_secs(61));
    assert!(!was_hit(&place.ask(&place.app, &ask(question)).await));
    place.app.post("/cache/flushall", json!({})).expect_status(200).await;
    assert!(!was_hit(&place.ask(&place.app, &ask(same)).await));
}

#[tokio::test]
async fn without_a_vector_a_question_is_a_new_one() {
    let place = Place::start(SEMANTIC).await;
    place.vectors.then(Behaviour::Status(400, json!({"error": {"message": "no"}}).to_string(), Vec::new()));
    for question in ["What is the largest planet?", "What is the biggest planet?"] {
        let answer = place.app.post(CHAT, ask(question)).expect_status(200).await;
        assert!(!was_hit(&answer));
    }
    let poor = place.app.new_key(json!({"max_budget": 0.0})).await;
    assert!(place.app.bearer(&poor).post(CHAT, ask("Why?")).send().await.status >= 400);
    place.app.settled().await;
}

#[tokio::test]
async fn nodes_share_what_they_are_asked() {
    let redis = RedisServer::start().await;
    let (answers, vectors) = (FakeUpstream::start(), FakeUpstream::start());
    let yaml = config(&answers, &vectors, "type: redis-semantic\nsimilarity_threshold: 0.8");
    let app = TestApp::builder().config(&yaml).redis(&redis).start().await;
    let other = app.beside().await;
    let place = Place { app, answers, vectors };
    place.ask(&place.app, &ask("What is the largest planet?")).await;
    // The answer is kept, and its question told, a moment after the client has it.
    let found = async {
        while !was_hit(&place.ask(&other, &ask("What is the biggest planet?")).await) {
            place.app.post("/cache/delete", json!({"keys": ["nothing"]})).expect_status(200).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), found).await.expect("the other node does not find it");
    place.app.settled().await;
    other.settled().await;
}

/// Questions, another of the same meaning, and one that is like it and means something else.
const LABELLED: [(&str, &str, &str); 10] = [
    ("How do I reset my password?", "How can I change my passphrase?", "How do I reset my router?"),
    ("What is the largest planet?", "What is the biggest planet?", "What is the smallest planet?"),
    ("What is the capital of France?", "Tell me the capital of France", "What is the capital of Spain?"),
    ("How do I cancel my subscription?", "How can I terminate my membership?", "How do I renew my subscription?"),
    ("Where can I buy tickets?", "Where do I purchase tickets?", "Where can I refund tickets?"),
    ("Who wrote Moby Dick?", "Who was the author of Moby Dick?", "Who wrote War and Peace?"),
    ("What does the premium plan cost?", "What is the price of the premium plan?", "What does the basic plan cost?"),
    ("When does my parcel arrive?", "When is my package delivered?", "When did my parcel leave?"),
    ("What is the boiling point of water?", "Boiling point of water please", "What is the freezing point of water?"),
    ("How many planets are there?", "How many planets are in it there", "How many moons are there?"),
];

#[tokio::test]
async fn hits_and_false_hits_on_a_labelled_set() {
    let mut table = String::new();
    for threshold in ["0.60", "0.70", "0.80", "0.90", "0.95"] {
        let place = Place::start(&format!("type: local-semantic\nsimilarity_threshold: {threshold}")).await;
        let (mut hits, mut false_hits) = (0, 0);
        for (question, same, other) in LABELLED {
            place.ask(&place.app, &ask(question)).await;
            hits += u32::from(was_hit(&place.ask(&place.app, &ask(same)).await));
            // What has another meaning must not be kept, or it would be found by the next one.
            let mut other = ask(other);
            other["cache"] = json!({"no-store": true});
            false_hits += u32::from(was_hit(&place.ask(&place.app, &other).await));
        }
        writeln!(table, "| {threshold} | {hits} of {} | {false_hits} of {} |", LABELLED.len(), LABELLED.len()).unwrap();
    }
    insta::assert_snapshot!(table);
}
