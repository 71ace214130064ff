//! Channels: who may set them, what they need, and how messages look.

use serde_json::{Value, json};
use tollgate::crypto::webhook_signature;
use tollgate::domain::webhook::signing_key;

use super::{calls, key_of_four, telling};
use crate::kit::{FakeUpstream, MASTER_KEY, Receiver, TestApp};

async fn try_out(app: &TestApp, channel: &Value) -> Value {
    let body = json!({"channel_id": channel["channel_id"]});
    app.post("/alert/channel/test", body).expect_status(200).await.value()
}

#[tokio::test]
async fn a_channel_is_added_tried_changed_and_deleted() {
    let receiver = Receiver::start();
    let app = TestApp::start().await;
    let url = receiver.url("/services/secret-path");
    let body = json!({"name": "On call", "kind": "slack", "url": url, "alert_types": ["outage_alerts"]});
    let channel = app.post("/alert/channel/new", body).expect_status(200).await.value();
    assert_eq!((&channel["target"], &channel["alert_types"]), (&json!("127.0.0.1"), &json!(["outage_alerts"])));
    assert!(channel.get("signing_secret").is_none());
    assert_eq!(try_out(&app, &channel).await, json!({"is_sent": true, "error": null}));
    assert_eq!(receiver.told()[0].path, "/services/secret-path");
    receiver.then(404);
    let tried = try_out(&app, &channel).await;
    assert_eq!(tried, json!({"is_sent": false, "error": "127.0.0.1 answers with status 404: no_service"}));
    let patch = json!({"channel_id": channel["channel_id"], "min_level": "high",
        "quiet_hours": {"start": "22:00", "end": "07:00", "timezone": "Europe/Berlin"}});
    let changed = app.post("/alert/channel/update", &patch).expect_status(200).await.value();
    assert_eq!((&changed["min_level"], &changed["quiet_hours"]["start"]), (&json!("high"), &json!("22:00")));
    assert_eq!(changed["name"], "On call");
    // Whoever saw it before it changed is told so.
    app.advance(std::time::Duration::from_secs(1));
    let seen = format!("\"{}\"", channel["updated_at"].as_str().unwrap());
    app.post("/alert/channel/update", &patch).expect_status(200).await;
    app.bearer(MASTER_KEY)
        .with_header("if-match", &seen)
        .post("/alert/channel/update", &patch)
        .expect_status(412)
        .await;
    let audit = app.get("/audit?table_name=alert_channel").expect_status(200).await;
    assert_eq!(audit.value()["total"], 3);
    assert!(!audit.body().contains("secret-path"), "{}", audit.body());
    assert!(!app.get("/alert/channel/list").expect_status(200).await.body().contains("secret-path"));
    let gone = json!({"channel_id": channel["channel_id"]});
    app.post("/alert/channel/delete", &gone).expect_status(200).await;
    app.post("/alert/channel/delete", &gone).expect_status(404).await;
    app.post("/alert/channel/test", &gone).expect_status(404).await;
}

