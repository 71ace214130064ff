//! Alerts about deployments: that rest, hang, are down together, or end.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{telling, titles};
use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, DONE, FakeUpstream, Receiver, TestApp, delta};

fn busy() -> Behaviour {
    Behaviour::Status(503, json!({"error": {"message": "we are down"}}).to_string(), Vec::new())
}

async fn list(app: &TestApp, alert_type: &str) -> Value {
    app.get(&format!("/alert/list?alert_type={alert_type}")).expect_status(200).await.value()
}

#[tokio::test]
async fn a_deployment_that_rests_is_told_of_once_an_hour() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let models = format!("{}{}", upstream.deployment("gpt", "one"), upstream.deployment("gpt", "two"));
    let yaml = format!(
        "model_list:\n{models}general_settings:\n  alerting: [webhook]\n  alert_types: [cooldown_deployment]\n\
         router_settings: {{num_retries: 0, allowed_fails: 0, cooldown_time: 60}}\n"
    );
    let app = TestApp::builder().config(&yaml).alerts(&receiver).start().await;
    let key = app.bearer(&app.new_key(json!({})).await);
    upstream.then(busy());
    key.post(CHAT, ask("gpt")).send().await;
    let told = receiver.until_told(1).await;
    let message = told[0].json();
    assert_eq!(titles(&told), ["A deployment of gpt rests"]);
    let rests = message["details"].clone();
    assert_eq!((&message["alert_type"], &message["level"]), (&json!("cooldown_deployment"), &json!("medium")));
    assert_eq!((&rests["model"], &rests["until"]), (&json!("gpt"), &json!("2026-11-21T12:01:00Z")));
    let id = message["subject_id"].as_str().unwrap().to_owned();
    assert!(message["link"].as_str().unwrap().ends_with(&format!("/ui/models?deployment={id}")), "{message}");
    let text = message["text"].as_str().unwrap();
    assert!(text.contains("we are down") && text.contains("until 21 November 2026, 12:01 UTC"), "{text}");
    // It rests again in the same hour: both do now, and the same one is not told of anew.
    app.advance(Duration::from_secs(61));
    while list(&app, "cooldown_deployment").await["alerts"]
        .as_array()
        .unwrap()
        .iter()
        .all(|one| one["occurrences"] == 1)
    {
        upstream.then(busy());
        key.post(CHAT, ask("gpt")).send().await;
        app.advance(Duration::from_secs(61));
    }
    let known = list(&app, "cooldown_deployment").await["total"].as_u64().unwrap();
    let told = receiver.until_told(usize::try_from(known).unwrap()).await;
    assert_eq!(u64::try_from(told.len()).unwrap(), known);
}

#[tokio::test]
async fn a_call_that_hangs_is_told_of_while_it_does() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let more = "  alerting_threshold: 100\n  alert_types: [llm_requests_hanging]\n";
    let app = telling(&upstream, &receiver, "[webhook]", more).await;
    let key = app.bearer(&app.new_key(json!({})).await);
    let go = Arc::new(Notify::new());
    upstream.then(Behaviour::HeldAnswer(go.clone())).then(Behaviour::HeldAnswer(go.clone()));
    let calls = [(); 2].map(|()| tokio::spawn(key.post(CHAT, ask("gpt")).expect_status(200)));
    upstream.until_called(2).await;
    app.advance(Duration::from_secs(101));
    let told = receiver.until_told(1).await;
    assert_eq!(titles(&told), ["Calls to gpt hang"]);
    let message = told[0].json();
    assert_eq!((&message["level"], &message["details"]["seconds"]), (&json!("medium"), &json!(101)));
    assert_eq!(message["details"]["threshold_seconds"], 100);
    assert_eq!(app.running.gateway.in_flight.count(), 2, "they hang on");
    go.notify_waiters();
    for call in calls {
        call.await.unwrap();
    }
    app.settled().await;
    let known = list(&app, "llm_requests_hanging").await;
    assert_eq!((&known["total"], &known["alerts"][0]["occurrences"]), (&json!(1), &json!(2)));
}

