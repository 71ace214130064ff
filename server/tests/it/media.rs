//! What messages link to, for providers that take bytes.

use serde_json::{Value, json};

use crate::chat::CHAT;
use crate::kit::{Behaviour, FakeStore, FakeUpstream, PNG, TestApp};

/// `PNG` in base64.
const PICTURE: &str = "iVBORw0KGgotYS1waWN0dXJl";

const BEDROCK: &str = "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0";

/// A gateway with the models `bedrock` and `ollama` that may fetch from where `settings` say.
async fn start(upstream: &FakeUpstream, settings: &str) -> TestApp {
    let bedrock = upstream.deployment_of(BEDROCK, "bedrock", "one");
    let bedrock = bedrock.replace("    model_info:", "      aws_region_name: us-east-1\n    model_info:");
    let ollama = upstream.deployment_of("ollama/llava", "ollama", "two");
    let gemini = upstream.deployment_of("gemini/gemini-2.5-flash", "gemini", "three");
    let yaml = format!("{settings}\nmodel_list:\n{bedrock}{ollama}{gemini}{}", upstream.deployment("openai", "four"));
    TestApp::builder().config(&yaml).start().await
}

fn listing(hosts: &[String]) -> String {
    format!("litellm_settings:\n  user_url_allowed_hosts: {}\n", json!(hosts))
}

fn ask(model: &str, parts: &[Value]) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": parts }] })
}

fn image(url: &str) -> Value {
    json!({ "type": "image_url", "image_url": { "url": url } })
}

fn of_bedrock() -> Behaviour {
    let message = json!({ "role": "assistant", "content": [{ "text": "A cat." }] });
    let body = json!({ "output": { "message": message }, "stopReason": "end_turn",
        "usage": { "inputTokens": 10, "outputTokens": 20, "totalTokens": 30 } });
    Behaviour::Status(200, body.to_string(), vec![])
}

fn of_ollama() -> Behaviour {
    let body = json!({ "message": { "role": "assistant", "content": "A cat." }, "done": true, "done_reason": "stop",
        "prompt_eval_count": 10, "eval_count": 20 });
    Behaviour::Status(200, body.to_string(), vec![])
}

/// The refusal of a picture at `url`, which nobody is charged for.
async fn refused(app: &TestApp, url: &str) -> String {
    let (_, param, message) = app.post(CHAT, ask("bedrock", &[image(url)])).expect_status(400).await.error();
    assert_eq!(param.as_deref(), Some("messages"));
    assert!(message.contains("messages[0].content[0]"), "{message}");
    assert!(!message.contains("secret"), "{message}");
    assert_eq!(app.settled().await.spend.0, 0);
    message
}

#[tokio::test]
async fn what_is_linked_to_reaches_providers_as_bytes() {
    let (upstream, store) = (FakeUpstream::start(), FakeStore::start());
    let app = start(&upstream, &listing(&[store.host()])).await;
    let picture = image(&store.url("/picture.png?signature=1"));
    let paper = json!({ "type": "file", "file": { "file_id": store.url("/paper.pdf"), "filename": "paper.pdf" } });
    let notes = json!({ "type": "file", "file": { "file_data": store.url("/notes.txt") } });
    upstream.then(of_bedrock());
    app.post(CHAT, ask("bedrock", &[picture.clone(), paper, notes, picture.clone()])).expect_status(200).await;
    let sent = upstream.received()[0].json();
    let content = &sent["messages"][0]["content"];
    assert_eq!(content[0], json!({ "image": { "format": "png", "source": { "bytes": PICTURE } } }));
    assert_eq!(content[1]["document"]["format"], "pdf");
    assert_eq!(content[1]["document"]["source"]["bytes"], "JVBERi0xLjcgYSBwYXBlcg==");
    assert_eq!(content[2]["document"]["format"], "txt");
    assert_eq!(content[3], content[0]);
    assert_eq!(store.asked().len(), 3, "the same address is fetched once");

    upstream.then(of_ollama());
    app.post(CHAT, ask("ollama", std::slice::from_ref(&picture))).expect_status(200).await;
    assert_eq!(upstream.received()[1].json()["messages"][0]["images"], json!([PICTURE]));

    let key = app.new_key(json!({})).await;
    let source = json!({ "type": "url", "url": store.url("/other.png") });
    let block = json!([{ "type": "image", "source": source }]);
    let body = json!({ "model": "ollama", "max_tokens": 50, "messages": [{ "role": "user", "content": block }] });
    upstream.then(of_ollama());
    app.bearer(&key).post("/v1/messages", body).expect_status(200).await;
    assert_eq!(upstream.received()[2].json()["messages"][0]["images"], json!([PICTURE]));
    assert_eq!(PNG.len(), 18);
}

#[tokio::test]
async fn nothing_is_fetched_where_the_provider_does_so_itself() {
    let (upstream, store) = (FakeUpstream::start(), FakeStore::start());
    let app = start(&upstream, &listing(&[store.host()])).await;
    app.post(CHAT, ask("openai", &[image(&store.url("/picture.png"))])).expect_status(200).await;
    assert_eq!(store.asked(), Vec::<String>::new());
    assert!(upstream.received()[0].body.contains("/picture.png"));

    let answer = json!({ "candidates": [{ "content": { "role": "model", "parts": [{ "text": "A cat." }] },
        "finishReason": "STOP" }] });
    for (url, expected) in [
        (
            "https://example.com/cat.png".to_owned(),
            json!({ "fileData": { "mimeType": "image/png", "fileUri": "https://example.com/cat.png" } }),
        ),
        (store.url("/picture.png"), json!({ "inlineData": { "mimeType": "image/png", "data": PICTURE } })),
    ] {
        upstream.then(Behaviour::Status(200, answer.to_string(), vec![]));
        app.post(CHAT, ask("gemini", &[image(&url)])).expect_status(200).await;
        let sent = upstream.received().last().unwrap().json();
        assert_eq!(sent["contents"][0]["parts"][0], expected);
    }
    assert_eq!(store.asked(), ["/picture.png"]);
}