#[tokio::test]
async fn what_a_channel_lacks_is_named() {
    let app = TestApp::start().await;
    for (body, field) in [
        (json!({"name": "a", "kind": "slack"}), "url"),
        (json!({"name": "a", "kind": "slack", "url": "https://"}), "url"),
        (json!({"name": "a", "kind": "email"}), "email_to"),
        (json!({"name": "a", "kind": "email", "email_to": ["a@b.test"], "url": "https://x.test"}), "url"),
        (json!({"name": "a", "kind": "pagerduty"}), "routing_key"),
        (json!({"name": "a", "kind": "discord", "url": "https://x.test", "routing_key": "k"}), "routing_key"),
        (
            json!({"name": "a", "kind": "slack", "url": "https://x.test",
            "quiet_hours": {"start": "22:00", "end": "07:00", "timezone": "Mars"}}),
            "quiet_hours",
        ),
        (
            json!({"name": "a", "kind": "slack", "url": "https://x.test", "organization_id": "o", "team_id": "t"}),
            "organization_id",
        ),
    ] {
        let answer = app.post("/alert/channel/new", &body).expect_status(400).await;
        assert!(answer.error().2.starts_with(field), "{body}: {}", answer.body());
    }
    for body in [
        json!({"name": "a", "kind": "slack", "url": "ftp://x.test"}),
        json!({"name": "a", "kind": "pigeon", "url": "https://x.test"}),
        json!({"name": "a", "kind": "email", "email_to": ["nobody"]}),
        json!({"name": "a", "kind": "slack", "url": "https://x.test", "quiet_hours": {"start": "25:00", "end": "1:00"}}),
        json!({"name": "a", "kind": "slack", "url": "https://x.test", "messages_per_minute": 0}),
    ] {
        let answer = app.post("/alert/channel/new", &body).send().await;
        assert!(matches!(answer.status, 400 | 422), "{body}: {}", answer.body());
    }
    let body = json!({"name": "a", "kind": "slack", "url": "https://x.test", "team_id": "nobody's"});
    app.post("/alert/channel/new", body).expect_status(404).await;
}

#[tokio::test]
async fn a_webhook_is_signed_as_standard_webhooks_say() {
    let receiver = Receiver::start();
    let app = TestApp::start().await;
    let body = json!({"name": "Hook", "kind": "webhook", "url": receiver.url("/hook")});
    let channel = app.post("/alert/channel/new", body).expect_status(200).await.value();
    let key = signing_key(channel["signing_secret"].as_str().unwrap()).unwrap();
    assert_eq!(channel["is_signed"], true);
    try_out(&app, &channel).await;
    let told = receiver.told()[0].clone();
    let (id, at) = (told.header("webhook-id").unwrap(), told.header("webhook-timestamp").unwrap());
    assert_eq!(at.parse::<i64>().unwrap(), app.app.clock.now().timestamp());
    let expected = webhook_signature(&key, id, at.parse().unwrap(), &told.body);
    assert_eq!(told.header("webhook-signature").unwrap(), expected);
    let list = app.get("/alert/channel/list").expect_status(200).await;
    assert!(!list.body().contains("whsec_"), "{}", list.body());
}

#[tokio::test]
async fn each_kind_of_channel_gets_what_it_takes() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = telling(&upstream, &receiver, "[slack]", "").await;
    for kind in ["teams", "discord", "pagerduty"] {
        let mut body = json!({"name": kind, "kind": kind, "url": receiver.url(&format!("/{kind}"))});
        if kind == "pagerduty" {
            body["routing_key"] = json!("the-integration-key");
        }
        app.post("/alert/channel/new", body).expect_status(200).await;
    }
    let key = key_of_four(&app, json!({"key_alias": "<!channel> & co", "budget_duration": "30d"})).await;
    calls(&app, &key, 2).await;
    let told = receiver.until_told(4).await;
    let of = |path: &str| {
        let found = told.iter().find(|told| told.path == path).unwrap_or_else(|| panic!("{path}: {told:#?}"));
        serde_json::to_string_pretty(&found.json()).unwrap().replace(&app.base, "https://gateway.test")
    };
    let all = ["/slack", "/teams", "/discord", "/pagerduty"].map(|path| format!("{path}\n{}", of(path))).join("\n\n");
    let hash = regex_free_hash(&all);
    insta::assert_snapshot!(all.replace(&hash, "[hash]"));
}

/// The hash of the key that messages link to.
fn regex_free_hash(text: &str) -> String {
    let at = text.find("?key=").unwrap() + 5;
    text[at..at + 64].to_owned()
}