#[tokio::test]
async fn a_stream_that_has_begun_does_not_hang() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let more = "  alerting_threshold: 100\n  alert_types: [llm_requests_hanging, virtual_key_deleted]\n";
    let app = telling(&upstream, &receiver, "[webhook]", more).await;
    let secret = app.new_key(json!({})).await;
    let go = Arc::new(Notify::new());
    let rest = vec![DONE.to_owned()];
    upstream.then(Behaviour::Held(vec![delta("Hello")], rest, go.clone()));
    let mut question = ask("gpt");
    question["stream"] = json!(true);
    let call = reqwest::Client::new().post(format!("{}{CHAT}", app.base)).bearer_auth(&secret);
    let call = call.header("content-type", "application/json").body(question.to_string());
    let mut answer = call.send().await.unwrap();
    answer.chunk().await.unwrap().unwrap();
    app.advance(Duration::from_secs(101));
    // What is told next is of something else.
    app.post("/key/delete", json!({"keys": [secret]})).expect_status(200).await;
    assert_eq!(receiver.until_told(1).await[0].json()["alert_type"], "virtual_key_deleted");
    assert_eq!(list(&app, "llm_requests_hanging").await["total"], 0);
    go.notify_one();
}

/// Two Azure resources' deployments behind one address.
fn in_one_place(upstream: &FakeUpstream) -> String {
    let deployment = |id: &str| {
        format!(
            "  - model_name: gpt\n    litellm_params: {{model: azure/{id}, api_base: \"{}\", api_key: sk-a, \
             api_version: \"2024-10-21\"}}\n    model_info: {{id: {id}}}\n",
            upstream.base()
        )
    };
    format!("{}{}", deployment("one"), deployment("two"))
}

#[tokio::test]
async fn a_place_where_several_deployments_fail_is_told_of_and_so_is_its_end() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let yaml = format!(
        "model_list:\n{}general_settings:\n  alerting: [webhook]\n  alert_types: [region_outage_alerts]\n  \
         alerting_args: {{minor_outage_alert_threshold: 4, major_outage_alert_threshold: 100}}\n\
         router_settings: {{num_retries: 1, disable_cooldowns: true}}\n",
        in_one_place(&upstream)
    );
    let app = TestApp::builder().config(&yaml).alerts(&receiver).start().await;
    let key = app.bearer(&app.new_key(json!({})).await);
    // Each call fails at one and at the other.
    for _ in 0..4 {
        upstream.then(busy());
    }
    key.post(CHAT, ask("gpt")).send().await;
    key.post(CHAT, ask("gpt")).send().await;
    let told = receiver.until_told(1).await;
    assert_eq!(titles(&told), ["azure fails again and again in 127.0.0.1"]);
    let message = told[0].json();
    assert_eq!((&message["alert_type"], &message["level"]), (&json!("region_outage_alerts"), &json!("medium")));
    let details = &message["details"];
    assert_eq!(
        (&details["failures"], &details["deployments"], &details["threshold"]),
        (&json!(4), &json!(2), &json!(4))
    );
    // An answer in the same minute says nothing yet; a quiet minute later it does.
    key.post(CHAT, ask("gpt")).expect_status(200).await;
    app.settled().await;
    app.advance(Duration::from_secs(61));
    key.post(CHAT, ask("gpt")).expect_status(200).await;
    let told = receiver.until_told(2).await;
    assert_eq!(titles(&told)[1], "azure/127.0.0.1 answers again");
    assert_eq!(told[1].json()["details"]["since"], "2026-11-21T12:00:00Z");
    assert_eq!(told[1].json()["level"], "medium", "who was told of the one is told of the other");
}