#[tokio::test]
async fn retries_use_what_was_fetched_before() {
    let (upstream, store) = (FakeUpstream::start(), FakeStore::start());
    let app = start(&upstream, &listing(&[store.host()])).await;
    upstream.then(Behaviour::Status(503, "{}".to_owned(), vec![])).then(of_bedrock());
    app.post(CHAT, ask("bedrock", &[image(&store.url("/picture.png"))])).expect_status(200).await;
    assert_eq!((upstream.received().len(), store.asked().len()), (2, 1));
    assert_eq!(upstream.received()[0].body, upstream.received()[1].body);
}

#[tokio::test]
async fn private_addresses_are_refused_however_they_are_written() {
    let (upstream, store) = (FakeUpstream::start(), FakeStore::start());
    let settings = format!("tollgate_settings:\n  fetch_ports: [80, {}]\n", store.port());
    let app = start(&upstream, &settings).await;
    let port = store.port();
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]"] {
        let message = refused(&app, &format!("http://{host}:{port}/picture.png")).await;
        assert!(message.contains("no public address") && message.contains("user_url_allowed_hosts"), "{message}");
    }
    for (url, expected) in [
        ("http://169.254.169.254/latest/meta-data".to_owned(), "no public address"),
        ("http://[fd00:ec2::254]/".to_owned(), "no public address"),
        ("http://no-such-host.invalid/a.png".to_owned(), "no public address"),
        (format!("http://user:secret@127.0.0.1:{port}/picture.png"), "a user or a password"),
        ("http://8.8.8.8:22/".to_owned(), "port 22 may not be called"),
    ] {
        let message = refused(&app, &url).await;
        assert!(message.contains(expected), "{message}");
    }
    assert_eq!(store.asked(), Vec::<String>::new());
    assert!(upstream.received().is_empty());
}

#[tokio::test]
async fn networks_and_names_can_be_listed_or_the_check_be_switched_off() {
    let (upstream, store) = (FakeUpstream::start(), FakeStore::start());
    let port = store.port();
    let ports = format!("tollgate_settings:\n  fetch_ports: [{port}]\n");
    for settings in [
        format!("{ports}{}", listing(&["127.0.0.0/8".to_owned(), "::1/128".to_owned()])),
        listing(&["localhost".to_owned()]),
        "litellm_settings:\n  user_url_validation: false\n".to_owned(),
    ] {
        let app = start(&upstream, &settings).await;
        upstream.then(of_bedrock());
        let url = format!("http://localhost:{port}/picture.png");
        app.post(CHAT, ask("bedrock", &[image(&url)])).expect_status(200).await;
    }
    assert_eq!(store.asked().len(), 3);
}

#[tokio::test]
async fn redirects_are_followed_as_far_as_each_may_be_called() {
    let (upstream, listed, inside) = (FakeUpstream::start(), FakeStore::start(), FakeStore::start());
    let app = start(&upstream, &listing(&[listed.host()])).await;
    listed.lead_to("/picture.png");
    upstream.then(of_bedrock());
    app.post(CHAT, ask("bedrock", &[image(&listed.url("/away"))])).expect_status(200).await;
    assert_eq!(listed.asked(), ["/away", "/picture.png"]);

    let app = start(&upstream, &listing(&[listed.host()])).await;
    for (to, expected) in [
        (inside.url("/picture.png"), "no public address"),
        ("http://169.254.169.254/".to_owned(), "no public address"),
        ("file:///etc/passwd".to_owned(), "not an http or https address"),
        ("ftp://example.com/a.png".to_owned(), "not an http or https address"),
    ] {
        listed.lead_to(&to);
        let message = refused(&app, &listed.url("/away")).await;
        assert!(message.contains(expected), "{message}");
    }
    let message = refused(&app, &listed.url("/circle")).await;
    assert!(message.contains("more than 3 other addresses"), "{message}");
    assert_eq!(listed.asked().iter().filter(|path| *path == "/circle").count(), 4);
    assert_eq!(inside.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn bounds_hold() {
    let (upstream, store) = (FakeUpstream::start(), FakeStore::start());
    let bounds = "tollgate_settings:\n  fetch_item_max_mb: 1\n  fetch_call_max_mb: 1\n  fetch_items_max: 2\n  \
                  fetch_timeout_seconds: 0.2\n";
    let app = start(&upstream, &format!("{}{bounds}", listing(&[store.host()]))).await;
    for (path, expected) in [
        ("/large.png", "larger than 1048576 bytes"),
        ("/never.png", "longer than 0.2 seconds"),
        ("/page.png", "not an image in PNG, JPEG, GIF or WebP"),
        ("/no-such.png", "it cannot be fetched"),
    ] {
        let message = refused(&app, &store.url(path)).await;
        assert!(message.contains(expected), "{message}");
    }
    let many: Vec<Value> = (0..3).map(|number| image(&store.url(&format!("/picture.png?{number}")))).collect();
    let before = store.asked().len();
    let (_, _, message) = app.post(CHAT, ask("bedrock", &many)).expect_status(400).await.error();
    assert!(message.contains("more than 2 items"), "{message}");
    assert_eq!(store.asked().len(), before);
    assert!(upstream.received().is_empty());
}
