//! Alerts: what causes them, and that they arrive.

mod calls;
mod delivery;
mod deployments;
mod lookout;
mod manage;
mod node;
mod report;

use serde_json::{Value, json};

use crate::budget::small;
use crate::chat::CHAT;
use crate::kit::{Client, FakeUpstream, Mailbox, Receiver, TestApp, Told};

/// A gateway with one model, that tells alerts as `alerting` says; `more` is of `general_settings`.
pub(crate) async fn telling(upstream: &FakeUpstream, receiver: &Receiver, alerting: &str, more: &str) -> TestApp {
    let models = upstream.deployment("gpt", "one");
    let yaml = format!("model_list:\n{models}general_settings:\n  alerting: {alerting}\n{more}");
    TestApp::builder().config(&yaml).alerts(receiver).start().await
}

/// A key that has nothing left for a fourth call of [`small`]: each spends a quarter, and is estimated at a little more.
pub(crate) async fn key_of_four(app: &TestApp, fields: Value) -> Client {
    let mut key = json!({"max_budget": 0.0002, "key_alias": "four"});
    key.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    app.bearer(&app.new_key(key).await)
}

/// Calls one after the other, each booked before the next.
pub(crate) async fn calls(app: &TestApp, client: &Client, count: usize) {
    for _ in 0..count {
        client.post(CHAT, small()).expect_status(200).await;
        app.settled().await;
    }
}