#[tokio::test]
async fn tenants_set_their_own_channels_and_see_their_own_alerts() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = telling(&upstream, &receiver, "[]", "litellm_settings: {user_url_validation: false}\n").await;
    for (team, lead) in [("one", "ann"), ("two", "bob")] {
        app.post(
            "/user/new",
            json!({"user_id": lead, "password": "a long enough passphrase 7", "auto_create_key": false}),
        )
        .expect_status(200)
        .await;
        app.post("/team/new", json!({"team_id": team, "members_with_roles": [{"user_id": lead, "role": "admin"}]}))
            .expect_status(200)
            .await;
    }
    let ann = app.sign_in("ann", "a long enough passphrase 7").await;
    let bob = app.sign_in("bob", "a long enough passphrase 7").await;
    let body =
        |team: Option<&str>| json!({"name": "Mine", "kind": "webhook", "url": receiver.url("/ann"), "team_id": team});
    let channel = ann.post("/alert/channel/new", body(Some("one"))).expect_status(200).await.value();
    ann.post("/alert/channel/new", body(None)).expect_status(404).await;
    ann.post("/alert/channel/new", body(Some("two"))).expect_status(404).await;
    let update = json!({"channel_id": channel["channel_id"], "name": "Bob's"});
    bob.post("/alert/channel/update", &update).expect_status(404).await;
    bob.post("/alert/channel/test", json!({"channel_id": channel["channel_id"]})).expect_status(404).await;
    assert_eq!(bob.get("/alert/channel/list").expect_status(200).await.value()["channels"], json!([]));
    for team in ["one", "two"] {
        let key = key_of_four(&app, json!({"team_id": team, "key_alias": team})).await;
        calls(&app, &key, 2).await;
    }
    let told = receiver.until_told(1).await;
    assert_eq!(told[0].json()["team_id"], "one");
    // Until it is decided who is told, an alert has no words.
    while app.get("/alert/list").expect_status(200).await.body().contains("\"threshold crossed\"") {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for (client, expected) in [(&ann, "Key one"), (&bob, "Key two")] {
        let list = client.get("/alert/list").expect_status(200).await.value();
        assert_eq!(list["total"], 1, "{list}");
        assert!(list["alerts"][0]["title"].as_str().unwrap().starts_with(expected), "{list}");
    }
    let seen = app.get("/alert/list").expect_status(200).await.value();
    assert_eq!(seen["total"], 2);
    assert_eq!(receiver.told().len(), 1);
}

#[tokio::test]
async fn a_tenants_channel_leads_nowhere_inside() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = telling(&upstream, &receiver, "[]", "").await;
    app.post("/team/new", json!({"team_id": "t"})).expect_status(200).await;
    let body = json!({"name": "Inside", "kind": "webhook", "url": receiver.url("/inside"), "team_id": "t"});
    let channel = app.post("/alert/channel/new", body).expect_status(200).await.value();
    let tried = try_out(&app, &channel).await;
    assert_eq!(tried["is_sent"], false);
    assert!(receiver.told().is_empty());
}

#[tokio::test]
async fn the_channels_of_a_team_or_an_organization_go_with_it() {
    let app = TestApp::start().await;
    app.post("/organization/new", json!({"organization_id": "o", "organization_alias": "O"})).expect_status(200).await;
    app.post("/team/new", json!({"team_id": "t"})).expect_status(200).await;
    for of in [json!({"team_id": "t"}), json!({"organization_id": "o"})] {
        let mut body = json!({"name": "Theirs", "kind": "email", "email_to": ["a@acme.test"]});
        body.as_object_mut().unwrap().extend(of.as_object().unwrap().clone());
        app.post("/alert/channel/new", body).expect_status(200).await;
    }
    let count =
        async || app.get("/alert/channel/list").expect_status(200).await.value()["channels"].as_array().unwrap().len();
    assert_eq!(count().await, 2);
    app.post("/team/delete", json!({"team_ids": ["t"]})).expect_status(200).await;
    assert_eq!(count().await, 1);
    let body = Some(json!({"organization_ids": ["o"]}).to_string());
    app.call(reqwest::Method::DELETE, "/organization/delete", body).expect_status(200).await;
    assert_eq!(count().await, 0);
}
