//! Whether what is told arrives, and that nobody waits for it.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::{at, calls, exporting, metric, until_calls, until_metric};
use crate::chat::{CHAT, ask};
use crate::kit::{Receiver, TestApp};

const SENT: &str = "tollgate_export_sent_total";
const FAILED: &str = "tollgate_export_failed_total";
const DROPPED: &str = "tollgate_export_dropped_total";
const TOOL: &str = "generic_api";

async fn start(receiver: &Receiver) -> TestApp {
    at(exporting("{callbacks: [generic_api]}", ""), receiver).start().await
}

/// Takes connections and never answers.
fn dead() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/logs", listener.local_addr().unwrap());
    (listener, url)
}

#[tokio::test]
async fn nothing_is_told_and_nothing_kept_where_nobody_asks() {
    let receiver = Receiver::start();
    let app = at(exporting("{drop_params: false}", ""), &receiver).start().await;
    assert!(!app.running.gateway.exports.has_any());
    app.post(CHAT, ask("mock")).expect_status(200).await;
    app.stop().await;
    assert!(receiver.told().is_empty());
}

#[tokio::test]
async fn a_tool_that_is_not_set_up_is_left_out() {
    let app = exporting("{callbacks: [generic_api]}", "").start().await;
    assert!(!app.running.gateway.exports.has_any());
    app.post(CHAT, ask("mock")).expect_status(200).await;
}

#[tokio::test]
async fn calls_are_told_in_batches() {
    let receiver = Receiver::start();
    let app = start(&receiver).await;
    for _ in 0..5 {
        app.post(CHAT, ask("mock")).expect_status(200).await;
    }
    assert_eq!(until_calls(&receiver, 5).await.len(), 5);
    assert!(receiver.told().len() < 5, "{} batches", receiver.told().len());
    until_metric(&app, SENT, TOOL, "5").await;
    assert_eq!((metric(&app, FAILED, TOOL).await, metric(&app, DROPPED, TOOL).await), ("0".to_owned(), "0".to_owned()));
}

#[tokio::test]
async fn a_tool_that_is_away_for_a_moment_misses_nothing() {
    let receiver = Receiver::start();
    receiver.then(503).then(429);
    let app = start(&receiver).await;
    app.post(CHAT, ask("mock")).expect_status(200).await;
    let told = receiver.until_told(3).await;
    assert_eq!((&told[0].body, &told[1].body), (&told[2].body, &told[2].body), "the same batch again");
    until_metric(&app, SENT, TOOL, "1").await;
    assert_eq!(metric(&app, FAILED, TOOL).await, "0");
}

#[tokio::test]
async fn a_batch_that_is_refused_is_not_sent_again() {
    let receiver = Receiver::start();
    receiver.then(401);
    let app = start(&receiver).await;
    app.post(CHAT, ask("mock")).expect_status(200).await;
    until_metric(&app, FAILED, TOOL, "1").await;
    app.post(CHAT, ask("mock")).expect_status(200).await;
    until_metric(&app, SENT, TOOL, "1").await;
    assert_eq!(receiver.told().len(), 2);
}

#[tokio::test]
async fn what_is_left_is_told_before_the_gateway_stops() {
    let receiver = Receiver::start();
    let app = start(&receiver).await;
    for _ in 0..3 {
        app.post(CHAT, ask("mock")).expect_status(200).await;
    }
    app.stop().await;
    assert_eq!(calls(&receiver.told()).len(), 3);
}

#[tokio::test]
async fn a_dead_tool_fills_its_queue_and_holds_nobody_up() {
    let (_listener, url) = dead();
    let settings = "{callbacks: [generic_api], turn_off_message_logging: true}";
    let app = exporting(settings, "").variable("GENERIC_LOGGER_ENDPOINT", &url).start().await;
    let mut asked = ask("mock");
    // 31 of these fit into 32 MiB.
    asked["messages"][0]["content"] = json!("a ".repeat(512 * 1024));
    for _ in 0..36 {
        let began = Instant::now();
        app.post(CHAT, asked.clone()).expect_status(200).await;
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
    until_metric(&app, DROPPED, TOOL, "5").await;
    let began = Instant::now();
    app.stop().await;
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
}