fn titles(told: &[Told]) -> Vec<String> {
    told.iter().map(|told| told.json()["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_budget_is_told_of_at_each_part_of_it_once() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = telling(&upstream, &receiver, "[webhook]", "").await;
    let key = key_of_four(&app, json!({"budget_duration": "30d"})).await;
    calls(&app, &key, 1).await;
    assert!(receiver.told().is_empty(), "a quarter is nothing yet");
    calls(&app, &key, 1).await;
    receiver.until_told(1).await;
    calls(&app, &key, 1).await;
    // What is left affords nothing.
    key.post(CHAT, small()).expect_status(400).await;
    let told = receiver.until_told(3).await;
    let expected = [
        "Key four has used 50 % of its budget",
        "Key four will run out of budget on 28 November 2026",
        "Key four has too little budget left for a call",
    ];
    assert_eq!(titles(&told), expected);
    let (half, all) = (told[0].json(), told[2].json());
    assert_eq!(half["alert_type"], "budget_alerts");
    assert_eq!((&half["event"], &half["level"]), (&json!("threshold_crossed"), &json!("low")));
    assert_eq!((&all["event"], &all["level"]), (&json!("call_refused"), &json!("medium")));
    // LiteLLM's fields.
    assert_eq!(
        (&half["spend"], &half["max_budget"], &half["event_group"]),
        (&json!(0.0001), &json!(0.0002), &json!("key"))
    );
    assert_eq!(half["text"], "$0.0001 of $0.0002 spent. The budget starts anew on 1 December 2026, 00:00 UTC.");
    let link = half["link"].as_str().unwrap();
    assert!(link.starts_with(&format!("{}/ui/keys?key=", app.base)), "{link}");
    assert!(all["text"].as_str().unwrap().contains("$0.00015 of $0.0002 spent."), "{all}");
    // Whoever calls again says nothing new.
    key.post(CHAT, small()).expect_status(400).await;
    app.settled().await;
    let list = app.get("/alert/list").expect_status(200).await.value();
    assert_eq!(list["total"], 3);
    assert_eq!(list["alerts"][0]["title"], "Key four has too little budget left for a call");
    assert_eq!(list["alerts"][1]["deliveries"][0]["state"], "sent");
    assert_eq!(list["alerts"][1]["deliveries"][0]["channel_name"], "Webhook");
    assert_eq!(receiver.told().len(), 3);
}

#[tokio::test]
async fn whatever_has_a_budget_is_told_of() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let settings = "litellm_settings:\n  max_budget: 0.0002\n  tag_budget_config: {batch: {max_budget: 0.0002}}\n";
    let app = telling(&upstream, &receiver, "[webhook]", settings).await;
    app.post("/organization/new", json!({"organization_id": "o", "organization_alias": "Acme", "max_budget": 0.0002}))
        .expect_status(200)
        .await;
    app.post(
        "/team/new",
        json!({"team_id": "t", "team_alias": "Search", "organization_id": "o", "max_budget": 0.0002}),
    )
    .expect_status(200)
    .await;
    app.post(
        "/user/new",
        json!({"user_id": "u", "user_email": "u@acme.test", "max_budget": 0.0002, "auto_create_key": false}),
    )
    .expect_status(200)
    .await;
    app.post("/budget/new", json!({"budget_id": "small", "max_budget": 0.0002})).expect_status(200).await;
    let fields = json!({"user_id": "u", "team_id": "t", "budget_id": "small", "key_alias": "k", "tags": ["batch"]});
    let key = app.bearer(&app.new_key(fields).await);
    calls(&app, &key, 2).await;
    let list = loop {
        let list = app.get("/alert/list").expect_status(200).await.value();
        let is_told = |alert: &Value| alert["deliveries"][0]["state"] == "sent";
        if list["total"] == 6 && list["alerts"].as_array().unwrap().iter().all(is_told) {
            break list;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    let mut subjects: Vec<_> = list["alerts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|alert| {
            format!("{} {} {}", alert["subject_kind"], alert["organization_id"], alert["title"]).replace('"', "")
        })
        .collect();
    subjects.sort();
    let half = "has used 50 % of its budget";
    let expected = [
        format!("gateway null The gateway {half}"),
        format!("key o Key k {half}"),
        format!("organization o Organization Acme {half}"),
        format!("tag null Tag batch {half}"),
        format!("team o Team Search {half}"),
        format!("user null User u@acme.test {half}"),
    ];
    assert_eq!(subjects, expected);
}

#[tokio::test]
async fn a_soft_budget_and_one_that_will_not_last_are_told_of() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = telling(&upstream, &receiver, "[webhook]", "tollgate_settings:\n  alert_budget_percents: [100]\n").await;
    let fields = json!({"max_budget": 0.001, "soft_budget": 0.00005, "budget_duration": "30d"});
    let key = key_of_four(&app, fields).await;
    // Twenty days and a half of November have passed.
    calls(&app, &key, 15).await;
    let told = receiver.until_told(2).await;
    let titles = titles(&told);
    assert_eq!(titles, ["Key four has spent its soft budget", "Key four will run out of budget on 30 November 2026"]);
    let projected = told[1].json();
    assert_eq!(projected["event"], "projected_limit_exceeded");
    assert_eq!(told[0].json()["soft_budget"], 0.00005);
    let spend = projected["projected_spend"].as_f64().unwrap();
    assert!((0.00102..0.0012).contains(&spend), "{spend}");
    assert!(projected["projected_exceeded_date"].as_str().unwrap().starts_with("2026-11-30"), "{projected}");
}

#[tokio::test]
async fn whose_budget_it_is_gets_a_letter() {
    let (upstream, receiver, mailbox) = (FakeUpstream::start(), Receiver::start(), Mailbox::start().await);
    let models = upstream.deployment("gpt", "one");
    let own = "tollgate_settings:\n  alert_email_to: [Finance@acme.test]\n  alert_budget_percents: [100]\n";
    let yaml = format!("model_list:\n{models}general_settings:\n  alerting: [email]\n{own}");
    let app = TestApp::builder().config(&yaml).alerts(&receiver).mailbox(&mailbox).start().await;
    app.post("/user/new", json!({"user_id": "u", "user_email": "u@acme.test", "auto_create_key": false}))
        .expect_status(200)
        .await;
    let key = key_of_four(&app, json!({"user_id": "u"})).await;
    calls(&app, &key, 3).await;
    key.post(CHAT, small()).expect_status(400).await;
    let letters = [mailbox.letter(1).await, mailbox.letter(2).await];
    let mut to: Vec<_> = letters.iter().map(|letter| letter.to.replace(" TO:", "")).collect();
    to.sort();
    assert_eq!(to, ["<finance@acme.test>", "<u@acme.test>"]);
    let text = letters[0].text.replace("=\r\n", "");
    assert!(text.contains("Subject: [Tollgate] Key four has too little budget left for a call"), "{text}");
    assert!(text.contains("Budget: $0.0002"), "{text}");
}

#[tokio::test]
async fn a_budget_that_is_reset_is_told_of_anew() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = telling(&upstream, &receiver, "[webhook]", "tollgate_settings:\n  alert_budget_percents: [50]\n").await;
    let secret = app.new_key(json!({"max_budget": 0.0002, "key_alias": "four"})).await;
    let key = app.bearer(&secret);
    calls(&app, &key, 2).await;
    receiver.until_told(1).await;
    app.post(&format!("/key/{secret}/reset_spend"), json!({"reset_to": 0.0})).expect_status(200).await;
    calls(&app, &key, 2).await;
    let told = receiver.until_told(2).await;
    assert_eq!(titles(&told), ["Key four has used 50 % of its budget"; 2]);
}

