//! Alerts about a node itself, and what PagerDuty is told of an end.

use std::time::Duration;

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::{telling, titles};
use crate::budget::small;
use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, Receiver, RedisServer, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn that_nodes_count_alone_is_told_of_once() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let mut redis = RedisServer::start().await;
    let models = upstream.deployment("gpt", "one");
    let yaml =
        format!("model_list:\n{models}general_settings:\n  alerting: [webhook]\n  alert_types: [counters_degraded]\n");
    let app = TestApp::builder().config(&yaml).alerts(&receiver).redis(&redis).start().await;
    let other = app.beside().await;
    let key = app.new_key(json!({"max_budget": 1})).await;
    redis.stop();
    // Each notices as it calls.
    for node in [&app, &other] {
        let client = node.bearer(&key);
        while !node.app.counters.is_degraded() {
            client.post(CHAT, small()).send().await;
        }
    }
    // It is not told before ten seconds of it have passed.
    let both = async {
        loop {
            app.advance(Duration::from_secs(11));
            let list = app.get("/alert/list?alert_type=counters_degraded").expect_status(200).await.value();
            if list["alerts"][0]["occurrences"] == 2 {
                return list;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let list = tokio::time::timeout(Duration::from_secs(20), both).await.unwrap();
    assert_eq!(list["total"], 1, "of two nodes it is the same");
    let told = receiver.until_told(1).await;
    assert_eq!(titles(&told), ["Redis is away: nodes do not count together"]);
    let message = told[0].json();
    assert_eq!((&message["level"], &message["details"]["refuses_budgets"]), (&json!("high"), &json!(false)));
    let text = message["text"].as_str().unwrap();
    assert!(text.contains("Each node holds budgets and limits by itself"), "{text}");
}

#[tokio::test]
async fn costs_that_wait_for_the_database_are_told_of() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = telling(&upstream, &receiver, "[webhook]", "  alert_types: [spool_growing]\n").await;
    let key = app.bearer(&app.new_key(json!({})).await);
    // The database is there, and does not take calls.
    app.app.db.execute_unprepared("ALTER TABLE spend_logs RENAME TO spend_logs_away").await.unwrap();
    key.post(CHAT, ask("gpt")).expect_status(200).await;
    app.advance(Duration::from_secs(299));
    assert_eq!(app.running.gateway.spool.health().pending, 1);
    app.advance(Duration::from_secs(1));
    let told = receiver.until_told(1).await;
    assert_eq!(titles(&told), ["Costs of calls wait for the database"]);
    let message = told[0].json();
    assert_eq!((&message["level"], &message["details"]["pending"]), (&json!("high"), &json!(1)));
    let text = message["text"].as_str().unwrap();
    assert!(
        text.starts_with("1 settled call of Node ") && text.contains("Calls go on until 4295 MB are full"),
        "{text}"
    );
    app.app.db.execute_unprepared("ALTER TABLE spend_logs_away RENAME TO spend_logs").await.unwrap();
    app.settled().await;
    let list = app.get("/alert/list?alert_type=spool_growing").expect_status(200).await.value();
    assert_eq!((&list["total"], &list["alerts"][0]["occurrences"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn an_incident_of_pagerduty_ends_with_the_outage() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let more = "router_settings: {num_retries: 0, disable_cooldowns: true}\n";
    let app = telling(&upstream, &receiver, "[]", more).await;
    let channel = json!({"name": "On call", "kind": "pagerduty", "routing_key": "R0123456789ABCDEFGHIJKLMNOPQRST",
        "url": receiver.url("/pagerduty"), "alert_types": ["outage_alerts"], "min_level": "medium"});
    app.post("/alert/channel/new", channel).expect_status(200).await;
    let key = app.bearer(&app.new_key(json!({})).await);
    for _ in 0..5 {
        upstream.then(Behaviour::Status(503, json!({"error": {"message": "down"}}).to_string(), Vec::new()));
        key.post(CHAT, ask("gpt")).send().await;
    }
    let opened = receiver.until_told(1).await[0].json();
    assert_eq!((&opened["event_action"], &opened["payload"]["severity"]), (&json!("trigger"), &json!("warning")));
    app.settled().await;
    app.advance(Duration::from_secs(61));
    key.post(CHAT, ask("gpt")).expect_status(200).await;
    let ended: Value = receiver.until_told(2).await[1].json();
    assert_eq!((&ended["event_action"], &ended["routing_key"]), (&json!("resolve"), &opened["routing_key"]));
    assert_eq!(ended["dedup_key"], opened["dedup_key"], "it is the same incident");
    assert!(ended.get("payload").is_none(), "nothing new is opened: {ended}");
}
