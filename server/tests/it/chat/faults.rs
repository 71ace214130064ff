//! What providers do wrong below and inside HTTP. With a sibling that is well, the client sees nothing of it; without,
//! it gets a clean error in its own protocol, in time.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::CHAT;
use crate::kit::{FakeUpstream, SocketUpstream, Step, TestApp, delta, event};

const MESSAGES: &str = "/v1/messages";
/// How long faulty deployments may take in these tests, in seconds.
const TIMEOUT_S: f64 = 0.3;
/// How long the others may take, which are only slow where the machine is.
const WELL_TIMEOUT_S: f64 = 30.0;
/// Faults that are tried at once.
const AT_ONCE: usize = 4;
/// An error of a lone deployment comes within this time.
const PATIENCE: Duration = Duration::from_secs(10);

/// One way to fail, as a whole answer, as a stream or as either.
struct Fault {
    name: &'static str,
    at: Place,
    /// Status of a lone deployment's client.
    status: u16,
    of: &'static [Asked],
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Asked {
    Whole,
    Stream,
}

const EITHER: &[Asked] = &[Asked::Whole, Asked::Stream];
const WHOLE: &[Asked] = &[Asked::Whole];
const STREAM: &[Asked] = &[Asked::Stream];

enum Place {
    /// A server that does these steps.
    Steps(Vec<Step>),
    /// The same, called by TLS, which it does not speak.
    PlainBehindHttps(Vec<Step>),
    /// Nobody listens.
    Refuses,
    /// No such host.
    NoHost,
}

fn send(text: &str) -> Step {
    Step::Send(text.as_bytes().to_vec())
}

/// A whole answer with this status line, content type and body.
fn page(status: &str, content_type: &str, body: &str) -> Step {
    let size = body.len();
    send(&format!("HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {size}\r\n\r\n{body}"))
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const ANSWER: &str = r#"{"id":"1","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"}}]}"#;

fn chunk(text: &str) -> Step {
    send(&format!("{:x}\r\n{text}\r\n", text.len()))
}

fn role() -> String {
    event(&json!({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": null}]}))
}

fn fault(name: &'static str, of: &'static [Asked], status: u16, steps: Vec<Step>) -> Fault {
    Fault { name, at: Place::Steps(steps), status, of }
}

/// Faults of the connection.
fn of_connections() -> Vec<Fault> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n";
    let flood = (0..2_000).map(|number| format!("x-header-{number}: {number}\r\n")).collect::<String>();
    vec![
        Fault { name: "refuses", at: Place::Refuses, status: 502, of: EITHER },
        Fault { name: "no such host", at: Place::NoHost, status: 502, of: EITHER },
        Fault {
            name: "no TLS",
            at: Place::PlainBehindHttps(vec![page("200 OK", "text/plain", "hi")]),
            status: 502,
            of: EITHER,
        },
        fault("closes at once", EITHER, 502, vec![]),
        fault("resets in its headers", EITHER, 502, vec![send("HTTP/1.1 200 OK\r\nconte"), Step::Reset]),
        fault("resets in its body", WHOLE, 502, vec![send(&format!("{head}{{\"id\":")), Step::Reset]),
        fault("resets before it says anything", STREAM, 502, vec![send(CHUNKED), chunk(&role()), Step::Reset]),
        fault("hangs at once", EITHER, 504, vec![Step::Hang]),
        fault("hangs after its headers", WHOLE, 504, vec![send(head), Step::Hang]),
        fault("hangs after its headers", STREAM, 504, vec![send(CHUNKED), Step::Hang]),
        fault("trickles its headers", EITHER, 504, vec![Step::Trickle(head.into(), Duration::from_millis(50))]),
        fault(
            "trickles its body",
            WHOLE,
            504,
            vec![send(head), Step::Trickle(vec![b' '; 500], Duration::from_millis(50))],
        ),
        fault(
            "trickles its first event",
            STREAM,
            504,
            vec![
                send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"),
                Step::Trickle(delta("Hi").into(), Duration::from_millis(50)),
            ],
        ),
        fault(
            "floods with headers",
            EITHER,
            502,
            vec![send(&format!("HTTP/1.1 200 OK\r\n{flood}content-length: 2\r\n\r\n{{}}"))],
        ),
        fault("says something else than HTTP", EITHER, 502, vec![send("220 mail.example.com ESMTP\r\n")]),
        fault("promises more than it sends", WHOLE, 502, vec![send(head), send(ANSWER)]),
        fault(
            "promises less than it sends",
            WHOLE,
            502,
            vec![send(&format!("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{ANSWER}"))],
        ),
    ]
}

/// Faults of the answer.
fn of_answers() -> Vec<Fault> {
    let error = r#"{"error":{"message":"slow down","type":"rate_limit_error","code":null}}"#;
    let html = "<html><body>We are busy.</body></html>";
    let events = |events: &[&str]| {
        let mut steps = vec![send(CHUNKED)];
        steps.extend(events.iter().map(|event| chunk(event)));
        steps.push(send("0\r\n\r\n"));
        steps
    };
    let damaged = ANSWER.replace("Hi", "\u{e9}").into_bytes();
    let damaged: Vec<u8> = damaged.into_iter().filter(|byte| *byte != 0xa9).collect();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", damaged.len());
    vec![
        fault("a page with 200", EITHER, 502, vec![page("200 OK", "text/html", html)]),
        fault("a page with 502", EITHER, 502, vec![page("502 Bad Gateway", "text/html", html)]),
        fault("an error with 200", EITHER, 429, vec![page("200 OK", "application/json", error)]),
        fault("an empty body", EITHER, 502, vec![page("200 OK", "application/json", "")]),
        fault("no content", EITHER, 502, vec![send("HTTP/1.1 204 No Content\r\n\r\n")]),
        fault(
            "a redirect",
            EITHER,
            502,
            vec![send("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n")],
        ),
        fault(
            "another protocol",
            EITHER,
            502,
            vec![send("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n")],
        ),
        fault("half an answer", WHOLE, 502, vec![page("200 OK", "application/json", &ANSWER[..40])]),
        fault("no UTF-8", WHOLE, 502, vec![send(&head), Step::Send(damaged)]),
        fault("an error as the first event", STREAM, 429, events(&[&format!("data: {error}\n\n")])),
        fault("an error as the second event", STREAM, 429, events(&[&role(), &format!("data: {error}\n\n")])),
        fault("no event", STREAM, 502, events(&[": nothing\n\n"])),
        fault("an end before the first word", STREAM, 502, events(&[&role()])),
        fault("nothing but an end", STREAM, 502, events(&["data: [DONE]\n\n"])),
        fault("an event that is none", STREAM, 502, events(&["data: <html>\n\n"])),
        fault(
            "a line of 40 MB",
            STREAM,
            502,
            vec![send(CHUNKED), Step::Repeat(format!("100000\r\n{}\r\n", "x".repeat(1 << 20)).into(), 40)],
        ),
    ]
}

fn deployment(base: &str, id: &str, order: u32) -> String {
    let timeout_s = if id == "bad" { TIMEOUT_S } else { WELL_TIMEOUT_S };
    format!(
        "  - model_name: gpt\n    litellm_params: {{model: openai/gpt-upstream, api_base: \"{base}\", api_key: k, \
         timeout: {timeout_s}, stream_timeout: {timeout_s}, order: {order}, input_cost_per_token: 0.000001, \
         output_cost_per_token: 0.000002}}\n    model_info: {{id: {id}}}\n"
    )
}

/// Where the faulty deployment is, and what keeps it there.
async fn open(place: &Place) -> (String, Option<SocketUpstream>) {
    let (scheme, steps) = match place {
        Place::Steps(steps) => ("http", steps),
        Place::PlainBehindHttps(steps) => ("https", steps),
        Place::NoHost => return ("http://no-such-host.invalid/v1".to_owned(), None),
        Place::Refuses => {
            // The port was free a moment ago.
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            return (format!("http://{}/v1", listener.local_addr().unwrap()), None);
        }
    };
    let upstream = SocketUpstream::start(steps.clone()).await;
    (format!("{scheme}://{}/v1", upstream.address()), Some(upstream))
}

fn ask(asked: Asked) -> Value {
    json!({"model": "gpt", "max_tokens": 50, "stream": asked == Asked::Stream,
        "messages": [{"role": "user", "content": "hi"}]})
}

async fn is_hidden_by_a_sibling(faults: Vec<Fault>) {
    stream::iter(faults)
        .for_each_concurrent(AT_ONCE, async |Fault { name, at, of, .. }| {
            let (base, faulty) = open(&at).await;
            let well = FakeUpstream::start();
            let yaml = format!("model_list:\n{}{}", deployment(&base, "bad", 1), deployment(well.base(), "good", 2));
            let app = TestApp::builder().config(&yaml).start().await;
            let mut calls = 0;
            for asked in of {
                for path in [CHAT, MESSAGES] {
                    // Rested from the last call's failure.
                    app.advance(Duration::from_secs(61));
                    let answer = app.post(path, ask(*asked)).send().await;
                    assert_eq!(answer.status, 200, "{name}, {asked:?}: {answer:?}");
                    assert!(answer.body().contains("Hello"), "{name}, {asked:?}: {answer:?}");
                    assert_eq!(answer.header("x-litellm-model-id"), "good", "{name}, {asked:?}");
                    calls += 1;
                }
            }
            if let (Some(faulty), Place::Steps(_)) = (faulty, &at) {
                assert!(faulty.requests() >= calls, "{name}: {}", faulty.requests());
            }
            let report = app.settled().await;
            let (calls, spend) = (i64::try_from(calls).unwrap(), report.spend.0);
            assert_eq!((report.calls, spend), (calls, calls * 50_000), "{name}");
            assert_eq!(well.received().len(), usize::try_from(calls).unwrap(), "{name}: each was asked once");
        })
        .await;
}

async fn is_told_cleanly_by_a_lone_deployment(faults: Vec<Fault>) {
    stream::iter(faults)
        .for_each_concurrent(AT_ONCE, async |Fault { name, at, status, of }| {
            let (base, _faulty) = open(&at).await;
            let yaml = format!("router_settings: {{num_retries: 0}}\nmodel_list:\n{}", deployment(&base, "bad", 1));
            let app = TestApp::builder().config(&yaml).start().await;
            for asked in of {
                for path in [CHAT, MESSAGES] {
                    let started = Instant::now();
                    let answer = app.post(path, ask(*asked)).send().await;
                    assert!(started.elapsed() < PATIENCE, "{name}, {asked:?}: {:?}", started.elapsed());
                    assert_eq!(answer.status, status, "{name}, {asked:?}: {answer:?}");
                    let error = answer.value();
                    let message = error["error"]["message"].as_str().unwrap_or_default();
                    assert!(!message.is_empty() && !message.contains("127.0.0.1"), "{name}: {error}");
                    assert_eq!(error["type"] == "error", path == MESSAGES, "{name}: {error}");
                }
            }
            let report = app.settled().await;
            assert_eq!(report.spend.0, 0, "{name}: nothing was answered");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_connections_are_hidden_by_a_sibling() {
    is_hidden_by_a_sibling(of_connections()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_none_are_hidden_by_a_sibling() {
    is_hidden_by_a_sibling(of_answers()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_connections_are_clean_errors_of_a_lone_deployment() {
    is_told_cleanly_by_a_lone_deployment(of_connections()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_none_are_clean_errors_of_a_lone_deployment() {
    is_told_cleanly_by_a_lone_deployment(of_answers()).await;
}

/// In gzip, as it is.
fn gzip(data: &[u8]) -> Vec<u8> {
    let crc = data.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    });
    let size = u16::try_from(data.len()).unwrap();
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    packed.extend([size.to_le_bytes(), (!size).to_le_bytes()].concat());
    packed.extend(data);
    packed.extend([(!crc).to_le_bytes(), u32::from(size).to_le_bytes()].concat());
    packed
}

fn packed(content_type: &str, body: &str) -> Vec<Step> {
    let body = gzip(body.as_bytes());
    let head = format!("content-type: {content_type}\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n", body.len());
    vec![send(&format!("HTTP/1.1 200 OK\r\n{head}\r\n")), Step::Send(body)]
}

/// A lone deployment that is odd, but answers.
async fn odd(steps: Vec<Step>) -> (SocketUpstream, TestApp) {
    let upstream = SocketUpstream::start(steps).await;
    let yaml = format!("model_list:\n{}", deployment(&format!("http://{}/v1", upstream.address()), "odd", 1));
    let app = TestApp::builder().config(&yaml).start().await;
    (upstream, app)
}

const USAGE: &str = r#""usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":30}"#;

#[tokio::test]
async fn odd_answers_are_answers() {
    let whole = format!("{{{USAGE},{}", &ANSWER[1..]);
    let trailers = "trailer: x-checksum\r\ntransfer-encoding: chunked";
    let size = whole.len();
    let odd_ones = [
        packed("application/json", &whole),
        vec![send(&format!("HTTP/1.1 200 OK\r\n{trailers}\r\n\r\n{size:x}\r\n{whole}\r\n0\r\nx-checksum: 1\r\n\r\n"))],
        vec![
            send("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"),
            page("200 OK", "text/plain", &whole),
        ],
        vec![page("200 OK", "application/json", &whole), Step::Hang],
        vec![send("HTTP/1.0 200 OK\r\n\r\n"), send(&whole)],
    ];
    for steps in odd_ones {
        let (_upstream, app) = odd(steps.clone()).await;
        let answer = app.post(CHAT, ask(Asked::Whole)).expect_status(200).await;
        assert_eq!(answer.body(), whole, "{steps:?}");
        assert_eq!(app.settled().await.spend.0, 50_000, "{steps:?}");
    }
}

#[tokio::test]
async fn odd_streams_are_streams() {
    let usage = event(&serde_json::from_str(&format!("{{\"choices\":[],{USAGE}}}")).unwrap());
    let told = format!("{}{usage}data: [DONE]\n\n", delta("Hi"));
    let size = told.len();
    let odd_ones = [
        packed("text/event-stream", &told),
        vec![send(CHUNKED), chunk(&told), send("0\r\nx-checksum: 1\r\n\r\n")],
        // It never closes.
        vec![send(CHUNKED), chunk(&told), Step::Hang],
        vec![send(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{told}", size + 7)), Step::Reset],
        vec![
            send("HTTP/1.1 100 Continue\r\n\r\n"),
            send(CHUNKED),
            chunk(": wait\n\n"),
            chunk(&told),
            send("0\r\n\r\n"),
        ],
    ];
    for steps in odd_ones {
        let (_upstream, app) = odd(steps.clone()).await;
        let started = Instant::now();
        let answer = app.post(CHAT, ask(Asked::Stream)).expect_status(200).await;
        let body = answer.body().trim_start_matches(": wait\n\n");
        assert_eq!(body, format!("{}data: [DONE]\n\n", delta("Hi")), "{steps:?}");
        assert!(started.elapsed() < PATIENCE, "{steps:?}");
        assert_eq!(app.settled().await.spend.0, 50_000, "{steps:?}");
    }
}

#[tokio::test]
async fn what_breaks_after_the_first_word_ends_in_band_and_is_charged() {
    for path in [CHAT, MESSAGES] {
        let (upstream, app) = odd(vec![send(CHUNKED), chunk(&role()), chunk(&delta("hello")), Step::Reset]).await;
        let answer = app.post(path, ask(Asked::Stream)).expect_status(200).await;
        assert!(answer.body().contains("hello") && answer.body().contains("broke off"), "{}", answer.body());
        assert_eq!(upstream.requests(), 1, "no retry once something was sent");
        let spend = app.settled().await.spend.0;
        let log = app.get("/spend/logs").expect_status(200).await.value()[0].clone();
        assert_eq!((&log["status"], &log["completion_tokens"]), (&json!("failure"), &json!(1)));
        assert_eq!(spend, log["prompt_tokens"].as_i64().unwrap() * 1_000 + 2_000);
    }
}

#[tokio::test]
async fn text_that_is_none_is_mended_in_a_stream() {
    let mut damaged = delta("caf_").into_bytes();
    let at = damaged.iter().position(|byte| *byte == b'_').unwrap();
    damaged[at] = 0xe9;
    let damaged_chunk = [format!("{:x}\r\n", damaged.len()).into_bytes(), damaged, b"\r\n".to_vec()].concat();
    let steps = vec![
        send(CHUNKED),
        chunk(&delta("un ")),
        Step::Send(damaged_chunk),
        chunk("data: [DONE]\n\n"),
        send("0\r\n\r\n"),
    ];
    let (_upstream, app) = odd(steps).await;
    let answer = app.post(CHAT, ask(Asked::Stream)).expect_status(200).await;
    assert_eq!(answer.body(), format!("{}{}data: [DONE]\n\n", delta("un "), delta("caf\u{fffd}")));
    app.settled().await;
}

#[tokio::test]
async fn bytes_that_never_become_an_event_are_silence() {
    let steps =
        vec![send(CHUNKED), chunk(&delta("Hi")), Step::Trickle(b"1\r\nx\r\n".repeat(400), Duration::from_millis(5))];
    let upstream = SocketUpstream::start(steps).await;
    let yaml = format!(
        "tollgate_settings: {{stream_idle_timeout_seconds: 0.3}}\nmodel_list:\n{}",
        deployment(&format!("http://{}/v1", upstream.address()), "odd", 1)
    );
    let app = TestApp::builder().config(&yaml).start().await;
    let started = Instant::now();
    let answer = app.post(CHAT, ask(Asked::Stream)).expect_status(200).await;
    assert!(answer.body().contains("broke off") && started.elapsed() < PATIENCE, "{}", answer.body());
    app.settled().await;
}

#[tokio::test]
async fn what_is_no_embedding_is_hidden_by_a_sibling() {
    for Fault { name, at, of, .. } in of_answers() {
        let (base, _faulty) = open(&at).await;
        if !of.contains(&Asked::Whole) {
            continue;
        }
        let well = FakeUpstream::start();
        let yaml = format!("model_list:\n{}{}", deployment(&base, "bad", 1), deployment(well.base(), "good", 2));
        let app = TestApp::builder().config(&yaml).start().await;
        let answer = app.post("/v1/embeddings", json!({"model": "gpt", "input": "hi"})).send().await;
        assert_eq!((answer.status, answer.header("x-litellm-model-id")), (200, "good"), "{name}: {answer:?}");
        app.settled().await;
    }
}