#[tokio::test]
async fn a_call_that_is_too_large_does_not_hide_that_a_budget_is_spent() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = telling(&upstream, &receiver, "[webhook]", "tollgate_settings:\n  alert_budget_percents: [100]\n").await;
    let key =
        app.bearer(&app.new_key(json!({"max_budget": 0.0051, "key_alias": "large", "budget_duration": "1mo"})).await);
    // Eleven thousand tokens of input cost more than there is.
    let large = json!({"model": "gpt", "messages": [{"role": "user", "content": "word ".repeat(11_000)}]});
    key.post(CHAT, large).expect_status(400).await;
    let told = receiver.until_told(1).await;
    assert_eq!((&told[0].json()["event"], &told[0].json()["level"]), (&json!("call_refused"), &json!("medium")));
    while key.post(CHAT, small()).send().await.status == 200 {}
    app.settled().await;
    let spent = |told: &[Told]| told.iter().filter(|told| told.json()["event"] == "budget_crossed").count();
    let mut messages = 2;
    while spent(&receiver.until_told(messages).await) == 0 {
        messages += 1;
    }
    // The window after it is another one, however late the last calls are booked.
    app.advance(std::time::Duration::from_secs(10 * 86_400));
    while key.post(CHAT, small()).send().await.status == 200 {}
    app.settled().await;
    while spent(&receiver.until_told(messages).await) < 2 {
        messages += 1;
    }
}

#[tokio::test]
async fn a_budget_for_a_single_model_is_told_of() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let own = "  alert_types: [budget_alerts]\ntollgate_settings:\n  alert_budget_percents: [50]\n";
    let app = telling(&upstream, &receiver, "[webhook]", own).await;
    let budgets = json!({"gpt": {"budget_limit": 0.0002, "time_period": "30d"}});
    let key = app.bearer(&app.new_key(json!({"key_alias": "four", "model_max_budget": budgets})).await);
    calls(&app, &key, 2).await;
    let told = receiver.until_told(1).await;
    assert_eq!(titles(&told), ["Key four for model gpt has used 50 % of its budget"]);
    let message = told[0].json();
    assert_eq!((&message["max_budget"], &message["subject_kind"]), (&json!(0.0002), &json!("key_model")));
    let link = message["link"].as_str().unwrap();
    assert!(link.starts_with(&format!("{}/ui/keys?key=", app.base)) && !link.contains("gpt"), "{link}");
    calls(&app, &key, 1).await;
    key.post(CHAT, small()).expect_status(400).await;
    let told = receiver.until_told(3).await;
    let expected = [
        "Key four for model gpt has used 50 % of its budget",
        "Key four for model gpt will run out of budget on 28 November 2026",
        "Key four for model gpt has too little budget left for a call",
    ];
    assert_eq!(titles(&told), expected);
}