#[tokio::test]
async fn an_outage_is_one_for_all_nodes_and_over_a_restart() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let yaml = format!(
        "model_list:\n{}general_settings:\n  alerting: [webhook]\n  alert_types: [outage_alerts]\n  \
         alerting_args: {{minor_outage_alert_threshold: 4, major_outage_alert_threshold: 100}}\n\
         router_settings: {{num_retries: 0, disable_cooldowns: true}}\n",
        upstream.deployment("gpt", "one")
    );
    let first = TestApp::builder().config(&yaml).alerts(&receiver).start().await;
    let second = first.beside().await;
    let key = first.new_key(json!({})).await;
    let fail = async |app: &TestApp| {
        upstream.then(busy());
        app.bearer(&key).post(CHAT, ask("gpt")).expect_status(503).await;
        app.settled().await;
    };
    // Neither node sees four failures by itself, and one of them is another after each.
    fail(&first).await;
    fail(&second).await;
    let first = first.stop().await.start().await;
    fail(&first).await;
    assert_eq!(list(&first, "outage_alerts").await["total"], 0);
    fail(&second).await;
    let told = receiver.until_told(1).await;
    assert_eq!(titles(&told), ["Provider openai fails again and again"]);
    assert_eq!(told[0].json()["details"]["failures"], 4);
    for app in [&first, &second, &first] {
        fail(app).await;
    }
    let first = first.stop().await.start().await;
    first.advance(Duration::from_secs(61));
    // Whoever it answers first tells that it is over, and nobody else does.
    for app in [&first, &second, &first] {
        app.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
        app.settled().await;
    }
    let told = receiver.until_told(2).await;
    assert_eq!(titles(&told)[1], "Provider openai answers again");
    assert_eq!(told[1].json()["details"]["since"], "2026-11-21T12:00:00Z");
    assert_eq!(list(&second, "outage_alerts").await["total"], 2);
}

#[tokio::test]
async fn an_outage_of_what_nobody_calls_any_more_is_forgotten_after_a_day() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let yaml = format!(
        "model_list:\n{}  - model_name: other\n    litellm_params: {{model: azure/one, api_base: \"{}\", api_key: sk-a, \
         api_version: \"2024-10-21\"}}\ngeneral_settings:\n  alerting: [webhook]\n  alert_types: [outage_alerts]\n\
         router_settings: {{num_retries: 0, disable_cooldowns: true}}\n",
        upstream.deployment("gpt", "one"),
        upstream.base()
    );
    let app = TestApp::builder().config(&yaml).alerts(&receiver).start().await;
    let key = app.bearer(&app.new_key(json!({})).await);
    for _ in 0..6 {
        upstream.then(busy());
        key.post(CHAT, ask("gpt")).expect_status(503).await;
    }
    receiver.until_told(1).await;
    for (hours, open) in [(23, 1), (2, 0)] {
        app.advance(Duration::from_secs(hours * 3600));
        key.post(CHAT, ask("other")).expect_status(200).await;
        app.settled().await;
        assert_eq!(tollgate::db::outage::open(&app.app.db).await.unwrap().len(), open);
    }
    assert_eq!(list(&app, "outage_alerts").await["total"], 1);
}

#[tokio::test]
async fn one_deployment_is_no_place() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let yaml = format!(
        "model_list:\n  - model_name: gpt\n    litellm_params: {{model: azure/one, api_base: \"{}\", api_key: sk-a, \
         api_version: \"2024-10-21\"}}\ngeneral_settings:\n  alerting: [webhook]\n  \
         alert_types: [region_outage_alerts, outage_alerts]\nrouter_settings: {{num_retries: 0}}\n",
        upstream.base()
    );
    let app = TestApp::builder().config(&yaml).alerts(&receiver).start().await;
    let key = app.bearer(&app.new_key(json!({})).await);
    for _ in 0..6 {
        upstream.then(busy());
        key.post(CHAT, ask("gpt")).send().await;
    }
    let told = receiver.until_told(1).await;
    assert_eq!(titles(&told), ["Provider azure fails again and again"]);
    app.settled().await;
    assert_eq!(list(&app, "region_outage_alerts").await["total"], 0);
}

#[tokio::test]
async fn a_model_that_ends_is_told_of_thirty_and_seven_days_before_and_on_the_day() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    // It is 21 November 2026.
    let models =
        upstream.deployment("gpt", "one").replace("id: one", "id: one\n      deprecation_date: \"2026-12-21\"");
    let far = upstream.deployment("far", "two").replace("id: two", "id: two\n      deprecation_date: \"2027-12-21\"");
    let yaml = format!(
        "model_list:\n{models}{far}general_settings:\n  alerting: [webhook]\n  alert_types: [model_deprecation_warnings]\n"
    );
    let app = TestApp::builder().config(&yaml).alerts(&receiver).start().await;
    let told = receiver.until_told(1).await;
    assert_eq!(titles(&told), ["openai turns gpt-upstream off on 21 December 2026"]);
    let message = told[0].json();
    assert_eq!((&message["level"], &message["details"]["days_left"]), (&json!("low"), &json!(30)));
    assert_eq!(message["text"], "The day is 21 December 2026. It serves gpt here.");
    let day = Duration::from_secs(86_400);
    app.advance(day * 22);
    app.advance(day);
    let told = receiver.until_told(2).await;
    assert_eq!(told[1].json()["details"]["days_left"], 7);
    app.advance(day * 7);
    let told = receiver.until_told(3).await;
    assert_eq!((&told[2].json()["details"]["days_left"], &told[2].json()["level"]), (&json!(0), &json!("high")));
    // A second node says nothing new.
    let other = app.beside().await;
    app.advance(Duration::from_secs(2 * 3_600));
    other.post("/key/generate", json!({})).expect_status(200).await;
    let known = list(&app, "model_deprecation_warnings").await;
    assert_eq!(known["total"], 3);
    assert!(known["alerts"].as_array().unwrap().iter().all(|one| one["occurrences"] == 1), "{known}");
}

#[tokio::test]
async fn models_that_end_are_listed() {
    let upstream = FakeUpstream::start();
    let of = |model: &str, day: &str| {
        let ends = format!("id: {model}\n      deprecation_date: \"{day}\"");
        upstream.deployment(model, model).replace(&format!("id: {model}"), &ends)
    };
    let yaml = format!(
        "model_list:\n{}{}{}{}",
        of("gone", "2026-11-20"),
        of("near", "2026-12-01"),
        of("far", "2027-01-01"),
        upstream.deployment("stays", "stays")
    );
    let app = TestApp::builder().config(&yaml).start().await;
    let names = |found: &Value, status: &str| -> Vec<String> {
        let all = found[status].as_array().unwrap().iter();
        all.map(|one| format!("{} {}", one["model_name"].as_str().unwrap(), one["days_until_deprecation"])).collect()
    };
    let found = app.get("/model/deprecations").expect_status(200).await.value();
    assert_eq!(names(&found, "deprecated"), ["gone -1"]);
    assert_eq!(names(&found, "imminent"), ["near 10"]);
    assert_eq!(names(&found, "upcoming"), ["far 41"]);
    assert_eq!((&found["warn_within_days"], &found["imminent"][0]["litellm_provider"]), (&json!(30), &json!("openai")));
    let found = app.get("/model/deprecations?warn_within_days=9").expect_status(200).await.value();
    assert_eq!(names(&found, "upcoming"), ["near 10", "far 41"]);
    app.get("/model/deprecations?warn_within_days=4000").expect_status(422).await;
    // A key sees those it may call.
    let key = app.bearer(&app.new_key(json!({"models": ["far"]})).await);
    let found = key.get("/model/deprecations").expect_status(200).await.value();
    assert_eq!((names(&found, "imminent").len(), names(&found, "upcoming").len()), (0, 1));
}
